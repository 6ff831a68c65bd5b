//! The one suite that not every supported browser can run, and what covers its subject there.

use std::process::Command;

use anyhow::{Context, Result};

use crate::browser::{Browser, Kind};
use crate::command;

/// The suite that wasm-bindgen's runner starts in a service worker, as a module.
const SUITE: &str = "in_service_worker";

/// Firefox has module service workers since this version. One that has not would wait until the runner's time is over.
const FIREFOX: u32 = 147;

/// Whether a browser has to be asked whether it can run this suite.
pub fn is_concerned(suite: &str) -> bool {
    suite == SUITE
}

/// The suite that this browser cannot run, if there is one; says why.
pub fn suite(browser: &Browser) -> Result<Option<&'static str>> {
    if browser.kind != Kind::Firefox {
        return Ok(None);
    }
    let answer = command::read(Command::new(&browser.binary).arg("--version"))?;
    let version = major(&answer).with_context(|| format!("this is no version of Firefox: {answer:?}"))?;
    if version >= FIREFOX {
        return Ok(None);
    }
    println!(
        "     Leaving out {SUITE}: Firefox {version} has no module service workers (they came with {FIREFOX}); \
         the `service_worker` end-to-end tests run a classic one there"
    );
    Ok(Some(SUITE))
}

/// The first number of `Mozilla Firefox 140.10.2esr`.
fn major(answer: &str) -> Option<u32> {
    let version = answer.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    version.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_found_in_what_the_browser_says() {
        assert_eq!(major("Mozilla Firefox 140.10.2esr\n"), Some(140));
        assert_eq!(major("Mozilla Firefox 147.0"), Some(147));
        assert_eq!(major("no such program"), None);
    }
}
