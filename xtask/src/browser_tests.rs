//! The browser tests: compiled once by `cargo test --no-run`, then each test binary is run in one
//! browser by wasm-bindgen's own runner, which is linked into this program. `threads` builds some
//! of them in another way, and has them run here too.

mod left_out;
mod occupied;

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::browser::{self, Browser, Kind, Part};
use crate::server::free_address;
use crate::test::Choice;
use crate::workspace::{WASM, Workspace, write_file};
use crate::{command, leftovers, sync_server};

/// Whose tests run in browsers.
const PACKAGES: [&str; 4] = ["indexie-tests", "indexie-leptos", "indexie-dioxus", "indexie-yew"];

/// Where the runner's own server shall listen. It has the address from here so that its threads can be occupied.
const SERVER_ADDRESS: &str = "WASM_BINDGEN_TEST_ADDRESS";

/// How often a page is loaded before it counts as one that cannot be.
const LOADS: u32 = 3;

/// How long a driver waits for a page, in milliseconds: the first time, and so much longer each time that it is loaded again. On a slow
/// machine a page takes long, and one that never comes is to be given up.
const PAGE_LOAD: u32 = 120_000;

/// For how many seconds all tests of a binary may run. What hangs is to end; a slow machine is to have its time.
const ALL_TESTS: &str = "1200";

/// How long it may take until tests run: to bind them, and to start a driver, a browser and a page. So much longer each time, too.
const START: Duration = Duration::from_mins(6);

/// For how many seconds a driver may start.
const DRIVER_START: &str = "120";

/// A compiled test target.
#[derive(Debug, PartialEq, Eq)]
pub struct TestBinary {
    name: String,
    package: PathBuf,
    wasm: PathBuf,
}

/// Runs every browser test whose name matches the filter in one browser. A browser has no environment: variables are for tests
/// that read them when they are compiled.
pub fn run(workspace: &Workspace, kind: Kind, Choice { filter, variables }: &Choice) -> Result<()> {
    let server = sync_server::start(4_000)?;
    let mut cargo = workspace.cargo();
    cargo.envs(variables.iter().cloned());
    cargo.env("INDEXIE_ELECTRIC_SERVER", server.url());
    cargo.args(["test", "--no-run", "--target", WASM, "--tests"]);
    cargo.args(PACKAGES.iter().flat_map(|package| ["-p", package]));
    println!("    {}", command::as_typed(&cargo));
    run_in(workspace, kind, &build(&mut cargo)?, filter)
}

/// Runs the tests of these binaries in one browser.
pub fn run_in(workspace: &Workspace, kind: Kind, binaries: &[TestBinary], filter: &[String]) -> Result<()> {
    let browser = Browser::find(workspace, kind)?;
    let capabilities = workspace.scratch("webdriver")?.join(format!("{kind}.json"));
    let mut wanted = Value::Object(browser.capabilities(workspace, None, false)?);
    let concerned = binaries.iter().any(|binary| left_out::is_concerned(&binary.name));
    let left_out = if concerned { left_out::suite(&browser)? } else { None };
    for binary in binaries.iter().filter(|binary| left_out != Some(binary.name.as_str())) {
        println!("\n     Running {} in {kind}", binary.name);
        let mut run = |load: u32| {
            wanted["timeouts"] = json!({ "pageLoad": PAGE_LOAD * load });
            write_file(&capabilities, &wanted.to_string())?;
            let mut runner = runner(workspace, &browser, &capabilities)?;
            run_binary(binary, runner.args([&binary.wasm]).args(filter), START * load)
        };
        let mut ran = run(1)?;
        // A browser that does not start, a port that another program has taken: nothing of that is a test's fault.
        for load in 2..=LOADS {
            if matches!(ran, Ran::NotLoaded(_)) {
                println!("     Its page was not loaded: once more");
                ran = run(load)?;
            }
        }
        if let Ran::NotLoaded(error) | Ran::Failed(error) = ran {
            return Err(error.context(format!("{} failed in {kind}", binary.name)));
        }
    }
    Ok(())
}

/// What became of a test binary.
enum Ran {
    Passed,
    Failed(anyhow::Error),
    /// Not one of its tests has begun.
    NotLoaded(anyhow::Error),
}

fn run_binary(binary: &TestBinary, runner: &mut Command, start: Duration) -> Result<Ran> {
    let mut begun = false;
    let ran = command::run_watched(leftovers::mark(runner.current_dir(&binary.package)), start, |line| {
        begun = line.starts_with("running ");
        begun
    })?;
    Ok(match ran {
        Ok(()) => Ran::Passed,
        Err(error) if begun => Ran::Failed(error),
        Err(error) => Ran::NotLoaded(error),
    })
}

/// What the hidden subcommand `wasm-test-runner` does: run one binary, as the environment says.
pub fn run_one_binary(arguments: Vec<OsString>) -> Result<()> {
    if let Some(address) = env::var(SERVER_ADDRESS).ok().and_then(|address| address.parse().ok()) {
        occupied::keep(address);
    }
    let program = OsString::from("wasm-bindgen-test-runner");
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(std::iter::once(program).chain(arguments))
}

/// Compiles test binaries with a command that is a `cargo test --no-run`.
pub fn build(cargo: &mut Command) -> Result<Vec<TestBinary>> {
    // Browsers do not read debug information, and what wasm-bindgen has to do grows with it.
    cargo.env("CARGO_PROFILE_DEV_DEBUG", "0");
    let messages = command::read_while_shown(cargo.arg("--message-format=json-render-diagnostics"))?;
    let binaries: Vec<TestBinary> = messages.lines().filter_map(test_binary_in).collect();
    if binaries.is_empty() {
        bail!("cargo built no browser tests");
    }
    Ok(binaries)
}

/// Reads one of cargo's messages: the ones that announce a test binary name its file.
fn test_binary_in(message: &str) -> Option<TestBinary> {
    let message: Value = serde_json::from_str(message).ok()?;
    // The unit tests of a library are for this machine.
    if message["target"]["kind"] != json!(["test"]) {
        return None;
    }
    let manifest = Path::new(message["manifest_path"].as_str()?);
    Some(TestBinary {
        name: message["target"]["name"].as_str()?.to_owned(),
        package: manifest.parent()?.to_owned(),
        wasm: message["executable"].as_str()?.into(),
    })
}

fn runner(workspace: &Workspace, browser: &Browser, capabilities: &Path) -> Result<Command> {
    let mut runner = Command::new(env::current_exe().context("this program has no path")?);
    runner.arg("wasm-test-runner");
    // The runner takes the first driver it finds in its environment: leave it one.
    for part in [Part::ChromeDriver, Part::GeckoDriver] {
        runner.env_remove(part.variable());
        runner.env_remove(format!("{}_REMOTE", part.variable()));
    }
    runner.env(browser.kind.driver_variable(), &browser.driver);
    runner.env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", capabilities);
    if env::var_os(SERVER_ADDRESS).is_none() {
        runner.env(SERVER_ADDRESS, free_address()?.to_string());
    }
    // Its own limits, 20 seconds for all tests and 5 for the driver, are short for a busy machine.
    let limits = [("WASM_BINDGEN_TEST_TIMEOUT", ALL_TESTS), ("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", DRIVER_START)];
    for (variable, seconds) in limits {
        if env::var_os(variable).is_none() {
            runner.env(variable, seconds);
        }
    }
    browser::prepare(workspace, &mut runner)?;
    Ok(runner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_about_a_test_binary_names_its_file() {
        let message = r#"{"reason":"compiler-artifact","manifest_path":"/w/tests/Cargo.toml",
            "target":{"name":"browser","kind":["test"]},"executable":"/w/target/browser-1.wasm"}"#;

        assert_eq!(
            test_binary_in(message),
            Some(TestBinary {
                name: "browser".into(),
                package: "/w/tests".into(),
                wasm: "/w/target/browser-1.wasm".into(),
            })
        );
    }

    #[test]
    fn messages_about_libraries_name_no_file() {
        let message = r#"{"reason":"compiler-artifact","manifest_path":"/w/Cargo.toml",
            "target":{"name":"serde"},"executable":null}"#;

        assert_eq!(test_binary_in(message), None);
        assert_eq!(test_binary_in("   Compiling serde"), None);
    }

    #[test]
    fn unit_tests_are_not_for_browsers() {
        let message = r#"{"reason":"compiler-artifact","manifest_path":"/w/adapter/Cargo.toml",
            "target":{"name":"adapter","kind":["lib"]},"executable":"/w/target/adapter-1.wasm"}"#;

        assert_eq!(test_binary_in(message), None);
    }
}
