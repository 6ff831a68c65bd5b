//! Transactions in a real browser: what is committed together, what is undone together or alone, and what ends a
//! transaction before its time.
#![cfg(target_family = "wasm")]

mod fixtures;
#[allow(dead_code, reason = "shared with the suite of tables")]
#[path = "../tables/plain.rs"]
mod plain;

mod caught;
mod dropped;
mod durability;
mod ended;
mod outside;
mod panics;
mod parallel;
mod savepoints;
mod savepoints_dropped;
mod savepoints_together;
mod scopes;
mod stalled;
mod together;
mod undone;

use wasm_bindgen_test::wasm_bindgen_test_configure;

wasm_bindgen_test_configure!(run_in_browser);
