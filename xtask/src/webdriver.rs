//! Just enough of the `WebDriver` protocol to control a headless browser: to open pages in its tabs, run scripts in them
//! and end them. The headless demo and the end-to-end tests use this; the browser tests have their runner.

mod driver;

use std::cell::RefCell;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::browser::{Browser, Capabilities, Kind};
use crate::command;
use crate::workspace::Workspace;
use driver::Driver;

/// How long a script may take, in milliseconds: what never answers is to end, however slow the machine is. Less than a driver's
/// answer may take.
const ONE_SCRIPT: u32 = 300_000;

/// Runs the body of an asynchronous function, and tells how that went.
const ASYNCHRONOUS: [&str; 2] = [
    "const done = arguments[arguments.length - 1]; (async () => {",
    "})().then((value) => done({ value: value ?? null }), (error) => done({ error: String(error?.stack ?? error) }));",
];

/// The process of Firefox's current tab. Its driver makes Firefox end when a tab crashes, which is undone.
const TAB_PROCESS: &str = "Services.env.set('MOZ_CRASHREPORTER_SHUTDOWN', '');
    return gBrowser.selectedBrowser.browsingContext.currentWindowGlobal.osPid;";

/// What Firefox does when its user deletes a site's data.
const CLEAR_SITE_DATA: &str = "const security = Services.scriptSecurityManager;
    const principal = security.createContentPrincipalFromOrigin(arguments[0]);
    await new Promise((resolve) => Services.clearData.deleteDataFromPrincipal(
        principal, true, Ci.nsIClearDataService.CLEAR_DOM_QUOTA, resolve));";

/// Of all sites together. Firefox looks at its setting when it begins to look after what sites have stored.
const LIMIT_SITE_DATA: &str = "const [kilobytes] = arguments;
    Services.prefs.setBoolPref('dom.quotaManager.testing', true);
    Services.prefs.setIntPref('dom.quotaManager.temporaryStorage.fixedLimit', kilobytes ?? -1);
    await new Promise((resolve) => { Services.qms.reset().callback = resolve; });";

/// A running browser. Dropping it closes the browser and ends the driver.
#[derive(Debug)]
pub struct Session {
    driver: Driver,
    id: String,
    kind: Kind,
    process: Option<u64>,
    /// The tab that the browser has started with.
    home: String,
    /// The tab that commands go to.
    current: RefCell<String>,
}

/// How a browser is started, beyond what `webdriver.json` says.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// Where the browser keeps what outlives it; otherwise a directory that goes with it.
    pub profile: Option<PathBuf>,
    /// Lets scripts control the browser itself, where that has to be asked for.
    pub system_access: bool,
    /// Keeps everything temporary there, the profile included, instead of where the system does.
    pub temporary: Option<PathBuf>,
    /// Lets scripts collect the garbage by calling `gc`, where the browser can.
    pub exposes_gc: bool,
}

impl Session {
    /// Starts the browser's driver, and through it the browser.
    pub fn start(workspace: &Workspace, browser: &Browser, start: &Start) -> Result<Self> {
        let system_access = start.system_access && browser.kind == Kind::Firefox;
        let arguments: &[&str] = if system_access { &["--allow-system-access"] } else { &[] };
        let driver = Driver::start(workspace, browser, arguments, start.temporary.as_deref())?;
        let mut wanted = browser.capabilities(workspace, start.profile.as_deref(), start.exposes_gc)?;
        keep_browser_log(&mut wanted);
        wanted.insert("timeouts".to_owned(), json!({ "script": ONE_SCRIPT }));
        let request = json!({ "capabilities": { "alwaysMatch": wanted } });
        let answer = driver.post("/session", &request)?;
        let id = answer["sessionId"]
            .as_str()
            .with_context(|| format!("{} started without a session", browser.kind))?
            .to_owned();
        let process = process_in(&answer["capabilities"]);
        let home = driver.get(&format!("/session/{id}/window"))?;
        let home = home.as_str().context("the browser has no window")?.to_owned();
        let current = RefCell::new(home.clone());
        Ok(Self { driver, id, kind: browser.kind, process, home, current })
    }

    /// The number of the browser's first process, if its driver tells.
    pub fn process(&self) -> Option<u64> {
        self.process
    }

    // --- tabs

    /// Opens one more tab and returns its handle; commands go to the one before still.
    pub fn new_tab(&self) -> Result<String> {
        let tab = self.post("window/new", &json!({ "type": "tab" }))?;
        tab["handle"].as_str().map(str::to_owned).context("the new tab has no handle")
    }

    /// The handle of the tab that commands go to.
    pub fn current_tab(&self) -> String {
        self.current.borrow().clone()
    }

    /// Sends the commands that follow to this tab.
    pub fn switch_to(&self, tab: &str) -> Result<()> {
        if *self.current.borrow() == tab {
            return Ok(());
        }
        self.post("window", &json!({ "handle": tab }))?;
        tab.clone_into(&mut self.current.borrow_mut());
        Ok(())
    }

    /// Closes the tab that commands go to; they go to the first one then.
    pub fn close_tab(&self) -> Result<()> {
        self.driver.delete(&format!("/session/{}/window", self.id))?;
        self.switch_to(&self.home)
    }

    /// Kills the process of the tab that commands go to.
    pub fn crash_tab(&self) -> Result<()> {
        match self.kind {
            Kind::Chromium => {
                // The process that would answer is gone.
                let _ = self.devtools("Page.crash", &json!({}));
                Ok(())
            }
            Kind::Firefox => {
                let process = self.evaluate_in_firefox(TAB_PROCESS, &[])?;
                let process = process.as_u64().context("Firefox does not tell a tab's process")?;
                command::kill(process)
            }
        }
    }

    /// Goes one page back in the tab's history.
    pub fn back(&self) -> Result<()> {
        self.post("back", &json!({})).map(drop)
    }

    /// Closes all tabs but the first.
    pub fn close_tabs(&self) -> Result<()> {
        for tab in self.tabs()?.iter().filter(|tab| **tab != self.home) {
            self.switch_to(tab)?;
            self.close_tab()?;
        }
        Ok(())
    }

    /// The handles of all tabs.
    fn tabs(&self) -> Result<Vec<String>> {
        let handles = self.driver.get(&format!("/session/{}/window/handles", self.id))?;
        Ok(handles.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    // --- the page of the tab that commands go to

    /// Opens a page and waits for its `load` event.
    pub fn visit(&self, address: &str) -> Result<()> {
        self.post("url", &json!({ "url": address })).map(drop)
    }

    /// Runs a function body in the page and returns what it returns.
    pub fn evaluate(&self, body: &str) -> Result<Value> {
        self.post("execute/sync", &json!({ "script": body, "args": [] }))
    }

    /// Runs the body of an asynchronous function in the page, and returns what its promise came to. The arguments are
    /// `arguments[0]` and so on.
    pub fn evaluate_async(&self, body: &str, arguments: &[Value]) -> Result<Value> {
        let [before, after] = ASYNCHRONOUS;
        let script = format!("{before}{body}\n{after}");
        let mut answer = self.post("execute/async", &json!({ "script": script, "args": arguments }))?;
        let error = answer["error"].as_str();
        ensure!(error.is_none(), "the page answered with an error: {}", error.unwrap_or_default());
        Ok(answer["value"].take())
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

    /// The consoles of all tabs, as far as the browser tells.
    pub fn consoles(&self) -> Vec<String> {
        let tabs = self.tabs().unwrap_or_default();
        tabs.iter().filter(|tab| self.switch_to(tab).is_ok()).flat_map(|_| self.console()).collect()
    }

    // --- the browser itself

    /// Deletes what a site has stored, as a user does in the browser's settings.
    pub fn clear_site_data(&self, origin: &str) -> Result<()> {
        match self.kind {
            Kind::Chromium => {
                let what = json!({ "origin": origin, "storageTypes": "indexeddb" });
                self.devtools("Storage.clearDataForOrigin", &what).map(drop)
            }
            Kind::Firefox => self.evaluate_in_firefox(CLEAR_SITE_DATA, &[json!(origin)]).map(drop),
        }
    }

    /// Lets a site store no more than so many bytes, or again as much as the browser likes: Chromium as long as this tab is open. In
    /// Firefox its databases must be closed by then.
    pub fn limit_site_data(&self, origin: &str, bytes: Option<u64>) -> Result<()> {
        match self.kind {
            Kind::Chromium => {
                let mut limit = json!({ "origin": origin });
                if let Some(bytes) = bytes {
                    limit["quotaSize"] = json!(bytes);
                }
                self.devtools("Storage.overrideQuotaForOrigin", &limit).map(drop)
            }
            Kind::Firefox => {
                let kilobytes = bytes.map(|bytes| bytes / 1024);
                self.evaluate_in_firefox(LIMIT_SITE_DATA, &[json!(kilobytes)]).map(drop)
            }
        }
    }

    /// Sends a command of Chromium's own protocol, to the tab that commands go to.
    pub fn devtools(&self, command: &str, parameters: &Value) -> Result<Value> {
        self.post("goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    /// Runs the body of an asynchronous function among Firefox's own scripts. Needs [`Start::system_access`].
    pub fn evaluate_in_firefox(&self, body: &str, arguments: &[Value]) -> Result<Value> {
        self.post("moz/context", &json!({ "context": "chrome" }))?;
        let value = self.evaluate_async(body, arguments);
        self.post("moz/context", &json!({ "context": "content" }))?;
        value
    }

    fn post(&self, command: &str, body: &Value) -> Result<Value> {
        self.driver.post(&format!("/session/{}/{command}", self.id), body)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Whoever drops it is ending too, and has no use for an error.
        let _ = self.driver.delete(&format!("/session/{}", self.id));
    }
}

/// Chromium keeps the console for us only when asked at the start.
fn keep_browser_log(wanted: &mut Capabilities) {
    if wanted.contains_key("goog:chromeOptions") {
        wanted.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
    }
}

fn process_in(capabilities: &Value) -> Option<u64> {
    ["goog:processID", "moz:processID"].iter().find_map(|name| capabilities[name].as_u64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_chromium_is_asked_for_its_log() {
        let mut firefox = Capabilities::from_iter([("moz:firefoxOptions".to_owned(), json!({}))]);

        keep_browser_log(&mut firefox);

        assert!(!firefox.contains_key("goog:loggingPrefs"));
    }

    #[test]
    fn each_browser_tells_its_process_under_its_own_name() {
        assert_eq!(process_in(&json!({ "goog:processID": 7 })), Some(7));
        assert_eq!(process_in(&json!({ "moz:processID": 8 })), Some(8));
        assert_eq!(process_in(&json!({})), None);
    }
}
