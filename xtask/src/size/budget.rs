//! What was accepted last: a file in the repository, which a change must not exceed without saying so.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::table::{Row, kilobytes};
use crate::workspace::{Workspace, write_file};

/// A program may be so much larger than it was when it was last accepted: compilers differ a little.
const TOLERANCE: f64 = 1.03;

/// The bytes of wasm and minified JavaScript, compressed by gzip, by program.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Budget {
    programs: BTreeMap<String, u32>,
}

impl Budget {
    /// Reads what is accepted.
    pub fn read(workspace: &Workspace) -> Result<Self> {
        let file = file(workspace);
        let text = fs::read_to_string(&file)
            .with_context(|| format!("{} is not there: `cargo xtask size --accept` writes it", file.display()))?;
        let programs = serde_json::from_str(&text).with_context(|| format!("{} is no budget", file.display()))?;
        Ok(Self { programs })
    }

    /// Accepts what has been weighed; of other programs, what was accepted earlier.
    pub fn accept(workspace: &Workspace, rows: &[Row]) -> Result<()> {
        let mut programs = Self::read(workspace).unwrap_or_default().programs;
        programs.extend(rows.iter().map(|row| (row.program.to_owned(), row.gzip())));
        write_file(&file(workspace), &(serde_json::to_string_pretty(&programs)? + "\n"))
    }

    /// Fails if one is larger than accepted, and says which. Returns what is now smaller, for people.
    pub fn check(&self, rows: &[Row]) -> Result<Vec<String>> {
        let (mut larger, mut smaller) = (Vec::new(), Vec::new());
        for row in rows {
            let accepted = *self.programs.get(row.program).with_context(|| {
                format!("nothing is accepted for {} yet: `cargo xtask size --accept` does", row.program)
            })?;
            let ratio = f64::from(row.gzip()) / f64::from(accepted);
            let (now, then) = (kilobytes(row.gzip().into()), kilobytes(accepted.into()));
            let text = format!("{} weighs {now} kB, and {then} kB are accepted", row.program);
            if ratio > TOLERANCE {
                larger.push(format!("{text}: {:.1} % more", (ratio - 1.0) * 100.0));
            } else if ratio < 1.0 / TOLERANCE {
                smaller.push(text);
            }
        }
        ensure!(
            larger.is_empty(),
            "{} (wasm and JavaScript, gzip). `cargo xtask size` says what it is made of; if it is worth that, \
             `cargo xtask size --accept` accepts it",
            larger.join("; ")
        );
        Ok(smaller)
    }
}

fn file(workspace: &Workspace) -> PathBuf {
    workspace.root.join("examples/size/budget.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::size::weight::Weight;

    fn budget() -> Budget {
        Budget { programs: [("core".to_owned(), 20_000)].into() }
    }

    fn core(gzip: u32) -> Row {
        let nothing = Weight::default();
        Row { program: "core", wasm: Weight { raw: 0, gzip, brotli: 0 }, script: nothing, minified: nothing }
    }

    #[test]
    fn a_little_more_passes() -> Result<()> {
        assert!(budget().check(&[core(20_500)])?.is_empty());
        Ok(())
    }

    #[test]
    fn much_more_fails_and_says_how_much() {
        let error = budget().check(&[core(22_000)]).err().map(|error| error.to_string()).unwrap_or_default();

        assert!(error.starts_with("core weighs 22.0 kB, and 20.0 kB are accepted: 10.0 % more"), "{error}");
    }

    #[test]
    fn what_became_smaller_is_told() -> Result<()> {
        assert_eq!(budget().check(&[core(10_000)])?, ["core weighs 10.0 kB, and 20.0 kB are accepted"]);
        Ok(())
    }

    #[test]
    fn what_nobody_accepted_fails() {
        assert!(Budget::default().check(&[core(1)]).is_err());
    }
}
