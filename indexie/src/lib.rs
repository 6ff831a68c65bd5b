//! Typed, local-first IndexedDB for Rust web apps.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![allow(
    clippy::module_name_repetitions,
    reason = "public names are those of the contract; modules are where they live"
)]
#![cfg_attr(
    not(target_family = "wasm"),
    allow(dead_code, unused_imports, reason = "elsewhere than in a browser there is no storage yet to call these")
)]

extern crate self as indexie;

mod codec;
mod database;
mod engine;
mod error;
mod index;
mod key;
mod op;
mod probe;
mod query;
mod schema;
mod storage;
mod store;
mod table;
mod transaction;
mod upgrade;

pub use database::{Blocked, Builder, Database, Durability, Indexie, VersionChange, database_names};
pub use error::{Error, Result};
pub use index::{Index, IsUnique, Plain, Primary, Unique};
pub use key::{AnyKey, AutoKey, Date, IntoKey, IntoRange, Key, Prefix, Text};
pub use op::{Fetch, Op};
pub use query::{Cursor, EachOutput, Page, Query, RowStream, Where};
pub use store::{Insert, Outbound, Store};
pub use table::{Access, Auto, Read, ReadWrite, Table, TxMode, Writable};
pub use transaction::{Mode, Scope};
pub use upgrade::Upgrade;

pub use indexie_macros::{Key, Store};

/// Declares a database: its name, its versions, and the tables of each.
#[macro_export]
macro_rules! schema {
    ($($tokens:tt)*) => {
        $crate::__private::schema! { crate = $crate; $($tokens)* }
    };
}

/// Everything an app's module needs: `use indexie::prelude::*;`.
pub mod prelude {
    pub use crate::{Durability, Error, Index, Key, Mode, Query, Result, Store, Table, Upgrade, clone, schema};
}

/// Clones variables into a closure: `clone!(db, tx as sender => move || ..)`.
///
/// ```
/// use indexie::clone;
///
/// let name = String::from("Ada");
/// let greet = clone!(name => move || format!("Hello {name}"));
/// assert_eq!(greet(), "Hello Ada");
/// assert_eq!(name, "Ada");
/// ```
#[macro_export]
macro_rules! clone {
    ($($name:ident $(as $alias:ident)?),* $(,)? => $body:expr) => {{
        $($crate::clone!(@bind $name $($alias)?);)*
        $body
    }};
    (@bind $name:ident) => {
        let $name = ::core::clone::Clone::clone(&$name);
    };
    (@bind $name:ident $alias:ident) => {
        let $alias = ::core::clone::Clone::clone(&$name);
    };
}

/// What generated code names. Not for apps: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use ::core;
    pub use ::serde;
    pub use ::std;
    pub use indexie_macros::schema;

    pub use crate::database::{Builder, Database, Indexie, exists};
    pub use crate::error::Result;
    pub use crate::index::{Index, Plain, Primary, Unique};
    pub use crate::key::{
        AnyKey, AutoKey, Entry, FieldForm, Form, IntoKey, Key, KeyError, Text, field_form, ok, ok_auto,
    };
    pub use crate::op::Op;
    pub use crate::probe::{NoKey, NoRecord, Probe};
    pub use crate::schema::{
        Change, Definition, IndexSchema, KeyPath, KeySchema, PopulateFn, StoreSchema, TableEntry, UpgradeFn, Version,
        boxed,
    };
    pub use crate::store::{Insert, Insertable, Outbound, Store};
    pub use crate::table::Table;
    pub use crate::upgrade::Upgrade;
}
