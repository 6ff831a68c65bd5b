//! What a tab keeps between two commands: its databases by the names the tests give them, and what was reported to it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::Deref;

use indexie::prelude::*;
use indexie::{Builder, Database, Indexie};
use serde_json::{Value, json};

use crate::shop::{v1, v1_without_index, v2, v3, v4};

thread_local! {
    static SHOPS: RefCell<HashMap<String, Shop>> = RefCell::default();
    static EVENTS: RefCell<Vec<Value>> = RefCell::default();
    static RELEASED: Cell<bool> = const { Cell::new(false) };
}

/// What a builder is told besides the name.
#[derive(Clone, Copy, Default)]
pub struct Options {
    pub allow_newer: bool,
    pub repair_schema: bool,
}

/// The shop, as one of the programs knows it.
#[derive(Clone)]
pub enum Shop {
    V1WithoutIndex(v1_without_index::Shop),
    V1(v1::Shop),
    V2(v2::Shop),
    V3(v3::Shop),
    V4(v4::Shop),
}

impl Deref for Shop {
    type Target = Indexie;

    fn deref(&self) -> &Indexie {
        match self {
            Self::V1WithoutIndex(shop) => shop,
            Self::V1(shop) => shop,
            Self::V2(shop) => shop,
            Self::V3(shop) => shop,
            Self::V4(shop) => shop,
        }
    }
}

impl Shop {
    /// The database of this name, as the program of this version declares it; 0 are the first builds of version 1.
    pub fn new(version: u64, name: &str) -> Result<Self> {
        Self::with(version, name, Options::default())
    }

    /// The same, opened in another way than usual.
    pub fn with(version: u64, name: &str, options: Options) -> Result<Self> {
        Ok(match version {
            0 => Self::V1WithoutIndex(build(name, options)),
            1 => Self::V1(build(name, options)),
            2 => Self::V2(build(name, options)),
            3 => Self::V3(build(name, options)),
            4 => Self::V4(build(name, options)),
            _ => return Err(Error::user(format!("there is no version {version}"))),
        })
    }

    pub fn v1(self) -> Result<v1::Shop> {
        match self {
            Self::V1(shop) => Ok(shop),
            _ => Err(Error::user("this command is for version 1")),
        }
    }
}

fn build<D: Database>(name: &str, options: Options) -> D {
    Builder::new()
        .name(name)
        .allow_newer(options.allow_newer)
        .repair_schema(options.repair_schema)
        .on_blocked(|blocked| {
            report(json!({ "blocked": { "old": blocked.old_version, "new": blocked.new_version } }));
        })
        .on_version_change(|change| report(json!({ "versionchange": change.new_version })))
        .build()
}

/// Keeps a database for later commands.
pub fn keep(handle: &str, shop: Shop) {
    SHOPS.with_borrow_mut(|shops| shops.insert(handle.to_owned(), shop));
}

/// Drops a database object.
pub fn drop_shop(handle: &str) {
    let shop = SHOPS.with_borrow_mut(|shops| shops.remove(handle));
    drop(shop);
}

/// The database that an earlier command has kept.
pub fn shop(handle: &str) -> Result<Shop> {
    let shop = SHOPS.with_borrow(|shops| shops.get(handle).cloned());
    shop.ok_or_else(|| Error::user(format!("there is no database {handle}")))
}

/// Notes something the tests want to know.
pub fn report(event: Value) {
    EVENTS.with_borrow_mut(|events| events.push(event));
}

/// What was noted since this was asked last.
pub fn take_events() -> Vec<Value> {
    EVENTS.take()
}

/// Whether what is being held may go on.
pub fn is_released() -> bool {
    RELEASED.get()
}

/// Lets what is being held go on.
pub fn set_released(released: bool) {
    RELEASED.set(released);
}
