//! The library in a window, as the workers have it: their cases, where the other suites run too.
#![cfg(target_family = "wasm")]

#[path = "../anywhere/cases.rs"]
mod anywhere;

use indexie_tests::{builder, fresh};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
fn these_tests_run_in_a_window() {
    assert_eq!(anywhere::place(), "Window");
}
