//! A table that follows a shape of ElectricSQL's, in a real browser and in memory: what is asked for, what is stored, and what becomes
//! of it when the answers are not as they should be. The server is a script; the vectors are those of the protocol's description.

mod fixtures;
mod script;

mod caches;
mod keys;
mod live;
mod own_writes;
mod records;
mod refetch;
mod refusals;
mod resume;
mod shapes;
mod snapshot;
mod stopping;
mod streams;
mod types;
mod upgrades;

#[cfg(target_family = "wasm")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
