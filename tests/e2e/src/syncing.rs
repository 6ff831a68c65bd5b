//! A table that follows a server, in a tab that may not live for long.

use std::cell::RefCell;

use indexie::prelude::*;
use indexie::{Electric, ElectricSync};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One half of a pair: the other one has the same number, negated, and the same name.
#[derive(Store, Serialize, Deserialize, Clone)]
#[store("id")]
pub struct Half {
    pub id: i32,
    pub name: String,
}

schema! {
    /// What a tab has of the server.
    pub struct Pairs("pairs");

    version 1 {
        halves: Half,
    }
}

thread_local!(static SYNC: RefCell<Option<(Pairs, ElectricSync)>> = const { RefCell::new(None) });

fn pairs(name: &str) -> Pairs {
    Pairs::builder().name(name).build()
}

/// Deletes what is stored.
pub async fn forget(name: &str) -> Result<()> {
    SYNC.set(None);
    pairs(name).delete().await
}

/// Follows the server's table of this name from now on.
pub async fn follow(name: &str, url: &str, table: &str) -> Result<()> {
    let db = pairs(name);
    let sync = db.halves.sync_electric(Electric::shape(url).table(table).pace(0.05)).await?;
    SYNC.set(Some((db, sync)));
    Ok(())
}

/// The names by number, as they are stored.
pub async fn halves(name: &str) -> Result<Value> {
    let halves = pairs(name).halves.to_vec().await?;
    Ok(json!(halves.into_iter().map(|half| (half.id.to_string(), half.name)).collect::<Vec<_>>()))
}
