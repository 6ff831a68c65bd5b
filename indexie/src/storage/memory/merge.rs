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

/// Whether Rust may have read the one and written the other: but for what it does not know of, or cannot hold, they are the same. A
/// set comes in another order than it is stored in.
fn agree(stored: &Value, before: &Value) -> bool {
    match (stored, before) {
        (Value::Array(stored), Value::Array(before)) => {
            stored.len() == before.len() && stored.iter().zip(before).all(|(stored, before)| agree(stored, before))
        }
        (Value::Object(stored), Value::Object(before)) => {
            let stored: SortedMap<_, _> = stored.iter().collect();
            let of_both = || before.iter().filter_map(|(name, before)| Some((*stored.get(name)?, before)));
            // What is of another type was converted.
            let may_be = |(stored, before): (&Value, &Value)| {
                std::mem::discriminant(stored) != std::mem::discriminant(before) || agree(stored, before)
            };
            (of_both().next().is_some() || before.len() == 0) && of_both().all(may_be)
        }
        #[allow(clippy::cast_possible_truncation, reason = "an `f32`")]
        (Value::Number(stored), Value::Number(number)) => {
            f64::from(*stored as f32).to_bits() == number.to_bits() || stored.to_bits() == number.to_bits()
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "checked by converting back")]
        (Value::Number(number), Value::BigInt(digits)) | (Value::BigInt(digits), Value::Number(number)) => {
            let whole = *number as i64;
            (whole as f64).total_cmp(number).is_eq() && whole.to_string() == *digits
        }
        (stored, before) => stored.same(before),
    }
}

fn all_same(a: &[Value], b: &[Value]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b))
}

/// The stored value with what changed between `before` and `after`.
pub(crate) fn merge(stored: &Value, before: &Value, after: Value) -> Value {
    match (stored, before, after) {
        (Value::Array(stored), Value::Array(of_before), Value::Array(after))
            if stored.len() == of_before.len() && !all_same(of_before, &after) =>
        {
            Value::Array(merge_array(stored, of_before, after))
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
/// that are left over by their place. One that stands at another place than Rust has read it from is what Rust knows of it.
fn merge_array(stored: &[Value], before: &[Value], after: Vec<Value>) -> Vec<Value> {
    let length = before.len().min(after.len());
    let start = before.iter().zip(&after).take_while(|(before, after)| before.same(after)).count();
    let ends = before.iter().rev().zip(after.iter().rev()).take(length - start);
    let end = ends.take_while(|(before, after)| before.same(after)).count();
    let (as_many, last) = (before.len() == after.len(), after.len() - end);
    let from_end = |at: usize| stored.len() - (after.len() - at);
    let between = start..before.len() - end;
    let mut left: SortedSet<usize> = between.clone().collect();
    // Where each element is, the first place last.
    let mut places: SortedMap<String, Vec<usize>> = SortedMap::new();
    for at in between.rev() {
        if let Some(name) = digest(&before[at]) {
            places.entry(name).or_default().push(at);
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
            let of_name = places.get_mut(&digest(&after[at])?)?;
            let found = of_name.iter().rposition(|other| before[*other].same(&after[at]))?;
            let found = of_name.remove(found);
            left.remove(&found);
            Some(found)
        })
        .collect();
    after
        .into_iter()
        .zip(origins)
        .enumerate()
        .map(|(at, (after, origin))| match origin {
            Some(origin) if agree(&stored[origin], &before[origin]) => stored[origin].clone(),
            None if as_many && left.contains(&at) && agree(&stored[at], &before[at]) => {
                merge(&stored[at], &before[at], after)
            }
            Some(_) | None => after,
        })
        .collect()
}

/// The same for values that are the same; none for those that are no more than what Rust knows of them.
fn digest(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(format!("'{text}")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::BigInt(_) => None,
        Value::Object(object) => {
            let part = |value: &Value| match value {
                Value::Text(text) | Value::BigInt(text) => text.clone(),
                // Decimals would take much code for nothing.
                Value::Number(number) => number.to_bits().to_string(),
                Value::Bool(value) => value.to_string(),
                _ => String::new(),
            };
            let mut parts: Vec<String> = object.iter().map(|(name, value)| format!("{name} {}", part(value))).collect();
            crate::order::sort_by(&mut parts, Ord::cmp);
            Some(parts.join(","))
        }
        Value::Date(_) | Value::Bytes(_) | Value::Other(_) | Value::Array(_) => Some(String::new()),
    }
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

    #[test]
    fn a_set_that_is_read_in_another_order_than_it_is_stored_in_keeps_its_elements() {
        let texts = |texts: &[&str]| Value::Array(texts.iter().map(|word| text(word)).collect());
        let (stored, before) = (texts(&["a", "b", "c"]), texts(&["c", "a", "b"]));
        assert_merged(&stored, &before, texts(&["a", "b"]), &texts(&["a", "b"]));
        assert_merged(&stored, &before, texts(&["c", "d", "a"]), &texts(&["c", "d", "a"]));
        assert_merged(&stored, &before, before.clone(), &stored);
        let numbers = |numbers: &[f64]| Value::Array(numbers.iter().copied().map(number).collect());
        let (stored, before) = (numbers(&[1.0, 2.0, 3.0]), numbers(&[3.0, 1.0, 2.0]));
        assert_merged(&stored, &before, numbers(&[1.0, 2.0]), &numbers(&[1.0, 2.0]));
        let full = |n: f64| object([("n", number(n)), ("extra", number(n))]);
        let known = |n: f64| object([("n", number(n))]);
        let (stored, before) = (array([full(1.0), full(2.0)]), array([known(2.0), known(1.0)]));
        assert_merged(&stored, &before, array([known(1.0)]), &array([known(1.0)]));
        assert_merged(&stored, &before, array([known(5.0), known(1.0)]), &array([known(5.0), known(1.0)]));
    }

    #[test]
    fn an_element_that_rust_reads_as_something_else_stays_what_it_is() {
        // As an `f32`, and as a `BigInt`.
        let stored = array([number(0.1), number(5.0), object([("n", text("7")), ("extra", Value::Null)])]);
        let before = array([number(f64::from(0.1_f32)), Value::BigInt("5".to_owned()), object([("n", number(7.0))])]);
        let after = array([
            number(f64::from(0.1_f32)),
            Value::BigInt("5".to_owned()),
            object([("n", number(7.0))]),
            number(1.0),
        ]);
        let Value::Array(parts) = &stored else { unreachable!() };
        let mut expected = parts.clone();
        expected.push(number(1.0));
        assert_merged(&stored, &before, after, &Value::Array(expected));
    }

    #[test]
    fn very_many_elements_may_change_places() {
        let block = |n: u32| object([("n", number(n.into())), ("text", text("the same"))]);
        let before = Value::Array((0..3_000).map(block).collect());
        let after = Value::Array((0..3_000).rev().map(block).collect());
        assert_merged(&before, &before, after.clone(), &after);
    }
}
