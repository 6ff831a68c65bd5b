//! How far an upgrade has come: for whoever shows that, and for its error, which has to say so also where the function panics.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use crate::database::UpgradeProgress;
use crate::engine::connection::tell;
use crate::error::Error;

pub(crate) struct Reached {
    version: Cell<u32>,
    /// The table that the version's function has used last; empty if none, or outside of it.
    table: Cell<&'static str>,
    progress: Option<Rc<dyn Fn(UpgradeProgress)>>,
}

impl fmt::Debug for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reached").field("version", &self.version).field("table", &self.table).finish_non_exhaustive()
    }
}

impl Reached {
    pub fn new(version: u32, progress: Option<Rc<dyn Fn(UpgradeProgress)>>) -> Self {
        Self { version: Cell::new(version), table: Cell::new(""), progress }
    }

    /// Whether somebody wants to hear of it.
    pub fn is_shown(&self) -> bool {
        self.progress.is_some()
    }

    /// So many rows of a table are done.
    pub fn told(&self, table: &'static str, done: usize, total: Option<usize>) {
        if let Some(progress) = &self.progress {
            let version = self.version();
            tell(|| progress(UpgradeProgress { version, table, done, total }));
        }
    }

    pub fn version(&self) -> u32 {
        self.version.get()
    }

    pub fn enter(&self, version: u32) {
        self.version.set(version);
        self.leave();
    }

    /// The function has returned.
    pub fn leave(&self) {
        self.table.set("");
    }

    pub fn uses(&self, table: &'static str) {
        self.table.set(table);
    }

    /// Says in which version's upgrade an error happened, and at which table as far as that is known.
    pub fn failed(&self, error: Error) -> Error {
        error.in_upgrade(self.version(), Some(self.table.get()).filter(|table| !table.is_empty()))
    }
}
