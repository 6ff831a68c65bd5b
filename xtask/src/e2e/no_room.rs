//! The browser gives the site no more room: what does not fit is refused as a whole, what is there stays, and all goes on as
//! soon as there is room again.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::check::{differences, is_error, same};
use super::stage::{Stage, tests};
use super::tab::Tab;

tests![
    rows_that_do_not_fit_are_refused_together,
    changes_that_do_not_fit_are_undone_together,
    rows_added_at_once_hold_up_nothing_after_they_were_refused,
];

/// Bytes that are left.
const ROOM: u64 = 64 << 10;
const ITEMS: u32 = 20_000;

fn rows_that_do_not_fit_are_refused_together(stage: &Stage) -> Result<()> {
    let tab = stage.tab()?;
    let before = stocked(stage, &tab)?;
    with_little_room(stage, &tab, || {
        let error = tab.begin("add items", json!({ "from": ITEMS + 1, "count": 2 * ITEMS }))?.fail()?;

        is_error("rows without room", &error, "QuotaExceeded { usage: Some(")?;
        ensure!(error.contains("quota: Some("), "the error does not tell what the quota is: {error}");
        same("rows", tab.ask("count")?, json!(ITEMS))
    })?;
    is_unchanged(stage, &tab, &before)?;
    goes_on(stage, &tab)
}

fn changes_that_do_not_fit_are_undone_together(stage: &Stage) -> Result<()> {
    let tab = stage.tab()?;
    let before = stocked(stage, &tab)?;
    with_little_room(stage, &tab, || {
        let error = tab.begin("modify items", json!({ "round": 1 }))?.fail()?;

        is_error("changes without room", &error, "QuotaExceeded")?;
        same("the round of the first row", tab.ask("round")?, json!(0))
    })?;
    is_unchanged(stage, &tab, &before)?;
    goes_on(stage, &tab)
}

fn rows_added_at_once_hold_up_nothing_after_they_were_refused(stage: &Stage) -> Result<()> {
    let tab = stage.tab()?;
    stocked(stage, &tab)?;
    with_little_room(stage, &tab, || {
        // Some of them may still fit, each alone.
        let error = tab.begin("add at once", json!({ "from": 5 * ITEMS, "count": 5_000 }))?.fail()?;

        is_error("rows without room", &error, "QuotaExceeded")?;
        same("the round of the first row", tab.ask("round")?, json!(0))
    })?;
    goes_on(stage, &tab)
}

/// A shop that is closed, and how it looks.
fn stocked(stage: &Stage, tab: &Tab<'_>) -> Result<Value> {
    tab.stock(stage.database, ITEMS)?;
    tab.survey(stage.database)
}

/// Opens the shop where there is hardly any room left.
fn with_little_room(stage: &Stage, tab: &Tab<'_>, test: impl FnOnce() -> Result<()>) -> Result<()> {
    let usage = tab.script("return (await navigator.storage.estimate()).usage", &[])?;
    let usage = usage.as_u64().context("the browser does not tell what is in use")?;
    let origin = stage.address.trim_end_matches('/');
    let limit = |bytes| stage.session.limit_site_data(origin, bytes).context("the site's room cannot be limited");
    limit(Some(usage + ROOM))?;
    let tested = tab.open_shop(1, stage.database).and_then(|()| test());
    let closed = tab.ask("close");
    // The other tests need room, however this one has ended.
    limit(None)?;
    tested?;
    closed.map(drop)
}

fn is_unchanged(stage: &Stage, tab: &Tab<'_>, before: &Value) -> Result<()> {
    let now = tab.survey(stage.database)?;
    ensure!(now == *before, "the database has changed (before / now): {}", differences(before, &now).join(", "));
    Ok(())
}

/// With room, all can be written again.
fn goes_on(stage: &Stage, tab: &Tab<'_>) -> Result<()> {
    tab.open_shop(1, stage.database)?;
    tab.call("put items", json!({ "count": 2 * ITEMS, "round": 7 }))?;
    same("the round of the first row", tab.ask("round")?, json!(7))?;
    let count = tab.ask("count")?;
    ensure!(count.as_u64() >= Some(u64::from(2 * ITEMS)), "only {count} rows are there");
    Ok(())
}
