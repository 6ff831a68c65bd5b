//! The todo page, as a person sees it and acts on it. What is seen is written down in the page itself, so that nothing is too
//! short to be noticed.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::demo::headless::wait_for;
use crate::webdriver::Session;

const PATIENCE: Duration = Duration::from_mins(3);

/// What the page shows of its todos, one text for each.
const SHOWN: &str = "
    const shown = () => [...document.querySelectorAll('#todos .todo')].map((todo) => [
        todo.querySelector('.title')?.textContent ?? todo.querySelector('.edit input').defaultValue,
        todo.querySelector('.check').ariaChecked === 'true' && 'done',
        todo.ariaBusy === 'true' && 'pending',
    ].filter(Boolean).join(', '));";

/// Writes down what the page shows, now and whenever it is something else.
const WATCH: &str = "
    clearInterval(window.watching);
    window.seen = [shown()];
    window.watching = setInterval(() => {
        const now = shown();
        if (JSON.stringify(now) !== JSON.stringify(window.seen.at(-1))) window.seen.push(now);
    }, 5);";

pub const ADD: &str = "
    document.querySelector('#new-title').value = arguments[0];
    document.querySelector('#new').requestSubmit();";

/// Gives the todo with the first title the second one.
pub const EDIT: &str = "
    const todo = todoTitled(arguments[0]);
    todo.querySelector('.edit-it').click();
    while (!todo.querySelector('.edit')) await new Promise((resolve) => setTimeout(resolve));
    todo.querySelector('.edit input').value = arguments[1];
    todo.querySelector('.edit').requestSubmit();";

pub const TICK: &str = "todoTitled(arguments[0]).querySelector('.check').click();";

pub const DELETE: &str = "todoTitled(arguments[0]).querySelector('.delete-it').click();";

const TODO_TITLED: &str = "
    const todoTitled = (title) => [...document.querySelectorAll('#todos .todo')]
        .find((todo) => todo.querySelector('.title')?.textContent === title);";

const SWITCH: &str = "document.querySelector(`#mode-${arguments[0]}`).click();";

const MODE: &str = "return document.querySelector('#mode').dataset.mode ?? '';";

/// The titles of what the backend keeps.
const KEPT: &str =
    "const todos = await (await fetch('/api/todos')).json(); return todos.map((todo) => todo.title).sort();";

/// The todos that the backend keeps, as the page shows them.
const ALL_KEPT: &str = "
    const todos = await (await fetch('/api/todos')).json();
    todos.sort((a, b) => a.created < b.created ? -1 : 1);
    return todos.map((todo) => [todo.title, todo.done === 'true' && 'done'].filter(Boolean).join(', '));";

/// What a page notices of a network that goes or comes. Chromium's own stand-in lets requests to the same machine through at times.
const NETWORK: &str = "
    const on = arguments[0] === 'on';
    window.fetchOfOnline ??= window.fetch;
    window.fetch = on ? window.fetchOfOnline : () => Promise.reject(new TypeError('Failed to fetch'));
    Object.defineProperty(navigator, 'onLine', { configurable: true, get: () => on });
    window.dispatchEvent(new Event(on ? 'online' : 'offline'));";

/// Ends every connection with the backend's database; who follows it connects again.
const DISCONNECT: &str = "
    const shape = await (await fetch('/api/shape')).text();
    await fetch(new URL('/control', shape), { method: 'POST', body: JSON.stringify({ do: 'restart' }) });";

const SYNC: &str = "
    const sync = document.querySelector('#sync-on');
    if (sync.checked !== (arguments[0] === 'on')) sync.click();";

const STANDING: &str = "return document.querySelector('#sync-status').textContent;";

const TROUBLE: &str = "return document.querySelector('#trouble').textContent;";

/// The page in one of a browser's tabs.
#[derive(Clone, Copy)]
pub struct Page<'s> {
    pub session: &'s Session,
    pub tab: &'s str,
}

impl Page<'_> {
    pub fn open(self, address: &str) -> Result<()> {
        self.session.switch_to(self.tab)?;
        wait_for(self.session, address, "ready").context("the todo example did not load").map(drop)
    }

    /// Makes the backend behave in another way, and waits until the page says so.
    pub fn switch_to(self, mode: &str) -> Result<()> {
        self.run(SWITCH, &[mode])?;
        self.until("how the backend is", json!(mode), |page| page.run(MODE, &[]))
    }

    /// Does something on the page, and has it write down what it shows from then on.
    pub fn act(self, action: &str, arguments: &[&str]) -> Result<()> {
        self.run(&format!("{SHOWN} {TODO_TITLED} {WATCH} {action}"), arguments).map(drop)
    }

    /// Waits until the page has shown all of this since the last action, and fails if it has shown anything else.
    pub fn has_shown(self, what: &str, wanted: Value) -> Result<()> {
        self.until(what, wanted, |page| page.run("return window.seen;", &[]))
    }

    /// Waits until the page shows this.
    pub fn shows(self, what: &str, wanted: Value) -> Result<()> {
        self.until(what, wanted, |page| page.run(&format!("{SHOWN} return shown();"), &[]))
    }

    pub fn backend_keeps(self, wanted: Value) -> Result<()> {
        self.until("what the backend keeps", wanted, |page| page.run(KEPT, &[]))
    }

    /// Waits until the backend has all that the page is to show, and nothing else.
    pub fn backend_has(self, wanted: Value) -> Result<()> {
        self.until("what the backend has", wanted, |page| page.run(ALL_KEPT, &[]))
    }

    /// Turns the switch of the sync: `on` or `off`.
    pub fn turn_sync(self, to: &str) -> Result<()> {
        self.run(SYNC, &[to]).map(drop)
    }

    /// Waits until the page says this of the sync, or something that begins with it; or nothing, if this is nothing.
    pub fn says_of_sync(self, wanted: &str) -> Result<()> {
        self.until("how the sync stands", json!(wanted), |page| {
            let said = page.run(STANDING, &[])?;
            let is_wanted = said.as_str().is_some_and(|said| begins_alike(said, wanted));
            Ok(if is_wanted { json!(wanted) } else { said })
        })
    }

    /// Takes the page's network away, or gives it back.
    pub fn set_offline(self, offline: bool) -> Result<()> {
        self.run(NETWORK, &[if offline { "off" } else { "on" }]).map(drop)
    }

    /// Ends the connections of all browsers with the backend's database.
    pub fn disconnect_all(self) -> Result<()> {
        self.run(DISCONNECT, &[]).map(drop)
    }

    /// Waits until the page's alert has this in it; or nothing, if this is nothing.
    pub fn says_of_trouble(self, wanted: &str) -> Result<()> {
        self.until("that the alert says what it should", json!(true), |page| {
            let said = page.run(TROUBLE, &[])?;
            let said = said.as_str().context("the alert is not there")?;
            Ok(if said.is_empty() == wanted.is_empty() && said.contains(wanted) { json!(true) } else { json!(said) })
        })
    }

    #[allow(clippy::needless_pass_by_value, reason = "called with literals")]
    fn until(self, what: &str, wanted: Value, read: impl Fn(Self) -> Result<Value>) -> Result<()> {
        let start = Instant::now();
        loop {
            let actual = read(self)?;
            if actual == wanted {
                return Ok(());
            }
            ensure!(
                start.elapsed() < PATIENCE,
                "{what}: after {PATIENCE:?}\nit is:        {actual}\nit should be: {wanted}\nthe console:\n{}",
                self.session.console().join("\n")
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Runs the body of an asynchronous function in this tab.
    fn run(self, script: &str, arguments: &[&str]) -> Result<Value> {
        self.session.switch_to(self.tab)?;
        let arguments: Vec<Value> = arguments.iter().map(|argument| json!(argument)).collect();
        self.session.evaluate_async(script, &arguments)
    }
}

fn begins_alike(said: &str, wanted: &str) -> bool {
    said.is_empty() == wanted.is_empty() && said.starts_with(wanted)
}
