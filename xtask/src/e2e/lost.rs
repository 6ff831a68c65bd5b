//! The browser closes connections by itself: its user deletes the site's data.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::check::{is_error, same, until};
use super::stage::{Stage, tests};

tests![
    the_next_operation_opens_a_new_database,
    a_transaction_under_way_fails_and_the_next_one_runs,
    of_operations_in_a_row_only_those_under_way_fail,
    an_upgrade_that_loses_its_connection_is_done_again_or_says_so,
];

fn clear_site_data(stage: &Stage) -> Result<()> {
    stage.session.clear_site_data(stage.address.trim_end_matches('/')).context("the site's data could not be deleted")
}

fn the_next_operation_opens_a_new_database(stage: &Stage) -> Result<()> {
    let tab = stage.tab()?;
    tab.stock(stage.database, 50)?;
    tab.open_shop(1, stage.database)?;

    clear_site_data(stage)?;

    until("the connection is closed", || Ok(tab.ask("is open")? == json!(false)))?;
    same("rows", tab.ask("count")?, json!(0))?;
    tab.call("stock", json!({ "count": 10 }))?;
    same("rows of the new database", tab.ask("count")?, json!(10))
}

fn a_transaction_under_way_fails_and_the_next_one_runs(stage: &Stage) -> Result<()> {
    let tab = stage.tab()?;
    tab.stock(stage.database, 50)?;
    tab.open_shop(1, stage.database)?;
    let holding = tab.begin("hold", json!({}))?;

    clear_site_data(stage)?;

    is_error("the transaction", &holding.fail()?, &format!("ConnectionLost {{ database: {:?} }}", stage.database))?;
    tab.call("stock", json!({ "count": 10 }))?;
    tab.call("transfer", json!({ "transactions": 1 }))?;
    same("rows of the new database", tab.ask("count")?, json!(10))
}

fn of_operations_in_a_row_only_those_under_way_fail(stage: &Stage) -> Result<()> {
    let tab = stage.tab()?;
    tab.stock(stage.database, 50)?;
    tab.open_shop(1, stage.database)?;
    let going_on = tab.begin("go on", json!({}))?;
    let reads = || -> Result<u64> { Ok(tab.ask("count")?.as_u64().unwrap_or_default()) };
    until("rows are added", || Ok(reads()? > 60))?;

    clear_site_data(stage)?;

    until("the new database has rows", || Ok(reads()? > 0))?;
    tab.ask("release")?;
    let outcomes = going_on.finish()?;
    let errors: Vec<&str> = outcomes["errors"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for error in &errors {
        // The row that was put last may have gone with the data.
        ensure!(
            error.starts_with("ConnectionLost") || error.starts_with("NotFound"),
            "an operation failed with {error}"
        );
    }
    ensure!(errors.len() <= 2, "more failed than the operation under way: {errors:?}");
    let key = if errors.is_empty() { "succeeded" } else { "succeeded later" };
    ensure!(outcomes[key].as_u64() > Some(0), "nothing succeeded after the loss: {outcomes}");
    Ok(())
}

fn an_upgrade_that_loses_its_connection_is_done_again_or_says_so(stage: &Stage) -> Result<()> {
    let tab = stage.tab()?;
    tab.stock(stage.database, 5_000)?;
    let opening = tab.begin_to_open(3, stage.database)?;
    until("the upgrade runs", || Ok(opening.is_over()? || tab.ask("upgrades")? != json!(0)))?;

    clear_site_data(stage)?;

    if let Err(error) = opening.finish() {
        let error = error.root_cause().to_string();
        let is_told = error.contains("ConnectionLost");
        ensure!(is_told, "opening failed, and not with the loss of the connection: {error}");
    }
    tab.open_shop(3, stage.database)?;
    same("rows of the new database", tab.ask("count")?, json!(0))
}
