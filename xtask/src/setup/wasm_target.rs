//! The standard library for wasm: from rustup where that works, otherwise built here, once,
//! from the sources that Debian packages.

use std::process::Command;

use anyhow::{Result, bail};

use super::toolchain::{self, Toolchain};
use super::{rust_src, std_build};
use crate::workspace::{WASM, Workspace};
use crate::{command, progress};

/// Leaves a compiler that can build for wasm.
pub fn ensure(workspace: &Workspace) -> Result<()> {
    if toolchain::compiles_for_wasm(workspace)? {
        println!("==> {WASM}: present");
        return Ok(());
    }
    if add_with_rustup(workspace)? {
        return Ok(());
    }
    let toolchain = Toolchain::installed(workspace)?;
    if let Err(reason) = build_from_debian_sources(workspace, &toolchain) {
        bail!("{}", advice(&toolchain, &reason));
    }
    Ok(())
}

fn add_with_rustup(workspace: &Workspace) -> Result<bool> {
    let Some(rustup) = command::find_program(&["rustup"]) else {
        return Ok(false);
    };
    let mut add = Command::new(rustup);
    add.args(["target", "add", WASM]).current_dir(&workspace.root);
    let added = progress::report(&format!("{WASM}: {}", command::as_typed(&add)), || command::run(&mut add));
    if let Err(error) = added {
        println!("    {error}; building the target's standard library instead");
        return Ok(false);
    }
    toolchain::compiles_for_wasm(workspace)
}

fn build_from_debian_sources(workspace: &Workspace, toolchain: &Toolchain) -> Result<()> {
    if !toolchain::is_writable(&toolchain.wasm_libraries()) {
        bail!("{} cannot be written to", toolchain.sysroot.display());
    }
    rust_src::add_from_debian(workspace, toolchain)?;
    progress::report(&format!("{WASM}: building its standard library"), || {
        std_build::build_and_install(workspace, toolchain)
    })?;
    if !toolchain::compiles_for_wasm(workspace)? {
        bail!("the library was built, but the compiler does not accept it");
    }
    progress::report(&format!("{WASM}: checking it with link-time optimization"), || {
        std_build::check_link_time_optimization(workspace)
    })
}

fn advice(toolchain: &Toolchain, reason: &anyhow::Error) -> String {
    format!(
        "Rust {} has no standard library for {WASM}, and it could not be added: {reason:#}\n\n\
         With rustup and an internet connection:   rustup target add {WASM}\n\
         With Debian's own Rust:                   apt-get install libstd-rust-dev-wasm32\n\
         As a user who may write to {}:   cargo xtask setup\n\
         Then run this command again.",
        toolchain.release,
        toolchain.sysroot.display()
    )
}
