//! Just enough of the `WebDriver` protocol to open a page in a headless browser and read it: the driver is a child
//! process that takes JSON over HTTP. Only the headless demo uses this; tests have their runner.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use ureq::Agent;

use crate::browser::{self, Browser, Capabilities};
use crate::leftovers;
use crate::workspace::Workspace;

const DRIVER_START: Duration = Duration::from_secs(30);
const ONE_REQUEST: Duration = Duration::from_mins(1);

/// A running browser. Dropping it closes the browser and ends the driver.
#[derive(Debug)]
pub struct Session {
    driver: Driver,
    id: String,
}

impl Session {
    /// Starts the browser's driver, and through it the browser.
    pub fn start(workspace: &Workspace, browser: &Browser) -> Result<Self> {
        let driver = Driver::start(workspace, browser)?;
        let mut wanted = browser.capabilities(workspace)?;
        keep_browser_log(&mut wanted);
        let request = json!({ "capabilities": { "alwaysMatch": wanted } });
        let answer = driver.post("/session", &request)?;
        let id = answer["sessionId"]
            .as_str()
            .with_context(|| format!("{} started without a session", browser.kind))?
            .to_owned();
        Ok(Self { driver, id })
    }

    /// Opens a page and waits for its `load` event.
    pub fn visit(&self, address: &str) -> Result<()> {
        self.post("url", &json!({ "url": address })).map(drop)
    }

    /// Runs a function body in the page and returns what it returns.
    pub fn evaluate(&self, body: &str) -> Result<Value> {
        self.post("execute/sync", &json!({ "script": body, "args": [] }))
    }

    /// The page's console, as far as the browser tells; for error messages.
    pub fn console(&self) -> Vec<String> {
        let entries = self.post("se/log", &json!({ "type": "browser" })).unwrap_or_default();
        let messages = entries.as_array().into_iter().flatten();
        messages
            .filter_map(|entry| entry["message"].as_str())
            // Browsers ask for an icon by themselves; that there is none explains nothing.
            .filter(|message| !message.contains("/favicon.ico"))
            .map(str::to_owned)
            .collect()
    }

    fn post(&self, command: &str, body: &Value) -> Result<Value> {
        self.driver.post(&format!("/session/{}/{command}", self.id), body)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.delete(&format!("/session/{}", self.id));
    }
}

/// Chromium keeps the console for us only when asked at the start.
fn keep_browser_log(wanted: &mut Capabilities) {
    if wanted.contains_key("goog:chromeOptions") {
        wanted.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
    }
}

#[derive(Debug)]
struct Driver {
    process: Child,
    agent: Agent,
    address: String,
}

impl Driver {
    fn start(workspace: &Workspace, browser: &Browser) -> Result<Self> {
        // Drivers want to be told a port; one that was free a moment ago will be.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new(&browser.driver);
        browser::prepare(workspace, &mut command)?;
        let process = leftovers::mark(&mut command)
            .arg(format!("--port={port}"))
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

    fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let mut response = self
            .agent
            .post(format!("{}{path}", self.address))
            .send_json(body)
            .context("the browser's driver did not answer")?;
        let mut answer: Value = response.body_mut().read_json().context("the browser's driver answered no JSON")?;
        let value = answer["value"].take();
        if !response.status().is_success() {
            bail!("the browser's driver refused: {}", refusal(&value));
        }
        Ok(value)
    }

    /// Asks to end something; whoever asks is ending too, and has no use for an error.
    fn delete(&self, path: &str) {
        let _ = self.agent.delete(format!("{}{path}", self.address)).call();
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn refusal(value: &Value) -> String {
    value["message"].as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_drivers_words() {
        let value = json!({ "error": "session not created", "message": "no such browser" });

        assert_eq!(refusal(&value), "no such browser");
    }

    #[test]
    fn only_chromium_is_asked_for_its_log() {
        let mut firefox = Capabilities::from_iter([("moz:firefoxOptions".to_owned(), json!({}))]);

        keep_browser_log(&mut firefox);

        assert!(!firefox.contains_key("goog:loggingPrefs"));
    }
}
