//! What the measured programs share: a table with the operations that every app has, and how a program starts.
//! `cargo xtask size` says what each of them weighs.

#![forbid(unsafe_code)]

pub mod tour;

use std::future::Future;

/// Runs a program in a page.
#[cfg(target_family = "wasm")]
pub fn start(program: impl Future<Output = indexie::Result<()>> + 'static) {
    wasm_bindgen_futures::spawn_local(async {
        if let Err(error) = program.await {
            wasm_bindgen::throw_str(&error.to_string());
        }
    });
}

/// These programs are weighed and not run: off the web there is nothing to start.
#[cfg(not(target_family = "wasm"))]
pub fn start(_program: impl Future<Output = indexie::Result<()>> + 'static) {}
