//! A database that Dexie uses as well: every kind of key and index, in two versions. `dexie.js` declares and does the same.

use std::cell::Cell;

use indexie::prelude::*;
use indexie::{Builder, Database, Date};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::state::report;

#[derive(Serialize, Deserialize, Clone, Debug)]
pub struct Address {
    pub city: String,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug)]
#[store("++id, &email, *tags, &*aliases, [last+first], address.city as String, born")]
pub struct Person {
    pub id: u32,
    pub email: String,
    pub last: String,
    pub first: String,
    pub tags: Vec<String>,
    pub aliases: Vec<String>,
    pub address: Address,
    pub born: Date,
    pub photo: Vec<u8>,
    pub member: bool,
    pub score: f64,
}

/// A person of version 2 has an age.
#[derive(Store, Serialize, Deserialize, Clone, Debug)]
#[store("++id, &email, *tags, &*aliases, [last+first], address.city as String, born, age")]
pub struct AgedPerson {
    pub id: u32,
    pub email: String,
    pub last: String,
    pub first: String,
    pub tags: Vec<String>,
    pub aliases: Vec<String>,
    pub address: Address,
    pub born: Date,
    pub photo: Vec<u8>,
    pub member: bool,
    pub score: f64,
    pub age: u32,
}

/// The browser gives the key, which is outside of the row.
#[derive(Store, Serialize, Deserialize, Clone, Debug)]
#[store("++, topic")]
pub struct Note {
    pub topic: String,
}

/// The app gives the key, which is outside of the row.
#[derive(Store, Serialize, Deserialize, Clone, Debug)]
#[store("", key = String)]
pub struct Setting {
    pub value: u32,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug)]
#[store("[floor+number], name")]
pub struct Room {
    pub floor: u32,
    pub number: u32,
    pub name: String,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug)]
#[store("++id")]
pub struct Scrap {
    pub id: u32,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug)]
#[store("++id, [person+day]")]
pub struct Visit {
    pub id: u32,
    pub person: u32,
    pub day: u32,
}

pub mod v1 {
    use super::{Note, Person, Room, Scrap, Setting, schema};

    schema! {
        pub struct Library("library");

        version 1 {
            people: Person,
            notes: Note,
            settings: Setting,
            rooms: Room,
            scraps: Scrap,
        }
    }
}

pub mod v2 {
    use super::{AgedPerson, Note, Room, Setting, Visit, add_ages, schema};

    schema! {
        pub struct Library("library");

        version 1 {
            people: "++id, &email, *tags, &*aliases, [last+first], address.city, born",
            notes: Note,
            settings: Setting,
            rooms: Room,
            scraps: "++id",
        }
        version 2 {
            people: AgedPerson,
            visits: Visit,
            scraps: drop,
        } upgrade add_ages
    }
}

#[derive(Serialize, Deserialize)]
struct Aging {
    born: Date,
    age: Option<u32>,
}

async fn add_ages(tx: Upgrade) -> Result<()> {
    tx.table::<Aging>("people")?.modify(|person| person.age = Some(age_of(person.born))).await?;
    for scrap in tx.table::<Scrap>("scraps")?.to_vec().await? {
        tx.table::<Visit>("visits")?.add(&Visit { id: scrap.id, person: scrap.id, day: 7 }).await?;
    }
    Ok(())
}

/// Years, near enough, in the year 2000.
fn age_of(born: Date) -> u32 {
    const YEAR: i64 = 31_557_600_000;
    let age = (946_684_800_000 - born.millis()).div_euclid(YEAR);
    u32::try_from(age).unwrap_or_default()
}

fn person(at: u32) -> NewPerson {
    let text = |names: [&str; 3]| names[at as usize % 3].to_owned();
    NewPerson {
        email: format!("{at}@example.com"),
        last: text(["Lovelace", "Babbage", "Åkesson"]),
        first: format!("{}{at}", text(["Ada", "Bob", "Åsa"])),
        tags: ["math", "poetry", "ünïcode"].iter().take(at as usize % 4).map(ToString::to_string).collect(),
        aliases: vec![format!("a{at}"), format!("b{at}")],
        address: Address { city: text(["London", "Paris", "Malmö"]) },
        born: Date::from_millis(i64::from(at) * 86_400_000_000 - 1_000_000_000_000),
        photo: (0..at % 5).map(|byte| u8::try_from(byte * 60).unwrap_or_default()).collect(),
        member: at.is_multiple_of(2),
        score: f64::from(at) / 4.0,
    }
}

fn open<D: Database>(name: &str, compatible: bool) -> D {
    Builder::new()
        .name(name)
        .dexie_compatible(compatible)
        .on_version_change(|change| report(json!({ "versionchange": change.new_version })))
        .build()
}

/// Fills a new library of version 1.
async fn fill(db: v1::Library) -> Result<()> {
    let people: Vec<NewPerson> = (1..=12).map(person).collect();
    db.people.bulk_add(&people).await?;
    for topic in ["tea", "milk", "tea"] {
        db.notes.add(&Note { topic: topic.to_owned() }).await?;
    }
    for (key, value) in [("theme", 1), ("size", 12)] {
        db.settings.add_with_key(&Setting { value }, key).await?;
    }
    let room = |(floor, number, name): (u32, u32, &str)| Room { floor, number, name: name.to_owned() };
    db.rooms.bulk_add(&[(1, 1, "hall"), (1, 2, "office"), (2, 1, "attic")].map(room)).await?;
    db.scraps.bulk_add(&[NewScrap {}, NewScrap {}]).await?;
    Ok(())
}

/// What the queries of both programs find, whatever the version.
macro_rules! report_of {
    ($db:expr) => {{
        let db = $db;
        let people = db.people.to_vec().await?;
        let mut mathematicians = db.people.where_(|p| p.tags).any_of(["math", "ünïcode"]).primary_keys().await?;
        mathematicians.sort_unstable();
        json!({
            "people": people.iter().map(plain).collect::<Result<Vec<Value>>>()?,
            "by email": db.people.get_by(|p| p.email, "3@example.com").await?.map(|person| person.id),
            "by alias": db.people.get_by(|p| p.aliases, "b5").await?.map(|person| person.id),
            "by tag": mathematicians,
            "by name": db.people.where_(|p| p.last_first).between(("Babbage", "Bob4")..=("Lovelace", "Ada6"))
                .primary_keys().await?,
            "by last name": db.people.where_(|p| p.last).equals("Åkesson").primary_keys().await?,
            "by city": db.people.where_(|p| p.address_city).equals("Paris").primary_keys().await?,
            "by birth": db.people.where_(|p| p.born).above(Date::from_millis(-600_000_000_000)).primary_keys().await?,
            "notes": db.notes.entries().await?.iter().map(|(key, note)| json!([key, note])).collect::<Vec<Value>>(),
            "notes on tea": db.notes.where_(|n| n.topic).equals("tea").primary_keys().await?,
            "settings": db.settings.entries().await?.iter().map(|(key, row)| json!([key, row])).collect::<Vec<Value>>(),
            "rooms": db.rooms.to_vec().await?,
            "room": db.rooms.get((1, 2)).await?,
            "rooms by name": db.rooms.order_by(|r| r.name).primary_keys().await?,
        })
    }};
}

async fn report_v1(db: v1::Library) -> Result<Value> {
    let mut report = report_of!(&db);
    report["scraps"] = json!(db.scraps.primary_keys().await?);
    Ok(report)
}

async fn report_v2(db: v2::Library) -> Result<Value> {
    let mut report = report_of!(&db);
    report["by age"] = json!(db.people.where_(|p| p.age).at_least(45).primary_keys().await?);
    report["visits"] = json!(db.visits.to_vec().await?);
    report["visits by day"] = json!(db.visits.where_(|v| v.person_day).equals((2, 7)).primary_keys().await?);
    Ok(report)
}

/// A row as JSON, dates in milliseconds.
fn plain<T: Serialize + Born>(row: &T) -> Result<Value> {
    let mut value = serde_json::to_value(row).map_err(Error::user)?;
    value["born"] = json!(row.born().millis());
    Ok(value)
}

trait Born {
    fn born(&self) -> Date;
}

impl Born for Person {
    fn born(&self) -> Date {
        self.born
    }
}

impl Born for AgedPerson {
    fn born(&self) -> Date {
        self.born
    }
}

/// Writes in every table.
async fn change_v1(db: v1::Library) -> Result<Value> {
    let id = db.people.add(&person(13)).await?;
    db.people.update(1, |person| person.tags.push("new".to_owned())).await?;
    db.people.delete(2).await?;
    let note = db.notes.add(&Note { topic: "bread".to_owned() }).await?;
    db.settings.put_with_key(&Setting { value: 14 }, "size").await?;
    db.rooms.delete((2, 1)).await?;
    Ok(json!([id, note]))
}

/// Writes into what version 2 has brought.
async fn change_v2(db: v2::Library) -> Result<Value> {
    let older = db.people.where_(|p| p.age).at_least(45).modify(|person| person.age += 1).await?;
    let visit = db.visits.add(&NewVisit { person: 2, day: 8 }).await?;
    Ok(json!([older, visit]))
}

thread_local!(static KEPT: Cell<Option<v1::Library>> = const { Cell::new(None) });

/// The commands that concern the library. All but one open it and close it again.
pub async fn command(name: &str, version: u64, database: &str, compatible: bool) -> Result<Value> {
    match version {
        1 => {
            let db: v1::Library = open(database, compatible);
            let answer = match name {
                "library: open" => db.open().await.map(|()| Value::Null),
                "library: fill" => fill(db.clone()).await.map(|()| Value::Null),
                "library: report" => report_v1(db.clone()).await,
                "library: keep open" => {
                    KEPT.set(Some(db.clone()));
                    return db.open().await.map(|()| Value::Null);
                }
                _ => change_v1(db.clone()).await,
            };
            db.close();
            answer
        }
        2 => {
            let db: v2::Library = open(database, compatible);
            let answer = match name {
                "library: open" => db.open().await.map(|()| Value::Null),
                "library: report" => report_v2(db.clone()).await,
                _ => change_v2(db.clone()).await,
            };
            db.close();
            answer
        }
        _ => Err(Error::user(format!("there is no version {version}"))),
    }
}
