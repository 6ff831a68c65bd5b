//! Assertions: what differs, in one message.

use std::fmt::Debug;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde_json::Value;

/// How long something that is bound to happen may take, on any machine.
const PATIENCE: Duration = Duration::from_mins(3);

/// Fails unless both are the same.
#[allow(clippy::needless_pass_by_value, reason = "called with what has just been read, and with literals")]
pub fn same<A: Debug + PartialEq<B>, B: Debug>(what: &str, actual: A, expected: B) -> Result<()> {
    ensure!(actual == expected, "{what}: expected {expected:?}, got {actual:?}");
    Ok(())
}

/// Fails unless the text of an error begins with the name of this one.
pub fn is_error(what: &str, error: &str, name: &str) -> Result<()> {
    ensure!(error.starts_with(name), "{what}: expected the error {name}, got {error}");
    Ok(())
}

/// Waits until something is the case.
pub fn until(what: &str, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !holds()? {
        if start.elapsed() > PATIENCE {
            bail!("{what}: not within {PATIENCE:?}");
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Where two JSON values differ: paths and both values.
pub fn differences(one: &Value, other: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", one, other, &mut found);
    found
}

fn compare(path: &str, one: &Value, other: &Value, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                let of = |map: &serde_json::Map<String, Value>| map.get(name).cloned().unwrap_or_default();
                compare(&format!("{path}.{name}"), &of(a), &of(b), found);
            }
        }
        _ if one == other => {}
        _ => found.push(format!("{path}: {one} / {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn differences_name_the_path() {
        let found = differences(&json!({ "a": { "b": 1, "c": 2 } }), &json!({ "a": { "b": 1, "d": 3 } }));

        assert_eq!(found, [".a.c: 2 / null", ".a.d: null / 3"]);
    }
}
