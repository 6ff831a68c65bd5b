//! The installed Rust compiler: its version, its own directory, and whether it can build for wasm.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
use crate::workspace::{WASM, Workspace, write_file};

/// What the compiler says about itself.
#[derive(Debug)]
pub struct Toolchain {
    /// Its release, such as `1.95.0`.
    pub release: String,
    /// Its own directory, in which the standard libraries lie.
    pub sysroot: PathBuf,
}

impl Toolchain {
    /// Asks the compiler that cargo uses in this workspace.
    pub fn installed(workspace: &Workspace) -> Result<Self> {
        let sysroot = command::read(rustc(workspace).args(["--print", "sysroot"]))?;
        let verbose = command::read(rustc(workspace).arg("-vV"))?;
        Ok(Self {
            release: release_in(&verbose).context("`rustc -vV` names no release")?.to_owned(),
            sysroot: PathBuf::from(sysroot.trim_end()),
        })
    }

    /// Where this compiler looks for the sources of its standard library.
    pub fn library_sources(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib/src/rust/library")
    }

    /// Where this compiler looks for the standard library of the wasm target.
    pub fn wasm_libraries(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib").join(WASM).join("lib")
    }
}

/// Whether a program that uses the standard library compiles for wasm.
///
/// Only compiling tells: after an upgrade, a library of the older compiler may still lie there.
pub fn compiles_for_wasm(workspace: &Workspace) -> Result<bool> {
    let directory = workspace.scratch("probe")?;
    let source = directory.join("probe.rs");
    write_file(&source, "pub fn probe() -> String { String::new() }\n")?;
    Ok(command::succeeds(
        rustc(workspace)
            .args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "--target", WASM])
            .arg("--out-dir")
            .arg(&directory)
            .arg(&source),
    ))
}

fn rustc(workspace: &Workspace) -> Command {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.current_dir(&workspace.root);
    rustc
}

fn release_in(verbose_version: &str) -> Option<&str> {
    verbose_version.lines().find_map(|line| line.strip_prefix("release: "))
}

/// Whether files can be made in `directory`, or in the nearest directory above that exists.
pub fn is_writable(directory: &Path) -> bool {
    let Some(existing) = directory.ancestors().find(|path| path.is_dir()) else {
        return false;
    };
    let probe = existing.join(".xtask-write-probe");
    let written = std::fs::write(&probe, "").is_ok();
    written && std::fs::remove_file(&probe).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_read_from_the_verbose_version() {
        let printed = "rustc 1.95.0 (59807616e 2026-04-14)\nbinary: rustc\nrelease: 1.95.0\n";

        assert_eq!(release_in(printed), Some("1.95.0"));
    }
}
