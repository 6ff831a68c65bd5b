//! The library in a service worker.
#![cfg(target_family = "wasm")]

#[path = "../anywhere/cases.rs"]
mod anywhere;

use indexie_tests::{builder, fresh};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_service_worker);

#[wasm_bindgen_test]
fn these_tests_run_in_a_service_worker() {
    assert_eq!(anywhere::place(), "ServiceWorkerGlobalScope");
}
