//! A tab that does not give way: a program without indexie that ignores `versionchange`.

use anyhow::Result;
use serde_json::json;

use super::check::{same, until};
use super::stage::{Stage, tests};
use super::tab::{Running, Tab};

tests![
    opening_waits_until_the_tab_in_the_way_is_closed,
    opening_waits_until_the_connection_in_the_way_is_closed,
    operations_wait_with_the_opening,
    deleting_waits_as_well,
];

/// Opens the stored database as a program that never closes it.
fn be_in_the_way(tab: &Tab<'_>, name: &str) -> Result<()> {
    let script = "window.inTheWay = await e2e.openStored(arguments[0]);
        inTheWay.onversionchange = () => { window.asked = true; };";
    tab.script(script, &[json!(name)]).map(drop)
}

fn until_blocked(opening: &Running<'_>) -> Result<()> {
    opening.until_reported("on_blocked is called", &json!({ "blocked": { "old": 1, "new": 2 } }))?;
    same("the opening is over while it is blocked", opening.is_over()?, false)
}

fn opening_waits_until_the_tab_in_the_way_is_closed(stage: &Stage) -> Result<()> {
    let name = stage.database;
    let (old, new) = (stage.tab()?, stage.tab()?);
    old.stock(name, 50)?;
    be_in_the_way(&old, name)?;
    let opening = new.begin_to_open(2, name)?;
    until_blocked(&opening)?;

    old.close()?;

    opening.finish()?;
    same("version", &new.survey(name)?["version"], 2)?;
    same("rows", new.ask("count")?, json!(50))
}

fn opening_waits_until_the_connection_in_the_way_is_closed(stage: &Stage) -> Result<()> {
    let name = stage.database;
    let (old, new) = (stage.tab()?, stage.tab()?);
    old.stock(name, 50)?;
    be_in_the_way(&old, name)?;
    let opening = new.begin_to_open(2, name)?;
    until_blocked(&opening)?;

    old.script("inTheWay.close()", &[])?;

    opening.finish()?;
    same("version", &new.survey(name)?["version"], 2)
}

fn operations_wait_with_the_opening(stage: &Stage) -> Result<()> {
    let name = stage.database;
    let (old, new) = (stage.tab()?, stage.tab()?);
    old.stock(name, 50)?;
    be_in_the_way(&old, name)?;
    let opening = new.begin_to_open(2, name)?;
    until_blocked(&opening)?;
    let (counting, again) = (new.begin("count", json!({}))?, new.begin("count twice", json!({}))?);

    old.close()?;

    opening.finish()?;
    same("rows", counting.finish()?, json!(50))?;
    same("rows, twice", again.finish()?, json!([50, 50]))?;
    same("upgrade functions", new.ask("upgrades")?, json!(1))
}

fn deleting_waits_as_well(stage: &Stage) -> Result<()> {
    let name = stage.database;
    let (old, new) = (stage.tab()?, stage.tab()?);
    old.stock(name, 50)?;
    be_in_the_way(&old, name)?;
    new.call("make", json!({ "version": 2, "name": name }))?;
    let deleting = new.begin("delete", json!({}))?;
    until("the tab in the way is asked", || Ok(old.script("return window.asked", &[])? == json!(true)))?;
    same("the deletion is over while it is blocked", deleting.is_over()?, false)?;

    old.close()?;

    deleting.finish()?;
    same("what is stored", new.survey(name)?, json!(null))?;
    same("rows of a new database", new.ask("count")?, json!(0))
}
