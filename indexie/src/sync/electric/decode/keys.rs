//! The primary key that a row has, from some of its columns: the same key as that of the row once it is decoded.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::Value as Json;

use super::cell::Cell;
use super::wire::Texts;
use super::{ColumnError, Decoded};
use crate::key::{AnyKey, Date, FieldForm, Form, Key};
use crate::schema::KeyPath;
use crate::sync::electric::columns::{Columns, Kind};

/// The key that a row has by a key path of the schema, whose names are those of columns; none if one of them is missing.
pub(crate) fn key(
    json: &str,
    columns: &Columns,
    path: KeyPath,
    forms: &'static [FieldForm],
) -> Decoded<Option<AnyKey>> {
    let is_of = |path: &str, name: &str| path.split('.').next() == Some(name);
    let texts = Texts::parse_some(json, |name| match path {
        KeyPath::None => false,
        KeyPath::One(path) => is_of(path, name),
        KeyPath::Many(paths) => paths.iter().any(|path| is_of(path, name)),
    })?;
    let part = |path: &str| part(&texts, columns, path, forms);
    match path {
        KeyPath::None => Ok(None),
        KeyPath::One(path) => part(path),
        KeyPath::Many(paths) => {
            let parts: Option<Vec<_>> = paths.iter().map(|path| part(path)).collect::<Decoded<_>>()?;
            Ok(parts.map(AnyKey::Array))
        }
    }
}

/// The shape's own key, for rows that do not hold theirs; none if the shape has no primary key, or not all of it came.
pub(crate) fn outside_key(json: &str, columns: &Columns) -> Decoded<Option<AnyKey>> {
    let primary_key = columns.primary_key();
    let texts = Texts::parse_some(json, |name| primary_key.iter().any(|column| column.name == name))?;
    let mut parts = Vec::new();
    for column in primary_key {
        let Some(text) = texts.get(&column.name) else { return Ok(None) };
        let text = text.as_deref();
        let part = formed(Cell::new(Some(column), text), None);
        parts.push(part.map_err(|error| error.at(&column.name, text))?);
    }
    Ok(match parts.len() {
        0 | 1 => parts.pop(),
        _ => Some(AnyKey::Array(parts)),
    })
}

fn part(texts: &Texts<'_>, columns: &Columns, path: &str, forms: &'static [FieldForm]) -> Decoded<Option<AnyKey>> {
    let form = forms.iter().find(|form| form.path.iter().copied().eq(path.split('.'))).map(|form| form.form);
    let (name, inner) = path.split_once('.').map_or((path, None), |(name, inner)| (name, Some(inner)));
    let Some(text) = texts.get(name) else { return Ok(None) };
    let text = text.as_deref();
    let key = match (inner, text) {
        (Some(inner), Some(json)) => inside(json, inner, form),
        _ => formed(Cell::new(columns.get(name), text), form),
    };
    key.map(Some).map_err(|error| error.at(name, text))
}

/// The key at a path of a column's JSON.
fn inside(json: &str, path: &str, form: Option<Form>) -> Decoded<AnyKey> {
    let value: Json = serde_json::from_str(json).map_err(ColumnError::new)?;
    let value = path.split('.').try_fold(&value, |value, name| value.get(name));
    let value = value.ok_or_else(|| ColumnError::new(format_args!("there is no `{path}` in it")))?;
    let text = match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let kind = match value {
        Json::Bool(_) => Kind::Bool,
        Json::Number(number) if number.is_f64() => Kind::Float,
        Json::Number(_) => Kind::Int,
        Json::String(_) => Kind::Text,
        Json::Null | Json::Array(_) | Json::Object(_) => Kind::Json,
    };
    formed(Cell { text: (!value.is_null()).then_some(&text), kind, array: false }, form)
}

/// The key that a value is in the form of its field; where that is unknown, in the form of its column.
fn formed(cell: Cell<'_>, form: Option<Form>) -> Decoded<AnyKey> {
    let of_column = || match cell.kind {
        _ if cell.array => Form::Array,
        Kind::Int | Kind::Float => Form::Number,
        Kind::Bool => Form::Bool,
        _ => Form::Text,
    };
    Ok(match form.unwrap_or_else(of_column) {
        Form::Number | Form::Byte | Form::Wide => return number(cell),
        Form::Bool => return valid(&bool::deserialize(cell)?),
        Form::Date => return valid(&Date::deserialize(cell)?),
        Form::Text => AnyKey::Text(String::deserialize(cell)?),
        Form::Binary => AnyKey::Binary(Vec::deserialize(cell)?),
        Form::Array => AnyKey::Array(Vec::<Part>::deserialize(cell)?.into_iter().map(|part| part.0).collect()),
    })
}

/// A value as the key that its type makes of it.
fn valid<K: Key>(value: &K) -> Decoded<AnyKey> {
    value.to_any().map_err(ColumnError::new)
}

fn number(cell: Cell<'_>) -> Decoded<AnyKey> {
    match i128::deserialize(cell) {
        Ok(integer) => match i64::try_from(integer) {
            Ok(integer) => valid(&integer),
            // Beyond 2^53 in any case.
            Err(_) => valid(&if integer < 0 { i64::MIN } else { i64::MAX }),
        },
        Err(_) => valid(&f64::deserialize(cell)?),
    }
}

/// An element of a key that is an array.
struct Part(AnyKey);

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PartVisitor;

        fn part<K: Key, E: de::Error>(value: &K) -> Result<Part, E> {
            value.to_any().map(Part).map_err(E::custom)
        }

        impl<'de> Visitor<'de> for PartVisitor {
            type Value = Part;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a part of a key")
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Part, E> {
                part(&value)
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Part, E> {
                part(&value)
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Part, E> {
                part(&value)
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Part, E> {
                part(&value)
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Part, E> {
                Ok(Part(AnyKey::from(value)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Part, A::Error> {
                let mut parts = Vec::new();
                while let Some(Part(part)) = seq.next_element()? {
                    parts.push(part);
                }
                Ok(Part(AnyKey::Array(parts)))
            }
        }

        deserializer.deserialize_any(PartVisitor)
    }
}
