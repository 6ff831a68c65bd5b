//! Where the rows are that a table follows: the conformance server, or a real service in front of `PostgreSQL`.

use std::collections::BTreeMap;
use std::time::Duration;

use electric_server::{Column, Fault, Server, TableSpec, Transaction};
use serde_json::{Map, Value, json};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// A statement about the table.
pub enum Statement {
    Insert(Value),
    /// Of the row with this key.
    Update(i32, Value),
    Delete(i32),
    Truncate,
}

pub enum Upstream {
    Conformance(Server),
    Real { url: String, client: Client },
}

impl Upstream {
    /// The service at `ELECTRIC_URL`, whose database is at `DATABASE_URL`; none where they are not set.
    pub async fn real() -> Option<Self> {
        let url = std::env::var("ELECTRIC_URL").ok()?;
        let database = std::env::var("DATABASE_URL").expect("DATABASE_URL says where the service's database is");
        let (client, connection) = tokio_postgres::connect(&database, NoTls).await.expect("the database answers");
        tokio::spawn(async move { drop(connection.await) });
        Some(Self::Real { url, client })
    }

    pub fn url(&self) -> String {
        match self {
            Self::Conformance(server) => server.url(),
            Self::Real { url, .. } => url.clone(),
        }
    }

    /// How long a client waits, as a share of what it usually does. A real service takes its time.
    pub fn pace(&self) -> f64 {
        match self {
            Self::Conformance(_) => 0.003,
            Self::Real { .. } => 1.0,
        }
    }

    /// After how long a silence a client takes a connection for dead: soon, where some fall silent on purpose, and not before a slow
    /// machine has answered.
    pub fn silence(&self) -> Duration {
        match self {
            Self::Conformance(_) => Duration::from_secs(1),
            Self::Real { .. } => Duration::from_secs(45),
        }
    }

    /// Makes an empty table of items.
    pub async fn create(&self, table: &str) {
        match self {
            Self::Conformance(server) => server.db().create_table(
                TableSpec::new(table)
                    .key("id", "int4")
                    .column("code", "text")
                    .column("name", "text")
                    .column("amount", "int8")
                    .column("done", "bool")
                    .with(Column::new("tags", "text").array(1)),
            ),
            Self::Real { client, .. } => {
                let columns = "id int4 PRIMARY KEY, code text, name text, amount int8, done bool, tags text[]";
                let statements = format!("DROP TABLE IF EXISTS {table}; CREATE TABLE {table} ({columns})");
                client.batch_execute(&statements).await.expect("a table");
            }
        }
    }

    /// Commits statements; answers the transaction's number.
    pub async fn transact(&self, table: &str, statements: Vec<Statement>) -> u64 {
        match self {
            Self::Conformance(server) => server.db().transact(|tx| {
                for statement in statements {
                    record(tx, table, statement);
                }
            }),
            Self::Real { client, .. } => {
                let mut sql: Vec<String> = vec!["BEGIN".to_owned()];
                sql.extend(statements.iter().map(|statement| written(table, statement)));
                sql.push("SELECT pg_current_xact_id()::xid::text".to_owned());
                sql.push("COMMIT".to_owned());
                let answers = client.simple_query(&sql.join(";\n")).await.expect("the database does it");
                let txid = answers.iter().find_map(|answer| match answer {
                    SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
                    _ => None,
                });
                txid.expect("the transaction's number")
            }
        }
    }

    /// The rows of the table as text, by key.
    pub async fn rows(&self, table: &str) -> BTreeMap<i32, Map<String, Value>> {
        let rows = match self {
            Self::Conformance(server) => server.db().rows(table),
            Self::Real { client, .. } => {
                let columns = ["id", "code", "name", "amount", "done", "tags"];
                let select = format!("SELECT {} FROM {table}", columns.join(", "));
                let answers = client.simple_query(&select).await.expect("the database answers");
                let row = |answer: &SimpleQueryMessage| match answer {
                    SimpleQueryMessage::Row(row) => Some(
                        columns.iter().enumerate().map(|(at, name)| ((*name).to_owned(), json!(row.get(at)))).collect(),
                    ),
                    _ => None,
                };
                answers.iter().filter_map(row).collect()
            }
        };
        let key = |row: &Map<String, Value>| row["id"].as_str().and_then(|id| id.parse().ok()).expect("a key");
        rows.into_iter().map(|row| (key(&row), row)).collect()
    }

    /// Lets something go wrong, where that can be arranged.
    pub fn fault(&self, fault: Fault) {
        if let Self::Conformance(server) = self {
            server.faults().add(fault);
        }
    }

    pub fn clear_faults(&self) {
        if let Self::Conformance(server) = self {
            server.faults().clear();
        }
    }

    pub fn rotate(&self) {
        if let Self::Conformance(server) = self {
            server.rotate(None);
        }
    }

    pub fn restart(&self) {
        if let Self::Conformance(server) = self {
            server.restart();
        }
    }

    /// What was asked last, for whoever has to find out what went wrong.
    pub fn last_requests(&self) -> Vec<String> {
        let Self::Conformance(server) = self else { return Vec::new() };
        let requests = server.requests();
        let told = requests.iter().rev().take(12).rev();
        told.map(|request| format!("{:?} {} {:?} {:?}", request.kind, request.url, request.status, request.faults))
            .collect()
    }
}

fn record(tx: &mut Transaction, table: &str, statement: Statement) {
    match statement {
        Statement::Insert(row) => tx.insert(table, row),
        Statement::Update(id, set) => tx.update(table, json!({"id": id}), set),
        Statement::Delete(id) => tx.delete(table, json!({"id": id})),
        Statement::Truncate => tx.truncate(table),
    };
}

/// A statement in SQL.
fn written(table: &str, statement: &Statement) -> String {
    match statement {
        Statement::Insert(row) => {
            let row = row.as_object().expect("a row");
            let (names, values): (Vec<&str>, Vec<String>) =
                row.iter().map(|(name, value)| (name.as_str(), literal(value))).unzip();
            format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), values.join(", "))
        }
        Statement::Update(id, set) => {
            let set =
                set.as_object().expect("columns").iter().map(|(name, value)| format!("{name} = {}", literal(value)));
            format!("UPDATE {table} SET {} WHERE id = {id}", set.collect::<Vec<_>>().join(", "))
        }
        Statement::Delete(id) => format!("DELETE FROM {table} WHERE id = {id}"),
        Statement::Truncate => format!("TRUNCATE {table}"),
    }
}

fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => format!("'{}'", text.replace('\'', "''")),
        other => other.to_string().to_uppercase(),
    }
}
