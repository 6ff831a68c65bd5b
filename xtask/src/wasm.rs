//! Programs for the browser: compiled as they ship, and bound to JavaScript.

use std::path::Path;

use anyhow::{Context, Result};

use crate::workspace::{WASM, Workspace};
use crate::{command, progress};

/// Compiles programs of the workspace.
pub fn build(workspace: &Workspace, packages: &[&str]) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--release", "--target", WASM]);
    for name in packages {
        cargo.args(["-p", name]);
    }
    progress::report(&command::as_typed(&cargo), || command::run(&mut cargo))
}

/// Writes the JavaScript module that loads a compiled program, and the program it loads.
pub fn bind(workspace: &Workspace, package: &str, destination: &Path) -> Result<()> {
    let wasm = workspace.target.join(WASM).join("release").join(format!("{package}.wasm"));
    let arguments = [
        "wasm-bindgen".as_ref(),
        wasm.as_os_str(),
        "--target".as_ref(),
        "web".as_ref(),
        "--no-typescript".as_ref(),
        "--remove-name-section".as_ref(),
        "--remove-producers-section".as_ref(),
        "--out-dir".as_ref(),
        destination.as_os_str(),
    ];
    wasm_bindgen_cli::wasm_bindgen::run_cli_with_args(arguments)
        .with_context(|| format!("wasm-bindgen failed on {}", wasm.display()))
}
