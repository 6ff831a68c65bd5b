//! The same operations in tables of several sizes: how each one's time grows, beside what its plan says, what it reads, and what is in
//! memory. What grows more than its plan says ends the command with an error.

mod growth;
mod report;

use std::fmt;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::figures::Rounds;
use super::page::{self, Page};
use super::sides::{BOTH, DEXIE, INDEXIE};
use super::table::grouped;
use growth::Growth;
use report::{Curve, Point, Report};

/// Rows of a page, and about as many in the range.
const PAGE: u64 = 50;
/// Rows of one bulk. Less than this is no table.
const PART: u32 = 10_000;
const SMALLEST: u32 = 200;

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// As the page calls it.
    name: &'static str,
    title: &'static str,
    growth: Growth,
}

const fn operation(name: &'static str, title: &'static str, growth: Growth) -> Operation {
    Operation { name, title, growth }
}

const IMPORT: &str = "import";
const LIVE: &str = "live";
const STREAM: &str = "stream";

const OPERATIONS: [Operation; 9] = [
    operation(IMPORT, "bulk add in parts of 10,000, each 1,000 rows", Growth::Flat),
    operation("get", "get", Growth::Flat),
    operation("range", "range of an index, 50 rows", Growth::Flat),
    operation("offset", "page of 50 at an offset of half the table", Growth::Linear),
    operation("keyset", "the same page by its cursor", Growth::Flat),
    operation("countRange", "count of a range, half the table", Growth::Linear),
    operation("countAll", "count of all", Growth::Linear),
    operation(LIVE, "put of a row, until 4 live queries have told", Growth::Flat),
    operation(STREAM, "stream of all rows, each 1,000 rows", Growth::Flat),
];

impl Operation {
    fn is_live(self) -> bool {
        self.name == LIVE
    }
}

/// What comes out of `IndexedDB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reads {
    requests: u64,
    rows: u64,
    keys: u64,
}

impl Reads {
    fn of(value: &Value) -> Result<Self> {
        let number = |name: &str| value[name].as_u64().with_context(|| format!("no {name} in {value}"));
        Ok(Self { requests: number("requests")?, rows: number("rows")?, keys: number("keys")? })
    }

    fn of_both(value: &Value) -> Result<[Self; 2]> {
        Ok([Self::of(&value[INDEXIE])?, Self::of(&value[DEXIE])?])
    }
}

impl fmt::Display for Reads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {} / {}", grouped_count(self.requests), grouped_count(self.rows), grouped_count(self.keys))
    }
}

#[allow(clippy::cast_precision_loss, reason = "no table has so many rows")]
fn grouped_count(count: u64) -> String {
    grouped(count as f64)
}

/// Bytes beyond those before the stream, at most.
#[derive(Clone, Copy, Debug)]
pub struct Streamed {
    wasm: f64,
    script: Option<f64>,
    /// What is left when the garbage has been collected.
    left: Option<f64>,
}

/// Memory in use, in a table of one size.
#[derive(Debug)]
pub struct Memory {
    rows: u32,
    loaded: page::Memory,
    imported: page::Memory,
    read: page::Memory,
    /// By indexie, and by Dexie.
    streamed: [Streamed; 2],
}

/// Measures all operations in tables of these sizes, and prints what has come out.
pub fn measure(page: &Page<'_>, rounds: u32, sizes: &[u32]) -> Result<()> {
    let mut sizes = sizes.to_vec();
    sizes.sort_unstable();
    sizes.dedup();
    ensure!(sizes.first().is_some_and(|rows| *rows >= SMALLEST), "a table has {SMALLEST} rows, or more");
    let other = ["Dexie", &page.dexie_version()?].join(" ");
    let curve = |operation| Curve { operation, plan: None, points: Vec::new() };
    let mut report = Report { other, sizes: sizes.clone(), curves: OPERATIONS.map(curve).into(), memory: Vec::new() };
    for rows in sizes {
        let memory = in_table_of(page, rows, rounds, &mut report.curves)?;
        report.memory.push(memory);
    }
    println!("\n{report}");
    let faults = report.faults();
    if faults.is_empty() {
        return Ok(());
    }
    bail!("not as planned: {}", faults.join("; "))
}

fn in_table_of(page: &Page<'_>, rows: u32, rounds: u32, curves: &mut [Curve]) -> Result<Memory> {
    load(page, rows)?;
    // What an earlier run has left.
    page.call_long("remove", &[])?;
    load(page, rows)?;
    let loaded = page.memory()?;
    let begins = |what: &str| println!("    {} rows: {what}", grouped(rows.into()));
    begins("import");
    let imported = import(page, rows)?;
    let memory_imported = page.memory()?;

    begins("single operations");
    load(page, rows)?;
    page.call_long("prepare", &[])?;
    let mut points = vec![imported];
    let single = |operation: &Operation| ![IMPORT, LIVE, STREAM].contains(&operation.name);
    for operation in OPERATIONS.iter().filter(|it| single(it)) {
        points.push(read(page, operation.name, rows, rounds)?);
    }
    agree(page, rows)?;
    begins("live queries");
    points.push(live(page, rows, rounds)?);
    let memory_read = page.memory()?;
    for curve in &mut *curves {
        if ![IMPORT, LIVE].contains(&curve.operation.name) {
            let plan = page.call("explain", &[json!(curve.operation.name)])?;
            curve.plan = plan.as_str().map(str::to_owned);
        }
    }

    begins("streams");
    let (point, streamed) = stream(page, rows)?;
    points.push(point);
    load(page, rows)?;
    page.call_long("remove", &[])?;
    for (curve, point) in curves.iter_mut().zip(points) {
        curve.points.push(point);
    }
    Ok(Memory { rows, loaded, imported: memory_imported, read: memory_read, streamed })
}

/// A page with nothing in its memory.
fn load(page: &Page<'_>, rows: u32) -> Result<()> {
    page.load()?;
    page.call("open", &[json!(rows)]).map(drop)
}

fn point(rows: u32, measured: &Rounds, figure: &str, reads: Option<[Reads; 2]>) -> Result<Point> {
    let times = [measured.median(INDEXIE, figure)?, measured.median(DEXIE, figure)?];
    Ok(Point { rows, times, ratio: measured.ratio(INDEXIE, DEXIE, figure)?, reads })
}

/// For each 1,000 rows, in the middle one of all parts.
fn import(page: &Page<'_>, rows: u32) -> Result<Point> {
    let mut parts = Rounds::default();
    for first in (1..=rows).step_by(PART as usize) {
        let count = PART.min(rows + 1 - first);
        let times = page.call_long("fill", &[json!(first), json!(count)])?;
        let each = |side: &str| times[side].as_f64().map(|ms| ms * 1_000.0 / f64::from(count));
        parts.push(json!({ INDEXIE: { "ms": each(INDEXIE) }, DEXIE: { "ms": each(DEXIE) } }));
    }
    point(rows, &parts, "/ms", None)
}

fn read(page: &Page<'_>, operation: &str, rows: u32, rounds: u32) -> Result<Point> {
    let mut measured = Rounds::default();
    for round in 0..=rounds {
        let figures = page.call_long("measure", &[json!(operation), json!(round)])?;
        // The first one compiles everything.
        if round > 0 {
            measured.push(figures);
        }
    }
    let reads = Reads::of_both(&page.call_long("read", &[json!(operation)])?)?;
    point(rows, &measured, "/ms", Some(reads))
}

/// A page is the same one by either way.
fn agree(page: &Page<'_>, rows: u32) -> Result<()> {
    let found =
        |name: &str| Ok::<_, anyhow::Error>(page.call_long("measure", &[json!(name), json!(0)])?["found"].take());
    let [offset, keyset] = [found("offset")?, found("keyset")?];
    ensure!(offset == keyset, "of {rows} rows, a page by its offset is {offset}, and by its cursor {keyset}");
    Ok(())
}

fn live(page: &Page<'_>, rows: u32, rounds: u32) -> Result<Point> {
    page.call_long("watch", &[])?;
    let mut measured = Rounds::default();
    // The first two make the row what it is in turn from then on.
    for round in 0..rounds + 2 {
        let figures = page.call_long("live", &[json!(round)])?;
        if round >= 2 {
            for side in BOTH {
                let told = &figures[side]["told"];
                ensure!(*told == 4, "of 4 live queries of {side}, {told} were told of a put");
            }
            measured.push(figures);
        }
    }
    let reads = Reads::of_both(&page.call_long("readLive", &[json!(rounds + 2)])?)?;
    page.call("unwatch", &[])?;
    point(rows, &measured, "/ms", Some(reads))
}

/// For each 1,000 rows. Each side has a page of its own: garbage of one is not to be the other's.
fn stream(page: &Page<'_>, rows: u32) -> Result<(Point, [Streamed; 2])> {
    let mut streams = Vec::with_capacity(BOTH.len());
    for side in BOTH {
        load(page, rows)?;
        let before = page.memory()?;
        let mut streamed = page.call_long("stream", &[json!(side)])?;
        let after = page.memory()?;
        streamed["left"] = json!(after.script.zip(before.script).map(|(after, before)| after - before));
        streams.push(streamed);
    }
    let [indexie, dexie] = [&streams[0], &streams[1]];
    ensure!(
        indexie["sum"] == dexie["sum"],
        "a stream of indexie has the sum {}, and Dexie's {}",
        indexie["sum"],
        dexie["sum"]
    );
    let each = |it: &Value| it["ms"].as_f64().map(|ms| json!({ "ms": ms * 1_000.0 / f64::from(rows) }));
    let mut measured = Rounds::default();
    measured.push(json!({ INDEXIE: each(indexie), DEXIE: each(dexie) }));
    let bytes = |it: &Value| {
        let wasm = it["wasm"].as_f64().context("the program does not tell its memory")?;
        Ok::<_, anyhow::Error>(Streamed { wasm, script: it["heap"].as_f64(), left: it["left"].as_f64() })
    };
    Ok((point(rows, &measured, "/ms", None)?, [bytes(indexie)?, bytes(dexie)?]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_told_in_three_numbers() {
        let reads = Reads::of(&json!({ "requests": 2, "rows": 1_050, "keys": 0 })).expect("all are there");

        assert_eq!(reads.to_string(), "2 / 1,050 / 0");
        assert!(Reads::of(&json!({ "requests": 2 })).is_err());
    }
}
