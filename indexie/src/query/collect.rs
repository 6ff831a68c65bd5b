//! Rows that are decoded as they come. Called by the reading terminals, and by the storage while it is still reading.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use super::Execution;
use serde::de::DeserializeOwned;

use crate::codec::{CodecError, Decoded, Known, Reader, from_value, key_by, skip};
use crate::engine::unexpected;
use crate::error::Result;
use crate::key::AnyKey;
use crate::storage::{Columns, RowReader, Sink};

/// What a read has found so far. It does not know the type of the rows, and is in a program once.
#[derive(Clone)]
pub(crate) struct Collector {
    next: Next,
    /// Absent while rows are being decoded, which is work for code of the app.
    state: Rc<RefCell<Option<Result<Collected, MisfitRow>>>>,
}

struct Collected {
    /// A vector of their type.
    rows: Box<dyn Any>,
    /// How many rows have been decoded, whether they were kept or not.
    seen: usize,
}

/// How the next row gets into the vector.
#[derive(Clone, Copy)]
enum Next {
    Passing(Push),
    Each(Each),
}

/// Decodes a row into the vector, if it is one to be kept. So many more may follow. For each type of rows there is code for this in a
/// program, so it is little.
pub(crate) type Push = fn(&mut dyn Any, &mut Reader<'_>, &dyn Known, usize, &dyn Fn(&dyn Any) -> bool) -> Decoded<()>;

/// Decodes the next row into the vector, or that there is none for a key; or comes to the end.
pub(crate) type Each = fn(&Execution, &mut dyn Any, &mut RowReader<'_>, &dyn Known) -> Option<Decoded<()>>;

/// The [`Push`] of a vector of this type.
pub(crate) fn push_row<T: DeserializeOwned + 'static>(
    rows: &mut dyn Any,
    reader: &mut Reader<'_>,
    shapes: &dyn Known,
    more: usize,
    keeps: &dyn Fn(&dyn Any) -> bool,
) -> Decoded<()> {
    let row = from_value::<T>(reader, shapes)?;
    if keeps(&row)
        && let Some(rows) = vec_of(rows, more)
    {
        rows.push(row);
    }
    Ok(())
}

/// The vector that is filled, with room for one more, or for so many.
pub(crate) fn vec_of<T: 'static>(rows: &mut dyn Any, more: usize) -> Option<&mut Vec<T>> {
    let rows = rows.downcast_mut::<Vec<T>>()?;
    if rows.len() == rows.capacity() {
        rows.reserve(more.max(1));
    }
    Some(rows)
}

/// The vector that has been filled.
pub(crate) fn typed_vec<T: 'static>(rows: Box<dyn Any>) -> Result<Vec<T>> {
    rows.downcast().map(|rows| *rows).map_err(|_| unexpected())
}

/// A row that does not decode.
pub(crate) struct MisfitRow {
    /// Behind so many others, whether they were kept or not.
    pub at: usize,
    pub key: Option<AnyKey>,
    pub error: CodecError,
}

impl Collector {
    /// Of the rows that pass the filters.
    pub fn of_rows<T: DeserializeOwned + 'static>() -> Self {
        Self::into(Next::Passing(push_row::<T>), Box::<Vec<T>>::default())
    }

    /// Of all that `next` decodes into a vector of this type.
    pub fn new<T: 'static>(next: Each) -> Self {
        Self::into(Next::Each(next), Box::<Vec<T>>::default())
    }

    fn into(next: Next, rows: Box<dyn Any>) -> Self {
        Self { next, state: Rc::new(RefCell::new(Some(Ok(Collected { rows, seen: 0 })))) }
    }

    /// Takes rows that come before the others.
    pub fn sink(&self, execution: Rc<Execution>) -> Sink {
        let this = self.clone();
        Sink(Rc::new(move |columns| this.take(&execution, columns)))
    }

    /// Decodes the rows of these columns, unless one before them did not fit.
    pub fn take(&self, execution: &Execution, columns: &Columns) {
        let shapes = columns.shapes.borrow();
        self.read(execution, columns, columns.open(&*shapes).rows, &*shapes);
    }

    /// The same for who has opened the columns for their keys.
    pub fn read(&self, execution: &Execution, columns: &Columns, mut reader: RowReader<'_>, shapes: &dyn Known) {
        let Some(state) = self.state.take() else { return };
        let state = state.and_then(|Collected { mut rows, mut seen }| {
            let before = seen;
            let mut next = || match self.next {
                Next::Passing(push) => {
                    let more = reader.left();
                    let passes = |row: &dyn Any| execution.spec.passes(row);
                    let row = reader.next(|reader| push(&mut *rows, reader, shapes, more, &passes))?;
                    Some(row.map(|_| ()))
                }
                Next::Each(each) => each(execution, &mut *rows, &mut reader, shapes),
            };
            while let Some(row) = next() {
                if let Err(error) = row {
                    return Err(MisfitRow { at: seen, key: key_of(execution, columns, seen - before), error });
                }
                seen += 1;
            }
            Ok(Collected { rows, seen })
        });
        self.state.replace(Some(state));
    }

    /// All rows.
    pub fn done(&self, execution: &Execution) -> Result<Box<dyn Any>> {
        self.tried()?.map_err(|MisfitRow { key, error, .. }| execution.undecodable(error, key))
    }

    /// The same, for who knows the rows' keys.
    pub fn tried(&self) -> Result<Result<Box<dyn Any>, MisfitRow>> {
        let state = self.state.take().ok_or_else(unexpected)?;
        Ok(state.map(|collected| collected.rows))
    }
}

/// The primary key of a row: where it does not come with the row, as the row itself tells it.
fn key_of(execution: &Execution, columns: &Columns, row: usize) -> Option<AnyKey> {
    let shapes = columns.shapes.borrow();
    if columns.want.primary_keys {
        return columns.primary_keys().into_iter().nth(row);
    }
    let mut rows = columns.open(&*shapes).rows;
    for _ in 0..row {
        // Walks over the rows before it.
        let _ = rows.next(|reader| {
            let tag = reader.int();
            skip(reader, &*shapes, tag);
            Ok(())
        })?;
    }
    let path = execution.session.shared.schema(execution.store).key.path;
    rows.next(|reader| Ok(key_by(reader, &*shapes, path)))?.ok()??
}
