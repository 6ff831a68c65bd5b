//! The site that is measured: its pages, with what they compare with.

use std::path::PathBuf;

use anyhow::Result;

use crate::npm::{dexie, electric};
use crate::workspace::{Workspace, copy_file, empty_directory};
use crate::{progress, wasm};

const PACKAGE: &str = "bench";

/// Builds the site and returns its directory.
pub fn build(workspace: &Workspace) -> Result<PathBuf> {
    wasm::build(workspace, &[PACKAGE])?;
    let (source, site) = (workspace.root.join("examples/bench"), workspace.target.join("bench"));
    progress::report("the pages that are measured", || {
        empty_directory(&site)?;
        wasm::bind(workspace, PACKAGE, &site)?;
        for file in ["index.html", "page.js", "dexie.js", "people.js", "sync.html", "sync.js", "client.js"] {
            copy_file(&source.join(file), &site.join(file))?;
        }
        dexie::add(workspace, &site)?;
        electric::add(workspace, &site)
    })?;
    Ok(site)
}
