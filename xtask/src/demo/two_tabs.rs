//! The cities page in two tabs: a place is renamed in one, through the page's own form, and the other shows it.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::headless::wait_for;
use crate::webdriver::Session;

const PATIENCE: Duration = Duration::from_mins(3);

/// Opens the first row's place, and changes its name and its population.
const EDIT: &str = "
    document.querySelector('#rows tr').click();
    const [name, population] = ['name', 'population'].map((field) => document.querySelector(`#detail-new-${field}`));
    name.value += ' (renamed)';
    population.value = Number(population.value) + 1;
    document.querySelector('#detail-form').requestSubmit();
    return [name.value, Number(population.value).toLocaleString('en')].join(', ');";

/// The name and the population in the first row.
const FIRST_ROW: &str = "
    const cells = ['name', 'number'].map((kind) => document.querySelector(`#rows tr .${kind}`)?.textContent ?? '');
    return cells.join(', ');";

/// Opens the page a second time, and lets the first tab, which has it open, show what changes there.
pub fn show(session: &Session, address: &str) -> Result<()> {
    let first = session.current_tab();
    let second = session.new_tab()?;
    session.switch_to(&second)?;
    wait_for(session, address, "ready").context("the cities example did not load in a second tab")?;
    let edited = text(session, EDIT)?;

    let start = Instant::now();
    let [mut there, mut here] = [String::new(), String::new()];
    while start.elapsed() < PATIENCE {
        there = first_row(session, &second)?;
        here = first_row(session, &first)?;
        if there == edited && here == edited {
            println!("An edit in one of its tabs is shown in the other: {edited}.\n");
            return Ok(());
        }
        thread::sleep(Duration::from_millis(50));
    }
    bail!(
        "an edit is not shown after {PATIENCE:?}\nit is: {edited:?}\nits own tab shows: {there:?}\n\
         the other tab shows: {here:?}\nthe consoles:\n{}",
        session.consoles().join("\n")
    )
}

fn first_row(session: &Session, tab: &str) -> Result<String> {
    session.switch_to(tab)?;
    text(session, FIRST_ROW)
}

fn text(session: &Session, script: &str) -> Result<String> {
    let text = session.evaluate(script)?;
    text.as_str().map(str::to_owned).context("the cities page could not be read")
}
