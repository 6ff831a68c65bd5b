//! The README's examples that need a framework, and that are not compiled there.

const README: &str = include_str!("../../README.md");

/// The components of the README's section on an adapter's framework, without the comment at the start.
fn component(framework: &str) -> &'static str {
    let (_, rest) = README.split_once(&format!("```rust,ignore\n// {framework}: ")).expect("an example");
    let (block, _) = rest.split_once("\n```\n").expect("its end");
    block.split_once('\n').expect("more than its comment").1
}

/// What stands at the start of a crate's documentation, which is compiled.
fn documentation(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

#[test]
fn its_components_are_those_that_the_adapters_compile() {
    for (framework, source) in [
        ("Leptos", include_str!("../../indexie-leptos/src/lib.rs")),
        ("Dioxus", include_str!("../../indexie-dioxus/src/lib.rs")),
        ("Yew", include_str!("../../indexie-yew/src/lib.rs")),
    ] {
        assert!(documentation(source).contains(component(framework)), "the README's component for {framework}");
    }
}
