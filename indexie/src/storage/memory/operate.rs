//! One operation on one store: what is asked, what it comes to, and how that is handed over.

use std::sync::Arc;

use super::merge::Changed;
use super::scan::{self, Found};
use super::streams::{Values, write_key, write_row};
use super::undo::Stores;
use super::value::{Row, Value};
use super::write::{Step, Target, failure, no_store};
use crate::codec::{Batch, with_shapes};
use crate::key::AnyKey;
use crate::key::range::KeyRange;
use crate::storage::{Adopt, Columns, Failure, Merge, Move, Operation, Reply, ShapeTable, Want, Write};

/// What an operation came to.
#[derive(Debug)]
pub(crate) enum Outcome {
    Unit,
    Number(u64),
    Found(Found),
}

/// What an operation writes, read out of the streams. Of use on any thread.
#[derive(Debug)]
pub(crate) enum Input {
    /// It reads.
    None,
    Steps {
        steps: Vec<Step>,
        want_keys: bool,
    },
    Changes(Vec<Changed>),
    DeleteRanges(Vec<KeyRange>),
    Clear,
    Adopt(Adopt),
}

/// Reads the rows that an operation brings along; `parked` gives those of an earlier Get. Happens on the thread that has
/// written them, without holding up others.
pub(crate) fn input(operation: &Operation, parked: impl FnOnce(&Merge) -> Vec<Option<Row>>) -> Input {
    match operation {
        Operation::Write(write) => Input::Steps { steps: steps(write), want_keys: write.want_keys },
        Operation::Delete(keys) => {
            Input::Steps { steps: keys.iter().cloned().map(Step::Delete).collect(), want_keys: false }
        }
        Operation::Merge(merge) => Input::Changes(changes(merge, &parked(merge))),
        Operation::DeleteRanges(ranges) => Input::DeleteRanges(ranges.clone()),
        Operation::Clear => Input::Clear,
        Operation::Adopt(adopt) => Input::Adopt(adopt.clone()),
        _ => Input::None,
    }
}

fn steps(write: &Write) -> Vec<Step> {
    with_shapes(|shapes| {
        let mut values = Values::new(&write.rows, &*shapes);
        let rows = values.rows(write.count);
        let keys = if write.with_keys { values.rows(write.count) } else { Vec::new() };
        // What is no key is given to the browser all the same, which refuses it.
        let no_key = AnyKey::Number(f64::NAN);
        let keys = keys.iter().map(|key| Some(key.key().unwrap_or_else(|| no_key.clone())));
        let steps = rows.into_iter().zip(keys.chain(std::iter::repeat(None)));
        let step = |(row, key)| if write.put { Step::Put { row, key } } else { Step::Add { row, key } };
        steps.map(step).collect()
    })
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "written as a u32")]
fn changes(merge: &Merge, parked: &[Option<Row>]) -> Vec<Changed> {
    with_shapes(|shapes| {
        let mut values = Values::new(&merge.changes, &*shapes);
        let mut change = || {
            let position = match values.row() {
                Value::Number(position) => position as usize,
                _ => usize::MAX,
            };
            let stored = parked.get(position).cloned().flatten().unwrap_or_else(|| Arc::new(Value::Null));
            let key = values.row().key()?;
            let moves = match values.row() {
                Value::Number(number) => Move::of(number as u32),
                _ => Move::Stays,
            };
            Some(Changed { stored, key, moves, before: values.row(), after: values.row() })
        };
        (0..merge.count).filter_map(|_| change()).collect()
    })
}

/// Carries out an operation that reads.
pub(super) fn read(
    stores: &Stores,
    name: &str,
    index: Option<&str>,
    operation: &Operation,
) -> Result<Outcome, Failure> {
    let store = stores.get(name).ok_or_else(|| no_store(name))?;
    let index = match index {
        None => None,
        Some(index) => {
            let missing = || failure("NotFoundError", &format!("there is no index `{index}`"));
            Some(store.indexes().get(index).ok_or_else(missing)?)
        }
    };
    match operation {
        Operation::Get { keys, .. } => {
            if !keys.iter().all(AnyKey::is_valid) {
                return Err(failure("DataError", "the key is no valid key"));
            }
            let rows = scan::get(store, index, keys);
            Ok(Outcome::Found(Found { count: rows.len(), rows, ..Found::default() }))
        }
        Operation::Scan(by) => scan::scan(store, index, by).map(Outcome::Found),
        Operation::Count(ranges) => scan::count(store, index, ranges).map(Outcome::Number),
        _ => Err(failure("ReadOnlyError", "the transaction only reads")),
    }
}

/// Carries out an operation that writes.
pub(super) fn write(mut target: Target<'_>, input: Input) -> Result<Outcome, Failure> {
    match input {
        Input::Steps { steps, want_keys } => {
            let keys = target.write(steps)?;
            if !want_keys {
                return Ok(Outcome::Unit);
            }
            Ok(Outcome::Found(Found { count: keys.len(), primary_keys: keys, ..Found::default() }))
        }
        Input::Changes(changes) => target.merge(changes).map(|()| Outcome::Unit),
        Input::DeleteRanges(ranges) => target.delete_ranges(&ranges).map(Outcome::Number),
        Input::Clear => target.clear().map(|()| Outcome::Unit),
        Input::Adopt(adopt) => target.adopt(&adopt).map(Outcome::Number),
        Input::None => Err(failure("NotSupportedError", "the memory does not know this operation")),
    }
}

/// Hands over what an operation came to. `slot` is its number.
pub(crate) fn reply(outcome: Outcome, slot: u32, want: Want) -> Reply {
    match outcome {
        Outcome::Unit => Reply::Unit,
        Outcome::Number(number) => Reply::Number(number),
        Outcome::Found(found) => {
            let mut batch = Batch::default();
            for key in found.primary_keys.iter().chain(&found.keys) {
                write_key(&mut batch, key);
            }
            for row in &found.rows {
                write_row(&mut batch, row.as_ref());
            }
            Reply::Columns(Columns {
                batch: batch.sealed(),
                rows: None,
                count: found.count,
                want,
                parked: slot,
                shapes: ShapeTable::default(),
            })
        }
    }
}
