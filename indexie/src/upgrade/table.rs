//! `UpgradeTable`: a table during an upgrade. Thin, as `Table` is, and without the types that only the newest version has: keys are of
//! any type, and indexes go by their names. Writing is in `write`.

use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::query::{UpgradeQuery, UpgradeWhere};
use crate::engine::Rebuild;
use crate::error::{Error, Result};
use crate::index::Column;
use crate::key::{AnyKey, IntoAnyKey};
use crate::op::{Fetch, Op};
use crate::query::spec::Spec;
use crate::query::{Cursor, EachOutput, Execution, IN_MEMORY, Page, RowStream};
use crate::table::Target;

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
        let store = self.rebuild.number_of(&self.name)?;
        self.rebuild.uses(store);
        self.rebuild.begin_sweep(store);
        Ok(self.rebuild.target::<R>(store))
    }

    pub(super) fn column(&self, index: &str) -> Result<Column> {
        self.rebuild.column(self.rebuild.number_of(&self.name)?, index)
    }

    /// An index that is unique, or is to be once the function has run.
    fn unique_column(&self, index: &str) -> Result<Column> {
        let column = self.column(index)?;
        let store = self.rebuild.number_of(&self.name)?;
        let unique = match column.entry.checked_sub(1) {
            _ if column.first => false,
            None => true,
            Some(at) => {
                let stored = self.rebuild.session().shared.schema(store).indexes[usize::from(at)];
                let declared = self.rebuild.wanted(&self.name).map_or(&[][..], |schema| schema.indexes);
                stored.unique || declared.iter().any(|index| index.unique && index.name == stored.name)
            }
        };
        if !unique {
            let message = format!("index `{index}` of table `{}` is not unique: ask `where_` for its rows", self.name);
            return Err(Error::InvalidArgument { message });
        }
        Ok(column)
    }

    pub(super) fn execution(&self, mut spec: Spec) -> Execution {
        let target = self.target().unwrap_or_else(|fault| {
            spec.fault.get_or_insert(fault);
            self.rebuild.target::<R>(u16::MAX)
        });
        spec.ways = Some(IN_MEMORY);
        Execution { session: target.session, store: target.store, row_type: target.row_type, spec: Rc::new(spec) }
    }

    /// The store, to write to.
    pub(super) fn touched(&self) -> Result<Target> {
        let target = self.target()?;
        self.rebuild.touch(target.store);
        Ok(target)
    }

    pub(super) fn query(&self) -> UpgradeQuery<R> {
        UpgradeQuery { table: self.clone(), spec: Spec::default() }
    }

    pub(super) fn key(&self, key: impl IntoAnyKey) -> Result<AnyKey> {
        key.into_any().map_err(|error| Error::Data {
            table: self.name.clone(),
            key: None,
            row: None,
            message: error.to_string(),
        })
    }

    pub(super) fn keys(&self, keys: impl IntoIterator<Item = impl IntoAnyKey>) -> Result<Vec<AnyKey>> {
        keys.into_iter().enumerate().map(|(at, key)| self.key(key).map_err(|error| error.at_row(at))).collect()
    }
}

/// Reading.
impl<R: Serialize + DeserializeOwned + 'static> UpgradeTable<R> {
    /// The row with this key.
    pub fn get(&self, key: impl IntoAnyKey) -> Fetch<Option<R>> {
        let (target, key) = (self.target(), self.key(key));
        Fetch::once(async move { Ok(target?.get(None, key.map(|key| vec![key])).await?.pop().flatten()) })
    }

    /// The rows with these keys, in the order of the keys; `None` where there is no row.
    pub fn bulk_get(&self, keys: impl IntoIterator<Item = impl IntoAnyKey>) -> Fetch<Vec<Option<R>>> {
        let (target, keys) = (self.target(), self.keys(keys));
        Fetch::once(async move { target?.get(None, keys).await })
    }

    /// The row with this key in a unique index, which goes by its name as in [`where_`](Self::where_). An index that only this
    /// version makes unique may still have a key twice; then it is the row with the least primary key.
    ///
    /// ```
    /// # use indexie::prelude::*;
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Serialize, Deserialize)]
    /// # struct UserV1 { name: String }
    /// # async fn on_upgrade_v2(tx: Upgrade) -> Result<()> {
    /// let root = tx.table::<UserV1>("users")?.get_by("email", "root@example.com").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::UnknownIndex`](crate::Error::UnknownIndex) if there is no such index,
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if it is not unique.
    pub fn get_by(&self, index: &str, key: impl IntoAnyKey) -> Fetch<Option<R>> {
        let (target, column, key) = (self.target(), self.unique_column(index), self.key(key));
        Fetch::once(async move {
            let (target, column) = (target?, column?);
            Ok(target.get(column.entry.checked_sub(1), key.map(|key| vec![key])).await?.pop().flatten())
        })
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
    pub fn order_by(&self, index: &str) -> UpgradeQuery<R> {
        self.query().order_by(index)
    }

    /// All rows ordered by anything, in memory.
    pub fn sort_by_key<S: Ord>(&self, key: impl Fn(&R) -> S + 'static) -> UpgradeQuery<R> {
        self.query().sort_by_key(key)
    }

    /// The rows that pass.
    pub fn filter(&self, test: impl Fn(&R) -> bool + 'static) -> UpgradeQuery<R> {
        self.query().filter(test)
    }

    /// The rows before the first one for which this is true.
    pub fn until(&self, stop: impl Fn(&R) -> bool + 'static) -> UpgradeQuery<R> {
        self.query().until(stop)
    }

    /// All rows in reverse order of their keys.
    pub fn reverse(&self) -> UpgradeQuery<R> {
        self.query().reverse()
    }

    /// All rows but the first `count`.
    pub fn offset(&self, count: usize) -> UpgradeQuery<R> {
        self.query().offset(count)
    }

    /// The first `count` rows.
    pub fn limit(&self, count: usize) -> UpgradeQuery<R> {
        self.query().limit(count)
    }

    /// The rows after this place.
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
