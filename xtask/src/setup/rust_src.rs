//! The sources of the standard library, of exactly the compiler's version, out of Debian's
//! `rust-src` package. They stay in the compiler's directory, where `-Zbuild-std` finds them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::apt::PrivateLists;
use super::toolchain::Toolchain;
use crate::command;
use crate::workspace::{Workspace, copy_tree, empty_directory, write_file};

const PACKAGE: &str = "rust-src";

/// Where Debian keeps Rust versions other than the one in a stable release. The first is where
/// they stay longest; the later ones hold the newest.
const SUITES: [&str; 3] = ["trixie-backports", "testing", "unstable"];

/// Whether the compiler's directory holds the sources of its version.
///
/// Sources that rustup installed carry no stamp, and are replaced with the compiler.
pub fn is_present(toolchain: &Toolchain) -> bool {
    let stamped = fs::read_to_string(stamp(toolchain));
    toolchain.library_sources().join("Cargo.lock").is_file()
        && stamped.map_or(true, |release| release.trim() == toolchain.release)
}

/// Downloads the sources and puts them into the compiler's directory.
pub fn fetch(workspace: &Workspace, toolchain: &Toolchain) -> Result<()> {
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
