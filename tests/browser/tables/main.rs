//! Tables, in a real browser and in memory: reading and writing rows, one or many, and the errors of it.

mod fixtures;
#[allow(dead_code, reason = "shared with the suites of transactions and upgrades")]
#[cfg_attr(not(target_family = "wasm"), path = "elsewhere.rs")]
mod plain;

#[cfg(target_family = "wasm")]
mod absent;
#[cfg(target_family = "wasm")]
mod batched_failures;
#[cfg(target_family = "wasm")]
mod batched_programs;
#[cfg(target_family = "wasm")]
mod batching;
mod bulk;
mod changes;
mod closing;
mod connection;
mod constraints;
#[cfg(target_family = "wasm")]
mod failures;
mod generated_keys;
mod import;
mod kept;
mod keys;
mod many_changes;
mod many_moves;
mod moves;
mod outside_keys;
mod refused;
#[cfg(target_family = "wasm")]
mod reopening;
mod rollback;
mod rows;
mod smoke;
mod transactions;
mod unreadable;

#[cfg(target_family = "wasm")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
