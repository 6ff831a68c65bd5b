//! What a program is made of, by crate, by module and by function: where to look when it is to become smaller.

use std::collections::HashMap;
use std::fmt;

use anyhow::Result;

use super::code::{Module, Part};
use super::names;
use super::ship::Shipped;

/// Modules are told apart to this depth below their crate.
const DEPTH: usize = 3;
/// So many characters of a function's name are printed.
const WIDTH: usize = 200;

/// The largest first, everywhere.
#[derive(Debug)]
pub struct Breakdown {
    crates: Vec<Part>,
    kinds: Vec<Part>,
    areas: Vec<Part>,
    modules: Vec<Part>,
    generic: Vec<Part>,
    functions: Vec<Part>,
    sections: Vec<Part>,
    scripts: Vec<Part>,
    top: usize,
}

impl Breakdown {
    /// Of a program; `top` is how many modules and functions are printed.
    pub fn of(shipped: &Shipped, top: usize) -> Result<Self> {
        let mut scripts = shipped.scripts()?;
        let Module { mut functions, mut sections } = Module::read(&shipped.named)?;
        for function in &mut functions {
            function.name = names::readable(&function.name);
        }
        let crates = sums(&functions, |name| place(name, 1));
        let areas = sums(&functions, |name| place(name, 2));
        let modules = sums(&functions, |name| place(name, DEPTH));
        let kinds = sums(&functions, |name| names::kind(name).to_owned());
        let generic = instances(&functions);
        sort(&mut functions);
        sort(&mut sections);
        sort(&mut scripts);
        Ok(Self { crates, kinds, areas, modules, generic, functions, sections, scripts, top })
    }
}

fn sums(functions: &[Part], key: impl Fn(&str) -> String) -> Vec<Part> {
    let mut sums: HashMap<String, usize> = HashMap::new();
    for Part { name, bytes } in functions {
        *sums.entry(key(name)).or_default() += bytes;
    }
    let mut parts: Vec<_> = sums.into_iter().map(|(name, bytes)| Part { name, bytes }).collect();
    sort(&mut parts);
    parts
}

/// Generic functions that were compiled more than once, with all that they take.
fn instances(functions: &[Part]) -> Vec<Part> {
    let mut instances: HashMap<String, Vec<usize>> = HashMap::new();
    for Part { name, bytes } in functions {
        instances.entry(names::generic(name)).or_default().push(*bytes);
    }
    let repeated = instances.into_iter().filter(|(_, each)| each.len() > 1);
    let mut parts: Vec<_> = repeated
        .map(|(name, each)| Part { name: format!("{} × {name}", each.len()), bytes: each.iter().sum() })
        .collect();
    sort(&mut parts);
    parts
}

fn place(name: &str, depth: usize) -> String {
    let mut path = names::module(name);
    path.truncate(depth);
    if path.is_empty() { "(no path)".to_owned() } else { path.join("::") }
}

fn sort(parts: &mut [Part]) {
    parts.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
}

impl fmt::Display for Breakdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { crates, kinds, areas, modules, generic, functions, sections, scripts, top } = self;
        let code: usize = functions.iter().map(|function| function.bytes).sum();
        writeln!(f, "  {} functions, {code} bytes of code", functions.len())?;
        list(f, "JavaScript, minified", scripts, usize::MAX)?;
        list(f, "sections beside the code", sections, usize::MAX)?;
        list(f, "code by crate", crates, usize::MAX)?;
        list(f, "code by kind", kinds, usize::MAX)?;
        list(f, "code by module of a crate", areas, *top)?;
        list(f, "code by module below those", modules, *top)?;
        list(f, "generic functions, for all their types", generic, *top)?;
        list(f, "functions", functions, *top)
    }
}

fn list(f: &mut fmt::Formatter<'_>, title: &str, parts: &[Part], top: usize) -> fmt::Result {
    writeln!(f, "\n  {title}")?;
    for Part { name, bytes } in parts.iter().take(top) {
        let name: String = name.chars().take(WIDTH).collect();
        writeln!(f, "  {bytes:>8}  {name}")?;
    }
    if parts.len() > top {
        let rest: usize = parts[top..].iter().map(|part| part.bytes).sum();
        writeln!(f, "  {rest:>8}  in {} others", parts.len() - top)?;
    }
    Ok(())
}
