//! Dexie itself, from npm: one version, pinned by its hash, fetched once into the target directory.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace::{Workspace, copy_file};
use crate::{command, progress};

const VERSION: &str = "4.4.7";

/// The file of the package that a page loads. The page pins its hash.
const FILE: &str = "dexie.min.js";

/// Lays Dexie beside the page.
pub fn add(workspace: &Workspace, site: &Path) -> Result<()> {
    let directory = workspace.scratch("dexie")?;
    let file = directory.join(format!("package-{VERSION}")).join("package/dist").join(FILE);
    if !file.is_file() {
        progress::report(&format!("Dexie {VERSION} from npm"), || fetch(&directory))?;
    }
    copy_file(&file, &site.join(FILE))
}

fn fetch(directory: &Path) -> Result<()> {
    let archive = format!("dexie-{VERSION}.tgz");
    let fetched = download(directory, &archive)
        .with_context(|| format!("Dexie {VERSION} could not be fetched from npm, and its tests need it"));
    fetched?;
    let unpacked = directory.join(format!("package-{VERSION}"));
    fs::create_dir_all(&unpacked)?;
    command::read(Command::new("tar").arg("-xzf").arg(directory.join(archive)).arg("-C").arg(unpacked)).map(drop)
}

fn download(directory: &Path, archive: &str) -> Result<()> {
    let npm = command::find_program(&["npm"]);
    let curl = command::find_program(&["curl"]);
    let mut download = match (npm, curl) {
        (Some(npm), _) => {
            let mut pack = Command::new(npm);
            pack.args(["pack", "--silent", &format!("dexie@{VERSION}")]);
            pack
        }
        (None, Some(curl)) => {
            let mut get = Command::new(curl);
            get.args(["-fsSLO", &format!("https://registry.npmjs.org/dexie/-/{archive}")]);
            get
        }
        (None, None) => bail!("neither npm nor curl is installed"),
    };
    command::read(download.current_dir(directory)).map(drop)
}
