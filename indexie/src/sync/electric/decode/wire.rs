//! The JSON of a row: its columns and their text, borrowed where nothing is escaped.
//! Called by the rest of `decode`, and for what can be said of rows without knowing their type.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{ColumnError, Decoded};
use crate::sync::electric::columns::Columns;

/// The columns that a row has, in the order in which they came.
pub(super) struct Texts<'a>(pub Vec<(Cow<'a, str>, Value<'a>)>);

/// Text, or null.
type Value<'a> = Option<Cow<'a, str>>;

impl<'a> Texts<'a> {
    pub fn parse(json: &'a str) -> Decoded<Self> {
        serde_json::from_str(json)
            .map_err(|error| ColumnError::new(format_args!("this is no row: {error}")).at("", Some(json)))
    }

    /// What came in a column, if it did.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.0.iter().find(|(column, _)| column == name).map(|(_, text)| text)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextsVisitor;

        impl<'de> Visitor<'de> for TextsVisitor {
            type Value = Texts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of columns")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts<'de>, A::Error> {
                let mut texts = Vec::with_capacity(16);
                while let Some((name, text)) = map.next_entry::<Text<'de>, Text<'de>>()? {
                    texts.push((name.0.unwrap_or_default(), text.0));
                }
                Ok(Texts(texts))
            }
        }

        deserializer.deserialize_map(TextsVisitor)
    }
}

/// A value, or the name of a column.
struct Text<'a>(Value<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text or null")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Borrowed(text))))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Owned(text.to_owned()))))
            }

            fn visit_unit<E: Error>(self) -> Result<Text<'de>, E> {
                Ok(Text(None))
            }
        }

        deserializer.deserialize_any(TextVisitor)
    }
}

/// Two objects of columns as one; what is in both is the newer one's.
pub(crate) fn merged(older: &str, newer: &str) -> String {
    type Raw<'a> = BTreeMap<String, &'a RawValue>;
    let (Ok(mut all), Ok(changed)) = (serde_json::from_str::<Raw<'_>>(older), serde_json::from_str::<Raw<'_>>(newer))
    else {
        // Decoding reports it.
        return newer.to_owned();
    };
    all.extend(changed);
    serde_json::to_string(&all).unwrap_or_else(|_| newer.to_owned())
}

/// Whether every column of the shape is there.
pub(crate) fn is_complete(json: &str, columns: &Columns) -> bool {
    let Ok(Texts(texts)) = Texts::parse(json) else { return false };
    if texts.len() < columns.len() {
        return false;
    }
    let mut names: Vec<&str> = texts.iter().map(|(name, _)| &**name).collect();
    names.sort_unstable();
    columns.iter().all(|column| names.binary_search(&column.name.as_str()).is_ok())
}
