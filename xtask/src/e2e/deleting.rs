//! A tab deletes a database that others have open.

use anyhow::Result;
use serde_json::json;

use super::check::{same, until};
use super::stage::{Stage, tests};

tests![
    other_tabs_close_and_make_a_new_database_when_they_need_one,
    a_transaction_under_way_is_finished_before_the_database_goes,
    a_tab_may_delete_what_it_has_open_itself,
];

fn other_tabs_close_and_make_a_new_database_when_they_need_one(stage: &Stage) -> Result<()> {
    let name = stage.database;
    let (one, two) = (stage.tab()?, stage.tab()?);
    one.stock(name, 50)?;
    one.open_shop(1, name)?;
    two.call("make", json!({ "version": 1, "name": name }))?;

    two.ask("delete")?;

    same("what is stored", two.survey(name)?, json!(null))?;
    same("what the other tab was told", one.events()?, [json!({ "versionchange": null })])?;
    same("the other tab's connection is open", one.ask("is open")?, json!(false))?;
    same("rows in the other tab", one.ask("count")?, json!(0))?;
    one.call("stock", json!({ "count": 10 }))?;
    same("rows in the tab that has deleted", two.ask("count")?, json!(10))
}

fn a_transaction_under_way_is_finished_before_the_database_goes(stage: &Stage) -> Result<()> {
    let name = stage.database;
    let (one, two) = (stage.tab()?, stage.tab()?);
    one.stock(name, 50)?;
    one.open_shop(1, name)?;
    let holding = one.begin("hold", json!({}))?;
    two.call("make", json!({ "version": 1, "name": name }))?;

    let deleting = two.begin("delete", json!({}))?;

    until("the holder is told", || Ok(one.events()?.contains(&json!({ "versionchange": null }))))?;
    same("the database is gone before the transaction is over", deleting.is_over()?, false)?;
    one.ask("release")?;
    holding.finish()?;
    deleting.finish()?;
    same("what is stored", two.survey(name)?, json!(null))
}

fn a_tab_may_delete_what_it_has_open_itself(stage: &Stage) -> Result<()> {
    let name = stage.database;
    let tab = stage.tab()?;
    tab.stock(name, 50)?;
    tab.open_shop(1, name)?;
    tab.call("open", json!({ "db": "another", "version": 1, "name": name }))?;

    tab.ask("delete")?;

    same("what is stored", tab.survey(name)?, json!(null))?;
    same("rows of a new database", tab.call("count", json!({ "db": "another" }))?, json!(0))?;
    same("rows, through the other object", tab.ask("count")?, json!(0))
}
