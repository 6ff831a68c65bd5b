//! Changing rows that are stored: what Rust does not know of a row stays as it is.

use super::path::Path;
use super::value::{Object, Row, Value};
use super::write::{Step, Target, no_store};
use crate::key::AnyKey;
use crate::order::{SortedMap, SortedSet};
use crate::storage::{Failure, Move};

/// A change of a row: both ends as Rust writes them, and the row as it was stored.
#[derive(Debug)]
pub(crate) struct Changed {
    pub stored: Row,
    pub key: AnyKey,
    pub moves: Move,
    pub before: Value,
    pub after: Value,
}

impl Target<'_> {
    /// Writes back rows that have changed. One whose key has changed moves, but not onto another one. All that move leave first,
    /// or they would clash with themselves in unique indexes, and with one another.
    pub fn merge(&mut self, changes: Vec<Changed>) -> Result<(), Failure> {
        let outbound = match self.stores.get(&**self.name) {
            Some(store) => store.path == Path::None,
            None => return Err(no_store(self.name)),
        };
        let leaving =
            changes.iter().filter(|change| change.moves == Move::Moves).map(|change| Step::Delete(change.key.clone()));
        let mut steps: Vec<Step> = leaving.collect();
        let first = steps.len();
        steps.extend(changes.into_iter().map(|change| {
            let row = merge(&change.stored, &change.before, change.after);
            match (outbound, change.moves) {
                (true, _) => Step::Put { row, key: Some(change.key) },
                (false, Move::Stays) => Step::Put { row, key: None },
                (false, Move::Moves | Move::HasLeft) => Step::Add { row, key: None },
            }
        }));
        self.write(steps).map(|_| ()).map_err(|mut failure| {
            failure.row = failure.row.and_then(|step| step.checked_sub(first));
            failure
        })
    }
}

/// The stored value with what changed between `before` and `after`.
pub(crate) fn merge(stored: &Value, before: &Value, after: Value) -> Value {
    match (stored, before, after) {
        (Value::Array(stored), Value::Array(before), Value::Array(after)) if stored.len() == before.len() => {
            Value::Array(merge_array(stored, before, after))
        }
        (Value::Object(stored), Value::Object(before), Value::Object(after)) => {
            Value::Object(merge_object(stored, before, after))
        }
        (stored, before, after) => {
            if before.same(&after) {
                stored.clone()
            } else {
                after
            }
        }
    }
}

fn merge_object(stored: &Object, before: &Object, after: Object) -> Object {
    let before: SortedMap<_, _> = before.iter().collect();
    let names: Vec<_> = after.iter().map(|(name, _)| name.clone()).collect();
    let mut after: SortedMap<_, _> = after.into_properties().collect();
    let mut merged = Vec::with_capacity(names.len());
    for (name, stored) in stored.iter() {
        let value = match (before.get(name), after.remove(name)) {
            // Unknown to the type, or null where it would leave the property out.
            (None, after) => after.unwrap_or_else(|| stored.clone()),
            (Some(before), Some(after)) => merge(stored, before, after),
            (Some(_), None) => continue,
        };
        merged.push((name.clone(), value));
    }
    merged.extend(names.into_iter().filter_map(|name| after.remove(&name).map(|value| (name, value))));
    Object::new(merged)
}

/// Elements that have stayed the same are told by their value, wherever they are now; of as many elements as before, those
/// that are left over by their place.
fn merge_array(stored: &[Value], before: &[Value], after: Vec<Value>) -> Vec<Value> {
    let length = before.len().min(after.len());
    let start = before.iter().zip(&after).take_while(|(before, after)| before.same(after)).count();
    let ends = before.iter().rev().zip(after.iter().rev()).take(length - start);
    let end = ends.take_while(|(before, after)| before.same(after)).count();
    let (as_many, last) = (before.len() == after.len(), after.len() - end);
    let from_end = |at: usize| stored.len() - (after.len() - at);
    let between = start..before.len() - end;
    let mut left: SortedSet<usize> = between.clone().collect();
    // Where each text is, the first place last.
    let mut texts: SortedMap<&str, Vec<usize>> = SortedMap::new();
    for at in between.rev() {
        if let Value::Text(text) = &before[at] {
            texts.entry(text).or_default().push(at);
        }
    }
    let origins: Vec<Option<usize>> = (0..after.len())
        .map(|at| {
            if at < start {
                return Some(at);
            }
            if at >= last {
                return Some(from_end(at));
            }
            let found = match &after[at] {
                Value::Text(text) => texts.get_mut(text.as_str()).and_then(Vec::pop),
                // They are no more than what Rust knows of them.
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::BigInt(_) => None,
                value => left.iter().copied().find(|other| before[*other].same(value)),
            };
            found.inspect(|found| {
                left.remove(found);
            })
        })
        .collect();
    after
        .into_iter()
        .zip(origins)
        .enumerate()
        .map(|(at, (after, origin))| match origin {
            Some(origin) => stored[origin].clone(),
            None if as_many && left.contains(&at) => merge(&stored[at], &before[at], after),
            None => after,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::value::tests::{array, number, object, text};
    use super::*;

    #[track_caller]
    fn assert_merged(stored: &Value, before: &Value, after: Value, expected: &Value) {
        let merged = merge(stored, before, after);
        assert!(merged.same(expected), "{merged:?}");
    }

    #[test]
    fn what_rust_does_not_know_stays() {
        let stored = object([
            ("id", number(1.0)),
            ("extra", text("kept")),
            ("name", text("Ann")),
            ("inner", object([("a", number(1.0)), ("more", Value::Bool(true))])),
        ]);
        let before = object([("id", number(1.0)), ("name", text("Ann")), ("inner", object([("a", number(1.0))]))]);
        let after = object([("id", number(1.0)), ("name", text("Bob")), ("inner", object([("a", number(2.0))]))]);
        let expected = object([
            ("id", number(1.0)),
            ("extra", text("kept")),
            ("name", text("Bob")),
            ("inner", object([("a", number(2.0)), ("more", Value::Bool(true))])),
        ]);
        assert_merged(&stored, &before, after, &expected);
    }

    #[test]
    fn properties_go_come_and_replace_a_null() {
        let stored = object([("a", number(1.0)), ("b", Value::Null), ("c", Value::Null)]);
        let before = object([("a", number(1.0))]);
        let after = object([("b", number(2.0)), ("d", number(4.0))]);
        let expected = object([("b", number(2.0)), ("c", Value::Null), ("d", number(4.0))]);
        assert_merged(&stored, &before, after, &expected);
    }

    #[test]
    fn elements_keep_what_is_theirs_wherever_they_are() {
        let full = |n: f64, extra: &str| object([("n", number(n)), ("extra", text(extra))]);
        let known = |n: f64| object([("n", number(n))]);
        let stored = array([full(1.0, "a"), full(2.0, "b"), full(3.0, "c")]);
        let before = array([known(1.0), known(2.0), known(3.0)]);
        // One is gone from the middle.
        assert_merged(&stored, &before, array([known(1.0), known(3.0)]), &array([full(1.0, "a"), full(3.0, "c")]));
        // They have changed places, and there is a new one.
        assert_merged(
            &stored,
            &before,
            array([known(3.0), known(9.0), known(1.0), known(2.0)]),
            &array([full(3.0, "c"), known(9.0), full(1.0, "a"), full(2.0, "b")]),
        );
        // As many as before: the one that has changed is told by its place.
        assert_merged(
            &stored,
            &before,
            array([known(1.0), known(8.0), known(3.0)]),
            &array([full(1.0, "a"), full(8.0, "b"), full(3.0, "c")]),
        );
    }

    #[test]
    fn texts_and_numbers_change_places_too() {
        let texts = |texts: &[&str]| Value::Array(texts.iter().map(|word| text(word)).collect());
        let numbers = |numbers: &[f64]| Value::Array(numbers.iter().copied().map(number).collect());
        let before = texts(&["a", "b", "b", "c"]);
        for after in [&["c", "b", "a", "b"][..], &["b", "c"], &["d", "b", "b", "b", "a"], &[]] {
            assert_merged(&before, &before, texts(after), &texts(after));
        }
        let before = numbers(&[1.0, 2.0, 2.0, 3.0]);
        for after in [&[3.0, 2.0, 1.0, 2.0][..], &[2.0, 3.0], &[4.0, 2.0, 2.0, 2.0, 1.0]] {
            assert_merged(&before, &before, numbers(after), &numbers(after));
        }
    }

    #[test]
    fn a_value_that_has_not_changed_is_the_stored_one() {
        // Rust reads an array of another length than the stored one where it cannot hold all of it.
        let stored = array([number(1.0), text("more")]);
        assert_merged(&stored, &array([number(1.0)]), array([number(1.0)]), &stored);
        assert_merged(&stored, &array([number(1.0)]), array([number(2.0)]), &array([number(2.0)]));
        assert_merged(&Value::Null, &number(0.0), number(-0.0), &number(-0.0));
    }
}
