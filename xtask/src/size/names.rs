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
    const OUTERMOST: [(&str, &str); 4] = [
        ("core::ptr::drop_in_place", "dropping values"),
        ("core::slice::sort", "sorting, also of what an ordered map is collected from"),
        ("alloc::collections::btree", "ordered maps and sets"),
        ("hashbrown", "hash maps and sets"),
    ];
    const ANYWHERE: [(&str, &str); 4] = [
        ("as core::fmt::", "values as text"),
        ("as core::clone::Clone>::clone", "cloning"),
        ("serde_core::", "serde"),
        ("{closure#", "closures and futures"),
    ];
    let begins = readable.trim_start_matches('<');
    let outermost = OUTERMOST.iter().find(|(part, _)| begins.starts_with(part));
    let kind = outermost.or_else(|| ANYWHERE.iter().find(|(part, _)| readable.contains(part)));
    kind.map_or("other functions", |(_, kind)| kind)
}

/// The name without the types that a generic function was compiled for.
pub fn generic(readable: &str) -> String {
    let (mut name, mut depth, mut previous) = (String::new(), 0_u32, ' ');
    for letter in readable.chars() {
        let follows_a_name = previous.is_alphanumeric() || ['_', ':', '}'].contains(&previous);
        let is_arrow = ['-', '='].contains(&previous);
        match letter {
            '<' if depth > 0 || follows_a_name => depth += 1,
            '>' if depth > 0 && !is_arrow => depth -= 1,
            _ if depth == 0 => name.push(letter),
            _ => {}
        }
        previous = letter;
    }
    name.replace("::::", "::").trim_end_matches(':').to_owned()
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
    fn a_generic_function_is_the_same_for_every_type() {
        assert_eq!(
            generic("<app::Table<app::Row>>::write::<fn(u8) -> u8>::{closure#0}"),
            "<app::Table>::write::{closure#0}"
        );
        assert_eq!(generic("core::ptr::drop_in_place::<app::Row>"), "core::ptr::drop_in_place");
        assert_eq!(generic("<app::Row as core::fmt::Debug>::fmt"), "<app::Row as core::fmt::Debug>::fmt");
    }

    #[test]
    fn a_name_without_a_path_is_its_own_place() {
        assert_eq!(module_of("memcpy"), "");
        assert_eq!(readable("memcpy"), "memcpy");
        assert_eq!(readable("memcpy multivalue shim"), "memcpy multivalue shim");
    }
}
