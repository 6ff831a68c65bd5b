//! Dexie itself, for the pages that compare with it.

use std::path::Path;

use anyhow::Result;

use super::Package;
use crate::workspace::{Workspace, copy_file};

const DEXIE: Package = Package {
    name: "dexie",
    version: "4.4.7",
    hash: "c1e9858829770d30a77f3caa7a95135f5ba06d86e44ebc3768464e1bb62300e5\
           281100798393eb132c0fce4e49a5b5ff4b1a90f48be3529c420c8123a0e5847c",
};

/// The file of the package that a page loads. The end-to-end tests' page pins its hash as well.
const FILE: &str = "dexie.min.js";

/// Lays Dexie beside a page.
pub fn add(workspace: &Workspace, site: &Path) -> Result<()> {
    copy_file(&DEXIE.directory(workspace)?.join("dist").join(FILE), &site.join(FILE))
}
