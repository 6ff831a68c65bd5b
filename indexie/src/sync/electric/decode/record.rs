//! Whole rows: a deserializer of a row type that hands out the fields of an older row, if there is one, and then the columns
//! that came.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::MapDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, IgnoredAny, IntoDeserializer, MapAccess, Visitor,
};
use serde::ser::Serialize;

use super::cell::Cell;
use super::wire::Texts;
use super::{ColumnError, Decoded};
use crate::codec::{Batch, CodecError, Misfit, decoder, with_shapes, write_row};
use crate::sync::electric::columns::Columns;

/// A whole row.
pub(crate) fn row<T: DeserializeOwned>(json: &str, columns: &Columns) -> Decoded<T> {
    let nothing = std::iter::empty::<(&str, ())>();
    laid_over(MapDeserializer::<_, ColumnError>::new(nothing), json, columns)
}

/// The row with some columns changed: all other fields are what they are in `row`.
pub(crate) fn patched<T: Serialize + DeserializeOwned>(row: &T, json: &str, columns: &Columns) -> Decoded<T> {
    let mut batch = Batch::default();
    with_shapes(|shapes| {
        write_row(&mut batch, shapes, &[], row)?;
        let batch = batch.finish();
        laid_over(decoder(&mut batch.reader(), &*shapes), json, columns)
    })
}

fn laid_over<'de, T, D>(stored: D, json: &str, columns: &Columns) -> Decoded<T>
where
    T: DeserializeOwned,
    D: Deserializer<'de, Error: Into<ColumnError>>,
{
    let texts = Texts::parse(json)?;
    let mut failed = None;
    let row = T::deserialize(Over { stored, changes: Changes { texts: &texts, columns, failed: &mut failed } });
    row.map_err(|error| explained(failed.unwrap_or_else(|| error.into()), columns))
}

/// A field of which there is no column is an error that serde words for objects.
fn explained(error: ColumnError, columns: &Columns) -> ColumnError {
    if error.message != format!("missing field `{}`", error.column) {
        return error;
    }
    let message = match columns.get(&error.column) {
        Some(_) => format!("the row came without the column `{}`", error.column),
        None => format!("the shape has no column `{}`", error.column),
    };
    ColumnError { message, ..error }
}

impl From<CodecError> for ColumnError {
    fn from(error: CodecError) -> Self {
        let Misfit { mut path, message } = error.into_misfit();
        if path.is_empty() {
            return Self::new(message);
        }
        let column = path.remove(0);
        let message = if path.is_empty() { message } else { format!("{}: {message}", path.join(".")) };
        Self { column, value: None, message }
    }
}

/// The columns that came.
struct Changes<'a> {
    texts: &'a Texts<'a>,
    columns: &'a Columns,
    /// What did not fit, while the error of the older row's deserializer goes in its place.
    failed: &'a mut Option<ColumnError>,
}

/// A row that is `stored` but for the changes.
struct Over<'a, D> {
    stored: D,
    changes: Changes<'a>,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Over<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.stored.deserialize_map(Both { visitor, changes: self.changes })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_some(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// The row type's visitor, in between which and the stored fields the changes come.
struct Both<'a, V> {
    visitor: V,
    changes: Changes<'a>,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Both<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, stored: A) -> Result<V::Value, A::Error> {
        let name = Cow::Borrowed("");
        self.visitor.visit_map(Fields { stored: Some(stored), changes: self.changes, name, at: 0 })
    }
}

struct Fields<'a, A> {
    /// None when all of its fields have been handed out.
    stored: Option<A>,
    changes: Changes<'a>,
    /// Of the field whose key has been handed out.
    name: Cow<'a, str>,
    /// How many changes have been handed out, the one whose key has been included.
    at: usize,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Fields<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(stored) = &mut self.stored {
            let Some(name) = stored.next_key::<String>()? else {
                self.stored = None;
                break;
            };
            if self.changes.texts.get(&name).is_some() {
                stored.next_value::<IgnoredAny>()?;
                continue;
            }
            let key = seed.deserialize(name.as_str().into_deserializer())?;
            self.name = Cow::Owned(name);
            return Ok(Some(key));
        }
        let Some((name, _)) = self.changes.texts.0.get(self.at) else { return Ok(None) };
        self.at += 1;
        self.name = Cow::Borrowed(name);
        seed.deserialize((&**name).into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        if let Some(stored) = &mut self.stored {
            return stored.next_value_seed(seed);
        }
        let Changes { texts, columns, failed } = &mut self.changes;
        let text = texts.0.get(self.at.wrapping_sub(1)).and_then(|(_, text)| text.as_deref());
        seed.deserialize(Cell::new(columns.get(&self.name), text)).map_err(|error| {
            **failed = Some(error.at(&self.name, text));
            A::Error::custom("")
        })
    }
}
