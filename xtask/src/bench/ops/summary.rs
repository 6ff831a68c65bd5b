//! The figures of a run in short: of each operation the median of the ratios within each round, with its quartiles, and the
//! geometric means over all. Pure.

use std::fmt;

use anyhow::Result;

use super::{CRATES, DEXIE, INDEXIE, Operation, RAW};
use crate::bench::figures::{Rounds, geometric_mean, median, quantile};
use crate::bench::table::{aligned, milliseconds};

/// A median between two quartiles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub low: f64,
    pub middle: f64,
    pub high: f64,
}

impl Spread {
    fn of(figures: &[f64]) -> Result<Self> {
        let part = |part| quantile(figures.to_vec(), part);
        Ok(Self { low: part(0.25)?, middle: median(figures.to_vec())?, high: part(0.75)? })
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ({:.2}–{:.2})", self.middle, self.low, self.high)
    }
}

/// An operation.
#[derive(Debug)]
pub struct Line {
    pub title: &'static str,
    /// Whether it is in the means.
    counts: bool,
    /// By hand, in milliseconds.
    raw: f64,
    /// Each side's part of that.
    pub to_raw: Vec<Spread>,
    /// Each side's part of Dexie's; not a number if that does not take part.
    to_dexie: Vec<f64>,
    /// Each side's part of that of the best Rust crate, itself not being one of them; not a number if none takes part.
    to_crates: Vec<f64>,
}

/// All operations.
#[derive(Debug)]
pub struct Summary {
    /// All but the one that they are measured by.
    pub sides: Vec<String>,
    pub lines: Vec<Line>,
}

impl Summary {
    pub fn of(sides: &[&str], measured: &[(Operation, Rounds)]) -> Result<Self> {
        let sides: Vec<String> = sides.iter().filter(|side| **side != RAW).map(|side| (*side).to_owned()).collect();
        let lines =
            measured.iter().map(|(operation, rounds)| line(*operation, rounds, &sides)).collect::<Result<_>>()?;
        Ok(Self { sides, lines })
    }

    /// The cells of the table, with a head.
    pub fn cells(&self) -> Vec<Vec<String>> {
        let head = [String::new(), RAW.to_owned()].into_iter().chain(self.sides.iter().cloned());
        let last = [format!("{INDEXIE} / {DEXIE}"), format!("{INDEXIE} / best crate")];
        let mut cells = vec![head.chain(last).collect()];
        let of_indexie = |figures: &[f64]| {
            let at = self.sides.iter().position(|side| side == INDEXIE);
            at.map(|at| factor(figures[at])).unwrap_or_default()
        };
        for line in &self.lines {
            let first = [line.title.to_owned(), milliseconds(line.raw)];
            let last = [of_indexie(&line.to_dexie), of_indexie(&line.to_crates)];
            cells.push(first.into_iter().chain(line.to_raw.iter().map(Spread::to_string)).chain(last).collect());
        }
        let mut mean = |title: &str, figure: fn(&Line, usize) -> f64| {
            let means = (0..self.sides.len()).map(|side| factor(self.mean(|line| figure(line, side))));
            let first = [title.to_owned(), String::new()].into_iter();
            cells.push(first.chain(means).chain([String::new(), String::new()]).collect());
        };
        mean("geometric mean, against raw", |line, side| line.to_raw[side].middle);
        mean("geometric mean, against Dexie", |line, side| line.to_dexie[side]);
        mean("geometric mean, against the best Rust crate", |line, side| line.to_crates[side]);
        cells
    }

    fn mean(&self, figure: impl Fn(&Line) -> f64) -> f64 {
        geometric_mean(&self.lines.iter().filter(|line| line.counts).map(figure).collect::<Vec<_>>())
    }
}

fn line(operation: Operation, rounds: &Rounds, sides: &[String]) -> Result<Line> {
    let takes_part = |other: &str| sides.iter().any(|side| side == other);
    let part_of = |other: &str| {
        if !takes_part(other) {
            return Ok(vec![f64::NAN; sides.len()]);
        }
        sides.iter().map(|side| rounds.ratio(side, other, "/ms")).collect::<Result<Vec<_>>>()
    };
    let to_raw = sides.iter().map(|side| Spread::of(&rounds.ratios(side, RAW, "/ms")?)).collect::<Result<_>>()?;
    let to_each: Vec<_> = CRATES.iter().map(|(name, _)| Ok((*name, part_of(name)?))).collect::<Result<_>>()?;
    // Against the best one, the ratio is the highest.
    let to_best = |(at, side): (usize, &String)| {
        to_each.iter().filter(|(name, _)| name != side).map(|(_, parts)| parts[at]).fold(f64::NAN, f64::max)
    };
    Ok(Line {
        title: operation.title,
        counts: operation.counts,
        raw: rounds.median(RAW, "/ms")?,
        to_raw,
        to_dexie: part_of(DEXIE)?,
        to_crates: sides.iter().enumerate().map(to_best).collect(),
    })
}

fn factor(ratio: f64) -> String {
    if ratio.is_nan() { String::new() } else { format!("{ratio:.2}") }
}

/// As Markdown.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        aligned(f, &self.cells())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn summary() -> Summary {
        let sides = [RAW, INDEXIE, DEXIE, "idb (Rust)", "rexie", "indexed_db_futures", "indexed-db"];
        let measured = [([4.0, 2.0, 8.0, 4.0, 5.0, 6.0, 7.0], true), ([4.0, 8.0, 8.0, 4.0, 5.0, 6.0, 7.0], true)];
        let measured = measured.map(|(times, counts)| {
            let round = sides.iter().zip(times).map(|(side, ms)| ((*side).to_owned(), json!({ "ms": ms }))).collect();
            let mut rounds = Rounds::default();
            rounds.push(serde_json::Value::Object(round));
            (Operation { name: "get", title: "a get", counts }, rounds)
        });
        Summary::of(&sides, &measured).expect("all figures are there")
    }

    #[test]
    fn an_operation_is_a_part_of_the_one_by_hand() {
        let cells = summary().cells();

        assert_eq!(cells[0][..4], ["", "raw", "indexie", "Dexie"]);
        assert_eq!(cells[1][..4], ["a get", "4.00 ms", "0.50 (0.50–0.50)", "2.00 (2.00–2.00)"]);
    }

    #[test]
    fn the_best_crate_is_the_one_that_is_hardest_to_beat() {
        let cells = summary().cells();

        assert_eq!(cells[1][8..], ["0.25", "0.50"]);
    }

    #[test]
    fn the_means_are_geometric() {
        let cells = summary().cells();

        let of_indexie: Vec<_> = cells[3..].iter().map(|line| line[2].as_str()).collect();
        assert_eq!(of_indexie, ["1.00", "0.50", "1.00"]);
    }

    #[test]
    fn a_spread_has_its_quartiles() {
        let figures: Vec<f64> = (0..8).map(f64::from).collect();

        assert_eq!(Spread::of(&figures).ok(), Some(Spread { low: 2.0, middle: 4.0, high: 6.0 }));
    }
}
