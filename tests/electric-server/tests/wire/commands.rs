//! `POST /control`: all a browser's test can have done.

use electric_server::{Config, Server};
use serde_json::{Value, json};

use crate::client::{get, request};

fn control(server: &Server, command: &Value) -> (u16, Value) {
    let answer = request(server, "POST", "/control", &[], &command.to_string()).unwrap();
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    (answer.status, answer.json())
}

fn done(server: &Server, command: &Value) -> Value {
    let (status, answer) = control(server, command);
    assert_eq!(status, 200, "{answer}");
    answer
}

fn items() -> Server {
    let server = Server::start(Config::default());
    let columns = json!([
        {"name": "id", "type": "int4", "pk_index": 0},
        {"name": "title", "type": "varchar", "max_length": 8, "not_null": true},
        {"name": "done", "type": "bool"},
    ]);
    assert_eq!(done(&server, &json!({"do": "create_table", "name": "items", "columns": columns})), json!({}));
    server
}

#[test]
fn tables_are_made_and_changed() {
    let server = items();
    let committed = done(
        &server,
        &json!({"do": "transact", "txid": 900, "lsn": 27_000_000, "ops": [
            {"op": "insert", "table": "items", "row": {"id": 1, "title": "a", "done": true}},
            {"op": "insert", "table": "items", "row": {"id": 2, "title": "b"}},
            {"op": "update", "table": "items", "key": {"id": 1}, "set": {"title": "c"}},
            {"op": "delete", "table": "items", "key": {"id": 2}},
        ]}),
    );
    assert_eq!(committed, json!({"txid": 900, "lsn": "27000000"}));
    let rows = json!({"rows": [{"done": "true", "id": "1", "title": "c"}]});
    assert_eq!(done(&server, &json!({"do": "rows", "table": "items"})), rows);
    assert_eq!(json!(server.db().rows("items")), rows["rows"]);
    let schema = get(&server, "offset=-1&table=items").header("electric-schema").unwrap().to_owned();
    assert!(schema.contains(r#""title":{"type":"varchar","max_length":8,"not_null":true}"#));
}

#[test]
fn schemas_change() {
    let server = items();
    for op in [
        json!({"op": "add_column", "table": "items", "column": {"name": "x", "type": "int4"}}),
        json!({"op": "rename_column", "table": "items", "column": "x", "to": "y"}),
        json!({"op": "retype_column", "table": "items", "column": "y", "type": "int8"}),
        json!({"op": "drop_column", "table": "items", "column": "done"}),
        json!({"op": "truncate", "table": "items"}),
        json!({"op": "rename_table", "table": "items", "to": "things"}),
    ] {
        done(&server, &json!({"do": "transact", "ops": [op]}));
    }
    let schema = get(&server, "offset=-1&table=things").header("electric-schema").unwrap().to_owned();
    assert!(schema.contains(r#""y":{"type":"int8"}"#) && !schema.contains("done"), "{schema}");
    assert_eq!(get(&server, "offset=-1&table=items").status, 400);
    done(&server, &json!({"do": "transact", "ops": [{"op": "drop_table", "table": "things"}]}));
}

#[test]
fn the_service_is_rotated_restarted_and_disturbed() {
    let server = items();
    let handle = get(&server, "offset=-1&table=items").handle();
    done(&server, &json!({"do": "restart"}));
    assert_eq!(get(&server, "offset=-1&table=items").handle(), handle);
    done(&server, &json!({"do": "rotate", "table": "items"}));
    assert_ne!(get(&server, "offset=-1&table=items").handle(), handle);
    done(&server, &json!({"do": "rotate"}));

    let faults = json!([
        {"fault": "status", "status": 503, "retry_after": "2", "on": ["initial"], "times": 1},
        {"fault": "cut", "at": {"byte": 3}, "on": ["sse"]},
        {"fault": "cut", "at": "character", "on": ["sse"], "probability": 0.5, "skip": 2},
    ]);
    done(&server, &json!({"do": "set_faults", "faults": faults}));
    assert_eq!(get(&server, "offset=-1&table=items").header("retry-after"), Some("2"));
    assert_eq!(get(&server, "offset=-1&table=items").status, 200);
    done(&server, &json!({"do": "add_fault", "fault": "html"}));
    done(&server, &json!({"do": "clear_faults"}));
    assert_eq!(get(&server, "offset=-1&table=items").header("content-type"), Some("application/json; charset=utf-8"));

    done(&server, &json!({"do": "require_bearer", "token": "x"}));
    assert_eq!(get(&server, "offset=-1&table=items").status, 401);
    done(&server, &json!({"do": "require_bearer"}));

    let requests = done(&server, &json!({"do": "requests"}))["requests"].clone();
    let refused = &requests[3];
    assert_eq!(refused["status"], 503);
    assert_eq!(refused["url"], "/v1/shape?offset=-1&table=items");
    assert_eq!(refused["kind"], "initial");
    assert_eq!(refused["faults"], json!(["status"]));
    done(&server, &json!({"do": "clear_requests"}));
    assert_eq!(done(&server, &json!({"do": "requests"})), json!({"requests": []}));
}

#[test]
fn a_command_that_cannot_be_done_says_why() {
    let server = items();
    let unknown = control(&server, &json!({"do": "nothing"}));
    assert_eq!(unknown.0, 400);
    let duplicate = json!({"op": "insert", "table": "items", "row": {"id": 1, "title": "a"}});
    let (status, answer) = control(&server, &json!({"do": "transact", "ops": [duplicate, duplicate]}));
    assert_eq!(status, 400);
    assert!(answer["error"].as_str().unwrap().contains("duplicate key"));
    assert_eq!(done(&server, &json!({"do": "rows", "table": "items"})), json!({"rows": []}));
    let preflight = request(&server, "OPTIONS", "/control", &[], "").unwrap();
    assert_eq!(preflight.header("access-control-allow-headers"), Some("content-type"));
}
