//! Read, change, write back: what `update`, `upsert`, `bulk_update` and `modify` have in common. Untyped.

use std::any::Any;

use futures::future::{FutureExt, LocalBoxFuture};

use crate::codec::{Batch, key_by, with_shapes};
use crate::engine::{RowType, Session};
use crate::error::{Error, Result};
use crate::key::AnyKey;
use crate::schema::KeyPath;
use crate::storage::{Columns, Merge, Move, Operation, Want};

/// What became of the rows.
pub(crate) struct Change {
    /// In the order of the keys; none where there is no row.
    pub rows: Vec<Option<Box<dyn Any>>>,
    /// How many are different now.
    pub changed: usize,
}

/// Changes the rows of these keys, all of them or none. Runs inside a transaction, or the rows could change in between.
/// Errors that concern a row carry the position of its key.
pub(crate) fn change<'a>(
    session: &'a Session,
    store: u16,
    row_type: RowType,
    keys: Vec<AnyKey>,
    apply: &'a mut dyn FnMut(usize, &mut dyn Any),
) -> LocalBoxFuture<'a, Result<Change>> {
    async move {
        let taken = Taken::by_keys(session, store, keys).await?;
        change_taken(session, store, row_type, taken, apply).await
    }
    .boxed_local()
}

/// Changes rows that have been read, all of them or none.
pub(crate) fn change_taken<'a>(
    session: &'a Session,
    store: u16,
    row_type: RowType,
    taken: Taken,
    apply: &'a mut dyn FnMut(usize, &mut dyn Any),
) -> LocalBoxFuture<'a, Result<Change>> {
    async move {
        let mut changes = Changes::of(session, store, row_type, taken, Moves::Together, apply)?;
        let count = changes.staying.positions.len();
        changes.staying.write(session, store).await?;
        Ok(Change { rows: changes.rows, changed: count })
    }
    .boxed_local()
}

/// The same for one part of many rows, but rows that get another key only leave their place: they are to be written once
/// the last part is done, when all that move have made room for one another.
pub(crate) async fn change_part(
    session: &Session,
    store: u16,
    row_type: RowType,
    taken: Taken,
    apply: &mut dyn FnMut(usize, &mut dyn Any),
) -> Result<(usize, Option<Written>)> {
    let Changes { mut staying, mut moving, leaving, .. } =
        Changes::of(session, store, row_type, taken, Moves::Later, apply)?;
    let changed = staying.positions.len() + moving.positions.len();
    if leaving.is_empty() {
        staying.write(session, store).await?;
        return Ok((changed, None));
    }
    moving.parked = Some(Taken::by_keys(session, store, leaving.clone()).await?.parked);
    staying.write(session, store).await?;
    session.run(store, None, Operation::Delete(leaving)).await?;
    Ok((changed, Some(moving)))
}

/// What happens to rows whose key has changed.
#[derive(Clone, Copy, PartialEq)]
enum Moves {
    /// They are written with the others.
    Together,
    /// They are set apart.
    Later,
}

/// Rows that the storage keeps until they have been merged.
struct Parked {
    session: Session,
    id: u32,
    armed: bool,
}

impl Parked {
    fn new(session: &Session, id: u32) -> Self {
        Self { session: session.clone(), id, armed: true }
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        if self.armed {
            self.session.unpark(self.id);
        }
    }
}

/// Rows that are to be changed, with their keys. The storage has kept them.
pub(crate) struct Taken {
    keys: Vec<AnyKey>,
    columns: Columns,
    parked: Parked,
}

impl Taken {
    pub async fn by_keys(session: &Session, store: u16, keys: Vec<AnyKey>) -> Result<Self> {
        let columns = if keys.is_empty() {
            Columns::empty(Want::ROWS)
        } else {
            session.columns(store, None, Operation::Get { keys: keys.clone(), park: true }).await?
        };
        Ok(Self { keys, parked: Parked::new(session, columns.parked), columns })
    }

    /// What a scan has brought that wanted [`Want::PARKED`].
    pub fn found(session: &Session, columns: Columns) -> Self {
        Self { keys: columns.primary_keys(), parked: Parked::new(session, columns.parked), columns }
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }
}

/// Changed rows, as the storage is to write them.
#[derive(Default)]
pub(crate) struct Written {
    parked: Option<Parked>,
    batch: Batch,
    /// Of the rows, among those that were looked at.
    positions: Vec<usize>,
}

impl Written {
    fn push(&mut self, parked_at: usize, at: usize, key: &AnyKey, moves: Move, [before, after]: [&Batch; 2]) {
        let batch = &mut self.batch;
        Merge::begin_change(batch, parked_at, key, moves);
        batch.append_row(before);
        batch.append_row(after);
        self.positions.push(at);
    }

    /// Writes the rows, all of them or none.
    pub async fn write(&mut self, session: &Session, store: u16) -> Result<()> {
        let Some(mut parked) = self.parked.take().filter(|_| !self.positions.is_empty()) else { return Ok(()) };
        let changes = std::mem::take(&mut self.batch).finish();
        let merge = Merge { parked: parked.id, changes, count: self.positions.len() };
        // Where nobody waits for it any more, the merge goes on and needs them. It lets go of them itself, once it begins.
        parked.armed = false;
        let merged = session.run(store, None, Operation::Merge(merge)).await;
        parked.armed = true;
        merged.map(|_| ()).map_err(|error| match error.row().and_then(|at| self.positions.get(at)) {
            Some(position) => error.at_row(*position),
            None => error,
        })
    }
}

struct Changes {
    rows: Vec<Option<Box<dyn Any>>>,
    staying: Written,
    moving: Written,
    /// The keys that rows leave which are set apart.
    leaving: Vec<AnyKey>,
}

impl Changes {
    /// Changes the rows.
    fn of(
        session: &Session,
        store: u16,
        row_type: RowType,
        Taken { keys, columns, parked }: Taken,
        moves: Moves,
        apply: &mut dyn FnMut(usize, &mut dyn Any),
    ) -> Result<Self> {
        let mut changes = Self {
            rows: Vec::with_capacity(keys.len()),
            staying: Written { parked: Some(parked), ..Written::default() },
            moving: Written::default(),
            leaving: Vec::new(),
        };
        changes.collect(session, store, row_type, &keys, &columns, moves, apply)?;
        Ok(changes)
    }

    #[allow(clippy::too_many_arguments, reason = "one loop, and all that it needs")]
    fn collect(
        &mut self,
        session: &Session,
        store: u16,
        row_type: RowType,
        keys: &[AnyKey],
        columns: &Columns,
        moves: Moves,
        apply: &mut dyn FnMut(usize, &mut dyn Any),
    ) -> Result<()> {
        let table = session.shared.table_name(store);
        let encode = |row: &dyn Any, at: usize| {
            let mut batch = Batch::default();
            row_type.encode(row, &mut batch).map(|()| batch).map_err(|error| Error::encode(table, Some(at), error))
        };
        let path = session.shared.schema(store).key.path;
        let shapes = columns.shapes.borrow();
        let mut rows = columns.open(&*shapes).rows;
        for (at, key) in keys.iter().enumerate() {
            let row = rows.next(|reader| (row_type.decode)(reader, &*shapes)).transpose();
            let row = row.map_err(|error| Error::decode(table, Some(key.clone()), error))?;
            let Some(mut row) = row.flatten() else {
                self.rows.push(None);
                continue;
            };
            let before = encode(&*row, at)?;
            apply(at, &mut *row);
            let after = encode(&*row, at)?;
            if before != after {
                let leaves = match row_type.entry {
                    Some(entry) => entry(&*row, 0).single().is_some_and(|new_key| new_key != *key),
                    None => own_key(&before, path) != own_key(&after, path),
                };
                match (leaves, moves) {
                    (false, _) => self.staying.push(at, at, key, Move::Stays, [&before, &after]),
                    (true, Moves::Together) => self.staying.push(at, at, key, Move::Moves, [&before, &after]),
                    (true, Moves::Later) => {
                        self.moving.push(self.leaving.len(), at, key, Move::HasLeft, [&before, &after]);
                        self.leaving.push(key.clone());
                    }
                }
            }
            self.rows.push(Some(row));
        }
        Ok(())
    }
}

/// The primary key that a row of a type that does not know its keys carries, if that is part of the type.
pub(super) fn own_key(row: &Batch, path: KeyPath) -> Option<AnyKey> {
    let row = row.clone().finish();
    with_shapes(|shapes| key_by(&row.reader(), &*shapes, path))
}
