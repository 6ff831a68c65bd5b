//! What the tests begin with: a database that an older program has left behind.

use std::cell::RefCell;

use indexie::prelude::*;
use indexie::{Database, Indexie};
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, name")]
pub struct Person {
    pub id: u32,
    pub name: String,
}

/// Fills a new database, and closes it.
pub async fn stored<D: Database + std::ops::Deref<Target = Indexie>>(
    fill: impl AsyncFnOnce(&D) -> Result<()>,
) -> Result<()> {
    let db = indexie::Builder::<D>::new().build();
    db.delete().await?;
    db.open().await?;
    fill(&db).await?;
    db.close();
    Ok(())
}

pub async fn people(table: &Table<Person>, names: &[&str]) -> Result<Vec<u32>> {
    let people: Vec<NewPerson> = names.iter().map(|name| NewPerson { name: (*name).into() }).collect();
    table.bulk_add(&people).await
}

thread_local!(static LOG: RefCell<Vec<String>> = RefCell::default());

/// Notes what an upgrade function has seen: functions have no other way out than the database.
#[allow(clippy::needless_pass_by_value, reason = "reads better at the call")]
pub fn note(line: impl ToString) {
    LOG.with_borrow_mut(|log| log.push(line.to_string()));
}

/// What has been noted since the last time.
pub fn noted() -> Vec<String> {
    LOG.take()
}
