//! Several tabs that upgrade or make the same database at once: one does, and all end up open.

use anyhow::Result;
use serde_json::{Value, json};

use super::check::same;
use super::stage::{Stage, tests};
use super::tab::{Running, Tab};

tests![
    two_tabs_upgrade_at_once,
    four_tabs_upgrade_at_once,
    four_tabs_make_a_database_at_once,
    tabs_of_two_versions_open_at_once,
    one_tab_upgrades_through_two_objects_at_once,
    two_tabs_repair_at_once,
    a_repair_makes_an_open_tab_of_the_same_version_give_way_and_reopen,
];

const ITEMS: u32 = 500;

fn two_tabs_upgrade_at_once(stage: &Stage) -> Result<()> {
    upgrade_at_once(stage, 2)
}

fn four_tabs_upgrade_at_once(stage: &Stage) -> Result<()> {
    upgrade_at_once(stage, 4)
}

fn upgrade_at_once(stage: &Stage, count: usize) -> Result<()> {
    let name = stage.database;
    let tabs = tabs(stage, count)?;
    tabs[0].stock(name, ITEMS)?;

    let openings: Vec<Running<'_>> = tabs.iter().map(|tab| tab.begin_to_open(3, name)).collect::<Result<_>>()?;
    for opening in openings {
        opening.finish()?;
    }

    // Version 1 to 3: two functions, in one tab.
    same("upgrade functions in all tabs", upgrades(&tabs)?, 2)?;
    let slugs = tabs[0].ask("slugs")?;
    same("slugs", slugs.as_array().map_or(0, Vec::len), usize::try_from(ITEMS)?)?;
    for tab in &tabs {
        same("open", tab.ask("is open")?, json!(true))?;
        same("slugs in another tab", &tab.ask("slugs")?, &slugs)?;
    }
    Ok(())
}

fn four_tabs_make_a_database_at_once(stage: &Stage) -> Result<()> {
    let name = stage.database;
    let tabs = tabs(stage, 4)?;
    for tab in &tabs {
        tab.call("make", json!({ "version": 1, "name": name }))?;
    }

    // Nobody has opened it: each first operation does.
    let adding: Vec<Running<'_>> = (1..)
        .zip(&tabs)
        .map(|(number, tab)| tab.begin("add items", json!({ "from": number * 100, "count": 100 })))
        .collect::<Result<_>>()?;
    for adding in adding {
        adding.finish()?;
    }

    for tab in &tabs {
        same("rows", tab.ask("count")?, json!(400))?;
    }
    Ok(())
}

fn tabs_of_two_versions_open_at_once(stage: &Stage) -> Result<()> {
    let name = stage.database;
    let tabs = tabs(stage, 4)?;
    tabs[0].stock(name, ITEMS)?;

    let openings: Vec<Running<'_>> = [2, 3, 2, 3]
        .into_iter()
        .zip(&tabs)
        .map(|(version, tab)| tab.begin_to_open(version, name))
        .collect::<Result<_>>()?;
    let results: Vec<Result<Value>> = openings.into_iter().map(Running::finish).collect();

    // The newer programs are open. The others were open for a moment, or came too late.
    for (at, result) in results.into_iter().enumerate() {
        match result {
            Ok(_) => {}
            Err(error) if at % 2 == 0 && format!("{error:#}").contains("NewerVersion") => {}
            Err(error) => return Err(error),
        }
    }
    for at in [1, 3] {
        same("rows in a newer program", tabs[at].ask("count")?, json!(ITEMS))?;
        let error = tabs[at - 1].begin("count", json!({}))?.fail()?;
        same("what an older program says", error.starts_with("NewerVersion"), true)?;
    }
    let survey = tabs[1].survey(name)?;
    same("version", &survey["version"], 3)?;
    same("upgrade functions in all tabs", upgrades(&tabs)?, 2)?;
    same("greatest round", &survey["stores"]["items"]["properties"]["round"]["greatest"], 1)
}

fn one_tab_upgrades_through_two_objects_at_once(stage: &Stage) -> Result<()> {
    let name = stage.database;
    let tab = stage.tab()?;
    tab.stock(name, ITEMS)?;

    let parameters = |handle: &str| json!({ "db": handle, "version": 3, "name": name });
    let (one, two) = (tab.begin("open", parameters("one"))?, tab.begin("open", parameters("two"))?);
    one.finish()?;
    two.finish()?;

    same("upgrade functions", tab.ask("upgrades")?, json!(2))?;
    for handle in ["one", "two"] {
        same("rows", tab.call("count", json!({ "db": handle }))?, json!(ITEMS))?;
    }
    Ok(())
}

fn two_tabs_repair_at_once(stage: &Stage) -> Result<()> {
    let name = stage.database;
    let tabs = tabs(stage, 2)?;
    tabs[0].script("await e2e.makeWithoutIndex(arguments[0])", &[json!(name)])?;

    let repairing = json!({ "version": 1, "name": name, "repair": true });
    let openings: Vec<Running<'_>> =
        tabs.iter().map(|tab| tab.begin("open", repairing.clone())).collect::<Result<_>>()?;
    for opening in openings {
        opening.finish()?;
    }

    for tab in &tabs {
        same("open", tab.ask("is open")?, json!(true))?;
        same("rows", tab.ask("count")?, json!(1))?;
    }
    let survey = tabs[0].survey(name)?;
    same("entries of the index", &survey["stores"]["items"]["indexes"]["name"]["count"], 1)
}

fn a_repair_makes_an_open_tab_of_the_same_version_give_way_and_reopen(stage: &Stage) -> Result<()> {
    let name = stage.database;
    let (open, repairing) = (stage.tab()?, stage.tab()?);
    open.script("await e2e.makeWithoutIndex(arguments[0])", &[json!(name)])?;
    open.open_shop(0, name)?;
    open.events()?;

    repairing.call("open", json!({ "version": 1, "name": name, "repair": true }))?;

    same("open", open.ask("is open")?, json!(false))?;
    // The number that a repair uses up.
    same("reported", json!(open.events()?), json!([{ "versionchange": 2 }]))?;
    same("rows", open.ask("count")?, json!(1))?;
    same("open again", open.ask("is open")?, json!(true))?;
    same("rows of the tab that has repaired", repairing.ask("count")?, json!(1))?;
    let survey = open.survey(name)?;
    same("entries of the index", &survey["stores"]["items"]["indexes"]["name"]["count"], 1)
}

fn tabs<'t>(stage: &'t Stage<'_>, count: usize) -> Result<Vec<Tab<'t>>> {
    (0..count).map(|_| stage.tab()).collect()
}

fn upgrades(tabs: &[Tab<'_>]) -> Result<u64> {
    tabs.iter().map(|tab| Ok(tab.ask("upgrades")?.as_u64().unwrap_or_default())).sum()
}
