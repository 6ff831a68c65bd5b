//! What must be on the machine before anything can be built for a browser or run in one.
//! `ensure` is called by every command; each part below looks first and acts only if something
//! is missing.

mod apt;
mod browsers;
mod npm;
mod rust_src;
mod std_build;
mod toolchain;
mod wasm_target;

use anyhow::Result;

use crate::browser::Kind;
use crate::workspace::Workspace;

/// Something a command cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// A standard library for the wasm target.
    WasmTarget,
    /// The sources of the standard library, to build another one from.
    LibrarySources,
    /// A browser and the driver that remote-controls it.
    Browser(Kind),
    /// The packages that indexie is tested against and with.
    Npm,
}

impl Need {
    pub const ALL: &[Self] = &[
        Self::WasmTarget,
        Self::LibrarySources,
        Self::Browser(Kind::Chromium),
        Self::Browser(Kind::Firefox),
        Self::Npm,
    ];
}

/// Installs what is missing of `needs`, or says what to type where it cannot.
pub fn ensure(workspace: &Workspace, needs: &[Need]) -> Result<()> {
    if needs.contains(&Need::WasmTarget) {
        wasm_target::ensure(workspace)?;
    }
    if needs.contains(&Need::LibrarySources) {
        rust_src::ensure(workspace)?;
    }
    if needs.contains(&Need::Npm) {
        npm::ensure()?;
    }
    let browsers: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| needs.contains(&Need::Browser(*kind))).collect();
    browsers::ensure(workspace, &browsers)
}
