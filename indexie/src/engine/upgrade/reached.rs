//! How far an upgrade has come: for its error, which has to say so also where the function panics.

use std::cell::Cell;

use crate::error::Error;

#[derive(Debug)]
pub(crate) struct Reached {
    version: Cell<u32>,
    /// The table that the version's function has used last; empty if none, or outside of it.
    table: Cell<&'static str>,
}

impl Reached {
    pub fn new(version: u32) -> Self {
        Self { version: Cell::new(version), table: Cell::new("") }
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
