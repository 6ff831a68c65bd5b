//! What every app weighs that waits for anything: no database, and one future.

#![forbid(unsafe_code)]

#[cfg(target_family = "wasm")]
fn main() {
    wasm_bindgen_futures::spawn_local(async {});
}

#[cfg(not(target_family = "wasm"))]
fn main() {}
