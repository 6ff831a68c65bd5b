//! The two browsers the project is tested in: their parts, where to find them on this machine,
//! and how a driver is asked to start them.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::command;
use crate::workspace::Workspace;

/// What a driver is asked for at the start of a session, by name.
pub type Capabilities = Map<String, Value>;

/// The options both browsers start with, in the form wasm-bindgen's test runner reads as well.
const CAPABILITIES: &str = "webdriver.json";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Chromium,
    Firefox,
}

/// One of the programs that a browser test needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Chrome,
    ChromeDriver,
    Firefox,
    GeckoDriver,
}

/// An installed browser with its driver.
#[derive(Debug)]
pub struct Browser {
    pub kind: Kind,
    pub binary: PathBuf,
    pub driver: PathBuf,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Chromium, Self::Firefox];

    /// The browser and its driver.
    pub fn parts(self) -> [Part; 2] {
        match self {
            Self::Chromium => [Part::Chrome, Part::ChromeDriver],
            Self::Firefox => [Part::Firefox, Part::GeckoDriver],
        }
    }

    /// The capability under which this browser takes its own options.
    fn options_key(self) -> &'static str {
        match self {
            Self::Chromium => "goog:chromeOptions",
            Self::Firefox => "moz:firefoxOptions",
        }
    }

    /// How this browser is told where its profile is.
    fn profile_arguments(self, profile: &Path) -> Vec<String> {
        let profile = profile.display();
        match self {
            Self::Chromium => vec![format!("--user-data-dir={profile}")],
            Self::Firefox => vec!["-profile".to_owned(), profile.to_string()],
        }
    }

    /// What gives scripts a function `gc`.
    fn gc_arguments(self) -> Vec<String> {
        match self {
            Self::Chromium => vec!["--js-flags=--expose-gc".to_owned()],
            // Firefox has none for pages.
            Self::Firefox => vec![],
        }
    }

    /// The variable that names the driver to wasm-bindgen's test runner.
    pub fn driver_variable(self) -> &'static str {
        self.parts()[1].variable()
    }
}

impl Part {
    /// The environment variable by which a user names the program.
    pub fn variable(self) -> &'static str {
        match self {
            Self::Chrome => "CHROME",
            Self::ChromeDriver => "CHROMEDRIVER",
            Self::Firefox => "FIREFOX",
            Self::GeckoDriver => "GECKODRIVER",
        }
    }

    /// The Debian package that brings the program, if one does.
    pub fn debian_package(self) -> Option<&'static str> {
        match self {
            Self::Chrome => Some("chromium"),
            Self::ChromeDriver => Some("chromium-driver"),
            Self::Firefox => Some("firefox-esr"),
            Self::GeckoDriver => None,
        }
    }

    fn program_names(self) -> &'static [&'static str] {
        match self {
            Self::Chrome => &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"],
            Self::ChromeDriver => &["chromedriver", "chromium.chromedriver"],
            Self::Firefox => &["firefox", "firefox-esr"],
            Self::GeckoDriver => &["geckodriver"],
        }
    }

    /// Where installers put the program without adding it to `PATH`.
    fn usual_places(self) -> &'static [&'static str] {
        match self {
            Self::Chrome => &[
                "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
                "/Applications/Chromium.app/Contents/MacOS/Chromium",
                r"C:\Program Files\Google\Chrome\Application\chrome.exe",
                r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
            ],
            Self::Firefox => {
                &["/Applications/Firefox.app/Contents/MacOS/firefox", r"C:\Program Files\Mozilla Firefox\firefox.exe"]
            }
            Self::ChromeDriver | Self::GeckoDriver => &[],
        }
    }

    /// The program the user named, or else the one installed.
    fn find(self, workspace: &Workspace) -> Option<PathBuf> {
        if let Some(named) = env::var_os(self.variable()) {
            return Some(named.into());
        }
        let usual = self.usual_places().iter().map(PathBuf::from);
        let own = self.program_names().iter().map(|name| {
            let file_name = format!("{name}{}", env::consts::EXE_SUFFIX);
            workspace.tools().join("bin").join(file_name)
        });
        command::find_program(self.program_names()).or_else(|| usual.chain(own).find(|path| path.is_file()))
    }

    pub fn is_installed(self, workspace: &Workspace) -> bool {
        self.find(workspace).is_some()
    }
}

impl Browser {
    /// The installed browser, ready to be driven.
    pub fn find(workspace: &Workspace, kind: Kind) -> Result<Self> {
        let [binary, driver] = kind.parts().map(|part| {
            part.find(workspace).with_context(|| format!("{part} is not installed: run `cargo xtask setup`"))
        });
        Ok(Self { kind, binary: binary?, driver: driver? })
    }

    /// What to ask the driver for: `webdriver.json`, with this machine's program named, a directory for the browser's profile if
    /// that is to outlive it, and whether scripts may collect the garbage.
    pub fn capabilities(
        &self,
        workspace: &Workspace,
        profile: Option<&Path>,
        exposes_gc: bool,
    ) -> Result<Capabilities> {
        let file = workspace.root.join(CAPABILITIES);
        let text = std::fs::read_to_string(&file).with_context(|| format!("could not read {}", file.display()))?;
        let mut arguments = profile.map(|profile| self.kind.profile_arguments(profile)).unwrap_or_default();
        if exposes_gc {
            arguments.extend(self.kind.gc_arguments());
        }
        capabilities_of(self.kind, &self.binary, arguments, &text)
            .with_context(|| format!("{} is not as expected", file.display()))
    }
}

/// Proxies must not come between this program and the drivers it starts on this machine.
const PROXIES: [&str; 6] = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Gives a program that will start a browser the environment this needs.
pub fn prepare(workspace: &Workspace, starter: &mut Command) -> Result<()> {
    for variable in PROXIES {
        starter.env_remove(variable);
    }
    if command::is_root() {
        // In containers root's home may be missing, or another user's, which Firefox refuses.
        starter.env("HOME", workspace.scratch("home")?);
    }
    Ok(())
}

/// Keeps one browser's options of the file's, names its program in them, and adds arguments.
fn capabilities_of(kind: Kind, binary: &Path, arguments: Vec<String>, file: &str) -> Result<Capabilities> {
    let mut all: Capabilities = serde_json::from_str(file)?;
    let key = kind.options_key();
    let mut value = all.remove(key).unwrap_or_else(|| json!({}));
    let options = value.as_object_mut().with_context(|| format!("{key} is no object"))?;
    options.insert("binary".to_owned(), json!(binary));
    if !arguments.is_empty() {
        let all = options.entry("args").or_insert_with(|| json!([]));
        let all = all.as_array_mut().with_context(|| format!("the args of {key} are no list"))?;
        all.extend(arguments.into_iter().map(Value::String));
    }
    Ok(Map::from_iter([(key.to_owned(), value)]))
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chromium => "Chromium",
            Self::Firefox => "Firefox",
        })
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chrome => "Chromium",
            Self::ChromeDriver => "chromedriver",
            Self::Firefox => "Firefox",
            Self::GeckoDriver => "geckodriver",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{
        "goog:chromeOptions": { "args": ["--headless"] },
        "moz:firefoxOptions": { "args": ["-headless"] }
    }"#;

    #[test]
    fn a_browser_gets_its_own_options_and_its_program() {
        let wanted = capabilities_of(Kind::Chromium, Path::new("/bin/chromium"), vec![], FILE);

        assert_eq!(
            Value::Object(wanted.unwrap_or_default()),
            json!({ "goog:chromeOptions": { "args": ["--headless"], "binary": "/bin/chromium" } })
        );
    }

    #[test]
    fn a_browser_the_file_does_not_mention_gets_its_program_only() {
        let wanted = capabilities_of(Kind::Firefox, Path::new("/bin/firefox"), vec![], "{}");

        assert_eq!(
            Value::Object(wanted.unwrap_or_default()),
            json!({ "moz:firefoxOptions": { "binary": "/bin/firefox" } })
        );
    }
    #[test]
    fn a_profile_is_one_more_argument_in_each_browsers_way() {
        let arguments = |kind: Kind| {
            let arguments = kind.profile_arguments(Path::new("/p"));
            let wanted = capabilities_of(kind, Path::new("/b"), arguments, FILE).unwrap_or_default();
            wanted[kind.options_key()]["args"].clone()
        };

        assert_eq!(arguments(Kind::Chromium), json!(["--headless", "--user-data-dir=/p"]));
        assert_eq!(arguments(Kind::Firefox), json!(["-headless", "-profile", "/p"]));
    }
}
