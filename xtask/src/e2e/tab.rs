//! A tab with the tests' page: commands of the Rust program in it, scripts of the browser's own, and ways to end it.

use std::cell::Cell;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::check;
use crate::webdriver::Session;

/// The error that the driver's words wrap.
const ANSWERED: &str = "the page answered with an error: ";

/// A tab of a browser.
#[derive(Debug)]
pub struct Tab<'s> {
    session: &'s Session,
    handle: String,
    calls: &'s Cell<u32>,
}

/// How a tab comes to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    Closed,
    /// The user follows a link.
    Left,
    /// Its process dies.
    Crashed,
}

/// A command that has been started.
#[derive(Debug)]
pub struct Running<'t> {
    tab: &'t Tab<'t>,
    /// By which other tabs hear of it.
    pub call: u32,
}

impl<'s> Tab<'s> {
    pub fn open(session: &'s Session, address: &str, calls: &'s Cell<u32>) -> Result<Self> {
        let tab = Self { session, handle: session.new_tab()?, calls };
        tab.visit(address)?;
        tab.wait_until_ready()?;
        Ok(tab)
    }

    /// Waits until a page that is visited can be told something.
    pub fn wait_until_ready(&self) -> Result<()> {
        // Chromium's driver may answer before the page's module has run.
        check::until("the page has loaded", || Ok(self.script("return typeof e2e", &[])? == "object"))?;
        self.script("await e2e.ready", &[]).map(drop).context("the page could not start")
    }

    pub fn visit(&self, address: &str) -> Result<()> {
        self.session.switch_to(&self.handle)?;
        self.session.visit(address)
    }

    /// Runs the body of an asynchronous JavaScript function in the page.
    pub fn script(&self, body: &str, arguments: &[Value]) -> Result<Value> {
        self.session.switch_to(&self.handle)?;
        self.session.evaluate_async(body, arguments)
    }

    /// Starts a command.
    pub fn begin(&self, command: &str, parameters: Value) -> Result<Running<'_>> {
        self.begin_by("e2e.begin(...arguments)", command, parameters)
    }

    /// Starts a command in the service worker, which is to be registered.
    pub fn begin_in_worker(&self, command: &str, parameters: Value) -> Result<Running<'_>> {
        self.begin_by("e2e.beginInWorker(...arguments)", command, parameters)
    }

    /// Starts a command in a worker of the page's own.
    pub fn begin_in_dedicated(&self, command: &str, parameters: Value) -> Result<Running<'_>> {
        self.begin_by("e2e.beginInDedicated(...arguments)", command, parameters)
    }

    /// Registers the service worker. The next tabs use the same one.
    pub fn register_worker(&self) -> Result<()> {
        self.script("await e2e.worker.register()", &[]).map(drop).context("the service worker does not start")
    }

    fn begin_by(&self, script: &str, command: &str, parameters: Value) -> Result<Running<'_>> {
        let call = self.calls.get() + 1;
        self.calls.set(call);
        let arguments = [json!(call), json!(command), with_database(parameters)];
        self.script(script, &arguments)?;
        Ok(Running { tab: self, call })
    }

    /// Runs a command to its end.
    pub fn call(&self, command: &str, parameters: Value) -> Result<Value> {
        self.begin(command, parameters)?.finish().with_context(|| format!("`{command}` failed"))
    }

    /// Runs a command that needs to be told nothing.
    pub fn ask(&self, command: &str) -> Result<Value> {
        self.call(command, json!({}))
    }

    /// Opens a shop as the program of this version does, as the tab's database.
    pub fn open_shop(&self, version: u32, name: &str) -> Result<()> {
        self.begin_to_open(version, name)?
            .finish()
            .map(drop)
            .with_context(|| format!("version {version} does not open"))
    }

    /// Begins to open a shop.
    pub fn begin_to_open(&self, version: u32, name: &str) -> Result<Running<'_>> {
        self.begin("open", json!({ "version": version, "name": name }))
    }

    /// A new shop of version 1 with so many items, in place of any before; closed again.
    pub fn stock(&self, name: &str, count: u32) -> Result<()> {
        self.clear_away(name)?;
        self.call("stock", json!({ "count": count }))?;
        self.ask("close")?;
        Ok(())
    }

    /// Deletes a shop, if it is there.
    pub fn clear_away(&self, name: &str) -> Result<()> {
        self.call("make", json!({ "version": 1, "name": name }))?;
        self.ask("delete").map(drop)
    }

    /// What was reported to the tab's databases since this was asked last.
    pub fn events(&self) -> Result<Vec<Value>> {
        let events = self.ask("events")?;
        Ok(events.as_array().cloned().unwrap_or_default())
    }

    /// All that can be compared of a stored database, read without indexie.
    pub fn survey(&self, name: &str) -> Result<Value> {
        self.script("return e2e.survey(arguments[0])", &[json!(name)])
            .with_context(|| format!("{name:?} cannot be looked at"))
    }

    /// How far another tab's command is, as far as it could tell.
    pub fn heard_of(&self, call: u32) -> Result<Option<String>> {
        let state = self.script("return e2e.heard.get(arguments[0])", &[json!(call)])?;
        Ok(state.as_str().map(str::to_owned))
    }

    /// Sends a command of Chromium's own protocol to the tab.
    pub fn devtools(&self, command: &str, parameters: &Value) -> Result<Value> {
        self.session.switch_to(&self.handle)?;
        self.session.devtools(command, parameters)
    }

    /// Follows a link to another page.
    pub fn leave(&self) -> Result<()> {
        self.visit("about:blank")
    }

    /// Goes back to the page that was left.
    pub fn come_back(&self) -> Result<()> {
        self.session.switch_to(&self.handle)?;
        self.session.back()?;
        self.wait_until_ready()
    }

    /// Ends the tab's page, and then the tab.
    pub fn die(self, death: Death) -> Result<()> {
        match death {
            Death::Closed => {}
            Death::Left => self.leave()?,
            Death::Crashed => {
                self.session.switch_to(&self.handle)?;
                self.session.crash_tab()?;
            }
        }
        self.close()
    }

    /// Closes the tab.
    pub fn close(self) -> Result<()> {
        self.session.switch_to(&self.handle)?;
        self.session.close_tab()
    }
}

impl Death {
    /// Those that can be brought about in a browser.
    pub const ALL: &'static [Self] = &[Self::Closed, Self::Left, Self::Crashed];

    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Left => "left",
            Self::Crashed => "crashed",
        }
    }
}

impl Running<'_> {
    /// Waits for the answer.
    pub fn finish(self) -> Result<Value> {
        self.tab.script("return e2e.answer(arguments[0])", &[json!(self.call)])
    }

    /// Waits for the command to fail, and returns the text of its error.
    pub fn fail(self) -> Result<String> {
        match self.finish() {
            Ok(answer) => bail!("an error was expected, and the answer was {answer}"),
            Err(error) => match error.to_string().strip_prefix(ANSWERED) {
                Some(text) => Ok(text.to_owned()),
                None => Err(error),
            },
        }
    }

    /// Whether the page knows of it: not if it was loaded anew meanwhile.
    pub fn is_known(&self) -> Result<bool> {
        Ok(self.tab.script("return e2e.state(arguments[0]) !== undefined", &[json!(self.call)])? == true)
    }

    /// Whether it has ended by now.
    pub fn is_over(&self) -> Result<bool> {
        let state = self.tab.script("return e2e.state(arguments[0])", &[json!(self.call)])?;
        Ok(state != "begun")
    }

    /// Waits until something was reported to the tab.
    pub fn until_reported(&self, what: &str, expected: &Value) -> Result<()> {
        check::until(what, || Ok(self.tab.events()?.contains(expected)))
    }
}

fn with_database(mut parameters: Value) -> Value {
    if let Some(parameters) = parameters.as_object_mut() {
        parameters.entry("db").or_insert_with(|| json!("shop"));
    }
    parameters
}
