//! Overlay transactions, in a real browser and in memory: what is pending, who sees it, and what becomes of it.

mod fixtures;
#[allow(dead_code, reason = "shared with the suite of queries")]
#[path = "../queries/programs.rs"]
mod programs;

mod commits;
mod generated;
mod keys;
mod live;
mod misuse;
mod order;
mod queries;
mod random;
mod savepoints;
mod several;
mod stacked;
mod visible;

#[cfg(target_family = "wasm")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
