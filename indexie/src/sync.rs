//! Sync: rows that come from a server. Called by tables; writes through the engine, below hooks and overlays.

mod electric;

pub use electric::*;
