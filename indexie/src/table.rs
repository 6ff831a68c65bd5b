//! `Table`: the typed surface of one store. Thin: it encodes rows and keys, and hands them to the engine.

mod access;
mod ahead;
mod change;
mod import;
mod parts;
mod queries;
mod target;
mod write;

pub use access::{Access, Auto, InTransaction, Pending, Read, ReadWrite, TxMode, Writable};
pub(crate) use change::{Apply, Change, Taken, change, change_taken};
pub use import::{Import, ImportProgress};
pub(crate) use parts::{Part, Parts, UPGRADE_CHUNK};
pub(crate) use target::{Rows, Rowwise, Target};

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::engine::{RowType, Session, Shared};
use crate::error::Error;
use crate::key::KeyError;
use crate::store::Store;

/// A table of records of type `T`.
///
/// `db.users` is one, and so is the handle that a transaction's body gets: the same type with another access mode `A`, so
/// that a helper can take either:
///
/// ```
/// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
/// # use {app::*, indexie::prelude::*};
/// use indexie::Writable;
///
/// async fn birthday<A: Writable>(users: &Table<User, A>, id: u32) -> Result<User> {
///     users.update(id, |user| user.age += 1).await
/// }
/// ```
///
/// Cheap to clone, and free to cross threads; each thread has a connection of its own.
///
/// # Errors of every operation
///
/// The first operation opens the database, and may fail as [`Indexie::open`](crate::Indexie::open) does. What reads rows (`get`, `get_by`,
/// `bulk_get`, `first`, `page`, `each`, a stream) and what changes them in place (`update`, `upsert`, `bulk_update`, `modify`) fails with
/// [`Error::Decode`] at the first row that does not fit `T`. What takes a key fails with [`Error::Data`] if the value is none: NaN, or an
/// integer beyond 2<sup>53</sup>. [`Error::Aborted`] is for a handle whose transaction has ended, [`Error::ConnectionLost`] for what was
/// under way when the browser closed the connection, and [`Error::QuotaExceeded`] for a write that the disk has no room for. The methods
/// name what they have besides.
pub struct Table<T: Store, A = Auto> {
    pub(crate) shared: Arc<Shared>,
    pub(crate) store: u16,
    pub(crate) binding: Binding,
    of: PhantomData<fn() -> (T, A)>,
}

/// Where the operations of a handle run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    /// Each alone.
    Alone,
    Transaction(u32),
    Overlay(u32),
}

impl<T: Store, A> Clone for Table<T, A> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), store: self.store, binding: self.binding, of: PhantomData }
    }
}

impl<T: Store, A> fmt::Debug for Table<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("name", &self.name()).finish_non_exhaustive()
    }
}

impl<T: Store> Table<T> {
    pub(crate) fn new(shared: Arc<Shared>, store: u16) -> Self {
        Self { shared, store, binding: Binding::Alone, of: PhantomData }
    }

    /// The same table inside a transaction, or an overlay transaction.
    pub(crate) fn bound<A: 'static>(&self, number: u32) -> Table<T, A> {
        let overlay = TypeId::of::<A>() == TypeId::of::<Pending>();
        let binding = if overlay { Binding::Overlay(number) } else { Binding::Transaction(number) };
        Table { shared: self.shared.clone(), store: self.store, binding, of: PhantomData }
    }
}

impl<T: Store, A> Table<T, A> {
    /// The table's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.shared.table_name(self.store)
    }

    pub(crate) fn session(&self) -> Session {
        let shared = self.shared.clone();
        match self.binding {
            Binding::Alone => Session::alone(shared),
            Binding::Transaction(number) => Session::within(shared, number),
            Binding::Overlay(number) => Session::of_overlay(shared, number),
        }
    }

    fn target(&self) -> Target {
        Target { session: self.session(), store: self.store, row_type: RowType::of::<T>() }
    }

    pub(crate) fn no_key(&self, error: &KeyError) -> Error {
        Error::Data { table: self.name().to_owned(), key: None, row: None, message: error.to_string() }
    }
}
