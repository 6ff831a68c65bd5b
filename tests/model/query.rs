//! Queries as data: clauses, modifiers, terminals.

use std::ops::Bound;

use crate::value::{Row, Value, field};

/// A query of a table; without a start, of all of it.
#[derive(Clone, Debug, Default)]
pub struct Query {
    pub start: Option<Asked>,
    pub steps: Vec<Modifier>,
}

/// A clause on a column, by number.
#[derive(Clone, Debug)]
pub struct Asked {
    pub column: usize,
    pub clause: Clause,
}

pub type Range = (Bound<Value>, Bound<Value>);

#[derive(Clone, Debug)]
pub enum Clause {
    Equals(Value),
    NotEqual(Value),
    Above(Value),
    AtLeast(Value),
    Below(Value),
    AtMost(Value),
    Between(Range),
    AnyOf(Vec<Value>),
    NoneOf(Vec<Value>),
    InAnyRange(Vec<Range>),
    /// The first columns of a compound key.
    Prefix(Vec<Value>),
    StartsWith(String),
    StartsWithAnyOf(Vec<String>),
    EqualsIgnoreCase(String),
    AnyOfIgnoreCase(Vec<String>),
    StartsWithIgnoreCase(String),
}

#[derive(Clone, Debug)]
pub enum Modifier {
    Or(Asked),
    Filter(Test),
    Until(Test),
    /// By a column, by number.
    OrderBy(usize),
    /// By a field, in memory.
    SortBy(&'static str),
    Reverse,
    Offset(usize),
    Limit(usize),
}

/// A closure that tests a row.
#[derive(Clone, Debug)]
pub struct Test {
    pub field: &'static str,
    pub equal: bool,
    pub value: Value,
}

impl Test {
    pub fn passes(&self, row: &Row) -> bool {
        field(row, self.field).rust_equal(&self.value) == self.equal
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Terminal {
    ToVec,
    First,
    Last,
    Count,
    IsEmpty,
    Keys,
    UniqueKeys,
    PrimaryKeys,
    Entries,
    Each,
    /// Fails at the row of this number, which stops it.
    EachUntil(usize),
    Stream,
    Chunks,
    /// Pages of this size, to the end.
    Pages(usize),
}

pub const TERMINALS: [Terminal; 12] = [
    Terminal::ToVec,
    Terminal::First,
    Terminal::Last,
    Terminal::Count,
    Terminal::IsEmpty,
    Terminal::Keys,
    Terminal::UniqueKeys,
    Terminal::PrimaryKeys,
    Terminal::Entries,
    Terminal::Each,
    Terminal::Stream,
    Terminal::Chunks,
];

impl Query {
    pub fn is_whole_table(&self) -> bool {
        self.start.is_none() && self.steps.is_empty()
    }

    pub fn asked(&self) -> impl Iterator<Item = &Asked> {
        let united = self.steps.iter().filter_map(|step| match step {
            Modifier::Or(asked) => Some(asked),
            _ => None,
        });
        self.start.iter().chain(united)
    }

    /// The column that orders: the last one named, else that of a single clause, else the primary key's.
    pub fn order(&self, primary: usize) -> usize {
        let named = self.steps.iter().rev().find_map(|step| match step {
            Modifier::OrderBy(column) => Some(*column),
            _ => None,
        });
        match (&self.start, named) {
            (_, Some(column)) => column,
            (Some(asked), None) if !self.is_united() => asked.column,
            _ => primary,
        }
    }

    pub fn is_united(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Modifier::Or(_)))
    }
}
