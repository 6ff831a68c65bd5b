//! Overlays: writes that are not stored yet, and seen as if they were.
//!
//! - `layer`: what is pending in one store, row by row; pure;
//! - `merged`: a read of what is stored with a layer over it;
//! - `frame`: one operation, which sees some layers and writes into one;
//! - `land`: what is pending is stored;
//! - `over`: all that lies above a database object on this thread: the `stack` of its overlays, what is `shown` of it, and its
//!   hooks and guards;
//! - `roads`: the roads that operations take; `commit`: the one of an overlay into the database;
//! - `rebase`: what is pending in a table that follows a server, put on what comes from there;
//! - `transaction`: what the app holds; `savepoint`: parts of it that are undone alone.
//!
//! The same road serves hooks and guards: a write to a table that has some is worked out in a layer of its own, which tells
//! what has changed, and is stored at once, or (network first) when the hooks have been successful.
//!
//! Called by the engine by way of [`Above`](crate::engine::Above), by hooks and by app code; calls the engine, live queries, and the
//! memory's evaluator.

mod commit;
#[cfg(test)]
mod copies;
mod frame;
mod heard;
mod land;
mod layer;
mod merged;
mod over;
mod rebase;
mod roads;
mod savepoint;
mod shown;
mod stack;
mod transaction;

#[cfg_attr(not(feature = "electric"), allow(unused_imports, reason = "only a sync asks"))]
pub(crate) use commit::LandedRow;
pub(crate) use over::{existing, over};
#[cfg_attr(not(feature = "electric"), allow(unused_imports, reason = "only a sync asks"))]
pub(crate) use rebase::set_synced;
#[cfg(not(target_family = "wasm"))]
pub(crate) use savepoint::WITHIN as SAVEPOINTS;
pub use transaction::{Committed, Overlay, OverlayTransaction, PendingChange};
