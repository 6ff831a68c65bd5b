//! `RowKind`: what a sync can do with the rows of a table without knowing their type.

use std::any::Any;

use super::columns::Columns;
use super::decode::{self, ColumnError};
use super::error::SyncError;
use crate::codec::{Batch, Misfit, with_shapes, write_row};
use crate::engine::RowType;
use crate::error::Error;
use crate::key::{AnyKey, FieldForm};
use crate::names::fields;
use crate::schema::KeyPath;
use crate::store::Store;

#[derive(Clone, Copy, Debug)]
pub(super) struct RowKind {
    pub table: &'static str,
    pub store: u16,
    pub path: KeyPath,
    pub row_type: RowType,
    forms: &'static [FieldForm],
    write: fn(&str, &Columns, &mut Batch) -> Result<Option<AnyKey>, Unfit>,
    patch: fn(&mut dyn Any, &str, &Columns) -> Result<(), ColumnError>,
    fields: fn() -> Option<&'static [&'static str]>,
}

/// Why a row cannot be stored.
enum Unfit {
    Column(ColumnError),
    /// The record cannot be stored: where in it, and why.
    Row(String, String),
}

impl RowKind {
    pub fn of<T: Store>(table: &'static str, store: u16) -> Self {
        Self {
            table,
            store,
            path: T::SCHEMA.key.path,
            row_type: RowType::of::<T>(),
            forms: T::FIELDS,
            write: |json, columns, batch| {
                let row: T = decode::row(json, columns).map_err(Unfit::Column)?;
                let key = row.entry(0).0.map_err(|error| Unfit::Row(T::SCHEMA.key.path.text(), error.to_string()))?;
                let written = with_shapes(|shapes| write_row(batch, shapes, T::FIELDS, &row));
                written.map_err(|error| {
                    let Misfit { path, message } = error.into_misfit();
                    Unfit::Row(path.into_iter().next().unwrap_or_default(), message)
                })?;
                Ok(key.single())
            },
            patch: |row, json, columns| {
                let Some(row) = row.downcast_mut::<T>() else { return Ok(()) };
                *row = decode::patched(row, json, columns)?;
                Ok(())
            },
            fields: fields::<T>,
        }
    }

    /// The columns that fields of the record are filled from, if it tells.
    pub fn fields(&self, columns: &Columns) -> Option<Vec<String>> {
        let fields = (self.fields)()?.iter().filter(|field| columns.get(field).is_some());
        Some(fields.map(|field| (*field).to_owned()).collect())
    }

    /// Whether rows are stored under a key that they do not hold.
    pub fn is_outbound(&self) -> bool {
        self.path == KeyPath::None
    }

    /// The key of a row, of which some columns may be missing. `name` is what the server calls the row.
    pub fn key(&self, name: &str, json: &str, columns: &Columns) -> Result<AnyKey, Error> {
        let key = if self.is_outbound() {
            // Without a primary key, rows are told apart by what the server calls them.
            decode::outside_key(json, columns).map(|key| Some(key.unwrap_or_else(|| name.into())))
        } else {
            decode::key(json, columns, self.path, self.forms)
        };
        let key = key.map_err(|error| self.unfit(None, error))?;
        key.ok_or_else(|| {
            let message = format!(
                "the server names changed rows by its own primary key ({}), and the table's is `{}`: make them the same, or ask \
                 for whole rows with `replica(Replica::Full)`",
                columns.primary_key().iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", "),
                self.path.text()
            );
            self.error(SyncError::Protocol { message })
        })
    }

    /// Appends a whole row, which has this key, to those that are to be written.
    pub fn write(&self, key: &AnyKey, json: &str, columns: &Columns, batch: &mut Batch) -> Result<(), Error> {
        let own = (self.write)(json, columns, batch).map_err(|unfit| match unfit {
            Unfit::Column(error) => self.unfit(Some(key.clone()), error),
            Unfit::Row(column, message) => {
                let value = text(json, &column);
                self.unfit(Some(key.clone()), ColumnError { column, value, message })
            }
        })?;
        if self.is_outbound() || own.as_ref() == Some(key) {
            return Ok(());
        }
        // It would be stored where nothing finds it again.
        let own = own.map_or_else(|| "none".to_owned(), |own| own.to_string());
        let message = format!("the columns of row {key} make a record whose key is {own}");
        Err(self.error(SyncError::Protocol { message }))
    }

    /// Changes some columns of a row.
    pub fn patch(&self, key: &AnyKey, row: &mut dyn Any, json: &str, columns: &Columns) -> Result<(), Error> {
        (self.patch)(row, json, columns).map_err(|error| self.unfit(Some(key.clone()), error))
    }

    fn unfit(&self, key: Option<AnyKey>, error: ColumnError) -> Error {
        let ColumnError { column, value, message } = error;
        self.error(SyncError::Column { key, column, value, message })
    }

    pub fn error(&self, reason: SyncError) -> Error {
        Error::Sync { table: self.table.to_owned(), reason }
    }
}

/// The text of a column, for messages.
fn text(json: &str, column: &str) -> Option<String> {
    let row: serde_json::Value = serde_json::from_str(json).ok()?;
    row.get(column)?.as_str().map(str::to_owned)
}
