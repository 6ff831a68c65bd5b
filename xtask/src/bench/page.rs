//! The page in the browser, as the measurements call it.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::browser::Kind;
use crate::webdriver::Session;

/// Rows of one call: a script of the driver may not take for ever.
const CHUNK: u32 = 10_000;

/// Bytes in use.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Of the Rust program. It never becomes less.
    pub wasm: f64,
    /// Of JavaScript's objects, where the browser tells.
    pub script: Option<f64>,
}

pub struct Page<'s> {
    session: &'s Session,
    kind: Kind,
    address: String,
    in_memory: bool,
}

impl<'s> Page<'s> {
    pub fn open(session: &'s Session, kind: Kind, address: String, in_memory: bool) -> Result<Self> {
        let page = Self { session, kind, address, in_memory };
        page.load()?;
        ensure!(page.call("isPrecise", &[])? == true, "the page has no precise clock");
        Ok(page)
    }

    /// Loads it anew: nothing is left in its memory.
    pub fn load(&self) -> Result<()> {
        self.session.visit(&self.address)?;
        let ready = "while (!window.bench) await new Promise((wake) => setTimeout(wake, 20)); await bench.ready;";
        self.session.evaluate_async(ready, &[]).map(drop).context("the page could not start")
    }

    /// Uses the databases of this name, one for each side.
    pub fn use_databases(&self, name: &str) -> Result<()> {
        self.call("open", &[json!(name), json!(self.in_memory)]).map(drop)
    }

    /// Whether what one load of the page has stored is there in the next one.
    pub fn keeps_rows(&self) -> bool {
        !self.in_memory
    }

    /// Stores the first so many people, by this function of the page.
    pub fn fill(&self, by: &str, rows: u32) -> Result<()> {
        for first in (1..=rows).step_by(CHUNK as usize) {
            let count = CHUNK.min(rows + 1 - first);
            self.call(by, &[json!(first), json!(count)]).with_context(|| format!("{rows} rows cannot be stored"))?;
        }
        Ok(())
    }

    /// Calls a function of the page, or reads a value.
    pub fn call(&self, name: &str, arguments: &[Value]) -> Result<Value> {
        // The driver adds an argument of its own.
        let script = format!(
            "const member = bench.{name};
            return typeof member === 'function' ? await member(...[...arguments].slice(0, {})) : member;",
            arguments.len()
        );
        self.session.evaluate_async(&script, arguments).with_context(|| format!("`{name}` failed"))
    }

    /// Calls a function of the page that may take longer than a script of the driver may.
    pub fn call_long(&self, name: &str, arguments: &[Value]) -> Result<Value> {
        let begin = format!(
            "const done = bench.{name}(...[...arguments].slice(0, {}));
            bench.running = done.then((value) => ({{ value }}), (error) => ({{ error: String(error?.stack ?? error) }}));",
            arguments.len()
        );
        self.session.evaluate_async(&begin, arguments).with_context(|| format!("`{name}` could not begin"))?;
        let look = "return await Promise.race([bench.running, new Promise((wake) => setTimeout(wake, 20_000))]);";
        loop {
            // Busy as it is, the page may be late.
            let mut ended = self.session.evaluate_async(look, &[])?;
            if let Some(error) = ended["error"].as_str() {
                bail!("`{name}` failed: {error}");
            }
            if !ended.is_null() {
                return Ok(ended["value"].take());
            }
        }
    }

    pub fn dexie_version(&self) -> Result<String> {
        self.call("version", &[])?.as_str().map(str::to_owned).context("Dexie has no version")
    }

    /// What is in use when the garbage has been collected.
    pub fn memory(&self) -> Result<Memory> {
        let wasm = self.call("memoryBytes", &[])?.as_f64().context("the program does not tell its memory")?;
        let script = match self.kind {
            Kind::Firefox => None,
            Kind::Chromium => {
                self.session.devtools("HeapProfiler.collectGarbage", &json!({}))?;
                self.session.devtools("Runtime.getHeapUsage", &json!({}))?["usedSize"].as_f64()
            }
        };
        Ok(Memory { wasm, script })
    }
}
