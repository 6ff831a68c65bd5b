//! What other tabs do, as the handlers of `Builder` hear of it. Made by the engine.

use std::fmt;
use std::time::Duration;

use crate::storage::Versions;

/// Another tab keeps the database open, at an older version or while it is to be deleted.
///
/// Well-behaved tabs close by themselves, this crate's among them; one that runs an older program, or stands in a debugger, may
/// not. The handler is called at once, and again each second for as long as that lasts: time to ask the user to close the
/// other tabs. When they are closed, opening goes on by itself.
#[non_exhaustive]
pub struct Blocked {
    /// The version that is open elsewhere.
    pub old_version: u32,
    /// The version that is waiting to be installed; `None` if the database is to be deleted.
    pub new_version: Option<u32>,
    /// For how long it has been waiting.
    pub waited: Duration,
    give_up: Box<dyn FnOnce()>,
}

impl fmt::Debug for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocked")
            .field("old_version", &self.old_version)
            .field("new_version", &self.new_version)
            .field("waited", &self.waited)
            .finish_non_exhaustive()
    }
}

impl Blocked {
    pub(crate) fn new(versions: Versions, give_up: impl FnOnce() + 'static) -> Self {
        Self {
            old_version: versions.old,
            new_version: (versions.new > 0).then_some(versions.new),
            waited: versions.waited,
            give_up: Box::new(give_up),
        }
    }

    /// Stops waiting: what needs the database fails with [`Error::Blocked`](crate::Error::Blocked), and the next operation tries again.
    ///
    /// A browser takes no request back. It still deletes a database whose deletion has been given up, once the others close; a new
    /// attempt waits behind an older one, and is told of what blocks that.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use app::*;
    /// let db = AppDb::builder()
    ///     .on_blocked(|blocked| if blocked.waited.as_secs() >= 30 { blocked.give_up() })
    ///     .build();
    /// ```
    pub fn give_up(self) {
        (self.give_up)();
    }
}

/// Another tab wants to upgrade or to delete the database. The connection closes by itself after the handler, and opens again
/// when it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VersionChange {
    /// The version to be installed; `None` if the database is to be deleted.
    pub new_version: Option<u32>,
}
