//! What does not compile, and what the compiler says about it; and what compiles in hostile surroundings.
//! One fault per file in `ui/`, and one error for it.
#![cfg(not(target_family = "wasm"))]

#[test]
fn faults_are_explained() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}

#[test]
fn expansions_compile_everywhere() {
    trybuild::TestCases::new().pass("ui-pass/*.rs");
}
