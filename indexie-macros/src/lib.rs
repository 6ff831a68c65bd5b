//! The macros of indexie: `derive(Store)`, `derive(Key)` and `schema!`. Use them through the `indexie` crate,
//! which documents them with examples that run.
//!
//! Each parses, checks and expands. The expansion holds names, types and constants; the algorithms are in
//! the library, behind `indexie::__private`.

#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![allow(clippy::doc_markdown, reason = "IndexedDB and JavaScript are names, not code")]
#![allow(
    clippy::large_enum_variant,
    reason = "a handful of entries per macro call, and the parsed model reads better without boxes"
)]

mod check;
mod diagnostics;
mod dsl;
mod key;
mod model;
mod schema;
mod store;
mod stored;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct the record of a table: `#[store("++id, &email, name, *tags, [name+age]")]` below the derive
/// says which fields are keys and indexes. `#[indexie(..)]` is another name of the attribute.
///
/// Options follow the schema: `key = K`, `new = UserDraft` or `new = false`, `new(derive(Debug, Clone))`,
/// `crate = path`, and `pair: [a+b]`, which names a handle.
#[proc_macro_derive(Store, attributes(store, indexie))]
pub fn derive_store(input: TokenStream) -> TokenStream {
    store::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes a newtype, or an enum of plain variants, a key type. A newtype sorts as what is inside it, an enum by
/// the names its variants are stored under. A key under a name that is an `alias` now is read, but queries look for the present name:
/// `equals` does not find a row that is stored under another one.
#[proc_macro_derive(Key, attributes(key))]
pub fn derive_key(input: TokenStream) -> TokenStream {
    key::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Declares a database: `pub struct AppDb("MyAppDatabase");` and its versions, oldest first. Behind a version stand
/// `upgrade function`, and behind the newest one also `populate function`, which fills a new database.
#[proc_macro]
pub fn schema(input: TokenStream) -> TokenStream {
    schema::expand(input.into()).into()
}
