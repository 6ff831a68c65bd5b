//! The todo page, driven as a person would: add, edit, tick, failures that are taken back, reload, second tab; and then
//! with the sync, in two browsers.

mod page;
mod two_browsers;

use anyhow::{Context, Result};
use serde_json::json;

use crate::webdriver::Session;
use page::{ADD, DELETE, EDIT, Page, TICK};
pub use two_browsers::show_two;

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
