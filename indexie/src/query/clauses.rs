//! The clauses: what is asked of an index.

use std::ops::Bound;

use super::clause::Clause;
use super::spec::Branch;
use super::{Query, Where};
use crate::key::case::Folded;
use crate::key::range::dynamic;
use crate::key::{IntoKey, IntoRange, Key, Prefix, Text};
use crate::store::Store;
use crate::table::Access;

impl<T: Store, K: Key, A: Access> Where<T, K, A> {
    fn query(self, branch: impl FnOnce(Clause) -> Branch) -> Query<T, A> {
        let branch = branch(Clause { column: self.column, form: Some(K::FORM) });
        Query { table: self.table, spec: self.left.or(branch) }
    }

    /// The rows whose key is this one.
    pub fn equals(self, key: impl IntoKey<K>) -> Query<T, A> {
        self.any_of([key])
    }

    /// The rows whose key is another one. Rows that are not in the index are not found; on a multi-entry index a row is
    /// found if some element differs.
    pub fn not_equal(self, key: impl IntoKey<K>) -> Query<T, A> {
        self.none_of([key])
    }

    /// The rows whose key is greater.
    pub fn above(self, key: impl IntoKey<K>) -> Query<T, A> {
        let bounds = (Bound::Excluded(key), Bound::Unbounded);
        self.between(bounds)
    }

    /// The rows whose key is greater or equal.
    pub fn at_least(self, key: impl IntoKey<K>) -> Query<T, A> {
        self.between(key..)
    }

    /// The rows whose key is less.
    pub fn below(self, key: impl IntoKey<K>) -> Query<T, A> {
        self.between(..key)
    }

    /// The rows whose key is less or equal.
    pub fn at_most(self, key: impl IntoKey<K>) -> Query<T, A> {
        self.between(..=key)
    }

    /// The rows whose key is within the range: `18..65`, `18..=65`, `18..`, `..65`. A range that ends before it begins
    /// is empty.
    pub fn between(self, range: impl IntoRange<K>) -> Query<T, A> {
        self.query(|clause| clause.range(dynamic(range.into_bounds())))
    }

    /// The rows whose key is one of these. They come in the order of the index; no keys, no rows.
    pub fn any_of(self, keys: impl IntoIterator<Item = impl IntoKey<K>>) -> Query<T, A> {
        self.query(|clause| clause.any_of(keys.into_iter().map(|key| key.into_key().to_any())))
    }

    /// The rows whose key is none of these. Rows that are not in the index are not found.
    pub fn none_of(self, keys: impl IntoIterator<Item = impl IntoKey<K>>) -> Query<T, A> {
        self.query(|clause| clause.none_of(keys.into_iter().map(|key| key.into_key().to_any())))
    }

    /// The rows whose key is within one of the ranges; these may overlap and come in any order. A range whose end is
    /// before its beginning makes the query fail with `Error::InvalidArgument`.
    pub fn in_any_range(self, ranges: impl IntoIterator<Item = impl IntoRange<K>>) -> Query<T, A> {
        self.query(|clause| clause.in_any_range(ranges.into_iter().map(|range| dynamic(range.into_bounds()))))
    }

    /// The rows of a compound index whose first columns are these: `prefix("Alice")`, `prefix(("Alice", 31))`.
    pub fn prefix<M>(self, prefix: impl Prefix<K, M>) -> Query<T, A> {
        self.query(|clause| clause.prefix(prefix.parts()))
    }
}

impl<T: Store, K: Key, A: Access> Where<T, K, A> {
    /// The rows whose key begins so; the empty string begins every string.
    pub fn starts_with(self, prefix: impl AsRef<str>) -> Query<T, A>
    where
        K: Text,
    {
        self.starts_with_any_of([prefix])
    }

    /// The rows whose key begins in one of these ways.
    pub fn starts_with_any_of(self, prefixes: impl IntoIterator<Item = impl AsRef<str>>) -> Query<T, A>
    where
        K: Text,
    {
        self.query(|clause| clause.starts_with_any_of(prefixes))
    }

    /// The rows whose key is this one in whatever case: [`str::to_lowercase`] makes both equal.
    pub fn equals_ignore_case(self, key: impl AsRef<str>) -> Query<T, A>
    where
        K: Text,
    {
        self.query(|clause| clause.folded(Folded::equal([key.as_ref()])))
    }

    /// The rows whose key is one of these in whatever case.
    pub fn any_of_ignore_case(self, keys: impl IntoIterator<Item = impl AsRef<str>>) -> Query<T, A>
    where
        K: Text,
    {
        let keys: Vec<_> = keys.into_iter().collect();
        self.query(|clause| clause.folded(Folded::equal(keys.iter().map(AsRef::as_ref))))
    }

    /// The rows whose key begins so in whatever case.
    pub fn starts_with_ignore_case(self, prefix: impl AsRef<str>) -> Query<T, A>
    where
        K: Text,
    {
        self.starts_with_any_of_ignore_case([prefix])
    }

    /// The rows whose key begins in one of these ways, in whatever case.
    pub fn starts_with_any_of_ignore_case(self, prefixes: impl IntoIterator<Item = impl AsRef<str>>) -> Query<T, A>
    where
        K: Text,
    {
        let prefixes: Vec<_> = prefixes.into_iter().collect();
        self.query(|clause| clause.folded(Folded::starts_with(prefixes.iter().map(AsRef::as_ref))))
    }
}
