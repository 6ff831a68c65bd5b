//! Packages from npm that only tests need: one version each, fetched once into the target directory.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{command, progress};

/// A package, pinned. What is in it is run or loaded only after its hash was checked, by npm or by who loads it.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    pub name: &'static str,
    pub version: &'static str,
}

impl Package {
    /// The unpacked package.
    pub fn directory(self, workspace: &Workspace) -> Result<PathBuf> {
        let Self { name, version } = self;
        let all = workspace.scratch("npm")?;
        let unpacked = all.join(self.file_stem());
        if !unpacked.join("package").is_dir() {
            progress::report(&format!("{name} {version} from npm"), || self.fetch(workspace))
                .with_context(|| format!("{name} {version} could not be fetched from npm, and tests need it"))?;
        }
        Ok(unpacked.join("package"))
    }

    fn fetch(self, workspace: &Workspace) -> Result<()> {
        let Self { name, version } = self;
        let all = workspace.scratch("npm")?;
        let npm = command::find_program(&["npm"]).context("npm is not installed: run `cargo xtask setup`")?;
        command::read(Command::new(npm).args(["pack", "--silent", &format!("{name}@{version}")]).current_dir(&all))?;
        let unpacked = all.join(self.file_stem());
        fs::create_dir_all(&unpacked)?;
        let archive = all.join(format!("{}.tgz", self.file_stem()));
        command::read(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(unpacked)).map(drop)
    }

    /// As npm names an archive: `@scope/name` becomes `scope-name`.
    fn file_stem(self) -> String {
        format!("{}-{}", self.name.trim_start_matches('@').replace('/', "-"), self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_named_as_npm_does() {
        let stem = |name| Package { name, version: "1.2.3" }.file_stem();

        assert_eq!(stem("dexie"), "dexie-1.2.3");
        assert_eq!(stem("@esbuild/linux-x64"), "esbuild-linux-x64-1.2.3");
    }
}
