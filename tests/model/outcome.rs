//! Outcomes: what steps come to, on both sides in the same form.

use crate::key::Key;
use crate::value::Row;

/// What a step came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Done,
    Count(usize),
    Truth(bool),
    Keys(Vec<Key>),
    Row(Option<Row>),
    Rows(Vec<Row>),
    Found(Vec<Option<Row>>),
    Entries(Vec<(Key, Row)>),
    Pages(Vec<Vec<Row>>),
    Failed(Fault),
    /// Rows that were seen before an error.
    Stopped(Vec<Row>, Fault),
    Together(Vec<Outcome>),
    /// Of a transaction, or of a savepoint in it.
    Body {
        /// Of the steps that were reached.
        steps: Vec<Outcome>,
        end: Box<Outcome>,
    },
    /// Nobody waited for it.
    Dropped,
    /// The library panicked, or never answered.
    Broken(String),
}

/// An error, without its words.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    Constraint {
        table: String,
        index: Option<String>,
        key: Option<Key>,
        row: Option<usize>,
    },
    NotFound {
        table: String,
        key: Key,
    },
    Data {
        table: String,
        key: Option<Key>,
        row: Option<usize>,
    },
    OutsideTransaction {
        table: String,
    },
    UnknownTable {
        table: String,
    },
    Upgrade {
        version: u32,
        table: Option<String>,
        key: Option<Key>,
        source: Box<Fault>,
    },
    InvalidArgument,
    Aborted,
    Stalled,
    Unsupported,
    /// The app's own.
    User,
    /// What is never right.
    Other(String),
}

impl Fault {
    /// The error of an upgrade that ends with this one. `last` is the table that its function used last.
    pub fn in_upgrade(self, last: Option<&str>) -> Self {
        let table = match &self {
            Self::Upgrade { .. } => return self,
            Self::Constraint { table, .. }
            | Self::NotFound { table, .. }
            | Self::Data { table, .. }
            | Self::UnknownTable { table } => Some(table.clone()),
            _ => last.map(str::to_owned),
        };
        Self::Upgrade { version: 2, table, key: None, source: Box::new(self) }
    }

    /// The error of an upgrade that ends at a row.
    pub fn at_row(self, table: &str, key: &Key) -> Self {
        Self::Upgrade { version: 2, table: Some(table.to_owned()), key: Some(key.clone()), source: Box::new(self) }
    }
}

impl Outcome {
    /// Whether a body has come to nothing.
    pub fn has_failed(&self) -> bool {
        matches!(self, Self::Body { end, .. } if **end != Self::Done)
    }

    /// Whether this is what was expected.
    pub fn is(&self, expected: &Self) -> bool {
        match (self, expected) {
            (Self::Together(all), Self::Together(expected)) => {
                all.len() == expected.len() && all.iter().zip(expected).all(|(one, expected)| one.is_about(expected))
            }
            (one, expected) => one == expected,
        }
    }

    /// The same for what is done at the same time as something else. A browser does not say what a row clashed with, and when the
    /// library looks, that may have gone, or something else may have come.
    fn is_about(&self, expected: &Self) -> bool {
        match (self, expected) {
            (
                Self::Failed(Fault::Constraint { table, row, .. }),
                Self::Failed(Fault::Constraint { table: of, row: at, .. }),
            ) => table == of && row == at,
            (one, expected) => one.is(expected),
        }
    }
}
