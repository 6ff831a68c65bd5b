//! The memory as an evaluator: what a write would do to a few rows, and what a read finds among them, by IndexedDB's rules
//! and without a database.
//! Called by overlays; calls the pure parts of the memory.

use std::sync::Arc;

pub(crate) use super::merge::{Changed, merge};
pub(crate) use super::operate::{Input, Outcome, input, reply};
pub(crate) use super::path::{At, Path};
pub(crate) use super::scan::Found;
pub(crate) use super::streams::{Values, write_changes, write_key, write_row, written};
pub(crate) use super::value::{Object, Row, Value};
pub(crate) use super::write::Step;

use super::store::{Index, Store};
use super::undo::{Change, Log, Stores};
use super::write::Target;
use super::{operate, scan};
use crate::codec::Batch;
use crate::key::AnyKey;
use crate::order::SortedSet;
use crate::schema::StoreSchema;
use crate::storage::{Columns, Failure, Scan, Undone, Write};

/// The rows of an answer, none where there is none.
pub(crate) fn rows_of(columns: &Columns) -> Vec<Option<Row>> {
    let shapes = columns.shapes.borrow();
    let mut values = Values::at(columns.open(&*shapes).rows.reader(), &*shapes);
    let row = |value| if matches!(value, Value::Null) { None } else { Some(Row::new(value)) };
    (0..columns.count).map(|_| row(values.row())).collect()
}

/// Puts these rows, all of them whole; their keys follow where they are apart from the rows.
pub(crate) fn put_of<'a>(rows: impl Iterator<Item = (&'a AnyKey, &'a Row)> + Clone, with_keys: bool) -> Write {
    let (mut batch, mut count) = (Batch::default(), 0);
    for (_, row) in rows.clone() {
        write_row(&mut batch, Some(row));
        count += 1;
    }
    if with_keys {
        rows.for_each(|(key, _)| write_key(&mut batch, key));
    }
    Write { put: true, rows: batch.finish(), count, with_keys, want_keys: false, undone: Undone::Alone }
}

/// Some rows of one store, with its indexes. Generates no keys.
#[derive(Clone, Debug)]
pub(crate) struct Evaluator {
    stores: Stores,
    name: Arc<str>,
    indexes: Vec<String>,
}

/// Keys, with the rows that stood there before.
pub(crate) type Replaced = Vec<(AnyKey, Option<Row>)>;

impl Evaluator {
    pub fn new(schema: &StoreSchema) -> Self {
        let name = Arc::<str>::from("");
        let mut store = Store::new(schema.key.path.into(), false);
        let mut indexes = Vec::with_capacity(schema.indexes.len());
        for index in schema.indexes {
            // Nothing clashes in an empty store.
            let _ = store.create_index(index.name, Index::new(index.path.into(), index.unique, index.multi));
            indexes.push(index.name.to_owned());
        }
        Self { stores: [(name.to_string(), store)].into(), name, indexes }
    }

    /// One like it, without rows.
    pub fn emptied(&self) -> Self {
        let store = |(name, store): (&String, &Store)| (name.clone(), store.emptied());
        Self { stores: self.stores.iter().map(store).collect(), name: self.name.clone(), indexes: self.indexes.clone() }
    }

    fn store(&self) -> Option<&Store> {
        self.stores.get(&*self.name)
    }

    pub fn get(&self, key: &AnyKey) -> Option<&Row> {
        self.store()?.rows().get(key)
    }

    /// Puts a row where it belongs, or takes it away, whatever it clashes with.
    pub fn set(&mut self, key: &AnyKey, row: Option<&Row>) {
        if let Some(store) = self.stores.get_mut(&*self.name) {
            match row {
                Some(row) => store.insert(key.clone(), row.clone()),
                None => store.remove(key),
            };
        }
    }

    /// The keys that a row has in an index.
    pub fn keys(&self, index: u16, row: &Value) -> Vec<AnyKey> {
        self.index(index).map_or_else(Vec::new, |index| index.path.keys(row, index.multi))
    }

    fn index(&self, index: u16) -> Option<&Index> {
        self.store()?.indexes().get(self.indexes.get(usize::from(index))?)
    }

    pub fn scan(&self, index: Option<u16>, scan: &Scan) -> Result<Found, Failure> {
        match self.store() {
            Some(store) => scan::scan(store, index.and_then(|index| self.index(index)), scan),
            None => Ok(Found::default()),
        }
    }

    /// Writes, all of it or nothing. Returns what came of it, and what was there before where it may be another row now, in the
    /// order in which that was written.
    pub fn write(&mut self, input: Input) -> Result<(Outcome, Replaced), Failure> {
        let mut log = Log::default();
        let Self { stores, name, indexes } = self;
        let target = Target { stores, log: &mut log, name, declared: indexes, last_key: None, alone: false };
        let outcome = operate::write(target, input)?;
        let (mut before, mut seen) = (Vec::new(), SortedSet::new());
        let mut note = |key: &AnyKey, old: Option<&Row>| {
            if seen.insert(key.clone()) {
                before.push((key.clone(), old.cloned()));
            }
        };
        for change in log.changes() {
            match change {
                Change::Row { key, old, .. } => note(key, old.as_ref()),
                Change::Cleared { contents, .. } => {
                    contents.rows().iter().for_each(|(key, row)| note(key, Some(row)));
                }
                _ => {}
            }
        }
        Ok((outcome, before))
    }
}
