//! Reading: by key, and the query methods that a table has too.

use super::{Access, Table};
use crate::codec::Batch;
use crate::error::Result;
use crate::index::{Index, IsUnique};
use crate::key::{AnyKey, IntoKey, Key};
use crate::op::{Fetch, Kept, Op, Typed};
use crate::query::spec::Spec;
use crate::query::{EachOutput, Page, Query, RowStream, Where, optional, print_row, push_row, typed_vec};
use crate::store::Store;

impl<T: Store, A: Access> Table<T, A> {
    pub(crate) fn query(&self) -> Query<T, A> {
        Query { table: self.clone(), spec: Spec::default() }
    }

    /// The row with this key in the store or in an index.
    fn row(&self, index: Option<u16>, key: Result<AnyKey>) -> Fetch<Option<T>> {
        let target = self.target();
        let kept = match &key {
            Ok(key) => Kept::Row { target: target.clone(), index, key: key.clone(), shape: optional },
            // It is never read.
            Err(_) => Kept::Again { print: |_, _| {} },
        };
        Fetch::new(kept, move || {
            let keys = key.clone().map(|key| vec![key]);
            let rows = target.clone().rows(index, keys, push_row::<T>, Box::<Vec<T>>::default());
            Typed::new(rows, |rows| Ok(typed_vec::<T>(rows)?.pop()))
        })
    }

    /// The row with this key.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # async fn example(db: AppDb) -> Result<()> {
    /// let user: Option<User> = db.users.get(1).await?;
    /// # Ok(()) }
    /// ```
    pub fn get(&self, key: impl IntoKey<T::Key>) -> Fetch<Option<T>> {
        let key = key.into_key().to_any().map_err(|error| self.no_key(&error));
        self.row(None, key)
    }

    /// The rows with these keys, in the order of the keys; `None` where there is no row.
    pub fn bulk_get(&self, keys: impl IntoIterator<Item = impl IntoKey<T::Key>>) -> Fetch<Vec<Option<T>>> {
        let keys = keys
            .into_iter()
            .enumerate()
            .map(|(at, key)| key.into_key().to_any().map_err(|error| self.no_key(&error).at_row(at)))
            .collect::<Result<Vec<_>>>();
        let target = self.target();
        let print = |rows: &Vec<Option<T>>, batch: &mut Batch| {
            for row in rows {
                match row {
                    Some(row) => print_row(row, batch),
                    None => batch.end_row(),
                }
            }
        };
        Fetch::new(Kept::Again { print }, move || target.clone().get(None, keys.clone()))
    }

    /// The row with this key in a unique index.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # async fn example(db: AppDb) -> Result<()> {
    /// let alice = db.users.get_by(|u| u.email, "alice@example.com").await?;
    /// # Ok(()) }
    /// ```
    pub fn get_by<K: Key, Kind: IsUnique>(
        &self,
        index: impl FnOnce(&'static T::Indexes) -> Index<T, K, Kind>,
        key: impl IntoKey<K>,
    ) -> Fetch<Option<T>> {
        let column = index(T::INDEXES).column;
        let key = key.into_key().to_any().map_err(|error| self.no_key(&error));
        self.row(column.entry.checked_sub(1), key)
    }

    /// Begins a query on a key or an index; a clause such as `equals` follows.
    pub fn where_<K: Key, Kind>(&self, index: impl FnOnce(&'static T::Indexes) -> Index<T, K, Kind>) -> Where<T, K, A> {
        Where::new(self.clone(), Spec::default(), index(T::INDEXES))
    }

    /// All rows ordered by this index; rows that are not in it are left out.
    pub fn order_by<K: Key, Kind>(&self, index: impl FnOnce(&'static T::Indexes) -> Index<T, K, Kind>) -> Query<T, A> {
        let mut query = self.query();
        query.spec.order = Some(index(T::INDEXES).column);
        query
    }

    /// All rows ordered by anything, in memory; see [`Query::sort_by_key`].
    pub fn sort_by_key<S: Ord>(&self, key: impl Fn(&T) -> S + 'static) -> Query<T, A> {
        self.query().sort_by_key(key)
    }

    /// The rows that pass; see [`Query::filter`].
    pub fn filter(&self, test: impl Fn(&T) -> bool + 'static) -> Query<T, A> {
        self.query().filter(test)
    }

    /// The rows before the first one for which this is true; see [`Query::until`].
    pub fn until(&self, stop: impl Fn(&T) -> bool + 'static) -> Query<T, A> {
        self.query().until(stop)
    }

    /// All rows in reverse order of their keys.
    pub fn reverse(&self) -> Query<T, A> {
        self.query().reverse()
    }

    /// All rows but the first `count`.
    pub fn offset(&self, count: usize) -> Query<T, A> {
        self.query().offset(count)
    }

    /// The first `count` rows.
    pub fn limit(&self, count: usize) -> Query<T, A> {
        self.query().limit(count)
    }

    /// The rows after this place; see [`Query::after`].
    pub fn after(&self, cursor: crate::query::Cursor) -> Query<T, A> {
        self.query().after(cursor)
    }

    /// All rows, ordered by primary key.
    pub fn to_vec(&self) -> Fetch<Vec<T>> {
        self.query().to_vec()
    }

    /// The row with the least key.
    pub fn first(&self) -> Fetch<Option<T>> {
        self.query().first()
    }

    /// The row with the greatest key.
    pub fn last(&self) -> Fetch<Option<T>> {
        self.query().last()
    }

    /// How many rows there are.
    pub fn count(&self) -> Fetch<usize> {
        self.query().count()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> Fetch<bool> {
        self.query().is_empty()
    }

    /// The keys of all rows, ascending.
    pub fn primary_keys(&self) -> Fetch<Vec<T::Key>> {
        self.query().primary_keys()
    }

    /// All rows with their keys.
    pub fn entries(&self) -> Fetch<Vec<(T::Key, T)>> {
        self.query().entries()
    }

    /// The first `count` rows, and where to go on; see [`Query::page`].
    pub fn page(&self, count: usize) -> Fetch<Page<T>> {
        self.query().page(count)
    }

    /// All rows one after the other; see [`Query::stream`].
    pub fn stream(&self) -> RowStream<T> {
        self.query().stream()
    }

    /// Calls `body` with each row; see [`Query::each`].
    pub fn each<F, O>(&self, body: F) -> Op<()>
    where
        F: AsyncFnMut(T) -> O + 'static,
        O: EachOutput,
    {
        self.query().each(body)
    }

    /// Calls `body` with a chunk of rows at a time; see [`Query::for_each_chunk`].
    pub fn for_each_chunk<F, O>(&self, body: F) -> Op<()>
    where
        F: AsyncFnMut(Vec<T>) -> O + 'static,
        O: EachOutput,
    {
        self.query().for_each_chunk(body)
    }
}
