//! idb, for the page that compares with it.

use std::path::Path;

use anyhow::Result;

use super::Package;
use crate::workspace::{Workspace, copy_file};

const IDB: Package = Package {
    name: "idb",
    version: "8.0.4",
    hash: "8ddd084c2acdf996a1e09ed1fd9da39d1dd6ec0e015c30239a8eb63305ae4a3c\
           428ae79401fed7e6b6e8744762756cde927c171e62e97599288a20a9a4d8b7d1",
};

/// The version, for people.
pub fn version() -> &'static str {
    IDB.version
}

/// Lays idb beside a page, as `idb.js`: a module that holds all that it needs.
pub fn add(workspace: &Workspace, site: &Path) -> Result<()> {
    copy_file(&IDB.directory(workspace)?.join("build/index.js"), &site.join("idb.js"))
}
