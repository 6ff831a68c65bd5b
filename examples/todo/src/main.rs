//! A list that is changed at once and stored when the backend has agreed: instant adds with a mark
//! while they are pending, changes that go by themselves when they are refused, two tabs in step.
//!
//! `todos` is what is kept; `changes` is every way to change it; `hooks` sends the changes to
//! `backend`; `page` is what is seen. With `sync`, the list is the same in every browser. `cargo xtask demo`
//! has a backend that can be slow, can fail, and can be away.

#![forbid(unsafe_code)]

#[cfg(target_family = "wasm")]
mod backend;
#[cfg(any(target_family = "wasm", test))]
mod changes;
#[cfg(target_family = "wasm")]
mod hooks;
#[cfg(target_family = "wasm")]
mod page;
#[cfg(target_family = "wasm")]
mod sync;
#[cfg(any(target_family = "wasm", test))]
mod todos;

#[cfg(target_family = "wasm")]
fn main() {
    page::start();
}

#[cfg(not(target_family = "wasm"))]
fn main() {
    println!("This example is a web page: `cargo xtask demo` builds and serves it.");
}
