//! Writing: add, put, update, delete, one row or many. Every operation is all-or-nothing.

use std::any::Any;

use super::{Access, Rows, Rowwise, Table, Writable};
use crate::error::{Error, Result};
use crate::key::{AnyKey, IntoKey, Key};
use crate::op::Op;
use crate::order::SortedMap;
use crate::query::{typed_key, typed_keys};
use crate::store::{Insert, Insertable, Outbound, Store};

impl<T: Store, A: Access> Table<T, A> {
    fn encode<'r, R: Insertable + 'r>(&self, rows: impl IntoIterator<Item = &'r R>, rowwise: Rowwise) -> Result<Rows> {
        Rows::encode(self.name(), T::FIELDS, rows, rowwise, |row| row.entry(0))
    }

    fn encode_with_keys<'r>(
        &self,
        rows: impl IntoIterator<Item = (impl IntoKey<T::Key>, &'r T)>,
        rowwise: Rowwise,
    ) -> Result<Rows> {
        let (keys, rows): (Vec<_>, Vec<_>) = rows.into_iter().map(|(key, row)| (key.into_key(), row)).unzip();
        let keys = keys.iter().map(Key::to_any);
        self.encode(rows, rowwise)?.under(self.name(), keys, rowwise)
    }

    /// Writes rows; answers their keys.
    fn write(&self, rows: Result<Rows>, put: bool) -> Op<Vec<T::Key>> {
        let (target, table) = (self.target(), self.name());
        Op::new(async move { typed_keys(table, &target.write(rows, put, Rowwise::Many).await?) })
    }

    fn write_one(&self, rows: Result<Rows>, put: bool) -> Op<T::Key> {
        let (target, table) = (self.target(), self.name());
        Op::new(async move { typed_key(table, &target.write_one(rows, put).await?) })
    }
}

impl<T: Store, A: Access> Table<T, A> {
    /// Adds a row; its key is generated where the row has none. Returns the key.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`] if the key, or a key of a unique index, is there already. [`Error::Encode`] for a row that
    /// cannot be stored. [`Error::Data`] if the key is to be generated, and its type has no number left.
    pub fn add<R: Insert<T>>(&self, row: &R) -> Op<T::Key>
    where
        A: Writable,
    {
        self.write_one(self.encode([row], Rowwise::One), false)
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
        self.write_one(self.encode([row], Rowwise::One), true)
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
        self.write(self.encode(rows, Rowwise::Many), false)
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
        self.write(self.encode(rows, Rowwise::Many), true)
    }

    /// Changes one row, as one step that nothing can come between. Returns the row as it is now.
    ///
    /// Changing the key moves the row. Properties that are stored but not part of the type stay as they are.
    ///
    /// The closure outlives the call, so it takes what it needs along, and borrows nothing:
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// async fn rename(db: &AppDb, id: u32, name: &str) -> Result<User> {
    ///     let name = name.to_owned();
    ///     db.users.update(id, move |user| user.name = name).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such row. [`Error::Constraint`] if the changed row clashes with another one.
    /// [`Error::Data`] if the row is pending in an [overlay transaction](crate::OverlayTransaction) under this temporary key, and this is
    /// no handle that sees it there.
    pub fn update(&self, key: impl IntoKey<T::Key>, change: impl FnOnce(&mut T) + 'static) -> Op<T>
    where
        A: Writable,
    {
        let key = key.into_key().to_any().map_err(|error| self.no_key(&error));
        Op::new(self.target().update(key, change))
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
        let key = key.into_key().to_any().map_err(|error| self.no_key(&error));
        Op::new(self.target().upsert(key, default, change))
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
    /// As [`update`](Self::update), without [`Error::NotFound`]; the error carries the position of the row, and no row is changed.
    pub fn bulk_update<F: FnOnce(&mut T) + 'static>(
        &self,
        changes: impl IntoIterator<Item = (impl IntoKey<T::Key>, F)>,
    ) -> Op<usize>
    where
        A: Writable,
    {
        // One read and one write for a row, however often it is changed: where its key comes first.
        let mut rows: Vec<(AnyKey, Vec<usize>)> = Vec::new();
        let mut by_key: SortedMap<AnyKey, usize> = SortedMap::new();
        let mut apply: Vec<Option<F>> = Vec::new();
        let mut wrong = None;
        for (at, (key, change)) in changes.into_iter().enumerate() {
            match key.into_key().to_any() {
                Ok(key) => {
                    let row = *by_key.entry(key).or_insert_with_key(|key| {
                        rows.push((key.clone(), Vec::new()));
                        rows.len() - 1
                    });
                    rows[row].1.push(at);
                }
                Err(error) => wrong = wrong.or_else(|| Some(self.no_key(&error).at_row(at))),
            }
            apply.push(Some(change));
        }
        let change_at = move |at: usize, row: &mut dyn Any| {
            if let (Some(row), Some(change)) = (row.downcast_mut::<T>(), apply[at].take()) {
                change(row);
            }
        };
        let updating = wrong.map_or(Ok(rows), Err).map(|rows| self.target().update_many(rows, Box::new(change_at)));
        Op::new(async move { updating?.await })
    }

    /// Deletes a row by its key; that there is none is no error.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if the row is pending in an [overlay transaction](crate::OverlayTransaction) under this temporary key, and this is
    /// no handle that sees it there.
    pub fn delete(&self, key: impl IntoKey<T::Key>) -> Op<()>
    where
        A: Writable,
    {
        let key = key.into_key().to_any().map_err(|error| self.no_key(&error));
        let deleted = self.target().delete(key.map(|key| vec![key]));
        Op::new(async move { deleted.await.map_err(Error::of_one_row) })
    }

    /// Deletes many rows by their keys, all or none; keys without a row are passed over.
    ///
    /// # Errors
    ///
    /// As [`delete`](Self::delete); the error carries the position of the key, and no row is deleted.
    pub fn bulk_delete(&self, keys: impl IntoIterator<Item = impl IntoKey<T::Key>>) -> Op<()>
    where
        A: Writable,
    {
        let keys = keys
            .into_iter()
            .enumerate()
            .map(|(at, key)| key.into_key().to_any().map_err(|error| self.no_key(&error).at_row(at)))
            .collect();
        Op::new(self.target().delete(keys))
    }

    /// Deletes all rows. Generated keys go on from where they were.
    pub fn clear(&self) -> Op<()>
    where
        A: Writable,
    {
        Op::new(self.target().clear())
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
        self.write_one(self.encode_with_keys([(key, row)], Rowwise::One), false)
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
        self.write_one(self.encode_with_keys([(key, row)], Rowwise::One), true)
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
        self.write(self.encode_with_keys(rows, Rowwise::Many), false)
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
        self.write(self.encode_with_keys(rows, Rowwise::Many), true)
    }
}
