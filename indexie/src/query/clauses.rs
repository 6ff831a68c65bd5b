//! The clauses: what is asked of an index.

use std::ops::Bound;
use std::rc::Rc;

use super::spec::Branch;
use super::{Query, Where};
use crate::key::case::Folded;
use crate::key::range::{KeyRange, RangeSet, dynamic};
use crate::key::{AnyKey, IntoKey, IntoRange, Key, KeyError, Prefix, Text};
use crate::store::Store;
use crate::table::Access;

type Ranges = Result<RangeSet, KeyError>;

impl<T: Store, K: Key, A: Access> Where<T, K, A> {
    fn query(self, branch: Branch) -> Query<T, A> {
        Query { table: self.table, spec: self.left.or(branch) }
    }

    fn finish(self, ranges: Ranges) -> Query<T, A> {
        let branch = Branch::new(self.column, ranges);
        self.query(branch)
    }

    /// A range of the column's keys, in the keys of its index; nothing but keys of the column's type is inside, so that
    /// `above(5)` on numbers does not reach into strings.
    fn range(&self, lower: Bound<AnyKey>, upper: Bound<AnyKey>) -> RangeSet {
        self.place(&RangeSet::one(KeyRange { lower, upper }).within(&KeyRange::of_form(K::FORM)))
    }

    fn place(&self, ranges: &RangeSet) -> RangeSet {
        if !self.column.first {
            return ranges.clone();
        }
        let of_compound = |range: &KeyRange| KeyRange::within_prefix(&[], range.lower.clone(), range.upper.clone());
        RangeSet::union(ranges.ranges().iter().map(of_compound).collect())
    }

    fn points(keys: impl IntoIterator<Item = impl IntoKey<K>>) -> Ranges {
        let keys: Result<Vec<_>, _> = keys.into_iter().map(|key| key.into_key().to_any().map(KeyRange::only)).collect();
        keys.map(RangeSet::union)
    }

    /// The rows whose key is this one.
    pub fn equals(self, key: impl IntoKey<K>) -> Query<T, A> {
        let ranges = Self::points([key]).map(|ranges| self.place(&ranges));
        self.finish(ranges)
    }

    /// The rows whose key is another one. Rows that are not in the index are not found; on a multi-entry index a row is
    /// found if some element differs.
    pub fn not_equal(self, key: impl IntoKey<K>) -> Query<T, A> {
        self.none_of([key])
    }

    /// The rows whose key is greater.
    pub fn above(self, key: impl IntoKey<K>) -> Query<T, A> {
        let ranges = key.into_key().to_any().map(|key| self.range(Bound::Excluded(key), Bound::Unbounded));
        self.finish(ranges)
    }

    /// The rows whose key is greater or equal.
    pub fn at_least(self, key: impl IntoKey<K>) -> Query<T, A> {
        let ranges = key.into_key().to_any().map(|key| self.range(Bound::Included(key), Bound::Unbounded));
        self.finish(ranges)
    }

    /// The rows whose key is less.
    pub fn below(self, key: impl IntoKey<K>) -> Query<T, A> {
        let ranges = key.into_key().to_any().map(|key| self.range(Bound::Unbounded, Bound::Excluded(key)));
        self.finish(ranges)
    }

    /// The rows whose key is less or equal.
    pub fn at_most(self, key: impl IntoKey<K>) -> Query<T, A> {
        let ranges = key.into_key().to_any().map(|key| self.range(Bound::Unbounded, Bound::Included(key)));
        self.finish(ranges)
    }

    /// The rows whose key is within the range: `18..65`, `18..=65`, `18..`, `..65`. A range that ends before it begins
    /// is empty.
    pub fn between(self, range: impl IntoRange<K>) -> Query<T, A> {
        let ranges = dynamic(range.into_bounds()).map(|(lower, upper)| self.range(lower, upper));
        self.finish(ranges)
    }

    /// The rows whose key is one of these. They come in the order of the index; no keys, no rows.
    pub fn any_of(self, keys: impl IntoIterator<Item = impl IntoKey<K>>) -> Query<T, A> {
        let ranges = Self::points(keys).map(|ranges| self.place(&ranges));
        self.finish(ranges)
    }

    /// The rows whose key is none of these. Rows that are not in the index are not found.
    pub fn none_of(self, keys: impl IntoIterator<Item = impl IntoKey<K>>) -> Query<T, A> {
        let ranges = Self::points(keys).map(|ranges| self.place(&ranges.complement(&KeyRange::of_form(K::FORM))));
        self.finish(ranges)
    }

    /// The rows whose key is within one of the ranges; these may overlap and come in any order. A range whose end is
    /// before its beginning makes the query fail with `Error::Data`.
    pub fn in_any_range(self, ranges: impl IntoIterator<Item = impl IntoRange<K>>) -> Query<T, A> {
        let ranges: Result<Vec<_>, KeyError> = ranges
            .into_iter()
            .map(|range| {
                let (lower, upper) = dynamic(range.into_bounds())?;
                match (&lower, &upper) {
                    (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to))
                        if from > to =>
                    {
                        Err(KeyError(format!("the range from {from} to {to} ends before it begins")))
                    }
                    _ => Ok(KeyRange { lower, upper }),
                }
            })
            .collect();
        let ranges = ranges.map(|ranges| self.place(&RangeSet::union(ranges).within(&KeyRange::of_form(K::FORM))));
        self.finish(ranges)
    }

    /// The rows of a compound index whose first columns are these: `prefix("Alice")`, `prefix(("Alice", 31))`.
    pub fn prefix<M>(self, prefix: impl Prefix<K, M>) -> Query<T, A> {
        let parts: Result<Vec<_>, _> = prefix.parts().into_iter().collect();
        self.finish(parts.map(|parts| RangeSet::one(KeyRange::with_prefix(&parts))))
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
        let ranges = prefixes.into_iter().map(|prefix| KeyRange::starting_with(prefix.as_ref())).collect();
        let ranges = Ok(self.place(&RangeSet::union(ranges)));
        self.finish(ranges)
    }

    /// The rows whose key is this one in whatever case: [`str::to_lowercase`] makes both equal.
    pub fn equals_ignore_case(self, key: impl AsRef<str>) -> Query<T, A>
    where
        K: Text,
    {
        self.folded(Folded::equal([key.as_ref()]))
    }

    /// The rows whose key is one of these in whatever case.
    pub fn any_of_ignore_case(self, keys: impl IntoIterator<Item = impl AsRef<str>>) -> Query<T, A>
    where
        K: Text,
    {
        let keys: Vec<String> = keys.into_iter().map(|key| key.as_ref().to_owned()).collect();
        self.folded(Folded::equal(keys.iter().map(String::as_str)))
    }

    /// The rows whose key begins so in whatever case.
    pub fn starts_with_ignore_case(self, prefix: impl AsRef<str>) -> Query<T, A>
    where
        K: Text,
    {
        self.folded(Folded::starts_with(prefix.as_ref()))
    }

    fn folded(self, folded: Folded) -> Query<T, A> {
        let (ranges, exact) = folded.ranges();
        let mut branch = Branch::new(self.column, Ok(self.place(&ranges)));
        branch.residual = (!exact).then(|| Rc::new(folded));
        self.query(branch)
    }
}
