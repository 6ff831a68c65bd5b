//! `cargo xtask demo`: the examples built as a site, served on this machine beside the backend of one of them and its
//! database, and either left to the user's browser or opened in a headless one.

mod backend;
mod database;
mod headless;
mod site;
mod todo;
mod two_tabs;

use std::env;
use std::process::{Command, Stdio};

use anyhow::Result;
use backend::Backend;

use crate::browser::{Browser, Kind};
use crate::server::Server;
use crate::setup::{self, Need};
use crate::workspace::Workspace;
use crate::{command, progress};

/// An example's folder, package and page all have its name.
const EXAMPLES: [&str; 3] = ["quickstart", "cities", "todo"];

/// What the headless demo cannot do without.
pub const HEADLESS_NEEDS: &[Need] = &[Need::WasmTarget, Need::Browser(Kind::Chromium)];

/// Builds the examples and serves them until Ctrl-C.
pub fn serve(workspace: &Workspace, port: Option<u16>) -> Result<()> {
    setup::ensure(workspace, &[Need::WasmTarget])?;
    let site = site::build(workspace)?;
    let server = Server::with_api(site, port, Backend::start()?)?;
    let address = server.address();
    println!("\nThe examples are at {address}");
    for name in EXAMPLES {
        println!("    {address}{name}/");
    }
    println!("Ctrl-C stops the server.");
    open_in_browser(&address);
    server.wait();
    Ok(())
}

/// Builds the examples, opens each in a headless Chromium and prints what it shows.
pub fn show_headless(workspace: &Workspace) -> Result<()> {
    setup::ensure(workspace, HEADLESS_NEEDS)?;
    let site = site::build(workspace)?;
    let server = Server::with_api(site, None, Backend::start()?)?;
    let browser = Browser::find(workspace, Kind::Chromium)?;
    progress::report("the examples in a headless Chromium", || headless::show(workspace, &browser, &server.address()))
}

/// Opens the page where there is a desktop to open it on.
fn open_in_browser(address: &str) {
    let desktop = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| env::var_os(name).is_some());
    let mut open = match env::consts::OS {
        _ if env::var_os("CI").is_some() => return,
        "macos" => Command::new("open"),
        "windows" => {
            let mut start = Command::new("cmd");
            start.args(["/C", "start", ""]);
            start
        }
        _ if desktop && command::find_program(&["xdg-open"]).is_some() => Command::new("xdg-open"),
        _ => return,
    };
    // The address is printed already: a desktop without a browser is no reason to stop serving.
    let _ = open.arg(address).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
}
