//! `Cursor` and `Page`: reading a query piece by piece, from where the last piece ended.

use serde::{Deserialize, Serialize};

use crate::key::AnyKey;
use crate::storage::Position;

/// The place of a row in a query's order; what [`after`](crate::Query::after) goes on from.
///
/// It is a value: it can be serialized, kept in a URL or in storage, and used with the same query later, whatever has
/// changed in between. Rows added before it are not shown again, rows removed do not shift the next page.
/// A query of another order fails with [`Error::InvalidArgument`](crate::Error::InvalidArgument) where the keys tell that it is not
/// its own: they are of another type, or of other columns, or no primary keys. Where they do not (two indexes of numbers, say), it goes
/// on from a place that means nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cursor {
    pub(crate) key: AnyKey,
    pub(crate) primary_key: AnyKey,
}

impl From<Position> for Cursor {
    fn from(position: Position) -> Self {
        Self { key: position.key, primary_key: position.primary_key }
    }
}

impl From<Cursor> for Position {
    fn from(cursor: Cursor) -> Self {
        Self { key: cursor.key, primary_key: cursor.primary_key }
    }
}

/// Some rows of a query, and where the next ones begin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where to go on: `None` at the end.
    pub next: Option<Cursor>,
}
