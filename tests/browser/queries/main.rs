//! Queries, in a real browser and in memory: clauses, modifiers, terminals. Numbers in comments are those of the behavioural cases that
//! the comparison with Dexie lists.

mod clauses;
mod columns;
mod compound;
mod explained;
mod fixtures;
#[cfg(target_family = "wasm")]
mod foreign;
mod ignoring_case;
mod multi_entry;
mod order;
mod pages;
#[cfg(target_family = "wasm")]
mod panics;
mod programs;
mod random;
#[cfg(target_family = "wasm")]
mod reads;
mod runs;
mod streams;
mod unions;
mod windows;
mod writes;

#[cfg(target_family = "wasm")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

/// The browser is as it is.
fn arrange_browser() {}
