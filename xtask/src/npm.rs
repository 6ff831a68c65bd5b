//! Packages from npm: one version each, pinned by its hash, fetched once into the target directory.

pub mod binaryen;
pub mod dexie;
pub mod electric;
pub mod esbuild;
pub mod idb;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::workspace::Workspace;
use crate::{command, progress};

/// A version of a package.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    /// With its scope, if it has one.
    pub name: &'static str,
    pub version: &'static str,
    /// The SHA-512 of its archive, in hexadecimal digits.
    pub hash: &'static str,
}

impl Package {
    /// The directory with the package's files.
    pub fn directory(self, workspace: &Workspace) -> Result<PathBuf> {
        let Self { name, version, .. } = self;
        let directory = workspace.scratch(&format!("npm/{name}"))?;
        let unpacked = directory.join(version);
        if !unpacked.is_dir() {
            progress::report(&format!("{name} {version} from npm"), || self.fetch(&directory, &unpacked))
                .with_context(|| format!("{name} {version} could not be fetched from npm, and this needs it"))?;
        }
        Ok(unpacked.join("package"))
    }

    fn fetch(self, directory: &Path, destination: &Path) -> Result<()> {
        let archive = self.download(directory)?;
        let hash = sha512(&archive)?;
        ensure!(hash == self.hash, "{} is not the file that is pinned: its hash is {hash}", archive.display());
        // Renamed when it is complete: what has been interrupted is fetched again.
        let incomplete = directory.join("incomplete");
        fs::create_dir_all(&incomplete)?;
        command::read(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(&incomplete))?;
        fs::rename(&incomplete, destination)?;
        Ok(())
    }

    fn download(self, directory: &Path) -> Result<PathBuf> {
        let Self { name, version, .. } = self;
        let npm = command::find_program(&["npm"]).context("npm is not installed: run `cargo xtask setup`")?;
        command::read(
            Command::new(npm).args(["pack", "--silent", &format!("{name}@{version}")]).current_dir(directory),
        )?;
        // npm puts the scope into the file's name.
        Ok(directory.join(format!("{}-{version}.tgz", name.trim_start_matches('@').replace('/', "-"))))
    }
}

fn sha512(file: &Path) -> Result<String> {
    let mut sum = if let Some(sum) = command::find_program(&["sha512sum"]) {
        Command::new(sum)
    } else {
        let mut sum = Command::new("shasum");
        sum.args(["-a", "512"]);
        sum
    };
    let answer = command::read(sum.arg(file))?;
    answer.split_whitespace().next().map(str::to_owned).with_context(|| format!("no hash of {}", file.display()))
}
