//! The tables that the cases of this suite share, and ears.

use std::cell::RefCell;
use std::rc::Rc;

use indexie::Date;
use indexie::prelude::*;
use serde::{Deserialize, Serialize};

pub use indexie_tests::fresh;

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, &email, name, age", new(derive(Clone, Debug)))]
pub struct User {
    pub id: u32,
    pub email: String,
    pub name: String,
    pub age: u32,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, at")]
pub struct Event {
    pub id: String,
    pub at: Date,
    pub tags: Vec<String>,
    pub place: Place,
    #[serde(rename = "the.note", skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Place {
    pub city: String,
    pub zip: u32,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++", key = u32)]
pub struct Log {
    pub action: String,
}

/// There are not many keys.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, &name", new(derive(Clone, Debug)))]
pub struct Seat {
    pub id: u8,
    pub name: String,
}

/// Not every sum goes into JSON.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id")]
pub struct Total {
    pub id: u32,
    pub sum: u128,
    pub note: String,
}

schema! {
    pub struct App("hooks");

    version 1 {
        users: User,
        events: Event,
        logs: Log,
        seats: Seat,
        totals: Total,
    }
}

pub fn user(name: &str, age: u32) -> NewUser {
    NewUser { email: format!("{}@b.c", name.to_lowercase()), name: name.into(), age }
}

pub fn event(id: &str) -> Event {
    Event {
        id: id.into(),
        at: Date::from_millis(1_000),
        tags: vec!["a".into(), "b".into()],
        place: Place { city: "Oslo".into(), zip: 1 },
        note: None,
    }
}

/// Users Ann (1, 20), Bob (2, 30) and Cid (3, 40), added before anybody listens.
pub async fn with_three(name: &str) -> Result<App> {
    let db: App = fresh(name).await;
    db.users.bulk_add(&[user("Ann", 20), user("Bob", 30), user("Cid", 40)]).await?;
    Ok(db)
}

/// What has been heard, in words.
#[derive(Clone, Default)]
pub struct Ear(Rc<RefCell<Vec<String>>>);

impl Ear {
    pub fn hear(&self, what: impl Into<String>) {
        self.0.borrow_mut().push(what.into());
    }

    /// What has been heard since this was asked last.
    pub fn heard(&self) -> Vec<String> {
        self.0.take()
    }

    /// The same, once all that is due has been heard.
    pub async fn settled(&self, db: &App) -> Result<Vec<String>> {
        db.hooks_settled().await?;
        Ok(self.heard())
    }
}

/// Hears of all that happens to users.
pub fn listen(db: &App) -> Ear {
    let ear = Ear::default();
    let (add, update, delete) = (ear.clone(), ear.clone(), ear.clone());
    db.users.hook().on_add(async move |e: Added<User>| {
        assert_eq!(e.key.unwrap_or(e.item.id), e.item.id);
        add.hear(format!("add {:?} {}", e.key, e.item.name));
        Ok(())
    });
    db.users.hook().on_update(async move |e: Updated<User>| {
        update.hear(format!("update {} {}->{}", e.key, e.old.age, e.new.age));
        Ok(())
    });
    db.users.hook().on_delete(async move |e: Deleted<User>| {
        delete.hear(format!("delete {} {}", e.key, e.item.name));
        Ok(())
    });
    ear
}
