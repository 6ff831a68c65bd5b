//! The site that the tests open: the page, and beside it the service worker and Dexie.

use std::path::PathBuf;

use anyhow::Result;

use super::bundle;
use crate::npm::dexie;
use crate::workspace::{Workspace, copy_file, empty_directory};
use crate::{progress, wasm};

const PACKAGE: &str = "indexie-e2e";

/// Builds the site and returns its directory.
pub fn build(workspace: &Workspace) -> Result<PathBuf> {
    wasm::build(workspace, &[PACKAGE])?;
    let (source, site) = (workspace.root.join("tests/e2e"), workspace.target.join("e2e"));
    progress::report("the page of the end-to-end tests", || {
        empty_directory(&site)?;
        wasm::bind(workspace, PACKAGE, &site)?;
        for file in ["index.html", "page.js", "ask_worker.js", "batching.js", "dexie.js", "worker.js"] {
            copy_file(&source.join(file), &site.join(file))?;
        }
        Ok(())
    })?;
    bundle::write(workspace, &site.join("worker.js"), &site.join("service_worker.js"))?;
    dexie::add(workspace, &site)?;
    Ok(site)
}
