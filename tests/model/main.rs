//! The model test: random programs, carried out by the library and evaluated by a naive reference. Results, errors and order
//! are equal, or the program is shrunk and printed as Rust.

mod chance;
mod field;
mod generate;
mod key;
mod menu;
mod outcome;
mod program;
mod query;
mod record;
mod reference;
mod run;
mod shape;
mod table;
mod value;

use std::rc::Rc;

use chance::Chance;
use menu::Trio;

async fn check<D: Trio>(seed: u64) {
    let program = Rc::new(generate::program::<D>(0, &mut Chance::new(seed)));
    let expected = reference::evaluate::<D>(&program);
    let got = run::run::<D>(program.clone(), "model").await;
    for (at, ((step, expected), got)) in program.steps.iter().zip(&expected).zip(&got).enumerate() {
        if expected != got {
            panic!("seed {seed}, step {at}:\n{step:#?}\nexpected {expected:?}\ngot      {got:?}");
        }
    }
}

#[cfg(target_family = "wasm")]
mod browser {
    use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
    wasm_bindgen_test_configure!(run_in_browser);

    #[wasm_bindgen_test]
    async fn one() {
        for seed in 1..=100 {
            super::check::<super::menu::Town>(seed).await;
        }
    }
}
