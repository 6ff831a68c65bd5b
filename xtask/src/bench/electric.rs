//! The conformance server, in a process of its own: as it is built for release, it takes little of what is measured.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::workspace::Workspace;
use crate::{command, leftovers, progress};

const PACKAGE: &str = "electric-server";

/// A running server. Dropping it ends the process.
#[derive(Debug)]
pub struct Electric {
    process: Child,
    /// Of the server, without a path.
    pub url: String,
}

impl Electric {
    pub fn start(workspace: &Workspace) -> Result<Self> {
        let mut cargo = workspace.cargo();
        cargo.args(["build", "--release", "-p", PACKAGE]);
        progress::report(&command::as_typed(&cargo), || command::run(&mut cargo))?;
        let program = workspace.target.join("release").join(PACKAGE).with_extension(std::env::consts::EXE_EXTENSION);
        let process = leftovers::mark(&mut Command::new(&program))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not start {}", program.display()))?;
        let mut server = Self { process, url: String::new() };
        let output = server.process.stdout.take().context("the server has no output")?;
        BufReader::new(output).read_line(&mut server.url)?;
        // It says where to ask for shapes.
        let end = server.url.trim_end().strip_suffix("/v1/shape").map_or(server.url.trim_end().len(), str::len);
        server.url.truncate(end);
        ensure!(server.url.starts_with("http"), "the server does not say where it is");
        Ok(server)
    }
}

impl Drop for Electric {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
