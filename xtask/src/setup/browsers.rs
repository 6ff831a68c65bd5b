//! Installing the browsers and their drivers: from Debian's packages where we may, geckodriver
//! from crates.io. Finding what is installed is `crate::browser`'s subject.

use anyhow::{Result, bail};

use super::apt;
use crate::browser::{Browser, Kind, Part};
use crate::workspace::Workspace;
use crate::{command, progress};

/// The geckodriver that is known to work; newer ones speak to the same browsers.
const GECKODRIVER: &str = "geckodriver@0.37.1";

/// Leaves every one of `kinds` installed.
pub fn ensure(workspace: &Workspace, kinds: &[Kind]) -> Result<()> {
    install_packages(workspace, kinds)?;
    if kinds.contains(&Kind::Firefox) && !Part::GeckoDriver.is_installed(workspace) {
        progress::report(&format!("geckodriver: cargo install {GECKODRIVER}"), || install_geckodriver(workspace))?;
    }
    for &kind in kinds {
        let browser = Browser::find(workspace, kind)?;
        println!("==> {kind}: {}, driven by {}", browser.binary.display(), browser.driver.display());
    }
    Ok(())
}

fn install_packages(workspace: &Workspace, kinds: &[Kind]) -> Result<()> {
    let missing: Vec<Part> =
        kinds.iter().flat_map(|kind| kind.parts()).filter(|part| !part.is_installed(workspace)).collect();
    let packages: Vec<&str> = missing.iter().filter_map(|part| part.debian_package()).collect();
    if packages.is_empty() {
        return Ok(());
    }
    if !apt::is_available() {
        bail!("{}", advice(&missing, None));
    }
    progress::report(&format!("apt-get install {}", packages.join(" ")), || apt::install(&packages))
        .or_else(|error| bail!("{}", advice(&missing, Some(&error))))
}

fn install_geckodriver(workspace: &Workspace) -> Result<()> {
    command::run(workspace.cargo().args(["install", GECKODRIVER, "--locked", "--root"]).arg(workspace.tools()))
}

/// What to type where this tool cannot install.
fn advice(missing: &[Part], error: Option<&anyhow::Error>) -> String {
    let names: Vec<String> = missing.iter().map(Part::to_string).collect();
    let packages: Vec<&str> = missing.iter().filter_map(|part| part.debian_package()).collect();
    let because = error.map(|error| format!(" ({error:#})")).unwrap_or_default();
    let typed = match std::env::consts::OS {
        "macos" => "  brew install --cask google-chrome chromedriver firefox\n".to_owned(),
        "windows" => "  winget install Google.Chrome Chromium.ChromeDriver Mozilla.Firefox\n".to_owned(),
        _ => format!(
            "  on Debian:            sudo apt-get install {}\n  \
               on other systems:     the packages of that name, or Google Chrome with chromedriver\n",
            packages.join(" ")
        ),
    };
    format!(
        "missing and not installable from here: {}{because}\n\n{typed}\n\
         Then run this command again. The variables CHROME, CHROMEDRIVER, FIREFOX and GECKODRIVER\n\
         may name programs that lie elsewhere; `cargo xtask test --only` runs a part of the checks.",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_names_what_is_missing_and_the_variables_that_help() {
        let text = advice(&[Part::Chrome, Part::ChromeDriver], None);

        assert!(text.starts_with("missing and not installable from here: Chromium, chromedriver\n"));
        assert!(text.contains("CHROMEDRIVER"));
    }
}
