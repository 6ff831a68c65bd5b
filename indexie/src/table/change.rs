//! Read, change, write back: what `update`, `upsert`, `bulk_update` and `modify` have in common. Untyped.

use std::any::Any;
use std::cell::Cell;
use std::rc::Rc;

use futures::future::{FutureExt, LocalBoxFuture};

use super::ahead::OneAhead;
use crate::codec::{Batch, Known, key_by, with_shapes};
use crate::engine::{KeyFor, RowType, Session};
use crate::error::{Error, Result};
use crate::key::AnyKey;
use crate::schema::KeyPath;
use crate::storage::{Columns, Merge, Move, Operation, RowReader, Undone, Want};

/// Of a change of many rows: so many are written while the next ones are being changed.
const WRITTEN_AHEAD: usize = 128;

/// Changes a row, whatever its type is; a number comes before it, which says what row it is, or what change.
pub(crate) type Apply = Box<dyn FnMut(usize, &mut dyn Any)>;

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
        let Taken { keys, columns, parked } = taken;
        let mut changes = Changes::of(session, store, row_type, Moves::Together, parked);
        let shapes = columns.shapes.borrow();
        let mut reader = columns.open(&*shapes).rows;
        let mut rows = Vec::with_capacity(keys.len());
        for (at, key) in keys.iter().enumerate() {
            rows.push(changes.row(at, key, &mut reader, &*shapes, apply)?);
        }
        changes.staying.write(session, store, Undone::Alone).await?;
        Ok(Change { rows, changed: changes.count })
    }
    .boxed_local()
}

/// The same for one part of many rows, but rows that get another key only leave their place: they are to be written once
/// the last part is done, when all that move have made room for one another. There were so many rows `before`.
///
/// With `ahead`, where all is undone if something fails, rows are written while the next ones are being changed.
pub(super) fn change_part<'a>(
    session: &'a Session,
    store: u16,
    row_type: RowType,
    taken: Taken,
    before: usize,
    apply: &'a mut dyn FnMut(usize, &mut dyn Any),
    mut ahead: Option<&'a mut OneAhead<()>>,
) -> LocalBoxFuture<'a, Result<(usize, Option<Written>)>> {
    async move {
        let Taken { keys, columns, parked } = taken;
        let mut changes = Changes::of(session, store, row_type, Moves::Later, parked);
        let shapes = columns.shapes.borrow();
        let mut reader = columns.open(&*shapes).rows;
        for (at, key) in (before..).zip(&keys) {
            changes.row(at, key, &mut reader, &*shapes, apply)?;
            if let Some(ahead) = &mut ahead
                && changes.staying.positions.len() == WRITTEN_AHEAD
            {
                ahead.next(changes.staying.begin(session, store)).await?;
            }
        }
        let Changes { mut staying, mut moving, leaving, count, .. } = changes;
        if !leaving.is_empty() {
            moving.parked = Some(Taken::by_keys(session, store, leaving.clone()).await?.parked);
        }
        match ahead {
            Some(ahead) if !staying.positions.is_empty() => {
                ahead.next(staying.begin(session, store)).await?;
            }
            Some(_) => {}
            None => staying.write(session, store, Undone::Alone).await?,
        }
        if leaving.is_empty() {
            return Ok((count, None));
        }
        session.run(store, None, Operation::Delete(leaving)).await?;
        Ok((count, Some(moving)))
    }
    .boxed_local()
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
    armed: Cell<bool>,
}

impl Parked {
    fn new(session: &Session, id: u32) -> Rc<Self> {
        Rc::new(Self { session: session.clone(), id, armed: Cell::new(true) })
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        if self.armed.get() {
            self.session.unpark(self.id);
        }
    }
}

/// Rows that are to be changed, with their keys. The storage has kept them.
pub(crate) struct Taken {
    keys: Vec<AnyKey>,
    columns: Columns,
    parked: Rc<Parked>,
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

    pub fn keys(&self) -> &[AnyKey] {
        &self.keys
    }

    /// About how many bytes they take.
    pub fn size(&self) -> usize {
        self.columns.size()
    }
}

/// Changed rows, as the storage is to write them.
#[derive(Default)]
pub(super) struct Written {
    parked: Option<Rc<Parked>>,
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

    /// The write of the rows that are there now, as a part.
    fn begin(&mut self, session: &Session, store: u16) -> LocalBoxFuture<'static, Result<()>> {
        let (batch, positions) = (std::mem::take(&mut self.batch), std::mem::take(&mut self.positions));
        let (mut part, session) = (Self { parked: self.parked.clone(), batch, positions }, session.clone());
        async move { part.write(&session, store, Undone::AsPart).await }.boxed_local()
    }

    /// Writes the rows, all of them or none.
    pub async fn write(&mut self, session: &Session, store: u16, undone: Undone) -> Result<()> {
        let Some(parked) = self.parked.take().filter(|_| !self.positions.is_empty()) else { return Ok(()) };
        let changes = std::mem::take(&mut self.batch).finish();
        let merge = Merge { parked: parked.id, changes, count: self.positions.len(), undone };
        // Where nobody waits for it any more, a merge of its own goes on and needs them. It lets go of them itself, once it
        // begins.
        parked.armed.set(undone == Undone::AsPart);
        let merged = session.run(store, None, Operation::Merge(merge)).await;
        parked.armed.set(true);
        merged.map(|_| ()).map_err(|error| match error.row().and_then(|at| self.positions.get(at)) {
            Some(position) => error.at_row(*position),
            None => error,
        })
    }
}

struct Changes<'a> {
    session: &'a Session,
    store: u16,
    row_type: RowType,
    moves: Moves,
    /// How many rows of those that the storage has kept were looked at.
    looked_at: usize,
    staying: Written,
    moving: Written,
    /// The keys that rows leave which are set apart.
    leaving: Vec<AnyKey>,
    /// How many rows are different now.
    count: usize,
}

impl<'a> Changes<'a> {
    fn of(session: &'a Session, store: u16, row_type: RowType, moves: Moves, parked: Rc<Parked>) -> Self {
        let staying = Written { parked: Some(parked), ..Written::default() };
        let (moving, leaving) = (Written::default(), Vec::new());
        Self { session, store, row_type, moves, looked_at: 0, staying, moving, leaving, count: 0 }
    }

    /// Changes the next row, the one at this position; none where there is none for its key.
    fn row(
        &mut self,
        at: usize,
        key: &AnyKey,
        rows: &mut RowReader<'_>,
        shapes: &dyn Known,
        apply: &mut dyn FnMut(usize, &mut dyn Any),
    ) -> Result<Option<Box<dyn Any>>> {
        let Self { session, store, row_type, .. } = *self;
        let table = session.shared.table_name(store);
        let encode = |row: &dyn Any| {
            let mut batch = Batch::default();
            let encoded = row_type.encode(row, &mut batch);
            encoded.map(|()| batch).map_err(|error| Error::encode(table, Some(key.clone()), Some(at), error))
        };
        let parked_at = self.looked_at;
        self.looked_at += 1;
        let row = rows.next(|reader| (row_type.decode)(reader, shapes)).transpose();
        let row = row.map_err(|error| Error::decode(table, Some(key.clone()), error))?;
        let Some(mut row) = row.flatten() else { return Ok(None) };
        let before = encode(&*row)?;
        let read = row_type.encode_read(&*row);
        apply(at, &mut *row);
        let after = encode(&*row)?;
        if before != after {
            self.count += 1;
            let path = session.shared.schema(store).key.path;
            let new_key = match row_type.entry {
                Some(entry) => entry(&*row, 0).single(),
                None => own_key(&after, path),
            };
            let leaves = match row_type.entry {
                Some(_) => new_key.as_ref().is_some_and(|new_key| new_key != key),
                None => own_key(&before, path) != new_key,
            };
            if leaves {
                session.admit_keys(store, new_key.as_slice(), KeyFor::Storing).map_err(|error| error.at_row(at))?;
            }
            let rows = [read.as_ref().unwrap_or(&before), &after];
            match (leaves, self.moves) {
                (false, _) => self.staying.push(parked_at, at, key, Move::Stays, rows),
                (true, Moves::Together) => self.staying.push(parked_at, at, key, Move::Moves, rows),
                (true, Moves::Later) => {
                    self.moving.push(self.leaving.len(), at, key, Move::HasLeft, rows);
                    self.leaving.push(key.clone());
                }
            }
        }
        Ok(Some(row))
    }
}

/// The primary key that a row of a type that does not know its keys carries, if that is part of the type.
pub(super) fn own_key(row: &Batch, path: KeyPath) -> Option<AnyKey> {
    let row = row.clone().finish();
    with_shapes(|shapes| key_by(&row.reader(), &*shapes, path))
}
