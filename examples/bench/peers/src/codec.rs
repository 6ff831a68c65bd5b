//! Rows to and from JavaScript's objects, as the crates that leave this to their users tell them to.

use wasm_bindgen::JsValue;

use crate::operations::Answer;
use crate::people::Person;

pub fn encode(row: &Person) -> Answer<JsValue> {
    Ok(serde_wasm_bindgen::to_value(row)?)
}

pub fn encode_all(rows: &[Person]) -> Answer<Vec<JsValue>> {
    rows.iter().map(encode).collect()
}

pub fn decode(row: JsValue) -> Answer<Person> {
    Ok(serde_wasm_bindgen::from_value(row)?)
}

pub fn decode_all(rows: Vec<JsValue>) -> Answer<Vec<Person>> {
    rows.into_iter().map(decode).collect()
}

/// Primary keys.
pub fn decode_keys(keys: Vec<JsValue>) -> Answer<Vec<u32>> {
    keys.into_iter().map(|key| Ok(serde_wasm_bindgen::from_value(key)?)).collect()
}

/// Without the rows that have been there before: what two indexes have found.
pub fn unite(mut rows: Vec<Person>, others: Vec<Person>) -> Vec<Person> {
    let known: std::collections::HashSet<u32> = rows.iter().map(|row| row.id).collect();
    rows.extend(others.into_iter().filter(|row| !known.contains(&row.id)));
    rows
}

/// A key behind all texts that begin so.
pub fn behind(prefix: &str) -> String {
    format!("{prefix}\u{ffff}")
}
