//! The official client follows the server: `official/sync.mjs` compares what it has with the server's tables.
//! Skipped where there is no `node` or no `npm`; the client is installed below the target directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use electric_server::{Config, Server};

const FILES: [&str; 4] = ["package.json", "package-lock.json", "sync.mjs", "tags.mjs"];

/// The directory with the script and the client, or why there is none.
fn installed() -> Result<&'static Path, &'static str> {
    static DIRECTORY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    DIRECTORY.get_or_init(install).as_deref().map_err(String::as_str)
}

fn install() -> Result<PathBuf, String> {
    for program in ["node", "npm"] {
        let version = Command::new(program).arg("--version").stdout(Stdio::null()).status();
        version.map_err(|_| format!("{program} is not installed"))?;
    }
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("official");
    fs::create_dir_all(&directory).expect("the target directory can be written");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("official");
    let lock = |directory: &Path| fs::read(directory.join("package-lock.json")).ok();
    let up_to_date = directory.join("node_modules").is_dir() && lock(&directory) == lock(&source);
    for file in FILES {
        fs::copy(source.join(file), directory.join(file)).expect("the script can be copied");
    }
    if !up_to_date {
        let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
        let status = Command::new("npm").args(arguments).current_dir(&directory).status().expect("npm runs");
        assert!(status.success(), "npm could not install the official client");
    }
    Ok(directory)
}

fn sync(config: Config, seed: u32, modes: &[&str]) {
    let directory = match installed() {
        Ok(directory) => directory,
        Err(reason) => return eprintln!("SKIPPED: {reason}, so the official client cannot be run"),
    };
    let server = Server::start(config);
    let mut script = Command::new("node");
    script.arg("sync.mjs").arg(server.url()).args(modes).env("SEED", seed.to_string()).current_dir(directory);
    let output = script.output().expect("node runs");
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success(), "{said}");
}

#[test]
fn it_follows_by_long_polls() {
    sync(Config::default(), 1, &["poll"]);
}

#[test]
fn it_follows_by_events() {
    sync(Config::default(), 2, &["sse"]);
}

/// Not by events: where a chunk ends before the log does, the official client loses it.
#[test]
fn it_follows_through_small_pages_and_short_polls() {
    let config = Config { chunk_bytes: 700, long_poll: Duration::from_millis(150), ..Config::default() };
    sync(config, 3, &["poll"]);
}
