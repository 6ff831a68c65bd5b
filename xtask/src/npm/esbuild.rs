//! esbuild, which makes one file of many as the bundlers of apps do.

use std::env::consts::{ARCH, OS};
use std::process::Command;

use anyhow::{Context, Result};

use super::Package;
use crate::workspace::Workspace;

/// By operating system and processor, as Rust calls them.
const ESBUILD: [(&str, &str, Package); 4] = [
    ("linux", "x86_64", esbuild("@esbuild/linux-x64", LINUX_X64)),
    ("linux", "aarch64", esbuild("@esbuild/linux-arm64", LINUX_ARM64)),
    ("macos", "x86_64", esbuild("@esbuild/darwin-x64", MACOS_X64)),
    ("macos", "aarch64", esbuild("@esbuild/darwin-arm64", MACOS_ARM64)),
];

const LINUX_X64: &str = "baa64c4cbaffcd1fde7788c81a7c122e468798f8ce8c9be79ba4d5562b406b4f\
                         122d2f59d1533cc08471ee059b241e7f279e18b883089c3aae5b262f40b66483";
const LINUX_ARM64: &str = "f1bc17edaf05821220aeea5cc5be1a5266032e9f295f4eab1a1e47a834fb6c1f\
                           bc45d7a596cea61efac51c75b624038f6546e78d4a4a4cb83a102cb3bdab3601";
const MACOS_X64: &str = "1d0f646b82b1db5a875f0b654d455b2893809e61b58a95e17564e635788fccf7\
                         d62a95ea01255c59d9dfd9b9cbef7c208cdac55c06b7c98bc149df69cdf108a4";
const MACOS_ARM64: &str = "377ce5fa5c470a27e022570c50fe74d7a11291e4232e3ffde7d471c4d608b612\
                           20f82407227ba316e5de59b58c8274e8e1ca795d51ea14f9a9caef49eb90b562";

const fn esbuild(name: &'static str, hash: &'static str) -> Package {
    Package { name, version: "0.25.12", hash }
}

/// esbuild, to be told what to do.
pub fn command(workspace: &Workspace) -> Result<Command> {
    let (.., package) = ESBUILD
        .into_iter()
        .find(|(os, processor, _)| (*os, *processor) == (OS, ARCH))
        .with_context(|| format!("no esbuild is pinned for {OS} on {ARCH}"))?;
    Ok(Command::new(package.directory(workspace)?.join("bin/esbuild")))
}
