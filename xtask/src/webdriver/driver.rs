//! A browser's driver: a child process that takes JSON over HTTP and controls the browser it has started.

use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use ureq::Agent;
use ureq::http::Response;

use crate::browser::{self, Browser};
use crate::leftovers;
use crate::server::free_address;
use crate::workspace::Workspace;

const DRIVER_START: Duration = Duration::from_mins(2);
/// A page that is visited has five minutes, and a script too.
const ONE_REQUEST: Duration = Duration::from_mins(6);

/// A running driver. Dropping it ends the process.
#[derive(Debug)]
pub struct Driver {
    process: Child,
    agent: Agent,
    address: String,
}

impl Driver {
    /// Starts it; it and the browser keep what is temporary in that directory, or where the system does.
    pub fn start(
        workspace: &Workspace,
        browser: &Browser,
        arguments: &[&str],
        temporary: Option<&Path>,
    ) -> Result<Self> {
        let port = free_address()?.port();
        let mut command = Command::new(&browser.driver);
        browser::prepare(workspace, &mut command)?;
        if let Some(temporary) = temporary {
            command.env("TMPDIR", temporary);
        }
        let process = leftovers::mark(&mut command)
            .arg(format!("--port={port}"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("could not start {}", browser.driver.display()))?;
        let agent = Agent::config_builder()
            .timeout_global(Some(ONE_REQUEST))
            // A driver explains its refusals in the body.
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .into();
        let mut driver = Self { process, agent, address: format!("http://127.0.0.1:{port}") };
        driver.wait_until_it_listens(port)?;
        Ok(driver)
    }

    fn wait_until_it_listens(&mut self, port: u16) -> Result<()> {
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = self.process.try_wait()? {
                bail!("the browser's driver ended at once ({status})");
            }
            if start.elapsed() > DRIVER_START {
                bail!("the browser's driver did not listen within {DRIVER_START:?}");
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    pub fn post(&self, path: &str, body: &Value) -> Result<Value> {
        value_in(self.agent.post(format!("{}{path}", self.address)).send_json(body))
    }

    pub fn get(&self, path: &str) -> Result<Value> {
        value_in(self.agent.get(format!("{}{path}", self.address)).call())
    }

    pub fn delete(&self, path: &str) -> Result<Value> {
        value_in(self.agent.delete(format!("{}{path}", self.address)).call())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a driver's answer says.
fn value_in(answer: Result<Response<ureq::Body>, ureq::Error>) -> Result<Value> {
    let mut response = answer.context("the browser's driver did not answer")?;
    let mut answer: Value = response.body_mut().read_json().context("the browser's driver answered no JSON")?;
    let value = answer["value"].take();
    if !response.status().is_success() {
        bail!("the browser's driver refused: {}", refusal(&value));
    }
    Ok(value)
}

fn refusal(value: &Value) -> String {
    value["message"].as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_refusal_is_told_in_the_drivers_words() {
        let value = json!({ "error": "session not created", "message": "no such browser" });

        assert_eq!(refusal(&value), "no such browser");
    }
}
