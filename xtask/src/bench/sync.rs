//! Tables that follow a shape of ElectricSQL's: what it takes until all rows are stored, and until a change that the server has
//! committed is in a live query's result. Beside indexie is the official client, with Dexie to store what it gives.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::electric::Electric;
use super::figures::{Rounds, quantile};
use super::page::Page;
use super::sides::{BOTH, DEXIE, INDEXIE};
use super::table::{Table, grouped, megabytes, milliseconds};

/// Rows that the server is given at once.
const CHUNK: u32 = 10_000;
/// Of the table whose changes are waited for.
const WATCHED: u32 = 1_000;
/// Changes of each side, and how many of them are made in one call.
const CHANGES: u32 = 200;
const CHANGES_AT_ONCE: u32 = 20;

pub fn measure(page: &Page<'_>, server: &Electric, rounds: u32, sizes: &[u32], table: &mut Table) -> Result<()> {
    page.load()?;
    for size in sizes {
        let name = format!("people_{size}");
        create(page, server, &name, *size)?;
        add_initial(&initial(page, server, &name, *size, rounds)?, *size, table)?;
    }
    add_latency(&latency(page, server)?, table)
}

fn create(page: &Page<'_>, server: &Electric, name: &str, rows: u32) -> Result<()> {
    page.call("create", &[json!(server.url), json!(name)])?;
    for first in (1..=rows).step_by(CHUNK as usize) {
        page.call("insert", &[json!(server.url), json!(name), json!(first), json!(CHUNK.min(rows + 1 - first))])?;
    }
    // The server makes the shape when it is asked for it first.
    page.call("warm", &[json!(server.url), json!(name)]).map(drop)
}

/// Fills the table of one side after the other, each in a page that has just been loaded.
fn initial(page: &Page<'_>, server: &Electric, name: &str, rows: u32, rounds: u32) -> Result<Rounds> {
    println!("    initial sync of {} rows", grouped(rows.into()));
    let mut measured = Rounds::default();
    // The first one warms the disk and the browser.
    for round in 0..=rounds {
        let mut sides = BOTH;
        if round % 2 == 1 {
            sides.reverse();
        }
        let mut figures = serde_json::Map::new();
        for side in sides {
            page.load()?;
            let run = |name: &str, arguments: &[Value]| page.call_long(name, arguments);
            let name_of_side = json!(side);
            page.call("open", &[name_of_side.clone(), json!(name), json!(page.keeps_rows())])?;
            let took = run("initial", &[name_of_side.clone(), json!(server.url), json!(name), json!(round)])?;
            if page.keeps_rows() {
                let stored = run("checksum", std::slice::from_ref(&name_of_side))?;
                let wanted = page.call("expected", &[json!(rows)])?;
                ensure!(stored == wanted, "{side} has stored {stored}, and the server has {wanted}");
            }
            run("remove", &[name_of_side])?;
            figures.insert(side.to_string(), took);
        }
        if round > 0 {
            measured.push(Value::Object(figures));
        }
    }
    Ok(measured)
}

fn add_initial(rounds: &Rounds, rows: u32, table: &mut Table) -> Result<()> {
    let both = |figure: &str| Ok::<_, anyhow::Error>([rounds.median(INDEXIE, figure)?, rounds.median(DEXIE, figure)?]);
    let what = |text: &str| format!("initial sync of {} rows: {text}", grouped(rows.into()));
    let took = both("/ms")?;
    table.add(what("until all are stored"), took.map(milliseconds), Some(rounds.ratio(INDEXIE, DEXIE, "/ms")?));
    table.add(what("rows per second"), took.map(|took| grouped(f64::from(rows) * 1_000.0 / took)), None);
    table.add(what("memory taken by wasm"), both("/wasm")?.map(megabytes), None);
    // Firefox does not tell.
    if let Ok(heap) = both("/heap") {
        table.add(what("most of JavaScript's heap meanwhile"), heap.map(megabytes), None);
    }
    Ok(())
}

/// What the changes have taken, each side's.
struct Latency {
    items: [Vec<f64>; 2],
    commits: [Vec<f64>; 2],
}

fn latency(page: &Page<'_>, server: &Electric) -> Result<Latency> {
    println!("    {CHANGES} changes of one row of {}, one after the other", grouped(WATCHED.into()));
    page.load()?;
    for side in BOTH {
        let (name, table) = (json!(side), format!("watched_{side}").to_lowercase());
        create(page, server, &table, WATCHED)?;
        page.call("open", &[name.clone(), json!(table), json!(page.keeps_rows())])?;
        page.call("initial", &[name.clone(), json!(server.url), json!(table), json!(0)])?;
        page.call("watch", &[name])?;
    }
    let mut latency = Latency { items: Default::default(), commits: Default::default() };
    for first in (1..=CHANGES).step_by(CHANGES_AT_ONCE as usize) {
        let figures = page.call("changes", &[json!(server.url), json!(first), json!(CHANGES_AT_ONCE)])?;
        for (at, side) in BOTH.into_iter().enumerate() {
            for change in figures[side].as_array().context("no changes")? {
                latency.items[at].push(change["item"].as_f64().context("no item")?);
                latency.commits[at].push(change["commit"].as_f64().context("no commit")?);
            }
        }
    }
    for side in BOTH {
        page.call("remove", &[json!(side)])?;
    }
    Ok(latency)
}

fn add_latency(latency: &Latency, table: &mut Table) -> Result<()> {
    let mut line = |what: &str, figures: &[Vec<f64>; 2], part: f64| {
        let [indexie, other] = figures;
        let both = [quantile(indexie.clone(), part)?, quantile(other.clone(), part)?];
        table.add(what, both.map(milliseconds), Some(both[0] / both[1]));
        Ok::<_, anyhow::Error>(())
    };
    line("a change, from the request that commits it to the live query's item", &latency.items, 0.5)?;
    line("the same, 95 of 100 are within", &latency.items, 0.95)?;
    line("the same, to the request's own answer", &latency.commits, 0.5)
}
