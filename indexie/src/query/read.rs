//! The reading terminals: what a query gives.

use std::any::Any;
use std::rc::Rc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde::de::DeserializeOwned;

use super::collect::{Collector, MisfitRow, typed_vec, vec_of};
use super::execute::{Found, Rows};
use super::plan::Explained;
use super::{Cursor, Execution, Page, Query, Terminal};
use crate::codec::{Batch, from_value, write_key};
use crate::engine::RowType;
use crate::error::{Error, Result};
use crate::key::{AnyKey, Key};
use crate::op::{Fetch, Kept, Typed};
use crate::storage::Want;
use crate::store::Store;
use crate::table::Access;

pub(crate) fn typed<K: Key>(table: &str, key: &AnyKey) -> Result<K> {
    K::from_any(key).ok_or_else(|| Error::Data {
        table: table.to_owned(),
        key: Some(key.clone()),
        row: None,
        message: format!("the key is no `{}`", std::any::type_name::<K>()),
    })
}

pub(crate) fn typed_all<K: Key>(table: &str, keys: &[AnyKey]) -> Result<Vec<K>> {
    keys.iter().map(|key| typed(table, key)).collect()
}

/// Rows whose type is known again.
pub(crate) fn owned_rows<T: 'static>(rows: Vec<Box<dyn Any>>) -> Vec<T> {
    let mut owned = Vec::with_capacity(rows.len());
    each(rows, &mut |row| owned.extend(owned_row(row)));
    owned
}

/// A loop that is in a program once, and not for each type of rows.
fn each(rows: Vec<Box<dyn Any>>, take: &mut dyn FnMut(Box<dyn Any>)) {
    rows.into_iter().for_each(take);
}

pub(crate) fn optional<T: 'static>(mut rows: Vec<Box<dyn Any>>) -> Option<T> {
    rows.pop().and_then(owned_row)
}

fn owned_row<T: 'static>(row: Box<dyn Any>) -> Option<T> {
    row.downcast().ok().map(|row| *row)
}

/// Writes what of a row is compared: how it is stored.
pub(crate) fn print_row<T: Store>(row: &T, batch: &mut Batch) {
    // What has been read can be written.
    let _ = RowType::of::<T>().encode(row, batch);
    batch.end_row();
}

fn print_key<K: Key>(key: &K, batch: &mut Batch) {
    if let Ok(key) = key.to_any() {
        write_key(batch, &key);
    }
    batch.end_row();
}

#[allow(clippy::ptr_arg, reason = "called as what prints any result")]
fn print_keys<K: Key>(keys: &Vec<K>, batch: &mut Batch) {
    for key in keys {
        print_key(key, batch);
    }
}

pub(crate) fn owned<T: 'static>(found: Vec<Found>) -> Vec<T> {
    owned_rows(rows_of(found))
}

fn rows_of(found: Vec<Found>) -> Vec<Box<dyn Any>> {
    found.into_iter().map(|found| found.row).collect()
}

/// Rows, decoded, whose type is not known here.
enum Untyped {
    /// A vector of their type.
    Vec(Box<dyn Any>),
    Found(Vec<Found>),
}

impl Untyped {
    fn typed<T: 'static>(self) -> Result<Vec<T>> {
        match self {
            Self::Vec(rows) => typed_vec(rows),
            Self::Found(found) => Ok(owned(found)),
        }
    }
}

/// What the reading terminals do, for rows of any type that serde reads.
impl Execution {
    pub fn into_vec<T: DeserializeOwned + 'static>(self) -> impl Future<Output = Result<Vec<T>>> {
        Typed::new(self.collected(Collector::of_rows::<T>()), Untyped::typed)
    }

    fn collected(self, collector: Collector) -> LocalBoxFuture<'static, Result<Untyped>> {
        let this = Rc::new(self);
        async move {
            match this.rows_into(collector.sink(this.clone())).await? {
                Rows::Encoded(columns) => {
                    collector.take(&this, &columns);
                    match collector.tried()? {
                        Ok(rows) => Ok(Untyped::Vec(rows)),
                        Err(MisfitRow { at, key, error }) => {
                            let key = if key.is_some() { key } else { this.key_behind(at).await };
                            Err(this.undecodable(error, key))
                        }
                    }
                }
                Rows::Found(found) => Ok(Untyped::Found(found)),
            }
        }
        .boxed_local()
    }

    pub async fn first_row<T: DeserializeOwned + 'static>(self) -> Result<Option<T>> {
        Ok(self.with(|spec| spec.limit(1)).into_vec().await?.into_iter().next())
    }

    pub async fn last_row<T: DeserializeOwned + 'static>(self) -> Result<Option<T>> {
        let rows = match self.last().await? {
            Rows::Encoded(columns) => {
                let collector = Collector::of_rows::<T>();
                collector.take(&self, &columns);
                Untyped::Vec(collector.done(&self)?)
            }
            Rows::Found(found) => Untyped::Found(found),
        };
        Ok(rows.typed()?.pop())
    }

    pub async fn finds_none(self) -> Result<bool> {
        Ok(self.with(|spec| spec.limit(1)).count().await? == 0)
    }

    /// The rows, each with its primary key as `own` makes it.
    pub async fn entries<K, T: DeserializeOwned + 'static>(
        self,
        own: impl Fn(&str, AnyKey) -> Result<K>,
    ) -> Result<Vec<(K, T)>> {
        let table = self.table();
        match self.rows(Want::ENTRIES).await? {
            Rows::Encoded(columns) => {
                // A record may have no row.
                let collector = Collector::new::<Option<T>>(|_, rows, reader, shapes| {
                    let rows = vec_of(rows, reader.left())?;
                    let row = reader.next(|reader| from_value::<T>(reader, shapes))?;
                    Some(row.map(|row| rows.push(row)))
                });
                let shapes = columns.shapes.borrow();
                let opened = columns.open(&*shapes);
                collector.read(&self, &columns, opened.rows, &*shapes);
                let rows = typed_vec::<Option<T>>(collector.done(&self)?)?;
                let entries = opened.primary_keys.into_iter().zip(rows);
                entries.filter_map(|(key, row)| row.map(|row| Ok((own(table, key)?, row)))).collect()
            }
            Rows::Found(found) => {
                let keys: Result<Vec<K>> = found.iter().map(|found| own(table, found.primary_key.clone())).collect();
                Ok(keys?.into_iter().zip(owned(found)).collect())
            }
        }
    }

    pub async fn page<T: 'static>(self, count: usize) -> Result<Page<T>> {
        let this = self.with(|spec| spec.limit(count));
        this.order_of_an_index("page")?;
        // One row more tells whether there is a next page.
        let limit = this.spec.limit.unwrap_or(count);
        let more = this.with(|spec| spec.limit = Some(limit.saturating_add(1)));
        let mut found = more.found().await?;
        let next = if found.len() > limit && limit == count {
            found.truncate(limit);
            found.last().map(Found::cursor)
        } else {
            found.truncate(limit);
            None
        };
        Ok(Page { rows: owned(found), next })
    }

    pub fn explain(&self) -> String {
        match self.plan() {
            Ok(plan) => {
                let schema = self.session.shared.schema(self.store);
                Explained { plan: &plan, spec: &self.spec, schema: &schema, table: self.table() }.to_string()
            }
            Err(error) => error.to_string(),
        }
    }
}

impl<T: Store, A: Access> Query<T, A> {
    fn rows<R: 'static>(
        &self,
        terminal: Terminal,
        shape: fn(Vec<Box<dyn Any>>) -> R,
        read: impl Fn(Execution) -> LocalBoxFuture<'static, Result<R>> + 'static,
    ) -> Fetch<R> {
        let execution = self.execution();
        let kept = Kept::Rows { execution: execution.clone(), terminal, shape };
        Fetch::new(kept, move || read(execution.clone()))
    }

    fn again<R: 'static>(
        &self,
        print: fn(&R, &mut Batch),
        read: impl Fn(Execution) -> LocalBoxFuture<'static, Result<R>> + 'static,
    ) -> Fetch<R> {
        let execution = self.execution();
        Fetch::new(Kept::Again { print }, move || read(execution.clone()))
    }

    /// The rows.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] names the first row that does not fit the type.
    pub fn to_vec(&self) -> Fetch<Vec<T>> {
        self.rows(Terminal::All, owned_rows, |execution| execution.into_vec().boxed_local())
    }

    /// The first row.
    pub fn first(&self) -> Fetch<Option<T>> {
        self.rows(Terminal::First, optional, |execution| execution.first_row().boxed_local())
    }

    /// The last row.
    pub fn last(&self) -> Fetch<Option<T>> {
        self.rows(Terminal::Last, optional, |execution| execution.last_row().boxed_local())
    }

    /// How many rows there are. Without filters the browser counts, and no row is read.
    pub fn count(&self) -> Fetch<usize> {
        let execution = self.execution();
        let kept = Kept::Count { execution: execution.clone(), shape: |count| count, same: |a, b| a == b };
        Fetch::new(kept, move || {
            let execution = execution.clone();
            async move { execution.count().await }
        })
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> Fetch<bool> {
        let execution = self.execution();
        let kept = Kept::Count { execution: execution.clone(), shape: |count| count == 0, same: |a, b| a == b };
        Fetch::new(kept, move || execution.clone().finds_none())
    }

    /// The keys of the ordering index, one per entry: equal keys repeat, and so does a row with several elements in a
    /// multi-entry index.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if `K` is not the type of the index's keys.
    pub fn keys<K: Key>(&self) -> Fetch<Vec<K>> {
        self.again(print_keys, |execution| {
            async move {
                execution.has_keys_of(K::FORM)?;
                typed_all(execution.table(), &execution.keys().await?)
            }
            .boxed_local()
        })
    }

    /// The keys of the ordering index, each once.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if `K` is not the type of the index's keys.
    pub fn unique_keys<K: Key>(&self) -> Fetch<Vec<K>> {
        self.again(print_keys, |execution| {
            async move {
                execution.has_keys_of(K::FORM)?;
                typed_all(execution.table(), &execution.unique_keys().await?)
            }
            .boxed_local()
        })
    }

    /// The primary keys of the rows, in the query's order. Without filters no row is read.
    pub fn primary_keys(&self) -> Fetch<Vec<T::Key>> {
        self.again(print_keys, |execution| {
            async move { typed_all(execution.table(), &execution.primary_keys().await?) }.boxed_local()
        })
    }

    /// The rows, each with its primary key: for tables whose key is not part of the record.
    pub fn entries(&self) -> Fetch<Vec<(T::Key, T)>> {
        let print = |entries: &Vec<(T::Key, T)>, batch: &mut Batch| {
            for (key, row) in entries {
                print_key(key, batch);
                print_row(row, batch);
            }
        };
        self.again(print, |execution| execution.entries(|table, key| typed(table, &key)).boxed_local())
    }

    /// The first `count` rows, and where to go on: keyset paging, which costs the same for every page.
    ///
    /// `next` is `None` on the last page; else `query.after(cursor)`, with the cursor in it, begins the next one. Unlike an offset, the
    /// place stays right when rows before it come and go. The query's own `offset` and `limit` count anew from that place.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # async fn example(db: AppDb) -> Result<()> {
    /// let by_age = db.users.order_by(|u| u.age);
    /// let first = by_age.page(20).await?;
    /// if let Some(cursor) = first.next {
    ///     let second = by_age.after(cursor).page(20).await?;
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] with `sort_by_key`, whose order is not that of any index.
    pub fn page(&self, count: usize) -> Fetch<Page<T>> {
        let print = |page: &Page<T>, batch: &mut Batch| {
            page.rows.iter().for_each(|row| print_row(row, batch));
            if let Some(Cursor { key, primary_key }) = &page.next {
                write_key(batch, key);
                write_key(batch, primary_key);
            }
        };
        self.again(print, move |execution| execution.page(count).boxed_local())
    }

    /// How the query is carried out, in words: which indexes, which ranges, what the browser does and what is done here.
    #[must_use]
    pub fn explain(&self) -> String {
        self.execution().explain()
    }
}
