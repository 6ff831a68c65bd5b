//! Browsers that outlive their driver. A driver that is killed leaves its browser running, and
//! Chromium stays when Ctrl-C ends the driver; so everything a run starts carries a mark in its
//! environment, and what still carries it at the end is ended too.

use std::env;
use std::fs;
use std::process::{self, Command};

use anyhow::{Context, Result};

use crate::command;

const VARIABLE: &str = "INDEXIE_XTASK_RUN";

/// Ends what the run left behind when it is dropped, and on Ctrl-C.
#[derive(Debug)]
pub struct Leftovers;

impl Leftovers {
    /// Watches from now on. Called once per process.
    pub fn watch() -> Result<Self> {
        ctrlc::set_handler(|| {
            end_marked();
            process::exit(130);
        })
        .context("could not listen for Ctrl-C")?;
        Ok(Self)
    }
}

impl Drop for Leftovers {
    fn drop(&mut self) {
        end_marked();
    }
}

/// Marks a program about to be started, and with it all that it starts.
pub fn mark(command: &mut Command) -> &mut Command {
    command.env(VARIABLE, mark_of_this_run())
}

fn mark_of_this_run() -> String {
    // A test binary's runner is started by a marked process, and passes that mark on.
    env::var(VARIABLE).unwrap_or_else(|_| process::id().to_string())
}

/// Only Linux tells what is in another process's environment; elsewhere nothing is found.
fn end_marked() {
    let wanted = format!("{VARIABLE}={}", mark_of_this_run());
    let Ok(processes) = fs::read_dir("/proc") else {
        return;
    };
    let marked: Vec<String> = processes
        .flatten()
        .filter(|entry| {
            fs::read(entry.path().join("environ")).is_ok_and(|environment| contains_entry(&environment, &wanted))
        })
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|id| *id != process::id().to_string())
        .collect();
    if !marked.is_empty() {
        command::succeeds(Command::new("kill").arg("-KILL").args(marked));
    }
}

/// Whether an environment, as `/proc` shows it, holds exactly this `NAME=value`.
fn contains_entry(environment: &[u8], entry: &str) -> bool {
    environment.split(|byte| *byte == 0).any(|one| one == entry.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_matched_whole() {
        let environment = b"HOME=/root\0INDEXIE_XTASK_RUN=12\0PATH=/bin\0";

        assert!(contains_entry(environment, "INDEXIE_XTASK_RUN=12"));
        assert!(!contains_entry(environment, "INDEXIE_XTASK_RUN=1"));
    }
}
