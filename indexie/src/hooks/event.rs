//! One change, as hooks get it.

use serde_json::{Map, Value as Json};

use super::HookError;
use crate::error::Error;
use crate::key::{AnyKey, Key};
use crate::storage::memory::evaluator::Row;
use crate::store::Store;

/// What has been done to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mutation {
    /// It is new.
    Add,
    /// It has other fields than before.
    Update,
    /// It is gone.
    Delete,
}

impl Mutation {
    /// What would have been done with a table.
    pub(crate) fn done(self) -> &'static str {
        match self {
            Self::Add => "added to",
            Self::Update => "changed in",
            Self::Delete => "deleted from",
        }
    }

    /// What makes one of the other; none is no row.
    pub(crate) fn of(old: Option<&Row>, new: Option<&Row>) -> Self {
        match (old, new) {
            (None, _) => Self::Add,
            (Some(_), Some(_)) => Self::Update,
            (Some(_), None) => Self::Delete,
        }
    }
}

/// A change of one row.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub store: u16,
    pub mutation: Mutation,
    /// None where it is generated when the row is stored.
    pub key: Option<AnyKey>,
    pub old: Option<Row>,
    pub new: Option<Row>,
}

impl Event {
    pub fn new(store: u16, key: Option<AnyKey>, old: Option<Row>, new: Option<Row>) -> Self {
        Self { store, mutation: Mutation::of(old.as_ref(), new.as_ref()), key, old, new }
    }
}

/// A row that is added: what [`on_add`](super::Hooks::on_add) gets.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Added<T: Store> {
    /// Its key. `None` where that is to be generated: with [`NetworkFirst`](crate::Strategy::NetworkFirst) and in overlay transactions,
    /// hooks are called before the row is stored.
    pub key: Option<T::Key>,
    /// The row. Where its key is to be generated, the key in it is a temporary one, which means nothing to a server: leave it out of
    /// what is sent, let the server give the key, and return the server's row.
    pub item: T,
}

/// A row that is changed: what [`on_update`](super::Hooks::on_update) gets.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Updated<T: Store> {
    /// Its key.
    pub key: T::Key,
    /// The row as it was.
    pub old: T,
    /// The row as it is.
    pub new: T,
}

/// A row that is deleted: what [`on_delete`](super::Hooks::on_delete) gets.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Deleted<T: Store> {
    /// Its key.
    pub key: T::Key,
    /// The row as it was.
    pub item: T,
}

impl<T: Store> Updated<T> {
    /// The fields that have changed, as JSON, with their new values; `null` for one that is gone. A field counts as a whole, and is
    /// compared by its value, so an array or a date that is equal to the old one is not among them.
    ///
    /// There are none if `old` or `new` does not go into JSON, as a `u128` or an `i128` beyond 64 bits and a map whose keys are no text:
    /// send `new` then, in a form of your own.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # async fn patch(key: u32, changes: &impl serde::Serialize) -> std::result::Result<(), std::io::Error> { Ok(()) }
    /// # fn example(db: AppDb) {
    /// db.users.hook().on_update(async |e: Updated<User>| {
    ///     patch(e.key, &e.changes()).await?;
    ///     Ok(())
    /// });
    /// # }
    /// ```
    #[must_use]
    pub fn changes(&self) -> Map<String, Json> {
        let fields = |row: &T| match serde_json::to_value(row) {
            Ok(Json::Object(fields)) => Some(fields),
            _ => None,
        };
        // A row that cannot be told is not one whose fields are gone.
        let (Some(mut old), Some(new)) = (fields(&self.old), fields(&self.new)) else { return Map::new() };
        let mut changes = Map::new();
        for (name, value) in new {
            if old.remove(&name).as_ref() != Some(&value) {
                changes.insert(name, value);
            }
        }
        changes.extend(old.into_iter().map(|(name, _)| (name, Json::Null)));
        changes
    }
}

/// What a hook may return: nothing, or the row that is to be stored. Of a [local-first](crate::Strategy::LocalFirst) write, which is
/// stored already, that row is dropped.
pub trait HookOutput<T: Store>: 'static {
    #[doc(hidden)]
    fn into_row(self) -> Option<T>;
}

impl<T: Store> HookOutput<T> for () {
    fn into_row(self) -> Option<T> {
        None
    }
}

impl<T: Store> HookOutput<T> for T {
    fn into_row(self) -> Option<T> {
        Some(self)
    }
}

impl<T: Store> HookOutput<T> for Option<T> {
    fn into_row(self) -> Option<T> {
        self
    }
}

/// The typed side of an event.
struct Typed<T: Store> {
    key: Option<T::Key>,
    old: Option<T>,
    new: Option<T>,
}

impl<T: Store> Typed<T> {
    fn of(event: &Event, table: &str) -> Result<Self, HookError> {
        let row = |row: &Option<Row>| {
            row.as_ref()
                .map(|row| super::typed::<T>(row).map_err(|error| Error::decode(table, event.key.clone(), error)))
                .transpose()
        };
        let key = match &event.key {
            None => None,
            Some(key) => Some(T::Key::from_any(key).ok_or_else(|| no_key(table, event.key.as_ref()))?),
        };
        Ok(Self { key, old: row(&event.old)?, new: row(&event.new)? })
    }
}

fn no_key(table: &str, key: Option<&AnyKey>) -> Error {
    let message = "the key is none of the table's type".to_owned();
    Error::Data { table: table.to_owned(), key: key.cloned(), row: None, message }
}

impl<T: Store> Added<T> {
    pub(super) fn of(event: &Event, table: &str) -> Result<Self, HookError> {
        let Typed { key, new, .. } = Typed::of(event, table)?;
        Ok(Self { key, item: new.ok_or_else(|| no_key(table, event.key.as_ref()))? })
    }
}

impl<T: Store> Updated<T> {
    pub(super) fn of(event: &Event, table: &str) -> Result<Self, HookError> {
        match Typed::of(event, table)? {
            Typed { key: Some(key), old: Some(old), new: Some(new) } => Ok(Self { key, old, new }),
            _ => Err(no_key(table, event.key.as_ref()).into()),
        }
    }
}

impl<T: Store> Deleted<T> {
    pub(super) fn of(event: &Event, table: &str) -> Result<Self, HookError> {
        match Typed::of(event, table)? {
            Typed { key: Some(key), old: Some(item), .. } => Ok(Self { key, item }),
            _ => Err(no_key(table, event.key.as_ref()).into()),
        }
    }
}
