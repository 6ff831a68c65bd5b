//! What a run leaves behind: a table in the terminal, all rounds as JSON, and a page with plots.

use std::fs;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::summary::Summary;
use super::{CRATES, DEXIE, Operation, html};
use crate::bench::figures::Rounds;
use crate::bench::page::Page;
use crate::browser::Kind;
use crate::npm;
use crate::workspace::{Workspace, write_file};

/// A run that has ended.
#[derive(Debug)]
pub struct Report {
    pub kind: Kind,
    /// The browser's name for itself, the date, and how many cores there are.
    pub about: Value,
    pub command: String,
    /// Of each side that has one.
    pub versions: Vec<(String, String)>,
    pub summary: Summary,
    rounds: Value,
}

impl Report {
    pub fn new(
        workspace: &Workspace,
        page: &Page<'_>,
        kind: Kind,
        sides: &[&str],
        measured: &[(Operation, Rounds)],
    ) -> Result<Self> {
        let mut versions =
            vec![(DEXIE.to_owned(), page.dexie_version()?), ("idb (JS)".to_owned(), npm::idb::version().to_owned())];
        let lock = fs::read_to_string(workspace.root.join("Cargo.lock")).context("could not read Cargo.lock")?;
        for (side, name) in CRATES {
            let version = locked(&lock, name).with_context(|| format!("{name} is not in Cargo.lock"))?;
            versions.push((side.to_owned(), version.to_owned()));
        }
        let command = std::env::args().skip(1).fold("cargo xtask".to_owned(), |command, word| command + " " + &word);
        let rounds =
            measured.iter().map(|(operation, rounds)| (operation.name.to_owned(), json!(rounds.all()))).collect();
        let summary = Summary::of(sides, measured)?;
        Ok(Self { kind, about: page.call("about", &[])?, command, versions, summary, rounds: Value::Object(rounds) })
    }

    /// Prints the table, and writes the files.
    pub fn publish(&self, workspace: &Workspace) -> Result<()> {
        println!("\n{}", self.summary);
        let name = format!("ops-{}", self.kind.to_string().to_lowercase());
        let directory = workspace.target.join("bench");
        let data = json!({
            "browser": self.about["agent"], "date": self.about["date"], "cores": self.about["cores"], "command": self.command,
            "versions": self.versions.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(), "rounds": self.rounds,
        });
        let (numbers, page) = (directory.join(format!("{name}.json")), directory.join(format!("{name}.html")));
        write_file(&numbers, &serde_json::to_string_pretty(&data)?)?;
        write_file(&page, &html::page(self))?;
        println!("All rounds: {}\nPlots: {}", numbers.display(), page.display());
        Ok(())
    }
}

/// The version of a package, the newest if there are several.
fn locked<'l>(lock: &'l str, name: &str) -> Option<&'l str> {
    let wanted = format!("name = \"{name}\"");
    let mut lines = lock.lines();
    let mut version = None;
    while lines.any(|line| line == wanted) {
        version = lines.next()?.strip_prefix("version = \"")?.strip_suffix('"');
    }
    version
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_that_of_the_package_of_this_very_name() {
        let lock =
            "[[package]]\nname = \"idb-x\"\nversion = \"9.0.0\"\n\n[[package]]\nname = \"idb\"\nversion = \"0.6.5\"\n";

        assert_eq!(locked(lock, "idb"), Some("0.6.5"));
        assert_eq!(locked(lock, "rexie"), None);
    }
}
