//! A service worker that uses the page's databases: one classic script, as bundlers make it.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::check::{is_error, same};
use super::stage::{Stage, tests};
use super::tab::Tab;

tests![
    a_service_worker_and_its_page_share_a_database,
    a_service_worker_gives_way_to_a_page_that_upgrades,
    a_service_worker_and_its_page_upgrade_at_once,
];

/// A tab with a service worker.
fn tab<'s>(stage: &'s Stage<'_>) -> Result<Tab<'s>> {
    let tab = stage.tab()?;
    tab.script("await e2e.startWorker()", &[]).context("the service worker did not start")?;
    Ok(tab)
}

/// Runs a command in the tab's service worker.
fn worker(tab: &Tab<'_>, command: &str, mut parameters: Value) -> Result<Value> {
    parameters["db"] = json!("shop");
    tab.script("return e2e.inWorker(...arguments)", &[json!(command), parameters])
        .with_context(|| format!("`{command}` in the service worker"))
}

fn a_service_worker_and_its_page_share_a_database(stage: &Stage) -> Result<()> {
    let tab = tab(stage)?;
    let name = stage.database;

    worker(&tab, "make", json!({ "version": 1, "name": name }))?;
    worker(&tab, "delete", json!({}))?;
    worker(&tab, "stock", json!({ "count": 50 }))?;
    worker(&tab, "modify items", json!({ "round": 7 }))?;

    tab.open_shop(1, name)?;
    same("rows in the page", tab.ask("count")?, json!(50))?;
    same("the round of the first item in the page", tab.ask("round")?, json!(7))?;
    tab.call("add items", json!({ "from": 100, "count": 5 }))?;
    same("rows in the service worker", worker(&tab, "count", json!({}))?, json!(55))
}

fn a_service_worker_gives_way_to_a_page_that_upgrades(stage: &Stage) -> Result<()> {
    let tab = tab(stage)?;
    let name = stage.database;
    tab.stock(name, 50)?;
    worker(&tab, "open", json!({ "version": 1, "name": name }))?;

    tab.open_shop(2, name)?;

    same("what the service worker was told", worker(&tab, "events", json!({}))?, json!([{ "versionchange": 2 }]))?;
    let Err(error) = worker(&tab, "count", json!({})) else { anyhow::bail!("the old program still counts") };
    let newer = format!("the page answered with an error: NewerVersion {{ database: {name:?}, installed: Some(2)");
    is_error("the service worker's next operation", &error.root_cause().to_string(), &newer)?;
    same("rows in the page", tab.ask("count")?, json!(50))
}

fn a_service_worker_and_its_page_upgrade_at_once(stage: &Stage) -> Result<()> {
    let tab = tab(stage)?;
    let name = stage.database;
    tab.stock(name, 50)?;
    let before = worker(&tab, "upgrades", json!({}))?;

    let opening = tab.begin_to_open(3, name)?;
    worker(&tab, "open", json!({ "version": 3, "name": name }))?;
    opening.finish()?;

    let functions = |count: Value| count.as_u64().unwrap_or_default();
    let in_worker = functions(worker(&tab, "upgrades", json!({}))?) - functions(before);
    same("upgrade functions", functions(tab.ask("upgrades")?) + in_worker, 2)?;
    same("rows in the page", tab.ask("count")?, json!(50))?;
    same("rows in the service worker", worker(&tab, "count", json!({}))?, json!(50))
}
