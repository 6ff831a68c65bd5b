//! How many bytes travel: files as they are, and compressed by Node.js as servers do.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::command;
use crate::npm::binaryen;

/// Prints, for each file that it is given, its sizes.
const PROGRAM: &str = r#"
    const { readFileSync } = require("fs"), { gzipSync, brotliCompressSync } = require("zlib");
    const sizes = (file) => {
        const bytes = readFileSync(file);
        return [bytes, gzipSync(bytes, { level: 9 }), brotliCompressSync(bytes)].map((bytes) => bytes.length);
    };
    console.log(JSON.stringify(process.argv.slice(1).map(sizes)));
"#;

/// The bytes of a file. Brotli's are those of its best quality, 11.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    pub raw: u32,
    pub gzip: u32,
    pub brotli: u32,
}

/// Weighs files.
pub fn weigh<const N: usize>(files: [&Path; N]) -> Result<[Weight; N]> {
    let answer = command::read(binaryen::node()?.args(["--eval", PROGRAM, "--"]).args(files))?;
    let answer: Value = serde_json::from_str(&answer).context("Node.js printed no JSON")?;
    let size = |file: usize, at: usize| {
        answer[file][at].as_u64().and_then(|size| u32::try_from(size).ok()).context("Node.js told no size")
    };
    let mut weights = [Weight::default(); N];
    for (at, weight) in weights.iter_mut().enumerate() {
        *weight = Weight { raw: size(at, 0)?, gzip: size(at, 1)?, brotli: size(at, 2)? };
    }
    Ok(weights)
}
