//! Expressions over the people of the wire vectors.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::db::Database;
use crate::db::table::TableSpec;
use crate::db::transaction::Transaction;

fn people() -> Database {
    let mut db = Database::new();
    let users = TableSpec::new("users").key("id", "int4").column("name", "text").column("age", "int8");
    db.create_table(users.column("active", "bool").column("Team-No", "int4")).unwrap();
    db.create_table(TableSpec::new("teams").key("id", "int4").column("open", "bool")).unwrap();
    let mut tx = Transaction::default();
    tx.insert("users", json!({"id": 1, "name": "Ann", "age": 30, "active": true, "Team-No": 1}));
    tx.insert("users", json!({"id": 2, "name": "Bob 'q'", "age": null, "active": false, "Team-No": 2}));
    tx.insert("users", json!({"id": 10, "name": "Cy", "age": 9, "active": null, "Team-No": null}));
    tx.insert("teams", json!({"id": 1, "open": true}));
    tx.insert("teams", json!({"id": 2, "open": false}));
    db.commit(tx).unwrap();
    db
}

/// The ids of the people selected.
fn selected(sql: &str, params: &[&str]) -> Vec<String> {
    let db = people();
    let table = db.table(&TableName::parse("users").unwrap()).unwrap();
    let expr = parse(sql, &numbered(params), table, &db).unwrap_or_else(|error| panic!("{sql}: {error}"));
    table.rows().filter(|row| expr.selects(row, &db)).map(|row| row["id"].clone().unwrap()).collect()
}

fn numbered(params: &[&str]) -> BTreeMap<u32, String> {
    (1..).zip(params.iter().map(ToString::to_string)).collect()
}

fn error(sql: &str) -> String {
    let db = people();
    let table = db.table(&TableName::parse("users").unwrap()).unwrap();
    parse(sql, &BTreeMap::new(), table, &db).unwrap_err().to_string()
}

#[test]
fn comparisons_go_by_the_type_of_the_column() {
    assert_eq!(selected("id >= 2", &[]), ["2", "10"]);
    assert_eq!(selected("id < '10'", &[]), ["1", "2"]);
    assert_eq!(selected("'Ann' = name", &[]), ["1"]);
    assert_eq!(selected("id != 2 AND id <> -1", &[]), ["1", "10"]);
    assert_eq!(selected("age = 30.0", &[]), ["1"]);
    assert_eq!(selected("active = 'true'", &[]), ["1"]);
    assert_eq!(selected("users.id = 1", &[]), ["1"]);
}

#[test]
fn unknown_is_not_selected_either_way() {
    assert_eq!(selected("age > 10", &[]), ["1"]);
    assert_eq!(selected("NOT age > 10", &[]), ["10"]);
    assert_eq!(selected("NOT (age > 10 OR id = 10)", &[]), [""; 0]);
    assert_eq!(selected("age IS NULL OR active", &[]), ["1", "2"]);
    assert_eq!(selected("age IS NOT NULL", &[]), ["1", "10"]);
    assert_eq!(selected("active IS NOT TRUE", &[]), ["2", "10"]);
    assert_eq!(selected("age IN (1, NULL)", &[]), [""; 0]);
}

#[test]
fn and_binds_closer_than_or() {
    assert_eq!(selected("id = 1 OR id = 2 AND FALSE", &[]), ["1"]);
    assert_eq!(selected("(id = 1 OR id = 2) AND TRUE", &[]), ["1", "2"]);
}

#[test]
fn lists_patterns_and_ranges() {
    assert_eq!(selected("id IN (1, $1)", &["10"]), ["1", "10"]);
    assert_eq!(selected("id NOT IN (1)", &[]), ["2", "10"]);
    assert_eq!(selected("name LIKE '_nn'", &[]), ["1"]);
    assert_eq!(selected("name ILIKE 'a%'", &[]), ["1"]);
    assert_eq!(selected("name NOT LIKE '%''q''%'", &[]), ["1", "10"]);
    assert_eq!(selected("id BETWEEN 2 AND 10", &[]), ["2", "10"]);
    assert_eq!(selected("name = 'Bob ''q'''", &[]), ["2"]);
}

#[test]
fn a_subquery_reads_another_table() {
    assert_eq!(selected("\"Team-No\" IN (SELECT id FROM teams WHERE open = true)", &[]), ["1"]);
    assert_eq!(selected("\"Team-No\" NOT IN (SELECT id FROM public.teams WHERE open)", &[]), ["2"]);
    assert_eq!(selected("\"Team-No\" IN (SELECT id FROM teams) AND id = 2", &[]), ["2"]);
}

#[test]
fn errors_say_where() {
    assert_eq!(error("nope = 1"), "At location 0: unknown reference nope");
    assert_eq!(error("id=$1"), "At location 3: parameter $1 was not provided");
    assert_eq!(error("id = "), "At location 5: syntax error at end of input");
    assert_eq!(error("id = 1 id"), "At location 7: syntax error at or near \"id\"");
    assert_eq!(error("name = 'open"), "At location 7: unterminated quoted string");
}

#[test]
fn one_meaning_has_one_normal_form() {
    let db = people();
    let table = db.table(&TableName::parse("users").unwrap()).unwrap();
    let normal = |sql: &str, params: &[&str]| parse(sql, &numbered(params), table, &db).unwrap().to_string();
    assert_eq!(normal("ID=$1 and Name='x'", &["7"]), normal("id = '7' AND \"name\" = 'x'", &[]));
}
