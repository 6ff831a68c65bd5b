//! The table that is printed: what each program weighs, what it adds to the floor, and the bar beside it. Pure.

use std::fmt;

use super::program::{CORE, FLOOR, FURTHER_RECORDS, PROGRAMS, RECORD_BAR, RECORDS};
use super::weight::Weight;

/// The files of one program.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub program: &'static str,
    pub wasm: Weight,
    /// As wasm-bindgen writes it.
    pub script: Weight,
    /// As a bundler ships it.
    pub minified: Weight,
}

impl Row {
    /// Of wasm and minified JavaScript.
    pub fn gzip(&self) -> u32 {
        self.wasm.gzip + self.minified.gzip
    }

    fn brotli(&self) -> u32 {
        self.wasm.brotli + self.minified.brotli
    }
}

/// In the order of the programs.
#[derive(Debug, Default)]
pub struct Table {
    pub rows: Vec<Row>,
}

const HEAD: [&str; 10] =
    ["kB", "wasm", "gzip", "brotli", "JS gzip", "minified", "brotli", "over the floor, gzip", "brotli", "bar"];

impl Table {
    fn row(&self, program: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.program == program)
    }

    fn cells(&self, row: &Row) -> [String; 10] {
        let over = |total: u32, of: fn(&Row) -> u32| match self.row(FLOOR) {
            Some(floor) if floor.program != row.program => kilobytes(f64::from(total) - f64::from(of(floor))),
            _ => String::new(),
        };
        let bar = PROGRAMS.iter().find(|program| program.name == row.program).and_then(|program| program.bar);
        [
            row.program.to_owned(),
            kilobytes(row.wasm.raw.into()),
            kilobytes(row.wasm.gzip.into()),
            kilobytes(row.wasm.brotli.into()),
            kilobytes(row.script.gzip.into()),
            kilobytes(row.minified.gzip.into()),
            kilobytes(row.minified.brotli.into()),
            over(row.gzip(), Row::gzip),
            over(row.brotli(), Row::brotli),
            bar.map(|bar| kilobytes(bar.into())).unwrap_or_default(),
        ]
    }

    /// What one more record type weighs, where both programs have been weighed that tell.
    fn record(&self) -> Option<[String; 10]> {
        let (core, records) = (self.row(CORE)?, self.row(RECORDS)?);
        let each = |of: fn(&Row) -> u32| {
            kilobytes((f64::from(of(records)) - f64::from(of(core))) / f64::from(FURTHER_RECORDS))
        };
        Some([
            "each further record type".to_owned(),
            each(|row| row.wasm.raw),
            each(|row| row.wasm.gzip),
            each(|row| row.wasm.brotli),
            each(|row| row.script.gzip),
            each(|row| row.minified.gzip),
            each(|row| row.minified.brotli),
            each(Row::gzip),
            each(Row::brotli),
            kilobytes(RECORD_BAR.into()),
        ])
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = vec![HEAD.map(str::to_owned)];
        lines.extend(self.rows.iter().map(|row| self.cells(row)));
        lines.extend(self.record());
        let mut widths = [0; 10];
        for (at, width) in widths.iter_mut().enumerate() {
            *width = lines.iter().map(|line| line[at].len()).max().unwrap_or_default();
        }
        for (number, line) in lines.iter().enumerate() {
            write!(f, "| {:1$} |", line[0], widths[0])?;
            for (cell, width) in line.iter().zip(widths).skip(1) {
                write!(f, " {cell:>width$} |")?;
            }
            writeln!(f)?;
            if number == 0 {
                write!(f, "|-{}-|", "-".repeat(widths[0]))?;
                widths[1..].iter().try_for_each(|width| write!(f, "-{}:|", "-".repeat(*width)))?;
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

/// Bytes, for people. A kilobyte is a thousand of them.
pub fn kilobytes(bytes: f64) -> String {
    format!("{:.1}", bytes / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(program: &'static str, gzip: u32) -> Row {
        let wasm = Weight { raw: 3 * gzip, gzip, brotli: gzip };
        Row { program, wasm, script: Weight::default(), minified: Weight { raw: 200, gzip: 100, brotli: 100 } }
    }

    #[test]
    fn a_program_is_compared_with_the_floor_and_its_bar() {
        let table = Table { rows: vec![row(FLOOR, 8_000), row(CORE, 27_500)] };

        let text = table.to_string();

        let core: Vec<_> = text.lines().nth(3).into_iter().flat_map(|line| line.split('|')).map(str::trim).collect();
        assert_eq!(core, ["", "core", "82.5", "27.5", "27.5", "0.0", "0.1", "0.1", "19.5", "19.5", "20.0", ""]);
    }

    #[test]
    fn a_record_type_weighs_a_tenth_of_what_ten_add() {
        let table = Table { rows: vec![row(CORE, 20_000), row(RECORDS, 38_000)] };

        let record = table.record();

        assert_eq!(record.map(|cells| cells[7].clone()), Some("1.8".to_owned()));
    }
}
