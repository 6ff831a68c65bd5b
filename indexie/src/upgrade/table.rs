//! `UpgradeTable`: a table during an upgrade. Thin, as `Table` is, and without the types that only the newest version has: keys are of
//! any type, and indexes go by their names.

use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::query::{UpgradeQuery, UpgradeWhere};
use crate::engine::Rebuild;
use crate::error::{Error, Result};
use crate::key::{AnyKey, Entry, IntoAnyKey};
use crate::op::{Fetch, Op};
use crate::query::spec::Spec;
use crate::query::{Cursor, EachOutput, Execution, Page, RowStream};
use crate::table::{Rows, Rowwise, Target};

/// A table during an upgrade: rows of type `R`, which need not be what the newest version has. Keys are of any type.
///
/// Writing keeps what `R` does not know: properties that are stored but not part of the type stay as they are, except where a
/// whole row is put in another one's place.
///
/// ```
/// # use indexie::prelude::*;
/// # use serde::{Deserialize, Serialize};
/// #[derive(Serialize, Deserialize)]
/// struct UserV1 {
///     name: String,
///     nickname: Option<String>,
/// }
///
/// async fn on_upgrade_v2(tx: Upgrade) -> Result<()> {
///     let users = tx.table::<UserV1>("users")?;
///     users.where_("name").starts_with("tmp-").delete().await?;
///     users.where_("[name+age]").between(("A", 0)..("B", 0)).modify(|user| user.nickname = None).await?;
///     users.update(1, |user| user.name = "Root".into()).await?;
///     Ok(())
/// }
/// ```
pub struct UpgradeTable<R> {
    rebuild: Rc<Rebuild>,
    name: String,
    of: PhantomData<fn() -> R>,
}

impl<R> Clone for UpgradeTable<R> {
    fn clone(&self) -> Self {
        Self { rebuild: self.rebuild.clone(), name: self.name.clone(), of: PhantomData }
    }
}

impl<R> fmt::Debug for UpgradeTable<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpgradeTable").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<R: Serialize + DeserializeOwned + 'static> UpgradeTable<R> {
    pub(super) fn new(rebuild: Rc<Rebuild>, name: &str) -> Self {
        Self { rebuild, name: name.to_owned(), of: PhantomData }
    }

    /// The table's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn rebuild(&self) -> &Rc<Rebuild> {
        &self.rebuild
    }

    /// The store as it stands now: it may have gone since.
    fn target(&self) -> Result<Target> {
        Ok(self.rebuild.target::<R>(self.rebuild.number_of(&self.name)?))
    }

    pub(super) fn column(&self, index: &str) -> Result<crate::index::Column> {
        self.rebuild.column(self.rebuild.number_of(&self.name)?, index)
    }

    pub(super) fn execution(&self, mut spec: Spec) -> Execution {
        let target = self.target().unwrap_or_else(|fault| {
            spec.fault.get_or_insert(fault);
            self.rebuild.target::<R>(u16::MAX)
        });
        Execution { session: target.session, store: target.store, row_type: target.row_type, spec }
    }

    /// The store, to write to.
    pub(super) fn touched(&self) -> Result<Target> {
        let target = self.target()?;
        self.rebuild.touch(target.store);
        Ok(target)
    }

    fn query(&self) -> UpgradeQuery<R> {
        UpgradeQuery { table: self.clone(), spec: Spec::default() }
    }

    fn key(&self, key: impl IntoAnyKey) -> Result<AnyKey> {
        key.into_any().map_err(|error| Error::Data {
            table: self.name.clone(),
            key: None,
            row: None,
            message: error.to_string(),
        })
    }

    fn keys(&self, keys: impl IntoIterator<Item = impl IntoAnyKey>) -> Result<Vec<AnyKey>> {
        keys.into_iter().enumerate().map(|(at, key)| self.key(key).map_err(|error| error.at_row(at))).collect()
    }
}

/// Reading.
impl<R: Serialize + DeserializeOwned + 'static> UpgradeTable<R> {
    /// The row with this key.
    pub fn get(&self, key: impl IntoAnyKey) -> Fetch<Option<R>> {
        let (target, key) = (self.target(), self.key(key));
        Fetch::new(async move { Ok(target?.get(None, key.map(|key| vec![key])).await?.pop().flatten()) })
    }

    /// The rows with these keys, in the order of the keys; `None` where there is no row.
    pub fn bulk_get(&self, keys: impl IntoIterator<Item = impl IntoAnyKey>) -> Fetch<Vec<Option<R>>> {
        let (target, keys) = (self.target(), self.keys(keys));
        Fetch::new(async move { target?.get(None, keys).await })
    }

    /// Begins a query on an index by its name, as the schema writes it (`"name"`, `"[name+age]"`, `"address.city"`), on the
    /// primary key by its path (`"id"`; `":id"` where it has none), or on the first column of a compound one. A clause such as
    /// `equals` follows.
    ///
    /// # Errors
    ///
    /// Where there is no such index, the query fails with [`Error::UnknownIndex`](crate::Error::UnknownIndex), which lists those
    /// that there are.
    pub fn where_(&self, index: &str) -> UpgradeWhere<R> {
        UpgradeWhere::new(self.clone(), Spec::default(), index)
    }

    /// All rows ordered by this index; rows that are not in it are left out.
    #[must_use]
    pub fn order_by(&self, index: &str) -> UpgradeQuery<R> {
        self.query().order_by(index)
    }

    /// All rows ordered by anything, in memory.
    #[must_use]
    pub fn sort_by_key<S: Ord>(&self, key: impl Fn(&R) -> S + 'static) -> UpgradeQuery<R> {
        self.query().sort_by_key(key)
    }

    /// The rows that pass.
    #[must_use]
    pub fn filter(&self, test: impl Fn(&R) -> bool + 'static) -> UpgradeQuery<R> {
        self.query().filter(test)
    }

    /// The rows before the first one for which this is true.
    #[must_use]
    pub fn until(&self, stop: impl Fn(&R) -> bool + 'static) -> UpgradeQuery<R> {
        self.query().until(stop)
    }

    /// All rows in reverse order of their keys.
    #[must_use]
    pub fn reverse(&self) -> UpgradeQuery<R> {
        self.query().reverse()
    }

    /// All rows but the first `count`.
    #[must_use]
    pub fn offset(&self, count: usize) -> UpgradeQuery<R> {
        self.query().offset(count)
    }

    /// The first `count` rows.
    #[must_use]
    pub fn limit(&self, count: usize) -> UpgradeQuery<R> {
        self.query().limit(count)
    }

    /// The rows after this place.
    #[must_use]
    pub fn after(&self, cursor: Cursor) -> UpgradeQuery<R> {
        self.query().after(cursor)
    }

    /// All rows, ordered by primary key.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`](crate::Error::Decode) names the first row that does not fit the type.
    pub fn to_vec(&self) -> Fetch<Vec<R>> {
        self.query().to_vec()
    }

    /// The row with the least key.
    pub fn first(&self) -> Fetch<Option<R>> {
        self.query().first()
    }

    /// The row with the greatest key.
    pub fn last(&self) -> Fetch<Option<R>> {
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
    pub fn primary_keys(&self) -> Fetch<Vec<AnyKey>> {
        self.query().primary_keys()
    }

    /// All rows with their keys.
    pub fn entries(&self) -> Fetch<Vec<(AnyKey, R)>> {
        self.query().entries()
    }

    /// The first `count` rows, and where to go on.
    pub fn page(&self, count: usize) -> Fetch<Page<R>> {
        self.query().page(count)
    }

    /// All rows one after the other.
    pub fn stream(&self) -> RowStream<R> {
        self.query().stream()
    }

    /// Calls `body` with each row, in order, and waits for it. An `Err` stops the iteration and is returned.
    pub fn each<F, O>(&self, body: F) -> Op<()>
    where
        F: AsyncFnMut(R) -> O + 'static,
        O: EachOutput,
    {
        self.query().each(body)
    }

    /// Calls `body` with a chunk of rows at a time, in order. An `Err` stops it and is returned.
    pub fn for_each_chunk<F, O>(&self, body: F) -> Op<()>
    where
        F: AsyncFnMut(Vec<R>) -> O + 'static,
        O: EachOutput,
    {
        self.query().for_each_chunk(body)
    }
}

/// Writing.
impl<R: Serialize + DeserializeOwned + 'static> UpgradeTable<R> {
    fn encode<'r>(&self, rows: impl IntoIterator<Item = &'r R>, rowwise: Rowwise) -> Result<(Target, Rows)> {
        let target = self.touched()?;
        let rows = Rows::encode(&self.name, target.row_type.forms, rows, rowwise, |_| Entry::none())?;
        Ok((target, rows))
    }

    fn write(&self, row: &R, put: bool) -> Op<AnyKey> {
        let encoded = self.encode([row], Rowwise::One);
        Op::new(async move {
            let (target, rows) = encoded?;
            target.write_one(Ok(rows), put).await
        })
    }

    fn write_under(&self, row: &R, key: impl IntoAnyKey, put: bool) -> Op<AnyKey> {
        let encoded = self
            .encode([row], Rowwise::One)
            .and_then(|(target, rows)| Ok((target, rows.under(&self.name, [key.into_any()], Rowwise::One)?)));
        Op::new(async move {
            let (target, rows) = encoded?;
            target.write_one(Ok(rows), put).await
        })
    }

    fn write_all<'r>(&self, rows: impl IntoIterator<Item = &'r R>, put: bool) -> Op<Vec<AnyKey>> {
        let encoded = self.encode(rows, Rowwise::Many);
        Op::new(async move {
            let (target, rows) = encoded?;
            target.write(Ok(rows), put, Rowwise::Many).await
        })
    }

    /// Adds a row whose key is part of it, or is generated. Returns the key.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`](crate::Error::Constraint) if the key, or a key of a unique index, is there already.
    pub fn add(&self, row: &R) -> Op<AnyKey> {
        self.write(row, false)
    }

    /// Adds a row, or replaces the row with its key. Returns the key.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`](crate::Error::Constraint) if a key of a unique index belongs to another row.
    pub fn put(&self, row: &R) -> Op<AnyKey> {
        self.write(row, true)
    }

    /// Adds a row under this key, in a table whose keys are outside of the record.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn add_with_key(&self, row: &R, key: impl IntoAnyKey) -> Op<AnyKey> {
        self.write_under(row, key, false)
    }

    /// Adds a row under this key, or replaces the row that is there, in a table whose keys are outside of the record.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn put_with_key(&self, row: &R, key: impl IntoAnyKey) -> Op<AnyKey> {
        self.write_under(row, key, true)
    }

    /// Adds many rows, all or none. Returns their keys, in order.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add); the error carries the position of the row, and no row is added.
    pub fn bulk_add<'r>(&self, rows: impl IntoIterator<Item = &'r R>) -> Op<Vec<AnyKey>> {
        self.write_all(rows, false)
    }

    /// Puts many rows, all or none; of rows with the same key the last one stays. Returns their keys, in order.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put); the error carries the position of the row, and no row is put.
    pub fn bulk_put<'r>(&self, rows: impl IntoIterator<Item = &'r R>) -> Op<Vec<AnyKey>> {
        self.write_all(rows, true)
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

    /// Changes each row; see [`UpgradeQuery::modify`].
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
