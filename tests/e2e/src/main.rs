//! The page of the end-to-end tests: a program that does in a tab what the tests, which control the browser from outside,
//! tell it to. Each command is a few lines that use indexie as an app would. `cargo xtask test --only e2e` runs it.

#![forbid(unsafe_code)]

#[cfg(target_family = "wasm")]
#[path = "../../browser/live/change.rs"]
mod change;
#[cfg(target_family = "wasm")]
mod commands;
#[cfg(target_family = "wasm")]
mod library;
#[cfg(target_family = "wasm")]
mod pending;
#[cfg(target_family = "wasm")]
#[allow(dead_code, reason = "shared with the suite of queries")]
#[path = "../../browser/queries/programs.rs"]
mod programs;
#[cfg(target_family = "wasm")]
mod shop;
#[cfg(target_family = "wasm")]
mod state;
#[cfg(target_family = "wasm")]
mod syncing;
#[cfg(target_family = "wasm")]
mod watching;
#[cfg(target_family = "wasm")]
mod work;

#[cfg(not(target_family = "wasm"))]
fn main() {
    eprintln!("This is a page, and runs in a browser only: cargo xtask test --only e2e");
}

#[cfg(target_family = "wasm")]
fn main() {
    commands::tell_panics();
}
