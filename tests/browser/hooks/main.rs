//! Hooks, guards and strategies, in a real browser and in memory.

mod background;
mod fixtures;
mod guards;
mod network;
mod panics;
mod paths;
mod payloads;
#[cfg(target_family = "wasm")]
mod requests;

#[cfg(target_family = "wasm")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
