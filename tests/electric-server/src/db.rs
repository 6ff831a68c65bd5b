//! The database behind the service: tables in memory, changed by transactions that are numbered as Postgres
//! numbers them. [`Database::commit`] is the only way in; `shapes` follows the [`Commit`]s it gives.

pub mod table;
mod text;
pub mod transaction;

use std::collections::BTreeSet;
use std::time::Instant;

use serde_json::{Map, Value};

use crate::name::TableName;
use table::{Row, Table, TableSpec};
use transaction::{Operation, Transaction};

/// Where the log begins; as far as that of a database which has had its tables made.
pub(crate) const FIRST_LSN: u64 = 26_600_000;
const FIRST_TXID: u64 = 731;

/// By how much one commit moves the log on: never the same distance twice in a row.
const LSN_STEPS: [u64; 3] = [136, 152, 168];

/// All tables, and the positions reached.
#[derive(Debug)]
pub(crate) struct Database {
    tables: Vec<Table>,
    next_oid: u32,
    lsn: u64,
    next_txid: u64,
    commits: usize,
}

/// What a transaction did, for those who follow the log.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    pub(crate) lsn: u64,
    pub(crate) txid: u64,
    pub(crate) changes: Vec<Change>,
    /// Tables whose shapes are of no use any more: truncated, altered or renamed.
    pub(crate) invalidated: BTreeSet<u32>,
}

/// One changed row. `position` counts the row changes of the whole transaction in twos.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) oid: u32,
    pub(crate) position: u64,
    pub(crate) old: Option<Row>,
    pub(crate) new: Option<Row>,
}

impl Database {
    pub(crate) fn new() -> Self {
        Self { tables: Vec::new(), next_oid: 16_384, lsn: FIRST_LSN, next_txid: FIRST_TXID, commits: 0 }
    }

    /// The position of the last commit.
    pub(crate) fn lsn(&self) -> u64 {
        self.lsn
    }

    /// The number the next transaction will have: also the `xmin` and `xmax` of a snapshot taken now.
    pub(crate) fn next_txid(&self) -> u64 {
        self.next_txid
    }

    /// The table of this name. A dropped one is still found as long as the service has not noticed.
    pub(crate) fn table(&self, name: &TableName) -> Option<&Table> {
        let named = || self.tables().filter(|table| table.name == *name);
        named().find(|table| table.dropped.is_none()).or_else(|| named().next())
    }

    pub(crate) fn table_by_oid(&self, oid: u32) -> Option<&Table> {
        self.tables().find(|table| table.oid == oid)
    }

    /// Forgets the tables dropped before `noticed`; gives their oids.
    pub(crate) fn sweep(&mut self, noticed: Instant) -> Vec<u32> {
        let gone = |table: &Table| table.dropped.is_some_and(|at| at <= noticed);
        let oids = self.tables.iter().filter(|table| gone(table)).map(|table| table.oid).collect();
        self.tables.retain(|table| !gone(table));
        oids
    }

    pub(crate) fn create_table(&mut self, spec: TableSpec) -> Result<(), String> {
        let table = Table::new(self.next_oid, spec)?;
        if self.live_table(&table.name).is_ok() {
            return Err(format!("relation {} already exists", table.name));
        }
        self.next_oid += 1;
        self.tables.push(table);
        Ok(())
    }

    /// Does all operations of `transaction`, or, where one fails, none.
    pub(crate) fn commit(&mut self, transaction: Transaction) -> Result<Commit, String> {
        // Rows are undone one by one; for what changes a whole table there is a copy of all.
        let before = (!transaction.operations.iter().all(Operation::is_of_rows)).then(|| self.tables.clone());
        let mut commit = Commit {
            lsn: transaction.lsn.unwrap_or(self.lsn + LSN_STEPS[self.commits % LSN_STEPS.len()]),
            txid: transaction.txid.unwrap_or(self.next_txid),
            changes: Vec::new(),
            invalidated: BTreeSet::new(),
        };
        let numbered = if commit.lsn <= self.lsn {
            Err(format!("lsn {} is not after {}", commit.lsn, self.lsn))
        } else if commit.txid < self.next_txid {
            Err(format!("txid {} was given out already", commit.txid))
        } else {
            Ok(())
        };
        let done = numbered.and_then(|()| {
            transaction.operations.into_iter().try_for_each(|operation| self.apply(operation, &mut commit))
        });
        if let Err(message) = done {
            match before {
                Some(before) => self.tables = before,
                None => self.tables.iter_mut().for_each(Table::roll_back),
            }
            return Err(message);
        }
        for (index, change) in commit.changes.iter_mut().enumerate() {
            change.position = 2 * index as u64;
        }
        self.tables.iter_mut().for_each(Table::keep);
        self.lsn = commit.lsn;
        self.next_txid = commit.txid + 1;
        self.commits += 1;
        Ok(commit)
    }

    /// The rows of a table in the order they lie in the heap, booleans as a snapshot spells them.
    pub(crate) fn rows(&self, name: &str) -> Result<Vec<Map<String, Value>>, String> {
        let table = self.live_table(&parse(name)?)?;
        Ok(table.rows().map(|row| text::row_to_json(table, row)).collect())
    }

    fn apply(&mut self, operation: Operation, commit: &mut Commit) -> Result<(), String> {
        let name = parse(operation.table())?;
        let renamed_to_taken = match &operation {
            Operation::RenameTable { to, .. } => self.live_table(&parse(to)?).is_ok(),
            _ => false,
        };
        if renamed_to_taken {
            return Err("a relation of that name already exists".to_owned());
        }
        let table = self.live_table_mut(&name)?;
        let oid = table.oid;
        let mut changed = |old: Option<Row>, new: Option<Row>| {
            commit.changes.push(Change { oid, position: 0, old, new });
        };
        match operation {
            Operation::Insert { row, .. } => {
                let row = text::row_from_json(table, &row)?;
                changed(None, Some(table.insert(row)?));
            }
            Operation::Update { key, set, .. } => {
                let (key, set) = (text::columns_from_json(table, &key)?, text::columns_from_json(table, &set)?);
                for (old, new) in table.update(&key, &set)? {
                    changed(Some(old), Some(new));
                }
            }
            Operation::Delete { key, .. } => {
                for old in table.delete(&text::columns_from_json(table, &key)?) {
                    changed(Some(old), None);
                }
            }
            Operation::Truncate { .. } => {
                table.truncate();
                commit.invalidated.insert(oid);
            }
            Operation::AddColumn { column, .. } => {
                table.add_column(column)?;
                commit.invalidated.insert(oid);
            }
            Operation::DropColumn { column, .. } => {
                table.drop_column(&column)?;
                commit.invalidated.insert(oid);
            }
            Operation::RenameColumn { column, to, .. } => {
                table.rename_column(&column, &to)?;
                commit.invalidated.insert(oid);
            }
            Operation::RetypeColumn { column, type_name, .. } => {
                table.retype_column(&column, type_name)?;
                commit.invalidated.insert(oid);
            }
            Operation::RenameTable { to, .. } => {
                table.name = parse(&to)?;
                commit.invalidated.insert(oid);
            }
            Operation::DropTable { .. } => table.dropped = Some(Instant::now()),
        }
        Ok(())
    }

    fn live_table(&self, name: &TableName) -> Result<&Table, String> {
        let found = self.tables().find(|table| table.name == *name && table.dropped.is_none());
        found.ok_or_else(|| format!("relation {name} does not exist"))
    }

    fn live_table_mut(&mut self, name: &TableName) -> Result<&mut Table, String> {
        let found = self.tables.iter_mut().find(|table| table.name == *name && table.dropped.is_none());
        found.ok_or_else(|| format!("relation {name} does not exist"))
    }

    fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter()
    }
}

fn parse(name: &str) -> Result<TableName, String> {
    TableName::parse(name).ok_or_else(|| format!("{name} is not a table name"))
}

#[cfg(test)]
mod tests;
