//! The tables of the wire vectors.

use std::thread;
use std::time::{Duration, Instant};

use electric_server::{Column, Config, RequestKind, Server, TableSpec};
use serde_json::json;

/// `electric-schema` of `users`.
pub const S1: &str = r#"{"active":{"type":"bool"},"age":{"type":"int8"},"id":{"type":"int4","not_null":true,"pk_index":0},"name":{"type":"text","not_null":true}}"#;

/// What every up-to-date message looks like.
pub fn up_to_date(lsn: u64) -> String {
    format!(r#"{{"headers":{{"control":"up-to-date","global_last_seen_lsn":"{lsn}"}}}}"#)
}

/// Times short enough to wait for.
pub fn quick() -> Config {
    Config {
        long_poll: Duration::from_millis(300),
        sse: Duration::from_millis(900),
        keep_alive: Duration::from_millis(250),
        drop_table_notice: Duration::from_millis(500),
        ..Config::default()
    }
}

/// Waits until so many requests of this kind have come.
pub fn until_asked(server: &Server, kind: RequestKind, count: usize) {
    until("a request", || server.requests().iter().filter(|request| request.kind == kind).count() >= count);
}

/// Waits until something is so, for longer than any machine needs.
pub fn until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_mins(2), "{what}: never");
        thread::sleep(Duration::from_millis(5));
    }
}

/// An empty table `users`.
pub fn no_users(config: Config) -> Server {
    let server = Server::start(config);
    server.db().create_table(
        TableSpec::new("users")
            .key("id", "int4")
            .with(Column::new("name", "text").not_null())
            .column("active", "bool")
            .column("age", "int8"),
    );
    server
}

/// Ann and Bob, committed by transaction 753, so that the next one is 754.
pub fn users(config: Config) -> Server {
    let server = no_users(config);
    server.db().transact(|tx| {
        tx.at(26_624_216).txid(753);
        tx.insert("users", json!({"id": 1, "name": "Ann", "active": true, "age": 30}));
        tx.insert("users", json!({"id": 2, "name": "Bob \"q\" / x", "active": false}));
    });
    server
}
