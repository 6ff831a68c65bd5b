//! What the derive costs whoever compiles an app: `cargo check` of a crate with many records, beside the same records with
//! serde's derives alone. No browser is needed.

mod sources;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::figures::median;
use crate::workspace::{Workspace, copy_file, write_file};
use crate::{command, progress};

/// Above this ratio it is too much.
const BAR: f64 = 1.5;

/// What is compiled.
#[derive(Clone, Copy, Debug)]
enum Side {
    Indexie,
    Serde,
}

/// How it is compiled.
#[derive(Clone, Copy, Debug)]
enum How {
    /// All of the crate, as the first time and in continuous integration.
    Whole,
    /// With what an earlier run left, as after a change of the app.
    Incremental,
}

/// The two crates, in a workspace of their own with the versions of this one.
struct Crates<'a> {
    workspace: &'a Workspace,
    directory: PathBuf,
}

/// Compiles both in turns, and prints a table.
pub fn measure(workspace: &Workspace, rounds: u32) -> Result<()> {
    let crates = Crates::write(workspace)?;
    let mut lines = Vec::new();
    for how in [How::Whole, How::Incremental] {
        // Their dependencies, and what the incremental runs start from.
        progress::report(&format!("cargo check, {}: what comes before", how.name()), || {
            [Side::Indexie, Side::Serde].into_iter().try_for_each(|side| crates.check(side, how).map(drop))
        })?;
        let title = format!("{rounds} rounds of cargo check, {}", how.name());
        lines.push(progress::report(&title, || crates.line(how, rounds))?);
    }
    println!("\n| cargo check of {} | indexie | serde alone | ratio | bar |", sources::DESCRIPTION);
    println!("|---|---:|---:|---:|---:|");
    for line in lines {
        println!("{line}");
    }
    Ok(())
}

impl<'a> Crates<'a> {
    fn write(workspace: &'a Workspace) -> Result<Self> {
        let directory = workspace.scratch("compile")?;
        let write = |name: &str, text: &str| write_if_other(&directory.join(name), text);
        write("Cargo.toml", sources::WORKSPACE)?;
        for side in [Side::Indexie, Side::Serde] {
            let name = side.package();
            write(&format!("{name}/Cargo.toml"), &sources::manifest(name, &workspace.root.join("indexie")))?;
            write(&format!("{name}/src/lib.rs"), &side.source())?;
        }
        copy_file(&workspace.root.join("Cargo.lock"), &directory.join("Cargo.lock"))?;
        Ok(Self { workspace, directory })
    }

    fn line(&self, how: How, rounds: u32) -> Result<String> {
        let (mut indexie, mut serde, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let [first, second] =
                [self.check(Side::Indexie, how)?, self.check(Side::Serde, how)?].map(|time| time.as_secs_f64());
            indexie.push(first);
            serde.push(second);
            ratios.push(first / second);
        }
        let [indexie, serde, ratio] = [median(indexie)?, median(serde)?, median(ratios)?];
        Ok(format!("| {} | {indexie:.2} s | {serde:.2} s | {ratio:.2} | {BAR:.2} |", how.name()))
    }

    /// Compiles one of them after a touch, and says how long that took.
    fn check(&self, side: Side, how: How) -> Result<Duration> {
        touch(&self.directory.join(side.package()).join("src/lib.rs"))?;
        let mut cargo = self.workspace.cargo();
        cargo.current_dir(&self.directory);
        // No other settings than these: what a developer has set for the workspace is not what is measured.
        cargo.env("CARGO_TARGET_DIR", self.directory.join("target").join(how.directory()));
        cargo.env("CARGO_INCREMENTAL", how.incremental()).env_remove("RUSTFLAGS");
        cargo.args(["check", "--quiet", "--package", side.package()]);
        let start = Instant::now();
        command::read(&mut cargo)?;
        Ok(start.elapsed())
    }
}

impl Side {
    fn package(self) -> &'static str {
        match self {
            Self::Indexie => "with-indexie",
            Self::Serde => "with-serde",
        }
    }

    fn source(self) -> String {
        match self {
            Self::Indexie => sources::with_indexie(),
            Self::Serde => sources::with_serde(),
        }
    }
}

impl How {
    fn name(self) -> &'static str {
        match self {
            Self::Whole => "from nothing",
            Self::Incremental => "incremental, after a touch",
        }
    }

    fn directory(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Incremental => "incremental",
        }
    }

    fn incremental(self) -> &'static str {
        match self {
            Self::Whole => "0",
            Self::Incremental => "1",
        }
    }
}

/// A file that is written again is compiled again, and its dependencies with it.
fn write_if_other(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|present| present == text) { Ok(()) } else { write_file(path, text) }
}

fn touch(path: &Path) -> Result<()> {
    let file =
        fs::File::options().append(true).open(path).and_then(|file| file.set_modified(std::time::SystemTime::now()));
    file.with_context(|| format!("could not touch {}", path.display()))
}
