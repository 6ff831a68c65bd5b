//! Which programs run: by default others every time, by the flags of `cargo xtask test` the same as before. Continuous integration
//! runs the same ones each time: what fails there, the change has broken.

use std::ops::Range;

/// Which programs to run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    seed: u64,
    programs: u64,
}

impl Plan {
    /// What the environment says, when this runs or when it was compiled; or else so many, from a seed that the time makes, or from
    /// 1 in continuous integration.
    pub fn of(programs: u64) -> Self {
        let number = |text: Option<String>| text.and_then(|text| text.trim().parse().ok());
        let seed = option_env!("INDEXIE_MODEL_SEED").map(str::to_owned);
        let count = option_env!("INDEXIE_MODEL_PROGRAMS").map(str::to_owned);
        Self {
            seed: number(std::env::var("INDEXIE_MODEL_SEED").ok()).or(number(seed)).unwrap_or_else(usual_seed),
            programs: number(std::env::var("INDEXIE_MODEL_PROGRAMS").ok()).or(number(count)).unwrap_or(programs),
        }
    }

    pub fn seeds(self) -> Range<u64> {
        self.seed..self.seed.saturating_add(self.programs)
    }

    /// Says which programs run, before they do.
    pub fn tell(self) {
        let line = format!("model: programs of seeds {:?}", self.seeds());
        #[cfg(target_family = "wasm")]
        wasm_bindgen_test::console_log!("{line}");
        #[cfg(not(target_family = "wasm"))]
        {
            use std::io::Write;

            // Past the test harness, which keeps what `println` says to itself. Without an error stream nobody reads it anyway.
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    }
}

fn usual_seed() -> u64 {
    let is_integration = option_env!("CI").is_some() || std::env::var_os("CI").is_some();
    if is_integration { 1 } else { seed_of_now() }
}

/// So that no two runs have programs in common, but for those of one second.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds since 1970")]
fn seed_of_now() -> u64 {
    #[cfg(target_family = "wasm")]
    let seconds = (js_sys::Date::now() / 1000.0) as u64;
    #[cfg(not(target_family = "wasm"))]
    let seconds = std::time::SystemTime::now()
        .duration_since(std::time::SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    seconds * 10_000
}

/// The command that runs a seed again.
pub fn again(seed: u64) -> String {
    format!("cargo xtask test --only {} --seed {seed} --programs 1 -- random_programs", step())
}

#[cfg(not(target_family = "wasm"))]
fn step() -> &'static str {
    "native"
}

#[cfg(target_family = "wasm")]
fn step() -> &'static str {
    let navigator = js_sys::Reflect::get(&js_sys::global(), &"navigator".into());
    let agent = navigator.and_then(|navigator| js_sys::Reflect::get(&navigator, &"userAgent".into()));
    let is_firefox = agent.is_ok_and(|agent| agent.as_string().is_some_and(|agent| agent.contains("Firefox")));
    if is_firefox { "firefox" } else { "chromium" }
}
