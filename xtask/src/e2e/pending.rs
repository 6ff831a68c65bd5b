//! Tabs that go between what the server knows and what is stored.

use std::thread;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use super::check::same;
use super::stage::{Stage, tests};
use super::tab::{Death, Tab};

tests![
    an_overlay_whose_tab_goes_after_its_hooks_is_not_stored,
    an_overlay_whose_tab_lives_is_stored_once_it_can_be,
    an_overlay_of_a_tab_that_is_gone_leaves_no_trace,
];

const ITEMS: u32 = 50;
const PENDING: u32 = 20;

/// Makes a database and keeps it open for as long as the page is there.
const STAY_IN_THE_WAY: &str = "await e2e.leaveMark(arguments[0]);
    window.inTheWay = await e2e.openStored(arguments[0]);";

/// How many items are in another round than at first, and how many scraps there are.
fn stored(survey: &Value) -> (Value, Value) {
    let stores = &survey["stores"];
    (stores["items"]["properties"]["round"]["sum"].clone(), stores["scraps"]["count"].clone())
}

const BEFORE: (u32, u32) = (0, ITEMS / 10);

/// One tab, and another that has an overlay pending.
fn two_tabs<'s>(stage: &'s Stage, name: &str) -> Result<(Tab<'s>, Tab<'s>)> {
    let (keeper, pending) = (stage.tab()?, stage.tab()?);
    keeper.stock(name, ITEMS)?;
    keeper.open_shop(1, name)?;
    pending.open_shop(1, name)?;
    pending.call("prepare overlay", json!({ "count": PENDING, "round": 1 }))?;
    Ok((keeper, pending))
}

fn an_overlay_whose_tab_goes_after_its_hooks_is_not_stored(stage: &Stage) -> Result<()> {
    // A page that is left may still be kept, and then stores what it was about to.
    for death in [Death::Closed, Death::Crashed] {
        let name = format!("{} {}", stage.database, death.name());
        let (keeper, victim) = two_tabs(stage, &name)?;
        // The hooks need no transaction; storing does.
        let holding = keeper.begin("hold", json!({}))?;
        let committing = victim.begin("commit overlay", json!({}))?;
        committing.until_reported("the last hook has been called", &json!({ "sent": PENDING }))?;
        same("it is stored", committing.is_over()?, false)?;
        let witness = format!("{name}, witness");
        victim.script(STAY_IN_THE_WAY, &[json!(witness)])?;

        victim.die(death)?;
        // The browser knows that the tab is gone, when nothing keeps it from deleting what only that tab had open.
        keeper.script("await e2e.deleteStored(arguments[0])", &[json!(witness)])?;
        // What becomes of its transaction is decided when it would be its turn.
        thread::sleep(Duration::from_millis(300));
        keeper.ask("release")?;
        holding.finish()?;

        let (rounds, scraps) = stored(&keeper.survey(&name)?);
        // The keeper's own is one.
        same("rounds", rounds, BEFORE.0 + 1)?;
        same("scraps", scraps, BEFORE.1)?;
        keeper.close()?;
    }
    Ok(())
}

fn an_overlay_whose_tab_lives_is_stored_once_it_can_be(stage: &Stage) -> Result<()> {
    let name = stage.database;
    let (keeper, tab) = two_tabs(stage, name)?;
    let holding = keeper.begin("hold", json!({}))?;
    let committing = tab.begin("commit overlay", json!({}))?;
    committing.until_reported("the last hook has been called", &json!({ "sent": PENDING }))?;

    keeper.ask("release")?;
    holding.finish()?;
    committing.finish()?;

    let (rounds, scraps) = stored(&keeper.survey(name)?);
    // The keeper has put the first one into round 1, and so does the overlay.
    same("rounds", rounds, PENDING)?;
    same("scraps", scraps, BEFORE.1 + PENDING)
}

fn an_overlay_of_a_tab_that_is_gone_leaves_no_trace(stage: &Stage) -> Result<()> {
    for death in Death::ALL {
        let name = format!("{} {}", stage.database, death.name());
        let (keeper, victim) = two_tabs(stage, &name)?;
        same("rows seen by another tab", keeper.ask("count")?, json!(ITEMS))?;

        victim.die(*death)?;

        let (rounds, scraps) = stored(&keeper.survey(&name)?);
        same("rounds", rounds, BEFORE.0)?;
        same("scraps", scraps, BEFORE.1)?;
        keeper.close()?;
    }
    Ok(())
}
