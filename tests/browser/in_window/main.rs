//! The library in a window: the cases that the workers have too, and what only a page knows.
#![cfg(target_family = "wasm")]

#[path = "../anywhere/cases.rs"]
mod anywhere;

mod leaving;

use indexie_tests::{builder, fresh};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
fn these_tests_run_in_a_window() {
    assert_eq!(anywhere::place(), "Window");
}
