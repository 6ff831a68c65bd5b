//! The databases of the menu as they have been a version ago: with other keys, other indexes, and tables of other names.
//!
//! Either version reads the other one's rows: what only one of them has may be missing.

use std::collections::BTreeSet;

use indexie::prelude::*;
use indexie::{Date, Writable};
use serde::{Deserialize, Serialize};

use super::{Address, Category, Trio, trio};
use crate::field::Field;
use crate::program::Keys;
use crate::record::{
    Column, FieldOf, Insert, Inserted, Kind, Record, Visit, VisitUnique, full, record, rows, with_keys,
};
use crate::value::{Row, field};

record! {
    handles { plain id, text name, text email, text nick }
    unique { id, name }
    keys generated (NewVillager: name age email nick);

    /// One index is to be unique and another one no longer, some go and some come.
    #[store("++id, &name, email, nick")]
    pub struct Villager {
        pub id: u32,
        pub name: String,
        pub age: Option<u32>,
        pub email: Option<String>,
        pub nick: Option<String>,
    }
}

record! {
    handles { text title, text words }
    unique { title }
    keys inside;

    /// To be renamed, and its key to leave the row.
    #[store("title, *words")]
    pub struct Scrap {
        pub title: String,
        pub words: BTreeSet<String>,
        #[serde(default)]
        pub n: u32,
    }
}

record! {
    handles { pair sensor_at, plain value, plain at, plain sensor }
    unique { sensor_at }
    keys inside;

    /// A key of two columns, of which one alone is to be the key; and truth that is to be indexed.
    #[store("[sensor+at], value, at")]
    pub struct Measure {
        pub at: Date,
        pub sensor: u32,
        pub value: f64,
        pub on: bool,
    }
}

record! {
    handles { plain id, pair row_label, plain marks, text sheet, plain row }
    unique { id }
    keys generated (NewCarton: sheet row label marks);

    /// A generated key that is to be one of two columns, and lists that are to be indexed one by one.
    #[store("++id, [row+label], marks, sheet")]
    pub struct Carton {
        #[serde(default)]
        pub id: u32,
        pub sheet: String,
        pub row: u32,
        pub label: String,
        pub marks: Vec<u32>,
    }
}

record! {
    handles { plain id, plain kind, plain slot, plain codes }
    unique { id, slot }
    keys generated (NewHappening: kind slot codes);

    /// A generated key that is to leave the row.
    #[store("++id, kind, &slot, *codes")]
    pub struct Happening {
        #[serde(default)]
        pub id: u32,
        pub kind: Category,
        pub slot: Option<u32>,
        pub codes: Vec<u32>,
    }
}

record! {
    handles { plain rank, text name, plain key }
    unique { key, name }
    keys generated_beside;

    /// A generated key that is to move into the row.
    #[store("++, rank, &name")]
    pub struct Rung {
        pub rank: Option<i32>,
        pub name: String,
    }
}

record! {
    handles { plain kind, text address_city, plain home_zip, text key }
    unique { key }
    keys beside;

    /// A given key that is to move into the row.
    #[store(", kind, address.city as String, home?.zip as Option<u32>", key = String)]
    #[serde(rename_all = "camelCase")]
    pub struct Spot {
        pub kind: Category,
        pub open_late: bool,
        pub address: Address,
        pub home: Option<Address>,
    }
}

record! {
    handles { plain hash, plain size, text name }
    unique { hash }
    keys inside;

    /// To be renamed.
    #[store("hash, size, name")]
    pub struct Lump {
        pub hash: Vec<u8>,
        pub name: Option<String>,
        pub size: i32,
    }
}

record! {
    handles { pair a_b, plain points, plain flag, plain a }
    unique { a_b, points }
    keys inside;

    /// A key of two columns that becomes that of another field; truth that is indexed, and some that is to be.
    #[store("[a+b], &points, flag")]
    pub struct Mark {
        pub id: i32,
        pub points: i32,
        pub a: u32,
        pub b: String,
        pub c: bool,
        pub flag: bool,
    }
}

schema! {
    pub struct Hamlet("model");

    version 1 {
        people: Villager,
        scraps: Scrap,
        readings: Measure,
    }
}

schema! {
    pub struct Lattice("model");

    version 1 {
        cells: Carton,
        events: Happening,
        levels: Rung,
    }
}

schema! {
    pub struct Court("model");

    version 1 {
        places: Spot,
        lumps: Lump,
        scores: Mark,
    }
}

trio!(Hamlet { people: Villager, scraps: Scrap, readings: Measure });
trio!(Lattice { cells: Carton, events: Happening, levels: Rung });
trio!(Court { places: Spot, lumps: Lump, scores: Mark });
