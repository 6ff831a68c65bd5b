//! How hard the browser is asked to try, for one transaction or for all of a database.

use indexie::prelude::*;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::fixtures::{Bank, entry, fresh};

#[wasm_bindgen(inline_js = r"
export function record(seen) {
  const original = IDBDatabase.prototype.transaction;
  IDBDatabase.prototype.transaction = function (...asked) {
    const transaction = original.apply(this, asked);
    seen.push(`${transaction.mode} ${transaction.durability}`);
    return transaction;
  };
  return () => { IDBDatabase.prototype.transaction = original; };
}
")]
extern "C" {
    fn record(seen: &js_sys::Array) -> js_sys::Function;
}

/// The modes and durabilities of the transactions that are begun, as the browser understood them.
struct Seen {
    seen: js_sys::Array,
    restore: js_sys::Function,
}

impl Seen {
    fn begin() -> Self {
        let seen = js_sys::Array::new();
        Self { restore: record(&seen), seen }
    }

    fn take(&self) -> Vec<String> {
        let seen = self.seen.iter().filter_map(|one| one.as_string()).collect();
        self.seen.set_length(0);
        seen
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        let _ = self.restore.call0(&JsValue::NULL);
    }
}

#[wasm_bindgen_test]
async fn a_transaction_may_have_a_durability_of_its_own() -> Result<()> {
    let db: Bank = fresh("durability one").await;
    db.open().await?;
    let seen = Seen::begin();
    let add = async |entries: Table<crate::fixtures::Entry, indexie::ReadWrite>| entries.add(&entry(1, 1)).await;
    db.transaction(Mode::ReadWrite.durability(Durability::Strict), &db.entries, add).await?;
    assert_eq!(seen.take(), ["readwrite strict"]);
    db.transaction(Mode::ReadWrite.durability(Durability::Relaxed), (&db.entries, &db.notes), async |(entries, _)| {
        entries.add(&entry(1, 2)).await
    })
    .await?;
    assert_eq!(seen.take(), ["readwrite relaxed"]);
    db.transaction(Mode::ReadWrite.durability(Durability::Default), db.all(), async |_| Ok(())).await?;
    db.transaction(Mode::ReadWrite, &db.entries, async |_| Ok(())).await?;
    db.transaction(Mode::Read, &db.entries, async |_| Ok(())).await?;
    assert_eq!(seen.take(), ["readwrite default", "readwrite default", "readonly default"]);
    assert_eq!(db.entries.count().await?, 2);
    Ok(())
}

#[wasm_bindgen_test]
async fn it_replaces_that_of_the_database() -> Result<()> {
    let db: Bank = fresh("durability two").await;
    drop(db);
    let db = Bank::builder().name("durability two").durability(Durability::Strict).build();
    db.open().await?;
    let seen = Seen::begin();
    db.transaction(Mode::ReadWrite, &db.entries, async |_| Ok(())).await?;
    db.transaction(Mode::ReadWrite.durability(Durability::Default), &db.entries, async |_| Ok(())).await?;
    db.transaction(Mode::ReadWrite.durability(Durability::Relaxed), &db.entries, async |_| Ok(())).await?;
    assert_eq!(seen.take(), ["readwrite strict", "readwrite default", "readwrite relaxed"]);
    Ok(())
}
