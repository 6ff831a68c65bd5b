//! The database behind the backend of the todo page: the conformance server of the sync with one table, `todos`, which pages can
//! follow as a shape. It ends with the program, and can be out of reach for a while.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow};
use electric_server::{Column, Config, Fault, FaultKind, Server, TableSpec, Transaction};
use serde_json::{Map, Value, json};

const TABLE: &str = "todos";

/// A running database. Dropping it ends it.
#[derive(Debug)]
pub struct Database {
    server: Server,
    /// The transaction that was the last to change something.
    last: u64,
}

/// A row, each column as text.
pub type Row = Map<String, Value>;

impl Database {
    pub fn start() -> Result<Self> {
        let server = Server::try_start(Config::default()).context("could not start the database")?;
        let columns = [("title", "text"), ("done", "bool"), ("created", "timestamptz")];
        let table = TableSpec::new(TABLE).key("uid", "text");
        let table =
            columns.into_iter().fold(table, |table, (name, kind)| table.with(Column::new(name, kind).not_null()));
        server.db().create_table(table);
        // Pages remember transactions for longer than this lives: no number may come twice.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let mut first = Transaction::default();
        first.txid(now);
        let last = server.db().commit(first).map_err(|message| anyhow!(message))?;
        Ok(Self { server, last })
    }

    /// Where pages follow the table.
    pub fn shape(&self) -> String {
        self.server.url()
    }

    /// The transaction since which, at the latest, everything is as it is now.
    pub fn last(&self) -> u64 {
        self.last
    }

    pub fn rows(&self) -> Vec<Row> {
        self.server.db().rows(TABLE)
    }

    pub fn row(&self, uid: &str) -> Option<Row> {
        self.rows().into_iter().find(|row| row["uid"] == uid)
    }

    /// Inserts a row; refused if it lacks a column.
    pub fn insert(&mut self, todo: &Value) -> Result<(), String> {
        let row = columns(todo)?;
        self.commit(|tx| tx.insert(TABLE, row))
    }

    /// Changes columns of a row that is there.
    pub fn update(&mut self, uid: &str, changes: &Value) -> Result<(), String> {
        let set = columns(changes)?;
        self.commit(|tx| tx.update(TABLE, json!({ "uid": uid }), set))
    }

    /// Deletes a row, if it is there.
    pub fn delete(&mut self, uid: &str) -> Result<(), String> {
        self.commit(|tx| tx.delete(TABLE, json!({ "uid": uid })))
    }

    /// Lets nobody follow the table, or everybody again.
    pub fn set_reachable(&self, reachable: bool) {
        let faults = if reachable { Vec::new() } else { vec![Fault::new(FaultKind::HangUp)] };
        self.server.faults().set(faults);
        if !reachable {
            self.server.restart();
        }
    }

    fn commit(&mut self, record: impl FnOnce(&mut Transaction) -> &mut Transaction) -> Result<(), String> {
        let before = self.rows();
        let mut transaction = Transaction::default();
        record(&mut transaction);
        let txid = self.server.db().commit(transaction)?;
        // One that changes nothing is not heard of by those who follow the table.
        if self.rows() != before {
            self.last = txid;
        }
        Ok(())
    }
}

/// A todo, or some of it, as the columns have it.
fn columns(todo: &Value) -> Result<Value, String> {
    let mut columns = todo.as_object().cloned().ok_or("a todo is an object")?;
    if let Some(created) = columns.get_mut("created") {
        let millis = created.as_i64().ok_or("the time of a todo is in milliseconds")?;
        *created = timestamp(millis).into();
    }
    Ok(columns.into())
}

/// Milliseconds since 1970, as the database writes a time.
fn timestamp(millis: i64) -> String {
    let (days, millis) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    // Years begin in March here, so that the odd day is the last one; of the Gregorian calendar, which is the same every 400 years.
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hours, minutes, seconds) = (millis / 3_600_000, millis / 60_000 % 60, millis / 1_000 % 60);
    format!("{year:04}-{month:02}-{day:02} {hours:02}:{minutes:02}:{seconds:02}.{:03}+00", millis % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn milk() -> Value {
        json!({ "uid": "m", "title": "Milk", "done": false, "created": 951_782_400_123_i64 })
    }

    #[test]
    fn a_row_is_inserted_changed_and_deleted() -> Result<(), String> {
        let mut database = Database::start().map_err(|error| error.to_string())?;

        database.insert(&milk())?;
        let row = json!({ "uid": "m", "title": "Milk", "done": "false", "created": "2000-02-29 00:00:00.123+00" });
        assert_eq!(json!(database.rows()), json!([row]));
        database.update("m", &json!({ "done": true }))?;
        assert_eq!(database.row("m").map(|row| row["done"].clone()), Some(json!("true")));
        database.delete("m")?;
        assert_eq!(database.rows(), Vec::<Row>::new());
        Ok(())
    }

    #[test]
    fn what_changes_nothing_is_no_new_transaction() -> Result<(), String> {
        let mut database = Database::start().map_err(|error| error.to_string())?;
        let first = database.last();

        database.insert(&milk())?;
        let inserted = database.last();
        assert!(inserted > first);
        database.update("m", &json!({ "title": "Milk" }))?;
        database.delete("n")?;
        assert_eq!(database.last(), inserted);
        Ok(())
    }

    #[test]
    fn times_are_written_as_the_database_does() {
        assert_eq!(timestamp(0), "1970-01-01 00:00:00.000+00");
        assert_eq!(timestamp(1_792_567_680_007), "2026-10-21 07:28:00.007+00");
    }
}
