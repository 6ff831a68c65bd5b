//! Programs for the browser: compiled as they ship, and bound to JavaScript.

use std::ffi::OsStr;
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
    run_wasm_bindgen(&wasm, &["--remove-name-section", "--remove-producers-section"], destination)
}

/// The same of a program at `wasm`, whose functions keep their names: those of the linker.
pub fn bind_with_names(wasm: &Path, destination: &Path) -> Result<()> {
    run_wasm_bindgen(wasm, &["--no-demangle", "--remove-producers-section"], destination)
}

fn run_wasm_bindgen(wasm: &Path, options: &[&str], destination: &Path) -> Result<()> {
    let arguments = [OsStr::new("wasm-bindgen"), wasm.as_os_str()]
        .into_iter()
        .chain(["--target", "web", "--no-typescript"].map(OsStr::new))
        .chain(options.iter().map(OsStr::new))
        .chain(["--out-dir".as_ref(), destination.as_os_str()]);
    wasm_bindgen_cli::wasm_bindgen::run_cli_with_args(arguments)
        .with_context(|| format!("wasm-bindgen failed on {}", wasm.display()))
}
