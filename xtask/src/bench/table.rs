//! The table that is printed: one line per figure, in Markdown, for people and for documents. Pure.

use std::fmt;

/// Lines of four cells: what was measured, indexie, Dexie, and the first as a part of the second.
#[derive(Debug)]
pub struct Table {
    lines: Vec<[String; 4]>,
}

impl Table {
    /// With the name of whom indexie is compared with.
    pub fn new(other: String) -> Self {
        Self { lines: vec![[String::new(), "indexie".to_owned(), other, "ratio".to_owned()]] }
    }

    /// Adds a line; what cannot be told is left empty.
    pub fn add(&mut self, what: impl Into<String>, sides: [String; 2], ratio: Option<f64>) {
        let [indexie, other] = sides;
        self.lines.push([what.into(), indexie, other, ratio.map(factor).unwrap_or_default()]);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width =
            |column: usize| self.lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
        let widths = [0, 1, 2, 3].map(width);
        for (number, line) in self.lines.iter().enumerate() {
            let [what, indexie, other, ratio] = line;
            let [first, second, third, fourth] = widths;
            writeln!(f, "| {what:first$} | {indexie:>second$} | {other:>third$} | {ratio:>fourth$} |")?;
            if number == 0 {
                let rule = widths.map(|width| "-".repeat(width));
                writeln!(f, "|-{}-|-{}:|-{}:|-{}:|", rule[0], rule[1], rule[2], rule[3])?;
            }
        }
        Ok(())
    }
}

/// Cells with a head, in Markdown: the first column is of words, the others are of numbers.
pub fn aligned(f: &mut fmt::Formatter<'_>, cells: &[Vec<String>]) -> fmt::Result {
    let columns = cells.first().map_or(0, Vec::len);
    let width = |column: usize| cells.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for (number, line) in cells.iter().enumerate() {
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            if column == 0 { write!(f, "| {cell:width$} |")? } else { write!(f, " {cell:>width$} |")? }
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

/// A time, given in milliseconds.
pub fn milliseconds(time: f64) -> String {
    // A minus before zeros says nothing.
    let text = if time.abs() < 10.0 { format!("{time:.2} ms") } else { format!("{} ms", grouped(time)) };
    if text == "-0.00 ms" { "0.00 ms".to_owned() } else { text }
}

/// Bytes, as what people call memory.
pub fn megabytes(bytes: f64) -> String {
    format!("{:.1} MB", bytes / 1_000_000.0)
}

/// A whole number with separators.
pub fn grouped(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number <= -0.5 { format!("-{text}") } else { text }
}

/// A part of something, with as many digits as say anything.
pub fn factor(ratio: f64) -> String {
    match ratio {
        ..0.009_5 => format!("{ratio:.4}"),
        ..0.095 => format!("{ratio:.3}"),
        _ => format!("{ratio:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_markdown_with_aligned_columns() {
        let mut table = Table::new("Dexie 4.4.7".to_owned());
        table.add("a put", [milliseconds(1.5), milliseconds(1_234.4)], Some(0.001_23));

        assert_eq!(
            table.to_string(),
            "|       | indexie | Dexie 4.4.7 |  ratio |\n\
             |-------|--------:|------------:|-------:|\n\
             | a put | 1.50 ms |    1,234 ms | 0.0012 |\n"
        );
    }

    #[test]
    fn what_came_before_is_negative_and_nothing_is_not() {
        assert_eq!(milliseconds(-0.25), "-0.25 ms");
        assert_eq!(milliseconds(-0.001), "0.00 ms");
        assert_eq!(grouped(16_000.0), "16,000");
        assert_eq!(grouped(-1_234.0), "-1,234");
    }
}
