//! A stand-in for `ElectricSQL`'s sync service: what indexie's sync is tested against.
//!
//! Behind it is a database in memory that tests write to; it speaks the protocol of the real service, down to its
//! inconsistencies, and can be made to fail in the ways services, proxies and networks do.
//!
//! ```
//! use electric_server::{Config, Fault, FaultKind, RequestKind, Server, Spot, TableSpec};
//! use serde_json::json;
//!
//! let server = Server::start(Config::default());
//! let db = server.db();
//! db.create_table(TableSpec::new("users").key("id", "int4").column("name", "text"));
//! let txid = db.transact(|tx| {
//!     tx.insert("users", json!({"id": 1, "name": "Ann"}));
//!     tx.update("users", json!({"id": 1}), json!({"name": "Bea"}));
//! });
//! assert_eq!(json!(db.rows("users")), json!([{"id": "1", "name": "Bea"}]));
//!
//! // The next two event streams break in the middle of their third message.
//! server.faults().add(Fault::new(FaultKind::Cut { at: Spot::Frame(2) }).on(RequestKind::Sse).times(2));
//! // … a client is pointed at `server.url()` …
//! assert!(server.requests().is_empty());
//! ```
//!
//! # Commands
//!
//! A test that runs in a browser does the same by `POST /control` with one of these as its body. The answer is JSON:
//! what is said below, `{}` where nothing is, or 400 with `{"error": "…"}`. No header is needed, so that there is no
//! preflight.
//!
//! ```json
//! {"do": "create_table", "name": "users", "columns": [
//!     {"name": "id", "type": "int4", "pk_index": 0},
//!     {"name": "name", "type": "varchar", "max_length": 8, "not_null": true},
//!     {"name": "tags", "type": "text", "dims": 1}]}
//! ```
//! Names of tables are spelled as in SQL: `users`, `foo.users`, `"Mixed"`. Besides `type`, `dims`, `not_null` and
//! `pk_index` a column can have whatever `electric-schema` is to say of it.
//!
//! ```json
//! {"do": "transact", "ops": [
//!     {"op": "insert", "table": "users", "row": {"id": 1, "name": "Ann", "tags": "{a,b}"}},
//!     {"op": "update", "table": "users", "key": {"id": 1}, "set": {"name": null}},
//!     {"op": "delete", "table": "users", "key": {"id": 1}},
//!     {"op": "truncate", "table": "users"},
//!     {"op": "add_column", "table": "users", "column": {"name": "age", "type": "int8"}},
//!     {"op": "drop_column", "table": "users", "column": "age"},
//!     {"op": "rename_column", "table": "users", "column": "age", "to": "years"},
//!     {"op": "retype_column", "table": "users", "column": "age", "type": "int4"},
//!     {"op": "rename_table", "table": "users", "to": "people"},
//!     {"op": "drop_table", "table": "users"}]}
//! ```
//! Commits all operations or none, and answers `{"txid": 754, "lsn": "26624352"}`; `"txid"` and `"lsn"` can be given
//! as numbers. `key` matches all rows in which its columns are equal. Values are Postgres' text; numbers and booleans
//! are turned into it.
//!
//! | command | answer |
//! |---|---|
//! | `{"do": "rows", "table": "users"}` | `{"rows": [{"id": "1", "name": "Ann", …}]}`, booleans `"true"`, `"false"` |
//! | `{"do": "rotate", "table": "users"}`, without `table` all | |
//! | `{"do": "restart"}` | drops all connections with a response on the way, forgets shapes with subqueries |
//! | `{"do": "set_faults", "faults": […]}`, `{"do": "add_fault", …}`, `{"do": "clear_faults"}` | |
//! | `{"do": "requests"}`, `{"do": "clear_requests"}` | `{"requests": [{"method", "url", "kind", "headers", "at_ms", "status", "faults"}]}` |
//! | `{"do": "require_bearer", "token": "x"}`, without `token` none | |
//!
//! A fault is what goes wrong, see [`FaultKind`], with when, see [`Fault`]:
//!
//! ```json
//! {"fault": "cut", "at": {"frame": 2}, "on": ["sse"], "times": 2}
//! {"fault": "stall", "at": {"byte": 100}}
//! {"fault": "split", "bytes": 3, "pause_ms": 1}
//! {"fault": "cut", "at": "character", "probability": 0.2, "skip": 1, "url": "table=users"}
//! {"fault": "status", "status": 429, "retry_after": "1", "body": "{}", "on": ["catch_up"], "times": 1}
//! {"fault": "conflict", "handle": "1-1"}
//! {"fault": "replay", "back": 2, "on": ["initial", "long_poll", "subset"]}
//! {"fault": "strip_headers", "names": ["electric-offset"]}
//! {"fault": "set_headers", "headers": {"electric-offset": "400_0"}}
//! {"fault": "must_refetch", "after": 1}
//! {"fault": "truncate", "bytes": 20}
//! {"fault": "delay", "ms": 500}
//! ```
//! and `hang_up`, `buffer_sse`, `sse_as_json`, `html`, `no_content`, which have nothing to be said of.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod app;
mod config;
mod connection;
mod control;
mod db;
mod faults;
mod history;
mod http;
mod name;
mod requests;
mod server;
mod shapes;
mod sql;

pub use config::Config;
pub use db::table::{Column, TableSpec};
pub use db::transaction::{Operation, Transaction};
pub use faults::{Fault, FaultKind, Spot};
pub use requests::{Request, RequestKind};
pub use server::{Db, FaultsOf, Server};
