//! Read, change, write back: what `update`, `upsert`, `bulk_update` and `modify` have in common. Untyped.

use std::any::Any;

use crate::codec::{Batch, key_by, tag, with_shapes, write_key};
use crate::engine::{RowType, Session};
use crate::error::{Error, Result};
use crate::key::AnyKey;
use crate::schema::KeyPath;
use crate::storage::{Columns, Merge, Operation};

/// What became of the rows.
pub(crate) struct Change {
    /// In the order of the keys; none where there is no row.
    pub rows: Vec<Option<Box<dyn Any>>>,
    /// How many are different now.
    pub changed: usize,
}

/// Changes the rows of these keys, all of them or none. Runs inside a transaction, or the rows could change in between.
/// Errors that concern a row carry the position of its key.
pub(crate) async fn change(
    session: &Session,
    store: u16,
    row_type: RowType,
    keys: Vec<AnyKey>,
    apply: &mut dyn FnMut(usize, &mut dyn Any),
) -> Result<Change> {
    if keys.is_empty() {
        return Ok(Change { rows: Vec::new(), changed: 0 });
    }
    let operation = Operation::Get { keys: keys.clone(), park: true };
    let columns = session.columns(store, None, operation).await?;
    let parked = columns.parked;
    let changes = match collect(session, store, row_type, &keys, &columns, apply) {
        Ok(changes) if !changes.positions.is_empty() => changes,
        other => {
            session.unpark(parked);
            return other.map(|changes| Change { rows: changes.rows, changed: 0 });
        }
    };
    let Changes { rows, positions, batch } = changes;
    let merge = Merge { parked, changes: batch.finish(), count: positions.len() };
    session.run(store, None, Operation::Merge(merge)).await.map_err(|error| match error {
        Error::Constraint { row: Some(at), .. } | Error::Data { row: Some(at), .. } => match positions.get(at) {
            Some(position) => error.at_row(*position),
            None => error,
        },
        error => error,
    })?;
    Ok(Change { rows, changed: positions.len() })
}

struct Changes {
    rows: Vec<Option<Box<dyn Any>>>,
    /// Of the rows that are different now.
    positions: Vec<usize>,
    batch: Batch,
}

#[allow(clippy::cast_possible_truncation, reason = "wasm memory ends at 2^32")]
fn collect(
    session: &Session,
    store: u16,
    row_type: RowType,
    keys: &[AnyKey],
    columns: &Columns,
    apply: &mut dyn FnMut(usize, &mut dyn Any),
) -> Result<Changes> {
    let table = session.shared.table_name(store);
    let encode = |row: &dyn Any, at: usize| {
        let mut batch = Batch::default();
        row_type.encode(row, &mut batch).map(|()| batch).map_err(|error| Error::encode(table, Some(at), error))
    };
    let path = session.shared.schema(store).key.path;
    let shapes = columns.shapes.borrow();
    let mut rows = columns.open(&*shapes).rows;
    let mut changes = Changes { rows: Vec::with_capacity(keys.len()), positions: Vec::new(), batch: Batch::default() };
    for (at, key) in keys.iter().enumerate() {
        let row = rows.next(|reader| (row_type.decode)(reader, &*shapes)).transpose();
        let row = row.map_err(|error| Error::decode(table, Some(key.clone()), error))?;
        let Some(mut row) = row.flatten() else {
            changes.rows.push(None);
            continue;
        };
        let before = encode(&*row, at)?;
        apply(at, &mut *row);
        let after = encode(&*row, at)?;
        if before != after {
            let moved = match row_type.entry {
                Some(entry) => entry(&*row, 0).single().is_some_and(|new_key| new_key != *key),
                None => own_key(&before, path) != own_key(&after, path),
            };
            let batch = &mut changes.batch;
            batch.int(tag::U32);
            batch.int(at as u32);
            batch.end_row();
            write_key(batch, key);
            batch.end_row();
            batch.int(tag::BOOL);
            batch.int(moved.into());
            batch.end_row();
            batch.append_row(&before);
            batch.append_row(&after);
            changes.positions.push(at);
        }
        changes.rows.push(Some(row));
    }
    Ok(changes)
}

/// The primary key that a row of a type that does not know its keys carries, if that is part of the type.
pub(super) fn own_key(row: &Batch, path: KeyPath) -> Option<AnyKey> {
    let row = row.clone().finish();
    with_shapes(|shapes| key_by(&row.reader(), &*shapes, path))
}
