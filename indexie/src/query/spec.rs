//! What a query asks for, as data and a few erased closures. Pure: the planner and the executor read it.

use std::any::Any;
use std::rc::Rc;

use super::cursor::Cursor;
use super::ways::{IN_MEMORY, Ways};
use crate::error::Error;
use crate::index::Column;
use crate::key::case::Folded;
use crate::key::range::{KeyRange, RangeSet};
use crate::key::{AnyKey, KeyError};
use crate::order::ranks_by;

pub(crate) type Filter = Rc<dyn Fn(&dyn Any) -> bool>;
/// Of each row, how many stand before it, those at one place counted once.
pub(crate) type Sort = Rc<dyn Fn(&[&dyn Any]) -> Vec<usize>>;

/// A query. Immutable from outside: each method makes a changed copy.
#[derive(Clone, Default)]
pub(crate) struct Spec {
    /// What `or` combines; none is the whole table.
    pub branches: Vec<Branch>,
    pub order: Option<Column>,
    /// What every row has to pass, whichever branch it came by.
    pub filters: Vec<Filter>,
    pub until: Option<Filter>,
    pub sort: Option<Sort>,
    pub reverse: bool,
    pub offset: usize,
    pub limit: Option<usize>,
    pub after: Option<Cursor>,
    /// What is wrong with it, for whoever runs it: an index or a table that is not there.
    pub fault: Option<Error>,
    /// How it is carried out, where that may be more than one walk through an index.
    pub ways: Option<&'static dyn Ways>,
}

/// A test of a row, for whoever does not know its type.
fn erase<T: 'static>(test: impl Fn(&T) -> bool + 'static) -> Filter {
    Rc::new(move |row| row.downcast_ref::<T>().is_some_and(&test))
}

/// The modifiers, for rows of type `T`.
impl Spec {
    pub fn filter<T: 'static>(&mut self, test: impl Fn(&T) -> bool + 'static) {
        self.filters.push(erase(test));
        self.ways = Some(IN_MEMORY);
    }

    pub fn sort_by_key<T: 'static, S: Ord>(&mut self, key: impl Fn(&T) -> S + 'static) {
        self.ways = Some(IN_MEMORY);
        self.sort = Some(Rc::new(move |rows| {
            let keys: Vec<Option<S>> = rows.iter().map(|row| row.downcast_ref::<T>().map(&key)).collect();
            ranks_by(keys.len(), &|a, b| keys[a].cmp(&keys[b]))
        }));
    }

    pub fn until<T: 'static>(&mut self, stop: impl Fn(&T) -> bool + 'static) {
        self.ways = Some(IN_MEMORY);
        let (before, stop) = (self.until.take(), erase(stop));
        self.until = Some(match before {
            Some(before) => Rc::new(move |row| before(row) || stop(row)),
            None => stop,
        });
    }

    /// Of a whole table, the index is walked as any other, and nothing more is needed: then set `order` itself.
    pub fn order_by(&mut self, column: Column) {
        self.order = Some(column);
        self.ways = Some(IN_MEMORY);
    }

    pub fn after(&mut self, cursor: Cursor) {
        self.after = Some(cursor);
        self.ways = Some(IN_MEMORY);
    }

    pub fn reverse(&mut self) {
        self.reverse = !self.reverse;
    }

    pub fn offset(&mut self, count: usize) {
        self.offset = self.offset.saturating_add(count);
    }

    pub fn limit(&mut self, count: usize) {
        self.limit = Some(self.limit.map_or(count, |limit| limit.min(count)));
    }
}

/// Why a clause cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// What it compares with is no key.
    Key(KeyError),
    /// It is about a range that ends before it begins.
    Backwards(String),
}

impl From<KeyError> for Unfit {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl Unfit {
    pub fn error(&self, table: &str) -> Error {
        match self {
            Self::Key(error) => {
                Error::Data { table: table.to_owned(), key: None, row: None, message: error.to_string() }
            }
            Self::Backwards(message) => Error::InvalidArgument { message: format!("table `{table}`: {message}") },
        }
    }
}

/// One clause, on one index.
#[derive(Clone)]
pub(crate) struct Branch {
    pub column: Column,
    /// In the index's own keys, also where only its first column is meant.
    pub ranges: Result<RangeSet, Unfit>,
    /// What the keys in the ranges still have to pass.
    pub residual: Option<Rc<Folded>>,
    pub filters: Vec<Filter>,
    /// How rows are found that are not all in the ranges.
    pub ways: Option<&'static dyn Ways>,
}

impl Branch {
    pub fn new(column: Column, ranges: Result<RangeSet, Unfit>) -> Self {
        Self { column, ranges, residual: None, filters: Vec::new(), ways: None }
    }

    /// The whole table.
    pub fn all() -> Self {
        Self::new(Column::PRIMARY, Ok(RangeSet::one(KeyRange::all())))
    }

    /// Whether a key of the branch's index passes.
    pub fn admits(&self, key: &AnyKey) -> bool {
        let inside = self.ranges.as_ref().is_ok_and(|ranges| ranges.contains(key));
        inside
            && self
                .residual
                .as_ref()
                .is_none_or(|folded| text_of(key, self.column).is_some_and(|text| folded.matches(text)))
    }
}

/// The text of a key, or of its first column.
fn text_of(key: &AnyKey, column: Column) -> Option<&str> {
    match key {
        AnyKey::Array(parts) if column.first => parts.first()?.as_str(),
        key => key.as_str(),
    }
}

impl Spec {
    /// What stands before an `or`. Without a clause that is the whole table, which filters may have made less.
    pub fn united(mut self) -> Self {
        if self.branches.is_empty() {
            self.branches.push(Branch::all());
        }
        self.ways = Some(IN_MEMORY);
        self
    }

    /// What comes after `or` is one more way to be found; filters so far belong to what stands before it.
    pub fn or(mut self, branch: Branch) -> Self {
        let filters = std::mem::take(&mut self.filters);
        for left in &mut self.branches {
            left.filters.extend(filters.iter().cloned());
        }
        self.ways = self.ways.or(branch.ways);
        self.branches.push(branch);
        self
    }

    /// The column by which rows are ordered.
    pub fn order_column(&self) -> Column {
        match (self.order, self.branches.as_slice()) {
            (Some(order), _) => order,
            (None, [only]) => only.column,
            _ => Column::PRIMARY,
        }
    }

    /// Whether rows have to be looked at before it is known which of them are in the result.
    pub fn tests_rows(&self) -> bool {
        !self.filters.is_empty()
            || self.until.is_some()
            || self.branches.iter().any(|branch| branch.residual.is_some() || !branch.filters.is_empty())
    }

    /// Whether each row tells by itself, without its keys and those before it, that it is in the result.
    pub fn is_sieve(&self) -> bool {
        self.until.is_none()
            && self.offset == 0
            && self.limit.is_none()
            && self.branches.iter().all(|branch| branch.residual.is_none())
    }

    /// Whether a row, found by any branch, passes all filters.
    pub fn passes(&self, row: &dyn Any) -> bool {
        let of_branches = self.branches.iter().flat_map(|branch| &branch.filters);
        self.filters.iter().chain(of_branches).all(|filter| filter(row))
    }

    /// Whether a place comes after the cursor, if there is one.
    pub fn is_after(&self, key: &AnyKey, primary_key: &AnyKey) -> bool {
        self.after.as_ref().is_none_or(|after| {
            let order = key.cmp(&after.key).then_with(|| primary_key.cmp(&after.primary_key));
            if self.reverse { order.is_lt() } else { order.is_gt() }
        })
    }

    /// Whether anything cuts rows off, so that the last row is not simply the first of the reverse order.
    pub fn is_windowed(&self) -> bool {
        self.offset > 0 || self.limit.is_some() || self.until.is_some() || self.after.is_some()
    }
}
