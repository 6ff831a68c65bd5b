//! The page of `cargo xtask bench live`: indexie's live queries beside Dexie's, in one page and one run. This is indexie's
//! side; `dexie.js` is the other one, with the same methods, and `page.js` measures both. The command drives it from outside.

#![forbid(unsafe_code)]

#[cfg(target_family = "wasm")]
mod mix;
#[cfg(target_family = "wasm")]
mod people;
#[cfg(target_family = "wasm")]
mod side;
#[cfg(target_family = "wasm")]
mod watchers;

#[cfg(not(target_family = "wasm"))]
fn main() {
    eprintln!("This is a page, and runs in a browser only: cargo xtask bench live");
}

#[cfg(target_family = "wasm")]
fn main() {
    side::tell_panics();
}
