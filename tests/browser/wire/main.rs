//! A table that follows a server over a real wire, in a real browser: the browser's own `fetch`, streams and locks. The server is the
//! one of `tests/electric-server`, whose address the tests are compiled with; `cargo xtask test` starts it. What a sync does on this
//! machine is the matter of the suite `soak`.
#![cfg(target_family = "wasm")]

#[allow(dead_code, reason = "shared with the model")]
#[path = "../../model/chance.rs"]
mod chance;
mod server;

mod follows;
mod random;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
