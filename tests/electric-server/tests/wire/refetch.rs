//! Shapes that are no more: V19, V20, V21, V31, and the restart of the service.

use std::thread;
use std::time::Duration;

use electric_server::{Column, Config, RequestKind, Server};
use serde_json::json;

use crate::client::{get, request, send};
use crate::fixtures::{quick, until, until_asked, users};

const REFETCH: &str = r#"[{"headers":{"control":"must-refetch"}}]"#;

/// Does something while the server is polled.
fn while_polled(server: &Server, act: impl FnOnce() + Send) -> impl FnOnce() + Send {
    move || {
        until_asked(server, RequestKind::LongPoll, 1);
        thread::sleep(Duration::from_millis(60));
        act();
    }
}

#[test]
fn v19_catching_up_with_a_dead_handle_tells_the_new_one() {
    let server = users(Config::default());
    let dead = get(&server, "offset=-1&table=users").handle();
    server.rotate(None);
    let refused = get(&server, &format!("handle={dead}&log=full&offset=26786864_18&table=users"));
    let handle = refused.handle();
    assert_eq!(refused.status, 409);
    assert_ne!(handle, dead);
    assert_eq!(refused.header("cache-control"), Some("public, max-age=60, must-revalidate"));
    assert_eq!(refused.header("etag"), Some(&*format!("\"{handle}::\"")));
    assert_eq!(refused.header("electric-offset"), None);
    assert_eq!(refused.text(), REFETCH);
    let again = format!("cache-buster=1-a&expired_handle={dead}&handle={handle}&log=full&offset=-1&table=users");
    assert_eq!(get(&server, &again).handle(), handle);
}

fn v20(rotate: impl FnOnce(&Server) + Send) {
    // A poll does not end by itself: it is answered at once, or never.
    let server = users(Config { allow_delete: true, long_poll: Duration::from_hours(1), ..Config::default() });
    let handle = get(&server, "offset=-1&table=users").handle();
    let server = &server;
    let refused = thread::scope(|scope| {
        scope.spawn(while_polled(server, move || rotate(server)));
        get(server, &format!("handle={handle}&live=true&offset=0_inf&table=users"))
    });
    assert_eq!(refused.status, 409);
    assert_eq!(refused.header("content-length"), Some("40"));
    assert_eq!(refused.header("cache-control"), Some("public, max-age=1, must-revalidate"));
    assert_eq!(refused.header("electric-handle"), None);
    assert_eq!(refused.header("electric-offset"), None);
    assert_eq!(refused.header("etag"), None);
    assert_eq!(refused.text(), REFETCH);
}

#[test]
fn v20_a_truncation_ends_a_poll() {
    v20(|server| {
        server.db().transact(|tx| {
            tx.truncate("users");
        });
    });
}

#[test]
fn v20_a_dropped_column_ends_a_poll() {
    v20(|server| {
        server.db().transact(|tx| {
            tx.drop_column("users", "age");
        });
    });
}

#[test]
fn v20_a_deleted_shape_ends_a_poll() {
    v20(|server| {
        let deleted = send(server, "DELETE", "table=users", &[], "");
        assert_eq!((deleted.status, deleted.text().as_str()), (202, ""));
    });
}

#[test]
fn v21_a_rotation_ends_a_stream_without_a_word() {
    let server = users(Config::default());
    let dead = get(&server, "offset=-1&table=users").handle();
    let query = format!("handle={dead}&live=true&live_sse=true&offset=0_inf&table=users");
    let stream = get(&server, &query);
    assert_eq!(stream.status, 200);
    server.rotate(Some("users"));
    assert_eq!(stream.text(), "");

    let refused = get(&server, &query);
    assert_eq!(refused.status, 409);
    assert_eq!(refused.header("content-type"), Some("application/json; charset=utf-8"));
    assert_ne!(refused.handle(), dead);
}

#[test]
fn v31_a_new_column_is_a_new_shape() {
    let server = users(Config::default());
    let dead = get(&server, "offset=-1&table=users").handle();
    server.db().transact(|tx| {
        tx.add_column("users", Column::new("extra", "int4"));
        tx.insert("users", json!({"id": 900, "name": "after alter", "extra": 7}));
    });
    let refused = get(&server, &format!("handle={dead}&live=true&offset=0_inf&table=users"));
    assert_eq!(refused.status, 409);
    let first = get(&server, "offset=-1&table=users");
    assert!(first.header("electric-schema").unwrap().contains(r#""extra":{"type":"int4"}"#));
    let row = r#""value":{"active":null,"age":null,"extra":"7","id":"900","name":"after alter"}"#;
    assert!(first.text().contains(row));
}

#[test]
fn a_dropped_table_is_served_until_it_is_noticed() {
    let dropped = |config: Config| {
        let server = users(config);
        let handle = get(&server, "offset=-1&table=users").handle();
        server.db().transact(|tx| {
            tx.drop_table("users");
        });
        (server, format!("handle={handle}&offset=0_inf&table=users"))
    };
    let (server, query) = dropped(Config::default());
    thread::sleep(Duration::from_millis(200));
    assert_eq!(get(&server, &query).status, 200);

    let (server, query) = dropped(quick());
    until("it is noticed", || get(&server, &query).status == 400);
}

#[test]
fn a_restart_drops_connections_and_keeps_shapes() {
    let server = users(Config::default());
    let handle = get(&server, "offset=-1&table=users").handle();
    let poll = format!("/v1/shape?handle={handle}&live=true&offset=0_inf&table=users");
    let stream = get(&server, &format!("handle={handle}&live=true&live_sse=true&offset=0_inf&table=users"));
    let unanswered = thread::scope(|scope| {
        scope.spawn(while_polled(&server, || server.restart()));
        request(&server, "GET", &poll, &[], "")
    });
    assert!(unanswered.is_none());
    assert!(!stream.body().whole);
    assert_eq!(get(&server, &format!("handle={handle}&offset=0_inf&table=users")).status, 200);
}
