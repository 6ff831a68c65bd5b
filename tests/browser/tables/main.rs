//! Tables in a real browser: reading and writing rows, one or many, and the errors of it.
#![cfg(target_family = "wasm")]

mod smoke;

use wasm_bindgen_test::wasm_bindgen_test_configure;

wasm_bindgen_test_configure!(run_in_browser);
