//! What a value may be read as, and what is said of those that do not fit.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Debug;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use super::super::{ColumnError, row};
use super::columns;
use crate::Date;

/// A column `v` of a type such as `int4` or `int4[]`, and what it holds.
fn read<T: DeserializeOwned>(type_name: &str, text: Option<&str>) -> Result<T, ColumnError> {
    #[derive(Deserialize)]
    struct One<T> {
        v: T,
    }

    let header = match type_name.strip_suffix("[]") {
        Some(element) => json!({ "v": { "type": element, "dims": 1 } }),
        None => json!({ "v": { "type": type_name } }),
    };
    row::<One<T>>(&json!({ "v": text }).to_string(), &columns(&header.to_string())).map(|row| row.v)
}

fn value<T: DeserializeOwned>(type_name: &str, text: &str) -> T {
    read(type_name, Some(text)).unwrap_or_else(|error| panic!("{error}"))
}

fn message<T: DeserializeOwned + Debug>(type_name: &str, text: &str) -> String {
    let error = read::<T>(type_name, Some(text)).expect_err("it does not fit");
    assert_eq!((error.column.as_str(), error.value.as_deref()), ("v", Some(text)));
    error.message
}

#[test]
fn booleans_of_either_form_and_as_numbers() {
    for (text, expected) in [("t", true), ("true", true), ("f", false), ("false", false)] {
        assert_eq!(value::<bool>("bool", text), expected);
        assert_eq!(value::<u8>("bool", text), u8::from(expected));
        assert_eq!(value::<bool>("json", text), expected);
    }
    assert_eq!(message::<bool>("bool", "yes"), "invalid value: string \"yes\", expected a boolean");
}

#[test]
fn integers_are_checked() {
    assert_eq!(value::<u64>("numeric", "12.000"), 12);
    assert_eq!(value::<i64>("float8", "1e+06"), 1_000_000);
    assert_eq!(value::<i128>("numeric", "-170141183460469231731687303715884105728"), i128::MIN);
    assert_eq!(value::<u128>("numeric", "340282366920938463463374607431768211455"), u128::MAX);
    assert_eq!(value::<u64>("int8", "18446744073709551615"), u64::MAX);
    assert_eq!(message::<u8>("int4", "300"), "invalid value: integer `300`, expected u8");
    assert_eq!(message::<u32>("int4", "-1"), "invalid value: integer `-1`, expected u32");
    assert_eq!(message::<u32>("numeric", "1.5"), "invalid value: string \"1.5\", expected u32");
    assert_eq!(message::<i32>("text", "many"), "invalid value: string \"many\", expected i32");
    assert!(message::<i64>("numeric", "9223372036854775808").contains("9223372036854775808"));
}

#[test]
#[allow(clippy::float_cmp, reason = "exactly what came")]
fn other_numbers() {
    assert_eq!(value::<f32>("float8", "0.1"), 0.1);
    assert_eq!(value::<f64>("numeric", "-12.5"), -12.5);
    assert_eq!(value::<f64>("float8", "-Infinity"), f64::NEG_INFINITY);
    assert!(value::<f32>("numeric", "NaN").is_nan());
    assert_eq!(value::<f64>("jsonb", "1.50"), 1.5);
    assert_eq!(message::<f32>("float8", "1e300"), "invalid value: string \"1e300\", expected f32");
    assert_eq!(message::<f64>("money", "$1.00"), "invalid value: string \"$1.00\", expected f64");
}

#[test]
fn characters() {
    assert_eq!(value::<char>("bpchar", "é"), 'é');
    assert_eq!(message::<char>("text", "ab"), "invalid value: string \"ab\", expected a character");
}

#[test]
fn dates_of_every_column_that_tells_a_time() {
    let date = Date::from_millis(1_772_277_255_123);
    assert_eq!(value::<Date>("timestamptz", "2026-02-28 11:14:15.1239+00"), date);
    assert_eq!(value::<Date>("timestamp", "2026-02-28 11:14:15.123"), date);
    assert_eq!(value::<Date>("int8", "1772277255123"), date);
    assert_eq!(value::<Date>("numeric", "1772277255123.9"), date);
    assert_eq!(value::<Date>("text", "2026-02-28T11:14:15.123Z"), date);
    assert_eq!(value::<Date>("jsonb", "\"2026-02-28T11:14:15.123Z\""), date);
    assert_eq!(value::<Vec<Date>>("timestamptz[]", "{\"2026-02-28 11:14:15.123+00\"}"), [date]);
    assert_eq!(message::<Date>("timestamptz", "infinity"), "infinity is no point in time that a `Date` can hold");
    assert_eq!(message::<Date>("int8", "9000000000000000"), "9000000000000000 is no valid Date");
    assert_eq!(message::<Date>("time", "13:14:15"), "expected a timestamp or a date");
}

#[test]
fn bytes() {
    struct Bytes(Vec<u8>);

    impl<'de> Deserialize<'de> for Bytes {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct BytesVisitor;

            impl serde::de::Visitor<'_> for BytesVisitor {
                type Value = Bytes;

                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("bytes")
                }

                fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                    Ok(Bytes(bytes.to_vec()))
                }
            }

            deserializer.deserialize_bytes(BytesVisitor)
        }
    }

    assert_eq!(value::<Bytes>("bytea", "\\xDEad00").0, [0xde, 0xad, 0]);
    assert_eq!(value::<Vec<u8>>("bytea", "\\x"), [] as [u8; 0]);
    assert_eq!(value::<[u8; 2]>("bytea", "\\x0102"), [1, 2]);
    for text in ["\\x0", "\\xzz", "00", "\\xé"] {
        assert_eq!(message::<Vec<u8>>("bytea", text), "expected `\\x` and pairs of hexadecimal digits");
    }
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Shape {
    UnitSquare,
    Circle(f64),
    Box { width: u32 },
}

#[test]
fn enums_by_their_text_or_as_json() {
    assert_eq!(value::<Shape>("shape", "unit-square"), Shape::UnitSquare);
    assert_eq!(value::<Shape>("jsonb", "\"unit-square\""), Shape::UnitSquare);
    assert_eq!(value::<Shape>("jsonb", r#"{"circle": 1.5}"#), Shape::Circle(1.5));
    assert_eq!(value::<Shape>("text", r#"{"box":{"width":2}}"#), Shape::Box { width: 2 });
    assert_eq!(
        message::<Shape>("shape", "round"),
        "unknown variant `round`, expected one of `unit-square`, `circle`, `box`"
    );
}

#[test]
fn arrays() {
    assert_eq!(value::<Vec<u32>>("int4[]", "{}"), [] as [u32; 0]);
    assert_eq!(value::<BTreeSet<String>>("text[]", "{b,a,b}"), BTreeSet::from(["a".to_owned(), "b".to_owned()]));
    assert_eq!(value::<Vec<Vec<bool>>>("bool[]", "{{t},{f}}"), [[true], [false]]);
    assert_eq!(value::<Vec<i8>>("int4[]", "[-1:0]={5,6}"), [5, 6]);
    assert_eq!(value::<Vec<String>>("box[]", "{(1,1),(0,0);(2,2),(1,1)}"), ["(1,1),(0,0)", "(2,2),(1,1)"]);
    assert_eq!(value::<(u8, String)>("text[]", "{1,\"{\"}"), (1, "{".to_owned()));
    assert_eq!(
        value::<Vec<Json>>("jsonb[]", r#"{"{\"a\": [1]}","null",NULL}"#),
        [json!({ "a": [1] }), Json::Null, Json::Null]
    );
    assert_eq!(value::<Vec<u8>>("text", "{1,2}"), [1, 2]);
    assert_eq!(value::<Vec<u8>>("jsonb", "[1,2]"), [1, 2]);
    assert_eq!(value::<Vec<u8>>("text", "[1,2]"), [1, 2]);
    assert_eq!(message::<Vec<u8>>("int4[]", "{1,300}"), "element 2: invalid value: integer `300`, expected u8");
    assert_eq!(message::<Vec<u8>>("int4[]", "{1,NULL}"), "element 2: invalid type: null, expected u8");
    assert_eq!(message::<Vec<u8>>("int4[]", "{1"), "this is no array literal");
    assert_eq!(message::<(u8, u8)>("int4[]", "{1,2,3}"), "invalid length 3, expected fewer elements");
    assert_eq!(message::<(u8, u8)>("int4[]", "{1}"), "invalid length 1, expected a tuple of size 2");
    assert_eq!(message::<Vec<u8>>("text", "1"), "invalid value: string \"1\", expected a sequence");
}

#[test]
fn json_of_every_type() {
    assert_eq!(value::<Json>("json", " {\"a\" : [1, null]}"), json!({ "a": [1, null] }));
    assert_eq!(value::<Json>("jsonb", "null"), Json::Null);
    assert_eq!(value::<Option<Json>>("json", " null "), None);
    assert_eq!(value::<()>("jsonb", "null"), ());
    assert_eq!(value::<uuid::Uuid>("json", " \"00000000-0000-0000-0000-000000000001\""), uuid::Uuid::from_u128(1));
    assert_eq!(value::<Option<Json>>("jsonb", "1"), Some(json!(1)));
    assert_eq!(value::<BTreeMap<String, u8>>("json", r#"{"a":1}"#), BTreeMap::from([("a".to_owned(), 1)]));
    assert_eq!(value::<HashMap<String, u8>>("text", r#"{"a":1}"#), HashMap::from([("a".to_owned(), 1)]));
    assert_eq!(value::<String>("json", "\"a\""), "\"a\"");
    assert_eq!(value::<u8>("json", "7"), 7);
    assert_eq!(read::<Json>("jsonb", None), Ok(Json::Null));
    assert_eq!(
        message::<BTreeMap<String, u8>>("json", r#"{"a":300}"#),
        "invalid value: integer `300`, expected u8 at line 1 column 9"
    );
    assert_eq!(message::<BTreeMap<String, u8>>("hstore", "a"), "invalid value: string \"a\", expected a map");
}

#[test]
fn what_has_no_type_of_its_own_is_typed_by_its_column() {
    assert_eq!(value::<Json>("int8", "-9007199254740993"), json!(-9_007_199_254_740_993_i64));
    assert_eq!(value::<Json>("bool", "t"), json!(true));
    assert_eq!(value::<Json>("float8", "0.5"), json!(0.5));
    assert_eq!(value::<Json>("numeric", "0.50"), json!("0.50"));
    assert_eq!(value::<Json>("mood", "happy"), json!("happy"));
    assert_eq!(value::<Json>("bytea", "\\x01"), json!([1]));
    assert_eq!(value::<Json>("int4[]", "{1,NULL}"), json!([1, null]));
    assert_eq!(value::<Json>("timestamptz", "2026-02-28 11:14:15+00"), json!("2026-02-28T11:14:15+00:00"));
}

#[test]
fn null_is_for_what_may_be_absent() {
    let error = read::<u32>("int4", None).expect_err("no number");
    let message = "invalid type: null, expected u32".to_owned();
    assert_eq!(error, ColumnError { column: "v".to_owned(), value: None, message });
    assert_eq!(read::<Option<u32>>("int4", None), Ok(None));
    assert_eq!(read::<()>("int4", None), Ok(()));
    assert!(read::<Date>("timestamptz", None).is_err());
    assert!(read::<Vec<u8>>("bytea", None).is_err());
    assert!(read::<Shape>("shape", None).is_err());
}

#[test]
fn an_error_shows_the_beginning_of_a_long_value() {
    let error = read::<u32>("text", Some(&"é".repeat(1_000))).expect_err("no number");
    assert_eq!(error.value, Some(format!("{}…", "é".repeat(200))));
    let error = read::<u32>("text", Some("é")).expect_err("no number");
    assert_eq!(error.to_string(), "column `v`: invalid value: string \"é\", expected u32 (the server sent `é`)");
}
