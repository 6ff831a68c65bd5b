//! The sources of the standard library, of exactly the compiler's version: from rustup where that works, otherwise out of
//! Debian's `rust-src` package. They stay in the compiler's directory, where `-Zbuild-std` finds them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::apt::{self, PrivateLists};
use super::toolchain::{self, Toolchain};
use crate::workspace::{Workspace, copy_tree, empty_directory, write_file};
use crate::{command, progress};

const PACKAGE: &str = "rust-src";

/// Where Debian keeps Rust versions other than the one in a stable release. The first is where
/// they stay longest; the later ones hold the newest.
const SUITES: [&str; 3] = ["trixie-backports", "testing", "unstable"];

/// Leaves the sources in the compiler's directory.
pub fn ensure(workspace: &Workspace) -> Result<()> {
    let toolchain = Toolchain::installed(workspace)?;
    if is_present(&toolchain) {
        println!("==> {PACKAGE}: present");
        return Ok(());
    }
    if add_with_rustup(workspace, &toolchain) {
        return Ok(());
    }
    add_from_debian(workspace, &toolchain).or_else(|reason| bail!("{}", advice(&toolchain, &reason)))
}

/// Whether the compiler's directory holds the sources of its version.
///
/// Sources that rustup installed carry no stamp, and are replaced with the compiler.
fn is_present(toolchain: &Toolchain) -> bool {
    let stamped = fs::read_to_string(stamp(toolchain));
    toolchain.library_sources().join("Cargo.lock").is_file()
        && stamped.map_or(true, |release| release.trim() == toolchain.release)
}

fn add_with_rustup(workspace: &Workspace, toolchain: &Toolchain) -> bool {
    let Some(rustup) = command::find_program(&["rustup"]) else {
        return false;
    };
    let mut add = Command::new(rustup);
    add.args(["component", "add", PACKAGE]).current_dir(&workspace.root);
    let added = progress::report(&format!("{PACKAGE}: {}", command::as_typed(&add)), || command::run(&mut add));
    if let Err(error) = added {
        println!("    {error}; taking Debian's instead");
        return false;
    }
    // What Debian's older sources left behind says nothing about these.
    let _ = fs::remove_file(stamp(toolchain));
    is_present(toolchain)
}

/// Takes the sources from Debian, unless they are there.
pub fn add_from_debian(workspace: &Workspace, toolchain: &Toolchain) -> Result<()> {
    if is_present(toolchain) {
        return Ok(());
    }
    if !toolchain::is_writable(&toolchain.library_sources()) {
        bail!("{} cannot be written to", toolchain.sysroot.display());
    }
    if !apt::is_available() {
        bail!("this system has no apt-get, and the sources are a Debian package");
    }
    progress::report(&format!("{PACKAGE}: sources of Rust {} from Debian", toolchain.release), || {
        fetch(workspace, toolchain)
    })
}

/// Downloads the sources and puts them into the compiler's directory.
fn fetch(workspace: &Workspace, toolchain: &Toolchain) -> Result<()> {
    let lists = PrivateLists::new(&workspace.scratch("apt")?)?;
    let mirror = lists.system_mirror()?.context("the system's package sources name no Debian mirror")?;
    let package = find_and_download(&lists, &mirror, &toolchain.release)?;

    let unpacked = workspace.scratch("rust-src")?;
    empty_directory(&unpacked)?;
    command::run(Command::new("dpkg-deb").arg("-x").arg(&package).arg(&unpacked))?;
    let library = unpacked.join(format!("usr/src/rustc-{}", toolchain.release)).join("library");

    let destination = toolchain.library_sources();
    // If the copy is interrupted, this stamp keeps its half from being taken for the whole.
    write_file(&stamp(toolchain), "incomplete")?;
    empty_directory(&destination)?;
    copy_tree(&library, &destination)?;
    write_file(&stamp(toolchain), &toolchain.release)?;
    fs::remove_dir_all(&unpacked).context("could not remove the unpacked package")
}

fn find_and_download(lists: &PrivateLists, mirror: &str, release: &str) -> Result<PathBuf> {
    let mut reasons = Vec::new();
    for suite in SUITES {
        if let Err(error) = lists.follow(mirror, suite) {
            reasons.push(format!("{suite}: {error:#}"));
            continue;
        }
        let versions = lists.versions(PACKAGE)?;
        match versions.iter().find(|version| upstream_release(version) == release) {
            Some(version) => return lists.download(PACKAGE, version),
            None => reasons.push(format!("{suite}: has {}", versions.join(", "))),
        }
    }
    bail!("Debian has no {PACKAGE} package of version {release}\n  {}", reasons.join("\n  "))
}

/// The upstream part of a Debian version: `1.95.0` of `1.95.0+dfsg1-2~bpo13+1`.
fn upstream_release(version: &str) -> &str {
    let version = version.split_once(':').map_or(version, |(_epoch, rest)| rest);
    version.split(['+', '-']).next().unwrap_or(version)
}

fn advice(toolchain: &Toolchain, reason: &anyhow::Error) -> String {
    format!(
        "the sources of the standard library of Rust {} are missing, and could not be added: {reason:#}\n\n\
         With rustup and an internet connection:   rustup component add {PACKAGE}\n\
         With Debian's own Rust:                   apt-get install {PACKAGE}\n\
         As a user who may write to {}:   cargo xtask setup\n\
         Then run this command again.",
        toolchain.release,
        toolchain.sysroot.display()
    )
}

fn stamp(toolchain: &Toolchain) -> PathBuf {
    toolchain.sysroot.join("lib/rustlib/src/rust/release-of-library")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upstream_release_is_what_precedes_debians_own_numbers() {
        assert_eq!(upstream_release("1.95.0+dfsg1-2~bpo13+1"), "1.95.0");
        assert_eq!(upstream_release("1:1.96.1-1"), "1.96.1");
    }

    #[test]
    fn a_beta_is_not_the_release() {
        assert_eq!(upstream_release("1.95.0~beta.3+dfsg1-1"), "1.95.0~beta.3");
    }
}
