//! Binaryen's `wasm-opt`, which takes from a program what the compiler left, as the build tools of apps have it do.

use std::process::Command;

use anyhow::{Context, Result};

use super::Package;
use crate::command;
use crate::workspace::Workspace;

const BINARYEN: Package = Package {
    name: "binaryen",
    version: "132.0.0",
    hash: "e14b20ef212fc0edc532ca373a8bfaaa438e1d2a1dd4812ff9ba0a921efb9139\
           6333e78d068baa0936ea5acc06cdb1bebc334efdbfefd82e207c48755a007d2e",
};

/// Its version, for people.
pub fn version() -> &'static str {
    BINARYEN.version
}

/// `wasm-opt`, to be told what to do. It is a program for Node.js.
pub fn wasm_opt(workspace: &Workspace) -> Result<Command> {
    let mut node = node()?;
    node.arg(BINARYEN.directory(workspace)?.join("bin/wasm-opt"));
    Ok(node)
}

/// Node.js, which came with npm.
pub fn node() -> Result<Command> {
    let node = command::find_program(&["node"]).context("Node.js is not installed: run `cargo xtask setup`")?;
    Ok(Command::new(node))
}
