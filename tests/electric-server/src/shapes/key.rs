//! The `key` of a row: `"public"."orders"/"a//b"/"1"`. `message` puts it into changes.

use crate::db::table::{Row, Table};

/// Which of the service's two spellings of a table's name: only the log doubles `.` and `/` in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    Snapshot,
    Log,
}

/// The key of a row of `table`; without a primary key, of all its columns.
pub(crate) fn key(table: &Table, row: &Row, spelling: Spelling) -> String {
    let name = |name: &str| match spelling {
        Spelling::Snapshot => name.to_owned(),
        Spelling::Log => name.replace('.', "..").replace('/', "//"),
    };
    let mut key = format!("\"{}\".\"{}\"", name(&table.name.schema), name(&table.name.table));
    let primary = table.primary_key();
    let columns = if primary.is_empty() { table.columns.iter().collect() } else { primary };
    for column in columns {
        match &row[&column.name] {
            None => key.push_str("/_"),
            // Quotes are not escaped: so the service does it.
            Some(text) => {
                let text = if spelling == Spelling::Snapshot { column.snapshot_text(text) } else { text };
                key.push_str("/\"");
                key.push_str(&text.replace('/', "//"));
                key.push('"');
            }
        }
    }
    key
}
