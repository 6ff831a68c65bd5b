//! The programs that are weighed, each compiled alone: what cargo compiles together shares its features.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::npm::binaryen;
use crate::workspace::{WASM, Workspace};
use crate::{command, progress};

/// A program of the workspace, with the features it is compiled with.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// As it is called in tables, and typed after `--program`.
    pub name: &'static str,
    package: &'static str,
    binary: &'static str,
    features: &'static str,
    /// What it may weigh above the floor, compressed by gzip, in bytes.
    pub bar: Option<u32>,
}

/// What all others are compared with, and what every app has that waits for anything.
pub const FLOOR: &str = "floor";
/// One record type, read and written.
pub const CORE: &str = "core";
/// The same with so many further record types.
pub const RECORDS: &str = "records";
pub const FURTHER_RECORDS: u32 = 10;
/// All there is: live queries, hooks, transactions that are seen before they are stored.
pub const WHOLE: &str = "whole";
/// What a record type may weigh, in bytes.
pub const RECORD_BAR: u32 = 2_000;

/// In the order in which they are printed, the floor first. `core-live` has live queries and `core-unused` all features, which
/// neither uses: both shall weigh what `core` does.
pub const PROGRAMS: [Program; 7] = [
    Program { name: FLOOR, package: "size", binary: "size-floor", features: "", bar: None },
    Program { name: CORE, package: "size", binary: "size-core", features: "", bar: Some(20_000) },
    Program { name: "core-live", package: "size", binary: "size-core", features: "live", bar: Some(20_000) },
    Program { name: "core-unused", package: "size", binary: "size-core", features: "unused", bar: Some(20_000) },
    Program { name: RECORDS, package: "size", binary: "size-records", features: "", bar: None },
    Program { name: WHOLE, package: "size", binary: "size-whole", features: "live", bar: Some(29_000) },
    Program { name: "quickstart", package: "quickstart", binary: "quickstart", features: "", bar: None },
];

/// The compiler leaves type parameters out of a function's name unless it is told otherwise: nobody could tell whose it is.
const NAMES: &str = r#"target.wasm32-unknown-unknown.rustflags=["-Csymbol-mangling-version=v0"]"#;

impl Program {
    /// Compiles it as it ships, but for the names of its functions.
    pub fn build(&self, workspace: &Workspace) -> Result<Vec<u8>> {
        let mut cargo = workspace.cargo();
        cargo.args(["build", "--release", "--target", WASM, "--config", NAMES, "-p", self.package]);
        cargo.args(["--bin", self.binary, "--no-default-features", "--features", self.features]);
        progress::report(&command::as_typed(&cargo), || command::run(&mut cargo))?;
        let built = workspace.target.join(WASM).join("release").join(format!("{}.wasm", self.binary));
        fs::read(&built).with_context(|| format!("could not read {}", built.display()))
    }

    /// Where what was made of it is, by this version of what makes it.
    pub fn directory(&self, workspace: &Workspace) -> Result<PathBuf> {
        workspace.scratch(&format!("size/{}-{}", self.name, binaryen::version()))
    }
}
