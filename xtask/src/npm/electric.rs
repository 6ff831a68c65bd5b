//! ElectricSQL's own client, for the page that compares with it.

use std::path::Path;

use anyhow::Result;

use super::Package;
use crate::workspace::{Workspace, copy_file};

const CLIENT: Package = Package {
    name: "@electric-sql/client",
    version: "1.5.28",
    hash: "6f47329b76165cbe8f6d0984174c4346c2eddb18175f8eacb6f39244021744f0\
           0fe9d2d920764bd28d07c5e4ddb19dbb2f73db220e8fc3a2a7c9a9d1546b563c",
};

/// The name and version, for people.
pub fn version() -> String {
    format!("{} {}", CLIENT.name, CLIENT.version)
}

/// Lays the client beside a page, as `electric.js`: a module that holds all that it needs.
pub fn add(workspace: &Workspace, site: &Path) -> Result<()> {
    copy_file(&CLIENT.directory(workspace)?.join("dist/index.browser.mjs"), &site.join("electric.js"))
}
