//! Live queries in one tab, and writes in others: what is told from tab to tab comes to what a fresh query gives.

use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::check::{same, until};
use super::stage::{Stage, tests};
use super::tab::Tab;

tests![
    a_tab_sees_what_another_writes,
    two_tabs_write_at_the_same_time,
    a_tab_begins_to_listen_while_another_writes,
    a_tab_sees_what_a_worker_writes,
    an_import_elsewhere_is_not_read_again_for_each_transaction,
    a_tab_that_was_left_has_caught_up_when_its_user_returns,
    a_database_that_is_deleted_elsewhere_is_empty,
];

/// What other tabs have committed is passed on no more often than in so many milliseconds.
const PACE: u128 = 16;

/// Waits until every live query of the tab has what a fresh one gives.
fn agrees(what: &str, tab: &Tab<'_>) -> Result<()> {
    let mut last = Value::Null;
    until(what, || {
        last = tab.ask("compare")?;
        Ok(last == json!([]))
    })
    .map_err(|error| error.context(format!("{last}")))
}

fn watching<'t>(stage: &'t Stage<'_>, seed: u64) -> Result<Tab<'t>> {
    let tab = stage.tab()?;
    tab.call("fill", json!({ "name": stage.database }))?;
    tab.call("watch", json!({ "name": stage.database, "seed": seed }))?;
    agrees("the first results", &tab)?;
    Ok(tab)
}

fn changes(stage: &Stage, seed: u64, count: u32) -> Value {
    json!({ "name": stage.database, "seed": seed, "count": count })
}

fn a_tab_sees_what_another_writes(stage: &Stage) -> Result<()> {
    let random = &stage.random;
    for _ in 0..6 {
        let (here, elsewhere) = (watching(stage, random.below(1 << 30))?, stage.tab()?);
        for step in 0..12 {
            let changes = changes(stage, random.below(1 << 30), 1 + step / 3);
            elsewhere.call("make changes", changes.clone())?;
            agrees(&format!("after {changes}"), &here)?;
        }
        here.close()?;
        elsewhere.close()?;
    }
    Ok(())
}

fn two_tabs_write_at_the_same_time(stage: &Stage) -> Result<()> {
    let random = &stage.random;
    for _ in 0..8 {
        let (one, other) = (watching(stage, random.below(1 << 30))?, watching(stage, random.below(1 << 30))?);
        let all = [&one, &other].map(|tab| tab.begin("make changes", changes(stage, random.below(1 << 30), 25)));
        for begun in all {
            begun?.finish()?;
        }
        agrees("in the one tab", &one)?;
        agrees("in the other tab", &other)?;
        one.close()?;
        other.close()?;
    }
    Ok(())
}

/// What is written between its first reads and the moment when the other tab hears of it.
fn a_tab_begins_to_listen_while_another_writes(stage: &Stage) -> Result<()> {
    let (random, elsewhere) = (&stage.random, stage.tab()?);
    elsewhere.call("fill", json!({ "name": stage.database }))?;
    for _ in 0..12 {
        let here = stage.tab()?;
        let count = u32::try_from(random.below(40))? + 1;
        let writing = elsewhere.begin("make changes", changes(stage, random.below(1 << 30), count))?;
        here.call("watch", json!({ "name": stage.database, "seed": random.below(1 << 30) }))?;
        writing.finish()?;
        agrees(&format!("after {count} changes"), &here)?;
        here.close()?;
    }
    Ok(())
}

fn a_tab_sees_what_a_worker_writes(stage: &Stage) -> Result<()> {
    let tab = watching(stage, stage.random.below(1 << 30))?;
    for seed in 0..10 {
        tab.begin_in_dedicated("make changes", changes(stage, seed, 3))?.finish()?;
        agrees(&format!("after the worker's changes {seed}"), &tab)?;
    }
    Ok(())
}

fn an_import_elsewhere_is_not_read_again_for_each_transaction(stage: &Stage) -> Result<()> {
    let (here, elsewhere) = (watching(stage, 7)?, stage.tab()?);
    let begun = Instant::now();

    elsewhere.call("import", json!({ "name": stage.database, "transactions": 200, "rows": 50 }))?;

    agrees("after the import", &here)?;
    let items = here.ask("items")?;
    let most = items.as_array().into_iter().flatten().filter_map(Value::as_u64).max().unwrap_or_default();
    // A slow machine may take longer for each transaction than what comes is kept back.
    let due = u64::try_from(begun.elapsed().as_millis() / PACE)? + 2;
    ensure!((2..due.max(100)).contains(&most), "200 transactions have been given as {items} items");
    Ok(())
}

fn a_tab_that_was_left_has_caught_up_when_its_user_returns(stage: &Stage) -> Result<()> {
    let (here, elsewhere) = (watching(stage, 11)?, stage.tab()?);
    here.script("globalThis.isTheSamePage = true", &[])?;
    here.leave()?;
    elsewhere.call("make changes", changes(stage, 3, 20))?;
    here.come_back()?;
    if here.script("return globalThis.isTheSamePage === true", &[])? != json!(true) {
        // Loaded anew, it has nothing to catch up with.
        return Ok(());
    }
    agrees("after the return", &here)?;
    elsewhere.call("make changes", changes(stage, 4, 5))?;
    agrees("after the next changes", &here)
}

fn a_database_that_is_deleted_elsewhere_is_empty(stage: &Stage) -> Result<()> {
    let (here, elsewhere) = (watching(stage, 13)?, stage.tab()?);
    elsewhere.clear_away(stage.database)?;
    agrees("after the deletion", &here)?;
    elsewhere.call("fill", json!({ "name": stage.database }))?;
    agrees("after it was filled again", &here)?;
    same("errors and differences", here.ask("compare")?, json!([]))
}
