//! The menu: nine record types with every kind of key and index, in three databases. A program uses one of these, from the beginning
//! or from the version before.

mod past;

use std::collections::BTreeSet;
use std::ops::Deref;

use indexie::prelude::*;
use indexie::{Database, Date, Indexie, Writable};
use serde::{Deserialize, Serialize};

use crate::chance::Chance;
use crate::field::Field;
use crate::program::Keys;
use crate::record::{
    Column, FieldOf, Insert, Inserted, Kind, Record, Visit, VisitUnique, full, record, rows, with_keys,
};
use crate::run::upgrade::as_the_program_says;
use crate::value::{Row, Value, field};

record! {
    handles { plain id, text name, plain age, text email, text tags, pair name_age }
    unique { id, email }
    keys generated (NewPerson: name age email tags score);

    /// A key that the storage generates.
    #[store("++id, name, age, &email, *tags, [name+age]")]
    pub struct Person {
        pub id: u32,
        pub name: String,
        pub age: Option<u32>,
        pub email: Option<String>,
        #[serde(default)]
        pub tags: Vec<String>,
        #[serde(default)]
        pub score: i32,
    }
}

record! {
    handles { text title, text words, text key }
    unique { key }
    keys beside;

    /// A key outside of the row, given.
    #[store(", title, *words", key = String)]
    pub struct Note {
        pub title: String,
        pub words: BTreeSet<String>,
        pub n: u32,
    }
}

record! {
    handles { plain at, plain value, pair sensor_at, plain on, pair on_value, plain sensor }
    unique { at }
    keys inside;

    /// A date as the key, and numbers of every kind.
    #[store("at, value, [sensor+at], on, [on+value]")]
    pub struct Reading {
        pub at: Date,
        pub sensor: u32,
        pub value: f64,
        pub on: bool,
    }
}

record! {
    handles { pair sheet_row, pair row_label, plain marks, text label, text sheet, plain row }
    unique { sheet_row, row_label }
    keys inside;

    /// A key of two columns.
    #[store("[sheet+row], &[row+label], *marks, label")]
    pub struct Cell {
        pub sheet: String,
        pub row: u32,
        pub label: String,
        pub marks: Vec<u32>,
    }
}

record! {
    handles { plain kind, plain slot, plain codes, plain key }
    unique { key, slot, codes }
    keys generated_beside;

    /// A key outside of the row, generated or given.
    #[store("++, kind, &slot, &*codes")]
    pub struct Event {
        pub kind: Category,
        pub slot: Option<u32>,
        pub codes: Vec<u32>,
    }
}

record! {
    handles { plain level, plain rank, pair rank_name }
    unique { level }
    keys generated (NewLevel: rank name);

    /// A key that the storage generates, and that need not be whole.
    #[store("++level, rank, [rank+name]")]
    pub struct Level {
        #[serde(default)]
        pub level: f64,
        pub rank: Option<i32>,
        pub name: String,
    }
}

record! {
    handles {
        text code, plain kind, text address_city, plain home_zip, pair open_late_kind, pair address_city_code, plain open_late,
    }
    unique { code, address_city_code }
    keys inside;

    /// Rows within rows, and other names in the storage than in Rust.
    #[store("code, kind, address.city as String, home?.zip as Option<u32>, [open_late+kind], &[address.city+code]")]
    #[serde(rename_all = "camelCase")]
    pub struct Place {
        #[serde(default)]
        pub code: String,
        pub kind: Category,
        pub open_late: bool,
        pub address: Address,
        pub home: Option<Address>,
    }
}

record! {
    handles { plain hash, text name, plain chunks, plain size }
    unique { hash, name }
    keys inside;

    /// Bytes as keys.
    #[store("hash, &name, *chunks, size")]
    pub struct Blob {
        pub hash: Vec<u8>,
        pub name: Option<String>,
        #[serde(default)]
        pub chunks: Vec<Vec<u8>>,
        pub size: i32,
    }
}

record! {
    handles { plain id, plain points, triple a_b_c, pair flag_points, plain a, plain flag }
    unique { id, a_b_c }
    keys inside;

    /// Negative keys, and three columns.
    #[store("id, points, &[a+b+c], [flag+points]")]
    pub struct Score {
        pub id: i32,
        pub points: i32,
        pub a: u32,
        pub b: String,
        pub c: bool,
        pub flag: bool,
    }
}

/// A key by name, in another order than that of its variants.
#[derive(Key, Serialize, Deserialize, Clone, Copy, Debug, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    Shop,
    Bar,
    #[serde(rename = "Épicerie")]
    Grocery,
}

impl Field for Category {
    const SORTS: bool = false;

    fn value(&self) -> Value {
        let name = match self {
            Self::Shop => "shop",
            Self::Bar => "bar",
            Self::Grocery => "Épicerie",
        };
        Value::Text(name.to_owned())
    }

    fn of(value: &Value) -> Self {
        match value.text() {
            "shop" => Self::Shop,
            "bar" => Self::Bar,
            _ => Self::Grocery,
        }
    }

    fn random(chance: &mut Chance) -> Self {
        *chance.pick(&[Self::Shop, Self::Bar, Self::Grocery])
    }

    fn simplest() -> Self {
        Self::Shop
    }

    fn code(&self) -> String {
        format!("Category::{self:?}")
    }

    fn name() -> String {
        "Category".to_owned()
    }
}

/// A row in a row.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Address {
    pub city: String,
    pub zip: Option<u32>,
}

impl Field for Address {
    const SORTS: bool = false;

    fn value(&self) -> Value {
        Value::Object(vec![("city", self.city.value()), ("zip", self.zip.value())])
    }

    fn of(value: &Value) -> Self {
        Self { city: Field::of(value.field("city")), zip: Field::of(value.field("zip")) }
    }

    fn random(chance: &mut Chance) -> Self {
        Self { city: Field::random(chance), zip: Field::random(chance) }
    }

    fn simplest() -> Self {
        Self { city: Field::simplest(), zip: Field::simplest() }
    }

    fn code(&self) -> String {
        format!("Address {{ city: {}, zip: {} }}", self.city.code(), self.zip.code())
    }

    fn name() -> String {
        "Address".to_owned()
    }
}

/// What the printer says of the types that records share.
pub const SHARED_SOURCE: &str = r#"#[derive(Key, Serialize, Deserialize, Clone, Copy, Debug, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    Shop,
    Bar,
    #[serde(rename = "Épicerie")]
    Grocery,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Address {
    pub city: String,
    pub zip: Option<u32>,
}
"#;

/// A database of three tables.
pub trait Trio: Database + Deref<Target = Indexie> + Clone + 'static {
    const NAME: &'static str;
    const TABLES: [&'static str; 3];
    type First: Record;
    type Second: Record;
    type Third: Record;

    fn first(&self) -> &Table<Self::First>;
    fn second(&self) -> &Table<Self::Second>;
    fn third(&self) -> &Table<Self::Third>;
}

/// A database whose version before can be upgraded to it.
pub trait Age: Trio {
    type Past: Trio;
    /// What the newest program says of the tables of the past.
    const ENTRIES: [&'static str; 3];
}

/// The three tables of a database, whose schema is said before.
macro_rules! trio {
    ($name:ident { $first:ident: $a:ident, $second:ident: $b:ident, $third:ident: $c:ident $(,)? }) => {
        impl Trio for $name {
            const NAME: &'static str = stringify!($name);
            const TABLES: [&'static str; 3] = [stringify!($first), stringify!($second), stringify!($third)];
            type First = $a;
            type Second = $b;
            type Third = $c;

            fn first(&self) -> &Table<$a> {
                &self.$first
            }

            fn second(&self) -> &Table<$b> {
                &self.$second
            }

            fn third(&self) -> &Table<$c> {
                &self.$third
            }
        }
    };
}

/// A database with its version before: what that had is dropped, where it has no place any more.
macro_rules! age {
    (
        $past:ident { $($before:ident: $entries:literal),* $(,)? }
        $name:ident { $($table:ident: $record:ident),* $(,)? } $(drop { $gone:ident })?
    ) => {
        schema! {
            pub struct $name("model");

            version 1 {
                $($before: $entries,)*
            }
            version 2 {
                $($table: $record,)*
                $($gone: drop,)?
            } upgrade as_the_program_says
        }

        trio!($name { $($table: $record),* });

        impl Age for $name {
            type Past = past::$past;
            const ENTRIES: [&'static str; 3] = [$($entries),*];
        }
    };
}

pub(super) use trio;

age! {
    Hamlet { people: "++id, &name, email, nick", scraps: "title, *words", readings: "[sensor+at], value, at" }
    Town { people: Person, notes: Note, readings: Reading } drop { scraps }
}
age! {
    Lattice { cells: "++id, [row+label], marks, sheet", events: "++id, kind, &slot, *codes", levels: "++, rank, &name" }
    Grid { cells: Cell, events: Event, levels: Level }
}
age! {
    Court {
        places: ", kind, address.city, home.zip", lumps: "hash, size, name", scores: "[a+b], &points, flag",
    }
    Yard { places: Place, blobs: Blob, scores: Score } drop { lumps }
}
