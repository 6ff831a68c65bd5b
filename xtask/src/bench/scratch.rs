//! Where a measured browser keeps its files: in memory where the system has such a place, because what the disk is busy with is not
//! what is compared.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;

use anyhow::{Context, Result};

/// A file system in memory, on Linux.
const MEMORY: &str = "/dev/shm";

/// A directory that is deleted when this is dropped.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes one, where the system has a place for it.
    pub fn in_memory() -> Result<Option<Self>> {
        Self::within(Path::new(MEMORY))
    }

    fn within(memory: &Path) -> Result<Option<Self>> {
        let directory = memory.join(format!("indexie-bench-{}", process::id()));
        match fs::create_dir(&directory) {
            Ok(()) => Ok(Some(Self(directory))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("could not make {}", directory.display())),
        }
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_with_what_is_in_it() {
        let scratch = Scratch::within(&std::env::temp_dir()).expect("it can be made").expect("there is a place");
        let path = scratch.path().to_owned();
        fs::write(path.join("file"), "text").expect("it is a directory");

        drop(scratch);
        assert!(!path.exists());
    }

    #[test]
    fn a_system_without_such_a_place_has_none() {
        let none = Scratch::within(Path::new("/dev/there-is-no-such-place")).expect("that is no failure");

        assert!(none.is_none());
    }
}
