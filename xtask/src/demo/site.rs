//! The site in the target directory: each example compiled, bound to JavaScript and laid beside
//! its page, plus an index page that links them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::EXAMPLES;
use crate::workspace::{Workspace, copy_file, copy_tree, empty_directory, write_file};
use crate::{command, progress, wasm};

/// Builds the site and returns its directory.
pub fn build(workspace: &Workspace) -> Result<PathBuf> {
    wasm::build(workspace, &EXAMPLES)?;
    let site = workspace.target.join("demo");
    empty_directory(&site)?;
    write_file(&site.join("index.html"), include_str!("index.html"))?;
    for name in EXAMPLES {
        progress::report(&format!("page of {name}"), || add_example(workspace, name, &site))?;
    }
    Ok(site)
}

fn add_example(workspace: &Workspace, name: &str, site: &Path) -> Result<()> {
    let source = workspace.root.join("examples").join(name);
    let page = site.join(name);
    wasm::bind(workspace, name, &page)?;
    shrink(&page.join(format!("{name}_bg.wasm")))?;
    copy_file(&source.join("index.html"), &page.join("index.html"))?;
    let assets = source.join("static");
    if assets.is_dir() {
        copy_tree(&assets, &page.join("static"))?;
    }
    Ok(())
}

/// Lets binaryen make the program smaller, if it is installed; prints the size either way.
fn shrink(wasm: &Path) -> Result<()> {
    let before = fs::metadata(wasm)?.len();
    let Some(wasm_opt) = command::find_program(&["wasm-opt"]) else {
        println!("    {} of wasm", kilobytes(before));
        return Ok(());
    };
    let smaller = wasm.with_extension("smaller");
    let mut optimize = Command::new(wasm_opt);
    optimize.args(["-Oz", "--all-features", "-o"]).arg(&smaller).arg(wasm);
    if command::succeeds(&mut optimize) {
        fs::rename(&smaller, wasm)?;
        let after = fs::metadata(wasm)?.len();
        println!("    {} of wasm, {} after wasm-opt", kilobytes(before), kilobytes(after));
    } else {
        // An old binaryen does not know today's instructions; the page works without it.
        println!("    {} of wasm (this wasm-opt cannot read it)", kilobytes(before));
    }
    Ok(())
}

fn kilobytes(bytes: u64) -> String {
    format!("{} kB", bytes.div_ceil(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_up_to_kilobytes() {
        assert_eq!(kilobytes(1), "1 kB");
        assert_eq!(kilobytes(120_000), "120 kB");
    }
}
