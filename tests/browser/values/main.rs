//! Values in a real browser: what is stored, and what other programs read of it.
#![cfg(target_family = "wasm")]

mod collections;
mod enums;
mod foreign;
mod javascript;
mod keys;
mod numbers;
mod other_crates;
mod shapes;
mod text;

use wasm_bindgen_test::wasm_bindgen_test_configure;

wasm_bindgen_test_configure!(run_in_browser);
