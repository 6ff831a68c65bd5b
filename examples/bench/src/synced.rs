//! `Synced`: a table that follows a shape by indexie. `client.js` has a class with the same methods.

use std::cell::RefCell;

use indexie::prelude::*;
use indexie::{Electric, ElectricSync, Subscription};
use wasm_bindgen::prelude::*;

use crate::database::BenchDb;
use crate::side::Answer;

/// A database, and its sync.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Synced {
    db: BenchDb,
    sync: RefCell<Option<ElectricSync>>,
    subscription: RefCell<Option<Subscription>>,
}

#[wasm_bindgen]
impl Synced {
    /// Touches nothing yet.
    #[wasm_bindgen(constructor)]
    pub fn new(name: &str, in_memory: bool) -> Self {
        let builder = BenchDb::builder().name(name);
        let builder = if in_memory { builder.storage(Storage::Memory) } else { builder };
        Self { db: builder.build(), sync: RefCell::default(), subscription: RefCell::default() }
    }

    /// Resolves when all rows are stored, and goes on.
    pub async fn sync(&self, url: &str, table: &str, round: u32) -> Answer<()> {
        let shape = Electric::shape(url).table(table).param("round", round);
        let sync = self.db.people.sync_electric(shape).await?;
        let up_to_date = sync.up_to_date();
        self.sync.replace(Some(sync));
        up_to_date.await?;
        Ok(())
    }

    /// Calls back with the score of a person, each time that a live query gives it.
    pub fn watch(&self, id: u32, seen: js_sys::Function) {
        let subscription = self.db.people.get(id).live().subscribe(move |person| {
            let score = person.ok().flatten().map_or(f64::NAN, |person| person.score);
            let _ = seen.call1(&JsValue::NULL, &score.into());
        });
        self.subscription.replace(Some(subscription));
    }

    /// Stops it, and deletes the database.
    pub async fn remove(&self) -> Answer<()> {
        self.subscription.take();
        self.sync.take();
        self.db.delete().await?;
        Ok(())
    }
}
