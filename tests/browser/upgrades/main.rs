//! Upgrades: a database goes from one version of its schema to the next, is repaired, or is refused. In a real browser, and in
//! memory.
#![allow(clippy::unused_async, reason = "an upgrade function is async, whether it awaits something or not")]

mod fixtures;
#[cfg(target_family = "wasm")]
#[allow(dead_code, reason = "shared with the suite of tables")]
#[path = "../tables/plain.rs"]
mod plain;

mod across;
#[cfg(target_family = "wasm")]
mod asked_early;
mod bools;
mod bytes;
mod closing;
mod failing;
mod many;
mod migrate;
mod newer;
mod outside;
mod panics;
mod populate;
mod progress;
mod queries;
mod rekey;
mod rename;
mod repair;
mod rows;
mod unique;
mod versions;

#[cfg(target_family = "wasm")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
