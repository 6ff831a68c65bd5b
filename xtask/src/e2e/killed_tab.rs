//! Tabs that go while they write: closed, navigated away from, or their process killed.

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::thread;

use anyhow::{Context, Result, bail, ensure};

use super::scenario::{self, Found, Trial};
use super::stage::{Stage, tests};
use super::tab::{Death, Tab};
use crate::browser::Kind;

/// How often Firefox is looked at: see [`Trial::examine`].
const LOOKS: u32 = 10;

tests![no_work_of_a_killed_tab_is_seen_half_done];

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
    let kills = match env::var(KILLS) {
        Ok(text) => text.parse().with_context(|| format!("{KILLS} is no number: {text:?}"))?,
        // Firefox's driver may wait for a tab that it has killed until its time is over: there it is whole browsers that are killed,
        // and tabs only if that is asked for.
        Err(_) if stage.kind() == Kind::Firefox => {
            println!("     {KILLS} says how many Firefox tabs are to be killed; whole browsers are in any case");
            return Ok(());
        }
        Err(_) => 64_u32,
    };
    let scenarios = scenario::all();
    let each = kills.div_ceil(u32::try_from(scenarios.len())?);
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

fn kill(stage: &Stage, keeper: &Tab<'_>, trial: &Trial<'_>, tally: &mut Tally) -> Result<()> {
    let victim = stage.tab()?;
    trial.open(&victim)?;
    let delay = stage.random.up_to(trial.takes.mul_f32(1.1));
    let death = *stage.random.choose(Death::ALL).unwrap_or(&Death::Closed);
    let call = trial.begin(&victim)?.call;
    thread::sleep(delay);
    victim.die(death)?;
    let looks = if stage.kind() == Kind::Firefox { LOOKS } else { 1 };
    let found = trial.examine(keeper, looks).with_context(|| format!("{} after {delay:?}", death.name()))?;
    *tally.deaths.entry(death.name()).or_default() += 1;
    match (found, keeper.heard_of(call)?.as_deref()) {
        (_, Some("failed")) => bail!("the work failed before its tab was killed"),
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
