//! The columns of a shape, as the header `electric-schema` lists them: what the text of a row's values means.
//! Parsed once for a shape, by whoever follows it; asked by `decode` for each value.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A shape's columns, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Columns(Vec<Column>);

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    pub name: String,
    /// The name of its type; of an array, its elements'.
    pub type_name: String,
    pub kind: Kind,
    /// How many dimensions it is declared with, if it is an array.
    pub dims: u32,
    pub not_null: bool,
    /// Its position in the primary key.
    pub pk_index: Option<u32>,
}

/// What the text of a type looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `t`, `true`, `f`, `false`.
    Bool,
    /// Digits.
    Int,
    /// What a JavaScript number can be, NaN and the infinities included.
    Float,
    /// Digits with a fraction, of any length.
    Numeric,
    /// `\x` and hexadecimal digits.
    Bytea,
    Json,
    /// `2026-02-28 13:14:15.123456`.
    Timestamp,
    /// The same with an offset.
    Timestamptz,
    Date,
    Time,
    Timetz,
    /// The one type whose arrays are separated by semicolons.
    Box,
    /// Text, and whatever has no meaning here but its text: enums, intervals, ranges, addresses.
    Text,
}

impl Kind {
    fn of(type_name: &str) -> Self {
        match type_name {
            "bool" => Self::Bool,
            "int2" | "int4" | "int8" | "oid" => Self::Int,
            "float4" | "float8" => Self::Float,
            "numeric" => Self::Numeric,
            "bytea" => Self::Bytea,
            "json" | "jsonb" => Self::Json,
            "timestamp" => Self::Timestamp,
            "timestamptz" => Self::Timestamptz,
            "date" => Self::Date,
            "time" => Self::Time,
            "timetz" => Self::Timetz,
            "box" => Self::Box,
            _ => Self::Text,
        }
    }
}

/// A column as the header has it.
#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "type")]
    type_name: String,
    #[serde(default)]
    dims: u32,
    #[serde(default)]
    not_null: bool,
    #[serde(default)]
    pk_index: Option<u32>,
}

impl Columns {
    /// From the text of the header.
    pub fn parse(header: &str) -> Result<Self, String> {
        let listed: BTreeMap<String, Listed> = serde_json::from_str(header)
            .map_err(|error| format!("the header `electric-schema` does not list columns: {error}"))?;
        // The map is sorted: `get` counts on it.
        let columns = listed.into_iter().map(|(name, listed)| Column {
            name,
            kind: Kind::of(&listed.type_name),
            type_name: listed.type_name,
            dims: listed.dims,
            not_null: listed.not_null,
            pk_index: listed.pk_index,
        });
        Ok(Self(columns.collect()))
    }

    pub fn get(&self, name: &str) -> Option<&Column> {
        let at = self.0.binary_search_by(|column| column.name.as_str().cmp(name)).ok()?;
        self.0.get(at)
    }

    /// The columns of the primary key, in its order.
    pub fn primary_key(&self) -> Vec<&Column> {
        let mut columns: Vec<_> = self.0.iter().filter(|column| column.pk_index.is_some()).collect();
        columns.sort_by_key(|column| column.pk_index);
        columns
    }

    /// All of them, sorted by name.
    pub fn iter(&self) -> std::slice::Iter<'_, Column> {
        self.0.iter()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_lists_columns() {
        let columns = Columns::parse(
            r#"{"no":{"type":"int4","not_null":true,"pk_index":1},"note":{"type":"varchar","max_length":8},"tenant":{"type":"text","not_null":true,"pk_index":0},"aa":{"type":"int4","dims":2}}"#,
        );
        let columns = columns.expect("a header");
        assert_eq!(columns.len(), 4);
        let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["aa", "no", "note", "tenant"]);
        assert_eq!(
            columns.get("aa"),
            Some(&Column {
                name: "aa".to_owned(),
                type_name: "int4".to_owned(),
                kind: Kind::Int,
                dims: 2,
                not_null: false,
                pk_index: None
            })
        );
        assert_eq!(columns.get("note").map(|column| (column.kind, column.not_null)), Some((Kind::Text, false)));
        assert_eq!(columns.get("other"), None);
        let key: Vec<_> = columns.primary_key().iter().map(|column| column.name.as_str()).collect();
        assert_eq!(key, ["tenant", "no"]);
    }

    #[test]
    fn another_header_is_refused() {
        let error = Columns::parse("[]").expect_err("no object");
        assert!(error.starts_with("the header `electric-schema` does not list columns: invalid type"), "{error}");
        assert_eq!(Columns::parse("{}"), Ok(Columns::default()));
    }
}
