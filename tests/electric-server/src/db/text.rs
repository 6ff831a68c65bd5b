//! Between the JSON of a test and the Postgres text of a row. `Database` calls it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::table::{Column, Row, Table};

/// A whole row: columns that are not given are `NULL`.
pub(super) fn row_from_json(table: &Table, json: &Map<String, Value>) -> Result<Row, String> {
    let given = columns_from_json(table, json)?;
    Ok(table.columns.iter().map(|column| (column.name.clone(), given.get(&column.name).cloned().flatten())).collect())
}

/// Some columns of a row.
pub(super) fn columns_from_json(
    table: &Table,
    json: &Map<String, Value>,
) -> Result<BTreeMap<String, Option<String>>, String> {
    json.iter()
        .map(|(name, value)| {
            let column = table
                .column(name)
                .ok_or_else(|| format!("column \"{name}\" of relation {} does not exist", table.name))?;
            Ok((name.clone(), text(column, value)))
        })
        .collect()
}

/// A row as `rows` gives it: what a snapshot would say.
pub(super) fn row_to_json(table: &Table, row: &Row) -> Map<String, Value> {
    row.iter()
        .map(|(name, text)| {
            let column = table.column(name);
            let text = text.as_deref().map(|text| column.map_or(text, |column| column.snapshot_text(text)));
            (name.clone(), text.map_or(Value::Null, Value::from))
        })
        .collect()
}

fn text(column: &Column, value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some(match (column.is_bool(), text.as_str()) {
        (true, "true") => "t".to_owned(),
        (true, "false") => "f".to_owned(),
        _ => text,
    })
}
