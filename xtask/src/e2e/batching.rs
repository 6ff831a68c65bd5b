//! Operations issued in one turn share a transaction: what that is worth, measured against those who do not share.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::check::same;
use super::stage::{Stage, tests};

tests![a_thousand_adds_at_once_cost_a_third_of_a_transaction_each];

const ADDS: u32 = 1_000;
/// Odd, so that one of them is the median.
const ROUNDS: u32 = 7;
/// How often so many rounds are measured at most. What else a machine does takes time from some of them, not from all.
const MEASURED: u32 = 4;
/// `performance.md` §5: the part of the time of JavaScript with a transaction for each row, and of Dexie's.
const BARS: [(&str, f64); 2] = [("by hand", 0.35), ("Dexie", 0.25)];

fn a_thousand_adds_at_once_cost_a_third_of_a_transaction_each(stage: &Stage) -> Result<()> {
    let name = stage.database;
    let tab = stage.tab()?;
    tab.stock(name, 0)?;
    tab.open_shop(1, name)?;
    let round =
        |number: u32| tab.script("return e2e.batching.round(...arguments)", &[json!(number), json!(name), json!(ADDS)]);

    // The first one compiles everything.
    round(0)?;
    let mut missed = None;
    for measured in 0..MEASURED {
        let first = measured * ROUNDS + 1;
        let times: Vec<Value> = (first..first + ROUNDS).map(round).collect::<Result<_>>()?;

        same("rows", tab.ask("count")?, json!(ADDS * 3 * (first + ROUNDS)))?;
        missed = None;
        for (other, bar) in BARS {
            let ratio = median_ratio(&times, other)?;
            println!("     {ADDS} adds at once in {}: {ratio:.2} of the time {other} (at most {bar})", stage.kind());
            if ratio > bar {
                missed = Some(format!("{ADDS} adds at once take {ratio:.2} of the time {other}: {times:?}"));
            }
        }
        if missed.is_none() {
            break;
        }
    }
    ensure!(missed.is_none(), "{}", missed.unwrap_or_default());
    Ok(())
}

/// Of the times of the same round, so that a machine that is busy for a while is so for both.
fn median_ratio(times: &[Value], other: &str) -> Result<f64> {
    let of = |time: &Value, way: &str| time[way].as_f64().with_context(|| format!("no time of {way}: {time}"));
    let ratio = |time: &Value| Ok(of(time, "indexie")? / of(time, other)?);
    let mut ratios: Vec<f64> = times.iter().map(ratio).collect::<Result<_>>()?;
    ratios.sort_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).copied().context("nothing was measured")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_of_ratios_of_one_round() {
        let time = |indexie: f64, dexie: f64| json!({ "indexie": indexie, "Dexie": dexie });

        let ratio = median_ratio(&[time(1.0, 2.0), time(30.0, 40.0), time(1.0, 10.0)], "Dexie");

        assert_eq!(ratio.ok(), Some(0.5));
    }
}
