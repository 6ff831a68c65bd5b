//! Databases that Dexie and indexie use in turn: what one has written and upgraded, the other opens, queries and upgrades.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::check::{differences, is_error, same, until};
use super::stage::{Stage, tests};
use super::tab::Tab;

tests![
    indexie_uses_what_dexie_has_written,
    dexie_uses_what_indexie_has_written,
    indexie_upgrades_what_dexie_has_written,
    dexie_upgrades_what_indexie_has_written,
    a_database_that_dexie_has_patched_has_its_declared_version,
    a_database_that_dexie_has_patched_often_has_its_declared_version,
    a_version_between_two_counts_as_the_lower,
    a_later_version_of_dexies_is_newer,
    without_the_setting_the_browsers_number_counts,
    dexie_gives_way_to_an_upgrade_of_indexies,
    indexie_gives_way_to_an_upgrade_of_dexies,
];

/// The library as one of the two programs has it, in one tab.
struct Library<'t> {
    tab: Tab<'t>,
    name: &'t str,
}

impl<'t> Library<'t> {
    fn in_new_tab(stage: &'t Stage<'_>) -> Result<Self> {
        Ok(Self { tab: stage.tab()?, name: stage.database })
    }

    /// Opens it with Dexie, which leaves it open. Tells the version that Dexie sees and that of the browser.
    fn dexie_opens(&self, version: f64, more: Value) -> Result<Value> {
        self.tab.script("return e2e.dexie.open(...arguments)", &[json!(self.name), json!(version), more])
    }

    fn dexie(&self, action: &str) -> Result<Value> {
        self.tab.script(&format!("return e2e.dexie.{action}()"), &[])
    }

    /// A library of version 1, written by Dexie, and what Dexie finds in it.
    fn written_by_dexie(&self) -> Result<Value> {
        same(
            "what Dexie opens",
            self.dexie_opens(1.0, json!({}))?,
            json!({ "verno": 1, "native": 10, "upgrades": 0 }),
        )?;
        self.dexie("fill")?;
        let report = self.dexie("report")?;
        self.dexie("close")?;
        let found = |answer: &Value| answer.as_array().map_or(!answer.is_null(), |rows| !rows.is_empty());
        let queries = report.as_object().context("Dexie reports nothing")?;
        let vain: Vec<&String> = queries.iter().filter(|(_, answer)| !found(answer)).map(|(query, _)| query).collect();
        ensure!(vain.is_empty(), "these queries find nothing, and so show nothing: {vain:?}");
        Ok(report)
    }

    fn written_by_indexie(&self) -> Result<Value> {
        self.indexie("fill", 1)?;
        same("the browser's version", self.native_version()?, json!(10))?;
        self.indexie("report", 1)
    }

    fn parameters(&self, version: u32) -> Value {
        json!({ "name": self.name, "version": version })
    }

    fn indexie(&self, action: &str, version: u32) -> Result<Value> {
        self.tab.call(&format!("library: {action}"), self.parameters(version))
    }

    fn indexie_fails(&self, action: &str, version: u32) -> Result<String> {
        self.tab.begin(&format!("library: {action}"), self.parameters(version))?.fail()
    }

    fn native_version(&self) -> Result<Value> {
        Ok(self.tab.survey(self.name)?["version"].clone())
    }
}

fn same_report(what: &str, one: &Value, other: &Value) -> Result<()> {
    let differences = differences(one, other);
    ensure!(differences.is_empty(), "{what}: {}", differences.join("\n      "));
    Ok(())
}

fn indexie_uses_what_dexie_has_written(stage: &Stage) -> Result<()> {
    let library = Library::in_new_tab(stage)?;
    let written = library.written_by_dexie()?;

    same_report("Dexie / indexie", &written, &library.indexie("report", 1)?)?;

    // Keys go on where Dexie's ended.
    same("generated keys", library.indexie("change", 1)?, json!([13, 4]))?;
    same("the browser's version", library.native_version()?, json!(10))?;
    let changed = library.indexie("report", 1)?;
    same("what Dexie opens", library.dexie_opens(1.0, json!({}))?, json!({ "verno": 1, "native": 10, "upgrades": 0 }))?;
    same_report("indexie / Dexie, after changes", &changed, &library.dexie("report")?)
}

fn dexie_uses_what_indexie_has_written(stage: &Stage) -> Result<()> {
    let library = Library::in_new_tab(stage)?;
    let written = library.written_by_indexie()?;

    // Dexie adds indexes that it misses, under a higher number: it misses none.
    same("what Dexie opens", library.dexie_opens(1.0, json!({}))?, json!({ "verno": 1, "native": 10, "upgrades": 0 }))?;
    same_report("indexie / Dexie", &written, &library.dexie("report")?)?;

    same("generated keys", library.dexie("change")?, json!([13, 4]))?;
    let changed = library.dexie("report")?;
    library.dexie("close")?;
    same_report("Dexie / indexie, after changes", &changed, &library.indexie("report", 1)?)
}

fn indexie_upgrades_what_dexie_has_written(stage: &Stage) -> Result<()> {
    let library = Library::in_new_tab(stage)?;
    let before = library.written_by_dexie()?;

    let upgraded = library.indexie("report", 2)?;

    same("ages and visits", library.indexie("change", 2)?, json!([6, 3]))?;
    same("people", upgraded["people"].as_array().map(Vec::len), before["people"].as_array().map(Vec::len))?;
    let changed = library.indexie("report", 2)?;
    same("what Dexie opens", library.dexie_opens(2.0, json!({}))?, json!({ "verno": 2, "native": 20, "upgrades": 0 }))?;
    same_report("indexie / Dexie", &changed, &library.dexie("report")?)
}

fn dexie_upgrades_what_indexie_has_written(stage: &Stage) -> Result<()> {
    let library = Library::in_new_tab(stage)?;
    library.written_by_indexie()?;

    same("what Dexie opens", library.dexie_opens(2.0, json!({}))?, json!({ "verno": 2, "native": 20, "upgrades": 1 }))?;
    let upgraded = library.dexie("report")?;
    library.dexie("close")?;

    same_report("Dexie / indexie", &upgraded, &library.indexie("report", 2)?)?;
    library.indexie("change", 2)?;
    same("the browser's version", library.native_version()?, json!(20))
}

/// Lets Dexie add a table so many times without a new version: each time the browser's number goes up by one.
fn patch(library: &Library<'_>, times: u32) -> Result<()> {
    let mut more = json!({});
    for patch in 1..=times {
        more[format!("patch{patch}")] = json!("++id");
        library.dexie_opens(1.0, json!({ "1": more }))?;
        library.dexie("close")?;
    }
    Ok(())
}

fn a_database_that_dexie_has_patched_has_its_declared_version(stage: &Stage) -> Result<()> {
    let library = Library::in_new_tab(stage)?;
    let written = library.written_by_dexie()?;
    patch(&library, 3)?;
    same("the browser's version", library.native_version()?, json!(13))?;

    same_report("Dexie / indexie", &written, &library.indexie("report", 1)?)?;
    same("the browser's version, used", library.native_version()?, json!(13))?;
    let upgraded = library.indexie("report", 2)?;

    same("the browser's version, upgraded", library.native_version()?, json!(20))?;
    library.dexie_opens(2.0, json!({}))?;
    same_report("indexie / Dexie", &upgraded, &library.dexie("report")?)
}

fn a_database_that_dexie_has_patched_often_has_its_declared_version(stage: &Stage) -> Result<()> {
    let library = Library::in_new_tab(stage)?;
    let written = library.written_by_dexie()?;
    patch(&library, 14)?;
    let native = library.native_version()?;
    ensure!(native.as_u64() > Some(20), "Dexie has not used up the numbers of version 1: it is at {native}");

    same_report("Dexie / indexie", &written, &library.indexie("report", 1)?)?;
    same("the browser's version, used", library.native_version()?, native)?;
    let upgraded = library.indexie("report", 2)?;

    let opened = library.dexie_opens(2.0, json!({}))?;
    same("the version that Dexie sees", &opened["verno"], 2)?;
    same("upgrades of Dexie's", &opened["upgrades"], 0)?;
    same_report("indexie / Dexie", &upgraded, &library.dexie("report")?)
}

fn a_version_between_two_counts_as_the_lower(stage: &Stage) -> Result<()> {
    let library = Library::in_new_tab(stage)?;
    library.written_by_dexie()?;
    library.dexie_opens(1.5, json!({ "1.5": { "between": "++id" } }))?;
    let written = library.dexie("report")?;
    library.dexie("close")?;
    same("the browser's version", library.native_version()?, json!(15))?;

    same_report("Dexie / indexie", &written, &library.indexie("report", 1)?)?;
    library.indexie("report", 2)?;

    same("the browser's version, upgraded", library.native_version()?, json!(20))
}

fn a_later_version_of_dexies_is_newer(stage: &Stage) -> Result<()> {
    let library = Library::in_new_tab(stage)?;
    library.dexie_opens(3.0, json!({ "3": { "later": "++id" } }))?;
    library.dexie("close")?;

    let error = library.indexie_fails("open", 2)?;

    let name = stage.database;
    same("error", error, format!("NewerVersion {{ database: {name:?}, installed: Some(3), declared: 2 }}"))
}

fn without_the_setting_the_browsers_number_counts(stage: &Stage) -> Result<()> {
    let library = Library::in_new_tab(stage)?;
    library.written_by_dexie()?;

    let mut parameters = library.parameters(1);
    parameters["compatible"] = json!(false);
    let error = library.tab.begin("library: open", parameters)?.fail()?;

    let name = stage.database;
    same("error", error, format!("NewerVersion {{ database: {name:?}, installed: Some(10), declared: 1 }}"))
}

fn dexie_gives_way_to_an_upgrade_of_indexies(stage: &Stage) -> Result<()> {
    let (old, new) = (Library::in_new_tab(stage)?, Library::in_new_tab(stage)?);
    old.written_by_dexie()?;
    old.dexie_opens(1.0, json!({}))?;

    new.indexie("report", 2)?;

    same("what Dexie was asked", old.dexie("asked")?, json!({ "changes": [20], "open": false }))?;
    same("the browser's version", new.native_version()?, json!(20))
}

fn indexie_gives_way_to_an_upgrade_of_dexies(stage: &Stage) -> Result<()> {
    let (old, new) = (Library::in_new_tab(stage)?, Library::in_new_tab(stage)?);
    old.written_by_indexie()?;
    // This one stays open.
    let parameters = json!({ "version": 1, "name": stage.database, "db": "library" });
    old.tab.call("library: keep open", parameters)?;

    same("what Dexie opens", new.dexie_opens(2.0, json!({}))?, json!({ "verno": 2, "native": 20, "upgrades": 1 }))?;

    until("indexie is told", || Ok(old.tab.events()?.contains(&json!({ "versionchange": 2 }))))?;
    let newer = format!("NewerVersion {{ database: {:?}, installed: Some(2), declared: 1 }}", stage.database);
    is_error("the next operation", &old.indexie_fails("report", 1)?, &newer)
}
