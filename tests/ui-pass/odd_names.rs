//! Fields, tables and types whose names are Rust's, indexie's, or the expansion's own.
#![deny(warnings)]
#![allow(dead_code, non_camel_case_types, non_upper_case_globals)]

use indexie::prelude::*;
use serde::{Deserialize, Serialize};

const entry: u32 = 1;
const field: u32 = 1;
const inner: u32 = 1;
const key: u32 = 1;
const tx: u32 = 1;

#[derive(Store, Serialize, Deserialize)]
#[store("++id, type, filter, where, r#match, count, entry, column_0, field, key, new, inner, [type+where], *r#loop")]
pub struct Record {
    pub id: u32,
    pub r#type: String,
    pub filter: String,
    pub r#where: String,
    pub r#match: Option<u32>,
    pub count: u32,
    pub entry: u32,
    pub column_0: u32,
    pub field: u32,
    pub key: u32,
    pub new: u32,
    pub inner: u32,
    pub r#loop: Vec<u32>,
}

#[derive(Store, Serialize, Deserialize)]
#[store(key, type, new)]
pub struct r#enum {
    pub key: IndexesOfRecord,
    pub r#type: u32,
    pub new: u32,
}

#[derive(Key, Serialize, Deserialize, Clone)]
pub struct IndexesOfRecord(String);

schema! {
    pub struct AppDb("app");
    version 1 {
        type: Record,
        indexie: r#enum,
        drop: Record,
        name: "++",
        version: Record,
        open: Record,
        new: Record,
    }
    version 2 { name: drop, upgrade: r#enum } upgrade upgrade
}

async fn upgrade(_: Upgrade) -> Result<()> {
    Ok(())
}

fn main() {
    let _ = (Record::INDEX.r#type, Record::INDEX.r#where, Record::INDEX.type_where, Record::INDEX.r#loop);
    let db = AppDb::new();
    let _: (&Table<Record>, &Table<Record>, &Table<r#enum>) = (&db.r#type, &db.drop, &db.indexie);
}
