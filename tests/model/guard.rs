//! A library that panics, or that never answers, must not take the seed with it. Natively both become an outcome; in wasm nothing
//! unwinds, so the seed is told by what prints the panic.

#[cfg(not(target_family = "wasm"))]
mod native;
#[cfg(target_family = "wasm")]
mod wasm;

#[cfg(not(target_family = "wasm"))]
pub use native::{mark, name, storages, watched};
#[cfg(target_family = "wasm")]
pub use wasm::{mark, name, storages, watched};
