//! The site that is measured: its pages, with what they compare with.

use std::path::PathBuf;

use anyhow::Result;

use crate::npm::{dexie, electric, idb};
use crate::workspace::{Workspace, copy_file, copy_tree, empty_directory};
use crate::{progress, wasm};

const PACKAGE: &str = "bench";
const PEERS: &str = "bench-peers";
const START: &str = "bench-start";
/// Its pages.
const START_FILES: [&str; 7] =
    ["indexie.html", "indexie.js", "dexie.html", "dexie.js", "raw.html", "raw.js", "start.js"];

/// Of the package, all but what is compiled.
const FILES: [&str; 13] = [
    "import.html",
    "import.js",
    "index.html",
    "page.js",
    "dexie.js",
    "people.js",
    "sync.html",
    "sync.js",
    "client.js",
    "ops.html",
    "ops.js",
    "scale.html",
    "scale.js",
];

/// Builds the site and returns its directory.
pub fn build(workspace: &Workspace) -> Result<PathBuf> {
    wasm::build(workspace, &[PACKAGE, PEERS, START])?;
    let (source, site) = (workspace.root.join("examples/bench"), workspace.target.join("bench/site"));
    progress::report("the pages that are measured", || {
        empty_directory(&site)?;
        wasm::bind(workspace, PACKAGE, &site)?;
        wasm::bind(workspace, PEERS, &site.join("peers"))?;
        copy_tree(&source.join("ops"), &site.join("ops"))?;
        copy_tree(&source.join("scale"), &site.join("scale"))?;
        wasm::bind(workspace, START, &site.join("start"))?;
        for file in START_FILES {
            copy_file(&source.join("start").join(file), &site.join("start").join(file))?;
        }
        for file in FILES {
            copy_file(&source.join(file), &site.join(file))?;
        }
        dexie::add(workspace, &site)?;
        idb::add(workspace, &site)?;
        electric::add(workspace, &site)
    })?;
    Ok(site)
}
