//! Queries in a real browser: clauses, modifiers, terminals. Numbers in comments are those of the behavioural cases that
//! the comparison with Dexie lists.
#![cfg(target_family = "wasm")]

mod clauses;
mod columns;
mod compound;
mod explained;
mod fixtures;
mod foreign;
mod ignoring_case;
mod multi_entry;
mod order;
mod pages;
mod random;
mod runs;
mod streams;
mod unions;
mod windows;
mod writes;

use wasm_bindgen_test::wasm_bindgen_test_configure;

wasm_bindgen_test_configure!(run_in_browser);

/// The browser is as it is.
fn arrange_browser() {}
