//! Thousands of live queries of single rows: what a put costs that is of no interest to them, what they hold, and what it takes
//! to unsubscribe them.

use anyhow::Result;
use serde_json::json;

use super::figures::{Rounds, median};
use super::page::{Memory, Page, Side};
use super::table::{Table, grouped, milliseconds};

/// The last one is the row that nobody watches.
const ROWS: u32 = 20_000;
const COUNTS: [u32; 3] = [0, 1_000, 16_000];
const LAST: u32 = COUNTS[COUNTS.len() - 1];
/// Subscribed at once. Memory that is in use meanwhile is not counted into what they hold for so long, or hardly.
const CHUNK: u32 = 1_000;
/// How often it is all done from the start.
const LOADS: u32 = 3;
const WARM_UP: u32 = 2;

/// What all loads of the page have given.
#[derive(Default)]
struct Measured {
    /// For each number of live queries.
    puts: [Rounds; COUNTS.len()],
    unwatched: Rounds,
    /// Bytes of all subscriptions of a side, in each load.
    wasm: Vec<f64>,
    script: [Vec<f64>; 2],
}

pub fn measure(page: &Page<'_>, rounds: u32, table: &mut Table) -> Result<()> {
    page.load()?;
    page.use_databases("rows")?;
    page.fill(ROWS)?;
    let mut measured = Measured::default();
    for load in 0..LOADS {
        println!("    {} live queries, {} of {LOADS}", grouped(LAST.into()), load + 1);
        page.load()?;
        page.use_databases("rows")?;
        if !page.keeps_rows() {
            page.call("fillMemory", &[json!(1), json!(ROWS)])?;
        }
        one_load(page, load, rounds.div_ceil(LOADS), &mut measured)?;
    }
    page.call("remove", &[])?;
    add(&measured, table)
}

fn one_load(page: &Page<'_>, load: u32, rounds: u32, measured: &mut Measured) -> Result<()> {
    let (mut watched, mut wasm, mut script) = (0, 0.0, [Some(0.0); 2]);
    for (count, puts) in COUNTS.into_iter().zip(&mut measured.puts) {
        for (side, script) in Side::BOTH.into_iter().zip(&mut script) {
            let before = page.memory()?;
            watch(page, side, watched, count)?;
            let Memory { wasm: after, script: of_script } = page.memory()?;
            wasm += after - before.wasm;
            *script = script.zip(of_script).zip(before.script).map(|((sum, after), before)| sum + after - before);
        }
        watched = count;
        for round in 0..WARM_UP + rounds {
            let figures = page.call("putUnwatched", &[json!(load * 100 + round)])?;
            if round >= WARM_UP {
                puts.push(figures);
            }
        }
    }
    measured.wasm.push(wasm);
    for (all, one) in measured.script.iter_mut().zip(script) {
        all.extend(one);
    }
    measured.unwatched.push(page.call("unwatch", &[json!(load)])?);
    Ok(())
}

/// Subscribes to the rows from one number to the other.
fn watch(page: &Page<'_>, side: Side, from: u32, to: u32) -> Result<()> {
    for first in (from..to).step_by(CHUNK as usize) {
        let count = CHUNK.min(to - first);
        page.call("watchRows", &[json!(side.to_string()), json!(first + 1), json!(count)])?;
    }
    Ok(())
}

fn add(measured: &Measured, table: &mut Table) -> Result<()> {
    let mut line = |what: String, rounds: &Rounds, figure: &str| {
        let sides = [rounds.median(Side::Indexie, figure)?, rounds.median(Side::Dexie, figure)?];
        table.add(what, sides.map(milliseconds), Some(rounds.ratio(figure)?));
        Ok::<_, anyhow::Error>(())
    };
    for (count, rounds) in COUNTS.into_iter().zip(&measured.puts) {
        let watched = format!("{} live rows", grouped(count.into()));
        line(format!("{watched}: a put of another row"), rounds, "/key/put")?;
        line(format!("{watched}: the same until all is quiet"), rounds, "/key/quiet")?;
        line(format!("{watched}: a put into another table until all is quiet"), rounds, "/table/quiet")?;
    }
    let watched = format!("{} live rows", grouped(LAST.into()));
    line(format!("{watched}: unsubscribing all"), &measured.unwatched, "/call")?;
    line(format!("{watched}: the same until all is quiet"), &measured.unwatched, "/quiet")?;
    let each = |all: &[f64]| {
        median(all.to_vec()).map_or_else(|_| String::new(), |bytes| format!("{} B", grouped(bytes / f64::from(LAST))))
    };
    table.add("memory of a live row, in wasm", [each(&measured.wasm), String::new()], None);
    table.add("memory of a live row, in JavaScript", [each(&measured.script[0]), each(&measured.script[1])], None);
    Ok(())
}
