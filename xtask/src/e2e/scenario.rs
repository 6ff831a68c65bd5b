//! What tabs and browsers are killed in the middle of, and how to tell afterwards whether it was done whole, or not at all.

use std::env;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::check::differences;
use super::tab::{Running, Tab};

/// Items of the shop that is upgraded and rewritten.
const ITEMS: u32 = 2000;

/// How long it takes from one look to the next.
const PAUSE: Duration = Duration::from_millis(300);

/// A piece of work that must not be seen half done.
#[derive(Debug)]
pub struct Scenario {
    pub name: &'static str,
    command: &'static str,
    parameters: Value,
    /// What is there before the work.
    before: Before,
    whole: Whole,
}

/// Where the work begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Nothing,
    /// A database of version 1.
    Stocked,
    /// One that the tab has open.
    Opened,
}

/// What a whole state is.
#[derive(Clone, Copy, Debug)]
enum Whole {
    /// That before the work, or that after it.
    BeforeOrAfter,
    /// Any in which the books balance.
    Balanced,
}

/// A scenario on a database: how that looks before the work and after it, and how long the work takes.
#[derive(Debug)]
pub struct Trial<'s> {
    scenario: &'s Scenario,
    database: String,
    before: Value,
    after: Value,
    pub takes: Duration,
}

/// How a killed work was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    Before,
    /// Some of its transactions are there.
    Between,
    After,
}

/// How often something is to be killed, if the variable of this name says so.
pub fn kills(variable: &str) -> Result<Option<usize>> {
    let Ok(text) = env::var(variable) else { return Ok(None) };
    text.parse().map(Some).with_context(|| format!("{variable} is no number: {text:?}"))
}

/// All of them.
pub fn all() -> Vec<Scenario> {
    use Whole::{Balanced, BeforeOrAfter};
    let scenario =
        |name, command, parameters, whole| Scenario { name, command, parameters, before: Before::Opened, whole };
    vec![
        upgrade(),
        Scenario::upgrade("upgrade 1 to 3", 3),
        Scenario::upgrade("upgrade 1 to 4", 4),
        Scenario { before: Before::Nothing, ..Scenario::upgrade("creation", 4) },
        scenario("bulk_add", "add items", json!({ "from": ITEMS + 1, "count": 3000 }), BeforeOrAfter),
        scenario("bulk_put", "put items", json!({ "count": ITEMS, "round": 1 }), BeforeOrAfter),
        scenario("modify", "modify items", json!({ "round": 1 }), BeforeOrAfter),
        scenario("delete by query", "delete items", json!({}), BeforeOrAfter),
        scenario("clear and fill", "restock", json!({ "count": 1500, "round": 1 }), BeforeOrAfter),
        scenario("overlay commit", "overlay", json!({ "count": 400, "round": 1 }), BeforeOrAfter),
        scenario("network first", "put after network", json!({ "count": 400, "round": 1 }), BeforeOrAfter),
        scenario("transfers", "transfer", json!({ "transactions": 15 }), Balanced),
    ]
}

/// An upgrade of stores, indexes and rows.
pub fn upgrade() -> Scenario {
    Scenario::upgrade("upgrade 1 to 2", 2)
}

impl Scenario {
    fn upgrade(name: &'static str, version: u32) -> Self {
        let parameters = json!({ "version": version });
        Self { name, command: "open", parameters, before: Before::Stocked, whole: Whole::BeforeOrAfter }
    }

    /// Does the work once undisturbed, and prepares it again.
    pub fn rehearse(&self, keeper: &Tab<'_>, worker: &Tab<'_>, database: &str) -> Result<Trial<'_>> {
        let mut trial = Trial {
            scenario: self,
            database: database.to_owned(),
            before: Value::Null,
            after: Value::Null,
            takes: Duration::ZERO,
        };
        trial.prepare(keeper)?;
        trial.before = keeper.survey(database)?;
        trial.open(worker)?;
        let start = Instant::now();
        trial.begin(worker)?.finish().with_context(|| format!("`{}` fails undisturbed", self.name))?;
        trial.takes = start.elapsed();
        worker.ask("close")?;
        trial.after = keeper.survey(database)?;
        if trial.before == trial.after {
            bail!("`{}` changes nothing: {}", self.name, trial.after);
        }
        trial.prepare(keeper)?;
        Ok(trial)
    }
}

impl Trial<'_> {
    pub fn name(&self) -> &'static str {
        self.scenario.name
    }

    /// Opens the database in the tab that is going to do the work, if that is not the work itself.
    pub fn open(&self, worker: &Tab<'_>) -> Result<()> {
        if self.scenario.before == Before::Opened { worker.open_shop(1, &self.database) } else { Ok(()) }
    }

    /// Begins the work.
    pub fn begin<'t>(&self, worker: &'t Tab<'t>) -> Result<Running<'t>> {
        worker.begin(self.scenario.command, self.parameters())
    }

    /// Begins it in a worker of the tab's page.
    pub fn begin_in_dedicated<'t>(&self, tab: &'t Tab<'t>) -> Result<Running<'t>> {
        tab.begin_in_dedicated(self.scenario.command, self.parameters())
    }

    fn parameters(&self) -> Value {
        let mut parameters = self.scenario.parameters.clone();
        parameters["name"] = json!(self.database);
        parameters
    }

    /// Looks at what a killed work has left, and fails if that is half of it. Prepares the next one.
    /// `looks` is how often it is looked at until then.
    pub fn examine(&self, keeper: &Tab<'_>, looks: u32) -> Result<Found> {
        let found = self.look(keeper, looks)?;
        if found != Found::Before {
            self.prepare(keeper)?;
        }
        Ok(found)
    }

    /// Firefox shows a page that opens the database right after an upgrade was cut off the new stores and indexes under the old
    /// version, also where no indexie is: what is stored, a later look tells.
    fn look(&self, keeper: &Tab<'_>, looks: u32) -> Result<Found> {
        let judge = || -> Result<Result<Found>> { Ok(self.judge(&keeper.survey(&self.database)?)) };
        let mut found = judge()?;
        for _ in 1..looks {
            if found.is_ok() {
                break;
            }
            thread::sleep(PAUSE);
            found = judge()?;
        }
        found
    }

    /// Does in this tab what may have been done in part, at once, and fails unless it is whole then.
    pub fn repeat(&self, tab: &Tab<'_>) -> Result<()> {
        self.begin(tab)?.finish()?;
        tab.ask("close")?;
        match self.judge(&tab.survey(&self.database)?)? {
            Found::After => Ok(()),
            found => bail!("the database is {found:?} when `{}` is done", self.scenario.name),
        }
    }

    /// Makes the database as it is before the work.
    pub fn prepare(&self, keeper: &Tab<'_>) -> Result<()> {
        match self.scenario.before {
            Before::Nothing => keeper.clear_away(&self.database),
            Before::Stocked | Before::Opened => keeper.stock(&self.database, ITEMS),
        }
    }

    /// Whether nothing at all is stored.
    pub fn is_gone(&self, keeper: &Tab<'_>) -> Result<bool> {
        Ok(keeper.survey(&self.database)?.is_null())
    }

    /// Fails unless the database is ready for the work: one that nobody was using is not to change.
    pub fn is_prepared(&self, keeper: &Tab<'_>) -> Result<()> {
        let survey = keeper.survey(&self.database)?;
        if survey == self.before {
            return Ok(());
        }
        let changed = differences(&self.before, &survey).join(", ");
        bail!("the database for `{}` has changed (prepared / now): {changed}", self.scenario.name)
    }

    fn judge(&self, survey: &Value) -> Result<Found> {
        if *survey == self.before {
            return Ok(Found::Before);
        }
        if *survey == self.after {
            return Ok(Found::After);
        }
        match self.scenario.whole {
            Whole::Balanced => balance(&survey["stores"]).map(|()| Found::Between).context("the books do not balance"),
            Whole::BeforeOrAfter => bail!(
                "the database is neither as it was before `{}` nor as it is after it\n  (before / now) {}\n  (after / now)  {}",
                self.scenario.name,
                differences(&self.before, survey).join(", "),
                differences(&self.after, survey).join(", "),
            ),
        }
    }
}

/// The accounts hold what their entries say, together nothing, and no transaction is there in part.
fn balance(stores: &Value) -> Result<()> {
    let (accounts, entries) = (&stores["accounts"]["properties"], &stores["entries"]["properties"]);
    let sums = [&accounts["balance"]["sum"], &entries["amount"]["sum"]];
    let count = stores["entries"]["count"].as_u64().unwrap_or_default();
    // 20 transfers of two entries each.
    if sums.iter().all(|sum| **sum == 0) && count.is_multiple_of(40) && stores["accounts"]["count"] == 4 {
        return Ok(());
    }
    bail!("balances sum up to {}, entries to {}, and there are {count} entries", sums[0], sums[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_neither_before_nor_after_is_half() {
        let scenarios = all();
        let trial = Trial {
            scenario: &scenarios[0],
            database: String::new(),
            before: json!({ "version": 1 }),
            after: json!({ "version": 2 }),
            takes: Duration::ZERO,
        };

        assert_eq!(trial.judge(&json!({ "version": 1 })).ok(), Some(Found::Before));
        assert_eq!(trial.judge(&json!({ "version": 2 })).ok(), Some(Found::After));
        assert!(trial.judge(&json!({ "version": 2, "stores": {} })).is_err());
    }
}
