//! The model test: random programs, carried out by the library and evaluated by a naive reference. Results, errors and order
//! are equal, or the program is shrunk and printed as Rust.
#![allow(
    clippy::format_push_string,
    clippy::format_collect,
    clippy::match_same_arms,
    clippy::needless_pass_by_value,
    clippy::similar_names,
    clippy::struct_field_names,
    clippy::option_option,
    clippy::unused_self,
    clippy::explicit_auto_deref,
    reason = "a generator, an evaluator and a printer that are read clause by clause"
)]

mod chance;
mod check;
mod field;
mod generate;
mod guard;
mod key;
mod menu;
mod outcome;
mod plan;
mod print;
mod program;
#[cfg(not(target_family = "wasm"))]
mod proof;
mod query;
mod record;
mod reference;
mod run;
mod shape;
mod shrink;
mod table;
mod upgrade;
mod value;

use plan::Plan;

#[cfg(not(target_family = "wasm"))]
#[test]
fn random_programs_come_to_what_they_should() {
    futures::executor::block_on(check::all(Plan::of(2_000)));
}

#[cfg(target_family = "wasm")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

#[cfg(target_family = "wasm")]
#[wasm_bindgen_test::wasm_bindgen_test]
async fn random_programs_come_to_what_they_should() {
    check::all(Plan::of(300)).await;
}
