//! Writes: row after row, as a request each would be; a bulk that fails leaves nothing.

use super::{Place, Table};
use crate::key::Key;
use crate::outcome::{Fault, Outcome};
use crate::program::{Change, Keys};
use crate::query::Query;
use crate::value::{Row, Value, set};

/// Beyond this number no keys are generated.
const LAST_GENERATED: u64 = 1 << 53;

/// A row that a change has made different.
struct Changed {
    /// Of the row in the operation, for its error.
    position: Option<usize>,
    key: Key,
    row: Row,
}

impl Table {
    pub(super) fn insert(
        &mut self,
        put: bool,
        many: bool,
        keys: Keys,
        rows: &[(Value, Row)],
        place: Place,
    ) -> Result<Outcome, Fault> {
        // Keys are looked at before anything is written.
        let mut given = Vec::new();
        for (at, (beside, row)) in rows.iter().enumerate() {
            let at = many.then_some(at);
            given.push(match keys {
                Keys::Row => match self.shape.own_key(row) {
                    None if self.shape.generates_for(row) => None,
                    key => Some(key.ok_or_else(|| self.data(None, at))?),
                },
                Keys::Beside => Some(self.key(beside, at)?),
                Keys::Generator => None,
            });
        }
        let (before, mut failed, mut written) = (self.clone(), None, Vec::new());
        for (at, (key, (_, row))) in given.into_iter().zip(rows).enumerate() {
            match self.store(put, key, row.clone(), many.then_some(at)) {
                Ok(key) => written.push(key),
                // The rows after it have been sent off, too: they use up numbers before they are taken back.
                Err(fault) => failed = failed.or(Some(fault)),
            }
        }
        match failed {
            None => Ok(Outcome::Keys(written)),
            Some(fault) => Err(self.taken_back(before, place, fault)),
        }
    }

    /// Puts the rows back. Numbers that were generated come back with the whole transaction only.
    fn taken_back(&mut self, before: Self, place: Place, fault: Fault) -> Fault {
        match place {
            Place::Alone => *self = before,
            Place::Inside => self.rows = before.rows,
        }
        fault
    }

    /// Stores one row, as one request does: whole or not at all.
    pub(super) fn store(&mut self, put: bool, key: Option<Key>, mut row: Row, at: Option<usize>) -> Result<Key, Fault> {
        let generates = key.is_none();
        let key = match key {
            Some(key) => key,
            None if self.next > LAST_GENERATED => return Err(self.clash(None, None, at)),
            None => Key::Number(whole(self.next)),
        };
        if !put && self.get(&key).is_some() {
            return Err(self.clash(None, Some(key), at));
        }
        if generates && !self.shape.is_outside() {
            set(&mut row, self.shape.field(0), Value::Number(whole(self.next)));
        }
        for (number, index) in self.shape.indexes.iter().enumerate().filter(|(_, index)| index.unique) {
            for entry in self.shape.keys(number, &row) {
                let taken = |(own, other): &(Key, Row)| *own != key && self.shape.keys(number, other).contains(&entry);
                if self.rows.iter().any(taken) {
                    return Err(self.clash(Some(&index.name), Some(entry), at));
                }
            }
        }
        if self.shape.generated {
            self.count_from(&key);
        }
        self.remove(&key);
        self.rows.push((key.clone(), row));
        self.rows.sort_by(|(a, _), (b, _)| a.compare(b));
        Ok(key)
    }

    /// A number that is stored as a key moves the generator behind it.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "negative numbers do not move it")]
    fn count_from(&mut self, key: &Key) {
        if let Key::Number(number) = key {
            let number = number.min(whole(LAST_GENERATED)).floor() as u64;
            if number >= self.next {
                self.next = number + 1;
            }
        }
    }

    pub(super) fn update(&mut self, key: &Value, change: &Change, place: Place) -> Result<Outcome, Fault> {
        let key = self.key(key, None)?;
        match self.change_one(&key, change, place)? {
            Some(row) => Ok(Outcome::Row(Some(row))),
            None => Err(Fault::NotFound { table: self.shape.table.clone(), key }),
        }
    }

    pub(super) fn upsert(
        &mut self,
        key: &Value,
        default: &Row,
        change: &Change,
        place: Place,
    ) -> Result<Outcome, Fault> {
        let key = self.key(key, None)?;
        if let Some(row) = self.change_one(&key, change, place)? {
            return Ok(Outcome::Row(Some(row)));
        }
        if !self.shape.is_outside() {
            let own = self.shape.own_key(default).ok_or_else(|| self.data(None, None))?;
            if own != key {
                return Err(self.data(Some(own), None));
            }
        }
        self.store(false, Some(key), default.clone(), None)?;
        Ok(Outcome::Row(Some(default.clone())))
    }

    fn change_one(&mut self, key: &Key, change: &Change, place: Place) -> Result<Option<Row>, Fault> {
        let Some(stored) = self.get(key) else { return Ok(None) };
        let mut row = self.seen(stored);
        change.apply(&mut row);
        let changed = self.changed(None, key, row.clone());
        self.write_back(changed.into_iter().collect(), place)?;
        Ok(Some(row))
    }

    pub(super) fn update_many(&mut self, changes: &[(Value, Change)], place: Place) -> Result<Outcome, Fault> {
        let keys: Vec<Value> = changes.iter().map(|(key, _)| key.clone()).collect();
        let keys = self.keys(&keys)?;
        // A key that comes twice is one row, changed twice, where it comes first.
        let mut together: Vec<(Key, Vec<usize>)> = Vec::new();
        for (at, key) in keys.into_iter().enumerate() {
            match together.iter_mut().find(|(other, _)| *other == key) {
                Some((_, positions)) => positions.push(at),
                None => together.push((key, vec![at])),
            }
        }
        let mut changed = Vec::new();
        for (key, positions) in together {
            let Some(mut row) = self.get(&key).map(|row| self.seen(row)) else { continue };
            for at in &positions {
                changes[*at].1.apply(&mut row);
            }
            changed.extend(self.changed(positions.last().copied(), &key, row));
        }
        self.write_back(changed, place).map(Outcome::Count)
    }

    pub(super) fn modify(&mut self, query: &Query, change: &Change, place: Place) -> Result<Outcome, Fault> {
        let mut changed = Vec::new();
        for (at, key) in self.found_keys(query)?.into_iter().enumerate() {
            let Some(mut row) = self.get(&key).map(|row| self.seen(row)) else { continue };
            change.apply(&mut row);
            changed.extend(self.changed(Some(at), &key, row));
        }
        self.write_back(changed, place).map(Outcome::Count)
    }

    /// The row to be written, if it is another one than before.
    fn changed(&self, position: Option<usize>, key: &Key, after: Row) -> Option<Changed> {
        let stored = self.get(key)?;
        let row = Self::merged(stored, &after);
        (self.seen(stored) != after).then(|| Changed { position, key: key.clone(), row })
    }

    /// Writes rows that have been changed, all or none. Those whose key is another one leave first, so that they make room for one
    /// another; but none moves onto a row that stays.
    fn write_back(&mut self, changed: Vec<Changed>, place: Place) -> Result<usize, Fault> {
        let mut new_keys = Vec::new();
        for Changed { position, key, row } in &changed {
            let own = if self.shape.is_outside() { Some(key.clone()) } else { self.shape.own_key(row) };
            new_keys.push(own.ok_or_else(|| self.data(None, *position))?);
        }
        let before = self.clone();
        for (Changed { key, .. }, new_key) in changed.iter().zip(&new_keys) {
            if key != new_key {
                self.remove(key);
            }
        }
        let count = changed.len();
        let mut failed = None;
        for (Changed { position, key, row }, new_key) in changed.into_iter().zip(new_keys) {
            let put = key == new_key;
            if let Err(fault) = self.store(put, Some(new_key), row, position) {
                failed = failed.or(Some(fault));
            }
        }
        match failed {
            None => Ok(count),
            Some(fault) => Err(self.taken_back(before, place, fault)),
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "none up to 2^53")]
fn whole(number: u64) -> f64 {
    number as f64
}
