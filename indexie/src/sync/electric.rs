//! Real-time sync from ElectricSQL: a table follows a shape.

mod clock;
mod columns;
mod decode;
mod http;
mod lock;
mod presence;
