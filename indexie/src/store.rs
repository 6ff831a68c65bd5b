//! What a derive provides: the traits that make a Rust type the record of a table.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::key::{Entry, FieldForm, Key};
use crate::schema::StoreSchema;

/// A record type: a struct with `#[derive(Store)]`.
///
/// The derive macro of the same name implements it; see there for the schema's grammar.
///
/// Where the key is no field of the record (`#[store("", key = String)]`, or `++`), its handle is called `key`:
///
/// ```
/// use indexie::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Store, Serialize, Deserialize)]
/// #[store("", key = String)]
/// pub struct Setting {
///     pub value: u32,
/// }
///
/// async fn of_the_page(settings: &Table<Setting>) -> Result<Vec<(String, Setting)>> {
///     settings.where_(|s| s.key).starts_with("page.").entries().await
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no record of a table",
    label = "not a record",
    note = "add `#[derive(Store, Serialize, Deserialize)]` and `#[store(\"++id, ...\")]` to the struct"
)]
pub trait Store: Insertable + DeserializeOwned + 'static {
    /// The type of the primary key.
    type Key: Key;
    /// The typed handles of the keys and indexes.
    type Indexes: 'static;
    #[doc(hidden)]
    const INDEXES: &'static Self::Indexes;
    #[doc(hidden)]
    const SCHEMA: StoreSchema;
    #[doc(hidden)]
    const FIELDS: &'static [FieldForm];
    /// The names in `#[serde(alias)]`.
    #[doc(hidden)]
    const ALIASES: &'static [&'static str] = &[];
    #[doc(hidden)]
    const DECLARED: &'static [&'static str];
}

/// What can compute its own keys. `entry` 0 is the primary key, `n` is index `n - 1` of the schema.
#[doc(hidden)]
pub trait Insertable: Serialize {
    fn entry(&self, entry: usize) -> Entry;
}

/// A row that can be added to a table of `T`: `T` itself, and with `++id` also its `New…` type without the key.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no row of a table of `{T}`",
    label = "expected a `{T}`, or its `New…` type",
    note = "a table takes rows of its own record; if this is one, its key is outside of it and not generated: use `add_with_key` and `put_with_key`"
)]
pub trait Insert<T: Store>: Insertable {
    /// What of a row would be inserted.
    #[doc(hidden)]
    fn of_row(_row: T) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
}

/// A record whose primary key is not part of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` holds its own key",
    label = "the key is a field of the record",
    note = "use `add` and `put`; keys apart from the record are for stores declared with `++` or with an empty first entry"
)]
pub trait Outbound: Store {}
