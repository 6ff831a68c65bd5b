//! What makes a shape: a table, a filter, columns, and how changes are told. `http` reads it from a request;
//! equal definitions share one shape.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::positions::Positions;
use crate::db::Database;
use crate::db::table::{Column, Row, Table};
use crate::name::{self, TableName};
use crate::sql::{self, Expr};

/// How much an update tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replica {
    Default,
    Full,
}

/// Whether there is a snapshot before the changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Log {
    Full,
    ChangesOnly,
}

#[derive(Debug, Clone)]
pub(crate) struct Definition {
    pub(crate) oid: u32,
    pub(crate) table: TableName,
    pub(crate) filter: Option<Expr>,
    /// The filter taken apart, where it has subqueries.
    pub(crate) positions: Option<Positions>,
    /// The columns sent, sorted by name.
    pub(crate) columns: Vec<String>,
    pub(crate) replica: Replica,
    pub(crate) log: Log,
}

/// The texts of a request a definition is made of.
#[derive(Debug, Default)]
pub(crate) struct Wanted<'r> {
    pub(crate) table: Option<&'r str>,
    pub(crate) filter: Option<&'r str>,
    pub(crate) params: BTreeMap<u32, String>,
    pub(crate) columns: Option<&'r str>,
    pub(crate) queryable: Option<&'r str>,
    pub(crate) replica: Option<&'r str>,
    pub(crate) log: Option<&'r str>,
}

/// The parameter that is wrong and what is said of it.
pub(crate) type Invalid = (&'static str, String);

impl Definition {
    pub(crate) fn read(wanted: &Wanted<'_>, db: &Database) -> Result<Self, Invalid> {
        let replica = match wanted.replica {
            None | Some("default") => Replica::Default,
            Some("full") => Replica::Full,
            Some(_) => return Err(("replica", "is invalid".to_owned())),
        };
        let log = match wanted.log {
            None | Some("full") => Log::Full,
            Some("changes_only") => Log::ChangesOnly,
            Some(_) => return Err(("log", "is invalid".to_owned())),
        };
        let table = table(wanted.table, db)?;
        let queryable = wanted.queryable.map(|text| columns("queryable_columns", text, table)).transpose()?;
        let selected = wanted.columns.map(|text| columns("columns", text, table)).transpose()?;
        if let (Some(selected), Some(queryable)) = (&selected, &queryable) {
            let outside: Vec<_> = selected.iter().filter(|name| !queryable.contains(name)).cloned().collect();
            if !outside.is_empty() {
                return Err(("columns", format!("The following columns are not queryable: {}", outside.join(", "))));
            }
        }
        if !(1..).zip(wanted.params.keys()).all(|(expected, number)| expected == *number) {
            let message = "Parameters must be numbered sequentially, starting from 1";
            return Err(("params", message.to_owned()));
        }
        let parse = |sql| sql::parse(sql, &wanted.params, table, db).map_err(|error| ("where", error.to_string()));
        let filter = wanted.filter.map(parse).transpose()?;
        let all = || table.columns.iter().map(|column| column.name.clone()).collect();
        Ok(Self {
            oid: table.oid,
            table: table.name.clone(),
            positions: filter.as_ref().and_then(Positions::of),
            filter,
            columns: selected.or(queryable).unwrap_or_else(all),
            replica,
            log,
        })
    }

    /// Equal for definitions that share a shape.
    pub(crate) fn identity(&self) -> String {
        let filter = self.filter.as_ref().map(ToString::to_string);
        format!("{} {} {filter:?} {:?} {:?} {:?}", self.oid, self.table, self.columns, self.replica, self.log)
    }

    /// The tables its subqueries read.
    pub(crate) fn dependencies(&self) -> BTreeSet<u32> {
        let mut oids = BTreeSet::new();
        if let Some(filter) = &self.filter {
            filter.dependencies(&mut oids);
        }
        oids
    }

    /// Whether the shape has this row; not for shapes with subqueries, which remember what those gave.
    pub(crate) fn selects(&self, row: &Row, db: &Database) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.selects(row, db))
    }

    /// The value of `electric-schema`.
    pub(crate) fn schema(&self, table: &Table) -> String {
        let column = |name: &String| Some((name.clone(), Value::Object(schema_of(table.column(name)?))));
        Value::Object(self.columns.iter().filter_map(column).collect()).to_string()
    }
}

fn schema_of(column: &Column) -> Map<String, Value> {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), column.type_name.clone().into());
    if let Some(dims) = column.dims {
        schema.insert("dims".to_owned(), dims.into());
    }
    schema.extend(column.modifiers.clone());
    if column.not_null {
        schema.insert("not_null".to_owned(), true.into());
    }
    if let Some(index) = column.pk_index {
        schema.insert("pk_index".to_owned(), index.into());
    }
    schema
}

fn table<'d>(wanted: Option<&str>, db: &'d Database) -> Result<&'d Table, Invalid> {
    let text = wanted.filter(|text| !text.is_empty()).ok_or(("table", "can't be blank".to_owned()))?;
    let name = TableName::parse(text)
        .ok_or_else(|| ("table", "Invalid zero-length delimited identifier or malformed table name".to_owned()))?;
    db.table(&name).ok_or_else(|| {
        let hint = "If the table name contains capitals or special characters you must quote it.";
        ("table", format!("Table {name} does not exist. {hint}"))
    })
}

/// A list of columns, all of which the table has and none of whose key columns is missing.
fn columns(param: &'static str, text: &str, table: &Table) -> Result<Vec<String>, Invalid> {
    let mut names = name::list(text).ok_or_else(|| (param, "Invalid column list".to_owned()))?;
    let unknown: Vec<_> = names.iter().filter(|name| table.column(name).is_none()).cloned().collect();
    if !unknown.is_empty() {
        return Err((param, format!("The following columns are not found on the table: {}", unknown.join(", "))));
    }
    let key = table.primary_key();
    let missing: Vec<_> = key.iter().map(|column| &column.name).filter(|name| !names.contains(name)).cloned().collect();
    if !missing.is_empty() {
        let rule = "The list of columns must include all primary key columns";
        return Err((param, format!("{rule}, missing: {}", missing.join(", "))));
    }
    names.sort();
    names.dedup();
    Ok(names)
}
