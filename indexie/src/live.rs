//! Live queries: results that are kept up to date.
//!
//! - `hub`: what is watched on this thread, database by database, and who is told of a commit (by way of `intervals`);
//! - `gate`: the way in, for the rest of the library;
//! - `mark`: which live query's future is being polled;
//! - `tracking`: what a read depends on, noted meanwhile;
//! - `place`, `window`, `difference`: whether and where a row stands in a result, a result that is patched, and what has
//!   changed in it; pure;
//! - `rows` and `rerun` (with `faults`): the two ways to keep a result up to date: by patching it, and by reading it again;
//! - `query`, `changes`, `subscription`, `shown`: what the app holds.
//!
//! Called by app code, and by the engine and the storage, which tell what has happened; calls the executor.

mod changes;
mod difference;
mod faults;
mod gate;
mod hub;
mod intervals;
mod mark;
mod place;
mod query;
mod rerun;
mod rows;
mod shown;
mod subscription;
mod tracking;
mod window;

pub use changes::{Change, Changes, LiveChanges};
pub use query::{LiveQuery, live_query};
pub use shown::Live;
pub use subscription::Subscription;

pub use hub::subscriptions;

#[cfg(not(target_family = "wasm"))]
pub(crate) use gate::is_tracking;
pub(crate) use gate::{asks, begins, committed, reads, refresh};
pub(crate) use hub::{Overheard, overhear, show, shown};
pub(crate) use query::{live_changes, live_count, live_rows, maintained, reread};
