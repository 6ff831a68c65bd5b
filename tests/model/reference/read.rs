//! Queries: every row is looked at, then ordered, then cut.

use std::cmp::Ordering;
use std::ops::Bound;

use super::Table;
use crate::key::Key;
use crate::outcome::{Fault, Outcome};
use crate::query::{Asked, Clause, Modifier, Query, Range, Terminal};
use crate::shape::{ColumnOf, Place};
use crate::value::{Row, Value, field};

/// A row at a place of the query's order. For `keys` a row may have several.
#[derive(Clone)]
struct Found<'a> {
    /// In the column that orders.
    at: Key,
    key: &'a Key,
    /// What is seen of it.
    row: Row,
}

impl Table {
    fn column(&self, column: usize) -> &ColumnOf {
        &self.shape.columns[column]
    }

    /// The keys under which a row is in a column's index: of several elements each once, ascending.
    pub(super) fn column_keys(&self, column: usize, key: &Key, row: &Row) -> Vec<Key> {
        match self.column(column).place {
            Place::Primary => vec![key.clone()],
            Place::Index(index) => {
                let mut keys = self.shape.keys(index, row);
                keys.sort_by(Key::compare);
                keys
            }
        }
    }

    /// What clauses compare of an index's key, and `keys` gives.
    fn part(&self, column: usize, key: &Key) -> Key {
        if self.column(column).first { key.parts()[0].clone() } else { key.clone() }
    }

    fn holds(&self, asked: &Asked, key: &Key) -> bool {
        holds(&asked.clause, &self.part(asked.column, key))
    }

    fn finds(&self, asked: &Asked, key: &Key, row: &Row) -> bool {
        self.column_keys(asked.column, key, row).iter().any(|key| self.holds(asked, key))
    }

    /// Whether one of the clauses finds the row, and it passes the filters between that clause and the next.
    fn is_found(&self, query: &Query, key: &Key, row: &Row, seen: &Row) -> bool {
        let mut found = query.start.as_ref().is_none_or(|asked| self.finds(asked, key, row));
        for step in &query.steps {
            match step {
                Modifier::Or(asked) => found |= self.finds(asked, key, row),
                Modifier::Filter(test) => found &= test.passes(seen),
                _ => {}
            }
        }
        found
    }

    /// Everything that the query finds, in its order, before the windows: each row where it comes first, or, `at_all` of its places.
    fn found(&self, query: &Query, at_all: bool) -> Vec<Found<'_>> {
        let order = query.order(self.shape.primary_column);
        let reverse = query.steps.iter().filter(|step| matches!(step, Modifier::Reverse)).count() % 2 == 1;
        let mut found: Vec<Found<'_>> = Vec::new();
        for (key, row) in &self.rows {
            let seen = self.seen(row);
            if !self.is_found(query, key, row, &seen) {
                continue;
            }
            let mut places = self.column_keys(order, key, row);
            // A single clause on the index that orders: the row is where the clause finds it.
            if let (Some(asked), false) = (&query.start, query.is_united())
                && self.column(asked.column).place == self.column(order).place
            {
                places.retain(|key| self.holds(asked, key));
            }
            if !at_all {
                let first = if reverse { places.pop() } else { places.into_iter().next() };
                places = first.into_iter().collect();
            }
            found.extend(places.into_iter().map(|at| Found { at, key, row: seen.clone() }));
        }
        let by = query.steps.iter().rev().find_map(|step| match step {
            Modifier::SortBy(name) => Some(*name),
            _ => None,
        });
        found.sort_by(|a, b| {
            let sorted = by.map_or(Ordering::Equal, |name| field(&a.row, name).rust_order(field(&b.row, name)));
            let order = sorted.then_with(|| a.compare(b));
            if reverse { order.reverse() } else { order }
        });
        let ends = |row: &Row| query.steps.iter().any(|step| matches!(step, Modifier::Until(test) if test.passes(row)));
        let end = found.iter().position(|found| ends(&found.row)).unwrap_or(found.len());
        found.truncate(end);
        found
    }

    /// What the query finds, after the windows.
    fn window<T>(query: &Query, found: Vec<T>) -> Vec<T> {
        let (offset, limit) = windows(query);
        found.into_iter().skip(offset).take(limit).collect()
    }

    pub(super) fn found_keys(&self, query: &Query) -> Result<Vec<Key>, Fault> {
        self.check(query)?;
        Ok(Self::window(query, self.found(query, false)).into_iter().map(|found| found.key.clone()).collect())
    }

    /// Keys that are none, and ranges that end before they begin.
    fn check(&self, query: &Query) -> Result<(), Fault> {
        match query.asked().find_map(|asked| unfit(&asked.clause)) {
            Some(Unfit::NoKey) => Err(self.data(None, None)),
            Some(Unfit::Backwards) => Err(Fault::InvalidArgument),
            None => Ok(()),
        }
    }

    pub(super) fn read(&self, query: &Query, terminal: Terminal) -> Result<Outcome, Fault> {
        let sorted = query.steps.iter().any(|step| matches!(step, Modifier::SortBy(_)));
        if sorted && matches!(terminal, Terminal::Pages(_)) {
            return Err(Fault::Unsupported);
        }
        self.check(query)?;
        let found = Self::window(query, self.found(query, false));
        let rows = || found.iter().map(|found| found.row.clone()).collect::<Vec<Row>>();
        Ok(match terminal {
            Terminal::ToVec | Terminal::Each | Terminal::Stream | Terminal::Chunks => Outcome::Rows(rows()),
            Terminal::First => Outcome::Row(rows().into_iter().next()),
            Terminal::Last => Outcome::Row(rows().pop()),
            Terminal::Count => Outcome::Count(found.len()),
            Terminal::IsEmpty => Outcome::Truth(found.is_empty()),
            Terminal::Keys => Outcome::Keys(Self::window(query, self.order_keys(query))),
            Terminal::UniqueKeys => {
                let mut unique: Vec<Key> = Vec::new();
                for key in self.order_keys(query) {
                    if !unique.contains(&key) {
                        unique.push(key);
                    }
                }
                Outcome::Keys(Self::window(query, unique))
            }
            Terminal::PrimaryKeys => Outcome::Keys(found.iter().map(|found| found.key.clone()).collect()),
            Terminal::Entries => {
                Outcome::Entries(found.iter().map(|found| (found.key.clone(), found.row.clone())).collect())
            }
            Terminal::EachUntil(end) if end < found.len() => {
                let mut seen = rows();
                seen.truncate(end + 1);
                Outcome::Stopped(seen, Fault::User)
            }
            Terminal::EachUntil(_) => Outcome::Rows(rows()),
            Terminal::Pages(size) => Outcome::Pages(self.pages(query, size)),
        })
    }

    fn order_keys(&self, query: &Query) -> Vec<Key> {
        let order = query.order(self.shape.primary_column);
        self.found(query, true).iter().map(|found| self.part(order, &found.at)).collect()
    }

    /// The windows count anew from where each page begins; a query whose limit is less than a page has one page.
    fn pages(&self, query: &Query, size: usize) -> Vec<Vec<Row>> {
        let (offset, limit) = windows(query);
        let mut rest = self.found(query, false).into_iter();
        let mut pages = Vec::new();
        loop {
            let page: Vec<Row> =
                rest.by_ref().skip(offset).take(size.min(limit)).map(|found| found.row.clone()).collect();
            pages.push(page);
            if limit < size || rest.len() == 0 {
                return pages;
            }
        }
    }
}

impl Found<'_> {
    fn compare(&self, other: &Self) -> Ordering {
        self.at.compare(&other.at).then_with(|| self.key.compare(other.key))
    }
}

fn windows(query: &Query) -> (usize, usize) {
    let (mut offset, mut limit) = (0, usize::MAX);
    for step in &query.steps {
        match step {
            Modifier::Offset(count) => offset += count,
            Modifier::Limit(count) => limit = limit.min(*count),
            _ => {}
        }
    }
    (offset, limit)
}

/// What is first found wrong with a clause.
enum Unfit {
    NoKey,
    Backwards,
}

fn unfit(clause: &Clause) -> Option<Unfit> {
    let is_key = |value: &Value| Key::of(value).is_some();
    let are_keys = |(lower, upper): &Range| {
        [lower, upper].into_iter().all(|bound| match bound {
            Bound::Included(value) | Bound::Excluded(value) => is_key(value),
            Bound::Unbounded => true,
        })
    };
    let are_all_keys = match clause {
        Clause::Equals(key)
        | Clause::NotEqual(key)
        | Clause::Above(key)
        | Clause::AtLeast(key)
        | Clause::Below(key)
        | Clause::AtMost(key) => is_key(key),
        Clause::Between(range) => are_keys(range),
        Clause::AnyOf(keys) | Clause::NoneOf(keys) | Clause::Prefix(keys) => keys.iter().all(is_key),
        Clause::InAnyRange(ranges) => {
            return ranges.iter().find_map(|range| match (are_keys(range), is_backwards(range)) {
                (false, _) => Some(Unfit::NoKey),
                (true, true) => Some(Unfit::Backwards),
                (true, false) => None,
            });
        }
        _ => true,
    };
    (!are_all_keys).then_some(Unfit::NoKey)
}

fn is_backwards((lower, upper): &Range) -> bool {
    match (lower, upper) {
        (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) => {
            matches!((Key::of(from), Key::of(to)), (Some(from), Some(to)) if from.compare(&to).is_gt())
        }
        _ => false,
    }
}

fn holds(clause: &Clause, key: &Key) -> bool {
    let against = |value: &Value| Key::of(value).map_or(Ordering::Less, |other| key.compare(&other));
    let inside = |(lower, upper): &Range| {
        (match lower {
            Bound::Unbounded => true,
            Bound::Included(lower) => against(lower).is_ge(),
            Bound::Excluded(lower) => against(lower).is_gt(),
        }) && (match upper {
            Bound::Unbounded => true,
            Bound::Included(upper) => against(upper).is_le(),
            Bound::Excluded(upper) => against(upper).is_lt(),
        })
    };
    match clause {
        Clause::Equals(other) => against(other).is_eq(),
        Clause::NotEqual(other) => against(other).is_ne(),
        Clause::Above(other) => against(other).is_gt(),
        Clause::AtLeast(other) => against(other).is_ge(),
        Clause::Below(other) => against(other).is_lt(),
        Clause::AtMost(other) => against(other).is_le(),
        Clause::Between(range) => inside(range),
        Clause::AnyOf(others) => others.iter().any(|other| against(other).is_eq()),
        Clause::NoneOf(others) => others.iter().all(|other| against(other).is_ne()),
        Clause::InAnyRange(ranges) => ranges.iter().any(inside),
        Clause::Prefix(columns) => {
            columns.iter().zip(key.parts()).all(|(column, part)| Key::of(column).is_some_and(|column| column == *part))
        }
        Clause::StartsWith(prefix) => key.text().starts_with(prefix),
        Clause::StartsWithAnyOf(prefixes) => prefixes.iter().any(|prefix| key.text().starts_with(prefix)),
        Clause::EqualsIgnoreCase(other) => folded(key.text()) == folded(other),
        Clause::AnyOfIgnoreCase(others) => others.iter().any(|other| folded(key.text()) == folded(other)),
        Clause::StartsWithIgnoreCase(prefix) => folded(key.text()).starts_with(&folded(prefix)),
    }
}

/// Lowercase; a sigma is a sigma, also at the end of a word.
fn folded(text: &str) -> String {
    text.to_lowercase().replace('ς', "σ")
}
