//! Typed, local-first IndexedDB for Rust web apps.
//!
//! A derive macro turns Dexie's `"++id, &email, name"` into typed tables; `schema!` puts them together into a database.
//!
//! ```
//! use indexie::prelude::*;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
//! #[store("++id, &email, name, age")]
//! pub struct User {
//!     pub id: u32,
//!     pub email: String,
//!     pub name: String,
//!     pub age: u32,
//! }
//!
//! schema! {
//!     /// Everything the app keeps.
//!     pub struct AppDb("MyAppDatabase");
//!
//!     version 1 {
//!         users: User,
//!     }
//! }
//!
//! # fn main() -> Result<()> {
//! # futures::executor::block_on(async {
//! let db = AppDb::new();
//! let alice = NewUser { email: "alice@example.com".into(), name: "Alice".into(), age: 30 };
//! let id = db.users.add(&alice).await?;
//! db.users.update(id, |user| user.age += 1).await?;
//! let adults = db.users.where_(|u| u.age).at_least(18).to_vec().await?;
//! assert_eq!(adults, [User { id, email: "alice@example.com".into(), name: "Alice".into(), age: 31 }]);
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! # Where to go on
//!
//! - Declaring records and databases: [`derive@Store`], [`derive@Key`], [`schema!`].
//! - Reading and writing rows: [`Table`]. Finding them: [`Query`], and [`Where`] for the clauses.
//! - Several steps at once: [`Indexie::transaction`].
//! - Results that are kept up to date: [`Query::live`], [`live_query`].
//! - What an app wants to hear of its own changes, and to say about them before they are made: [`Hooks`], [`Strategy`].
//! - Writes that are seen before they are stored, or stored together later: [`OverlayTransaction`].
//! - Rows that a server has, as they change: `Table::sync_electric`, with the feature `electric`.
//! - From one version of the schema to the next, and the first rows of a new database: [`Upgrade`].
//! - Settings, other tabs, and databases of Dexie's: [`Builder`]. In the browser or in memory: [`Storage`].
//! - What can go wrong: [`Error`].
//!
//! # How it works
//!
//! Rows are ordinary JavaScript objects, as Dexie would store them: the browser's developer tools and other programs read them.
//! They cross between Rust and JavaScript in bulk, as a few streams of numbers and text. Each operation costs one call
//! and one wake-up, however many rows it touches, and everything is all-or-nothing.
//!
//! In a browser, rows are stored in IndexedDB: in windows and in workers of all kinds, service workers included, and from any of
//! wasm's threads. On every other target they are kept in [memory](Storage::Memory), by IndexedDB's rules, so that an app's code runs
//! under plain `cargo test`, in a server render and in the terminal.
//!
//! # Features
//!
//! `electric`: a table follows a shape of [ElectricSQL](https://electric-sql.com)'s. `live`, on by default: live queries.
//!
//! `uuid`, `chrono`, `time` and `ulid` connect the types of those crates: [`uuid::Uuid`](https://docs.rs/uuid) and
//! [`ulid::Ulid`](https://docs.rs/ulid) become keys, and [`Date`] converts from and into the UTC times of the other two.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(feature = "live"),
    allow(dead_code, unused_imports, reason = "what only live queries need of other parts")
)]
#![deny(missing_docs)]
#![allow(
    clippy::module_name_repetitions,
    reason = "public names are those of the contract; modules are where they live"
)]

extern crate self as indexie;

mod codec;
mod database;
mod engine;
mod error;
mod float;
mod hooks;
mod index;
mod key;
#[cfg(feature = "live")]
mod live;
mod mutex;
mod names;
mod op;
mod order;
mod overlay;
mod panics;
mod probe;
mod query;
mod schema;
mod storage;
mod store;
mod strategy;
#[cfg(feature = "electric")]
mod sync;
mod table;
mod tasks;
mod transaction;
mod upgrade;
mod within;

pub use database::{
    Blocked, Builder, Database, Durability, Indexie, Storage, UpgradeProgress, VersionChange, database_names,
};
pub use error::{Error, Result};
pub use hooks::{Added, Deleted, HookError, HookFailure, HookId, HookOutput, Hooks, Mutation, Updated};
pub use index::{Index, IsUnique, Plain, Primary, Unique};
pub use key::{AnyKey, AutoKey, Date, IntoAnyKey, IntoAnyRange, IntoKey, IntoRange, Key, Prefix, Text};
#[cfg(feature = "live")]
pub use live::{Change, Changes, Live, LiveChanges, LiveQuery, Subscription, live_query};
pub use op::{Fetch, Op};
pub use overlay::{Committed, Overlay, OverlayTransaction, PendingChange};
pub use query::{Cursor, EachOutput, Page, Query, RowStream, Where};
pub use store::{Insert, Outbound, Store};
pub use strategy::Strategy;
#[cfg(all(feature = "electric", target_family = "wasm"))]
pub use sync::FetchClient;
#[cfg(all(feature = "electric", not(target_family = "wasm")))]
pub use sync::ReqwestClient;
#[cfg(feature = "electric")]
pub use sync::{
    DefaultClient, Electric, ElectricSync, HttpClient, HttpClientFn, HttpError, HttpRequest, HttpResponse, IntoHeaders,
    Recovery, Replica, SyncError, SyncStatus, SyncStatuses, http_client_fn,
};
pub use table::{
    Access, Auto, Import, ImportProgress, InTransaction, Pending, Read, ReadWrite, Table, TxMode, Writable,
};
pub use transaction::{All, Commit, Mode, Scope, Transaction};

/// What the body of a transaction over [`db.all()`](All) gets: a handle for each table of the database `D`, in a field of the same
/// name.
pub type Tables<D, M> = <D as Database>::Tables<M>;

pub use upgrade::{Convert, Converted, Upgrade, UpgradeQuery, UpgradeTable, UpgradeWhere};

/// Makes a newtype or an enum without data a key.
///
/// A newtype is stored, and sorts, as what it wraps. A variant is stored, and sorts, by its serialized name, so serde's
/// `rename` and `rename_all` count.
///
/// ```
/// use indexie::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Key, Serialize, Deserialize, Clone, Debug, PartialEq)]
/// pub struct OrderId(u32);
///
/// #[derive(Key, Serialize, Deserialize, Clone, Debug, PartialEq)]
/// #[serde(rename_all = "lowercase")]
/// pub enum Status {
///     Open,
///     Paid,
/// }
///
/// #[derive(Store, Serialize, Deserialize, Clone)]
/// #[store("id, status")]
/// pub struct Order {
///     pub id: OrderId,
///     pub status: Status,
/// }
/// # fn example(db: Table<Order>) {
/// let open = db.where_(|o| o.status).equals(Status::Open);
/// # }
/// ```
pub use indexie_macros::Key;

/// Makes a struct the record of a table.
///
/// The schema stands in `#[store("..")]`, as one string or as the same tokens without quotes; the first entry is the primary key.
///
/// | entry | meaning |
/// |---|---|
/// | `++id` | a key inside the record that the browser generates |
/// | `id` | a key inside the record that the app gives |
/// | `++`, or nothing | a key outside of the record, generated or given; its type is `key = K` |
/// | `[a+b]` | a compound key or index; its first field can be queried alone |
/// | `&email` | a unique index |
/// | `*tags` | an index with an entry per element of a collection |
/// | `address.city as String` | an index on a field of a field: `address?.city as String` if `address` is an `Option`, `address.city as Option<String>` if `city` is |
///
/// For each there is a typed handle: `User::INDEX.age`, or `|u| u.age` where a query asks for one. With `++id`, the macro also
/// writes a `NewUser` without the key, to add rows with. Options after the schema: `key = K`, `new = Name` or `new = false`,
/// `new(derive(Default, Debug))`, `crate = path`; `pair: [a+b]` names a handle.
///
/// Key paths are the serialized names of the fields, so serde's `rename` and `rename_all` count. A row in which a key field is `None` is
/// not in that index. Neither is one for which serde skips the field: with `#[serde(skip_serializing_if)]`, the field is an `Option`, a
/// collection under `*`, or has its type in the schema, `note as String`, which says that this is meant.
///
/// Records that also derive another crate's `Store` use `#[indexie(..)]` in place of `#[store(..)]`. Beside a prelude that
/// exports a `Store` of its own, as Dioxus's does, write `#[derive(indexie::Store)]`.
///
/// ```
/// use indexie::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
/// #[store("++id, &email, name, age, *tags, [name+age]", new(derive(Debug)))]
/// pub struct User {
///     pub id: u32,
///     pub email: String,
///     pub name: String,
///     pub age: u32,
///     #[serde(default)]
///     pub tags: Vec<String>,
/// }
///
/// # fn example(users: Table<User>) {
/// let query = users.where_(|u| u.name_age).between(("A", 18)..("B", 18));
/// # }
/// ```
pub use indexie_macros::Store;

/// Declares a database: its name, its versions, and the tables of each.
///
/// A version lists the tables that it adds or changes: with the record's type, whose own schema counts; with a string, for how a
/// table was in an older version; with both, to be told at compile time when the record changes; or with `drop`.
/// The newest entry of a table needs a type.
///
/// Behind a version, `upgrade` names the function that converts the rows of the version before; see [`Upgrade`](crate::Upgrade).
/// A stored database goes through all versions that are newer than its own, the oldest first, in one transaction.
///
/// A new database skips them: it is made as the newest version says, without any `upgrade`. Behind the newest version, before or after
/// `upgrade`, `populate` names the function that fills it, once, in the transaction that makes it; if that function fails, there is
/// no database. It is not called where a stored database is upgraded, and again where one has been deleted.
///
/// ```
/// use indexie::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Store, Serialize, Deserialize, Clone)]
/// #[store("++id, &email, name")]
/// pub struct User {
///     pub id: u32,
///     pub email: String,
///     pub name: String,
/// }
///
/// schema! {
///     /// Everything the app keeps.
///     pub struct AppDb("MyAppDatabase");
///
///     version 1 {
///         users: "++id, name",
///         scratch: "++id",
///     }
///     version 2 {
///         users: User = "++id, &email, name",
///         scratch: drop,
///     } upgrade give_emails populate first_user
/// }
///
/// async fn give_emails(tx: Upgrade) -> Result<()> {
///     #[derive(Serialize, Deserialize)]
///     struct UserV1 {
///         name: String,
///         email: Option<String>,
///     }
///     tx.table::<UserV1>("users")?.modify(|user| user.email = Some(format!("{}@example.com", user.name))).await?;
///     Ok(())
/// }
///
/// async fn first_user(tx: Upgrade) -> Result<()> {
///     tx.table::<User>("users")?.add(&User { id: 1, email: "root@example.com".into(), name: "root".into() }).await?;
///     Ok(())
/// }
///
/// # fn main() -> Result<()> {
/// # futures::executor::block_on(async {
/// let db = AppDb::new();
/// assert_eq!(db.users.get(1).await?.map(|user| user.name).as_deref(), Some("root"));
/// # Ok(())
/// # })
/// # }
/// ```
#[macro_export]
macro_rules! schema {
    ($($tokens:tt)*) => {
        $crate::__private::schema! { crate = $crate; $($tokens)* }
    };
}

/// Everything an app's module needs: `use indexie::prelude::*;`.
pub mod prelude {
    #[cfg(feature = "electric")]
    pub use crate::Electric;
    #[cfg(feature = "live")]
    pub use crate::live_query;
    pub use crate::{
        Added, Deleted, Durability, Error, HookError, HookFailure, Index, Key, Mode, Overlay, Query, Result, Storage,
        Store, Strategy, Table, Updated, Upgrade, clone, schema,
    };
}

/// Clones variables into a closure: `clone!(db, tx as sender => move || ..)`. Of a reference, what it refers to is cloned.
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
        let $name = $name.clone();
    };
    (@bind $name:ident $alias:ident) => {
        let $alias = $name.clone();
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
    pub use crate::key::{AnyKey, AutoKey, Entry, FieldForm, Form, IntoAnyKey, IntoKey, Key, KeyError, Text};
    #[cfg(feature = "live")]
    pub use crate::live::subscriptions;
    pub use crate::names::{NotRead, ReadFrom, Steps, Unread};
    pub use crate::op::Op;
    pub use crate::probe::{NoKey, NoRecord, Probe};
    pub use crate::schema::{
        Change, Definition, IndexSchema, KeyPath, KeySchema, PopulateFn, StoreSchema, TableEntry, UpgradeFn, Version,
        boxed,
    };
    pub use crate::store::{Insert, Insertable, Outbound, Store};
    pub use crate::table::Table;
    pub use crate::transaction::All;
    pub use crate::upgrade::Upgrade;
}

/// The README's examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
