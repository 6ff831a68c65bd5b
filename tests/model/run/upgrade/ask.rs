//! Queries during an upgrade: columns go by their names, and keys are of any type.

use std::ops::Bound;

use indexie::{AnyKey, UpgradeQuery, UpgradeWhere};

use super::{Asking, any};
use crate::query::{Asked, Clause, Modifier, Query, Range};
use crate::record::Record;
use crate::run::ask::Sorted;
use crate::upgrade::column_name;

impl<R: Record> Asking<'_, R> {
    pub(super) fn query(&self, described: &Query) -> UpgradeQuery<R> {
        let start = described.start.as_ref();
        let query = start.map_or_else(
            || self.table.offset(0),
            |asked| clause(self.table.where_(&self.column(asked.column)), &asked.clause),
        );
        described.steps.iter().fold(query, |query, step| self.modified(query, step))
    }

    fn column(&self, column: usize) -> String {
        column_name(self.shape, column, self.name)
    }

    fn modified(&self, query: UpgradeQuery<R>, step: &Modifier) -> UpgradeQuery<R> {
        match step {
            Modifier::Or(Asked { column, clause: asked }) => clause(query.or(&self.column(*column)), asked),
            Modifier::Filter(test) => {
                let test = test.clone();
                query.filter(move |row: &R| test.passes(&row.row()))
            }
            Modifier::Until(test) => {
                let test = test.clone();
                query.until(move |row: &R| test.passes(&row.row()))
            }
            Modifier::OrderBy(column) => query.order_by(&self.column(*column)),
            Modifier::SortBy(name) => {
                let name = *name;
                query.sort_by_key(move |row: &R| Sorted::of(&row.row(), name))
            }
            Modifier::Reverse => query.reverse(),
            Modifier::Offset(count) => query.offset(*count),
            Modifier::Limit(count) => query.limit(*count),
        }
    }
}

fn clause<R: Record>(on: UpgradeWhere<R>, clause: &Clause) -> UpgradeQuery<R> {
    match clause {
        Clause::Equals(value) => on.equals(any(value)),
        Clause::NotEqual(value) => on.not_equal(any(value)),
        Clause::Above(value) => on.above(any(value)),
        Clause::AtLeast(value) => on.at_least(any(value)),
        Clause::Below(value) => on.below(any(value)),
        Clause::AtMost(value) => on.at_most(any(value)),
        Clause::Between(range) => on.between(bounds(range)),
        Clause::AnyOf(values) => on.any_of(values.iter().map(any)),
        Clause::NoneOf(values) => on.none_of(values.iter().map(any)),
        Clause::InAnyRange(ranges) => on.in_any_range(ranges.iter().map(bounds)),
        Clause::Prefix(parts) => on.prefix(AnyKey::Array(parts.iter().map(any).collect())),
        Clause::StartsWith(prefix) => on.starts_with(prefix),
        Clause::StartsWithAnyOf(prefixes) => on.starts_with_any_of(prefixes),
        Clause::EqualsIgnoreCase(text) => on.equals_ignore_case(text),
        Clause::AnyOfIgnoreCase(texts) => on.any_of_ignore_case(texts),
        Clause::StartsWithIgnoreCase(prefix) => on.starts_with_ignore_case(prefix),
    }
}

fn bounds((lower, upper): &Range) -> (Bound<AnyKey>, Bound<AnyKey>) {
    (lower.as_ref().map(any), upper.as_ref().map(any))
}
