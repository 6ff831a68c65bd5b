//! The todo page in two browsers that both sync: what is changed in one is seen in the other, changes that are made offline wait
//! and then flow, and in the end both have what the backend has.

use anyhow::{Context, Result};
use serde_json::json;

use super::page::{ADD, DELETE, EDIT, Page, TICK};
use crate::webdriver::Session;

/// Drives the page at `address` in two browsers, which know nothing of each other.
pub fn show_two(sessions: [&Session; 2], address: &str) -> Result<()> {
    let [tab, other_tab] = sessions.map(Session::current_tab);
    let here = Page { session: sessions[0], tab: &tab };
    let there = Page { session: sessions[1], tab: &other_tab };
    for page in [here, there] {
        page.open(address)?;
        page.turn_sync("on")?;
        page.says_of_sync("live")?;
    }
    // What was kept before, when nobody synced.
    for title in ["Oat milk", "Tea"] {
        there.act(DELETE, &[title])?;
    }
    here.shows("what was deleted in the other browser", json!([]))?;

    changes_are_seen_in_the_other(here, there).context("with both online")?;
    changes_made_offline_flow_later(here, there).context("with one offline")?;
    a_backend_that_is_away_is_waited_for(here, there).context("without a backend")?;
    the_switch_is_remembered(here, there, address)?;
    println!("Two browsers with the sync converge: online, after one was offline, and after the backend was away.\n");
    Ok(())
}

fn changes_are_seen_in_the_other(here: Page, there: Page) -> Result<()> {
    here.act(ADD, &["Milk"])?;
    there.shows("what was added in the other browser", json!(["Milk"]))?;
    there.act(TICK, &["Milk"])?;
    here.shows("what was ticked in the other browser", json!(["Milk, done"]))?;
    there.act(ADD, &["Bread"])?;
    here.shows("what was added in the other browser", json!(["Milk, done", "Bread"]))?;
    here.act(EDIT, &["Bread", "Rye bread"])?;
    there.shows("what was edited in the other browser", json!(["Milk, done", "Rye bread"]))?;
    here.act(DELETE, &["Milk"])?;
    both_have(here, there, &["Rye bread"])
}

fn changes_made_offline_flow_later(here: Page, there: Page) -> Result<()> {
    here.set_offline(true)?;
    // A network that goes takes its connections along; Chromium's stand-in for that leaves open what is open.
    there.disconnect_all()?;
    here.says_of_sync("offline")?;
    here.act(ADD, &["Jam"])?;
    here.act(TICK, &["Rye bread"])?;
    here.shows("what was changed offline", json!(["Rye bread, done, pending", "Jam, pending"]))?;
    there.act(EDIT, &["Rye bread", "Black bread"])?;
    there.act(ADD, &["Butter"])?;
    there.shows("the browser that is online", json!(["Black bread", "Butter"]))?;
    here.says_of_trouble("")?;

    here.set_offline(false)?;
    here.says_of_sync("live")?;
    both_have(here, there, &["Black bread, done", "Jam", "Butter"])
}

fn a_backend_that_is_away_is_waited_for(here: Page, there: Page) -> Result<()> {
    here.switch_to("away")?;
    here.says_of_sync("trying again")?;
    here.act(DELETE, &["Jam"])?;
    there.act(TICK, &["Butter"])?;
    here.shows("what was deleted", json!(["Black bread, done", "Butter"]))?;
    there.shows("what was ticked", json!(["Black bread, done", "Jam", "Butter, done, pending"]))?;

    here.switch_to("fast")?;
    both_have(here, there, &["Black bread, done", "Butter, done"])
}

fn the_switch_is_remembered(here: Page, there: Page, address: &str) -> Result<()> {
    here.open(address)?;
    here.says_of_sync("live")?;
    here.turn_sync("off")?;
    here.says_of_sync("")?;
    there.act(DELETE, &["Black bread"])?;
    there.shows("what is left", json!(["Butter, done"]))?;
    here.shows("the browser that does not sync", json!(["Black bread, done", "Butter, done"]))?;
    here.turn_sync("on")?;
    both_have(here, there, &["Butter, done"])
}

fn both_have(here: Page, there: Page, wanted: &[&str]) -> Result<()> {
    here.shows("this browser", json!(wanted))?;
    there.shows("the other browser", json!(wanted))?;
    here.backend_has(json!(wanted))
}
