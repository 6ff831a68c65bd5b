//! `Indexie`: what the page can have indexie do. `dexie.js` has a class with the same methods.

use std::cell::RefCell;

use indexie::prelude::*;
use wasm_bindgen::prelude::*;

use crate::database::BenchDb;
use crate::mix;
use crate::people::{Person, person};
use crate::watchers::{Watchers, now};

pub type Answer<T> = std::result::Result<T, JsError>;

/// A database and its subscribers.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Indexie {
    db: BenchDb,
    watchers: RefCell<Watchers>,
}

#[wasm_bindgen]
impl Indexie {
    /// Touches nothing yet.
    #[wasm_bindgen(constructor)]
    pub fn new(name: &str, in_memory: bool) -> Self {
        let builder = BenchDb::builder().name(name);
        let builder = if in_memory { builder.storage(Storage::Memory) } else { builder };
        Self { db: builder.build(), watchers: RefCell::default() }
    }

    /// Adds so many people.
    pub async fn fill(&self, first: u32, count: u32) -> Answer<()> {
        fill(&self.db.people, first, count).await
    }

    /// The same in the table that nobody watches.
    #[wasm_bindgen(js_name = fillStrangers)]
    pub async fn fill_strangers(&self, first: u32, count: u32) -> Answer<()> {
        fill(&self.db.strangers, first, count).await
    }

    /// Subscribes to the mix of queries, in a table of so many rows.
    #[wasm_bindgen(js_name = watchMix)]
    pub fn watch_mix(&self, rows: usize) {
        mix::watch(&self.db.people, rows, &mut self.watchers.borrow_mut());
    }

    /// Subscribes to single rows.
    #[wasm_bindgen(js_name = watchRows)]
    pub fn watch_rows(&self, first: u32, count: u32) {
        let mut watchers = self.watchers.borrow_mut();
        for id in first..first + count {
            watchers.count(&self.db.people.get(id).live());
        }
    }

    /// Unsubscribes everyone.
    pub fn unwatch(&self) {
        self.watchers.borrow_mut().clear();
    }

    /// Puts a person, with another age and score than before; answers when it was called and when it was done.
    pub async fn put(&self, id: u32, age: u32, round: u32) -> Answer<Vec<f64>> {
        put(&self.db.people, id, age, round).await
    }

    /// The same in the table that nobody watches.
    #[wasm_bindgen(js_name = putStranger)]
    pub async fn put_stranger(&self, id: u32, age: u32, round: u32) -> Answer<Vec<f64>> {
        put(&self.db.strangers, id, age, round).await
    }

    /// Waits for all reads that have begun: what deletes a row, though there is none, has to.
    pub async fn settled(&self) -> Answer<()> {
        self.db.people.delete(u32::MAX).await?;
        Ok(())
    }

    /// How many items the subscribers have been given.
    pub fn given(&self) -> u32 {
        self.watchers.borrow().given()
    }

    /// Who was given an item, and when, since this was asked last.
    #[wasm_bindgen(js_name = takeItems)]
    pub fn take_items(&self) -> Answer<Vec<f64>> {
        Ok(self.watchers.borrow().take_items()?)
    }

    /// How many of the results of the mix are others than when this was asked last.
    #[wasm_bindgen(js_name = takeChanged)]
    pub fn take_changed(&self) -> usize {
        self.watchers.borrow().take_changed()
    }

    /// Deletes the database.
    pub async fn remove(&self) -> Answer<()> {
        self.db.delete().await?;
        Ok(())
    }
}

async fn fill(table: &Table<Person>, first: u32, count: u32) -> Answer<()> {
    let rows: Vec<Person> = (first..first + count).map(person).collect();
    table.bulk_add(&rows).await?;
    Ok(())
}

async fn put(table: &Table<Person>, id: u32, age: u32, round: u32) -> Answer<Vec<f64>> {
    let row = Person { age, done: true, score: f64::from(round), ..person(id) };
    let start = now();
    table.put(&row).await?;
    Ok(vec![start, now()])
}

/// How much memory the program has taken from the browser.
#[wasm_bindgen(js_name = memoryBytes)]
pub fn memory_bytes() -> f64 {
    let memory: js_sys::WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    let buffer: js_sys::ArrayBuffer = memory.buffer().unchecked_into();
    f64::from(buffer.byte_length())
}

/// Shows panics in the page's console: without this, the program would only stand still.
pub fn tell_panics() {
    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_namespace = console)]
        fn error(text: &str);
    }
    std::panic::set_hook(Box::new(|panic| error(&panic.to_string())));
}
