//! What a WebAssembly module is made of: how many bytes each function takes, and each section beside them.

use std::collections::HashMap;

use anyhow::{Context, Result};
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

/// A part of a module with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub name: String,
    pub bytes: usize,
}

/// The parts of a module, without what does not ship.
#[derive(Debug, Default)]
pub struct Module {
    /// By their linker names.
    pub functions: Vec<Part>,
    /// All sections but the code.
    pub sections: Vec<Part>,
}

impl Module {
    /// Reads a module with the names of its functions.
    pub fn read(wasm: &[u8]) -> Result<Self> {
        let mut module = Self::default();
        let (mut imported, mut bodies, mut names) = (0_u32, Vec::new(), HashMap::new());
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload.context("this is no WebAssembly module")?;
            match &payload {
                Payload::CodeSectionEntry(body) => bodies.push(body.range().len()),
                Payload::CustomSection(section) => {
                    if let KnownCustom::Name(section) = section.as_known() {
                        names = function_names(section)?;
                    }
                    continue;
                }
                Payload::ImportSection(section) => {
                    for import in section.clone().into_imports() {
                        imported += u32::from(matches!(import?.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)));
                    }
                }
                _ => {}
            }
            let name = match payload {
                Payload::TypeSection(_) => "types",
                Payload::ImportSection(_) => "imports",
                Payload::FunctionSection(_) => "functions' types",
                Payload::TableSection(_) => "tables",
                Payload::GlobalSection(_) => "globals",
                Payload::ExportSection(_) => "exports",
                Payload::ElementSection(_) => "functions in tables",
                Payload::DataSection(_) => "data",
                _ => continue,
            };
            let bytes = payload.as_section().map_or(0, |(_, range)| range.len());
            module.sections.push(Part { name: name.to_owned(), bytes });
        }
        module.functions = (imported..)
            .zip(bodies)
            .map(|(index, bytes)| Part {
                name: names.remove(&index).unwrap_or_else(|| format!("function {index}")),
                bytes,
            })
            .collect();
        Ok(module)
    }
}

fn function_names(section: wasmparser::NameSectionReader<'_>) -> Result<HashMap<u32, String>> {
    let mut names = HashMap::new();
    for subsection in section {
        if let Name::Function(map) = subsection? {
            for naming in map {
                let naming = naming?;
                names.insert(naming.index, naming.name.to_owned());
            }
        }
    }
    Ok(names)
}

/// The length of what opens every module: its magic number and its version.
const HEADER: usize = 8;

/// The module without its custom sections, which a browser has no use for.
pub fn without_names(wasm: &[u8]) -> Result<Vec<u8>> {
    let mut kept = wasm[..HEADER].to_vec();
    let mut start = HEADER;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.context("this is no WebAssembly module")?;
        if let Some((_, range)) = payload.as_section() {
            if !matches!(payload, Payload::CustomSection(_)) {
                kept.extend(&wasm[start..range.end]);
            }
            start = range.end;
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module with one function, called `answer`, and a section of that name for tools.
    const ANSWER: &[u8] = &[
        0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, // the header
        1, 4, 1, 0x60, 0, 0, // a type: takes nothing, returns nothing
        3, 2, 1, 0, // one function of this type
        10, 4, 1, 2, 0, 11, // its body: no variables, the end
        0, 16, 4, b'n', b'a', b'm', b'e', 1, 9, 1, 0, 6, b'a', b'n', b's', b'w', b'e', b'r',
    ];

    #[test]
    fn functions_have_their_names_and_the_bytes_of_their_bodies() -> Result<()> {
        let module = Module::read(ANSWER)?;

        assert_eq!(module.functions, [Part { name: "answer".to_owned(), bytes: 2 }]);
        let sections: Vec<_> = module.sections.iter().map(|part| (part.name.as_str(), part.bytes)).collect();
        assert_eq!(sections, [("types", 4), ("functions' types", 2)]);
        Ok(())
    }

    #[test]
    fn a_module_without_names_is_the_rest_of_it() -> Result<()> {
        assert_eq!(without_names(ANSWER)?, ANSWER[..ANSWER.len() - 18]);
        Ok(())
    }
}
