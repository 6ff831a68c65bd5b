//! Writes of one row that are issued together share a transaction: what that is worth, beside IndexedDB's own interface and Dexie
//! in the same page.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::check::same;
use super::stage::{Stage, tests};

tests![a_thousand_writes_at_once_cost_less_than_a_transaction_each];

const ROUNDS: usize = 7;
const WRITES: u32 = 1_000;

fn a_thousand_writes_at_once_cost_less_than_a_transaction_each(stage: &Stage) -> Result<()> {
    let tab = stage.tab()?;
    tab.stock(stage.database, 10)?;
    tab.open_shop(1, stage.database)?;

    let measured = tab.script("return e2e.addTogether(...arguments)", &[json!(ROUNDS), json!(WRITES)])?;

    let written = ROUNDS as u64 * u64::from(WRITES);
    same("rows that indexie has written", tab.ask("count")?, json!(written + 10))?;
    same(
        "rows that the others have written",
        measured["counts"].clone(),
        json!({ "plain": written, "dexie": written }),
    )?;
    let (plain, dexie) = (ratio(&measured, "plain")?, ratio(&measured, "dexie")?);
    println!("     {WRITES} adds at once take {plain:.2} of a transaction each, and {dexie:.2} of Dexie's time");
    ensure!(plain <= 0.35, "{plain:.2} of a transaction each is more than 0.35");
    ensure!(dexie <= 0.25, "{dexie:.2} of Dexie's time is more than 0.25");
    Ok(())
}

/// The median of the rounds' ratios.
fn ratio(measured: &Value, to: &str) -> Result<f64> {
    let times = |who: &str| measured["times"][who].as_array().context("no times were measured");
    let of = |time: &Value| time.as_f64().unwrap_or(f64::NAN);
    let mut ratios: Vec<f64> =
        times("indexie")?.iter().zip(times(to)?).map(|(own, other)| of(own) / of(other)).collect();
    ratios.sort_by(f64::total_cmp);
    Ok(ratios[ratios.len() / 2])
}
