//! The official client follows the server: `official/sync.mjs` compares what it has with the server's tables.
//! Skipped where there is no `node` or no `npm`; the client is installed below the target directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use electric_server::{Config, Fault, FaultKind, RequestKind, Server, Spot};

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

fn sync(config: Config, faults: Vec<Fault>, seed: u32, mode: &str) {
    let directory = match installed() {
        Ok(directory) => directory,
        Err(reason) => return eprintln!("SKIPPED: {reason}, so the official client cannot be run"),
    };
    let server = Server::start(config);
    let mut script = Command::new("node");
    script.arg("sync.mjs").arg(server.url()).arg(mode).env("SEED", seed.to_string()).current_dir(directory);
    if !faults.is_empty() {
        script.env("FAULTS", "1").env("ROUNDS", "15");
    }
    server.faults().set(faults);
    let output = script.output().expect("node runs");
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success(), "{said}");
    let kind = if mode == "sse" { RequestKind::Sse } else { RequestKind::LongPoll };
    assert!(server.requests().iter().filter(|request| request.kind == kind).count() > 10, "it was really in this mode");
}

#[test]
fn it_follows_by_long_polls() {
    sync(Config::default(), Vec::new(), 1, "poll");
}

#[test]
fn it_follows_by_events() {
    sync(Config::default(), Vec::new(), 2, "sse");
}

/// Not by events: where a chunk ends before the log does, the official client loses it.
#[test]
fn it_follows_through_small_pages_and_short_polls() {
    let config = Config { chunk_bytes: 700, long_poll: Duration::from_millis(150), ..Config::default() };
    sync(config, Vec::new(), 3, "poll");
}

#[test]
fn it_follows_through_faults_that_lose_nothing() {
    let faults = vec![
        Fault::new(FaultKind::Split { bytes: 150, pause_ms: 0 }).probability(0.3),
        Fault::new(FaultKind::Delay { ms: 5 }).probability(0.3),
        Fault::new(FaultKind::Cut { at: Spot::Frame(1) }).on(RequestKind::CatchUp).skip(10).times(3),
        Fault::new(FaultKind::Cut { at: Spot::Character }).on(RequestKind::LongPoll).skip(20).times(3),
        Fault::new(FaultKind::Status { status: 503, retry_after: None, body: None }).skip(50).times(3),
        Fault::new(FaultKind::NoContent),
    ];
    sync(Config { long_poll: Duration::from_millis(500), ..Config::default() }, faults, 4, "poll");
}
