//! The tables and rows that the cases of this suite share.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use indexie::Date;
use indexie::prelude::*;
use serde::{Deserialize, Serialize};

pub use indexie_tests::fresh;

/// Most kinds of index there are; the app gives the key.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, first, last, [foo+bar], &username, &*email, *pets, path")]
pub struct Person {
    pub id: u32,
    pub first: String,
    pub last: String,
    pub foo: Option<u32>,
    pub bar: Option<u32>,
    pub username: String,
    pub email: Vec<String>,
    pub pets: Vec<String>,
    pub path: Option<String>,
}

/// The browser gives the key.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, &u, v", new(derive(Clone, Debug, Default)))]
pub struct Auto {
    pub id: u32,
    pub u: Option<String>,
    pub v: Option<u32>,
}

/// The browser gives the key, and it need not be whole.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id")]
pub struct Reading {
    pub id: f64,
    pub v: u32,
}

/// The key is outside of the row.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("", key = String)]
pub struct Note {
    pub text: String,
}

/// The key is outside of the row, and the browser gives it where the app does not.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++, first")]
pub struct Guest {
    pub first: String,
}

/// The key is outside of the row, and has two parts.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store(", &x, &y", key = (String, u32))]
pub struct Cell {
    pub x: u32,
    pub y: u32,
}

/// Numbers and what is left of them.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, v, s")]
pub struct Num {
    pub id: u32,
    pub v: u32,
    pub s: String,
    pub z: Option<u32>,
}

/// Several keys for a row.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, *tags")]
pub struct Tagged {
    pub id: u32,
    pub tags: Vec<String>,
    pub n: u32,
}

/// Uniqueness of every kind.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, &a, &b, &[c+d], &*e")]
pub struct Unique {
    pub id: u32,
    pub a: u32,
    pub b: u32,
    pub c: u32,
    pub d: u32,
    pub e: Vec<u32>,
}

/// A row with a row in it.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, address.city as String")]
pub struct Shop {
    pub id: u32,
    pub address: Address,
    #[serde(default)]
    pub branches: Vec<Address>,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Address {
    pub city: String,
    pub zip: u32,
}

/// Sets, and names that fields had before.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, *tags")]
pub struct Bag {
    pub id: u32,
    pub tags: BTreeSet<String>,
    #[serde(default, alias = "fullName")]
    pub name: String,
    #[serde(default, alias = "memo", skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(default)]
    pub seen: HashSet<u32>,
}

/// A key of two fields.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("[list+place], &title")]
pub struct Task {
    pub list: String,
    pub place: u32,
    pub title: String,
}

/// A key that is binary.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("hash")]
pub struct File {
    pub hash: Vec<u8>,
    pub size: u32,
}

/// A key that is a date.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("at")]
pub struct Event {
    pub at: Date,
    pub what: String,
}

/// A key that may be too large, or (see [`Ratio`]) no key at all.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id")]
pub struct Wide {
    pub id: u64,
    pub seen: u64,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id")]
pub struct Ratio {
    pub id: f64,
}

/// A map whose keys may be of any type.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id")]
pub struct Board {
    pub id: u32,
    pub stones: BTreeMap<(u32, u32), String>,
}

/// A row with rows in it, and so on.
#[derive(Store, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[store("id")]
pub struct Comment {
    pub id: u32,
    pub answers: Vec<Self>,
}

schema! {
    /// A table of each kind.
    pub struct Cases("cases");

    version 1 {
        bags: Bag,
        people: Person,
        autos: Auto,
        readings: Reading,
        notes: Note,
        guests: Guest,
        cells: Cell,
        nums: Num,
        tagged: Tagged,
        uniques: Unique,
        shops: Shop,
        tasks: Task,
        files: File,
        events: Event,
        wides: Wide,
        ratios: Ratio,
        boards: Board,
        comments: Comment,
    }
}

/// A table by its name, whatever its rows are.
#[cfg(not(target_family = "wasm"))]
pub fn loose(database: &str, table: &str) -> indexie_tests::loose::Loose {
    use indexie_tests::loose::Loose;

    let db = Cases::builder().name(database).build();
    match table {
        "people" => Loose::of::<Person>(&db, table),
        "autos" => Loose::of::<Auto>(&db, table),
        "notes" => Loose::of::<Note>(&db, table),
        "guests" => Loose::of::<Guest>(&db, table),
        "nums" => Loose::of::<Num>(&db, table),
        "tagged" => Loose::of::<Tagged>(&db, table),
        "shops" => Loose::of::<Shop>(&db, table),
        "wides" => Loose::of::<Wide>(&db, table),
        "boards" => Loose::of::<Board>(&db, table),
        "bags" => Loose::of::<Bag>(&db, table),
        other => panic!("`{other}` is not one of the tables that are looked into"),
    }
}

pub fn david() -> Person {
    Person {
        id: 1,
        first: "David".into(),
        last: "Fahlander".into(),
        foo: None,
        bar: None,
        username: "dfa".into(),
        email: vec!["david@a.com".into(), "daw@t.com".into()],
        pets: vec!["dog".into()],
        path: None,
    }
}

pub fn karl() -> Person {
    Person {
        id: 2,
        first: "Karl".into(),
        last: "Ceder".into(),
        foo: None,
        bar: None,
        username: "kce".into(),
        email: vec!["karl@c.w".into()],
        pets: vec![],
        path: None,
    }
}

/// David and Karl are in `people`.
pub async fn with_people(name: &str) -> Result<Cases> {
    let db: Cases = fresh(name).await;
    db.people.bulk_add(&[david(), karl()]).await?;
    Ok(db)
}

/// The numbers 1 to 9 are in `nums`.
pub async fn with_nums(name: &str) -> Result<Cases> {
    let db: Cases = fresh(name).await;
    let nums: Vec<Num> = (1..=9).map(|id| Num { id, v: id % 3, s: format!("s{id}"), z: None }).collect();
    db.nums.bulk_add(&nums).await?;
    Ok(db)
}

/// A row of `autos`, as the browser numbered it.
pub fn auto(id: u32, v: u32) -> Auto {
    Auto { id, u: None, v: Some(v) }
}

pub fn new_auto(v: u32) -> NewAuto {
    NewAuto { v: Some(v), ..NewAuto::default() }
}

pub fn note(text: &str) -> Note {
    Note { text: text.into() }
}

pub fn guest(first: &str) -> Guest {
    Guest { first: first.into() }
}

pub fn tagged(id: u32, tags: &[&str]) -> Tagged {
    Tagged { id, tags: tags.iter().map(|tag| (*tag).into()).collect(), n: 0 }
}

/// A row of `uniques` all of whose keys derive from its id.
pub fn unique(id: u32) -> Unique {
    Unique { id, a: id * 10, b: id * 100, c: id * 1000, d: 1, e: vec![id * 7, id * 11] }
}
