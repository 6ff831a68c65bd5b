//! Tabs that go while they write: closed, navigated away from, or their process killed.

use std::collections::BTreeMap;
use std::fmt;
use std::thread;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::scenario::{self, Found, Trial};
use super::stage::{Stage, tests};
use super::tab::{Death, Tab};
use crate::browser::Kind;

/// How often Firefox is looked at, at most: see [`Trial::examine`]. On a slow disk it takes long to take an upgrade back.
const LOOKS: u32 = 200;

/// How often a page is left in the middle of its upgrade, and how often at most: one whose upgrade is over by then is not kept.
const LEFT: u32 = 4;
const MOST_LEFT: u32 = 20;

tests![
    no_work_of_a_killed_tab_is_seen_half_done,
    an_upgrade_right_after_a_killed_one_is_whole,
    an_upgrade_of_a_worker_whose_page_is_left_keeps_nobody_waiting,
    an_upgrade_of_a_page_that_is_left_keeps_nobody_waiting_and_goes_on_when_its_user_returns,
];

/// The variable that says how many tabs are killed.
const KILLS: &str = "INDEXIE_KILLS";

/// What became of the killed works of one scenario.
#[derive(Debug, Default)]
struct Tally {
    deaths: BTreeMap<&'static str, u32>,
    unbegun: u32,
    before: u32,
    between: u32,
    after: u32,
}

fn no_work_of_a_killed_tab_is_seen_half_done(stage: &Stage) -> Result<()> {
    let kills = scenario::kills(KILLS)?.unwrap_or(64);
    let scenarios = scenario::all();
    let each = kills.div_ceil(scenarios.len());
    let keeper = stage.tab()?;
    for scenario in &scenarios {
        let database = format!("{}: {}", stage.database, scenario.name);
        let worker = stage.tab()?;
        let trial = scenario.rehearse(&keeper, &worker, &database)?;
        worker.close()?;
        let mut tally = Tally::default();
        for number in 1..=each {
            kill(stage, &keeper, &trial, &mut tally)
                .with_context(|| format!("killed tab {number} of {each} in `{}`", scenario.name))?;
        }
        println!("     {each} {} tabs killed during {:16} {tally}", stage.kind(), scenario.name);
    }
    Ok(())
}

/// Firefox shows the next one an upgrade that it is still taking back.
fn an_upgrade_right_after_a_killed_one_is_whole(stage: &Stage) -> Result<()> {
    let keeper = stage.tab()?;
    let scenario = scenario::upgrade();
    let worker = stage.tab()?;
    let trial = scenario.rehearse(&keeper, &worker, stage.database)?;
    worker.close()?;
    for number in 1..=scenario::kills(KILLS)?.unwrap_or(24) {
        let victim = stage.tab()?;
        let (delay, death) = (stage.random.up_to(trial.takes), death(stage));
        trial.begin(&victim)?;
        thread::sleep(delay);
        victim.die(death)?;
        trial
            .repeat(&keeper)
            .with_context(|| format!("upgrade {number}, after one {} after {delay:?}", death.name()))?;
        trial.prepare(&keeper)?;
    }
    Ok(())
}

/// A page may be kept for its user's return as it is when it is left: not with an upgrade that keeps everybody else waiting.
fn an_upgrade_of_a_page_that_is_left_keeps_nobody_waiting_and_goes_on_when_its_user_returns(
    stage: &Stage,
) -> Result<()> {
    let keeper = stage.tab()?;
    let scenario = scenario::upgrade();
    let worker = stage.tab()?;
    let trial = scenario.rehearse(&keeper, &worker, stage.database)?;
    let (mut left, mut kept) = (0, 0);
    for part in [0.2, 0.4, 0.6, 0.8].into_iter().cycle() {
        if left == MOST_LEFT || left >= LEFT && kept > 0 {
            break;
        }
        left += 1;
        let upgrade = trial.begin(&worker)?;
        thread::sleep(trial.takes.mul_f32(part));
        worker.leave()?;
        trial.examine(&keeper, LOOKS)?;
        worker.come_back().context("the page is not there any more")?;
        if upgrade.is_known()? {
            upgrade.finish().context("the upgrade does not go on")?;
            worker.ask("close")?;
            kept += 1;
        }
        trial.repeat(&keeper)?;
        trial.prepare(&keeper)?;
    }
    println!("     {} has kept {kept} of {left} pages", stage.kind());
    // One whose upgrade is over stands in the way of the next preparation, and is not kept.
    ensure!(kept > 0, "no page was kept");
    Ok(())
}

/// Workers are kept with their page, and hear nothing of it.
fn an_upgrade_of_a_worker_whose_page_is_left_keeps_nobody_waiting(stage: &Stage) -> Result<()> {
    if stage.kind() == Kind::Chromium {
        println!("     Chromium keeps the worker in the middle of its upgrade, lock or no lock");
        return Ok(());
    }
    let keeper = stage.tab()?;
    let scenario = scenario::upgrade();
    let tab = stage.tab()?;
    let trial = scenario.rehearse(&keeper, &tab, stage.database)?;
    for part in [0.2, 0.4, 0.6, 0.8] {
        // The worker is there.
        tab.begin_in_dedicated("events", json!({}))?.finish()?;
        trial.begin_in_dedicated(&tab)?;
        thread::sleep(trial.takes.mul_f32(part));
        tab.leave()?;
        trial.examine(&keeper, LOOKS)?;
        trial.repeat(&keeper)?;
        trial.prepare(&keeper)?;
        tab.visit(stage.address)?;
        tab.wait_until_ready()?;
    }
    Ok(())
}

fn death(stage: &Stage) -> Death {
    *stage.random.choose(Death::ALL).unwrap_or(&Death::Closed)
}

fn kill(stage: &Stage, keeper: &Tab<'_>, trial: &Trial<'_>, tally: &mut Tally) -> Result<()> {
    let victim = stage.tab()?;
    trial.open(&victim)?;
    let delay = stage.random.up_to(trial.takes.mul_f32(1.1));
    let death = death(stage);
    let call = trial.begin(&victim)?.call;
    thread::sleep(delay);
    victim.die(death)?;
    let looks = if stage.kind() == Kind::Firefox { LOOKS } else { 1 };
    let found = trial.examine(keeper, looks).with_context(|| format!("{} after {delay:?}", death.name()))?;
    *tally.deaths.entry(death.name()).or_default() += 1;
    match (found, keeper.heard_of(call)?.as_deref()) {
        (found, Some(failed)) if failed.starts_with("failed") => {
            // A page that is left is told that this has been undone, if it still listens.
            ensure!(failed.contains("ConnectionLost") && death != Death::Crashed, "{failed}");
            ensure!(found != Found::After, "the work failed, and is there ({})", death.name());
            tally.before += 1;
        }
        // What was answered is there.
        (found, Some("done")) => {
            ensure!(found == Found::After, "the work was done, and its rows are gone ({})", death.name());
            tally.after += 1;
        }
        (Found::After, _) => tally.after += 1,
        (Found::Between, _) => tally.between += 1,
        (Found::Before, Some(_)) => tally.before += 1,
        (Found::Before, None) => tally.unbegun += 1,
    }
    Ok(())
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { deaths, unbegun, before, between, after } = self;
        let deaths: Vec<String> = deaths.iter().map(|(name, count)| format!("{count} {name}")).collect();
        write!(f, "({}): {before} as before, {after} as after", deaths.join(", "))?;
        for (count, what) in [(between, "between two transactions"), (unbegun, "not begun")] {
            if *count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}
