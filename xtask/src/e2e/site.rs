//! The site that the tests open: the page, Dexie beside it, and the service worker, bundled as apps do it.

use std::env::consts::{ARCH, EXE_SUFFIX, OS};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::npm;
use crate::workspace::{Workspace, copy_file, empty_directory};
use crate::{command, progress, wasm};

const PACKAGE: &str = "indexie-e2e";

/// The page pins its hash.
const DEXIE: npm::Package = npm::Package { name: "dexie", version: "4.4.7" };

const ESBUILD_VERSION: &str = "0.28.2";

/// Builds the site and returns its directory.
pub fn build(workspace: &Workspace) -> Result<PathBuf> {
    wasm::build(workspace, &[PACKAGE])?;
    let (source, site) = (workspace.root.join("tests/e2e"), workspace.target.join("e2e"));
    progress::report("the page of the end-to-end tests", || {
        empty_directory(&site)?;
        wasm::bind(workspace, PACKAGE, &site)?;
        for file in ["index.html", "page.js", "dexie.js", "batching.js", "worker.js"] {
            copy_file(&source.join(file), &site.join(file))?;
        }
        Ok(())
    })?;
    copy_file(&DEXIE.directory(workspace)?.join("dist/dexie.min.js"), &site.join("dexie.min.js"))?;
    bundle(workspace, &site)?;
    Ok(site)
}

/// Makes one classic script of the service worker: not every browser takes modules there.
fn bundle(workspace: &Workspace, site: &Path) -> Result<()> {
    let esbuild = npm::Package { name: esbuild_package()?, version: ESBUILD_VERSION }.directory(workspace)?;
    let program = if OS == "windows" { format!("esbuild{EXE_SUFFIX}") } else { "bin/esbuild".to_owned() };
    let mut bundle = Command::new(esbuild.join(program));
    bundle.arg(site.join("worker.js")).args(["--bundle", "--format=iife", "--log-level=error"]);
    bundle.arg(format!("--outfile={}", site.join("worker.bundle.js").display()));
    command::read(&mut bundle).map(drop)
}

fn esbuild_package() -> Result<&'static str> {
    Ok(match (OS, ARCH) {
        ("linux", "x86_64") => "@esbuild/linux-x64",
        ("linux", "aarch64") => "@esbuild/linux-arm64",
        ("macos", "x86_64") => "@esbuild/darwin-x64",
        ("macos", "aarch64") => "@esbuild/darwin-arm64",
        ("windows", "x86_64") => "@esbuild/win32-x64",
        ("windows", "aarch64") => "@esbuild/win32-arm64",
        (os, arch) => bail!("esbuild is not known to be built for {os} on {arch}"),
    })
}
