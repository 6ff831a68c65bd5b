//! Tables in a real browser: reading and writing rows, one or many, and the errors of it.
#![cfg(target_family = "wasm")]

mod fixtures;
mod plain;

mod batched_failures;
mod batching;
mod bulk;
mod changes;
mod connection;
mod constraints;
mod failures;
mod generated_keys;
mod kept;
mod moves;
mod outside_keys;
mod refused;
mod reopening;
mod rollback;
mod rows;
mod smoke;
mod transactions;
mod unreadable;

use wasm_bindgen_test::wasm_bindgen_test_configure;

wasm_bindgen_test_configure!(run_in_browser);
