//! Every form of transaction, on tables whose names are the library's, in one strict crate.
#![deny(warnings)]
#![allow(dead_code)]

use indexie::prelude::*;
use indexie::{ReadWrite, Tables, Transaction, Writable};
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize)]
#[store("++id, name")]
pub struct User {
    pub id: u32,
    pub name: String,
}

/// A name that the expansion has not taken.
#[derive(Store, Serialize, Deserialize)]
#[store("id")]
struct Tables1 {
    id: u32,
}

schema! {
    pub struct AppDb("app");
    version 1 { users: User, all: User, transaction: User, mode: User, bind: User, indexie: User, name: User }
}

schema! {
    struct Private("private");
    version 1 { rows: Tables1 }
}

schema! {
    struct Gone("gone");
    version 1 { rows: "id" }
    version 2 { rows: drop }
}

async fn rename<A: Writable>(users: &Table<User, A>, id: u32) -> Result<User> {
    users.update(id, |user| user.name.clear()).await
}

async fn fill(tables: &Tables<AppDb, ReadWrite>) -> Result<u32> {
    rename(&tables.users, 1).await?;
    tables.all.add(&NewUser { name: String::new() }).await
}

async fn undo(tx: Transaction<ReadWrite>, users: &[Table<User, ReadWrite>]) -> Result<()> {
    for table in users {
        let name = String::from("borrowed");
        let tx = tx.clone();
        let added = tx.savepoint(async || table.add(&NewUser { name: name.clone() }).await);
        added.await?;
    }
    tx.savepoint(async || tx.savepoint(async || Ok(())).await).await
}

pub async fn all(db: AppDb) -> Result<()> {
    let id = db.transaction(Mode::ReadWrite, db.all(), async |tables| fill(&tables).await).await?;
    db.transaction(Mode::Read, db.all(), async move |tables| tables.transaction.get(id).await).await?;
    db.transaction(Mode::ReadWrite.durability(Durability::Strict), (&db.users, &db.all), async |(users, all)| {
        let tx = users.transaction();
        undo(tx.clone(), &[users, all]).await?;
        tx.commit();
        Ok(())
    })
    .await?;
    let done: Result<(), Box<dyn std::error::Error>> = db
        .try_transaction(Mode::ReadWrite, &db.users, async |users| {
            users.transaction().abort();
            Ok(())
        })
        .await;
    let _ = done;
    let private = Private::new();
    private.transaction(Mode::ReadWrite, private.all(), async |tables| tables.rows.clear().await).await?;
    let gone = Gone::new();
    gone.transaction(Mode::Read, gone.all(), async |_| Ok(())).await
}

fn main() {}
