//! Two tabs, an old program and a newer one: the older gives way, and learns that it is old.

use anyhow::Result;
use serde_json::json;

use super::check::{is_error, same, until};
use super::stage::{Stage, tests};

tests![
    a_tab_gives_way_to_a_newer_program,
    a_tab_finishes_its_transaction_before_it_gives_way,
    a_tab_reopens_after_an_upgrade_that_failed,
    a_tab_that_allows_newer_goes_on_after_the_upgrade,
    operations_of_the_old_program_all_say_that_the_database_is_newer,
];

fn newer(stage: &Stage) -> String {
    format!("NewerVersion {{ database: {:?}, installed: Some(2), declared: 1 }}", stage.database)
}

fn a_tab_gives_way_to_a_newer_program(stage: &Stage) -> Result<()> {
    let name = stage.database;
    let (old, new) = (stage.tab()?, stage.tab()?);
    old.stock(name, 50)?;
    old.open_shop(1, name)?;

    new.open_shop(2, name)?;

    same("what the old tab was told", old.events()?, [json!({ "versionchange": 2 })])?;
    same("the old tab's connection is open", old.ask("is open")?, json!(false))?;
    same("rows in the new tab", new.ask("count")?, json!(50))?;
    same("the old tab's next operation", old.begin("count", json!({}))?.fail()?, newer(stage))?;
    same("rows in the new tab, after that", new.ask("count")?, json!(50))
}

fn a_tab_finishes_its_transaction_before_it_gives_way(stage: &Stage) -> Result<()> {
    let name = stage.database;
    let (old, new) = (stage.tab()?, stage.tab()?);
    old.stock(name, 50)?;
    old.open_shop(1, name)?;
    let holding = old.begin("hold", json!({}))?;

    let opening = new.begin_to_open(2, name)?;

    until("the old tab is told", || Ok(old.events()?.contains(&json!({ "versionchange": 2 }))))?;
    same("the upgrade is over before the old tab's transaction is", opening.is_over()?, false)?;
    same("the transaction is over by itself", holding.is_over()?, false)?;
    old.ask("release")?;
    holding.finish()?;
    opening.finish()?;
    let survey = new.survey(name)?;
    same("version", &survey["version"], 2)?;
    same("rounds of all items", &survey["stores"]["items"]["properties"]["round"]["sum"], 1)?;
    same("items with a slug", &survey["stores"]["items"]["properties"]["slug"]["count"], 50)
}

fn a_tab_reopens_after_an_upgrade_that_failed(stage: &Stage) -> Result<()> {
    let name = stage.database;
    let (idle, other) = (stage.tab()?, stage.tab()?);
    idle.stock(name, 20)?;
    idle.open_shop(1, name)?;
    // The upgrade cannot read this row: it has no name.
    other.script("await e2e.putStored(arguments[0], 'items', { id: 21 })", &[json!(name)])?;

    let failure = other.begin_to_open(2, name)?.fail()?;

    is_error("the upgrade", &failure, "Upgrade")?;
    same("what the idle tab was told", idle.events()?, [json!({ "versionchange": 2 })])?;
    same("the idle tab's connection is open", idle.ask("is open")?, json!(false))?;
    same("rows in the idle tab", idle.ask("count")?, json!(21))?;
    same("the idle tab's connection is open again", idle.ask("is open")?, json!(true))
}

fn a_tab_that_allows_newer_goes_on_after_the_upgrade(stage: &Stage) -> Result<()> {
    let name = stage.database;
    let (old, new) = (stage.tab()?, stage.tab()?);
    old.stock(name, 20)?;
    old.call("open", json!({ "version": 1, "name": name, "allow newer": true }))?;

    // By a program that adds what the old one does not know, and keeps what it does.
    new.script("await e2e.addStore(arguments[0], 2, 'extras')", &[json!(name)])?;

    same("what the old tab was told", old.events()?, [json!({ "versionchange": 2 })])?;
    same("the old tab's connection is open", old.ask("is open")?, json!(false))?;
    same("money moved by the old tab", old.call("transfer", json!({ "transactions": 1 }))?, json!(null))?;
    let survey = new.survey(name)?;
    same("version", &survey["version"], 2)?;
    same("entries", &survey["stores"]["entries"]["count"], 40)
}

fn operations_of_the_old_program_all_say_that_the_database_is_newer(stage: &Stage) -> Result<()> {
    let name = stage.database;
    let (old, new) = (stage.tab()?, stage.tab()?);
    old.stock(name, 20)?;
    old.open_shop(1, name)?;
    new.open_shop(2, name)?;
    let before = new.survey(name)?;

    for (command, parameters) in [
        ("count", json!({})),
        ("round", json!({})),
        ("add items", json!({ "from": 100, "count": 3 })),
        ("put items", json!({ "count": 3, "round": 9 })),
        ("modify items", json!({ "round": 9 })),
        ("transfer", json!({ "transactions": 1 })),
        ("open again", json!({})),
        ("count", json!({})),
    ] {
        is_error(command, &old.begin(command, parameters)?.fail()?, &newer(stage))?;
    }

    same("the database", new.survey(name)?, before)
}
