//! Landing: what a layer has pending is stored, in a transaction. All of it, or the transaction fails.
//! Called by `over`; calls the storage.

use super::layer::{Entry, Layer, rekeyed, same};
use super::merged::Below;
use crate::codec::{Batch, Finished};
use crate::engine::{Session, Shared};
use crate::error::{Error, Result};
use crate::key::AnyKey;
use crate::order;
use crate::schema::StoreSchema;
use crate::storage::memory::evaluator::{Object, Path, Row, Value, merge, put_of, write_row};
use crate::storage::{Merge, Move, Operation, Reply, Undone, Write};

/// A row that has been stored, or is gone.
#[derive(Clone, Debug)]
pub(super) struct Landed {
    /// The key that it had in the layer.
    pub pending: AnyKey,
    pub key: AnyKey,
    pub old: Option<Row>,
    pub new: Option<Row>,
    pub sequence: u64,
}

/// What becomes of a change whose row is another one than the layer found.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meets {
    /// Nothing is stored.
    Refuse,
    /// It is written over that.
    Overwrite,
    /// It is put on top of that.
    Rebase,
}

/// A change that is to be stored.
struct Due<'a> {
    key: &'a AnyKey,
    entry: Entry,
    /// What is stored now.
    current: Option<Row>,
    /// Where the storage keeps that.
    parked_at: usize,
    leaves: bool,
}

/// Looks whether rows that a layer is about are others than those that it found.
pub(super) async fn check(session: &Session, store: u16, layer: &Layer) -> Result<()> {
    let keys: Vec<AnyKey> = checked(layer).map(|(key, _)| key.clone()).collect();
    let current = Below { session, store }.get(keys).await?;
    for ((key, entry), current) in checked(layer).zip(current) {
        refuse(session, store, key, entry, current.as_ref())?;
    }
    Ok(())
}

fn checked(layer: &Layer) -> impl Iterator<Item = (&AnyKey, &Entry)> {
    layer.entries().iter().filter(|(_, entry)| !entry.is_temporary() && entry.is_change())
}

fn refuse(session: &Session, store: u16, key: &AnyKey, entry: &Entry, current: Option<&Row>) -> Result<()> {
    if !is_sand(entry, current) && (entry.forced || same(entry.beneath.as_ref(), current)) {
        return Ok(());
    }
    Err(conflict(&session.shared, store, key))
}

pub(super) fn conflict(shared: &Shared, store: u16, key: &AnyKey) -> Error {
    Error::Conflict { table: shared.table_name(store).to_owned(), key: key.clone() }
}

/// Stores what a layer has pending.
pub(super) async fn land(session: &Session, store: u16, layer: &Layer, meets: Meets) -> Result<Vec<Landed>> {
    let schema = session.shared.schema(store);
    let keys: Vec<AnyKey> = checked(layer).map(|(key, _)| key.clone()).collect();
    let (rows, parked) = Below { session, store }.get_parked(keys, true).await?;
    let mut kept = Kept { session, parked };
    let mut due: Vec<Due<'_>> = checked(layer)
        .zip(rows)
        .enumerate()
        .map(|(parked_at, ((key, entry), current))| Due {
            key,
            entry: entry.clone(),
            current,
            parked_at,
            leaves: false,
        })
        .collect();
    for Due { key, entry, current, .. } in &mut due {
        // Of a table that follows the server it may be the same row, and come sooner than the server's answer. Of others too, if it is
        // that to the letter.
        if entry.is_foreign_key()
            && current.is_some()
            && !matches!(meets, Meets::Rebase)
            && !same(current.as_ref(), entry.now.as_ref())
        {
            let table = session.shared.table_name(store).to_owned();
            return Err(Error::Constraint { table, index: None, key: Some(key.clone()), row: None });
        }
        let is_sand = is_sand(entry, current.as_ref());
        match meets {
            // What has never been stored may go, and cannot be written over.
            Meets::Overwrite if !is_sand || entry.now.is_none() => {}
            Meets::Rebase if !is_sand => entry.rebase(current.as_ref()),
            Meets::Refuse | Meets::Overwrite | Meets::Rebase => {
                refuse(session, store, key, entry, current.as_ref())?;
            }
        }
    }
    due.retain(|due| due.entry.is_change());
    order::sort_by(&mut due, |a, b| a.entry.sequence.cmp(&b.entry.sequence));
    make_room(&schema, layer, &mut due);
    delete(session, store, &due).await?;
    let (changes, rows): (Vec<&Due<'_>>, Vec<&Due<'_>>) =
        due.iter().filter(|due| due.entry.now.is_some()).partition(|due| due.is_change());
    if !changes.is_empty() {
        let (count, undone) = (changes.len(), Undone::Alone);
        let merge = Merge { parked, changes: changed(&schema, &changes), count, undone };
        // It lets go of the rows itself.
        kept.parked = 0;
        session.run_below(store, None, Operation::Merge(merge)).await.map_err(Error::of_one_row)?;
    }
    drop(kept);
    let mut landed: Vec<Landed> = due.iter().map(Due::landed).collect();
    put(session, store, &schema, rows).await?;
    landed.extend(add(session, store, &schema, layer).await?);
    order::sort_by(&mut landed, |a, b| a.sequence.cmp(&b.sequence));
    Ok(landed)
}

/// Whether it is built on a row that was pending beneath, and has never been stored: there is nothing to put it on.
fn is_sand(entry: &Entry, current: Option<&Row>) -> bool {
    entry.is_on_sand() && current.is_none()
}

/// Rows that the storage keeps for a merge, unless that has them.
struct Kept<'a> {
    session: &'a Session,
    parked: u32,
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        if self.parked != 0 {
            self.session.unpark(self.parked);
        }
    }
}

impl Due<'_> {
    /// Whether the stored row stays, but for what has changed of it.
    fn is_change(&self) -> bool {
        self.current.is_some() && self.entry.beneath.is_some() && !self.entry.replaced
    }

    fn landed(&self) -> Landed {
        let Entry { beneath, now, .. } = &self.entry;
        let new = match (&self.current, beneath, now) {
            (Some(current), Some(beneath), Some(now)) if self.is_change() => {
                Some(Row::new(merge(current, beneath, (**now).clone())))
            }
            _ => now.clone(),
        };
        let (pending, key) = (self.key.clone(), self.key.clone());
        Landed { pending, key, old: self.current.clone(), new, sequence: self.entry.sequence }
    }
}

/// Rows that change places in a unique index leave before they come back, or they would clash.
fn make_room(schema: &StoreSchema, layer: &Layer, due: &mut [Due<'_>]) {
    let moves = |due: &Due<'_>| match (&due.current, &due.entry.now) {
        (Some(current), Some(now)) => (0..)
            .zip(schema.indexes)
            .any(|(at, index)| index.unique && layer.rows().keys(at, current) != layer.rows().keys(at, now)),
        _ => false,
    };
    if due.iter().filter(|due| moves(due)).count() > 1 {
        for due in due.iter_mut() {
            due.leaves = moves(due);
        }
    }
}

async fn delete(session: &Session, store: u16, due: &[Due<'_>]) -> Result<()> {
    let goes = |due: &&Due<'_>| due.current.is_some() && (due.leaves || due.entry.now.is_none());
    let keys: Vec<AnyKey> = due.iter().filter(goes).map(|due| due.key.clone()).collect();
    if !keys.is_empty() {
        session.run_below(store, None, Operation::Delete(keys)).await?;
    }
    Ok(())
}

fn changed(schema: &StoreSchema, changes: &[&Due<'_>]) -> Finished {
    let outbound = Path::from(schema.key.path) == Path::None;
    let mut batch = Batch::default();
    for due in changes {
        let moves = if due.leaves && !outbound { Move::HasLeft } else { Move::Stays };
        Merge::begin_change(&mut batch, due.parked_at, due.key, moves);
        write_row(&mut batch, Some(&known(due.entry.beneath.as_ref())));
        write_row(&mut batch, Some(&known(due.entry.now.as_ref())));
    }
    batch.finish()
}

/// A row without the properties that no Rust type stands for: those stay as they are stored.
fn known(row: Option<&Row>) -> Row {
    Row::new(match row.map(|row| &**row) {
        Some(Value::Object(object)) => {
            let properties = object.iter().filter(|(_, value)| !is_foreign(value));
            Value::Object(Object::new(properties.map(|(name, value)| (name.clone(), value.clone())).collect()))
        }
        Some(value) => value.clone(),
        None => Value::Null,
    })
}

/// Whether there is something in a value that no Rust type stands for.
fn is_foreign(value: &Value) -> bool {
    match value {
        Value::Other(_) => true,
        Value::Array(elements) => elements.iter().any(is_foreign),
        Value::Object(object) => object.iter().any(|(_, value)| is_foreign(value)),
        _ => false,
    }
}

async fn put(session: &Session, store: u16, schema: &StoreSchema, mut rows: Vec<&Due<'_>>) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    // Those that give up keys come before those that take them.
    order::sort_by(&mut rows, |a, b| a.current.is_none().cmp(&b.current.is_none()));
    let with_keys = Path::from(schema.key.path) == Path::None;
    for due in &rows {
        if let Some(now) = &due.entry.now
            && is_foreign(now)
        {
            return Err(Error::Data {
                table: session.shared.table_name(store).to_owned(),
                key: Some(due.key.clone()),
                row: None,
                message: "the row holds a value that only JavaScript knows, and can be changed but not written anew"
                    .to_owned(),
            });
        }
    }
    let write = put_of(rows.iter().filter_map(|due| Some((due.key, due.entry.now.as_ref()?))), with_keys);
    session.run_below(store, None, Operation::Write(write)).await.map_err(Error::of_one_row).map(|_| ())
}

/// Adds the rows with temporary keys, which get their own now.
async fn add(session: &Session, store: u16, schema: &StoreSchema, layer: &Layer) -> Result<Vec<Landed>> {
    let path = Path::from(schema.key.path);
    let mut added: Vec<(&AnyKey, &Entry, &Row)> = layer
        .entries()
        .iter()
        .filter(|(_, entry)| entry.is_temporary())
        .filter_map(|(key, entry)| Some((key, entry, entry.now.as_ref()?)))
        .collect();
    if added.is_empty() {
        return Ok(Vec::new());
    }
    order::sort_by(&mut added, |(_, a, _), (_, b, _)| a.sequence.cmp(&b.sequence));
    let mut batch = Batch::default();
    for (_, _, row) in &added {
        let mut row = (***row).clone();
        path.remove_key(&mut row);
        write_row(&mut batch, Some(&Row::new(row)));
    }
    let write = Write {
        put: false,
        rows: batch.finish(),
        count: added.len(),
        with_keys: false,
        want_keys: true,
        undone: Undone::Alone,
    };
    let reply = session.run_below(store, None, Operation::Write(write)).await.map_err(Error::of_one_row)?;
    let Reply::Columns(columns) = reply else { return Ok(Vec::new()) };
    let landed = added.into_iter().zip(columns.primary_keys()).map(|((pending, entry, row), key)| {
        let new = rekeyed(&path, row, &key);
        Landed { pending: pending.clone(), key, old: None, new: Some(new), sequence: entry.sequence }
    });
    Ok(landed.collect())
}
