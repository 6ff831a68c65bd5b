//! A service worker beside the page, with the same program in one classic script: both use the same database.

use anyhow::Result;
use serde_json::json;

use super::check::{is_error, same};
use super::stage::{Stage, tests};
use super::tab::{Running, Tab};

tests![the_page_sees_what_a_worker_writes, page_and_worker_upgrade_at_once, a_worker_gives_way_to_a_page_that_upgrades,];

/// Half of them have one of the names by which "delete items" finds them: there are eight names, in turn.
const ITEMS: u32 = 400;

fn tab_with_worker<'t>(stage: &'t Stage<'_>) -> Result<Tab<'t>> {
    let tab = stage.tab()?;
    tab.register_worker()?;
    Ok(tab)
}

fn opening(name: &str, version: u32) -> serde_json::Value {
    json!({ "version": version, "name": name })
}

fn the_page_sees_what_a_worker_writes(stage: &Stage) -> Result<()> {
    let name = stage.database;
    let page = tab_with_worker(stage)?;
    let worker = |command, parameters| page.begin_in_worker(command, parameters)?.finish();

    worker("open", opening(name, 1))?;
    worker("stock", json!({ "count": ITEMS }))?;
    worker("transfer", json!({ "transactions": 1 }))?;
    let deleted = worker("delete items", json!({}))?;

    same("rows that the worker deleted by a query", &deleted, &json!(ITEMS / 2))?;
    same("rows in the worker", worker("count", json!({}))?, json!(ITEMS / 2))?;
    page.open_shop(1, name)?;
    same("rows in the page", page.ask("count")?, json!(ITEMS / 2))?;
    page.call("add items", json!({ "from": 1_000, "count": 5 }))?;
    same("rows in the worker after the page's", worker("count", json!({}))?, json!(ITEMS / 2 + 5))
}

fn page_and_worker_upgrade_at_once(stage: &Stage) -> Result<()> {
    let name = stage.database;
    let page = tab_with_worker(stage)?;
    page.stock(name, ITEMS)?;
    let worker = |command| page.begin_in_worker(command, json!({}))?.finish();
    let before = upgrades(&worker("upgrades")?);

    let openings: [Running<'_>; 2] = [page.begin_in_worker("open", opening(name, 3))?, page.begin_to_open(3, name)?];
    for opening in openings {
        opening.finish()?;
    }

    // Version 1 to 3: two functions, in one of them. The worker may have run some for another test.
    let entered = upgrades(&worker("upgrades")?) - before + upgrades(&page.ask("upgrades")?);
    same("upgrade functions in both", entered, 2)?;
    same("open in the worker", worker("is open")?, json!(true))?;
    same("open in the page", page.ask("is open")?, json!(true))?;
    same("slugs in both", worker("slugs")?, page.ask("slugs")?)
}

fn upgrades(answer: &serde_json::Value) -> u64 {
    answer.as_u64().unwrap_or_default()
}

fn a_worker_gives_way_to_a_page_that_upgrades(stage: &Stage) -> Result<()> {
    let name = stage.database;
    let page = tab_with_worker(stage)?;
    page.stock(name, ITEMS)?;
    page.begin_in_worker("open", opening(name, 1))?.finish()?;

    page.open_shop(2, name)?;

    same("open in the worker", page.begin_in_worker("is open", json!({}))?.finish()?, json!(false))?;
    let error = page.begin_in_worker("count", json!({}))?.fail()?;
    is_error("the worker's next operation", &error, "NewerVersion")?;
    same("rows in the page", page.ask("count")?, json!(ITEMS))
}
