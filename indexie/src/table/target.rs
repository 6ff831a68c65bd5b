//! `Target`: a store, what its rows are, and where its operations run. What a table and a table of an upgrade have in common:
//! both encode keys and rows in their own way, and hand them over here.

use std::any::Any;
use std::slice;

use futures::future::{FutureExt, LocalBoxFuture};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::change::{Apply, Change, change, own_key};
use super::parts::Parts;
use crate::codec::{
    Batch, CodecError, Decoded, Forms, Known, Reader, Shapes, from_value, key_by, with_shapes, write_key, write_row,
};
use crate::engine::{Access as Mode, Footprint, KeyFor, RowType, Session, Written};
use crate::error::{Error, Result};
use crate::key::{AnyKey, Entry, KeyError};
use crate::query::Push;
use crate::schema::KeyPath;
use crate::storage::{Columns, Operation, Reply, Undone, Write};

#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub session: Session,
    pub store: u16,
    pub row_type: RowType,
}

/// Rows to be written, encoded.
#[derive(Default)]
pub(crate) struct Rows {
    batch: Batch,
    /// The keys that are known beforehand.
    keys: Vec<Option<AnyKey>>,
    /// The keys follow the rows: they are not part of them.
    with_keys: bool,
}

/// How many rows an operation is about; of several, an error names one by its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rowwise {
    One,
    Many,
}

impl Rowwise {
    fn row(self, at: usize) -> Option<usize> {
        (self == Self::Many).then_some(at)
    }
}

fn no_key(table: &str, row: Option<usize>, error: &KeyError) -> Error {
    Error::Data { table: table.to_owned(), key: None, row, message: error.to_string() }
}

/// Changes a row of some type.
type ChangeRow = Box<dyn FnOnce(&mut dyn Any)>;

fn of_type<T: 'static>(change: impl FnOnce(&mut T) + 'static) -> ChangeRow {
    Box::new(|row| {
        if let Some(row) = row.downcast_mut() {
            change(row);
        }
    })
}

/// Appends a row of some type.
pub(crate) type WriteRow<'a> = &'a dyn Fn(&mut Batch, &mut Shapes) -> Result<(), CodecError>;

impl Rows {
    /// `key` tells the primary key of a row that knows it.
    pub fn encode<'r, R: Serialize + 'r>(
        table: &str,
        forms: Forms,
        rows: impl IntoIterator<Item = &'r R>,
        rowwise: Rowwise,
        key: impl Fn(&R) -> Entry,
    ) -> Result<Self> {
        let mut encoded = Self::default();
        for row in rows {
            encoded.push(table, rowwise, &|batch, shapes| write_row(batch, shapes, forms, row), &|| key(row))?;
        }
        Ok(encoded)
    }

    /// Appends a row. An error names its position.
    pub fn push(&mut self, table: &str, rowwise: Rowwise, write: WriteRow<'_>, key: &dyn Fn() -> Entry) -> Result<()> {
        let at = rowwise.row(self.keys.len());
        let written = with_shapes(|shapes| write(&mut self.batch, shapes));
        let key = key();
        if let Err(error) = written {
            return Err(Error::encode(table, key.single(), at, error));
        }
        if let Err(error) = &key.0 {
            return Err(no_key(table, at, error));
        }
        self.keys.push(key.single());
        Ok(())
    }

    pub fn count(&self) -> usize {
        self.keys.len()
    }

    /// About how many bytes they take.
    pub fn size(&self) -> usize {
        self.batch.size()
    }

    /// The same rows, under these keys.
    pub fn under(
        mut self,
        table: &str,
        keys: impl IntoIterator<Item = Result<AnyKey, KeyError>>,
        rowwise: Rowwise,
    ) -> Result<Self> {
        self.with_keys = true;
        for (at, key) in keys.into_iter().enumerate() {
            let key = key.map_err(|error| no_key(table, rowwise.row(at), &error))?;
            write_key(&mut self.batch, &key);
            self.batch.end_row();
            self.keys[at] = Some(key);
        }
        Ok(self)
    }
}

/// Keys that were asked for, and the rows that were found.
type Fetched = (Vec<AnyKey>, Columns);

/// Decodes the next row, or notes that there is none.
type Decode<'a> = &'a mut dyn FnMut(Option<(&mut Reader<'_>, &dyn Known)>) -> Decoded<()>;

impl Target {
    pub fn table(&self) -> &'static str {
        self.session.shared.table_name(self.store)
    }

    /// The rows that there are of these keys, in the order of the keys: pushed into a vector of their type.
    pub fn rows(
        self,
        index: Option<u16>,
        keys: Result<Vec<AnyKey>>,
        push: Push,
        mut rows: Box<dyn Any>,
    ) -> LocalBoxFuture<'static, Result<Box<dyn Any>>> {
        async move {
            let Some((keys, columns)) = self.clone().fetch(index, keys).await? else { return Ok(rows) };
            let more = keys.len();
            self.decode_each(index, keys, &columns, &mut |row| match row {
                Some((reader, shapes)) => push(&mut *rows, reader, shapes, more, &|_| true),
                None => Ok(()),
            })?;
            Ok(rows)
        }
        .boxed_local()
    }

    /// The rows with these keys, in the order of the keys; `None` where there is no row.
    pub async fn get<T: DeserializeOwned>(
        self,
        index: Option<u16>,
        keys: Result<Vec<AnyKey>>,
    ) -> Result<Vec<Option<T>>> {
        let mut found = Vec::new();
        let Some((keys, columns)) = self.clone().fetch(index, keys).await? else { return Ok(found) };
        found.reserve_exact(keys.len());
        self.decode_each(index, keys, &columns, &mut |row| {
            found.push(row.map(|(reader, shapes)| from_value::<T>(reader, shapes)).transpose()?);
            Ok(())
        })?;
        Ok(found)
    }

    /// The rows with these keys, encoded; nothing where there are no keys.
    fn fetch(self, index: Option<u16>, keys: Result<Vec<AnyKey>>) -> LocalBoxFuture<'static, Result<Option<Fetched>>> {
        async move {
            let keys = keys?;
            if keys.is_empty() {
                return Ok(None);
            }
            let operation = Operation::Get { keys: keys.clone(), park: false };
            let columns = self.session.columns(self.store, index, operation).await?;
            Ok(Some((keys, columns)))
        }
        .boxed_local()
    }

    /// Has the row of each key decoded.
    fn decode_each(&self, index: Option<u16>, keys: Vec<AnyKey>, columns: &Columns, decode: Decode<'_>) -> Result<()> {
        let path = self.session.shared.schema(self.store).key.path;
        let shapes = columns.shapes.borrow();
        let mut rows = columns.open(&*shapes).rows;
        for key in keys {
            let before = rows.reader();
            let row = match rows.next(|reader| decode(Some((reader, &*shapes)))) {
                Some(Ok(Some(()))) => Ok(()),
                Some(Ok(None)) | None => decode(None),
                Some(Err(error)) => Err(error),
            };
            row.map_err(|error| {
                // Of an index, the row itself tells its primary key.
                let own = if index.is_none() { Some(key) } else { key_by(&before, &*shapes, path) };
                Error::decode(self.table(), own, error)
            })?;
        }
        Ok(())
    }

    /// Writes rows; answers their keys.
    pub fn write(
        self,
        rows: Result<Rows>,
        put: bool,
        rowwise: Rowwise,
    ) -> LocalBoxFuture<'static, Result<Vec<AnyKey>>> {
        async move {
            let Rows { batch, keys, with_keys } = rows?;
            let count = keys.len();
            if count == 0 {
                return Ok(Vec::new());
            }
            let want_keys = keys.iter().any(Option::is_none);
            let write = Write { put, rows: batch.finish(), count, with_keys, want_keys, undone: Undone::Alone };
            let reply = self.session.run(self.store, None, Operation::Write(write)).await;
            let reply = if rowwise == Rowwise::Many { reply? } else { reply.map_err(Error::of_one_row)? };
            Ok(match reply {
                Reply::Columns(columns) => columns.primary_keys(),
                Reply::Unit | Reply::Number(_) => keys.into_iter().flatten().collect(),
            })
        }
        .boxed_local()
    }

    /// Writes rows as a part of something longer, which is undone as a whole where this fails.
    pub fn write_part(self, rows: Result<Rows>, put: bool) -> LocalBoxFuture<'static, Result<()>> {
        async move {
            let Rows { batch, keys, with_keys } = rows?;
            let (rows, count) = (batch.finish(), keys.len());
            let write = Write { put, rows, count, with_keys, want_keys: false, undone: Undone::AsPart };
            self.session.run(self.store, None, Operation::Write(write)).await.map(|_| ())
        }
        .boxed_local()
    }

    /// Writes one row; answers its key.
    pub fn write_one(self, rows: Result<Rows>, put: bool) -> LocalBoxFuture<'static, Result<AnyKey>> {
        async move {
            let table = self.table();
            self.write(rows, put, Rowwise::One).await?.pop().ok_or_else(|| Error::Data {
                table: table.to_owned(),
                key: None,
                row: None,
                message: "the browser gave the row no key".to_owned(),
            })
        }
        .boxed_local()
    }

    /// Changes the rows of these keys. With each come the numbers of its changes, as `change` is to be called with them.
    pub fn update_many(
        self,
        rows: Vec<(AnyKey, Vec<usize>)>,
        mut change_at: Apply,
    ) -> LocalBoxFuture<'static, Result<usize>> {
        async move {
            let Self { session, store, row_type } = self;
            let keys: Vec<AnyKey> = rows.iter().map(|(key, _)| key.clone()).collect();
            session.admit_keys(store, &keys, KeyFor::Finding).map_err(|error| {
                match error.row().and_then(|at| rows.get(at)?.1.first()) {
                    Some(first_change) => error.at_row(*first_change),
                    None => error,
                }
            })?;
            let footprint = Footprint::Keys(keys);
            let goes_on = session.transaction.is_some();
            session
                .atomically(store, Mode::ReadWrite, footprint, move |session| {
                    async move {
                        let (keys, numbers): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
                        let mut apply = |at: usize, row: &mut dyn Any| {
                            for number in &numbers[at] {
                                change_at(*number, row);
                            }
                        };
                        let parts = Parts::of_transaction(&session, store, row_type, goes_on);
                        let changed = if parts.are_one(keys.len()) {
                            let done = change(&session, store, row_type, keys, &mut apply).await;
                            done.map(|Change { changed, .. }| changed)
                        } else {
                            parts.change(None, &keys, &mut apply).await
                        };
                        let last_change = |error: &Error| numbers.get(error.row()?)?.last().copied();
                        changed.map_err(|error| match last_change(&error) {
                            Some(number) => error.at_row(number),
                            None => error,
                        })
                    }
                    .boxed_local()
                })
                .await
        }
        .boxed_local()
    }

    /// Changes a row; answers it as it is now, if it is there.
    fn change_one(self, key: AnyKey, change_row: ChangeRow) -> LocalBoxFuture<'static, Result<Option<Written>>> {
        async move {
            let Self { session, store, row_type } = self;
            session.admit_keys(store, slice::from_ref(&key), KeyFor::Finding).map_err(Error::of_one_row)?;
            let footprint = Footprint::Keys(vec![key.clone()]);
            session
                .atomically(store, Mode::ReadWrite, footprint, move |session| {
                    async move {
                        let mut apply = Some(change_row);
                        let mut apply_once = |_, row: &mut dyn Any| {
                            if let Some(apply) = apply.take() {
                                apply(row);
                            }
                        };
                        let done = change(&session, store, row_type, vec![key.clone()], &mut apply_once).await;
                        let row = done.map_err(Error::of_one_row)?.rows.pop().flatten();
                        Ok(row.map(|row| {
                            let moved = row_type.entry.and_then(|entry| entry(&*row, 0).single());
                            Written { key: moved.unwrap_or(key), row, row_type }
                        }))
                    }
                    .boxed_local()
                })
                .await
        }
        .boxed_local()
    }

    pub async fn update<T: 'static>(self, key: Result<AnyKey>, change: impl FnOnce(&mut T) + 'static) -> Result<T> {
        let (key, table) = (key?, self.table());
        let row = self.change_one(key.clone(), of_type(change)).await?;
        row.and_then(Written::typed).ok_or_else(|| Error::NotFound { table: table.to_owned(), key })
    }

    pub async fn upsert<T: 'static>(
        self,
        key: Result<AnyKey>,
        default: impl FnOnce() -> T + 'static,
        change: impl FnOnce(&mut T) + 'static,
    ) -> Result<T> {
        let (key, table) = (key?, self.table());
        let row = self.upsert_one(key.clone(), Box::new(|| Box::new(default())), of_type(change)).await?;
        row.typed().ok_or_else(|| Error::NotFound { table: table.to_owned(), key })
    }

    fn upsert_one(
        self,
        key: AnyKey,
        default: Box<dyn FnOnce() -> Box<dyn Any>>,
        change: ChangeRow,
    ) -> LocalBoxFuture<'static, Result<Written>> {
        async move {
            let Self { session, store, row_type } = self;
            let footprint = Footprint::Keys(vec![key.clone()]);
            session
                .atomically(store, Mode::ReadWrite, footprint, move |session| {
                    let bound = Self { session, store, row_type };
                    async move {
                        if let Some(row) = bound.clone().change_one(key.clone(), change).await? {
                            return Ok(row);
                        }
                        let row = default();
                        bound.add_under(key.clone(), &*row).await?;
                        Ok(Written { key, row, row_type })
                    }
                    .boxed_local()
                })
                .await
        }
        .boxed_local()
    }

    /// Adds a row, which has to have this key.
    fn add_under(self, key: AnyKey, row: &dyn Any) -> LocalBoxFuture<'_, Result<()>> {
        async move {
            let (table, path) = (self.table(), self.session.shared.schema(self.store).key.path);
            let mut batch = Batch::default();
            let encoded = self.row_type.encode(row, &mut batch);
            encoded.map_err(|error| Error::encode(table, Some(key.clone()), None, error))?;
            let mut rows = Rows { batch, keys: vec![Some(key.clone())], with_keys: false };
            if path == KeyPath::None {
                rows = rows.under(table, [Ok(key)], Rowwise::One)?;
            } else {
                let own = match self.row_type.entry {
                    Some(entry) => entry(row, 0).0.map_err(|error| no_key(table, None, &error))?.single(),
                    None => own_key(&rows.batch, path),
                };
                if own.as_ref() != Some(&key) {
                    let has = own.as_ref().map_or_else(|| "no key".to_owned(), |own| format!("the key {own}"));
                    let message = format!("the default row has {has}, not {key}");
                    return Err(Error::Data { table: table.to_owned(), key: own, row: None, message });
                }
            }
            self.write_one(Ok(rows), false).await.map(|_| ())
        }
        .boxed_local()
    }

    pub fn delete(self, keys: Result<Vec<AnyKey>>) -> LocalBoxFuture<'static, Result<()>> {
        async move {
            let keys = keys?;
            if !keys.is_empty() {
                self.session.admit_keys(self.store, &keys, KeyFor::Finding)?;
                self.session.run(self.store, None, Operation::Delete(keys)).await?;
            }
            Ok(())
        }
        .boxed_local()
    }

    pub fn clear(self) -> LocalBoxFuture<'static, Result<()>> {
        async move { self.session.run(self.store, None, Operation::Clear).await.map(|_| ()) }.boxed_local()
    }
}
