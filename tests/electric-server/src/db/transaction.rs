//! What a transaction does, as Rust tests write it and as `POST /control` spells it in JSON.
//! `Database::commit` carries it out.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::table::Column;

/// Operations that are committed at once.
///
/// Row values are JSON: strings are Postgres text as it is, numbers and booleans are turned into it, `null` is
/// `NULL`. Arrays and objects become their JSON text.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transaction {
    /// The position of the commit; by default some way after the last one.
    #[serde(default)]
    pub lsn: Option<u64>,
    /// The transaction's 64-bit number; by default the next.
    #[serde(default)]
    pub txid: Option<u64>,
    /// What is done, in order.
    #[serde(rename = "ops")]
    pub operations: Vec<Operation>,
}

/// One operation. `table` is a name as SQL spells it; `key` matches the rows in which all its columns are equal.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the operands of the SQL statement the variant is named after")]
pub enum Operation {
    /// `INSERT`; columns that are not given are `NULL`.
    Insert { table: String, row: Map<String, Value> },
    /// `UPDATE` of the rows that match `key`.
    Update { table: String, key: Map<String, Value>, set: Map<String, Value> },
    /// `DELETE` of the rows that match `key`.
    Delete { table: String, key: Map<String, Value> },
    /// `TRUNCATE`: rotates the table's shapes.
    Truncate { table: String },
    /// `ALTER TABLE … ADD COLUMN`: rotates the table's shapes.
    AddColumn { table: String, column: Column },
    /// `ALTER TABLE … DROP COLUMN`: rotates the table's shapes.
    DropColumn { table: String, column: String },
    /// `ALTER TABLE … RENAME COLUMN`: rotates the table's shapes.
    RenameColumn { table: String, column: String, to: String },
    /// `ALTER TABLE … ALTER COLUMN … TYPE`: rotates the table's shapes.
    RetypeColumn {
        table: String,
        column: String,
        #[serde(rename = "type")]
        type_name: String,
    },
    /// `ALTER TABLE … RENAME TO`: rotates the table's shapes.
    RenameTable { table: String, to: String },
    /// `DROP TABLE`: noticed by the service only after [`crate::Config::drop_table_notice`].
    DropTable { table: String },
}

impl Operation {
    /// The table it is about.
    #[must_use]
    pub fn table(&self) -> &str {
        match self {
            Self::Insert { table, .. }
            | Self::Update { table, .. }
            | Self::Delete { table, .. }
            | Self::Truncate { table }
            | Self::AddColumn { table, .. }
            | Self::DropColumn { table, .. }
            | Self::RenameColumn { table, .. }
            | Self::RetypeColumn { table, .. }
            | Self::RenameTable { table, .. }
            | Self::DropTable { table } => table,
        }
    }
}

impl Operation {
    /// Whether it changes rows and nothing else.
    pub(super) fn is_of_rows(&self) -> bool {
        matches!(self, Self::Insert { .. } | Self::Update { .. } | Self::Delete { .. })
    }
}

/// Builders: they only record; what is wrong with an operation is told by the commit.
impl Transaction {
    /// Commits at this position.
    pub fn at(&mut self, lsn: u64) -> &mut Self {
        self.lsn = Some(lsn);
        self
    }

    /// Commits under this number.
    pub fn txid(&mut self, txid: u64) -> &mut Self {
        self.txid = Some(txid);
        self
    }

    /// Inserts a row: `tx.insert("users", json!({"id": 1, "name": "Ann"}))`.
    pub fn insert(&mut self, table: &str, row: Value) -> &mut Self {
        self.push(Operation::Insert { table: table.to_owned(), row: object(row) })
    }

    /// Updates the rows that match `key`.
    pub fn update(&mut self, table: &str, key: Value, set: Value) -> &mut Self {
        self.push(Operation::Update { table: table.to_owned(), key: object(key), set: object(set) })
    }

    /// Deletes the rows that match `key`.
    pub fn delete(&mut self, table: &str, key: Value) -> &mut Self {
        self.push(Operation::Delete { table: table.to_owned(), key: object(key) })
    }

    /// Deletes all rows and rotates the table's shapes.
    pub fn truncate(&mut self, table: &str) -> &mut Self {
        self.push(Operation::Truncate { table: table.to_owned() })
    }

    /// Adds a column, in which rows that are there have `NULL`.
    pub fn add_column(&mut self, table: &str, column: Column) -> &mut Self {
        self.push(Operation::AddColumn { table: table.to_owned(), column })
    }

    /// Drops a column.
    pub fn drop_column(&mut self, table: &str, column: &str) -> &mut Self {
        self.push(Operation::DropColumn { table: table.to_owned(), column: column.to_owned() })
    }

    /// Drops the table.
    pub fn drop_table(&mut self, table: &str) -> &mut Self {
        self.push(Operation::DropTable { table: table.to_owned() })
    }

    /// Renames the table.
    pub fn rename_table(&mut self, table: &str, to: &str) -> &mut Self {
        self.push(Operation::RenameTable { table: table.to_owned(), to: to.to_owned() })
    }

    /// Records any operation.
    pub fn push(&mut self, operation: Operation) -> &mut Self {
        self.operations.push(operation);
        self
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("a row or key is a JSON object, not {other}"),
    }
}
