//! `cargo xtask test`: the checks in their order, each a command that can be typed by hand.
//! Stops at the first that fails; the table at the end says what ran.

use std::env;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;

use crate::browser::Kind;
use crate::progress::duration;
use crate::setup::{self, Need};
use crate::summary::{Outcome, table};
use crate::workspace::{WASM, Workspace};
use crate::{browser_tests, command, demo, e2e, size, threads};

/// The packages that are compiled for the browser, `indexie` first.
const BROWSER_PACKAGES: [&str; 12] = [
    "indexie",
    "indexie-leptos",
    "indexie-dioxus",
    "indexie-yew",
    "indexie-tests",
    "quickstart",
    "cities",
    "todo",
    "bench",
    "bench-peers",
    "bench-start",
    "size",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Step {
    /// The sources are formatted
    Fmt,
    /// No lint fires on this machine's own target
    Clippy,
    /// No lint fires for the browser, with the default features and with all
    ClippyWasm,
    /// The documentation builds without a warning
    Doc,
    /// Programs that use indexie are no larger than what was accepted last
    Size,
    /// Unit tests, documentation examples and compile errors, on this machine
    Native,
    /// The browser tests in Chromium
    Chromium,
    /// The browser tests in Firefox
    Firefox,
    /// Browser tests where wasm has threads, in both browsers
    Threads,
    /// Several tabs at once, killed tabs and browsers, and Dexie's databases, in both browsers
    E2e,
    /// The examples, built as `cargo xtask demo` does and driven in a headless Chromium
    Demo,
    /// Syncs with the real service at `ELECTRIC_URL`, whose database is at `DATABASE_URL`; only where it is named
    Electric,
}

/// What the tests of a step are told.
#[derive(Debug)]
pub struct Choice {
    /// What the names of the tests that run contain.
    pub filter: Vec<String>,
    /// The environment of the commands that compile and run tests, besides this program's own.
    pub variables: Vec<(&'static str, String)>,
}

/// Runs the chosen steps, or all of them.
pub fn run(workspace: &Workspace, only: &[Step], choice: &Choice) -> Result<()> {
    let steps = in_order(only);
    let started = Instant::now();
    let mut rows = vec![("setup", Outcome::NotRun)];
    rows.extend(steps.iter().map(|step| (step.name(), Outcome::NotRun)));

    let result = run_all(workspace, &steps, choice, &mut rows);

    println!("\n{}", table(&rows));
    result?;
    println!("All passed in {}.", duration(started.elapsed()));
    Ok(())
}

fn run_all(workspace: &Workspace, steps: &[Step], choice: &Choice, rows: &mut [(&str, Outcome)]) -> Result<()> {
    let needs: Vec<Need> = steps.iter().flat_map(|step| step.needs()).copied().collect();
    timed(&mut rows[0].1, || setup::ensure(workspace, &needs))?;
    for (number, step) in steps.iter().enumerate() {
        println!("\n==> [{}/{}] {}", number + 1, steps.len(), step.name());
        let row = &mut rows[number + 1].1;
        timed(row, || step.run(workspace, choice)).with_context(|| {
            let name = step.name();
            format!("step {name} failed; `cargo xtask test --only {name}` runs it alone")
        })?;
        if let Outcome::Passed(time) = row {
            println!("    {} passed in {}", step.name(), duration(*time));
        }
    }
    Ok(())
}

fn timed(outcome: &mut Outcome, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let start = Instant::now();
    let result = work();
    let time = start.elapsed();
    *outcome = match result {
        Ok(()) => Outcome::Passed(time),
        Err(_) => Outcome::Failed(time),
    };
    result
}

/// The steps in the order they always run, whatever order they were named in.
fn in_order(only: &[Step]) -> Vec<Step> {
    let wanted = |step: &Step| if only.is_empty() { *step != Step::Electric } else { only.contains(step) };
    Step::value_variants().iter().copied().filter(wanted).collect()
}

impl Step {
    /// As it is typed after `--only`.
    fn name(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Clippy => "clippy",
            Self::ClippyWasm => "clippy-wasm",
            Self::Doc => "doc",
            Self::Size => "size",
            Self::Native => "native",
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::Threads => "threads",
            Self::E2e => "e2e",
            Self::Demo => "demo",
            Self::Electric => "electric",
        }
    }

    fn needs(self) -> &'static [Need] {
        match self {
            Self::Fmt | Self::Clippy | Self::Native | Self::Electric => &[],
            Self::ClippyWasm | Self::Doc => &[Need::WasmTarget],
            Self::Size => size::NEEDS,
            Self::Chromium | Self::Demo => demo::HEADLESS_NEEDS,
            Self::Firefox => &[Need::WasmTarget, Need::Browser(Kind::Firefox)],
            Self::Threads => {
                &[Need::WasmTarget, Need::LibrarySources, Need::Browser(Kind::Chromium), Need::Browser(Kind::Firefox)]
            }
            Self::E2e => &[Need::WasmTarget, Need::Browser(Kind::Chromium), Need::Browser(Kind::Firefox), Need::Npm],
        }
    }

    fn run(self, workspace: &Workspace, choice: &Choice) -> Result<()> {
        let Choice { filter, variables } = choice;
        let cargo = |line: &str| cargo(workspace, line);
        match self {
            Self::Fmt => show_and_run(&mut cargo("fmt --all --check")),
            // Warnings are refused by arguments and not by RUSTFLAGS, which would make cargo
            // build every dependency a second time.
            Self::Clippy => show_and_run(&mut cargo("clippy --workspace --all-targets -- -D warnings")),
            Self::ClippyWasm => {
                let packages = BROWSER_PACKAGES.map(|name| format!("-p {name}")).join(" ");
                let all = "--features indexie-tests/threads --all-targets";
                show_and_run(&mut cargo(&format!("clippy --target {WASM} {packages} {all} -- -D warnings")))?;
                show_and_run(&mut cargo(&format!(
                    "clippy --target {WASM} -p indexie --all-features --all-targets -- -D warnings"
                )))
            }
            Self::Doc => {
                let mut host = cargo("doc --no-deps --workspace");
                let mut wasm = cargo(&format!("doc --no-deps -p indexie --all-features --target {WASM}"));
                show_and_run(host.env("RUSTDOCFLAGS", "-D warnings"))?;
                show_and_run(wasm.env("RUSTDOCFLAGS", "-D warnings"))
            }
            Self::Size => size::check_all(workspace),
            Self::Native => show_and_run(cargo("test --workspace --").args(filter).envs(variables.iter().cloned())),
            Self::Chromium => browser_tests::run(workspace, Kind::Chromium, choice),
            Self::Firefox => browser_tests::run(workspace, Kind::Firefox, choice),
            Self::Threads => threads::run(workspace, filter),
            Self::E2e => e2e::run(workspace, filter),
            Self::Demo => demo::show_headless(workspace),
            Self::Electric => {
                for name in ["ELECTRIC_URL", "DATABASE_URL"] {
                    ensure!(env::var_os(name).is_some(), "{name} is not set: see tests/electric-server/compose.yaml");
                }
                show_and_run(cargo("test -p indexie-tests --test soak --").args(filter))
            }
        }
    }
}

fn cargo(workspace: &Workspace, arguments: &str) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(arguments.split_whitespace());
    cargo
}

fn show_and_run(command: &mut Command) -> Result<()> {
    println!("    {}", command::as_typed(command));
    command::run(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_keep_their_order() {
        assert_eq!(in_order(&[Step::Firefox, Step::Fmt]), [Step::Fmt, Step::Firefox]);
    }

    #[test]
    fn no_choice_means_every_step_that_needs_nothing_from_elsewhere() {
        let every: Vec<Step> = Step::value_variants().iter().copied().filter(|step| *step != Step::Electric).collect();
        assert_eq!(in_order(&[]), every);
        assert_eq!(in_order(&[Step::Electric]), [Step::Electric]);
    }

    #[test]
    fn a_step_is_typed_by_the_name_it_prints() {
        for step in Step::value_variants() {
            assert_eq!(Step::from_str(step.name(), false), Ok(*step));
        }
    }

    #[test]
    fn a_failing_step_is_timed_as_failed() {
        let mut outcome = Outcome::NotRun;

        let result = timed(&mut outcome, || anyhow::bail!("no"));

        assert!(result.is_err());
        assert!(matches!(outcome, Outcome::Failed(_)));
    }
}
