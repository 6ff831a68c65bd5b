//! Writing to a table during an upgrade: what `Table` has, with keys of any type.

use std::any::Any;

use futures::FutureExt;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::table::UpgradeTable;
use crate::engine::Access;
use crate::error::{Error, Result};
use crate::key::{AnyKey, Entry, IntoAnyKey};
use crate::op::Op;
use crate::order::SortedMap;
use crate::table::{Change, Rows, Rowwise, Target, change};

/// Writing.
impl<R: Serialize + DeserializeOwned + 'static> UpgradeTable<R> {
    fn encode<'r>(&self, rows: impl IntoIterator<Item = &'r R>, rowwise: Rowwise) -> Result<(Target, Rows)> {
        let target = self.touched()?;
        let rows = Rows::encode(self.name(), target.row_type.forms, rows, rowwise, |_| Entry::none())?;
        Ok((target, rows))
    }

    fn encode_with_keys<'r>(
        &self,
        rows: impl IntoIterator<Item = (impl IntoAnyKey, &'r R)>,
        rowwise: Rowwise,
    ) -> Result<(Target, Rows)> {
        let (keys, rows): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let (target, rows) = self.encode(rows, rowwise)?;
        Ok((target, rows.under(self.name(), keys.into_iter().map(IntoAnyKey::into_any), rowwise)?))
    }

    /// Adds a row whose key is part of it, or is generated. Returns the key.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`](crate::Error::Constraint) if the key, or a key of a unique index, is there already.
    pub fn add(&self, row: &R) -> Op<AnyKey> {
        write_one(self.encode([row], Rowwise::One), false)
    }

    /// Adds a row, or replaces the row with its key. Returns the key.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`](crate::Error::Constraint) if a key of a unique index belongs to another row.
    pub fn put(&self, row: &R) -> Op<AnyKey> {
        write_one(self.encode([row], Rowwise::One), true)
    }

    /// Adds a row under this key, in a table whose keys are outside of the record.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn add_with_key(&self, row: &R, key: impl IntoAnyKey) -> Op<AnyKey> {
        write_one(self.encode_with_keys([(key, row)], Rowwise::One), false)
    }

    /// Adds a row under this key, or replaces the row that is there, in a table whose keys are outside of the record.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn put_with_key(&self, row: &R, key: impl IntoAnyKey) -> Op<AnyKey> {
        write_one(self.encode_with_keys([(key, row)], Rowwise::One), true)
    }

    /// Adds many rows, all or none. Returns their keys, in order.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add); the error carries the position of the row, and no row is added.
    pub fn bulk_add<'r>(&self, rows: impl IntoIterator<Item = &'r R>) -> Op<Vec<AnyKey>> {
        write(self.encode(rows, Rowwise::Many), false)
    }

    /// Puts many rows, all or none; of rows with the same key the last one stays. Returns their keys, in order.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put); the error carries the position of the row, and no row is put.
    pub fn bulk_put<'r>(&self, rows: impl IntoIterator<Item = &'r R>) -> Op<Vec<AnyKey>> {
        write(self.encode(rows, Rowwise::Many), true)
    }

    /// Adds many rows under these keys, all or none, in a table whose keys are outside of the record.
    ///
    /// ```
    /// # use indexie::prelude::*;
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Serialize, Deserialize)]
    /// # struct Note { text: String }
    /// # async fn on_upgrade_v2(tx: Upgrade) -> Result<()> {
    /// let notes = tx.table::<Note>("notes")?;
    /// let (hello, bye) = (Note { text: "Hello".into() }, Note { text: "Bye".into() });
    /// notes.bulk_add_with_keys([("hello", &hello), ("bye", &bye)]).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`bulk_add`](Self::bulk_add).
    pub fn bulk_add_with_keys<'r>(&self, rows: impl IntoIterator<Item = (impl IntoAnyKey, &'r R)>) -> Op<Vec<AnyKey>> {
        write(self.encode_with_keys(rows, Rowwise::Many), false)
    }

    /// Puts many rows under these keys, all or none, in a table whose keys are outside of the record.
    ///
    /// # Errors
    ///
    /// As [`bulk_put`](Self::bulk_put).
    pub fn bulk_put_with_keys<'r>(&self, rows: impl IntoIterator<Item = (impl IntoAnyKey, &'r R)>) -> Op<Vec<AnyKey>> {
        write(self.encode_with_keys(rows, Rowwise::Many), true)
    }

    /// Changes one row. Returns it as it is now. Changing the key moves the row.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`](crate::Error::NotFound) if there is no such row, [`Error::Constraint`](crate::Error::Constraint) if
    /// the changed row clashes with another one.
    pub fn update(&self, key: impl IntoAnyKey, change: impl FnOnce(&mut R) + 'static) -> Op<R> {
        let (target, key) = (self.touched(), self.key(key));
        Op::new(async move { target?.update(key, change).await })
    }

    /// Changes the row if it is there, and adds `default` if it is not (then `change` is not called). Returns the row as
    /// it is now.
    ///
    /// # Errors
    ///
    /// [`Error::Data`](crate::Error::Data) if the row that `default` makes has another key,
    /// [`Error::Constraint`](crate::Error::Constraint) if the row clashes with another one.
    pub fn upsert(
        &self,
        key: impl IntoAnyKey,
        default: impl FnOnce() -> R + 'static,
        change: impl FnOnce(&mut R) + 'static,
    ) -> Op<R> {
        let (target, key) = (self.touched(), self.key(key));
        Op::new(async move { target?.upsert(key, default, change).await })
    }

    /// Changes many rows, each in its own way, all or none. Keys without a row are passed over; a key that comes twice is
    /// changed twice. Returns how many rows are different now.
    ///
    /// ```
    /// # use indexie::prelude::*;
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Serialize, Deserialize)]
    /// # struct UserV1 { age: u32 }
    /// # async fn on_upgrade_v2(tx: Upgrade) -> Result<()> {
    /// let ages = [(1, 31), (2, 17)];
    /// let users = tx.table::<UserV1>("users")?;
    /// users.bulk_update(ages.map(|(id, age)| (id, move |user: &mut UserV1| user.age = age))).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update), but for rows that are not there; the error carries the position of the row, and no row is
    /// changed.
    pub fn bulk_update<F: FnOnce(&mut R) + 'static>(
        &self,
        changes: impl IntoIterator<Item = (impl IntoAnyKey, F)>,
    ) -> Op<usize> {
        let (keys, changes): (Vec<_>, Vec<_>) = changes.into_iter().unzip();
        let (target, keys) = (self.touched(), self.keys(keys));
        Op::new(async move { change_each(target?, keys?, changes).await })
    }

    /// Changes each row; see [`UpgradeQuery::modify`](crate::UpgradeQuery::modify).
    pub fn modify(&self, change: impl FnMut(&mut R) + 'static) -> Op<usize> {
        self.query().modify(change)
    }

    /// Deletes a row by its key; that there is none is no error.
    pub fn delete(&self, key: impl IntoAnyKey) -> Op<()> {
        let (target, key) = (self.touched(), self.key(key));
        Op::new(async move { target?.delete(key.map(|key| vec![key])).await.map_err(Error::of_one_row) })
    }

    /// Deletes many rows by their keys; keys without a row are passed over.
    pub fn bulk_delete(&self, keys: impl IntoIterator<Item = impl IntoAnyKey>) -> Op<()> {
        let (target, keys) = (self.touched(), self.keys(keys));
        Op::new(async move { target?.delete(keys).await })
    }

    /// Deletes all rows. Generated keys go on from where they were.
    pub fn clear(&self) -> Op<()> {
        let target = self.touched();
        Op::new(async move { target?.clear().await })
    }
}

fn write_one(encoded: Result<(Target, Rows)>, put: bool) -> Op<AnyKey> {
    Op::new(async move {
        let (target, rows) = encoded?;
        target.write_one(Ok(rows), put).await
    })
}

fn write(encoded: Result<(Target, Rows)>, put: bool) -> Op<Vec<AnyKey>> {
    Op::new(async move {
        let (target, rows) = encoded?;
        target.write(Ok(rows), put, Rowwise::Many).await
    })
}

/// Changes the rows of these keys, each by the change of the same position.
async fn change_each<R: 'static, F: FnOnce(&mut R) + 'static>(
    target: Target,
    keys: Vec<AnyKey>,
    changes: Vec<F>,
) -> Result<usize> {
    let Target { session, store, row_type } = target;
    let rows = once_each(keys);
    let mut changes: Vec<Option<F>> = changes.into_iter().map(Some).collect();
    let body = move |session| {
        async move {
            let (keys, positions): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
            let mut apply = |at: usize, row: &mut dyn Any| {
                let Some(row) = row.downcast_mut::<R>() else { return };
                for change in positions[at].iter().filter_map(|position| changes[*position].take()) {
                    change(row);
                }
            };
            let result = change(&session, store, row_type, keys, &mut apply).await;
            // Where several changes are about the row, the last one has made it what it is.
            let position = |error: &Error| error.row().and_then(|at| positions.get(at)?.last().copied());
            let Change { changed, .. } = result.map_err(|error| match position(&error) {
                Some(position) => error.at_row(position),
                None => error,
            })?;
            Ok(changed)
        }
        .boxed_local()
    };
    session.as_one(store, Access::ReadWrite, body).await
}

/// Each key once, where it comes first, and all positions that it has.
fn once_each(keys: Vec<AnyKey>) -> Vec<(AnyKey, Vec<usize>)> {
    let mut rows: Vec<(AnyKey, Vec<usize>)> = Vec::new();
    let mut places: SortedMap<AnyKey, usize> = SortedMap::new();
    for (at, key) in keys.into_iter().enumerate() {
        let place = *places.entry(key).or_insert_with_key(|key| {
            rows.push((key.clone(), Vec::new()));
            rows.len() - 1
        });
        rows[place].1.push(at);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_comes_twice_keeps_its_first_place() {
        let rows = once_each([2, 1, 2].map(AnyKey::from).to_vec());

        assert_eq!(rows, [(AnyKey::from(2), vec![0, 2]), (AnyKey::from(1), vec![1])]);
    }
}
