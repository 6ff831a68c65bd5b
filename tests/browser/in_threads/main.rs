//! The library where wasm has threads: in a window, and in workers that share its memory. Built together with the standard
//! library, and with the features that threads need, by `cargo xtask test --only threads`.
#![cfg(target_family = "wasm")]

#[path = "../anywhere/cases.rs"]
mod anywhere;

mod connections;
mod memory;
mod sharing;
mod spawn;
mod wakers;

use indexie_tests::{builder, fresh};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
fn these_tests_run_in_a_window_and_their_memory_is_shared() {
    assert_eq!(anywhere::place(), "Window");
    let memory: js_sys::WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    assert!(memory.buffer().is_instance_of::<js_sys::SharedArrayBuffer>());
}
