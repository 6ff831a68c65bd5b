//! The JSON of a row: its columns and their text, borrowed where nothing is escaped.
//! Called by the rest of `decode`, and for what can be said of rows without knowing their type.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{ColumnError, Decoded};
use crate::sync::electric::columns::Columns;

/// The columns that a row has, in the order in which they came.
pub(super) struct Texts<'a>(pub Vec<(Cow<'a, str>, Value<'a>)>);

/// Text, or null.
type Value<'a> = Option<Cow<'a, str>>;

impl<'a> Texts<'a> {
    pub fn parse(json: &'a str) -> Decoded<Self> {
        Self::parse_some(json, |_| true)
    }

    /// Only the columns that are wanted: the others are passed over, which is faster.
    pub fn parse_some(json: &'a str, wanted: impl Fn(&str) -> bool) -> Decoded<Self> {
        let mut reader = serde_json::Deserializer::from_str(json);
        let texts = reader.deserialize_map(Chosen { wanted });
        texts
            .and_then(|texts| reader.end().map(|()| texts))
            .map_err(|error| ColumnError::new(format_args!("this is no row: {error}")).at("", Some(json)))
    }

    /// What came in a column, if it did.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.0.iter().find(|(column, _)| column == name).map(|(_, text)| text)
    }
}

/// Reads an object of columns, some of which are wanted.
struct Chosen<W> {
    wanted: W,
}

impl<'de, W: Fn(&str) -> bool> Visitor<'de> for Chosen<W> {
    type Value = Texts<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of columns")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts<'de>, A::Error> {
        let mut texts = Vec::new();
        while let Some(name) = map.next_key::<Text<'de>>()? {
            let name = name.0.unwrap_or_default();
            if (self.wanted)(&name) {
                texts.push((name, map.next_value::<Text<'de>>()?.0));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Texts(texts))
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
