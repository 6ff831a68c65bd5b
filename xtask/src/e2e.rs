//! The end-to-end tests: real browsers with several tabs, controlled and killed from outside. The page in the tabs is the
//! program of `tests/e2e`; each file here tests one subject with it, in every browser.
//!
//! `INDEXIE_KILLS` says how many tabs are killed in each browser, `INDEXIE_BROWSER_KILLS` how often the browser is, and
//! `INDEXIE_SEED` repeats the moments at which that happens.

mod at_once;
mod batching;
mod blocked;
mod bundle;
mod check;
mod deleting;
mod dexie;
mod killed_browser;
mod killed_tab;
mod leaks;
mod live;
mod lost;
mod no_room;
mod pending;
mod random;
mod scenario;
mod second_tab;
mod service_worker;
mod site;
mod stage;
mod syncing;
mod tab;

use std::panic::resume_unwind;
use std::thread::{self, ScopedJoinHandle};
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
    no_room::TESTS,
    service_worker::TESTS,
    live::TESTS,
    pending::TESTS,
    syncing::TESTS,
    batching::TESTS,
    leaks::TESTS,
    dexie::TESTS,
    killed_tab::TESTS,
    killed_browser::TESTS,
];

/// Runs every test whose name, with the browser before it, contains one of `filter`. Both browsers run at the same time: each
/// spends most of it waiting.
pub fn run(workspace: &Workspace, filter: &[String]) -> Result<()> {
    let chosen = Kind::ALL.map(|kind| (kind, tests(kind, filter)));
    if chosen.iter().all(|(_, tests)| tests.is_empty()) {
        bail!("no end-to-end test has a name that contains {}", filter.join(" or "));
    }
    let seed = random::seed()?;
    let server = Server::start(site::build(workspace)?)?;
    let address = server.address();
    let failed: Vec<String> = thread::scope(|scope| {
        let running = chosen.into_iter().filter(|(_, tests)| !tests.is_empty()).map(|(kind, tests)| {
            println!("     Running {} end-to-end tests in {kind} (seed {seed})", tests.len());
            let address = &address;
            scope.spawn(move || run_in(workspace, kind, address, &tests, seed))
        });
        let running: Vec<ScopedJoinHandle<'_, Result<Vec<String>>>> = running.collect();
        let results = running.into_iter().map(|browser| browser.join().unwrap_or_else(|panic| resume_unwind(panic)));
        results.collect::<Result<Vec<Vec<String>>>>()
    })?
    .concat();
    if !failed.is_empty() {
        bail!("{} end-to-end tests failed, with the seed {seed}:\n  {}", failed.len(), failed.join("\n  "));
    }
    Ok(())
}

/// Runs tests in one browser, and returns the names of those that failed.
fn run_in(workspace: &Workspace, kind: Kind, address: &str, tests: &[Test], seed: u64) -> Result<Vec<String>> {
    let browser = Browser::find(workspace, kind)?;
    let start = || Session::start(workspace, &browser, &Start { system_access: true, ..Start::default() });
    let mut session = start()?;
    let mut failed = Vec::new();
    for test in tests {
        let name = full_name(kind, test);
        let begun = Instant::now();
        let stage = Stage::new(workspace, &browser, &session, address, &name, seed);
        let result = (test.run)(&stage).and_then(|()| session.close_tabs());
        let took = duration(begun.elapsed());
        match result {
            Ok(()) => println!("test {name} ... ok ({took})"),
            Err(error) => {
                println!("test {name} ... FAILED ({took})\n    {}", told(&error));
                for message in session.consoles() {
                    println!("    console: {message}");
                }
                failed.push(name.clone());
                // Whatever it left behind goes with the browser.
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

fn tests(kind: Kind, filter: &[String]) -> Vec<Test> {
    SUBJECTS.iter().copied().flatten().copied().filter(|test| is_chosen(&full_name(kind, test), filter)).collect()
}

fn is_chosen(name: &str, filter: &[String]) -> bool {
    filter.is_empty() || filter.iter().any(|part| name.contains(part.as_str()))
}

/// The browser, the subject and the test.
fn full_name(kind: Kind, test: &Test) -> String {
    let name = test.name.strip_prefix(concat!(module_path!(), "::")).unwrap_or(test.name);
    format!("{}::{name}", kind.to_string().to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_named_after_its_browser_and_its_subject() {
        let test = Test { name: concat!("xtask::e2e", "::subject::it_works"), run: |_| Ok(()) };

        assert_eq!(full_name(Kind::Firefox, &test), "firefox::subject::it_works");
    }

    #[test]
    fn a_test_is_chosen_by_a_part_of_its_name() {
        let name = "firefox::subject::it_works";

        assert!(is_chosen(name, &[]));
        assert!(is_chosen(name, &["other".into(), "subject::it".into()]));
        assert!(!is_chosen(name, &["other".into()]));
    }
}
