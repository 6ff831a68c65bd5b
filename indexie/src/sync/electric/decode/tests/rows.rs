//! Whole rows, and rows of which some columns have changed.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::{ColumnError, is_complete, merged, patched, row};
use super::columns;
use crate::Date;

const USERS: &str = r#"{"id":{"type":"int4","not_null":true,"pk_index":0},"name":{"type":"text"},"age":{"type":"int4"},"active":{"type":"bool"}}"#;

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct User {
    id: u32,
    #[serde(rename = "name")]
    full_name: String,
    age: Option<u8>,
    active: Option<bool>,
    /// Not on the server.
    #[serde(default)]
    seen: Option<Date>,
}

fn ann() -> User {
    User { id: 1, full_name: "Ann".into(), age: Some(30), active: Some(true), seen: None }
}

#[test]
fn a_row_of_the_first_page() {
    let row: User = row(r#"{"active":"true","age":"30","id":"1","name":"Ann"}"#, &columns(USERS)).expect("a row");
    assert_eq!(row, ann());
}

#[test]
fn columns_without_a_field_and_text_with_escapes() {
    let json = r#"{"active":"false","age":null,"id":"2","n\u0061me":"Bob \"q\" / x","new":"{","other":null}"#;
    let row: User = row(json, &columns(USERS)).expect("a row");
    assert_eq!((row.id, row.full_name.as_str(), row.active), (2, "Bob \"q\" / x", Some(false)));
}

#[test]
fn a_patch_leaves_every_other_field() {
    let seen = Some(Date::from_millis(1_500));
    let stored = User { seen, ..ann() };
    let changed = patched(&stored, r#"{"active":"f","id":"1","name":"Ann2"}"#, &columns(USERS)).expect("a row");
    assert_eq!(changed, User { active: Some(false), full_name: "Ann2".into(), ..stored.clone() });
    let changed = patched(&changed, r#"{"id":"1","age":null}"#, &columns(USERS)).expect("a row");
    assert_eq!((changed.age, changed.seen), (None, seen));
    assert_eq!(patched(&stored, "{}", &columns(USERS)), Ok(stored));
}

#[derive(Deserialize, Debug)]
#[allow(dead_code, reason = "never comes to be")]
struct Unknown {
    id: u32,
    place: String,
}

#[test]
fn errors_name_the_column_and_what_came() {
    let columns = columns(USERS);
    let error = row::<User>(r#"{"id":"x","name":"Ann"}"#, &columns).expect_err("no number");
    let message = "invalid value: string \"x\", expected u32".to_owned();
    let expected = ColumnError { column: "id".to_owned(), value: Some("x".to_owned()), message };
    assert_eq!(error, expected);
    assert_eq!(patched(&ann(), r#"{"id":"x"}"#, &columns), Err(expected));

    let error = row::<User>(r#"{"id":"1"}"#, &columns).expect_err("a field is missing");
    assert_eq!((error.column.as_str(), error.message.as_str()), ("name", "the row came without the column `name`"));

    let error = row::<Unknown>(r#"{"id":"1"}"#, &columns).expect_err("a field is missing");
    assert_eq!((error.column.as_str(), error.message.as_str()), ("place", "the shape has no column `place`"));

    for (json, message) in [
        (r#"{"id":"1","id":"2","name":"Ann"}"#, "duplicate field `id`"),
        ("[]", "this is no row: invalid type: sequence, expected an object of columns at line 1 column 0"),
    ] {
        let error = row::<User>(json, &columns).expect_err("no row");
        assert_eq!((error.column.as_str(), error.message.as_str()), ("", message));
    }
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Place {
    city: String,
    zip: Option<u32>,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Customer {
    id: u64,
    #[serde(flatten)]
    place: Place,
    tags: Vec<String>,
    photo: Vec<u8>,
    document: serde_json::Value,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

const CUSTOMERS: &str = r#"{"id":{"type":"int8","pk_index":0},"city":{"type":"text"},"zip":{"type":"int4"},"tags":{"type":"text","dims":1},"photo":{"type":"bytea"},"document":{"type":"jsonb"},"vip":{"type":"bool"}}"#;

#[test]
fn flattened_fields_are_columns() {
    let columns = columns(CUSTOMERS);
    let json = r#"{"city":"Rome","document":"{\"a\": 1}","id":"9007199254740993","photo":"\\x01ff","tags":"{a,b}","vip":"t","zip":"123"}"#;
    let customer: Customer = row(json, &columns).expect("a row");
    let expected = Customer {
        id: 9_007_199_254_740_993,
        place: Place { city: "Rome".into(), zip: Some(123) },
        tags: vec!["a".into(), "b".into()],
        photo: vec![1, 0xff],
        document: json!({ "a": 1 }),
        rest: BTreeMap::from([("vip".to_owned(), json!(true))]),
    };
    assert_eq!(customer, expected);

    let changed = patched(&customer, r#"{"id":"9007199254740993","zip":null,"vip":"f"}"#, &columns).expect("a row");
    let place = Place { zip: None, ..expected.place.clone() };
    let rest = BTreeMap::from([("vip".to_owned(), json!(false))]);
    assert_eq!(changed, Customer { place, rest, ..expected });
    let changed = patched(&customer, r#"{"city":"Oslo","tags":"{}"}"#, &columns).expect("a row");
    let place = Place { city: "Oslo".into(), ..customer.place.clone() };
    assert_eq!(changed, Customer { place, tags: vec![], ..customer });
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Times {
    created: DateTime<Utc>,
    local: NaiveDateTime,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Event {
    id: u32,
    at: Date,
    day: NaiveDate,
    #[serde(flatten)]
    times: Times,
}

#[test]
fn times_survive_a_patch_and_flattening() {
    let columns = columns(
        r#"{"id":{"type":"int4"},"at":{"type":"timestamp"},"day":{"type":"date"},"created":{"type":"timestamptz"},"local":{"type":"timestamp"}}"#,
    );
    let json = r#"{"id":"1","at":"2026-02-28 11:14:15.123","day":"2026-02-28","created":"2026-02-28 11:14:15.123+00","local":"2026-02-28 11:14:15.123456"}"#;
    let event: Event = row(json, &columns).expect("a row");
    let day = NaiveDate::from_ymd_opt(2026, 2, 28).expect("a date");
    let local = day.and_hms_micro_opt(11, 14, 15, 123_456).expect("a time");
    let created = day.and_hms_milli_opt(11, 14, 15, 123).expect("a time").and_utc();
    let at = Date::from_millis(1_772_277_255_123);
    assert_eq!(event, Event { id: 1, at, day, times: Times { created, local } });

    let changed = patched(&event, r#"{"id":"1","created":"2026-03-01 00:00:00+00"}"#, &columns).expect("a row");
    let created = "2026-03-01T00:00:00Z".parse().expect("a time");
    assert_eq!(changed, Event { times: Times { created, local }, ..event });
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Entry {
    Note { id: u32, text: String },
    Task { id: u32, done: bool },
}

#[test]
fn a_row_may_be_an_enum_with_a_tag() {
    let columns =
        columns(r#"{"id":{"type":"int4"},"kind":{"type":"text"},"text":{"type":"text"},"done":{"type":"bool"}}"#);
    let entry: Entry = row(r#"{"id":"1","kind":"task","text":null,"done":"f"}"#, &columns).expect("a row");
    assert_eq!(entry, Entry::Task { id: 1, done: false });
    let entry = patched(&entry, r#"{"done":"t"}"#, &columns).expect("a row");
    assert_eq!(entry, Entry::Task { id: 1, done: true });
    let entry = patched(&entry, r#"{"kind":"note","text":"x"}"#, &columns).expect("a row");
    assert_eq!(entry, Entry::Note { id: 1, text: "x".into() });
}

#[test]
fn the_newer_of_two_columns_stays() {
    let all = merged(r#"{"id":"1","name":"A \"q\"","age":null}"#, r#"{"age":"3","id":"1","new":null}"#);
    let expected = json!({ "id": "1", "name": "A \"q\"", "age": "3", "new": null });
    assert_eq!(serde_json::from_str::<serde_json::Value>(&all).expect("an object"), expected);
    assert_eq!(merged("broken", r#"{"id":"1"}"#), r#"{"id":"1"}"#);
}

#[test]
fn a_row_is_complete_with_every_column() {
    let columns = columns(USERS);
    assert!(is_complete(r#"{"active":null,"age":"1","id":"50","name":"S1"}"#, &columns));
    assert!(is_complete(r#"{"zip":"1","name":"S1","id":"50","age":"1","active":null}"#, &columns));
    assert!(!is_complete(r#"{"age":"1","id":"50","name":"S1"}"#, &columns));
    assert!(!is_complete(r#"{"zip":"1","age":"1","id":"50","name":"S1"}"#, &columns));
    assert!(!is_complete("", &columns));
}
