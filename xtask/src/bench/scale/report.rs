//! What was measured in tables of all sizes, as it is printed; and what grows more than its plan says. Pure.

use std::fmt;

use super::growth::{Growth, exponent};
use super::{Memory, Operation, PAGE, Reads};
use crate::bench::table::{aligned, factor, grouped, megabytes, milliseconds};

/// Rows of an index in a range that is as wide as a page on average.
const MOST_ROWS: u64 = PAGE + 5;
/// A live query that is told of one row reads less than this: the row, and what moves into a window.
const MOST_LIVE_ROWS: u64 = 4;
/// Bytes that the program may take from the browser to stream a table: some chunks, whatever the table.
const MOST_STREAMED: f64 = 4_000_000.0;

/// An operation in tables of all sizes.
#[derive(Debug)]
pub struct Curve {
    pub operation: Operation,
    pub plan: Option<String>,
    pub points: Vec<Point>,
}

/// The same in one of them.
#[derive(Debug)]
pub struct Point {
    pub rows: u32,
    /// Milliseconds of indexie and of Dexie, and the one as a part of the other.
    pub times: [f64; 2],
    pub ratio: f64,
    /// Of both.
    pub reads: Option<[Reads; 2]>,
}

impl Curve {
    fn exponent(&self, side: usize) -> Option<f64> {
        let points: Vec<_> = self.points.iter().map(|point| (f64::from(point.rows), point.times[side])).collect();
        exponent(&points)
    }

    /// What is wrong with it, if something is.
    fn fault(&self) -> Option<String> {
        let Operation { title, growth, .. } = self.operation;
        let most = if self.operation.is_live() { MOST_LIVE_ROWS } else { MOST_ROWS };
        if let Some((rows, reads)) =
            self.points.iter().filter_map(|point| Some((point.rows, point.reads?[0]))).find(|(_, it)| it.rows > most)
        {
            return Some(format!("{title}: {} of {} rows are read", reads.rows, grouped(rows.into())));
        }
        let exponent = self.exponent(0)?;
        let [first, last] = [self.points.first()?, self.points.last()?].map(|point| f64::from(point.rows));
        (!growth.allows(exponent, last / first)).then(|| format!("{title}: grows with rows^{exponent:.2}"))
    }
}

/// All of them, and memory.
#[derive(Debug)]
pub struct Report {
    pub other: String,
    pub sizes: Vec<u32>,
    pub curves: Vec<Curve>,
    pub memory: Vec<Memory>,
}

impl Report {
    /// What is not as planned.
    pub fn faults(&self) -> Vec<String> {
        let streamed = |memory: &Memory| {
            let [grown, _] = memory.streamed.map(|streamed| streamed.wasm);
            let rows = grouped(memory.rows.into());
            (grown > MOST_STREAMED).then(|| format!("streaming {rows} rows takes {} of wasm", megabytes(grown)))
        };
        self.curves.iter().filter_map(Curve::fault).chain(self.memory.iter().filter_map(streamed)).collect()
    }

    fn head(&self, first: &[&str]) -> Vec<String> {
        let sizes = self.sizes.iter().map(|rows| format!("{} rows", grouped((*rows).into())));
        first.iter().map(|name| (*name).to_owned()).chain(sizes).collect()
    }

    fn times(&self, side: usize) -> Vec<Vec<String>> {
        // What is planned is indexie's.
        let own = side == 0;
        let first: &[&str] = if own { &["", "planned", "measured"] } else { &["", "measured"] };
        let mut cells = vec![self.head(first)];
        for curve in &self.curves {
            let exponent = curve.exponent(side).map(|it| format!("rows^{it:.2}")).unwrap_or_default();
            let planned = match curve.operation.growth {
                Growth::Flat => "flat",
                Growth::Linear => "linear",
            };
            let planned = own.then(|| planned.to_owned());
            let first = [curve.operation.title.to_owned()].into_iter().chain(planned).chain([exponent]);
            let times = curve.points.iter().map(|point| milliseconds(point.times[side]));
            cells.push(first.chain(times).collect());
        }
        cells
    }

    fn ratios(&self) -> Vec<Vec<String>> {
        let mut cells = vec![self.head(&[""])];
        for curve in &self.curves {
            let ratios = curve.points.iter().map(|point| factor(point.ratio));
            cells.push([curve.operation.title.to_owned()].into_iter().chain(ratios).collect());
        }
        cells
    }

    fn reads(&self) -> Vec<Vec<String>> {
        let mut cells = vec![self.head(&["requests / rows / keys"])];
        for curve in &self.curves {
            for (side, name) in ["indexie", "Dexie"].into_iter().enumerate() {
                let reads: Vec<_> = curve.points.iter().filter_map(|it| Some(it.reads?[side].to_string())).collect();
                if reads.len() == self.sizes.len() {
                    let title = format!("{}, {name}", curve.operation.title);
                    cells.push([title].into_iter().chain(reads).collect());
                }
            }
        }
        cells
    }

    fn memories(&self) -> Vec<Vec<String>> {
        let mut cells = vec![self.head(&[""])];
        let mut line = |title: &str, of: &dyn Fn(&Memory) -> Option<f64>| {
            let figures = self.memory.iter().map(|memory| of(memory).map(megabytes).unwrap_or_default());
            cells.push([title.to_owned()].into_iter().chain(figures).collect());
        };
        line("wasm when the page is loaded", &|memory| Some(memory.loaded.wasm));
        line("wasm after the import", &|memory| Some(memory.imported.wasm));
        line("wasm after all reads and puts", &|memory| Some(memory.read.wasm));
        line("wasm that a stream of all rows takes", &|memory| Some(memory.streamed[0].wasm));
        line("JavaScript's heap when the page is loaded", &|memory| memory.loaded.script);
        line("JavaScript's heap after the import, both", &|memory| memory.imported.script);
        line("JavaScript's heap after all reads and puts, both", &|memory| memory.read.script);
        line("JavaScript's heap at most in a stream, with garbage", &|memory| memory.streamed[0].script);
        line("the same, Dexie's each", &|memory| memory.streamed[1].script);
        line("JavaScript's heap that is left after a stream", &|memory| memory.streamed[0].left);
        line("the same, Dexie's each", &|memory| memory.streamed[1].left);
        cells
    }
}

/// As Markdown.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "indexie\n")?;
        aligned(f, &self.times(0))?;
        writeln!(f, "\n{}\n", self.other)?;
        aligned(f, &self.times(1))?;
        writeln!(f, "\nindexie, as a part of {}\n", self.other)?;
        aligned(f, &self.ratios())?;
        writeln!(f, "\nWhat IndexedDB is asked, and answers, once\n")?;
        aligned(f, &self.reads())?;
        writeln!(f, "\nMemory\n")?;
        aligned(f, &self.memories())?;
        writeln!(f, "\nPlans, as `explain()` tells them\n")?;
        for (curve, plan) in self.curves.iter().filter_map(|curve| Some((curve, curve.plan.as_ref()?))) {
            writeln!(f, "- {}: {plan}", curve.operation.title)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{OPERATIONS, Streamed};
    use super::*;
    use crate::bench::page;

    fn reads(requests: u64, rows: u64, keys: u64) -> Reads {
        Reads { requests, rows, keys }
    }

    fn curve(operation: Operation, times: [f64; 2], rows_read: u64) -> Curve {
        let point = |rows, ms| Point {
            rows,
            times: [ms, 2.0 * ms],
            ratio: 0.5,
            reads: Some([reads(1, rows_read, 0), reads(2, 50, 1)]),
        };
        Curve {
            operation,
            plan: Some("one get".to_owned()),
            points: vec![point(1_000, times[0]), point(10_000, times[1])],
        }
    }

    fn report(curve: Curve, streamed: f64) -> Report {
        let memory = |rows| Memory {
            rows,
            loaded: page::Memory { wasm: 1e6, script: None },
            imported: page::Memory { wasm: 9e6, script: Some(2e6) },
            read: page::Memory { wasm: 2e6, script: None },
            streamed: [
                Streamed { wasm: streamed, script: None, left: None },
                Streamed { wasm: 0.0, script: Some(3e6), left: None },
            ],
        };
        let memory = vec![memory(1_000), memory(10_000)];
        Report { other: "Dexie 4".to_owned(), sizes: vec![1_000, 10_000], curves: vec![curve], memory }
    }

    fn operation(name: &str) -> Operation {
        OPERATIONS.into_iter().find(|it| it.name == name).expect("there is one of this name")
    }

    #[test]
    fn what_is_as_planned_has_no_fault() {
        assert_eq!(report(curve(operation("get"), [1.0, 1.2], 1), 1e6).faults(), [""; 0]);
        assert_eq!(report(curve(operation("offset"), [1.0, 10.0], 50), 1e6).faults(), [""; 0]);
    }

    #[test]
    fn a_get_that_grows_with_the_table_is_a_fault() {
        let faults = report(curve(operation("get"), [1.0, 10.0], 1), 1e6).faults();

        assert_eq!(faults, ["get: grows with rows^1.00"]);
    }

    #[test]
    fn a_page_that_reads_the_rows_before_it_is_a_fault() {
        let faults = report(curve(operation("offset"), [1.0, 10.0], 550), 1e6).faults();

        assert_eq!(faults, ["page of 50 at an offset of half the table: 550 of 1,000 rows are read"]);
    }

    #[test]
    fn a_stream_that_holds_the_table_is_a_fault() {
        let faults = report(curve(operation("get"), [1.0, 1.0], 1), 5e6).faults();

        assert_eq!(faults[0], "streaming 1,000 rows takes 5.0 MB of wasm");
    }

    #[test]
    fn a_figure_stands_under_its_size() {
        let report = report(curve(operation("get"), [1.0, 10.0], 1), 1e6);

        assert_eq!(report.times(0)[0], ["", "planned", "measured", "1,000 rows", "10,000 rows"]);
        assert_eq!(report.times(1)[1], ["get", "rows^1.00", "2.00 ms", "20 ms"]);
        assert_eq!(report.ratios()[1], ["get", "0.50", "0.50"]);
        assert_eq!(report.reads()[2], ["get, Dexie", "2 / 50 / 1", "2 / 50 / 1"]);
        assert_eq!(report.memories()[2], ["wasm after the import", "9.0 MB", "9.0 MB"]);
        assert!(report.to_string().ends_with("- get: one get\n"));
    }
}
