//! Builds the library's query from a program's.

use std::ops::Bound;

use indexie::prelude::*;
use indexie::{Access, Index, Where};

use crate::field::Field;
use crate::query::{Asked, Clause, Modifier, Query as Described, Range};
use crate::record::{Any, Record, Visit, VisitAny};
use crate::value::{Row, Value, field};

/// Calls the same method on a table and on a query.
macro_rules! modified {
    ($on:expr, $modifier:expr) => {
        match $modifier {
            Modifier::Or(_) => $on.offset(0),
            Modifier::Filter(test) => {
                let test = test.clone();
                $on.filter(move |row: &T| test.passes(&row.row()))
            }
            Modifier::Until(test) => {
                let test = test.clone();
                $on.until(move |row: &T| test.passes(&row.row()))
            }
            Modifier::OrderBy(column) => T::column(*column, Any(OrderBy { query: $on.offset(0) })),
            Modifier::SortBy(name) => {
                let name = *name;
                $on.sort_by_key(move |row: &T| Sorted::of(&row.row(), name))
            }
            Modifier::Reverse => $on.reverse(),
            Modifier::Offset(count) => $on.offset(*count),
            Modifier::Limit(count) => $on.limit(*count),
        }
    };
}

pub fn query<T: Record, A: Access>(table: &Table<T, A>, described: &Described) -> Query<T, A> {
    let (mut query, rest) = match (&described.start, described.steps.split_first()) {
        (Some(asked), _) => (ask(Start::Table(table), asked), described.steps.as_slice()),
        (None, None) => (table.offset(0), [].as_slice()),
        (None, Some((Modifier::Or(_), _))) => (table.offset(0), described.steps.as_slice()),
        (None, Some((Modifier::OrderBy(column), rest))) => (T::column(*column, Any(TableBy { table })), rest),
        (None, Some((first, rest))) => (modified!(table, first), rest),
    };
    for step in rest {
        query = match step {
            Modifier::Or(asked) => ask(Start::Query(&query), asked),
            step => modified!(query, step),
        };
    }
    query
}

struct OrderBy<T: Record, A> {
    query: Query<T, A>,
}

impl<T: Record, A: Access> VisitAny<T> for OrderBy<T, A> {
    type Output = Query<T, A>;

    fn any<K: Field + Key, Kind: 'static>(self, index: Index<T, K, Kind>) -> Query<T, A> {
        self.query.order_by(move |_| index)
    }
}

struct TableBy<'a, T: Record, A> {
    table: &'a Table<T, A>,
}

impl<T: Record, A: Access> VisitAny<T> for TableBy<'_, T, A> {
    type Output = Query<T, A>;

    fn any<K: Field + Key, Kind: 'static>(self, index: Index<T, K, Kind>) -> Query<T, A> {
        self.table.order_by(move |_| index)
    }
}

/// A field, compared as Rust compares it.
#[derive(PartialEq)]
pub struct Sorted(Value);

impl Sorted {
    pub fn of(row: &Row, name: &str) -> Self {
        Self(field(row, name).clone())
    }
}

impl Eq for Sorted {}

impl PartialOrd for Sorted {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sorted {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.rust_order(&other.0)
    }
}

/// What a clause follows.
enum Start<'a, T: Store, A> {
    Table(&'a Table<T, A>),
    Query(&'a Query<T, A>),
}

impl<T: Record, A: Access> Start<'_, T, A> {
    fn on<K: Field + Key, Kind: 'static>(self, index: Index<T, K, Kind>) -> Where<T, K, A> {
        match self {
            Self::Table(table) => table.where_(move |_| index),
            Self::Query(query) => query.or(move |_| index),
        }
    }
}

fn ask<T: Record, A: Access>(start: Start<'_, T, A>, asked: &Asked) -> Query<T, A> {
    T::column(asked.column, Clauses { start, clause: &asked.clause })
}

struct Clauses<'a, T: Store, A> {
    start: Start<'a, T, A>,
    clause: &'a Clause,
}

impl<T: Record, A: Access> Visit<T> for Clauses<'_, T, A> {
    type Output = Query<T, A>;

    fn plain<K: Field + Key, Kind: 'static>(self, index: Index<T, K, Kind>) -> Query<T, A> {
        plain(self.start.on(index), self.clause)
    }

    fn text<Kind: 'static>(self, index: Index<T, String, Kind>) -> Query<T, A> {
        let on = self.start.on(index);
        match self.clause {
            Clause::StartsWith(prefix) => on.starts_with(prefix),
            Clause::StartsWithAnyOf(prefixes) => on.starts_with_any_of(prefixes),
            Clause::EqualsIgnoreCase(text) => on.equals_ignore_case(text),
            Clause::AnyOfIgnoreCase(texts) => on.any_of_ignore_case(texts),
            Clause::StartsWithIgnoreCase(prefix) => on.starts_with_ignore_case(prefix),
            clause => plain(on, clause),
        }
    }

    fn pair<A1: Field + Key, B: Field + Key, Kind: 'static>(self, index: Index<T, (A1, B), Kind>) -> Query<T, A> {
        let on = self.start.on(index);
        match self.clause {
            Clause::Prefix(parts) => on.prefix((&A1::of(&parts[0]),)),
            clause => plain(on, clause),
        }
    }

    fn triple<A1: Field + Key, B: Field + Key, C: Field + Key, Kind: 'static>(
        self,
        index: Index<T, (A1, B, C), Kind>,
    ) -> Query<T, A> {
        let on = self.start.on(index);
        match self.clause {
            Clause::Prefix(parts) if parts.len() == 1 => on.prefix((&A1::of(&parts[0]),)),
            Clause::Prefix(parts) => on.prefix((&A1::of(&parts[0]), &B::of(&parts[1]))),
            clause => plain(on, clause),
        }
    }
}

/// The clauses that every column has.
fn plain<T: Record, K: Field + Key, A: Access>(on: Where<T, K, A>, clause: &Clause) -> Query<T, A> {
    let key = |value: &Value| K::of(value);
    let keys = |values: &[Value]| -> Vec<K> { values.iter().map(K::of).collect() };
    match clause {
        Clause::Equals(value) => on.equals(&key(value)),
        Clause::NotEqual(value) => on.not_equal(&key(value)),
        Clause::Above(value) => on.above(&key(value)),
        Clause::AtLeast(value) => on.at_least(&key(value)),
        Clause::Below(value) => on.below(&key(value)),
        Clause::AtMost(value) => on.at_most(&key(value)),
        Clause::Between(range) => between(on, &bounds(range)),
        Clause::AnyOf(values) => on.any_of(&keys(values)),
        Clause::NoneOf(values) => on.none_of(&keys(values)),
        Clause::InAnyRange(ranges) => {
            let ranges: Vec<(Bound<K>, Bound<K>)> = ranges.iter().map(bounds).collect();
            on.in_any_range(ranges.iter().map(|(lower, upper)| (lower.as_ref(), upper.as_ref())))
        }
        _ => unreachable!("only columns of text, or of several columns, have this clause"),
    }
}

fn bounds<K: Field>((lower, upper): &Range) -> (Bound<K>, Bound<K>) {
    (lower.as_ref().map(K::of), upper.as_ref().map(K::of))
}

/// Rust's own ranges where there is one for these bounds.
fn between<T: Record, K: Field + Key, A: Access>(on: Where<T, K, A>, range: &(Bound<K>, Bound<K>)) -> Query<T, A> {
    match range {
        (Bound::Included(from), Bound::Excluded(to)) => on.between(from..to),
        (Bound::Included(from), Bound::Included(to)) => on.between(from..=to),
        (Bound::Included(from), Bound::Unbounded) => on.between(from..),
        (Bound::Unbounded, Bound::Excluded(to)) => on.between(..to),
        (Bound::Unbounded, Bound::Included(to)) => on.between(..=to),
        (Bound::Unbounded, Bound::Unbounded) => on.between(..),
        (lower, upper) => on.between((lower.as_ref(), upper.as_ref())),
    }
}
