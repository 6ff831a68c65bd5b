//! The app of `cargo xtask bench start`: it opens a database and shows a row, and has nothing else that a browser would have to load.

#![forbid(unsafe_code)]

#[cfg(target_family = "wasm")]
mod app;
#[cfg(target_family = "wasm")]
#[path = "../../src/people.rs"]
mod people;

#[cfg(not(target_family = "wasm"))]
fn main() {
    eprintln!("This is a part of a page, and runs in a browser only: cargo xtask bench start");
}

#[cfg(target_family = "wasm")]
fn main() {}
