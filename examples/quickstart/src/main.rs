//! Every line of the library's first pages, run one after the other: in a web page
//! (`cargo xtask demo`), or in a terminal (`cargo run -p quickstart`).
//!
//! `tour` is the same in both; `page` and `terminal` only show what it says.

#![forbid(unsafe_code)]

#[cfg(target_family = "wasm")]
mod page;
mod people;
#[cfg(not(target_family = "wasm"))]
mod terminal;
mod tour;

#[cfg(target_family = "wasm")]
fn main() {
    page::start();
}

#[cfg(not(target_family = "wasm"))]
fn main() -> std::process::ExitCode {
    terminal::run()
}
