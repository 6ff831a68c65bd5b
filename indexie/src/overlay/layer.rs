//! `Layer`: what one overlay has pending in one store. Pure.

use std::collections::BTreeMap;

use crate::key::AnyKey;
use crate::schema::StoreSchema;
use crate::storage::memory::evaluator::{Evaluator, Row};

/// Pending rows, and those that are to go.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    entries: BTreeMap<AnyKey, Entry>,
    /// Those of the rows that are there.
    rows: Evaluator,
}

/// What is stored in the place of a pending row, as far as is known.
#[derive(Clone, Debug)]
pub(super) enum Base {
    Known(Option<Row>),
    Unknown,
}

/// What has become of one row.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// What the overlay found when it first touched the row.
    pub beneath: Option<Row>,
    pub stored: Base,
    pub now: Option<Row>,
    /// Its key is a temporary one.
    pub temporary: bool,
    /// It is a new row all through, and not the old one with some fields changed.
    pub replaced: bool,
    /// It is stored whatever is there.
    pub forced: bool,
    /// When it was first touched, among all rows of the overlay.
    pub sequence: u64,
}

/// One row that is different from before.
#[derive(Clone, Debug)]
pub(super) struct RowDiff {
    pub key: AnyKey,
    pub old: Option<Row>,
    pub new: Option<Row>,
}

/// Whether two rows, or their absence, are stored as the same.
pub(super) fn same(a: Option<&Row>, b: Option<&Row>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.same(b),
        (None, None) => true,
        _ => false,
    }
}

impl Entry {
    /// Whether there is anything to be stored.
    pub fn is_change(&self) -> bool {
        self.forced || !same(self.beneath.as_ref(), self.now.as_ref())
    }
}

impl Layer {
    pub fn new(schema: &StoreSchema) -> Self {
        Self { entries: BTreeMap::new(), rows: Evaluator::new(schema) }
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn entries(&self) -> &BTreeMap<AnyKey, Entry> {
        &self.entries
    }

    pub fn rows(&self) -> &Evaluator {
        &self.rows
    }

    /// For a moment in which other rows are among its own.
    pub fn rows_mut(&mut self) -> &mut Evaluator {
        &mut self.rows
    }

    pub fn get(&self, key: &AnyKey) -> Option<&Entry> {
        self.entries.get(key)
    }

    pub fn touches(&self, key: &AnyKey) -> bool {
        self.entries.contains_key(key)
    }

    pub fn set(&mut self, key: AnyKey, entry: Entry) {
        self.rows.set(&key, entry.now.as_ref());
        self.entries.insert(key, entry);
    }

    pub fn remove(&mut self, key: &AnyKey) -> Option<Entry> {
        self.rows.set(key, None);
        self.entries.remove(key)
    }

    pub fn change(&mut self, key: &AnyKey, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.entries.get_mut(key) {
            change(entry);
            self.rows.set(key, entry.now.as_ref());
        }
    }

    /// Several layers as one: the later ones over the earlier ones.
    pub fn flat<'a>(layers: impl IntoIterator<Item = &'a Self>) -> Option<Self> {
        let mut layers = layers.into_iter();
        let mut flat = layers.next()?.clone();
        for layer in layers {
            for (key, entry) in &layer.entries {
                flat.set(key.clone(), entry.clone());
            }
        }
        Some(flat)
    }
}
