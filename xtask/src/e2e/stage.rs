//! What a test has: a running browser, the page's address, and a name for its database that no other test uses.

use std::cell::Cell;

use anyhow::Result;

use super::random::Random;
use super::tab::Tab;
use crate::browser::{Browser, Kind};
use crate::webdriver::Session;
use crate::workspace::Workspace;

/// One end-to-end test.
#[derive(Clone, Copy)]
pub struct Test {
    /// Its subject and its own name.
    pub name: &'static str,
    pub run: fn(&Stage) -> Result<()>,
}

/// Where a test runs.
pub struct Stage<'a> {
    pub workspace: &'a Workspace,
    pub browser: &'a Browser,
    /// The browser that the tests share; one that a test kills is its own.
    pub session: &'a Session,
    /// The site with the page.
    pub address: &'a str,
    /// The name of the test's database.
    pub database: &'a str,
    pub random: Random,
    calls: Cell<u32>,
}

impl<'a> Stage<'a> {
    pub fn new(
        workspace: &'a Workspace,
        browser: &'a Browser,
        session: &'a Session,
        address: &'a str,
        name: &'a str,
        seed: u64,
    ) -> Self {
        Self { workspace, browser, session, address, database: name, random: Random::new(seed), calls: Cell::new(0) }
    }

    pub fn kind(&self) -> Kind {
        self.browser.kind
    }

    /// A new tab with the page in it, ready for commands.
    pub fn tab(&self) -> Result<Tab<'_>> {
        self.tab_in(self.session)
    }

    /// A new tab of another browser than the shared one.
    pub fn tab_in<'t>(&'t self, session: &'t Session) -> Result<Tab<'t>> {
        Tab::open(session, self.address, &self.calls)
    }
}

/// The tests of one subject, named after it.
macro_rules! tests {
    ($($test:ident),+ $(,)?) => {
        /// The tests of this subject.
        pub const TESTS: &[crate::e2e::stage::Test] = &[$(crate::e2e::stage::Test {
            name: concat!(module_path!(), "::", stringify!($test)),
            run: $test,
        }),+];
    };
}
pub(super) use tests;
