//! A library that panics, or that never answers, must not take the seed with it. Natively both become an outcome; in wasm nothing
//! unwinds, so the seed is told by what prints the panic.

#[cfg(not(target_family = "wasm"))]
#[path = "guard/native.rs"]
mod here;
#[cfg(target_family = "wasm")]
#[path = "guard/wasm.rs"]
mod here;

pub use here::{mark, name, storages, watched};
