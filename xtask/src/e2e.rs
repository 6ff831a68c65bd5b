//! The end-to-end tests: real browsers with several tabs, controlled and killed from outside. The page in the tabs is the
//! program of `tests/e2e`; each file here tests one subject with it, in every browser.
//!
//! `INDEXIE_KILLS` says how many tabs are killed in each browser, `INDEXIE_BROWSER_KILLS` how often the browser is, and
//! `INDEXIE_SEED` repeats the moments at which that happens.

mod at_once;
mod blocked;
mod check;
mod deleting;
mod dexie;
mod dexie_package;
mod killed_browser;
mod killed_tab;
mod leaks;
mod lost;
mod random;
mod scenario;
mod second_tab;
mod site;
mod stage;
mod tab;

use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::browser::{Browser, Kind};
use crate::progress::duration;
use crate::server::Server;
use crate::webdriver::{Session, Start};
use crate::workspace::Workspace;
use stage::{Stage, Test};

const SUBJECTS: &[&[Test]] = &[
    second_tab::TESTS,
    blocked::TESTS,
    at_once::TESTS,
    deleting::TESTS,
    lost::TESTS,
    leaks::TESTS,
    dexie::TESTS,
    killed_tab::TESTS,
    killed_browser::TESTS,
];

/// Runs every test whose name contains one of `filter`, in both browsers.
pub fn run(workspace: &Workspace, filter: &[String]) -> Result<()> {
    let tests: Vec<Test> = SUBJECTS.iter().copied().flatten().copied().filter(|test| is_chosen(test, filter)).collect();
    if tests.is_empty() {
        bail!("no end-to-end test has a name that contains {}", filter.join(" or "));
    }
    let seed = random::seed()?;
    let server = Server::start(site::build(workspace)?, None)?;
    let mut failed = Vec::new();
    for kind in Kind::ALL {
        println!("\n     Running {} end-to-end tests in {kind} (seed {seed})", tests.len());
        let browser = Browser::find(workspace, kind)?;
        let names = run_in(workspace, &browser, &server.address(), &tests, seed)?;
        failed.extend(names.into_iter().map(|name| format!("{name} in {kind}")));
    }
    if !failed.is_empty() {
        bail!("{} end-to-end tests failed, with the seed {seed}:\n  {}", failed.len(), failed.join("\n  "));
    }
    Ok(())
}

/// Runs tests in one browser, and returns the names of those that failed.
fn run_in(
    workspace: &Workspace,
    browser: &Browser,
    address: &str,
    tests: &[Test],
    seed: u64,
) -> Result<Vec<&'static str>> {
    let start = || Session::start(workspace, browser, &Start { system_access: true, ..Start::default() });
    let mut session = start()?;
    let mut failed = Vec::new();
    for test in tests {
        let name = short(test.name);
        let begun = Instant::now();
        let stage = Stage::new(workspace, browser, &session, address, name.to_owned(), seed);
        let result = (test.run)(&stage).and_then(|()| session.close_tabs());
        let took = duration(begun.elapsed());
        match result {
            Ok(()) => println!("test {name} ... ok ({took})"),
            Err(error) => {
                println!("test {name} ... FAILED ({took})\n    {}", told(&error));
                failed.push(name);
                // Whatever it left behind goes with the browser.
                drop(stage);
                drop(session);
                session = start().context("the browser did not start again after a failed test")?;
            }
        }
    }
    Ok(failed)
}

fn told(error: &anyhow::Error) -> String {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    causes.join("\n    because: ")
}

/// A test's name without the path that all have.
fn short(name: &'static str) -> &'static str {
    name.strip_prefix(concat!(module_path!(), "::")).unwrap_or(name)
}

fn is_chosen(test: &Test, filter: &[String]) -> bool {
    filter.is_empty() || filter.iter().any(|part| short(test.name).contains(part.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEST: Test = Test { name: concat!(module_path!(), "::subject::it_works"), run: |_| Ok(()) };

    #[test]
    fn a_test_is_chosen_by_a_part_of_its_name() {
        assert!(is_chosen(&TEST, &[]));
        assert!(is_chosen(&TEST, &["other".into(), "subject::it".into()]));
        assert!(!is_chosen(&TEST, &["other".into()]));
    }
}
