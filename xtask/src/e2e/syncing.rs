//! Tabs that follow a server: one of them asks for all, and another one goes on when it is gone; what a tab that is killed has stored
//! is what the server had at some moment.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use electric_server::{Server, TableSpec};
use serde_json::{Value, json};

use super::check::{same, until};
use super::stage::{Stage, tests};
use super::tab::{Death, Tab};
use crate::sync_server;

tests![
    a_tab_goes_on_when_the_one_that_synced_is_gone,
    a_tab_that_is_killed_while_it_syncs_has_stored_whole_transactions,
];

const TABLE: &str = "halves";
const KILLS: u32 = 12;

type Halves = BTreeMap<String, String>;

/// A server whose transactions are about pairs of rows: both halves, or none.
struct Pairs {
    server: Server,
    next: i32,
}

impl Pairs {
    fn start() -> Result<Self> {
        let server = sync_server::start(700)?;
        server.db().create_table(TableSpec::new(TABLE).key("id", "int4").column("name", "text"));
        let mut pairs = Self { server, next: 1 };
        (0..20).for_each(|_| pairs.change());
        Ok(pairs)
    }

    /// Adds a pair, gives an earlier one another name, and takes another one away.
    fn change(&mut self) {
        let id = self.next;
        self.next += 1;
        self.server.db().transact(|tx| {
            for half in [id, -id] {
                tx.insert(TABLE, json!({ "id": half, "name": format!("pair {id}") }));
                tx.update(TABLE, json!({ "id": half / 2 }), json!({ "name": format!("renamed by {id}") }));
                tx.delete(TABLE, json!({ "id": half / 3 * 2 + half.signum() }));
            }
        });
    }

    fn halves(&self) -> Halves {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.server.db().rows(TABLE).iter().map(|row| (text(&row["id"]), text(&row["name"]))).collect()
    }

    fn follow(&self, tab: &Tab<'_>, name: &str) -> Result<()> {
        tab.call("follow", json!({ "name": name, "url": self.server.url(), "table": TABLE })).map(drop)
    }

    /// Waits until a tab has what the server has.
    fn until_same(&self, tab: &Tab<'_>, name: &str) -> Result<()> {
        let theirs = self.halves();
        until("the tab has what the server has", || Ok(stored(tab, name)? == theirs))
    }
}

/// What is stored, as a tab sees it.
fn stored(tab: &Tab<'_>, name: &str) -> Result<Halves> {
    let halves = tab.call("halves", json!({ "name": name }))?;
    serde_json::from_value::<Vec<(String, String)>>(halves)
        .map(|halves| halves.into_iter().collect())
        .context("the tab answers with pairs of texts")
}

fn a_tab_goes_on_when_the_one_that_synced_is_gone(stage: &Stage) -> Result<()> {
    let mut pairs = Pairs::start()?;
    for death in Death::ALL {
        let name = format!("{} {}", stage.database, death.name());
        let (first, second) = (stage.tab()?, stage.tab()?);
        first.call("forget pairs", json!({ "name": name }))?;
        pairs.follow(&first, &name)?;
        pairs.follow(&second, &name)?;
        pairs.until_same(&second, &name)?;
        pairs.change();
        pairs.until_same(&second, &name)?;

        first.die(*death)?;
        pairs.change();
        pairs.until_same(&second, &name)?;
        second.close()?;
    }
    Ok(())
}

fn a_tab_that_is_killed_while_it_syncs_has_stored_whole_transactions(stage: &Stage) -> Result<()> {
    let mut pairs = Pairs::start()?;
    let name = stage.database;
    let cleaner = stage.tab()?;
    cleaner.call("forget pairs", json!({ "name": name }))?;
    cleaner.close()?;
    for kill in 0..KILLS {
        let victim = stage.tab()?;
        pairs.follow(&victim, name)?;
        for _ in 0..kill {
            pairs.change();
            thread::sleep(Duration::from_millis(u64::from(kill % 4) * 5));
        }
        victim.die(Death::ALL[kill as usize % Death::ALL.len()])?;

        let witness = stage.tab()?;
        let halves = stored(&witness, name)?;
        for (id, half) in &halves {
            let other = id.strip_prefix('-').map_or_else(|| format!("-{id}"), str::to_owned);
            ensure!(
                halves.get(&other) == Some(half),
                "kill {kill}: {id} is {half:?}, and {other} {:?}",
                halves.get(&other)
            );
        }
        witness.close()?;
    }
    let survivor = stage.tab()?;
    pairs.follow(&survivor, name)?;
    pairs.until_same(&survivor, name)?;
    same("rows", stored(&survivor, name)?.len(), pairs.halves().len())
}
