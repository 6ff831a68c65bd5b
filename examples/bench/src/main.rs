//! The pages of `cargo xtask bench`: indexie beside others, in one page and one run. This is indexie's side. Of live queries,
//! `dexie.js` is the other one, with the same methods, and `page.js` measures both; of syncs, `client.js` is, and `sync.js` does;
//! of single operations, the files of `ops` and the package `bench-peers` are, and `ops.js` does; of tables of several sizes,
//! `scale/dexie.js` is, and `scale.js` does; imports are measured by `import.js`. The command drives them from outside.

#![forbid(unsafe_code)]

#[cfg(target_family = "wasm")]
mod database;
#[cfg(target_family = "wasm")]
mod events;
#[cfg(target_family = "wasm")]
mod import;
#[cfg(target_family = "wasm")]
mod mix;
#[cfg(target_family = "wasm")]
mod operations;
#[cfg(target_family = "wasm")]
mod ops;
#[cfg(target_family = "wasm")]
mod people;
#[cfg(target_family = "wasm")]
mod scale;
#[cfg(target_family = "wasm")]
mod side;
#[cfg(target_family = "wasm")]
mod synced;
#[cfg(target_family = "wasm")]
mod watchers;

#[cfg(not(target_family = "wasm"))]
fn main() {
    eprintln!("This is a page, and runs in a browser only: cargo xtask bench");
}

#[cfg(target_family = "wasm")]
fn main() {
    side::tell_panics();
}
