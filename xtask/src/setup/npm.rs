//! npm, from Debian's package where we may: what indexie is tested against comes from there.

use anyhow::{Result, bail};

use super::apt;
use crate::{command, progress};

/// Leaves npm installed.
pub fn ensure() -> Result<()> {
    if command::find_program(&["npm"]).is_some() {
        return Ok(());
    }
    let advice = "npm is missing and not installable from here: install Node.js, which brings it";
    if !apt::is_available() {
        bail!("{advice}");
    }
    progress::report("apt-get install npm", || apt::install(&["npm"])).or_else(|error| bail!("{advice} ({error:#})"))
}
