//! A page over 27,394 places: bulk import with progress, type-ahead search, sorting, keyset
//! pages and counts, all of it in the browser's own database.
//!
//! What it shows is live: it follows what other tabs change.
//!
//! `app` is what happens; `view` is what is seen; `data`, `edit`, `keys`, `refocus`, `search`,
//! `trail` and `wording` are pure.

#![forbid(unsafe_code)]

mod app;
mod atlas;
mod data;
mod download;
mod edit;
mod import;
mod keys;
mod latest;
mod refocus;
mod results;
mod search;
mod survey;
mod trail;
mod trouble;
mod view;
mod wording;

fn main() {
    if cfg!(target_family = "wasm") {
        app::start();
    } else {
        println!("This example is a web page: `cargo xtask demo` builds and serves it.");
    }
}
