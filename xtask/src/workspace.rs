//! Where things are: the workspace's root and its target directory, and cargo itself.
//! Everything else here asks this file instead of building paths of its own.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;

/// The one wasm target of the project.
pub const WASM: &str = "wasm32-unknown-unknown";

/// The workspace this binary was built from.
#[derive(Debug)]
pub struct Workspace {
    /// The directory of the workspace's `Cargo.toml`.
    pub root: PathBuf,
    /// Cargo's target directory, wherever the user's configuration puts it.
    pub target: PathBuf,
}

impl Workspace {
    /// Asks cargo where the workspace is.
    pub fn locate() -> Result<Self> {
        // `cargo run` says where the package is now; the compiled-in value may be older than a move.
        let package =
            env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let metadata = command::read(cargo_in(&package).args(["metadata", "--no-deps", "--format-version", "1"]))?;
        let metadata: serde_json::Value = serde_json::from_str(&metadata).context("cargo metadata printed no JSON")?;
        let path = |key: &str| {
            metadata[key].as_str().map(PathBuf::from).with_context(|| format!("cargo metadata printed no {key}"))
        };
        Ok(Self { root: path("workspace_root")?, target: path("target_directory")? })
    }

    /// `cargo`, to be run in the workspace's root.
    pub fn cargo(&self) -> Command {
        cargo_in(&self.root)
    }

    /// A directory for this tool's own files, made if it is not there.
    pub fn scratch(&self, name: &str) -> Result<PathBuf> {
        let directory = self.target.join("xtask").join(name);
        make_directory(&directory)?;
        Ok(directory)
    }

    /// Where tools that cargo installs for this workspace go.
    pub fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }
}

/// `cargo`, the one that runs this tool, to be run in `directory`.
fn cargo_in(directory: &Path) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(directory);
    cargo
}

/// Makes a directory and its parents; one that exists is fine.
pub fn make_directory(path: &Path) -> Result<()> {
    fs::create_dir_all(path).with_context(|| format!("could not make {}", path.display()))
}

/// Makes `path` an empty directory, whatever was there before.
pub fn empty_directory(path: &Path) -> Result<()> {
    if path.exists() {
        fs::remove_dir_all(path).with_context(|| format!("could not empty {}", path.display()))?;
    }
    make_directory(path)
}

/// Copies a file, making the directories above it.
pub fn copy_file(from: &Path, to: &Path) -> Result<()> {
    if let Some(parent) = to.parent() {
        make_directory(parent)?;
    }
    fs::copy(from, to).with_context(|| format!("could not copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

/// Copies a directory with everything in it.
pub fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    make_directory(to)?;
    let entries = fs::read_dir(from).with_context(|| format!("could not read {}", from.display()))?;
    for entry in entries {
        let path = entry?.path();
        let Some(name) = path.file_name() else {
            continue;
        };
        if path.is_dir() {
            copy_tree(&path, &to.join(name))?;
        } else {
            copy_file(&path, &to.join(name))?;
        }
    }
    Ok(())
}

/// Writes a text file, making the directories above it.
pub fn write_file(path: &Path, text: &str) -> Result<()> {
    if let Some(parent) = path.parent() {
        make_directory(parent)?;
    }
    fs::write(path, text).with_context(|| format!("could not write {}", path.display()))
}
