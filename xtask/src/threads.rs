//! The browser tests where wasm has threads: built together with a standard library for that, which cargo compiles on the
//! way, and run as the others are.

use anyhow::Result;

use crate::browser::Kind;
use crate::workspace::{WASM, Workspace};
use crate::{browser_tests, command};

/// The tests of threads themselves, and the largest of those that know nothing of them.
const TARGETS: [&str; 4] = ["in_threads", "tables", "transactions", "upgrades"];

/// What wasm needs for threads, and what wasm-bindgen wants to know of how they are set up. Their memory has to have a
/// limit; this one is 1 GiB.
const FLAGS: [&str; 8] = [
    "-Ctarget-feature=+atomics,+bulk-memory,+mutable-globals",
    "-Clink-arg=--shared-memory",
    "-Clink-arg=--import-memory",
    "-Clink-arg=--max-memory=1073741824",
    "-Clink-arg=--export=__wasm_init_tls",
    "-Clink-arg=--export=__tls_size",
    "-Clink-arg=--export=__tls_align",
    "-Clink-arg=--export=__tls_base",
];

/// Runs them in both browsers.
pub fn run(workspace: &Workspace, filter: &[String]) -> Result<()> {
    let flags = FLAGS.join(" ");
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--no-run", "--target", WASM, "-Zbuild-std=std,panic_abort", "-p", "indexie-tests"]);
    cargo.args(["--features", "threads"]);
    for target in TARGETS {
        cargo.args(["--test", target]);
    }
    // Apart, so that the other steps need not build everything again.
    cargo.arg("--target-dir").arg(workspace.target.join("threads"));
    println!("    RUSTC_BOOTSTRAP=1 RUSTFLAGS='{flags}' \\\n    {}", command::as_typed(&cargo));
    // The release channel refuses -Z without this.
    cargo.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", flags).env_remove("CARGO_ENCODED_RUSTFLAGS");
    let binaries = browser_tests::build(&mut cargo)?;
    Kind::ALL.into_iter().try_for_each(|kind| browser_tests::run_in(workspace, kind, &binaries, filter))
}
