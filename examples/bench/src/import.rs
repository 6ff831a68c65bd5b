//! indexie's sides of `cargo xtask bench import`: the same rows, imported and added in bulk.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;

use crate::database::BenchDb;
use crate::operations::Answer;
use crate::people::{Person, person};

/// A database, and the rows that it is to get.
#[wasm_bindgen]
#[derive(Debug)]
pub struct IndexieImport {
    db: BenchDb,
    rows: RefCell<Vec<Person>>,
}

#[wasm_bindgen]
impl IndexieImport {
    #[wasm_bindgen(constructor)]
    pub fn new(name: &str) -> Self {
        Self { db: BenchDb::builder().name(name).build(), rows: RefCell::default() }
    }

    /// Makes the rows, and empties the table.
    pub async fn prepare(&self, count: u32) -> Answer<()> {
        self.rows.replace((1..=count).map(person).collect());
        Ok(self.db.people.clear().await?)
    }

    pub async fn import(&self) -> Answer<()> {
        self.db.people.import(self.rows.take()).on_progress(|_| {}).await?;
        Ok(())
    }

    #[wasm_bindgen(js_name = bulkAdd)]
    pub async fn bulk_add(&self) -> Answer<()> {
        let rows = self.rows.take();
        self.db.people.bulk_add(&rows).await?;
        Ok(())
    }

    /// How many rows there are.
    pub async fn count(&self) -> Answer<u32> {
        Ok(u32::try_from(self.db.people.count().await?)?)
    }

    pub async fn remove(&self) -> Answer<()> {
        Ok(self.db.delete().await?)
    }
}
