//! The New type of a record is stored as the record itself is: with what serde's attributes say, and without the key.

use indexie::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// All that is said is what things are called, and how they are read.
#[derive(Store, Serialize, Deserialize, Clone)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[store("++row_id, created_at, type")]
pub struct Plain {
    pub row_id: u32,
    pub created_at: f64,
    #[serde(default)]
    pub r#type: String,
    #[serde(alias = "memo")]
    pub note: Option<String>,
}

/// What is written is not what stands there.
#[derive(Store, Serialize, Deserialize, Clone)]
#[store("++id, name")]
pub struct Other {
    pub id: u32,
    #[serde(rename = "title")]
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(skip)]
    pub draft: bool,
}

#[derive(Store, Serialize, Deserialize, Clone)]
#[store("++id", new(derive(Deserialize)))]
pub struct Read {
    pub id: u32,
    #[serde(default)]
    pub name: String,
}

fn without(key: &str, row: &impl Serialize) -> Value {
    let mut row = serde_json::to_value(row).expect("a row");
    row.as_object_mut().expect("an object").remove(key).expect("the key");
    row
}

#[test]
fn a_plain_new_row_is_the_record_without_its_key() {
    let new = NewPlain { created_at: 0.5, r#type: "a".into(), note: None };
    let row = Plain { row_id: 1, created_at: 0.5, r#type: "a".into(), note: None };
    assert_eq!(serde_json::to_value(&new).expect("a row"), json!({ "createdAt": 0.5, "type": "a", "note": null }));
    assert_eq!(serde_json::to_value(&new).expect("a row"), without("rowId", &row));
}

#[test]
fn so_is_one_that_serde_writes_in_another_way() {
    let new = NewOther { name: "a".into(), note: None, draft: true };
    let row = Other { id: 1, name: "a".into(), note: None, draft: true };
    assert_eq!(serde_json::to_value(&new).expect("a row"), json!({ "title": "a" }));
    assert_eq!(serde_json::to_value(&new).expect("a row"), without("id", &row));
}

#[test]
fn one_that_derives_more_is_read_as_the_record_is() {
    let new: NewRead = serde_json::from_value(json!({})).expect("a row");
    assert_eq!(serde_json::to_value(&new).expect("a row"), json!({ "name": "" }));
}
