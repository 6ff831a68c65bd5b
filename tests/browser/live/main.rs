//! Live queries, in a real browser and in memory: what they give, when, and what they no longer hold.

mod change;
mod fixtures;
#[allow(dead_code, reason = "shared with the suite of tables")]
#[cfg_attr(target_family = "wasm", path = "../tables/plain.rs")]
#[cfg_attr(not(target_family = "wasm"), path = "../tables/elsewhere.rs")]
mod plain;
#[allow(dead_code, reason = "shared with the suite of queries")]
#[path = "../queries/programs.rs"]
mod programs;

mod closures;
mod differences;
mod errors;
mod lifetimes;
mod multi_entry;
#[cfg(target_family = "wasm")]
mod other_tabs;
mod outside_keys;
mod random;
mod rows;
mod single;
mod subscribed;
mod together;
mod windows;

#[cfg(target_family = "wasm")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
