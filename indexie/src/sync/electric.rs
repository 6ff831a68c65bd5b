//! Real-time sync from ElectricSQL: a table follows a shape.

mod backoff;
mod clock;
mod columns;
mod decode;
mod frames;
mod http;
mod lock;
mod message;
mod offset;
mod presence;
mod url;
