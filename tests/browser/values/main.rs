//! Values in a real browser: what is stored, and what other programs read of it.
#![cfg(target_family = "wasm")]

use wasm_bindgen_test::wasm_bindgen_test_configure;

wasm_bindgen_test_configure!(run_in_browser);
