//! The browser gives the site no more room: what does not fit is refused as a whole, what is there stays, and all goes on as
//! soon as there is room again.
//!
//! Firefox (140) does store some of it, without indexie too: once a request has failed for want of room, `SQLite` has undone the
//! transaction by itself, and each request that is under way by then is stored alone, although the transaction is aborted.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::check::{differences, is_error, same};
use super::stage::{Stage, tests};
use super::tab::Tab;
use crate::browser::Kind;

tests![what_does_not_fit_is_refused_and_all_goes_on_when_there_is_room];

/// Bytes that are left in Firefox.
const ROOM: u64 = 64 << 10;
const ITEMS: u32 = 20_000;
/// For so long Chromium believes what it has known of the room that is left.
const BELIEF: Duration = Duration::from_secs(31);

fn what_does_not_fit_is_refused_and_all_goes_on_when_there_is_room(stage: &Stage) -> Result<()> {
    let tab = stage.tab()?;
    tab.stock(stage.database, ITEMS)?;
    let before = tab.survey(stage.database)?;
    with_little_room(stage, &tab, || {
        let error = tab.begin("add items", json!({ "from": ITEMS + 1, "count": 2 * ITEMS }))?.fail()?;
        is_error("rows without room", &error, "QuotaExceeded { usage: Some(")?;
        ensure!(error.contains("quota: Some("), "the error does not tell what the quota is: {error}");

        let error = tab.begin("modify items", json!({ "round": 1 }))?.fail()?;
        is_error("changes without room", &error, "QuotaExceeded")?;
        is_unchanged(stage, &tab, &before)?;

        // Some of them may still fit, each alone.
        let error = tab.begin("add at once", json!({ "from": 5 * ITEMS, "count": 5_000 }))?.fail()?;
        is_error("rows without room, in one turn", &error, "QuotaExceeded")?;
        same("the round of the first row", tab.ask("round")?, json!(0))
    })?;
    tab.open_shop(1, stage.database)?;
    tab.call("put items", json!({ "count": 2 * ITEMS, "round": 7 }))?;
    same("the round of the first row", tab.ask("round")?, json!(7))?;
    let count = tab.ask("count")?;
    ensure!(count.as_u64() >= Some(u64::from(2 * ITEMS)), "only {count} rows are there");
    Ok(())
}

/// Opens the shop where there is hardly any room left.
fn with_little_room(stage: &Stage, tab: &Tab<'_>, test: impl FnOnce() -> Result<()>) -> Result<()> {
    let origin = stage.address.trim_end_matches('/');
    let limit = |bytes| stage.session.limit_site_data(origin, bytes).context("the site's room cannot be limited");
    match stage.kind() {
        // What is in use becomes less as Chromium tidies up.
        Kind::Chromium => {
            limit(Some(1))?;
            thread::sleep(BELIEF);
        }
        // Firefox would make room, and take from this site too.
        Kind::Firefox => {
            let usage = tab.script("return (await navigator.storage.estimate()).usage", &[])?;
            limit(Some(usage.as_u64().context("Firefox does not tell what is in use")? + ROOM))?;
        }
    }
    let tested = tab.open_shop(1, stage.database).and_then(|()| test());
    let closed = tab.ask("close");
    // The other tests need room, however this one has ended.
    limit(None)?;
    tested?;
    closed.map(drop)
}

fn is_unchanged(stage: &Stage, tab: &Tab<'_>, before: &Value) -> Result<()> {
    let now = tab.survey(stage.database)?;
    if stage.kind() == Kind::Firefox {
        let count = |survey: &Value| survey["stores"]["items"]["count"].as_u64();
        let most = count(before).map(|count| count + u64::from(ITEMS));
        ensure!(count(&now) >= count(before) && count(&now) < most, "{:?} rows are there", count(&now));
        return Ok(());
    }
    ensure!(now == *before, "the database has changed (before / now): {}", differences(before, &now).join(", "));
    Ok(())
}
