//! Long polls and events: V07, V08, V10, V11.

use std::thread;
use std::time::{Duration, Instant};

use electric_server::{Config, RequestKind, Server};
use serde_json::json;

use crate::client::{get, send};
use crate::fixtures::{quick, until_asked, up_to_date, users};

const EVENTS: &[(&str, &str)] = &[("accept", "text/event-stream")];

/// Does something to the server while it is polled.
fn soon(server: &Server, act: impl FnOnce(&Server) + Send) -> impl FnOnce() + Send {
    move || {
        until_asked(server, RequestKind::LongPoll, 1);
        thread::sleep(Duration::from_millis(60));
        act(server);
    }
}

fn v07(server: &Server) {
    server.db().transact(|tx| {
        tx.at(26_757_272).txid(754);
        tx.insert("users", json!({"id": 3, "name": "Cy", "active": true, "age": 5}));
        tx.update("users", json!({"id": 1}), json!({"name": "Ann2", "active": false}));
        tx.delete("users", json!({"id": 2}));
        tx.update("users", json!({"id": 3}), json!({"id": 33}));
    });
}

const V07: &str = r#"{"value":{"active":"t","age":"5","id":"3","name":"Cy"},"key":"\"public\".\"users\"/\"3\"","headers":{"relation":["public","users"],"lsn":"26757272","txids":[754],"operation":"insert","op_position":0}},{"value":{"active":"f","id":"1","name":"Ann2"},"key":"\"public\".\"users\"/\"1\"","headers":{"relation":["public","users"],"lsn":"26757272","txids":[754],"operation":"update","op_position":2}},{"value":{"id":"2"},"key":"\"public\".\"users\"/\"2\"","headers":{"relation":["public","users"],"lsn":"26757272","txids":[754],"operation":"delete","op_position":4}},{"value":{"id":"3"},"key":"\"public\".\"users\"/\"3\"","headers":{"relation":["public","users"],"lsn":"26757272","txids":[754],"operation":"delete","op_position":6,"key_change_to":"\"public\".\"users\"/\"33\""}},{"value":{"active":"t","age":"5","id":"33","name":"Cy"},"key":"\"public\".\"users\"/\"33\"","headers":{"last":true,"relation":["public","users"],"lsn":"26757272","txids":[754],"operation":"insert","op_position":7,"key_change_from":"\"public\".\"users\"/\"3\""}}"#;

#[test]
fn v07_a_poll_is_answered_by_the_next_transaction() {
    let server = users(Config::default());
    let handle = get(&server, "offset=-1&table=users").handle();
    let polled = thread::scope(|scope| {
        scope.spawn(soon(&server, v07));
        get(&server, &format!("cursor=&handle={handle}&live=true&log=full&offset=0_inf&table=users"))
    });
    assert_eq!(polled.header("cache-control"), Some("public, max-age=5, stale-while-revalidate=5"));
    assert_eq!(polled.header("etag"), Some(&*format!("\"{handle}:0_inf:26757272_7\"")));
    assert_eq!(polled.handle(), handle);
    assert_eq!(polled.header("electric-up-to-date"), Some(""));
    assert_eq!(polled.header("electric-has-data"), Some("true"));
    assert_eq!(polled.header("electric-schema"), None);
    assert_eq!(polled.offset(), "26757272_7");
    let cursor: u64 = polled.header("electric-cursor").unwrap().parse().unwrap();
    assert_eq!(cursor % 20, 0);
    assert_eq!(polled.text(), format!("[{V07},{}]", up_to_date(26_757_272)));
}

#[test]
fn v08_a_poll_that_times_out_brings_nothing() {
    let server = users(Config { long_poll: Duration::from_millis(1200), ..quick() });
    let handle = get(&server, "offset=-1&table=users").handle();
    v07(&server);
    let query = format!("handle={handle}&live=true&offset=26757272_7&table=users");
    let asked = Instant::now();
    let polled = get(&server, &format!("cursor=99999999999&{query}"));
    assert!(asked.elapsed() >= Duration::from_millis(1200));
    let cursor: u64 = polled.header("electric-cursor").unwrap().parse().unwrap();
    assert!(cursor > 99_999_999_999 && cursor <= 99_999_999_999 + 3600);
    let etag = polled.header("etag").unwrap().to_owned();
    assert!(etag.starts_with(&format!("\"{handle}:26757272_7:26757272_7:-")), "{etag}");
    assert_eq!(polled.header("electric-up-to-date"), Some(""));
    assert_eq!(polled.header("electric-has-data"), Some("false"));
    assert_eq!(polled.offset(), "26757272_7");
    assert_eq!(polled.text(), format!("[{}]", up_to_date(26_757_272)));
}

#[test]
fn v10_an_idle_stream_tells_transactions_and_keeps_alive() {
    // It does not end by itself: its headers come at once, or never.
    let server = users(Config { sse: Duration::from_hours(1), ..quick() });
    let handle = get(&server, "offset=-1&table=users").handle();
    v07(&server);
    let query = format!("cursor=66929900&handle={handle}&live=true&live_sse=true&offset=26757272_7&table=users");
    let mut stream = send(&server, "GET", &query, EVENTS, "");
    assert_eq!(stream.status, 200);
    assert_eq!(stream.header("cache-control"), Some("public, max-age=3599"));
    assert_eq!(stream.header("content-type"), Some("text/event-stream"));
    assert_eq!(stream.header("connection"), Some("keep-alive"));
    assert_eq!(stream.header("etag"), Some(&*format!("\"{handle}:26757272_7:26757272_7\"")));
    assert_eq!(stream.header("electric-up-to-date"), Some(""));
    assert_eq!(stream.header("electric-has-data"), Some("true"));
    assert_eq!(stream.header("electric-schema"), None);
    assert_eq!(stream.offset(), "26757272_7");

    server.db().transact(|tx| {
        tx.at(26_760_448).txid(760);
        tx.insert("users", json!({"id": 50, "name": "S1", "age": 1}));
        tx.update("users", json!({"id": 50}), json!({"age": 9}));
    });
    assert_eq!(
        stream.message(),
        "data: {\"value\":{\"active\":null,\"age\":\"1\",\"id\":\"50\",\"name\":\"S1\"},\"key\":\"\\\"public\\\".\\\"users\\\"/\\\"50\\\"\",\"headers\":{\"relation\":[\"public\",\"users\"],\"lsn\":\"26760448\",\"txids\":[760],\"operation\":\"insert\",\"op_position\":0}}\n\n"
    );
    assert!(stream.message().contains(r#""headers":{"last":true,"#));
    assert_eq!(stream.message(), format!("data: {}\n\n", up_to_date(26_760_448)));

    server.db().transact(|tx| {
        tx.at(26_760_600).update("users", json!({"id": 50}), json!({"name": "S1b"}));
    });
    assert!(stream.message().contains(r#""lsn":"26760600""#));
    assert_eq!(stream.message(), format!("data: {}\n\n", up_to_date(26_760_600)));
    assert_eq!(stream.frame(), ": keep-alive\n\n");
}

#[test]
fn v10_an_idle_stream_closes_in_time() {
    let server = users(quick());
    let handle = get(&server, "offset=-1&table=users").handle();
    v07(&server);
    let query = format!("cursor=66929900&handle={handle}&live=true&live_sse=true&offset=26757272_7&table=users");
    let asked = Instant::now();
    let mut stream = send(&server, "GET", &query, EVENTS, "");
    assert_eq!(stream.header("cache-control"), Some("public, max-age=0"));
    while stream.frame() != "" {}
    assert!(asked.elapsed() >= Duration::from_millis(900));
}

#[test]
fn v10_the_real_cache_control_of_a_stream() {
    let server = users(Config::default());
    let handle = get(&server, "offset=-1&table=users").handle();
    let stream =
        get(&server, &format!("handle={handle}&live=true&experimental_live_sse=true&offset=0_inf&table=users"));
    assert_eq!(stream.header("cache-control"), Some("public, max-age=59"));
}

#[test]
fn v11_a_stream_that_starts_behind_tells_and_closes() {
    let server = users(Config::default());
    let handle = get(&server, "offset=-1&table=users").handle();
    v07(&server);
    let query = format!("handle={handle}&live=true&live_sse=true&offset=0_inf&table=users");
    let stream = send(&server, "GET", &query, EVENTS, "");
    assert_eq!(stream.offset(), "26757272_7");
    assert_eq!(stream.header("electric-up-to-date"), Some(""));
    let text = stream.text();
    let frames: Vec<_> = text.split_terminator("\n\n").collect();
    assert_eq!(frames.len(), 6);
    assert_eq!(frames[5], format!("data: {}", up_to_date(26_757_272)));
}

#[test]
fn a_stream_more_than_a_chunk_behind_closes_without_up_to_date() {
    let server = users(Config { chunk_bytes: 400, ..Config::default() });
    let handle = get(&server, "offset=-1&table=users").handle();
    v07(&server);
    let stream = get(&server, &format!("handle={handle}&live=true&live_sse=true&offset=0_inf&table=users"));
    assert_eq!((stream.offset(), stream.header("electric-up-to-date")), ("26757272_4", None));
    assert!(!stream.text().contains("up-to-date"));
}

#[test]
fn live_is_anything_but_false() {
    let server = users(quick());
    let handle = get(&server, "offset=-1&table=users").handle();
    let cursor = |live: &str| {
        let polled = get(&server, &format!("handle={handle}&offset=0_inf&table=users&{live}"));
        polled.header("electric-cursor").map(ToOwned::to_owned)
    };
    assert_eq!(cursor("live=false"), None);
    assert_eq!(cursor("live="), Some("0".to_owned()), "polls of less than a second have no cursor");
    assert_eq!(cursor("live=FALSE"), Some("0".to_owned()));
}
