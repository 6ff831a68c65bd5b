//! A record type as the engine sees it: three functions, behind which its rows are of any type.

use std::any::Any;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{Batch, DecodeError, EncodeError, Known, Reader, from_value, with_shapes, write_row};
use crate::key::Entry;
use crate::store::Store;

type Decode = fn(&mut Reader<'_>, &dyn Known) -> Result<Box<dyn Any>, DecodeError>;

/// What the engine can do with the rows of a table without knowing their type.
#[derive(Clone, Copy)]
pub(crate) struct RowType {
    pub decode: Decode,
    pub entry: fn(&dyn Any, usize) -> Entry,
    pub encode: fn(&dyn Any, &mut Batch) -> Result<(), EncodeError>,
}

impl RowType {
    pub const fn of<T: Store>() -> Self {
        Self {
            decode: |reader, shapes| Ok(Box::new(from_value::<T>(reader, shapes)?)),
            // A row that this type's `decode` has not made has no keys.
            entry: |row, entry| row.downcast_ref::<T>().map_or_else(Entry::none, |row| row.entry(entry)),
            encode: |row, batch| match row.downcast_ref::<T>() {
                Some(row) => with_shapes(|shapes| write_row(batch, shapes, T::FIELDS, row)),
                None => Ok(()),
            },
        }
    }
}

impl RowType {
    /// Of rows whose keys only the storage knows.
    pub const fn untyped<R: Serialize + DeserializeOwned + 'static>() -> Self {
        Self {
            decode: |reader, shapes| Ok(Box::new(from_value::<R>(reader, shapes)?)),
            entry: |_, _| Entry::none(),
            encode: |row, batch| match row.downcast_ref::<R>() {
                Some(row) => with_shapes(|shapes| write_row(batch, shapes, &[], row)),
                None => Ok(()),
            },
        }
    }
}

impl std::fmt::Debug for RowType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RowType")
    }
}
