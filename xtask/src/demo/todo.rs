//! The todo page, driven as a person would: add, edit, tick, failures that are taken back, reload, second tab. What is seen
//! on the way is written down in the page itself, so that nothing is too short to be noticed.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::headless::wait_for;
use crate::webdriver::Session;

const PATIENCE: Duration = Duration::from_secs(20);

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

const ADD: &str = "
    document.querySelector('#new-title').value = arguments[0];
    document.querySelector('#new').requestSubmit();";

/// Gives the todo with the first title the second one.
const EDIT: &str = "
    const todo = todoTitled(arguments[0]);
    todo.querySelector('.edit-it').click();
    while (!todo.querySelector('.edit')) await new Promise((resolve) => setTimeout(resolve));
    todo.querySelector('.edit input').value = arguments[1];
    todo.querySelector('.edit').requestSubmit();";

const TICK: &str = "todoTitled(arguments[0]).querySelector('.check').click();";

const DELETE: &str = "todoTitled(arguments[0]).querySelector('.delete-it').click();";

const TODO_TITLED: &str = "
    const todoTitled = (title) => [...document.querySelectorAll('#todos .todo')]
        .find((todo) => todo.querySelector('.title')?.textContent === title);";

const SWITCH: &str = "document.querySelector(`#mode-${arguments[0]}`).click();";

const MODE: &str = "return document.querySelector('#mode').dataset.mode ?? '';";

/// The titles of what the backend keeps.
const KEPT: &str =
    "const todos = await (await fetch('/api/todos')).json(); return todos.map((todo) => todo.title).sort();";

const TROUBLE: &str = "return document.querySelector('#trouble').textContent;";

/// The page in one of its tabs.
#[derive(Clone, Copy)]
struct Page<'s> {
    session: &'s Session,
    tab: &'s str,
}

/// Drives the page at `address`, in the tab that commands go to and in a second one.
pub fn show(session: &Session, address: &str) -> Result<()> {
    let (tab, second) = (session.current_tab(), session.new_tab()?);
    let page = Page { session, tab: &tab };
    page.open(address)?;
    changes_are_seen_before_they_are_stored(page).context("on a slow backend")?;
    refusals_are_taken_back(page).context("on a failing backend")?;
    rows_outlive_the_page(page, address)?;
    tabs_are_in_step(page, Page { session, tab: &second }, address)?;
    println!("The todo page is driven: changes seen at once, refusals taken back, rows kept, two tabs in step.\n");
    Ok(())
}

fn changes_are_seen_before_they_are_stored(page: Page) -> Result<()> {
    page.switch_to("slow")?;
    page.act(ADD, &["Milk"])?;
    page.has_shown("a new todo", json!([[], ["Milk, pending"], ["Milk"]]))?;
    page.act(EDIT, &["Milk", "Oat milk"])?;
    page.has_shown("a new title", json!([["Milk"], ["Oat milk, pending"], ["Oat milk"]]))?;
    page.act(TICK, &["Oat milk"])?;
    page.has_shown("a tick", json!([["Oat milk"], ["Oat milk, done, pending"], ["Oat milk, done"]]))?;
    page.backend_keeps(json!(["Oat milk"]))?;
    page.says_of_trouble("")
}

fn refusals_are_taken_back(page: Page) -> Result<()> {
    let refused = "500";
    page.switch_to("failing")?;
    page.act(ADD, &["Bread"])?;
    let before = "Oat milk, done";
    page.has_shown("a new todo", json!([[before], [before, "Bread, pending"], [before]]))?;
    page.says_of_trouble(refused)?;
    page.act(EDIT, &["Oat milk", "Cream"])?;
    page.has_shown("a new title", json!([[before], ["Cream, done, pending"], [before]]))?;
    page.says_of_trouble(refused)?;
    page.act(DELETE, &["Oat milk"])?;
    page.has_shown("a deletion", json!([[before], [], [before]]))?;
    page.says_of_trouble(refused)?;
    page.backend_keeps(json!(["Oat milk"]))
}

fn rows_outlive_the_page(page: Page, address: &str) -> Result<()> {
    page.switch_to("fast")?;
    page.act(ADD, &["Bread"])?;
    page.shows("a new todo on a fast backend", json!(["Oat milk, done", "Bread"]))?;
    page.says_of_trouble("")?;
    page.open(address)?;
    page.shows("the page that is opened again", json!(["Oat milk, done", "Bread"]))
}

fn tabs_are_in_step(first: Page, second: Page, address: &str) -> Result<()> {
    second.open(address)?;
    second.shows("a second tab", json!(["Oat milk, done", "Bread"]))?;
    first.act(ADD, &["Tea"])?;
    second.shows("a second tab, of what the first has added", json!(["Oat milk, done", "Bread", "Tea"]))?;
    second.act(DELETE, &["Bread"])?;
    second.act(TICK, &["Tea"])?;
    first.shows("the first tab, of what the second has changed", json!(["Oat milk, done", "Tea, done"]))?;
    first.backend_keeps(json!(["Oat milk", "Tea"]))
}

impl Page<'_> {
    fn open(self, address: &str) -> Result<()> {
        self.session.switch_to(self.tab)?;
        wait_for(self.session, address, "ready").context("the todo example did not load").map(drop)
    }

    /// Makes the backend behave in another way, and waits until the page says so.
    fn switch_to(self, mode: &str) -> Result<()> {
        self.run(SWITCH, &[mode])?;
        self.until("how the backend is", json!(mode), |page| page.run(MODE, &[]))
    }

    /// Does something on the page, and has it write down what it shows from then on.
    fn act(self, action: &str, arguments: &[&str]) -> Result<()> {
        self.run(&format!("{SHOWN} {TODO_TITLED} {WATCH} {action}"), arguments).map(drop)
    }

    /// Waits until the page has shown all of this since the last action, and fails if it has shown anything else.
    fn has_shown(self, what: &str, wanted: Value) -> Result<()> {
        self.until(what, wanted, |page| page.run("return window.seen;", &[]))
    }

    /// Waits until the page shows this.
    fn shows(self, what: &str, wanted: Value) -> Result<()> {
        self.until(what, wanted, |page| page.run(&format!("{SHOWN} return shown();"), &[]))
    }

    fn backend_keeps(self, wanted: Value) -> Result<()> {
        self.until("what the backend keeps", wanted, |page| page.run(KEPT, &[]))
    }

    /// Waits until the page's alert has this in it; or nothing, if this is nothing.
    fn says_of_trouble(self, wanted: &str) -> Result<()> {
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
