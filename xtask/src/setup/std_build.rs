//! Building the standard library for wasm with cargo's own `-Zbuild-std`, and putting it where
//! rustup would have put it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::toolchain::Toolchain;
use crate::command;
use crate::workspace::{WASM, Workspace, copy_file, write_file};

const EMPTY_CRATE: &str = "xtask_empty_crate";

/// Builds the library and installs it into the compiler's directory.
pub fn build_and_install(workspace: &Workspace, toolchain: &Toolchain) -> Result<()> {
    let package = workspace.scratch("std")?;
    write_file(&package.join("Cargo.toml"), &manifest("[lib]\npath = \"lib.rs\"\n"))?;
    write_file(&package.join("lib.rs"), "")?;
    let target = package.join("target");
    command::run(
        workspace
            .cargo()
            .current_dir(&package)
            .args(["build", "--release", "--target", WASM])
            .arg("-Zbuild-std=std,panic_abort,panic_unwind,test")
            .arg("--target-dir")
            .arg(&target)
            // The release channel refuses -Z without this; it is how Rust's own build does it.
            .env("RUSTC_BOOTSTRAP", "1")
            // Bitcode is what link-time optimization reads; rustup's libraries carry it too.
            .env("RUSTFLAGS", "-Cembed-bitcode=yes")
            .env_remove("CARGO_ENCODED_RUSTFLAGS"),
    )?;
    let built = target.join(WASM).join("release/deps");
    install(&built, &toolchain.wasm_libraries())
}

fn install(built: &Path, destination: &Path) -> Result<()> {
    let entries = fs::read_dir(built).with_context(|| format!("could not read {}", built.display()))?;
    let mut copied = 0;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if is_library_of_rust(&name) {
            copy_file(&path, &destination.join(&*name))?;
            copied += 1;
        }
    }
    if copied == 0 {
        bail!("cargo built no libraries in {}", built.display());
    }
    Ok(())
}

fn is_library_of_rust(file_name: &str) -> bool {
    let rlib = Path::new(file_name).extension().is_some_and(|extension| extension == "rlib");
    rlib && !file_name.starts_with(&format!("lib{EMPTY_CRATE}"))
}

/// Builds a program the way releases are built: this fails if the library carries no bitcode.
pub fn check_link_time_optimization(workspace: &Workspace) -> Result<()> {
    let package = workspace.scratch("lto-check")?;
    let parts =
        "[[bin]]\nname = \"check\"\npath = \"main.rs\"\n\n[profile.release]\nlto = \"fat\"\npanic = \"abort\"\n";
    write_file(&package.join("Cargo.toml"), &manifest(parts))?;
    write_file(&package.join("main.rs"), "fn main() { println!(\"{:?}\", std::env::args()); }\n")?;
    command::run(
        workspace
            .cargo()
            .current_dir(&package)
            .args(["build", "--release", "--target", WASM, "--target-dir"])
            .arg(package.join("target")),
    )
}

/// The empty table keeps the crate out of the workspace it happens to lie in.
fn manifest(parts: &str) -> String {
    format!(
        "[package]\nname = \"{EMPTY_CRATE}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         {parts}\n[workspace]\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rusts_own_libraries_are_installed() {
        assert!(is_library_of_rust("libstd-2c19544a9276d693.rlib"));
        assert!(!is_library_of_rust("libxtask_empty_crate-1.rlib"));
        assert!(!is_library_of_rust("libstd-2c19544a9276d693.rmeta"));
    }

    #[test]
    fn a_generated_crate_is_its_own_workspace() {
        assert!(manifest("").ends_with("\n[workspace]\n"));
    }
}
