//! `UpgradeQuery` and `UpgradeWhere`: queries during an upgrade. The clauses and the terminals are those of `Query`; what they do
//! is in `query`, where no types of records are known.

use std::fmt;
use std::ops::Bound;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::table::UpgradeTable;
use crate::error::Result;
use crate::index::Column;
use crate::key::case::Folded;
use crate::key::{AnyKey, IntoAnyKey, IntoAnyRange};
use crate::op::{Fetch, Op};
use crate::query::spec::{Branch, Spec};
use crate::query::{Clause, Cursor, EachOutput, Execution, Page, RowStream, modify_rows_of_upgrade, untyped};
use crate::table::Part;

/// A query during an upgrade: as [`Query`](crate::Query), with keys of any type.
#[must_use = "a query does nothing until it is asked for something, as by `to_vec`"]
pub struct UpgradeQuery<R> {
    pub(super) table: UpgradeTable<R>,
    pub(super) spec: Spec,
}

impl<R> Clone for UpgradeQuery<R> {
    fn clone(&self) -> Self {
        Self { table: self.table.clone(), spec: self.spec.clone() }
    }
}

impl<R> fmt::Debug for UpgradeQuery<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpgradeQuery").field("table", &self.table).finish_non_exhaustive()
    }
}

/// An index waiting for its clause, during an upgrade: `where_("age")` or `or("age")`.
///
/// The type of the index's keys is not known: `above(18)` finds greater numbers and nothing else, `above("m")` greater texts;
/// `not_equal` and `none_of` find keys of every type.
#[must_use = "call a clause such as `equals` on it"]
pub struct UpgradeWhere<R> {
    table: UpgradeTable<R>,
    /// What stands before the `or`.
    left: Spec,
    column: Result<Column>,
}

impl<R> fmt::Debug for UpgradeWhere<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpgradeWhere").field("table", &self.table).finish_non_exhaustive()
    }
}

/// The clauses.
impl<R: Serialize + DeserializeOwned + 'static> UpgradeWhere<R> {
    pub(super) fn new(table: UpgradeTable<R>, left: Spec, index: &str) -> Self {
        let column = table.column(index);
        Self { table, left, column }
    }

    fn query(self, branch: impl FnOnce(Clause) -> Branch) -> UpgradeQuery<R> {
        let Self { table, mut left, column } = self;
        let column = column.unwrap_or_else(|fault| {
            left.fault.get_or_insert(fault);
            Column::PRIMARY
        });
        UpgradeQuery { table, spec: left.or(branch(Clause { column, form: None })) }
    }

    /// The rows whose key is this one.
    pub fn equals(self, key: impl IntoAnyKey) -> UpgradeQuery<R> {
        self.any_of([key])
    }

    /// The rows whose key is another one.
    pub fn not_equal(self, key: impl IntoAnyKey) -> UpgradeQuery<R> {
        self.none_of([key])
    }

    /// The rows whose key is greater, and of the same type.
    pub fn above(self, key: impl IntoAnyKey) -> UpgradeQuery<R> {
        self.between((Bound::Excluded(key), Bound::Unbounded))
    }

    /// The rows whose key is greater or equal, and of the same type.
    pub fn at_least(self, key: impl IntoAnyKey) -> UpgradeQuery<R> {
        self.between(key..)
    }

    /// The rows whose key is less, and of the same type.
    pub fn below(self, key: impl IntoAnyKey) -> UpgradeQuery<R> {
        self.between(..key)
    }

    /// The rows whose key is less or equal, and of the same type.
    pub fn at_most(self, key: impl IntoAnyKey) -> UpgradeQuery<R> {
        self.between(..=key)
    }

    /// The rows whose key is within the range.
    pub fn between(self, range: impl IntoAnyRange) -> UpgradeQuery<R> {
        self.query(|clause| clause.range(range.into_any_bounds()))
    }

    /// The rows whose key is one of these.
    pub fn any_of(self, keys: impl IntoIterator<Item = impl IntoAnyKey>) -> UpgradeQuery<R> {
        self.query(|clause| clause.any_of(keys.into_iter().map(IntoAnyKey::into_any)))
    }

    /// The rows whose key is none of these.
    pub fn none_of(self, keys: impl IntoIterator<Item = impl IntoAnyKey>) -> UpgradeQuery<R> {
        self.query(|clause| clause.none_of(keys.into_iter().map(IntoAnyKey::into_any)))
    }

    /// The rows whose key is within one of the ranges.
    pub fn in_any_range(self, ranges: impl IntoIterator<Item = impl IntoAnyRange>) -> UpgradeQuery<R> {
        self.query(|clause| clause.in_any_range(ranges.into_iter().map(IntoAnyRange::into_any_bounds)))
    }

    /// The rows of a compound index whose first columns are these: `prefix("Alice")`, `prefix(("Alice", 31))`.
    pub fn prefix(self, prefix: impl IntoAnyKey) -> UpgradeQuery<R> {
        self.query(|clause| {
            clause.prefix(match prefix.into_any() {
                Ok(AnyKey::Array(parts)) => parts.into_iter().map(Ok).collect(),
                other => vec![other],
            })
        })
    }

    /// The rows whose key begins so; the empty string begins every string.
    pub fn starts_with(self, prefix: impl AsRef<str>) -> UpgradeQuery<R> {
        self.starts_with_any_of([prefix])
    }

    /// The rows whose key begins in one of these ways.
    pub fn starts_with_any_of(self, prefixes: impl IntoIterator<Item = impl AsRef<str>>) -> UpgradeQuery<R> {
        self.query(|clause| clause.starts_with_any_of(prefixes))
    }

    /// The rows whose key is this one in whatever case: [`str::to_lowercase`] makes both equal.
    pub fn equals_ignore_case(self, key: impl AsRef<str>) -> UpgradeQuery<R> {
        self.query(|clause| clause.folded(Folded::equal([key.as_ref()])))
    }

    /// The rows whose key is one of these in whatever case.
    pub fn any_of_ignore_case(self, keys: impl IntoIterator<Item = impl AsRef<str>>) -> UpgradeQuery<R> {
        let keys: Vec<_> = keys.into_iter().collect();
        self.query(|clause| clause.folded(Folded::equal(keys.iter().map(AsRef::as_ref))))
    }

    /// The rows whose key begins so in whatever case.
    pub fn starts_with_ignore_case(self, prefix: impl AsRef<str>) -> UpgradeQuery<R> {
        self.starts_with_any_of_ignore_case([prefix])
    }

    /// The rows whose key begins in one of these ways, in whatever case.
    pub fn starts_with_any_of_ignore_case(
        self,
        prefixes: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> UpgradeQuery<R> {
        let prefixes: Vec<_> = prefixes.into_iter().collect();
        self.query(|clause| clause.folded(Folded::starts_with(prefixes.iter().map(AsRef::as_ref))))
    }
}

/// The modifiers.
impl<R: Serialize + DeserializeOwned + 'static> UpgradeQuery<R> {
    fn change(&self, change: impl FnOnce(&mut Spec)) -> Self {
        let mut query = self.clone();
        change(&mut query.spec);
        query
    }

    /// Also the rows that the following clause finds. Filters so far apply to what stands before the `or` only.
    pub fn or(&self, index: &str) -> UpgradeWhere<R> {
        UpgradeWhere::new(self.table.clone(), self.spec.clone().united(), index)
    }

    /// Only the rows that pass; every row in range is read to see.
    pub fn filter(&self, test: impl Fn(&R) -> bool + 'static) -> Self {
        self.change(|spec| spec.filter(test))
    }

    /// Ordered by this index; rows that are not in it are left out.
    pub fn order_by(&self, index: &str) -> Self {
        let column = self.table.column(index);
        self.change(|spec| match column {
            Ok(column) => spec.order_by(column),
            Err(fault) => {
                spec.fault.get_or_insert(fault);
            }
        })
    }

    /// Ordered by anything, in memory; equal keys in the query's own order.
    pub fn sort_by_key<S: Ord>(&self, key: impl Fn(&R) -> S + 'static) -> Self {
        self.change(|spec| spec.sort_by_key(key))
    }

    /// The other way round; twice is as if never.
    pub fn reverse(&self) -> Self {
        self.change(Spec::reverse)
    }

    /// Without the first `count` rows; twice adds up.
    pub fn offset(&self, count: usize) -> Self {
        self.change(|spec| spec.offset(count))
    }

    /// At most so many rows; of several limits the smallest counts.
    pub fn limit(&self, count: usize) -> Self {
        self.change(|spec| spec.limit(count))
    }

    /// Only the rows before the first one, in the query's order, for which this is true.
    pub fn until(&self, stop: impl Fn(&R) -> bool + 'static) -> Self {
        self.change(|spec| spec.until(stop))
    }

    /// Only the rows that come after this place in the query's order.
    pub fn after(&self, cursor: Cursor) -> Self {
        self.change(|spec| spec.after(cursor))
    }
}

/// The terminals.
impl<R: Serialize + DeserializeOwned + 'static> UpgradeQuery<R> {
    fn execution(&self) -> Execution {
        self.table.execution(self.spec.clone())
    }

    /// For writing.
    fn writing(&self) -> Execution {
        // A table that has gone is reported by the execution.
        let _ = self.table.touched();
        self.execution()
    }

    /// The rows.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`](crate::Error::Decode) names the first row that does not fit the type.
    pub fn to_vec(&self) -> Fetch<Vec<R>> {
        Fetch::once(self.execution().into_vec())
    }

    /// The first row.
    pub fn first(&self) -> Fetch<Option<R>> {
        Fetch::once(self.execution().first_row())
    }

    /// The last row.
    pub fn last(&self) -> Fetch<Option<R>> {
        Fetch::once(self.execution().last_row())
    }

    /// How many rows there are.
    pub fn count(&self) -> Fetch<usize> {
        let execution = self.execution();
        Fetch::once(async move { execution.count().await })
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> Fetch<bool> {
        Fetch::once(self.execution().finds_none())
    }

    /// The keys of the ordering index, one per entry.
    pub fn keys(&self) -> Fetch<Vec<AnyKey>> {
        let execution = self.execution();
        Fetch::once(async move { execution.keys().await })
    }

    /// The keys of the ordering index, each once.
    pub fn unique_keys(&self) -> Fetch<Vec<AnyKey>> {
        let execution = self.execution();
        Fetch::once(async move { execution.unique_keys().await })
    }

    /// The primary keys of the rows, in the query's order.
    pub fn primary_keys(&self) -> Fetch<Vec<AnyKey>> {
        let execution = self.execution();
        Fetch::once(async move { execution.primary_keys().await })
    }

    /// The rows, each with its primary key.
    pub fn entries(&self) -> Fetch<Vec<(AnyKey, R)>> {
        Fetch::once(self.execution().entries(|_, key| Ok(key)))
    }

    /// The first `count` rows, and where to go on.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`](crate::Error::Unsupported) with `sort_by_key`, whose order is not that of any index.
    pub fn page(&self, count: usize) -> Fetch<Page<R>> {
        Fetch::once(self.execution().page(count))
    }

    /// The rows one after the other, read in chunks. Whoever awaits something else in between stalls the upgrade.
    pub fn stream(&self) -> RowStream<R> {
        RowStream::new(self.execution())
    }

    /// Calls `body` with each row, in order, and waits for it. An `Err` stops the iteration and is returned.
    pub fn each<F, O>(&self, body: F) -> Op<()>
    where
        F: AsyncFnMut(R) -> O + 'static,
        O: EachOutput,
    {
        Op::new(self.execution().each(body))
    }

    /// Calls `body` with a chunk of rows at a time, in order. An `Err` stops it and is returned.
    pub fn for_each_chunk<F, O>(&self, body: F) -> Op<()>
    where
        F: AsyncFnMut(Vec<R>) -> O + 'static,
        O: EachOutput,
    {
        Op::new(self.execution().for_each_chunk(body))
    }

    /// Deletes the rows. Returns how many there were.
    pub fn delete(&self) -> Op<usize> {
        let execution = self.writing();
        Op::new(async move { execution.delete().await })
    }

    /// Changes each row. Returns how many rows are different now; those that `change` leaves as they were are not written.
    /// Changing its key moves a row.
    ///
    /// Properties of a stored row that its type does not have stay as they are. Rows are changed a few hundred at a time, and those
    /// that move do so at the end. What fails among more than 5,000 rows, once some have been changed, makes the upgrade fail,
    /// whatever is made of the error.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`](crate::Error::Constraint) if a changed row clashes with another one,
    /// [`Error::Decode`](crate::Error::Decode) for one that does not fit the type. Then no row is changed.
    pub fn modify(&self, change: impl FnMut(&mut R) + 'static) -> Op<usize> {
        let rebuild = self.table.rebuild().clone();
        let execution = self.writing();
        let store = execution.store;
        let told = move |part: Part<'_>| match part {
            Part::Done(done, total) => rebuild.told(store, done, Some(total)),
            Part::Failed(error) => rebuild.doom(error),
        };
        Op::new(modify_rows_of_upgrade(execution, untyped(change), told))
    }

    /// How the query is carried out, in words.
    #[must_use]
    pub fn explain(&self) -> String {
        self.execution().explain()
    }
}
