//! Browsers that are killed while a tab writes, and started again with the same profile.

use std::path::Path;
use std::thread;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::scenario::{self, Found, Trial};
use super::stage::{Stage, tests};
use super::tab::Tab;
use crate::command;
use crate::webdriver::{Session, Start};
use crate::workspace::empty_directory;

tests![no_work_of_a_killed_browser_is_seen_half_done];

/// The variable that says how many browsers are killed.
const KILLS: &str = "INDEXIE_BROWSER_KILLS";

/// A database that neither indexie nor a scenario touches.
const MARK: &str = "mark";

fn no_work_of_a_killed_browser_is_seen_half_done(stage: &Stage) -> Result<()> {
    let profile = stage.workspace.scratch("e2e")?.join(format!("{} profile", stage.kind()));
    empty_directory(&profile)?;
    let scenarios = scenario::all();
    let kills = scenario::kills(KILLS)?.unwrap_or(2 * scenarios.len());
    let mut session = start(stage, &profile)?;
    let mut trials = Vec::new();
    for scenario in &scenarios {
        let (keeper, worker) = (stage.tab_in(&session)?, stage.tab_in(&session)?);
        trials.push(scenario.rehearse(&keeper, &worker, &format!("{}: {}", stage.database, scenario.name))?);
        session.close_tabs()?;
    }
    leave_mark(&stage.tab_in(&session)?)?;
    let (mut found, mut emptied) = (Vec::new(), 0);
    for (number, trial) in (1..=kills).zip(trials.iter().cycle()) {
        let context = || format!("killed browser {number} of {kills}, in `{}`", trial.name());
        kill(stage, &session, trial).with_context(context)?;
        // The driver would wait for the browser that it knows.
        drop(session);
        session = start(stage, &profile).with_context(context)?;
        let keeper = stage.tab_in(&session)?;
        if has_mark(&keeper).with_context(context)? {
            found.push(trial.examine(&keeper, 1).with_context(context)?);
            for other in &trials {
                other.is_prepared(&keeper).with_context(context)?;
            }
        } else {
            emptied += 1;
            start_over(&keeper, &trials).with_context(context)?;
        }
        session.close_tabs()?;
    }
    let count = |what| found.iter().filter(|found| **found == what).count();
    println!(
        "     {kills} {}s killed: {} databases as before, {} as after, {} between two transactions; {emptied} times the \
         browser itself had emptied the site",
        stage.kind(),
        count(Found::Before),
        count(Found::After),
        count(Found::Between)
    );
    ensure!(emptied * 4 <= kills, "of {kills} killed browsers {emptied} had lost all databases: this shows too little");
    drop(session);
    empty_directory(&profile)
}

/// Chromium takes a site's databases for damaged after one kill in fifty, whoever has written them, and deletes them all. That is
/// told from a loss of ours by the mark, which nobody was writing. Nothing may be left in part even then.
fn start_over(keeper: &Tab<'_>, trials: &[Trial<'_>]) -> Result<()> {
    for trial in trials {
        ensure!(trial.is_gone(keeper)?, "the browser has emptied the site, but for the database of `{}`", trial.name());
        trial.prepare(keeper)?;
    }
    leave_mark(keeper)
}

fn leave_mark(tab: &Tab<'_>) -> Result<()> {
    tab.script("await e2e.leaveMark(arguments[0])", &[json!(MARK)]).map(drop)
}

fn has_mark(tab: &Tab<'_>) -> Result<bool> {
    Ok(tab.script("return e2e.hasMark(arguments[0])", &[json!(MARK)])? == json!(true))
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
