//! The service worker as apps ship one: bundled by esbuild into one classic script, which every browser can run.

use std::path::Path;

use anyhow::Result;

use crate::npm::esbuild;
use crate::workspace::Workspace;
use crate::{command, progress};

/// Makes one script of a module and all that it imports.
pub fn write(workspace: &Workspace, module: &Path, script: &Path) -> Result<()> {
    let mut esbuild = esbuild::command(workspace)?;
    esbuild.arg(module).args(["--bundle", "--format=iife", "--log-level=error"]);
    // A classic script has no `import.meta`. Nothing that runs asks for it: the worker says where its program is.
    esbuild.arg("--define:import.meta.url=undefined");
    esbuild.arg(format!("--outfile={}", script.display()));
    progress::report(&command::as_typed(&esbuild), || command::read(&mut esbuild).map(drop))
}
