//! Transactions, in a real browser and in memory: what is committed together, what is undone together or alone, and what ends a
//! transaction before its time.
#![allow(clippy::large_futures, reason = "bodies that nest on purpose")]

mod fixtures;
#[allow(dead_code, reason = "shared with the suite of tables")]
#[cfg_attr(target_family = "wasm", path = "../tables/plain.rs")]
#[cfg_attr(not(target_family = "wasm"), path = "../tables/elsewhere.rs")]
mod plain;

mod caught;
mod dropped;
#[cfg(target_family = "wasm")]
mod durability;
mod ended;
mod outside;
#[cfg(target_family = "wasm")]
mod panics;
mod parallel;
mod savepoints;
mod savepoints_dropped;
mod savepoints_together;
mod scopes;
mod stalled;
mod together;
mod undone;

#[cfg(target_family = "wasm")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
