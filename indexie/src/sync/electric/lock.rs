//! Locks: which of several tabs, or of several databases and threads of one program, does what only one should do.
//! Called by the sync; calls the browser's Web Locks, or keeps queues of its own off the web.

#[cfg(target_family = "wasm")]
mod browser;
#[cfg(not(target_family = "wasm"))]
mod native;

#[cfg(target_family = "wasm")]
use browser as platform;
#[cfg(not(target_family = "wasm"))]
use native as platform;

/// A lock that is held. Dropping it gives it to the next that waits.
pub(crate) use platform::Held;
/// Waits for the lock of this name, in a storage ([`Connect::place`](crate::storage::Connect::place)); those who wait get it in turn.
/// A name must not begin with `-`: Web Locks keep these for later. If there are no locks, it is had at once.
///
/// *Cancellation*: dropping the future gives the place up.
pub(crate) use platform::hold;
