//! Opening and closing in a loop leaves neither connections nor memory behind.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::check::same;
use super::stage::{Stage, tests};
use super::tab::Tab;
use crate::browser::Kind;

tests![
    opening_and_closing_leaves_nothing_behind,
    making_and_dropping_leaves_nothing_behind,
    dropping_while_it_opens_leaves_nothing_behind,
];

/// After so many rounds all that is kept for ever is there: compiled code, shapes, caches.
const WARM: u32 = 300;
/// So many rounds, twice, show in Firefox that connections are closed and that wasm's memory does not grow; each takes long there.
const UNMEASURED: u32 = 100;
/// So many more are measured where the browser tells the size of its heap; the driver itself leaves tens of kilobytes behind.
const MEASURED: u32 = 2_000;
/// A leak grows each time that so many are measured; what the browser collects later does not.
const WINDOWS: u32 = 4;
/// Less than this is left behind by a round: a connection, a closure or a promise would be more.
const BYTES: f64 = 64.0;
/// A connection that is still open would make this take for ever; a slow machine does not take so long.
const AT_ONCE: Duration = Duration::from_mins(2);

fn opening_and_closing_leaves_nothing_behind(stage: &Stage) -> Result<()> {
    go_round(stage, "open and close")
}

fn making_and_dropping_leaves_nothing_behind(stage: &Stage) -> Result<()> {
    go_round(stage, "make and drop")
}

fn dropping_while_it_opens_leaves_nothing_behind(stage: &Stage) -> Result<()> {
    go_round(stage, "make and drop at once")
}

fn go_round(stage: &Stage, command: &str) -> Result<()> {
    let name = stage.database;
    let (tab, other) = (stage.tab()?, stage.tab()?);
    tab.stock(name, 100)?;
    let round = |times: u32| tab.call(command, json!({ "name": name, "times": times }));

    let (warm, rounds) = match stage.kind() {
        Kind::Chromium => (WARM, MEASURED),
        Kind::Firefox => (UNMEASURED, UNMEASURED),
    };
    round(warm)?;
    let mut before = Memory::of(stage, &tab)?;
    let mut each = f64::INFINITY;
    for _ in 0..WINDOWS {
        round(rounds)?;
        let after = Memory::of(stage, &tab)?;
        same("wasm memory in bytes", &after.wasm, &before.wasm)?;
        each = (after.heap.unwrap_or_default() - before.heap.unwrap_or_default()) / f64::from(rounds);
        if each < BYTES {
            break;
        }
        before = after;
    }
    println!("     the heap grew by {each:.1} bytes in each of {rounds} rounds of `{command}`");
    ensure!(each < BYTES, "the heap grew by {each:.1} bytes in each of {rounds} rounds");
    let start = Instant::now();
    let deleted = other.script("return e2e.deleteStored(arguments[0])", &[json!(name)])?;
    same("deleting the database from another tab", deleted, json!({ "blocked": false }))?;
    ensure!(start.elapsed() < AT_ONCE, "deleting the database took {:?}", start.elapsed());
    Ok(())
}

struct Memory {
    wasm: Value,
    /// What JavaScript has allocated and can reach, in bytes. Firefox does not tell.
    heap: Option<f64>,
}

impl Memory {
    fn of(stage: &Stage, tab: &Tab<'_>) -> Result<Self> {
        let wasm = tab.script("return e2e.memory_bytes()", &[])?;
        if stage.kind() == Kind::Firefox {
            return Ok(Self { wasm, heap: None });
        }
        // What a finalizer lets go of is collected the second time.
        for _ in 0..3 {
            tab.devtools("HeapProfiler.collectGarbage", &json!({}))?;
        }
        let usage = tab.devtools("Runtime.getHeapUsage", &json!({}))?;
        let heap = usage["usedSize"].as_f64().context("Chromium does not tell the size of its heap")?;
        // Where the browser's own objects are: connections and requests.
        let own = usage["embedderHeapUsedSize"].as_f64().unwrap_or_default();
        Ok(Self { wasm, heap: Some(heap + own) })
    }
}
