//! To whom a function belongs: its crate and module, read from its name. Pure.

use rustc_demangle::demangle;

/// Crates that come with the compiler. What they hold for a crate's own type belongs to that crate.
const LIBRARIES: [&str; 5] = ["core", "alloc", "std", "hashbrown", "dlmalloc"];

/// The name of a function as one would write it.
pub fn readable(name: &str) -> String {
    // wasm-bindgen says behind the name what it made of a function.
    let (name, made) = name.split_once(' ').unwrap_or((name, ""));
    format!("{:#} {made}", demangle(name)).trim_end().to_owned()
}

/// The path of the module that a function belongs to, from its crate down.
pub fn module(readable: &str) -> Vec<&str> {
    let paths = paths(readable);
    let own = paths.iter().find(|path| !LIBRARIES.contains(&path[0]));
    let mut path = own.or(paths.first()).cloned().unwrap_or_default();
    // What begins with a capital is a type, and the last is the function's own name.
    let end = path.iter().position(|part| part.starts_with(char::is_uppercase)).unwrap_or(path.len().saturating_sub(1));
    path.truncate(end.max(1));
    path
}

/// What kind of code a function is.
pub fn kind(readable: &str) -> &'static str {
    const KINDS: [(&str, &str); 6] = [
        ("core::ptr::drop_in_place", "dropping values"),
        ("as core::fmt::", "values as text"),
        ("core::slice::sort", "sorting"),
        ("as core::clone::Clone>::clone", "cloning"),
        ("serde_core::", "serde"),
        ("{closure#", "closures and futures"),
    ];
    KINDS.iter().find(|(part, _)| readable.contains(part)).map_or("other functions", |(_, kind)| kind)
}

/// The paths in a name, each by its parts: `<a::B as c::D<e::F>>::g` has three, and the last part of its own.
fn paths(readable: &str) -> Vec<Vec<&str>> {
    readable
        .split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'))
        .filter(|text| !text.starts_with("::") && text.contains("::"))
        .map(|text| text.split("::").filter(|part| !part.is_empty()).collect::<Vec<_>>())
        .filter(|path| !path.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module_of(name: &str) -> String {
        module(name).join("::")
    }

    #[test]
    fn a_function_belongs_to_the_module_around_it() {
        assert_eq!(module_of("indexie::query::plan::ranges"), "indexie::query::plan");
        assert_eq!(module_of("indexie::query::Plan::run::{closure#0}"), "indexie::query");
        assert_eq!(module_of("indexie::start"), "indexie");
    }

    #[test]
    fn a_method_belongs_to_its_type() {
        assert_eq!(module_of("<indexie::error::Error as core::fmt::Display>::fmt"), "indexie::error");
    }

    #[test]
    fn what_the_standard_library_holds_for_a_type_belongs_to_the_type() {
        assert_eq!(module_of("core::ptr::drop_in_place::<indexie::key::AnyKey>"), "indexie::key");
        assert_eq!(module_of("<alloc::vec::Vec<u8> as core::fmt::Debug>::fmt"), "alloc::vec");
    }

    #[test]
    fn the_kind_is_told_by_the_outermost_part() {
        assert_eq!(kind("core::ptr::drop_in_place::<indexie::open::{closure#0}>"), "dropping values");
        assert_eq!(kind("indexie::open::{closure#0}"), "closures and futures");
        assert_eq!(kind("indexie::open"), "other functions");
    }

    #[test]
    fn a_name_without_a_path_is_its_own_place() {
        assert_eq!(module_of("memcpy"), "");
        assert_eq!(readable("memcpy"), "memcpy");
        assert_eq!(readable("memcpy multivalue shim"), "memcpy multivalue shim");
    }
}
