//! Thousands of live queries of single rows: what a put costs that is of no interest to them, what they hold, and what it takes
//! to unsubscribe them. Only one side has them at a time: what the garbage collector does for its objects is not to be counted
//! as the other's.

use anyhow::Result;
use serde_json::{Value, json};

use super::figures::{Rounds, median};
use super::page::Page;
use super::sides::{DEXIE, INDEXIE};
use super::table::{Table, grouped, milliseconds};

/// The last one is the row that nobody watches.
const ROWS: u32 = 20_000;
const COUNTS: [u32; 4] = [0, 1, 1_000, 16_000];
const LAST: usize = COUNTS.len() - 1;
/// Subscribed at once. Memory that is in use meanwhile is not counted into what they hold for so long, or hardly.
const CHUNK: u32 = 1_000;
/// How often the page is loaded, and all is done from the start.
const LOADS: u32 = 3;
const WARM_UP: u32 = 3;

/// What all loads of the page have given.
#[derive(Default)]
struct Measured {
    /// For each number of live queries.
    puts: [Rounds; COUNTS.len()],
    unwatched: Rounds,
    /// What the subscriptions of each side hold.
    held: [Vec<Held>; 2],
}

/// Bytes of all subscriptions.
#[derive(Clone, Copy)]
struct Held {
    wasm: f64,
    script: Option<f64>,
}

/// What one side has given in one load of the page.
struct Load {
    puts: [Vec<Value>; COUNTS.len()],
    unwatched: Value,
    held: Held,
}

pub fn measure(page: &Page<'_>, rounds: u32, table: &mut Table) -> Result<()> {
    page.load()?;
    page.use_databases("rows")?;
    page.fill("fill", ROWS)?;
    page.fill("fillStrangers", ROWS)?;
    let mut measured = Measured::default();
    for load in 0..LOADS {
        println!("    {}, {} of {LOADS}", live(LAST), load + 1);
        page.load()?;
        page.use_databases("rows")?;
        if !page.keeps_rows() {
            page.fill("fillMemory", ROWS)?;
        }
        let load = |side| one_load(page, side, rounds.div_ceil(LOADS));
        let [indexie, dexie] = [load(INDEXIE)?, load(DEXIE)?];
        for (rounds, (indexie, dexie)) in measured.puts.iter_mut().zip(indexie.puts.into_iter().zip(dexie.puts)) {
            rounds.extend(indexie, dexie);
        }
        measured.unwatched.extend(vec![indexie.unwatched], vec![dexie.unwatched]);
        for (all, one) in measured.held.iter_mut().zip([indexie.held, dexie.held]) {
            all.push(one);
        }
    }
    page.call("remove", &[])?;
    add(&measured, table)
}

fn one_load(page: &Page<'_>, side: &str, rounds: u32) -> Result<Load> {
    let name = json!(side);
    let mut puts: [Vec<Value>; COUNTS.len()] = Default::default();
    let put = |puts: &mut Vec<Value>, rounds: u32| {
        for round in 0..WARM_UP + rounds {
            let figures = page.call("putUnwatched", &[name.clone(), json!(round)])?;
            if round >= WARM_UP {
                puts.push(figures);
            }
        }
        Ok::<_, anyhow::Error>(())
    };
    // Everything has been in use once.
    put(&mut Vec::new(), 0)?;
    let (mut watched, mut held) = (0, Held { wasm: 0.0, script: Some(0.0) });
    for (count, puts) in COUNTS.into_iter().zip(&mut puts) {
        let before = page.memory()?;
        watch(page, &name, watched, count)?;
        let after = page.memory()?;
        held.wasm += after.wasm - before.wasm;
        held.script =
            held.script.zip(after.script).zip(before.script).map(|((sum, after), before)| sum + after - before);
        page.call("rest", &[json!(count - watched)])?;
        watched = count;
        put(puts, rounds)?;
    }
    let unwatched = page.call("unwatch", &[name])?;
    Ok(Load { puts, unwatched, held })
}

/// Subscribes to the rows from one number to the other.
fn watch(page: &Page<'_>, side: &Value, from: u32, to: u32) -> Result<()> {
    for first in (from..to).step_by(CHUNK as usize) {
        page.call("watchRows", &[side.clone(), json!(first + 1), json!(CHUNK.min(to - first))])?;
    }
    Ok(())
}

fn add(measured: &Measured, table: &mut Table) -> Result<()> {
    let both = |rounds: &Rounds, figure: &str| {
        Ok::<_, anyhow::Error>([rounds.median(INDEXIE, figure)?, rounds.median(DEXIE, figure)?])
    };
    let mut line = |what: String, rounds: &Rounds, figure: &str| {
        table.add(what, both(rounds, figure)?.map(milliseconds), Some(rounds.ratio(INDEXIE, DEXIE, figure)?));
        Ok::<_, anyhow::Error>(())
    };
    for (at, rounds) in measured.puts.iter().enumerate() {
        line(format!("{}: a put of another row, until all is quiet", live(at)), rounds, "/row/quiet")?;
    }
    line(format!("{}: the same in a table that nobody watches", live(LAST)), &measured.puts[LAST], "/table/quiet")?;
    line(format!("{}: unsubscribing all", live(LAST)), &measured.unwatched, "/call")?;
    line(format!("{}: the same, until all is quiet", live(LAST)), &measured.unwatched, "/quiet")?;
    // Of one put right after the other. With none it would be 1, if the two tables were exactly alike.
    for (at, rounds) in measured.puts.iter().enumerate() {
        let times = both(rounds, "/cost")?.map(|cost| format!("{cost:.2} times"));
        table.add(format!("{}: a put, and one in a table that nobody watches", live(at)), times, None);
    }
    let each = |side: &[Held], of: fn(&Held) -> Option<f64>| {
        let bytes = median(side.iter().filter_map(of).collect()).ok().filter(|bytes| *bytes > 0.0);
        bytes.map(|bytes| format!("{} B", grouped(bytes / f64::from(COUNTS[LAST])))).unwrap_or_default()
    };
    let of_both = |of: fn(&Held) -> Option<f64>| [0, 1].map(|side| each(&measured.held[side], of));
    table.add("memory of a live row, in wasm", of_both(|held| Some(held.wasm)), None);
    table.add("memory of a live row, in JavaScript", of_both(|held| held.script), None);
    Ok(())
}

/// How many live rows there are.
fn live(at: usize) -> String {
    let count = COUNTS[at];
    format!("{} live {}", grouped(count.into()), if count == 1 { "row" } else { "rows" })
}
