//! A put of one row that twenty live queries look at: when the last of those that it changes has its new result. In tables of
//! several sizes, because Dexie's cost grows with the table, and indexie's must not.

use anyhow::{Result, ensure};
use serde_json::json;

use super::figures::Rounds;
use super::page::Page;
use super::sides::{BOTH, DEXIE, INDEXIE};
use super::table::{Table, grouped, milliseconds};

/// The page puts one of two rows in turn. The first ones compile everything.
const WARM_UP: u32 = 4;

pub fn measure(page: &Page<'_>, rounds: u32, sizes: &[u32], table: &mut Table) -> Result<()> {
    for size in sizes {
        add(&in_table_of(page, *size, rounds)?, *size, table)?;
    }
    Ok(())
}

fn in_table_of(page: &Page<'_>, size: u32, rounds: u32) -> Result<Rounds> {
    println!("    20 live queries on {} rows", grouped(size.into()));
    page.load()?;
    page.use_databases(&format!("live {size}"))?;
    page.fill("fill", size)?;
    page.call("watchMix", &[json!(size)])?;
    let mut measured = Rounds::default();
    for round in 0..WARM_UP + rounds {
        let figures = page.call("putWatched", &[json!(round)])?;
        if round >= WARM_UP {
            measured.push(figures);
        }
    }
    for side in BOTH {
        page.call("unwatch", &[json!(side)])?;
    }
    page.call("remove", &[])?;
    Ok(measured)
}

fn add(rounds: &Rounds, size: u32, table: &mut Table) -> Result<()> {
    let both = |figure: &str| Ok::<_, anyhow::Error>([rounds.median(INDEXIE, figure)?, rounds.median(DEXIE, figure)?]);
    let what = |text: &str| format!("{} rows, 20 live queries: {text}", grouped(size.into()));
    let [changed, others] = both("/changed")?;
    ensure!(changed.total_cmp(&others).is_eq(), "a put changes {changed} results of indexie, and {others} of Dexie");

    table.add(what("a put"), both("/put")?.map(milliseconds), Some(rounds.ratio(INDEXIE, DEXIE, "/put")?));
    table.add(what("last item after the put"), both("/last")?.map(milliseconds), None);
    table.add(
        what("from the call to the last item"),
        both("/total")?.map(milliseconds),
        Some(rounds.ratio(INDEXIE, DEXIE, "/total")?),
    );
    let (notified, items) = (both("/notified")?, both("/items")?);
    let told = [0, 1].map(|side| match (notified[side], items[side]) {
        (notified, items) if items > notified => format!("{notified} in {items} items"),
        (notified, _) => notified.to_string(),
    });
    table.add(what(&format!("notified, {changed} have changed")), told, None);
    Ok(())
}
