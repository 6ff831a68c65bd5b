//! From the compiler's program to the files that a page loads: bound to JavaScript, optimised, and bundled, as the build
//! tools of apps do.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::code::{self, Part};
use super::program::Program;
use crate::npm::{binaryen, esbuild};
use crate::workspace::{Workspace, empty_directory};
use crate::{command, progress, wasm};

/// A program as a page loads it.
#[derive(Debug)]
pub struct Shipped {
    /// With the names of its functions.
    pub named: Vec<u8>,
    /// The same as it ships.
    pub wasm: PathBuf,
    /// What wasm-bindgen wrote, and the library's own JavaScript: one after the other, unaltered.
    pub script: PathBuf,
    /// The same after a bundler.
    pub minified: PathBuf,
}

/// Makes a compiled program ready for a page. What has been done for the very same program is not done again.
pub fn ship(workspace: &Workspace, program: &Program) -> Result<Shipped> {
    let compiled = program.build(workspace)?;
    let directory = program.directory(workspace)?;
    let source = directory.join("compiled.wasm");
    let is_same = fs::read(&source).is_ok_and(|earlier| earlier == compiled);
    if !is_same {
        // Written in the end under its name: what has been interrupted is done again.
        progress::report(&format!("wasm-bindgen, wasm-opt and esbuild on {}", program.name), || {
            empty_directory(&directory)?;
            let incomplete = directory.join("program.wasm");
            fs::write(&incomplete, compiled)?;
            make(workspace, &incomplete, &directory)?;
            fs::rename(incomplete, source).map_err(Into::into)
        })?;
    }
    let file = |name| directory.join(name);
    Ok(Shipped { named: read(&file(NAMED))?, wasm: file(WASM), script: file(SCRIPT), minified: file(MINIFIED) })
}

const NAMED: &str = "named.wasm";
const WASM: &str = "shipped.wasm";
const SCRIPT: &str = "script.js";
const MINIFIED: &str = "minified.js";
const METADATA: &str = "minified.json";

fn make(workspace: &Workspace, compiled: &Path, directory: &Path) -> Result<()> {
    let bound = directory.join("bound");
    wasm::bind_with_names(compiled, &bound)?;
    optimise(workspace, &bound.join("program_bg.wasm"), &directory.join(NAMED))?;
    fs::write(directory.join(WASM), code::without_names(&read(&directory.join(NAMED))?)?)?;
    fs::write(directory.join(SCRIPT), scripts(&bound)?)?;
    minify(workspace, &bound.join("program.js"), directory)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("could not read {}", path.display()))
}

fn optimise(workspace: &Workspace, from: &Path, to: &Path) -> Result<()> {
    let mut wasm_opt = binaryen::wasm_opt(workspace)?;
    // Of the features, those that the compiler uses by itself.
    wasm_opt.args(["-Oz", "--debuginfo"]).args(
        ["bulk-memory", "mutable-globals", "multivalue", "nontrapping-float-to-int", "reference-types", "sign-ext"]
            .map(|feature| format!("--enable-{feature}")),
    );
    command::read(wasm_opt.arg(from).arg("-o").arg(to)).map(drop)
}

fn minify(workspace: &Workspace, module: &Path, directory: &Path) -> Result<()> {
    let mut esbuild = esbuild::command(workspace)?;
    esbuild.arg(module).args(["--bundle", "--minify", "--format=esm", "--log-level=error"]);
    esbuild.arg(format!("--outfile={}", directory.join(MINIFIED).display()));
    esbuild.arg(format!("--metafile={}", directory.join(METADATA).display()));
    command::read(&mut esbuild).map(drop)
}

impl Shipped {
    /// What each JavaScript file takes of the bundler's one.
    pub fn scripts(&self) -> Result<Vec<Part>> {
        let metadata: Value = serde_json::from_slice(&read(&self.minified.with_file_name(METADATA))?)?;
        let outputs = metadata["outputs"].as_object().into_iter().flat_map(serde_json::Map::values);
        let inputs = outputs.filter_map(|output| output["inputs"].as_object()).flatten();
        let part = |(path, input): (&String, &Value)| {
            let bytes = input["bytesInOutput"].as_u64().and_then(|bytes| usize::try_from(bytes).ok())?;
            Some(Part { name: Path::new(path).file_name()?.to_string_lossy().into_owned(), bytes })
        };
        Ok(inputs.filter_map(part).collect())
    }
}

/// Every JavaScript file in a directory and those below.
fn scripts(directory: &Path) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    let mut paths: Vec<_> = fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            all.extend(scripts(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "js") {
            all.extend(fs::read(&path)?);
        }
    }
    Ok(all)
}
