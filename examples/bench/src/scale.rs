//! indexie's side of `cargo xtask bench scale`; `scale/dexie.js` has a class with the same methods.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use futures::TryStreamExt;
use indexie::Cursor;
use indexie::prelude::*;
use wasm_bindgen::prelude::*;

use crate::events::{Event, ScaleDb, event};
use crate::side::Answer;
use crate::watchers::{Watchers, now};

/// Rows of a page, and of a range.
const PAGE: usize = 50;
/// Half of all.
const COUNTED: RangeInclusive<u32> = 0..=4;
/// What the row that is put is in turn: the first of them is counted by a live query.
const KINDS: [u32; 2] = [3, 4];

/// A table of so many rows.
#[wasm_bindgen]
#[derive(Debug)]
pub struct ScaleIndexie {
    db: ScaleDb,
    rows: u32,
    /// In the middle of the table, in the order of `at`.
    middle: RefCell<Option<Middle>>,
    watchers: RefCell<Watchers>,
}

#[derive(Clone, Debug)]
struct Middle {
    /// The first row behind it.
    id: u32,
    cursor: Cursor,
}

#[wasm_bindgen]
impl ScaleIndexie {
    /// Touches nothing yet.
    #[wasm_bindgen(constructor)]
    pub fn new(name: &str, rows: u32) -> Self {
        let db = ScaleDb::builder().name(name).build();
        Self { db, rows, middle: RefCell::default(), watchers: RefCell::default() }
    }

    /// Adds so many events; answers what that took.
    pub async fn import(&self, first: u32, count: u32) -> Answer<f64> {
        let rows: Vec<Event> = (first..first + count).map(event).collect();
        let start = now();
        self.db.events.bulk_add(&rows).await?;
        Ok(now() - start)
    }

    /// Opens the database, and looks for the middle of the table.
    pub async fn prepare(&self) -> Answer<()> {
        let by_at = self.db.events.order_by(|e| e.at);
        let before = by_at.offset(self.half() - 1).page(1).await?;
        let cursor = before.next.ok_or_else(|| JsError::new("the table has no middle"))?;
        let behind = by_at.after(cursor.clone()).first().await?;
        let id = behind.ok_or_else(|| JsError::new("the table ends in the middle"))?.id;
        self.middle.replace(Some(Middle { id, cursor }));
        Ok(())
    }

    /// Does an operation; answers the sum of the ids that it has found, or the count.
    pub async fn run(&self, operation: &str, id: u32) -> Answer<f64> {
        let Self { db: ScaleDb { events, .. }, .. } = self;
        Ok(match operation {
            "get" => ids(events.get(id).await?.as_slice()),
            "range" => ids(&self.range().to_vec().await?),
            "offset" => ids(&self.offset().to_vec().await?),
            "keyset" => ids(&self.keyset()?.page(PAGE).await?.rows),
            "countRange" => number(events.where_(|e| e.kind).between(COUNTED).count().await?),
            "countAll" => number(events.count().await?),
            _ => return Err(unknown(operation)),
        })
    }

    /// The plan of its query.
    pub fn explain(&self, operation: &str) -> Answer<String> {
        let Self { db: ScaleDb { events, .. }, .. } = self;
        Ok(match operation {
            "get" => events.where_(|e| e.id).equals(1).explain(),
            "range" => self.range().explain(),
            "offset" => self.offset().explain(),
            "keyset" => self.keyset()?.limit(PAGE).explain(),
            "countRange" => events.where_(|e| e.kind).between(COUNTED).explain(),
            "countAll" | "stream" => events.order_by(|e| e.id).explain(),
            _ => return Err(unknown(operation)),
        })
    }

    /// The sum of a field over all rows, read one after the other.
    pub async fn stream(&self) -> Answer<f64> {
        let mut rows = self.db.events.stream();
        let mut sum = 0.0;
        while let Some(row) = rows.try_next().await? {
            sum += row.amount;
        }
        Ok(sum)
    }

    /// Subscribes to four queries; the row in the middle is in the result of each.
    pub fn watch(&self) -> Answer<u32> {
        let Middle { id, .. } = self.middle()?;
        let mut watchers = self.watchers.borrow_mut();
        watchers.keep(&self.db.events.get(id).live());
        watchers.keep(&self.range().live());
        watchers.keep(&self.offset().live());
        watchers.keep(&self.db.events.where_(|e| e.kind).equals(KINDS[0]).count().live());
        Ok(4)
    }

    /// Puts the row in the middle, with another kind and amount than before; answers when it was called and when it was done.
    pub async fn put(&self, round: u32) -> Answer<Vec<f64>> {
        let row = Event { kind: KINDS[round as usize % 2], amount: f64::from(round), ..event(self.middle()?.id) };
        let start = now();
        self.db.events.put(&row).await?;
        Ok(vec![start, now()])
    }

    /// Waits for all reads that have begun: what deletes a row, though there is none, has to.
    pub async fn settled(&self) -> Answer<()> {
        self.db.events.delete(u32::MAX).await?;
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

    /// Unsubscribes everyone.
    pub fn unwatch(&self) {
        self.watchers.borrow_mut().clear();
    }

    /// Deletes the database.
    pub async fn remove(&self) -> Answer<()> {
        self.db.delete().await?;
        Ok(())
    }
}

impl ScaleIndexie {
    fn half(&self) -> usize {
        self.rows as usize / 2
    }

    fn middle(&self) -> Answer<Middle> {
        self.middle.borrow().clone().ok_or_else(|| JsError::new("nothing is prepared"))
    }

    /// Around the middle of all numbers, as wide as a page of the table is.
    fn range(&self) -> Query<Event> {
        let (middle, half) = (1 << 31, u32::MAX / self.rows * 25);
        self.db.events.where_(|e| e.at).between(middle - half..middle + half)
    }

    fn offset(&self) -> Query<Event> {
        self.db.events.order_by(|e| e.at).offset(self.half()).limit(PAGE)
    }

    /// The same page, from the row before it on.
    fn keyset(&self) -> Answer<Query<Event>> {
        Ok(self.db.events.order_by(|e| e.at).after(self.middle()?.cursor))
    }
}

fn ids(rows: &[Event]) -> f64 {
    rows.iter().map(|row| f64::from(row.id)).sum()
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::NAN, f64::from)
}

fn unknown(operation: &str) -> JsError {
    JsError::new(&format!("there is no operation {operation}"))
}
