//! Rows through the streams and back, without JavaScript.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Batch, Shapes, from_value, tag, write_row};

fn through<T: Serialize + for<'de> Deserialize<'de>>(shapes: &mut Shapes, rows: &[T]) -> Vec<T> {
    let mut batch = Batch::default();
    for row in rows {
        write_row(&mut batch, shapes, &[], row).expect("the row can be written");
    }
    let batch = batch.finish();
    let mut reader = batch.reader();
    let read = rows.iter().map(|_| {
        let row = from_value(&mut reader, shapes).expect("the row can be read");
        reader.end_row();
        row
    });
    read.collect()
}

#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
struct Sparse {
    a: Option<u32>,
    b: Option<String>,
    c: Option<bool>,
    d: Option<f64>,
    e: Option<Vec<u32>>,
    f: Option<u32>,
    g: Option<u32>,
    h: Option<u32>,
    i: Option<u32>,
    j: Option<Kind>,
    k: Option<u32>,
    l: Option<u32>,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
enum Kind {
    Unit,
    New(u32),
    Tuple(u32, String),
    Struct { x: u32, y: Option<String> },
}

/// A row for each combination of fields that are there.
fn sparse(bits: u32) -> Sparse {
    let there = |bit: u32| (bits >> bit & 1 == 1).then_some(bits);
    Sparse {
        a: there(0),
        b: there(1).map(|bits| format!("é{bits}")),
        c: there(2).map(|_| true),
        d: there(3).map(|_| 0.5),
        e: there(4).map(|bits| vec![bits, 300]),
        f: there(5),
        g: there(6),
        h: there(7),
        i: there(8),
        j: there(9).map(|bits| match bits % 4 {
            0 => Kind::Unit,
            1 => Kind::New(bits),
            2 => Kind::Tuple(bits, "t".into()),
            _ => Kind::Struct { x: bits, y: (bits % 8 > 3).then(|| "y".into()) },
        }),
        k: there(10),
        l: there(11),
    }
}

#[test]
fn rows_with_ever_other_fields_survive_the_end_of_shapes() {
    let rows: Vec<Sparse> = (0..4096).map(sparse).collect();
    let mut shapes = Shapes::default();
    assert_eq!(through(&mut shapes, &rows), rows);
    assert!(shapes.since(0).len() < 1_100, "{}", shapes.since(0).len());
    assert_eq!(through(&mut shapes, &rows), rows, "and once more, when none are left");
}

#[test]
fn arrays_of_several_types_carry_a_tag_each() {
    let rows = [(1, "a".to_owned(), vec![Some(1.5), None], (true, 'x'), vec![Kind::Unit, Kind::New(7)])];
    assert_eq!(through(&mut Shapes::default(), &rows), rows);
}

#[test]
fn text_of_both_kinds_keeps_its_place_across_sections() {
    let rows: Vec<String> = (0..400)
        .map(|at| match at % 5 {
            0 => format!("plain {at}"),
            1 => format!("ümlaut {at}"),
            2 => String::new(),
            3 => format!("\u{1f600} {at}"),
            _ => "\u{feff}mark".to_owned(),
        })
        .collect();
    assert_eq!(through(&mut Shapes::default(), &rows), rows);
}

#[test]
fn integers_are_exact_to_their_ends() {
    let rows = [i64::MIN, -(1 << 53) - 1, -(1 << 53), -1, 0, 1 << 32, 1 << 53, (1 << 53) + 1, i64::MAX];
    assert_eq!(through(&mut Shapes::default(), &rows), rows);
    let rows = [u64::MAX, 0, 1 << 53];
    assert_eq!(through(&mut Shapes::default(), &rows), rows);
    let rows = [u128::MAX, 0];
    assert_eq!(through(&mut Shapes::default(), &rows), rows);
}

#[test]
fn text_keeps_what_utf_16_and_decoders_stumble_over() {
    let rows: Vec<String> =
        ["", "a", "\u{feff}bom", "\0", "\u{ffff}\u{10ffff}", "é", "a\u{1f600}b"].map(String::from).into();
    assert_eq!(through(&mut Shapes::default(), &rows), rows);
}

#[test]
fn floats_keep_their_bits() {
    let rows = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0, 5.0, 0.1];
    let bits = |rows: &[f64]| rows.iter().map(|row| row.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&through(&mut Shapes::default(), &rows)), bits(&rows));
}

#[test]
fn numbers_are_read_at_once_and_text_after_them_one_by_one() {
    let mut batch = Batch::default();
    let numbers: Vec<f64> = (0..200).map(|at| f64::from(at) / 2.0).collect();
    let text = |at: u32| format!("row {at}");
    for number in &numbers {
        batch.int(tag::F64);
        batch.float(*number);
        batch.end_row();
    }
    for at in 0..200 {
        batch.int(tag::TEXT);
        batch.text(&text(at));
        batch.end_row();
    }
    let batch = batch.finish();
    let mut reader = batch.reader();
    assert_eq!(reader.clone().numbers(201), None);
    assert_eq!(reader.clone().numbers(0), Some(&[][..]));
    assert_eq!(reader.numbers(200), Some(&numbers[..]));
    assert_eq!(reader.clone().numbers(1), None);
    for at in 0..200 {
        assert_eq!((reader.int(), reader.text()), (tag::TEXT, &*text(at)));
        reader.end_row();
    }
}

#[test]
fn batches_are_the_same_where_their_bits_are() {
    let batch = |value: f64| {
        let mut batch = Batch::default();
        write_row(&mut batch, &mut Shapes::default(), &[], &[value]).expect("a number can be written");
        batch
    };
    assert_eq!(batch(f64::NAN), batch(f64::NAN), "a row that holds NaN is not changed by looking at it");
    assert_ne!(batch(0.0), batch(-0.0), "0 and -0 are two values");
}

#[test]
fn bytes_are_read_as_elements_of_any_type_that_was_one() {
    #[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
    struct Shade(u8);

    let mut shapes = Shapes::default();
    let rows = [vec![Shade(1), Shade(255)], vec![]];
    assert_eq!(through(&mut shapes, &rows), rows);
    let rows = [vec![Some(1_u8), Some(2)], vec![Some(3), None], vec![None]];
    assert_eq!(through(&mut shapes, &rows), rows);
    let rows = [vec![vec![1_u8], vec![], vec![2, 3]]];
    assert_eq!(through(&mut shapes, &rows), rows);
}

#[test]
fn a_variant_that_holds_none_is_still_that_variant() {
    #[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
    enum Perhaps {
        Number(Option<u32>),
        Unit(()),
    }

    let rows = [Perhaps::Number(None), Perhaps::Number(Some(1)), Perhaps::Unit(())];
    assert_eq!(through(&mut Shapes::default(), &rows), rows);
}

/// What its own code reads of a map, which may be less than is there.
#[derive(Clone, Debug, PartialEq)]
struct First(String);

impl Serialize for First {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.0.as_str(), "one"), ("second", "two"), ("third", "three")])
    }
}

impl<'de> Deserialize<'de> for First {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl<'de> serde::de::Visitor<'de> for Name {
            type Value = First;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<First, A::Error> {
                let first = map.next_entry::<String, String>()?;
                Ok(First(first.map(|(name, _)| name).unwrap_or_default()))
            }
        }
        deserializer.deserialize_map(Name)
    }
}

#[test]
fn what_nobody_reads_of_a_map_is_not_taken_for_what_follows() {
    let rows: Vec<(First, u32)> = vec![(First("a".into()), 1), (First("b".into()), 2)];
    assert_eq!(through(&mut Shapes::default(), &rows), rows);
}

#[test]
fn a_none_is_absent_from_a_flattened_struct_and_present_in_a_map() {
    #[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
    struct Outer {
        note: Option<u32>,
        #[serde(flatten)]
        inner: Inner,
        #[serde(flatten)]
        rest: BTreeMap<String, Option<u32>>,
    }
    #[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
    struct Inner {
        zip: Option<u32>,
    }

    let row = Outer {
        note: None,
        inner: Inner { zip: None },
        rest: BTreeMap::from([("a".into(), None), ("b".into(), Some(1))]),
    };
    let mut shapes = Shapes::default();
    let rows = [row];
    assert_eq!(through(&mut shapes, &rows), rows);
    let mut batch = Batch::default();
    write_row(&mut batch, &mut shapes, &[], &rows[0]).expect("the row can be written");
    assert_eq!(batch.ints[..2], [tag::MAP, 2], "only the entries of the map are there");
}

mod key_fields {
    use super::super::{Batch, Shapes, key_at_path, write_row};
    use crate::key::{AnyKey, FieldForm, Form};
    use serde::Serialize;

    #[derive(Serialize)]
    struct Inner {
        x: bool,
        y: bool,
    }

    #[derive(Serialize)]
    struct Outer {
        a: Inner,
        b: Inner,
    }

    #[test]
    fn a_boolean_is_a_number_exactly_where_it_is_a_key() {
        const FORMS: &[FieldForm] = &[
            FieldForm::new(&["a", "x"], Form::Bool),
            FieldForm::new(&["b", "y"], Form::Bool),
            FieldForm::new(&["a", "z"], Form::Bool),
        ];
        let row = Outer { a: Inner { x: true, y: true }, b: Inner { x: false, y: false } };
        let (mut batch, mut shapes) = (Batch::default(), Shapes::default());
        write_row(&mut batch, &mut shapes, FORMS, &row).expect("the row can be written");
        let batch = batch.finish();
        let key = |path: &[&str]| key_at_path(&mut batch.reader(), &shapes, path);
        assert_eq!(key(&["a", "x"]), Some(AnyKey::from(1)));
        assert_eq!(key(&["b", "y"]), Some(AnyKey::from(0)));
        assert_eq!(key(&["a", "y"]), None, "no key of any path: a boolean");
        assert_eq!(key(&["b", "x"]), None);
    }
}

/// Nothing stores a struct as an array: what it is said to hold would depend on the order of its fields.
#[test]
fn an_array_is_no_struct() {
    #[derive(Deserialize, Debug)]
    #[expect(dead_code, reason = "never read")]
    struct Point {
        x: u32,
        y: u32,
    }
    let (mut batch, mut shapes) = (Batch::default(), Shapes::default());
    write_row(&mut batch, &mut shapes, &[], &(1, 2)).expect("the row can be written");
    let batch = batch.finish();
    let error = from_value::<Point>(&mut batch.reader(), &shapes).expect_err("an array");
    assert_eq!(error.to_string(), "invalid type: an array, expected struct Point");
}
