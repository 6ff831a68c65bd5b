//! The modifiers: what else a query may be told. Each makes a changed copy.

use super::spec::Spec;
use super::{Cursor, Query, Where};
use crate::index::Index;
use crate::key::Key;
use crate::store::Store;
use crate::table::Access;

impl<T: Store, A: Access> Query<T, A> {
    /// Also the rows that the following clause finds. Filters so far apply to what stands before the `or` only.
    ///
    /// The result is ordered by primary key, unless `order_by` says otherwise.
    pub fn or<K: Key, Kind>(&self, index: impl FnOnce(&'static T::Indexes) -> Index<T, K, Kind>) -> Where<T, K, A> {
        Where::new(self.table.clone(), self.spec.clone().united(), index(T::INDEXES))
    }

    /// Only the rows that pass; every row in range is read to see.
    pub fn filter(&self, test: impl Fn(&T) -> bool + 'static) -> Self {
        self.change(|spec| spec.filter(test))
    }

    /// Ordered by this index; rows that are not in it are left out.
    pub fn order_by<K: Key, Kind>(&self, index: impl FnOnce(&'static T::Indexes) -> Index<T, K, Kind>) -> Self {
        let column = index(T::INDEXES).column;
        self.change(|spec| spec.order_by(column))
    }

    /// Ordered by anything, in memory; equal keys in the query's own order.
    pub fn sort_by_key<S: Ord>(&self, key: impl Fn(&T) -> S + 'static) -> Self {
        self.change(|spec| spec.sort_by_key(key))
    }

    /// The other way round; twice is as if never. Ordered by a multi-entry index, a row then stands at its greatest
    /// element, not at its least.
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
    pub fn until(&self, stop: impl Fn(&T) -> bool + 'static) -> Self {
        self.change(|spec| spec.until(stop))
    }

    /// Only the rows that come after this place in the query's order; see [`page`](Self::page). What it is asked for fails with
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the [`Cursor`] tells that it is of another order, and with
    /// [`Error::Unsupported`](crate::Error::Unsupported) with `sort_by_key`, whose order is not that of any index.
    pub fn after(&self, cursor: Cursor) -> Self {
        self.change(|spec| spec.after(cursor))
    }
}
