//! Behaviour in a real browser: run by `cargo xtask test`, once in Chromium and once in Firefox.
#![cfg(target_family = "wasm")]

mod smoke;

use wasm_bindgen_test::wasm_bindgen_test_configure;

wasm_bindgen_test_configure!(run_in_browser);
