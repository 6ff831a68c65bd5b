//! Keys, which are those of the row once it is decoded.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::{key, outside_key, row};
use super::columns;
use crate::key::FieldForm;
use crate::schema::KeyPath;
use crate::store::Store;
use crate::{AnyKey, Date, Key};

/// The key of what came, which is also that of the whole row.
fn key_of<T: Store + DeserializeOwned>(header: &str, json: &str) -> AnyKey {
    let columns = columns(header);
    let found = key(json, &columns, T::SCHEMA.key.path, T::FIELDS).expect("a key").expect("every column");
    let row: T = row(json, &columns).expect("a row");
    assert_eq!(Some(found.clone()), row.entry(0).single(), "the key of the row");
    found
}

macro_rules! keyed {
    ($name:ident, $type:ty) => {
        #[derive(crate::Store, Serialize, Deserialize, Clone, Debug)]
        #[store("id")]
        struct $name {
            id: $type,
        }
    };
}

#[derive(Key, Serialize, Deserialize, Clone, Debug)]
struct UserId(u32);

#[derive(Key, Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "lowercase")]
enum Mood {
    Happy,
    #[serde(rename = "so-so")]
    Neither,
}

keyed!(Small, u32);
keyed!(Wide, i64);
keyed!(Text, String);
keyed!(Enum, Mood);
keyed!(Newtype, UserId);
keyed!(Moment, Date);
keyed!(Boolean, bool);
keyed!(Float, f64);
keyed!(Binary, Vec<u8>);
keyed!(Letter, char);
keyed!(Pair, (u32, String));
keyed!(Array, Vec<i64>);

fn of(type_name: &str, dims: u32) -> String {
    format!(r#"{{"id":{{"type":"{type_name}","dims":{dims}}}}}"#)
}

#[test]
fn keys_have_the_form_of_their_field() {
    let number = AnyKey::Number;
    assert_eq!(key_of::<Small>(&of("int4", 0), r#"{"id":"7"}"#), number(7.0));
    assert_eq!(key_of::<Small>(&of("numeric", 0), r#"{"id":"7.00"}"#), number(7.0));
    assert_eq!(key_of::<Small>(&of("text", 0), r#"{"id":"7"}"#), number(7.0));
    assert_eq!(key_of::<Wide>(&of("int8", 0), r#"{"id":"-9007199254740992"}"#), number(-9_007_199_254_740_992.0));
    assert_eq!(key_of::<Text>(&of("int8", 0), r#"{"id":"9007199254740993"}"#), AnyKey::from("9007199254740993"));
    assert_eq!(key_of::<Text>(&of("text", 0), r#"{"id":"é\n"}"#), AnyKey::from("é\n"));
    assert_eq!(
        key_of::<Text>(&of("timestamptz", 0), r#"{"id":"2026-02-28 11:14:15+00"}"#),
        AnyKey::from("2026-02-28 11:14:15+00")
    );
    assert_eq!(key_of::<Text>(&of("bool", 0), r#"{"id":"t"}"#), AnyKey::from("true"));
    assert_eq!(key_of::<Enum>(&of("mood", 0), r#"{"id":"happy"}"#), AnyKey::from("happy"));
    assert_eq!(key_of::<Enum>(&of("mood", 0), r#"{"id":"so-so"}"#), AnyKey::from("so-so"));
    assert_eq!(key_of::<Newtype>(&of("int4", 0), r#"{"id":"4294967295"}"#), number(4_294_967_295.0));
    assert_eq!(
        key_of::<Moment>(&of("timestamptz", 0), r#"{"id":"2026-02-28 11:14:15.123+00"}"#),
        AnyKey::Date(1_772_277_255_123.0)
    );
    for (json, expected) in [(r#"{"id":"true"}"#, 1.0), (r#"{"id":"t"}"#, 1.0), (r#"{"id":"f"}"#, 0.0)] {
        assert_eq!(key_of::<Boolean>(&of("bool", 0), json), number(expected));
    }
    assert_eq!(key_of::<Float>(&of("float8", 0), r#"{"id":"-0.5"}"#), number(-0.5));
    assert_eq!(key_of::<Float>(&of("float8", 0), r#"{"id":"1e+300"}"#), number(1e300));
    assert_eq!(key_of::<Binary>(&of("bytea", 0), r#"{"id":"\\x01ff"}"#), AnyKey::Binary(vec![1, 0xff]));
    assert_eq!(key_of::<Letter>(&of("bpchar", 0), r#"{"id":"x"}"#), AnyKey::from("x"));
    assert_eq!(
        key_of::<Array>(&of("int8", 1), r#"{"id":"{1,-2}"}"#),
        AnyKey::Array(vec![AnyKey::from(1), AnyKey::from(-2)])
    );
    assert_eq!(
        key_of::<Pair>(&of("jsonb", 0), r#"{"id":"[1, \"a\"]"}"#),
        AnyKey::Array(vec![AnyKey::from(1), AnyKey::from("a")])
    );
}

#[cfg(feature = "uuid")]
#[test]
fn a_uuid_is_text() {
    keyed!(Unique, uuid::Uuid);
    let json = r#"{"id":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}"#;
    assert_eq!(key_of::<Unique>(&of("uuid", 0), json), AnyKey::from("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"));
}

const ORDERS: &str = r#"{"no":{"type":"int4","not_null":true,"pk_index":1},"note":{"type":"text"},"tenant":{"type":"text","not_null":true,"pk_index":0}}"#;

#[derive(crate::Store, Serialize, Deserialize, Clone, Debug)]
#[store("[tenant+no]")]
struct Order {
    no: u32,
    note: Option<String>,
    tenant: String,
}

#[test]
fn compound_keys_in_the_order_of_the_path_or_of_the_shape() {
    let first = AnyKey::Array(vec![AnyKey::from("a/b"), AnyKey::from(1)]);
    let second = AnyKey::Array(vec![AnyKey::from("q\"t"), AnyKey::from(2)]);
    for (json, expected) in
        [(r#"{"no":"1","note":"x","tenant":"a/b"}"#, first), (r#"{"no":"2","note":null,"tenant":"q\"t"}"#, second)]
    {
        assert_eq!(key_of::<Order>(ORDERS, json), expected);
        assert_eq!(outside_key(json, &columns(ORDERS)), Ok(Some(expected)));
    }
    let declared = columns(r#"{"a":{"type":"int4","pk_index":1},"b":{"type":"int4","pk_index":0}}"#);
    let expected = AnyKey::Array(vec![AnyKey::from(2), AnyKey::from(1)]);
    assert_eq!(outside_key(r#"{"a":"1","b":"2"}"#, &declared), Ok(Some(expected)));
}

#[test]
fn without_all_of_its_columns_there_is_no_key() {
    let columns = columns(ORDERS);
    assert_eq!(key(r#"{"no":"1"}"#, &columns, Order::SCHEMA.key.path, Order::FIELDS), Ok(None));
    assert_eq!(outside_key(r#"{"no":"1"}"#, &columns), Ok(None));
    assert_eq!(key(r#"{"no":"1"}"#, &columns, KeyPath::None, &[]), Ok(None));
}

#[test]
fn a_key_outside_of_the_record_is_typed_by_its_column() {
    let outside = |type_name: &str, text: &str| {
        let header = format!(r#"{{"id":{{"type":"{type_name}","pk_index":0}}}}"#);
        outside_key(&format!(r#"{{"id":"{text}"}}"#), &columns(&header)).expect("a key")
    };
    assert_eq!(outside("int8", "5"), Some(AnyKey::from(5)));
    assert_eq!(outside("float8", "0.5"), Some(AnyKey::Number(0.5)));
    assert_eq!(outside("bool", "t"), outside("bool", "true"));
    assert_eq!(outside("uuid", "a0ee"), Some(AnyKey::from("a0ee")));
    assert_eq!(outside("numeric", "1.0"), Some(AnyKey::from("1.0")));
    assert_eq!(outside_key(r#"{"id":"1"}"#, &columns(r#"{"id":{"type":"int4"}}"#)), Ok(None));
}

#[derive(Serialize, Deserialize, Clone, Debug)]
struct Address {
    city: String,
    flat: u32,
}

#[derive(crate::Store, Serialize, Deserialize, Clone, Debug)]
#[store("[address.city as String+address.flat as u32]")]
struct Home {
    address: Address,
}

#[test]
fn a_dotted_path_leads_into_json() {
    let header = r#"{"address":{"type":"jsonb"}}"#;
    let json = r#"{"address":"{\"city\": \"Rome\", \"flat\": 3}"}"#;
    assert_eq!(key_of::<Home>(header, json), AnyKey::Array(vec![AnyKey::from("Rome"), AnyKey::from(3)]));
    let error = key(r#"{"address":"{}"}"#, &columns(header), Home::SCHEMA.key.path, Home::FIELDS).expect_err("no key");
    assert_eq!((error.column.as_str(), error.message.as_str()), ("address", "there is no `city` in it"));
    // The same with nothing known of the fields.
    let found = key(json, &columns(header), KeyPath::One("address.flat"), &[]);
    assert_eq!(found, Ok(Some(AnyKey::from(3))));
}

#[test]
fn what_is_no_key_is_an_error() {
    const NUMBER: &[FieldForm] = Wide::FIELDS;
    for (type_name, json, message) in [
        (
            "int8",
            r#"{"id":"9007199254740993"}"#,
            "9007199254740993 is beyond 2^53: a JavaScript number cannot hold it, and IndexedDB has no other integer keys",
        ),
        ("float8", r#"{"id":"NaN"}"#, "NaN is no key"),
        ("text", r#"{"id":"x"}"#, "invalid value: string \"x\", expected f64"),
        ("int4", r#"{"id":null}"#, "invalid type: null, expected f64"),
    ] {
        let error = key(json, &columns(&of(type_name, 0)), KeyPath::One("id"), NUMBER).expect_err("no key");
        assert_eq!((error.column.as_str(), error.message.as_str()), ("id", message));
    }
}
