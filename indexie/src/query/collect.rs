//! Rows that are decoded as they come. Called by the reading terminals, and by the storage while it is still reading.

use std::cell::RefCell;
use std::rc::Rc;

use super::Execution;
use crate::codec::{CodecError, Decoded, Known, key_by, skip};
use crate::engine::unexpected;
use crate::error::Result;
use crate::key::AnyKey;
use crate::storage::{Columns, RowReader, Sink};

/// What a read has found so far.
pub(crate) struct Collector<T> {
    execution: Rc<Execution>,
    /// Decodes the next row, or comes to the end.
    next: Next<T>,
    /// Absent while rows are being decoded, which is work for code of the app.
    state: Rc<RefCell<Option<Rows<T>>>>,
}

type Rows<T> = Result<Collected<T>, Misfit>;

struct Collected<T> {
    rows: Vec<T>,
    /// How many rows have been decoded, whether they were kept or not.
    seen: usize,
}

pub(crate) type Next<T> = fn(&Execution, &mut Vec<T>, &mut RowReader<'_>, &dyn Known) -> Option<Decoded<()>>;

/// A row that does not decode.
#[derive(Clone)]
pub(crate) struct Misfit {
    /// Behind so many others, whether they were kept or not.
    pub at: usize,
    pub key: Option<AnyKey>,
    pub error: CodecError,
}

impl<T: 'static> Collector<T> {
    pub fn new(execution: &Execution, next: Next<T>) -> Self {
        let execution = Rc::new(execution.clone());
        Self { execution, next, state: Rc::new(RefCell::new(Some(Ok(Collected { rows: Vec::new(), seen: 0 })))) }
    }

    /// Takes rows that come before the others.
    pub fn sink(&self) -> Sink {
        let this = Self { execution: self.execution.clone(), next: self.next, state: self.state.clone() };
        Sink(Rc::new(move |columns| this.take(columns)))
    }

    /// Decodes these rows, unless one before them did not fit.
    pub fn take(&self, columns: &Columns) {
        let Some(state) = self.state.take() else { return };
        let state = state.and_then(|Collected { mut rows, mut seen }| {
            let shapes = columns.shapes.borrow();
            let mut reader = columns.open(&*shapes).rows;
            rows.reserve(reader.left());
            let before = seen;
            while let Some(row) = (self.next)(&self.execution, &mut rows, &mut reader, &*shapes) {
                if let Err(error) = row {
                    return Err(Misfit { at: seen, key: key_of(&self.execution, columns, seen - before), error });
                }
                seen += 1;
            }
            Ok(Collected { rows, seen })
        });
        self.state.replace(Some(state));
    }

    /// All rows.
    pub fn done(&self) -> Result<Vec<T>> {
        self.tried()?.map_err(|Misfit { key, error, .. }| self.execution.undecodable(error, key))
    }

    /// The same, for who knows the rows' keys.
    pub fn tried(&self) -> Result<Result<Vec<T>, Misfit>> {
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
