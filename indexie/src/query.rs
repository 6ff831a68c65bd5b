//! Queries: immutable values that say what is wanted. `clauses` and `modifiers` build them, `terminals` run them.
//! Called by app code; calls the planner and the executor, which know nothing of the record type.

mod clause;
mod clauses;
mod collect;
mod cursor;
mod each;
mod execute;
mod gather;
#[cfg(feature = "live")]
mod live;
mod modifiers;
mod plan;
mod read;
mod rest;
pub(crate) mod spec;
mod stream;
mod ways;
mod write;

use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

pub use cursor::{Cursor, Page};
pub use each::EachOutput;
pub use stream::RowStream;

pub(crate) use clause::Clause;
pub(crate) use collect::{Push, push_row, typed_vec};
pub(crate) use execute::{Execution, Found};
pub(crate) use plan::{Plan, is_multi};
pub(crate) use read::{optional, print_row, typed as typed_key, typed_all as typed_keys};
pub(crate) use ways::IN_MEMORY;
pub(crate) use write::{modify_rows_of_upgrade, untyped};

use crate::engine::RowType;
use crate::index::{Column, Index};
use crate::key::Key;
use crate::store::Store;
use crate::table::{Access, Auto, Table};
use spec::Spec;

/// A query: which rows of a table, in which order.
///
/// A value: immutable, `Clone`, and run as often as wanted. Made by [`Table::where_`] and its neighbours.
///
/// The order is always defined: the ordering index if there is one, else the index of a single `where_`, else the primary
/// key; ties by primary key. `offset` and `limit` apply after filtering and ordering, however the calls were chained. No row
/// appears twice, also where several clauses or several elements of a multi-entry index find it.
///
/// The first column of a compound index that has no index of its own is ordered by that index: rows with the same first column
/// by the others.
///
/// A row whose field is absent (`None`) is not in that field's index, and is not found or ordered through it.
///
/// # Errors of every query
///
/// Whatever reads rows (`to_vec`, `first`, `last`, `page`, `each`, a stream, a filter that has to see them) fails with
/// [`Error::Decode`](crate::Error::Decode) at the first one that does not fit `T`. A value of a clause that is no key (NaN, an integer beyond
/// 2<sup>53</sup>) is [`Error::Data`](crate::Error::Data), once the query is run. The rest is as for [`Table`].
#[must_use = "a query does nothing until it is asked for something, as by `to_vec`"]
pub struct Query<T: Store, A = Auto> {
    pub(crate) table: Table<T, A>,
    pub(crate) spec: Spec,
}

impl<T: Store, A: Access> Clone for Query<T, A> {
    fn clone(&self) -> Self {
        Self { table: self.table.clone(), spec: self.spec.clone() }
    }
}

impl<T: Store, A> fmt::Debug for Query<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query").field("table", &self.table.name()).finish_non_exhaustive()
    }
}

/// Which of a query's rows are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Terminal {
    All,
    First,
    Last,
}

/// An index waiting for its clause: `where_(|u| u.age)` or `or(|u| u.age)`.
#[must_use = "call a clause such as `equals` on it"]
pub struct Where<T: Store, K, A = Auto> {
    table: Table<T, A>,
    /// What stands before the `or`.
    left: Spec,
    column: Column,
    of: PhantomData<fn() -> K>,
}

impl<T: Store, K, A> fmt::Debug for Where<T, K, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Where").field("table", &self.table.name()).finish_non_exhaustive()
    }
}

impl<T: Store, K: Key, A> Where<T, K, A> {
    pub(crate) fn new<Kind>(table: Table<T, A>, left: Spec, index: Index<T, K, Kind>) -> Self {
        Self { table, left, column: index.column, of: PhantomData }
    }
}

impl<T: Store, A: Access> Query<T, A> {
    pub(crate) fn execution(&self) -> Execution {
        let mut spec = self.spec.clone();
        spec.ways = spec.ways.or(const { ways::of::<T>() });
        let (session, store, row_type) = (self.table.session(), self.table.store, RowType::of::<T>());
        Execution { session, store, row_type, spec: Rc::new(spec) }
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Spec)) -> Self {
        let mut query = self.clone();
        change(&mut query.spec);
        query
    }
}
