//! A record type as the engine sees it: three functions, behind which its rows are of any type.

use std::any::Any;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{Batch, CodecError, DecodeRow, Finished, Forms, Shapes, from_value, with_shapes, write_row};
use crate::error::{Error, Result};
use crate::key::{AnyKey, Entry};
use crate::store::Store;

/// What the engine can do with the rows of a table without knowing their type.
#[derive(Clone, Copy)]
pub(crate) struct RowType {
    pub decode: DecodeRow,
    /// The keys of a row; none where only the stored row tells them.
    pub entry: Option<fn(&dyn Any, usize) -> Entry>,
    encode: fn(&dyn Any, Forms, &mut Batch, &mut Shapes) -> Result<(), CodecError>,
    /// How key fields are stored.
    pub forms: Forms,
    /// Other names that fields are read by.
    aliases: &'static [&'static str],
}

impl RowType {
    pub const fn of<T: Store>() -> Self {
        Self {
            // A row that this type's `decode` has not made has no keys.
            entry: Some(|row, entry| row.downcast_ref::<T>().map_or_else(Entry::none, |row| row.entry(entry))),
            aliases: T::ALIASES,
            ..Self::keyless::<T>(T::FIELDS)
        }
    }

    /// Of rows of a type that does not know its keys.
    pub const fn keyless<R: Serialize + DeserializeOwned + 'static>(forms: Forms) -> Self {
        Self {
            decode: |reader, shapes| Ok(Box::new(from_value::<R>(reader, shapes)?)),
            entry: None,
            encode: |row, forms, batch, shapes| match row.downcast_ref::<R>() {
                Some(row) => write_row(batch, shapes, forms, row),
                None => Ok(()),
            },
            forms,
            aliases: &[],
        }
    }

    /// Another row like this one, made by way of how it is stored.
    #[cfg(feature = "live")]
    pub fn copy(&self, row: &dyn Any) -> Result<Box<dyn Any>, CodecError> {
        let mut batch = Batch::default();
        // What has been read can be written.
        let _ = self.encode(row, &mut batch);
        batch.end_row();
        self.read(&batch.finish())
    }

    /// The first row of a batch of this thread's own.
    pub fn read(&self, batch: &Finished) -> Result<Box<dyn Any>, CodecError> {
        with_shapes(|shapes| (self.decode)(&mut batch.reader(), &*shapes))
    }

    /// A row that is about to be changed, as what it has been read from may have been: with the other names of its fields, where there are
    /// any. What is stored under one of these goes: the field is written under its own.
    pub fn encode_read(&self, row: &dyn Any) -> Option<Batch> {
        if self.aliases.is_empty() {
            return None;
        }
        let mut batch = Batch::default();
        let encoded = with_shapes(|shapes| {
            shapes.besides = self.aliases;
            let encoded = (self.encode)(row, self.forms, &mut batch, shapes);
            shapes.besides = &[];
            encoded
        });
        encoded.is_ok().then_some(batch)
    }

    pub fn encode(&self, row: &dyn Any, batch: &mut Batch) -> Result<(), CodecError> {
        with_shapes(|shapes| (self.encode)(row, self.forms, batch, shapes))
    }
}

/// What a change of one row answers: the row as it is now. What lies above the storage may make another one of it.
pub(crate) struct Written {
    pub key: AnyKey,
    pub row: Box<dyn Any>,
    pub row_type: RowType,
}

impl Written {
    pub fn typed<T: 'static>(self) -> Option<T> {
        self.row.downcast().ok().map(|row| *row)
    }

    /// The row as it is in this batch.
    pub fn read(&mut self, table: &str, batch: &Finished) -> Result<()> {
        self.row = self.row_type.read(batch).map_err(|error| Error::decode(table, Some(self.key.clone()), error))?;
        Ok(())
    }
}

impl std::fmt::Debug for RowType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RowType")
    }
}
