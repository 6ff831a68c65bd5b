//! Values out of the streams that this thread has written, and into those that it reads: the other end of the codec, as
//! `indexed_db.js` is in a browser.

use std::sync::Arc;

use super::value::{Object, Row, Value};
use crate::codec::{Batch, Finished, Known, MAX_DEPTH, Reader, tag};
use crate::key::AnyKey;
use crate::order::SortedMap;

/// Reads values one after the other. Property names are shared between rows.
pub(crate) struct Values<'a> {
    reader: Reader<'a>,
    shapes: &'a dyn Known,
    names: SortedMap<&'a str, Arc<str>>,
}

impl<'a> Values<'a> {
    pub fn new(batch: &'a Batch, shapes: &'a dyn Known) -> Self {
        Self::at(batch.reader(), shapes)
    }

    /// From where a reader stands.
    pub fn at(reader: Reader<'a>, shapes: &'a dyn Known) -> Self {
        Self { reader, shapes, names: SortedMap::new() }
    }

    /// The next row.
    pub fn row(&mut self) -> Value {
        let tag = self.reader.int();
        let value = self.value(tag);
        self.reader.end_row();
        value
    }

    pub fn rows(&mut self, count: usize) -> Vec<Value> {
        (0..count).map(|_| self.row()).collect()
    }

    fn name(&mut self, name: &'a str) -> Arc<str> {
        self.names.entry(name).or_insert_with(|| name.into()).clone()
    }

    fn value(&mut self, tag: u32) -> Value {
        match tag {
            tag::BOOL => Value::Bool(self.reader.int() != 0),
            tag::U32 => Value::Number(self.reader.int().into()),
            tag::F64 => Value::Number(self.reader.float()),
            tag::TEXT => Value::Text(self.reader.text().to_owned()),
            tag::DATE => Value::Date(self.reader.float()),
            tag::BYTES => Value::Bytes(self.reader.binary().to_vec()),
            tag::BIGINT => Value::BigInt(self.reader.text().to_owned()),
            tag::OTHER => Value::Other(self.reader.text().to_owned()),
            tag::ARRAY => {
                let (count, of) = (self.reader.int(), self.reader.int());
                let element = |this: &mut Self| {
                    let tag = if of == tag::MIXED { this.reader.int() } else { of };
                    this.value(tag)
                };
                Value::Array((0..count).map(|_| element(self)).collect())
            }
            tag::OBJECT => {
                let number = self.reader.int();
                let shapes = self.shapes;
                let Some(shape) = shapes.shape(number) else { return Value::Null };
                let property = |(name, tag): (&'a String, &u32)| (self.name(name), self.value(*tag));
                Value::Object(Object::new(shape.names.iter().zip(&shape.tags).map(property).collect()))
            }
            tag::MAP => {
                let count = self.reader.int();
                let property = |this: &mut Self| {
                    let name = this.reader.text();
                    let tag = this.reader.int();
                    (this.name(name), this.value(tag))
                };
                Value::Object(Object::new((0..count).map(|_| property(self)).collect()))
            }
            _ => Value::Null,
        }
    }
}

/// Appends a row. None is no row; one that is null is there, and no Rust type stands for it.
pub(crate) fn write_row(batch: &mut Batch, row: Option<&Row>) {
    match row.map(|row| &**row) {
        None => batch.int(tag::NULL),
        Some(Value::Null) => {
            batch.int(tag::OTHER);
            batch.text("null");
        }
        Some(value) => tagged(batch, value, 0),
    }
    batch.end_row();
}

/// Appends rows by their keys, before and after a change: first all keys, then all rows before, then all rows after.
pub(crate) fn write_changes<'a>(
    batch: &mut Batch,
    rows: impl Iterator<Item = (&'a AnyKey, Option<&'a Row>, Option<&'a Row>)> + Clone,
) {
    rows.clone().for_each(|(key, _, _)| write_key(batch, key));
    rows.clone().for_each(|(_, old, _)| write_row(batch, old));
    rows.for_each(|(_, _, new)| write_row(batch, new));
}

/// A row alone, to be read as what it is of its type.
pub(crate) fn written(row: &Row) -> Finished {
    let mut batch = Batch::default();
    write_row(&mut batch, Some(row));
    batch.finish()
}

/// Appends a key.
pub(crate) fn write_key(batch: &mut Batch, key: &AnyKey) {
    crate::codec::write_key(batch, key);
    batch.end_row();
}

fn tagged(batch: &mut Batch, value: &Value, depth: u32) {
    let at = batch.ints.len();
    batch.int(tag::NULL);
    batch.ints[at] = write(batch, value, depth);
}

/// Appends a value without its tag, and returns that.
#[allow(clippy::cast_possible_truncation, reason = "no reader could take 2^32 elements")]
fn write(batch: &mut Batch, value: &Value, depth: u32) -> u32 {
    if depth == MAX_DEPTH && matches!(value, Value::Date(_) | Value::Bytes(_) | Value::Array(_) | Value::Object(_)) {
        batch.text(&format!("a value {MAX_DEPTH} levels deep"));
        return tag::OTHER;
    }
    match value {
        Value::Null => tag::NULL,
        Value::Bool(value) => {
            batch.int((*value).into());
            tag::BOOL
        }
        Value::Number(number) => {
            batch.float(*number);
            tag::F64
        }
        Value::Text(text) => {
            batch.text(text);
            tag::TEXT
        }
        Value::Date(millis) => {
            batch.float(*millis);
            tag::DATE
        }
        Value::Bytes(bytes) => {
            batch.binary(bytes);
            tag::BYTES
        }
        Value::BigInt(digits) => {
            batch.text(digits);
            tag::BIGINT
        }
        Value::Other(what) => {
            batch.text(what);
            tag::OTHER
        }
        Value::Array(elements) => {
            batch.int(elements.len() as u32);
            let of = uniform(elements);
            batch.int(of);
            for element in elements {
                if of == tag::MIXED {
                    tagged(batch, element, depth + 1);
                } else {
                    write(batch, element, depth + 1);
                }
            }
            tag::ARRAY
        }
        Value::Object(object) => {
            batch.int(object.len() as u32);
            for (name, value) in object.iter() {
                batch.text(name);
                tagged(batch, value, depth + 1);
            }
            tag::MAP
        }
    }
}

/// The tag of all elements of an array that holds nothing but text, or nothing but numbers.
fn uniform(elements: &[Value]) -> u32 {
    match elements.first() {
        Some(Value::Text(_)) if elements.iter().all(|element| matches!(element, Value::Text(_))) => tag::TEXT,
        Some(Value::Number(_)) if elements.iter().all(|element| matches!(element, Value::Number(_))) => tag::F64,
        _ => tag::MIXED,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};

    use super::super::value::tests::{array, number, object, text};
    use super::*;
    use crate::Date;
    use crate::codec::{Shape, from_value, with_shapes};

    #[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
    struct Everything {
        flag: bool,
        count: u32,
        ratio: f64,
        huge: u64,
        name: String,
        at: Date,
        bytes: Vec<u8>,
        words: Vec<String>,
        nothing: Option<u32>,
        inner: Inner,
        map: BTreeMap<String, Option<i64>>,
        either: Either,
    }

    #[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
    struct Inner {
        pair: (u8, String),
    }

    #[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
    enum Either {
        Plain,
        With { depth: u32 },
    }

    fn everything(count: u32) -> Everything {
        Everything {
            flag: true,
            count,
            ratio: -0.5,
            huge: u64::MAX,
            name: format!("naïve \u{1f600} {count}"),
            at: Date::from_millis(-7),
            bytes: vec![0, 255],
            words: vec!["a".into(), "é".into()],
            nothing: None,
            inner: Inner { pair: (3, "three".into()) },
            map: BTreeMap::from([("10".into(), Some(-1)), ("9".into(), None), ("x".into(), Some(1 << 40))]),
            either: if count == 0 { Either::Plain } else { Either::With { depth: count } },
        }
    }

    fn written<T: Serialize>(rows: &[T]) -> Vec<Value> {
        with_shapes(|shapes| {
            let mut batch = Batch::default();
            for row in rows {
                crate::codec::write_row(&mut batch, shapes, &[], row).expect("a row that can be written");
            }
            let batch = batch.finish();
            Values::new(&batch, &*shapes).rows(rows.len())
        })
    }

    #[test]
    fn a_row_is_read_as_javascript_would_hold_it() {
        let row = &written(&[everything(0)])[0];
        let expected = object([
            ("flag", Value::Bool(true)),
            ("count", number(0.0)),
            ("ratio", number(-0.5)),
            ("huge", Value::BigInt(u64::MAX.to_string())),
            ("name", text("naïve \u{1f600} 0")),
            ("at", Value::Date(-7.0)),
            ("bytes", Value::Bytes(vec![0, 255])),
            ("words", array([text("a"), text("é")])),
            ("inner", object([("pair", array([number(3.0), text("three")]))])),
            ("map", object([("9", Value::Null), ("10", number(-1.0)), ("x", number(1_099_511_627_776.0))])),
            ("either", text("Plain")),
        ]);
        assert!(row.same(&expected), "{row:?}");
    }

    #[test]
    fn rows_come_back_as_they_were_written() {
        let rows: Vec<Everything> = (0..300).map(everything).collect();
        let mut batch = Batch::default();
        for value in written(&rows) {
            write_row(&mut batch, Some(&Arc::new(value)));
        }
        let batch = batch.finish();
        let (mut reader, shapes) = (batch.reader(), Vec::<Shape>::new());
        for row in rows {
            assert_eq!(from_value::<Everything>(&mut reader, &shapes), Ok(row));
            reader.end_row();
        }
    }

    #[test]
    fn no_row_is_told_from_one_that_is_null() {
        let mut batch = Batch::default();
        write_row(&mut batch, None);
        write_row(&mut batch, Some(&Arc::new(Value::Null)));
        let batch = batch.finish();
        let mut reader = batch.reader();
        assert_eq!([reader.int(), reader.int()], [tag::NULL, tag::OTHER]);
        assert_eq!(reader.text(), "null");
    }

    #[test]
    fn what_stands_too_deep_is_named() {
        let mut deep = array([]);
        for _ in 0..MAX_DEPTH {
            deep = array([deep]);
        }
        let mut batch = Batch::default();
        write_row(&mut batch, Some(&Arc::new(deep)));
        let batch = batch.finish();
        assert_eq!(batch.ints.iter().filter(|int| **int == tag::OTHER).count(), 1);
    }
}
