//! Browsers that are killed while a tab writes, and started again with the same profile.

use std::env;
use std::path::Path;
use std::thread;

use anyhow::{Context, Result};

use super::scenario::{self, Found, Trial};
use super::stage::{Stage, tests};
use crate::command;
use crate::webdriver::{Session, Start};
use crate::workspace::empty_directory;

tests![no_work_of_a_killed_browser_is_seen_half_done];

/// The variable that says how many browsers are killed.
const KILLS: &str = "INDEXIE_BROWSER_KILLS";

fn no_work_of_a_killed_browser_is_seen_half_done(stage: &Stage) -> Result<()> {
    let kills = match env::var(KILLS) {
        Ok(text) => text.parse().with_context(|| format!("{KILLS} is no number: {text:?}"))?,
        Err(_) => 16,
    };
    let profile = stage.workspace.scratch("e2e")?.join(format!("{} profile", stage.kind()));
    empty_directory(&profile)?;
    let scenarios = scenario::all();
    let mut session = start(stage, &profile)?;
    let mut trials = Vec::new();
    for scenario in &scenarios {
        let (keeper, worker) = (stage.tab_in(&session)?, stage.tab_in(&session)?);
        trials.push(scenario.rehearse(&keeper, &worker, &format!("{}: {}", stage.database, scenario.name))?);
        session.close_tabs()?;
    }
    let mut found = Vec::new();
    for (number, trial) in (1..=kills).zip(trials.iter().cycle()) {
        let context = || format!("killed browser {number} of {kills}, in `{}`", trial.name());
        kill(stage, &session, trial).with_context(context)?;
        // The driver would wait for the browser that it knows.
        drop(session);
        session = start(stage, &profile).with_context(context)?;
        let keeper = stage.tab_in(&session)?;
        found.push(trial.examine(&keeper).with_context(context)?);
        for other in &trials {
            other.is_prepared(&keeper).with_context(context)?;
        }
        session.close_tabs()?;
    }
    let count = |what| found.iter().filter(|found| **found == what).count();
    println!(
        "     {kills} browsers killed: {} databases as before, {} as after, {} between two transactions",
        count(Found::Before),
        count(Found::After),
        count(Found::Between)
    );
    drop(session);
    empty_directory(&profile)
}

fn start(stage: &Stage, profile: &Path) -> Result<Session> {
    let start = Start { profile: Some(profile.to_owned()), ..Start::default() };
    Session::start(stage.workspace, stage.browser, &start)
}

/// Begins the work in a tab and kills the browser, at a random moment of it.
fn kill(stage: &Stage, session: &Session, trial: &Trial<'_>) -> Result<()> {
    let process = session.process().context("the driver does not tell the browser's process")?;
    let victim = stage.tab_in(session)?;
    trial.open(&victim)?;
    let delay = stage.random.up_to(trial.takes);
    trial.begin(&victim)?;
    thread::sleep(delay);
    command::kill(process)
}
