//! What the page calls, in this order; `dexie.js` and `raw.js` have the same functions.

use indexie::prelude::*;
use wasm_bindgen::prelude::*;

use crate::people::{Person, person};

type Answer<T> = std::result::Result<T, JsError>;

schema! {
    pub struct StartDb("start indexie");

    version 1 {
        people: Person,
        strangers: Person,
    }
}

#[wasm_bindgen]
#[derive(Debug)]
pub struct App(StartDb);

#[wasm_bindgen]
impl App {
    pub async fn open() -> Answer<App> {
        let db = StartDb::new();
        db.open().await?;
        Ok(Self(db))
    }

    /// The name of a person, if there is one of this number.
    pub async fn get(&self, id: u32) -> Answer<Option<String>> {
        Ok(self.0.people.get(id).await?.map(|person| person.name))
    }

    /// Leaves so many people in both tables, and nothing else.
    pub async fn fill(&self, count: u32) -> Answer<()> {
        let rows: Vec<Person> = (1..=count).map(person).collect();
        for table in [&self.0.people, &self.0.strangers] {
            table.clear().await?;
            table.bulk_add(&rows).await?;
        }
        Ok(())
    }
}
