//! The examples as a user would see them, read out of a headless browser. A page says in
//! `document.body.dataset.state` how far it is, and shows its text in `#output`.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{todo, two_tabs};
use crate::browser::Browser;
use crate::webdriver::{Session, Start};
use crate::workspace::Workspace;

const PATIENCE: Duration = Duration::from_mins(3);

/// What a page says about itself.
#[derive(Debug, PartialEq, Eq)]
pub struct Shown {
    state: String,
    text: String,
}

/// Visits every example below `address`, prints what the quickstart read back, and drives the others.
pub fn show(workspace: &Workspace, browser: &Browser, address: &str) -> Result<()> {
    let session = Session::start(workspace, browser, &Start::default())?;
    let quickstart =
        wait_for(&session, &format!("{address}quickstart/"), "done").context("the quickstart did not finish")?;
    println!("\nThe quickstart shows:");
    print_indented(&quickstart.text);
    let cities = format!("{address}cities/");
    wait_for(&session, &cities, "ready").context("the cities example did not load")?;
    println!("\nThe cities example is ready.");
    two_tabs::show(&session, &cities)?;
    let todo = format!("{address}todo/");
    todo::show(&session, &todo)?;
    session.close_tabs()?;
    // A profile of its own: nothing is shared but the backend.
    let other = Session::start(workspace, browser, &Start::default())?;
    todo::show_two([&session, &other], &todo)
}

/// Opens a page, and waits until it says that it is so far.
pub fn wait_for(session: &Session, address: &str, wanted: &str) -> Result<Shown> {
    session.visit(address)?;
    let start = Instant::now();
    loop {
        let shown = read(session)?;
        if shown.state == wanted {
            return Ok(shown);
        }
        if shown.state == "failed" {
            bail!("the page reports a failure{}", evidence(&shown, &session.console()));
        }
        if start.elapsed() > PATIENCE {
            bail!("the page is not \"{wanted}\" after {PATIENCE:?}{}", evidence(&shown, &session.console()));
        }
        thread::sleep(Duration::from_millis(100));
    }
}

fn read(session: &Session) -> Result<Shown> {
    let value = session.evaluate(
        "return { state: document.body.dataset.state ?? '',
                  text: (document.querySelector('#output') ?? document.body).innerText };",
    )?;
    shown_in(&value).context("the page could not be read")
}

fn shown_in(value: &Value) -> Option<Shown> {
    Some(Shown { state: value["state"].as_str()?.to_owned(), text: value["text"].as_str()?.to_owned() })
}

/// All that helps to understand a page that failed.
fn evidence(shown: &Shown, console: &[String]) -> String {
    format!("\nits state: {:?}\nit shows:\n{}\nits console:\n{}", shown.state, shown.text, console.join("\n"))
}

fn print_indented(text: &str) {
    for line in text.lines() {
        println!("    {line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_page_is_read_from_the_drivers_answer() {
        let answer = json!({ "state": "done", "text": "a\nb" });

        assert_eq!(shown_in(&answer), Some(Shown { state: "done".into(), text: "a\nb".into() }));
    }

    #[test]
    fn an_answer_without_text_is_not_taken_for_a_page() {
        assert_eq!(shown_in(&json!({ "state": "done" })), None);
    }
}
