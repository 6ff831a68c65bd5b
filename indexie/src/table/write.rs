//! Writing: add, put, update, delete, one row or many. Every operation is all-or-nothing.

use std::any::Any;
use std::collections::BTreeMap;

use futures::FutureExt;

use super::{Access, Change, Table, Writable, change};
use crate::codec::{Batch, with_shapes, write_key, write_row};
use crate::engine::{Access as Mode, RowType};
use crate::error::{Error, Result};
use crate::key::{AnyKey, IntoKey, Key};
use crate::op::Op;
use crate::storage::{Operation, Reply, Write};
use crate::store::{Insert, Insertable, Outbound, Store};

/// Rows to be written, encoded.
struct Rows {
    batch: Batch,
    /// The keys that are known beforehand.
    keys: Vec<Option<AnyKey>>,
}

impl<T: Store, A: Access> Table<T, A> {
    fn encode<'r, R: Insertable + 'r>(&self, rows: impl IntoIterator<Item = &'r R>, many: bool) -> Result<Rows> {
        let mut encoded = Rows { batch: Batch::default(), keys: Vec::new() };
        for (at, row) in rows.into_iter().enumerate() {
            let row_number = many.then_some(at);
            with_shapes(|shapes| write_row(&mut encoded.batch, shapes, T::FIELDS, row))
                .map_err(|error| Error::encode(self.name(), row_number, error))?;
            let key = row.entry(0);
            if let Err(error) = &key.0 {
                return Err(Error::Data {
                    table: self.name().to_owned(),
                    key: None,
                    row: row_number,
                    message: error.to_string(),
                });
            }
            encoded.keys.push(key.single());
        }
        Ok(encoded)
    }

    fn encode_with_keys<'r>(
        &self,
        rows: impl IntoIterator<Item = (impl IntoKey<T::Key>, &'r T)>,
        many: bool,
    ) -> Result<Rows> {
        let (keys, rows): (Vec<_>, Vec<_>) = rows.into_iter().map(|(key, row)| (key.into_key(), row)).unzip();
        let mut encoded = self.encode(rows, many)?;
        for (at, key) in keys.iter().enumerate() {
            let key = key.to_any().map_err(|error| Error::Data {
                table: self.name().to_owned(),
                key: None,
                row: many.then_some(at),
                message: error.to_string(),
            })?;
            write_key(&mut encoded.batch, &key);
            encoded.batch.end_row();
            encoded.keys[at] = Some(key);
        }
        Ok(encoded)
    }

    /// Writes rows; answers their keys.
    fn write(&self, rows: Result<Rows>, put: bool, with_keys: bool, many: bool) -> Op<Vec<T::Key>> {
        let (session, store, table) = (self.session(), self.store, self.name());
        Op::new(async move {
            let Rows { batch, keys } = rows?;
            let count = keys.len();
            if count == 0 {
                return Ok(Vec::new());
            }
            let want_keys = keys.iter().any(Option::is_none);
            let write = Write { put, rows: batch.finish(), count, with_keys, want_keys };
            let reply = session.run(store, None, Operation::Write(write)).await;
            let reply = if many { reply? } else { reply.map_err(Error::of_one_row)? };
            let keys: Vec<AnyKey> = match reply {
                Reply::Columns(columns) => columns.primary_keys(),
                Reply::Unit | Reply::Number(_) => keys.into_iter().flatten().collect(),
            };
            crate::query::typed_keys(table, &keys)
        })
    }

    fn write_one(&self, rows: Result<Rows>, put: bool, with_keys: bool) -> Op<T::Key> {
        let written = self.write(rows, put, with_keys, false);
        let table = self.name();
        Op::new(async move {
            written.await?.pop().ok_or_else(|| Error::Data {
                table: table.to_owned(),
                key: None,
                row: None,
                message: "the browser gave the row no key".to_owned(),
            })
        })
    }
}

impl<T: Store, A: Access> Table<T, A> {
    /// Adds a row; its key is generated where the row has none. Returns the key.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`] if the key, or a key of a unique index, is there already. [`Error::Encode`] for a row that
    /// cannot be stored.
    pub fn add<R: Insert<T>>(&self, row: &R) -> Op<T::Key>
    where
        A: Writable,
    {
        self.write_one(self.encode([row], false), false, false)
    }

    /// Adds a row, or replaces the row with its key: all of it, also the fields that the new one leaves out. Returns the
    /// key.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`] if a key of a unique index belongs to another row. [`Error::Encode`] for a row that cannot be
    /// stored.
    pub fn put<R: Insert<T>>(&self, row: &R) -> Op<T::Key>
    where
        A: Writable,
    {
        self.write_one(self.encode([row], false), true, false)
    }

    /// Adds many rows, all or none. Returns their keys, in order.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add); the error carries the position of the row, and no row is added.
    pub fn bulk_add<'r, R: Insert<T> + 'r>(&self, rows: impl IntoIterator<Item = &'r R>) -> Op<Vec<T::Key>>
    where
        A: Writable,
    {
        self.write(self.encode(rows, true), false, false, true)
    }

    /// Puts many rows, all or none; of rows with the same key the last one stays. Returns their keys, in order.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put); the error carries the position of the row, and no row is put.
    pub fn bulk_put<'r, R: Insert<T> + 'r>(&self, rows: impl IntoIterator<Item = &'r R>) -> Op<Vec<T::Key>>
    where
        A: Writable,
    {
        self.write(self.encode(rows, true), true, false, true)
    }

    /// Changes one row, as one step that nothing can come between. Returns the row as it is now.
    ///
    /// Changing the key moves the row. Properties that are stored but not part of the type stay as they are.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such row. [`Error::Constraint`] if the changed row clashes with another one.
    pub fn update(&self, key: impl IntoKey<T::Key>, change: impl FnOnce(&mut T) + 'static) -> Op<T>
    where
        A: Writable,
    {
        let key = key.into_key().to_any().map_err(|error| self.no_key(&error));
        let this = self.clone();
        Op::new(async move {
            let key = key?;
            match this.change_one(key.clone(), change).await? {
                Some(row) => Ok(row),
                None => Err(this.not_found(key)),
            }
        })
    }

    /// Changes the row if it is there, and adds `default` if it is not (then `change` is not called). Returns the row as
    /// it is now.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if the row that `default` makes has another key. [`Error::Constraint`] if the row clashes with
    /// another one.
    pub fn upsert(
        &self,
        key: impl IntoKey<T::Key>,
        default: impl FnOnce() -> T + 'static,
        change: impl FnOnce(&mut T) + 'static,
    ) -> Op<T>
    where
        A: Writable,
    {
        let key = key.into_key();
        let this = self.clone();
        Op::new(async move {
            let any = key.to_any().map_err(|error| this.no_key(&error))?;
            let store = this.store;
            this.session()
                .atomically(store, Mode::ReadWrite, move |session| {
                    let bound = Self { transaction: session.transaction, ..this };
                    async move {
                        if let Some(row) = bound.change_one(any.clone(), change).await? {
                            return Ok(row);
                        }
                        let row = default();
                        let outbound = bound.shared.schema(store).key.path == crate::schema::KeyPath::None;
                        if outbound {
                            let rows = bound.encode_with_keys([(&key, &row)], false);
                            bound.write_one(rows, false, true).await?;
                            return Ok(row);
                        }
                        if let Some(own) = row.entry(0).single().filter(|own| *own != any) {
                            return Err(Error::Data {
                                table: bound.name().to_owned(),
                                key: Some(own.clone()),
                                row: None,
                                message: format!("the default row has the key {own}, not {any}"),
                            });
                        }
                        let rows = bound.encode([&row], false);
                        bound.write_one(rows, false, false).await?;
                        Ok(row)
                    }
                    .boxed_local()
                })
                .await
        })
    }

    /// Changes many rows, each in its own way, all or none. Keys without a row are passed over; a key that comes twice is
    /// changed twice. Returns how many rows are different now.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # async fn example(db: AppDb) -> Result<()> {
    /// let ages = [(1, 31), (2, 17)];
    /// db.users.bulk_update(ages.map(|(id, age)| (id, move |user: &mut User| user.age = age))).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update); the error carries the position of the row, and no row is changed.
    pub fn bulk_update<F: FnOnce(&mut T) + 'static>(
        &self,
        changes: impl IntoIterator<Item = (impl IntoKey<T::Key>, F)>,
    ) -> Op<usize>
    where
        A: Writable,
    {
        // One read and one write for a row, however often it is changed.
        let mut by_key: BTreeMap<AnyKey, Vec<usize>> = BTreeMap::new();
        let mut apply: Vec<Option<F>> = Vec::new();
        let mut wrong = None;
        for (at, (key, change)) in changes.into_iter().enumerate() {
            match key.into_key().to_any() {
                Ok(key) => by_key.entry(key).or_default().push(at),
                Err(error) => wrong = wrong.or_else(|| Some(self.no_key(&error).at_row(at))),
            }
            apply.push(Some(change));
        }
        let this = self.clone();
        Op::new(async move {
            if let Some(error) = wrong {
                return Err(error);
            }
            let (store, row_type) = (this.store, RowType::of::<T>());
            this.session()
                .atomically(store, Mode::ReadWrite, move |session| {
                    async move {
                        let (keys, positions): (Vec<_>, Vec<_>) = by_key.into_iter().unzip();
                        let mut apply = |at: usize, row: &mut dyn Any| {
                            let Some(row) = row.downcast_mut::<T>() else { return };
                            for position in &positions[at] {
                                if let Some(change) = apply[*position].take() {
                                    change(row);
                                }
                            }
                        };
                        let result = change(&session, store, row_type, keys, &mut apply).await;
                        let Change { changed, .. } = result.map_err(|error| match error {
                            Error::Constraint { row: Some(at), .. }
                            | Error::Data { row: Some(at), .. }
                            | Error::Encode { row: Some(at), .. } => match positions.get(at).and_then(|all| all.last())
                            {
                                Some(position) => error.at_row(*position),
                                None => error,
                            },
                            error => error,
                        })?;
                        Ok(changed)
                    }
                    .boxed_local()
                })
                .await
        })
    }

    async fn change_one(&self, key: AnyKey, change_row: impl FnOnce(&mut T) + 'static) -> Result<Option<T>> {
        let (store, row_type) = (self.store, RowType::of::<T>());
        self.session()
            .atomically(store, Mode::ReadWrite, move |session| {
                async move {
                    let mut apply = Some(change_row);
                    let mut apply_once = |_, row: &mut dyn Any| {
                        if let (Some(apply), Some(row)) = (apply.take(), row.downcast_mut::<T>()) {
                            apply(row);
                        }
                    };
                    let done = change(&session, store, row_type, vec![key], &mut apply_once).await;
                    let Change { mut rows, .. } = done.map_err(Error::of_one_row)?;
                    let row = rows.pop().flatten().and_then(|row| row.downcast::<T>().ok());
                    Ok(row.map(|row| *row))
                }
                .boxed_local()
            })
            .await
    }

    /// Deletes a row by its key; that there is none is no error.
    pub fn delete(&self, key: impl IntoKey<T::Key>) -> Op<()>
    where
        A: Writable,
    {
        let deleted =
            self.delete_all(key.into_key().to_any().map(|key| vec![key]).map_err(|error| self.no_key(&error)));
        Op::new(async move { deleted.await.map_err(Error::of_one_row) })
    }

    /// Deletes many rows by their keys, all or none; keys without a row are passed over.
    pub fn bulk_delete(&self, keys: impl IntoIterator<Item = impl IntoKey<T::Key>>) -> Op<()>
    where
        A: Writable,
    {
        let keys = keys
            .into_iter()
            .enumerate()
            .map(|(at, key)| key.into_key().to_any().map_err(|error| self.no_key(&error).at_row(at)))
            .collect();
        self.delete_all(keys)
    }

    fn delete_all(&self, keys: Result<Vec<AnyKey>>) -> Op<()> {
        let (session, store) = (self.session(), self.store);
        Op::new(async move {
            let keys = keys?;
            if !keys.is_empty() {
                session.run(store, None, Operation::Delete(keys)).await?;
            }
            Ok(())
        })
    }

    /// Deletes all rows. Generated keys go on from where they were.
    pub fn clear(&self) -> Op<()>
    where
        A: Writable,
    {
        let (session, store) = (self.session(), self.store);
        Op::new(async move { session.run(store, None, Operation::Clear).await.map(|_| ()) })
    }
}

impl<T: Store, A: Access> Table<T, A> {
    /// Adds a row under this key.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn add_with_key(&self, row: &T, key: impl IntoKey<T::Key>) -> Op<T::Key>
    where
        T: Outbound,
        A: Writable,
    {
        self.write_one(self.encode_with_keys([(key, row)], false), false, true)
    }

    /// Adds a row under this key, or replaces the row that is there.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn put_with_key(&self, row: &T, key: impl IntoKey<T::Key>) -> Op<T::Key>
    where
        T: Outbound,
        A: Writable,
    {
        self.write_one(self.encode_with_keys([(key, row)], false), true, true)
    }

    /// Adds many rows under these keys, all or none.
    ///
    /// # Errors
    ///
    /// As [`bulk_add`](Self::bulk_add).
    pub fn bulk_add_with_keys<'r>(
        &self,
        rows: impl IntoIterator<Item = (impl IntoKey<T::Key>, &'r T)>,
    ) -> Op<Vec<T::Key>>
    where
        T: Outbound,
        A: Writable,
    {
        self.write(self.encode_with_keys(rows, true), false, true, true)
    }

    /// Puts many rows under these keys, all or none.
    ///
    /// # Errors
    ///
    /// As [`bulk_put`](Self::bulk_put).
    pub fn bulk_put_with_keys<'r>(
        &self,
        rows: impl IntoIterator<Item = (impl IntoKey<T::Key>, &'r T)>,
    ) -> Op<Vec<T::Key>>
    where
        T: Outbound,
        A: Writable,
    {
        self.write(self.encode_with_keys(rows, true), true, true, true)
    }
}
