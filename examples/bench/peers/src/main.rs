//! The Rust crates that `cargo xtask bench ops` compares indexie with, each used as its own documentation does: one file for each,
//! and all with indexie's record and the same operations.

#![forbid(unsafe_code)]

#[cfg(target_family = "wasm")]
mod codec;
#[cfg(target_family = "wasm")]
mod idb;
#[cfg(target_family = "wasm")]
mod indexed_db;
#[cfg(target_family = "wasm")]
mod indexed_db_futures;
#[cfg(target_family = "wasm")]
#[path = "../../src/operations.rs"]
mod operations;
#[cfg(target_family = "wasm")]
#[path = "../../src/people.rs"]
mod people;
#[cfg(target_family = "wasm")]
mod rexie;

#[cfg(not(target_family = "wasm"))]
fn main() {
    eprintln!("This is a part of a page, and runs in a browser only: cargo xtask bench ops");
}

#[cfg(target_family = "wasm")]
fn main() {}
