//! What a shape has of a table's changes: V29, V30, columns, row filters in polls.

use electric_server::{Config, Server, TableSpec};
use serde_json::{Value, json};

use crate::client::get;

fn tasks() -> Server {
    let server = Server::start(Config::default());
    let tasks = TableSpec::new("tasks").key("id", "int4").column("title", "text").column("status", "text");
    server.db().create_table(tasks.column("big", "text"));
    server.db().transact(|tx| {
        tx.insert("tasks", json!({"id": 1, "title": "a", "status": "open", "big": "xxxxxxxxxx"}));
        tx.insert("tasks", json!({"id": 2, "title": "b", "status": "done"}));
    });
    server
}

/// What follows the snapshot, without `up-to-date`.
fn log(server: &Server, query: &str, handle: &str) -> Vec<Value> {
    let page = get(server, &format!("{query}&handle={handle}&offset=0_inf")).json();
    let mut messages = page.as_array().unwrap().clone();
    assert_eq!(messages.pop().unwrap()["headers"]["control"], "up-to-date");
    messages
}

#[test]
fn v29_rows_come_and_go_by_the_filter() {
    let server = tasks();
    let query = "table=tasks&where=status%3D%27open%27";
    let first = get(&server, &format!("{query}&offset=-1"));
    let handle = first.handle();
    assert_eq!(first.json()[0]["value"]["id"], "1");

    let step = |key: Value, set: Value| {
        server.db().transact(|tx| {
            tx.update("tasks", key, set);
        })
    };
    step(json!({"id": 1}), json!({"title": "a2"}));
    step(json!({"id": 1}), json!({"status": "done"}));
    step(json!({"id": 2}), json!({"title": "b2", "status": "open"}));
    step(json!({"id": 1}), json!({"title": "a3"}));
    server.db().transact(|tx| {
        tx.at(26_952_192).update("tasks", json!({"id": 2}), json!({"id": 20}));
    });
    let messages = log(&server, query, &handle);
    let told: Vec<_> =
        messages.iter().map(|message| json!([message["headers"]["operation"], message["value"]])).collect();
    assert_eq!(
        json!(told),
        json!([
            ["update", {"id": "1", "title": "a2"}],
            ["delete", {"id": "1"}],
            ["insert", {"big": null, "id": "2", "status": "open", "title": "b2"}],
            ["delete", {"id": "2"}],
            ["insert", {"big": null, "id": "20", "status": "open", "title": "b2"}],
        ])
    );
    let (left, came) = (&messages[3]["headers"], &messages[4]["headers"]);
    assert_eq!(left["key_change_to"], r#""public"."tasks"/"20""#);
    assert_eq!(came["key_change_from"], r#""public"."tasks"/"2""#);
    assert_eq!((left["op_position"].clone(), came["op_position"].clone()), (json!(0), json!(1)));
    assert_eq!((left["last"].clone(), came["last"].clone()), (json!(null), json!(true)));
}

#[test]
fn a_change_of_key_across_the_filter_is_only_the_half_that_is_in_it() {
    let server = tasks();
    let query = "table=tasks&where=id%20%3C%2010";
    let handle = get(&server, &format!("{query}&offset=-1")).handle();
    server.db().transact(|tx| {
        tx.update("tasks", json!({"id": 2}), json!({"id": 20}));
    });
    let messages = log(&server, query, &handle);
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["headers"]["operation"], "delete");
    assert_eq!(messages[0]["headers"]["key_change_to"], Value::Null);
}

#[test]
fn v30_a_full_replica_tells_old_values_and_deleted_rows() {
    let server = tasks();
    let query = "table=tasks&replica=full";
    let handle = get(&server, &format!("{query}&offset=-1")).handle();
    server.db().transact(|tx| {
        tx.at(26_951_368).txid(779).update("tasks", json!({"id": 1}), json!({"title": "a2"}));
    });
    server.db().transact(|tx| {
        tx.delete("tasks", json!({"id": 1}));
    });
    let messages = log(&server, query, &handle);
    assert_eq!(
        messages[0].to_string(),
        r#"{"value":{"big":"xxxxxxxxxx","id":"1","status":"open","title":"a2"},"key":"\"public\".\"tasks\"/\"1\"","headers":{"last":true,"relation":["public","tasks"],"lsn":"26951368","txids":[779],"operation":"update","op_position":0},"old_value":{"title":"a"}}"#
    );
    assert_eq!(messages[1]["value"], json!({"big": "xxxxxxxxxx", "id": "1", "status": "open", "title": "a2"}));
}

#[test]
fn a_change_outside_of_the_columns_is_not_told() {
    let server = tasks();
    let query = "table=tasks&columns=title,id";
    let first = get(&server, &format!("{query}&offset=-1"));
    let handle = first.handle();
    assert_eq!(
        first.header("electric-schema"),
        Some(r#"{"id":{"type":"int4","not_null":true,"pk_index":0},"title":{"type":"text"}}"#)
    );
    assert_eq!(first.json()[0]["value"], json!({"id": "1", "title": "a"}));
    server.db().transact(|tx| {
        tx.update("tasks", json!({"id": 1}), json!({"status": "done"}));
        tx.update("tasks", json!({"id": 2}), json!({"title": "b2", "status": "open"}));
        tx.insert("tasks", json!({"id": 3, "title": "c"}));
        tx.update("tasks", json!({"id": 3}), json!({"status": "open"}));
    });
    let messages = log(&server, query, &handle);
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0]["value"], json!({"id": "2", "title": "b2"}));
    // Positions are the transaction's, and the last message of this shape is marked.
    assert_eq!(messages[1]["headers"]["op_position"], 4);
    assert_eq!(messages[1]["headers"]["last"], true);
}
