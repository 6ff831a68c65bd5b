//! `Probe`: what generated code asks of a type that may turn out to be no key, or no record. Where the bound
//! fails, lookup passes over the inherent items and finds those of [`NoKey`] and [`NoRecord`], which ask for
//! nothing; so a bad type is one error, at the one place that demands the bound, and not one more for each use.

use std::marker::PhantomData;

use crate::database::Indexie;
use crate::key::{AutoKey, Entry, Form, Key};
use crate::schema::{KeyPath, KeySchema, StoreSchema};
use crate::store::Store;
use crate::table::Table;

#[doc(hidden)]
#[derive(Debug)]
pub struct Probe<T>(PhantomData<T>);

impl<K: Key> Probe<K> {
    /// How the type is stored.
    pub const FORM: Form = K::FORM;
    /// The greatest number of the type.
    pub const LAST: f64 = K::LAST;

    /// The key of a field.
    #[must_use]
    pub fn one(field: &K) -> Entry {
        Entry::one(field)
    }

    /// Demands that the browser can generate keys of the type.
    pub const fn auto()
    where
        K: AutoKey,
    {
    }
}

/// Stands in for a type that is no key, and has been refused.
#[doc(hidden)]
pub trait NoKey<K> {
    const FORM: Form = Form::Number;
    const LAST: f64 = 0.0;

    #[must_use]
    fn one(_: &K) -> Entry {
        Entry::none()
    }

    fn auto() {}
}

impl<K> NoKey<K> for Probe<K> {}

impl<T: Store> Probe<T> {
    /// The schema of the record.
    pub const SCHEMA: StoreSchema = T::SCHEMA;

    /// The table of the record.
    #[must_use]
    pub fn table(db: &Indexie, name: &'static str) -> Table<T> {
        db.bind(name)
    }

    /// The same table inside a transaction.
    #[must_use]
    pub fn bound<M: 'static>(table: &Table<T>, transaction: u32) -> Table<T, M> {
        table.bound(transaction)
    }
}

/// Stands in for a type that is no record, and has been refused.
#[doc(hidden)]
pub trait NoRecord {
    const SCHEMA: StoreSchema =
        StoreSchema { key: KeySchema { path: KeyPath::None, auto: false }, indexes: &[], fields: &[], last_key: 0.0 };

    #[must_use]
    fn table<X>(_: &Indexie, _: &'static str) -> X {
        unreachable!("a program with this type does not compile")
    }

    #[must_use]
    fn bound<X, Y>(_: &X, _: u32) -> Y {
        unreachable!("a program with this type does not compile")
    }
}

impl<T> NoRecord for Probe<T> {}
