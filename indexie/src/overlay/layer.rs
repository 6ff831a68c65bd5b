//! `Layer`: what one overlay has pending in one store. Pure.

use std::rc::Rc;
use std::sync::Arc;

use crate::key::AnyKey;
use crate::order::SortedMap;
use crate::schema::StoreSchema;
use crate::storage::memory::evaluator::{Evaluator, Object, Path, Row, Value, merge};

/// Pending rows, and those that are to go.
#[derive(Debug)]
pub(super) struct Layer {
    entries: SortedMap<AnyKey, Entry>,
    /// Those of the rows that are there.
    rows: Evaluator,
}

#[cfg(test)]
thread_local! {
    /// How many rows have been copied with their layers.
    pub(super) static COPIED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

impl Clone for Layer {
    fn clone(&self) -> Self {
        #[cfg(test)]
        COPIED.set(COPIED.get() + self.entries.len());
        Self { entries: self.entries.clone(), rows: self.rows.clone() }
    }
}

/// What is stored in the place of a pending row, as far as is known.
#[derive(Clone, Debug)]
pub(super) enum Base {
    Known(Option<Row>),
    Unknown,
}

impl Base {
    /// Whether it is known to be this row.
    pub fn is(&self, row: Option<&Row>) -> bool {
        matches!(self, Self::Known(known) if same(known.as_ref(), row))
    }

    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// The row, or this other one if it is not known.
    pub fn or(self, other: &Self) -> Self {
        if self.is_unknown() { other.clone() } else { self }
    }
}

/// What the key is by which a layer knows a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KnownBy {
    /// Its own.
    Own,
    /// A temporary one, which the layer has given it.
    Temporary,
    /// A temporary one, which a layer beneath has given it: what is built on it is built on sand until it is stored.
    Sand,
}

/// What has become of one row.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// What the overlay found when it first touched the row.
    pub beneath: Option<Row>,
    pub stored: Base,
    pub now: Option<Row>,
    pub known_by: KnownBy,
    /// It is a new row all through, and not the old one with some fields changed.
    pub replaced: bool,
    /// Where it is a change of a row that has gone since: that row, in case it comes again.
    pub gone: Option<Row>,
    /// It is stored whatever is there.
    pub forced: bool,
    /// When it was first touched, among all rows of the overlay.
    pub sequence: u64,
}

/// The row beneath with what has changed from the one that was found to the one that is pending.
fn with_changes(beneath: &Row, found: &Row, now: &Row) -> Row {
    let now = without_gone(beneath, found, (**now).clone());
    Row::new(merge(beneath, found, now))
}

/// A pending value without the properties that have not been changed in it, and are gone from the value beneath: a merge would bring
/// them back.
fn without_gone(beneath: &Value, found: &Value, now: Value) -> Value {
    let (Value::Object(beneath), Value::Object(found), Value::Object(now)) = (beneath, found, &now) else { return now };
    let stays = |(name, value): (&Arc<str>, &Value)| match (beneath.get(name), found.get(name)) {
        (None, Some(found)) if found.same(value) => None,
        (Some(beneath), Some(found)) => Some((name.clone(), without_gone(beneath, found, value.clone()))),
        _ => Some((name.clone(), value.clone())),
    };
    Value::Object(Object::new(now.iter().filter_map(stays).collect()))
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

/// The row under another key.
pub(super) fn rekeyed(path: &Path, row: &Row, key: &AnyKey) -> Row {
    let mut row = (**row).clone();
    path.set_key(&mut row, key);
    Row::new(row)
}

impl Entry {
    /// Whether there is anything to be stored.
    pub fn is_change(&self) -> bool {
        self.forced || !same(self.beneath.as_ref(), self.now.as_ref())
    }

    /// Whether a hook has given the row this key, where nothing is known of what is stored under it.
    pub fn is_foreign_key(&self) -> bool {
        self.forced && self.beneath.is_none()
    }

    /// Whether its key is a temporary one, which it has been given here.
    pub fn is_temporary(&self) -> bool {
        self.known_by == KnownBy::Temporary
    }

    /// Whether it is built on a row that was pending beneath, and is not stored yet.
    pub fn is_on_sand(&self) -> bool {
        self.known_by == KnownBy::Sand
    }

    /// The same of the same row, which has got its own key.
    pub fn under(self, path: &Path, key: &AnyKey) -> Self {
        let with_key = |row: &Row| rekeyed(path, row, key);
        let (beneath, now) = (self.beneath.as_ref().map(with_key), self.now.as_ref().map(with_key));
        Self { beneath, now, gone: None, known_by: KnownBy::Own, ..self }
    }

    /// Puts what is pending on another row than the one that was found: what of that has been changed is changed of this one.
    pub fn rebase(&mut self, beneath: Option<&Row>) {
        if same(self.beneath.as_ref(), beneath) {
            return;
        }
        let is_change = self.is_change();
        let now = self.now.take();
        self.now = match (&self.beneath, beneath, now) {
            (_, beneath, _) if !is_change => {
                (self.replaced, self.gone) = (false, None);
                beneath.cloned()
            }
            (_, _, None) => None,
            // A change of a row that is gone: the row as it has been shown is a new one.
            (Some(found), None, now) => {
                self.gone = (!self.replaced).then(|| found.clone());
                self.replaced = true;
                now
            }
            // That row is there again; or an added one has come otherwise, and is a change of that from now on.
            (None, Some(beneath), Some(now)) => {
                self.replaced = false;
                Some(self.gone.take().map_or_else(|| now.clone(), |found| with_changes(beneath, &found, &now)))
            }
            (Some(_), Some(_), now) if self.replaced => now,
            (Some(found), Some(beneath), Some(now)) => Some(with_changes(beneath, found, &now)),
            (None, None, now) => now,
        };
        self.beneath = beneath.cloned();
    }
}

impl Layer {
    pub fn new(schema: &StoreSchema) -> Self {
        Self { entries: SortedMap::new(), rows: Evaluator::new(schema) }
    }

    /// One like it, without rows.
    pub fn emptied(&self) -> Self {
        Self { entries: SortedMap::new(), rows: self.rows.emptied() }
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn entries(&self) -> &SortedMap<AnyKey, Entry> {
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

    /// One of its rows has got its own key in place of a temporary one.
    pub fn rekey(&mut self, path: &Path, pending: &AnyKey, key: &AnyKey) {
        if let Some(entry) = self.remove(pending) {
            self.set(key.clone(), entry.under(path, key));
        }
    }

    pub fn change(&mut self, key: &AnyKey, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.entries.get_mut(key) {
            change(entry);
            self.rows.set(key, entry.now.as_ref());
        }
    }

    /// Takes over what another layer has of this one's rows, and more.
    pub fn extend(&mut self, other: &Self) {
        for (key, entry) in &other.entries {
            // Of a row that was never stored, nothing is left once it is gone.
            if entry.is_temporary() && entry.now.is_none() {
                self.remove(key);
            } else {
                self.set(key.clone(), entry.clone());
            }
        }
    }
}

/// Layers over one another, the first one lowest.
#[derive(Clone, Debug, Default)]
pub(super) struct Layers(Vec<Rc<Layer>>);

impl Layers {
    pub fn new(layers: impl IntoIterator<Item = Rc<Layer>>) -> Self {
        Self(layers.into_iter().filter(|layer| !layer.is_empty()).collect())
    }

    /// What the highest of them says of a row.
    pub fn get(&self, key: &AnyKey) -> Option<&Entry> {
        self.0.iter().rev().find_map(|layer| layer.get(key))
    }

    pub fn touches(&self, key: &AnyKey) -> bool {
        self.0.iter().any(|layer| layer.touches(key))
    }

    /// Each of them, and whether what it says of a row is hidden by a higher one.
    pub fn each(&self) -> impl Iterator<Item = (&Layer, impl Fn(&AnyKey) -> bool)> {
        self.0.iter().enumerate().map(|(at, layer)| {
            let higher = &self.0[at + 1..];
            (&**layer, move |key: &AnyKey| higher.iter().any(|layer| layer.touches(key)))
        })
    }

    /// The keys that a row has in an index.
    pub fn keys(&self, index: u16, row: &Row) -> Vec<AnyKey> {
        self.0.first().map(|layer| layer.rows.keys(index, row)).unwrap_or_default()
    }

    /// How many rows they say something of, at most.
    pub fn len(&self) -> usize {
        self.0.iter().map(|layer| layer.entries.len()).sum()
    }

    /// The same, with another one on top.
    pub fn over(&self, layer: &Rc<Layer>) -> Self {
        Self::new(self.0.iter().cloned().chain([layer.clone()]))
    }
}
