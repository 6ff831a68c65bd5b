//! The table at the end of `cargo xtask test`: which step took how long, and which one failed.

use std::time::Duration;

use crate::progress::duration;

/// What became of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Passed(Duration),
    Failed(Duration),
    NotRun,
}

/// The table, one line per step in the order they run.
pub fn table(rows: &[(&str, Outcome)]) -> String {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, outcome) in rows {
        let (word, time) = match outcome {
            Outcome::Passed(time) => ("passed", duration(*time)),
            Outcome::Failed(time) => ("FAILED", duration(*time)),
            Outcome::NotRun => ("not run", String::new()),
        };
        let line = format!("  {name:width$}   {word:7}   {time:>12}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_its_line() {
        let rows = [
            ("fmt", Outcome::Passed(Duration::from_millis(900))),
            ("clippy", Outcome::Failed(Duration::from_secs(75))),
            ("doc", Outcome::NotRun),
        ];

        assert_eq!(
            table(&rows),
            "  fmt      passed           0.9 s\n  \
               clippy   FAILED      1 min 15 s\n  \
               doc      not run\n"
        );
    }
}
