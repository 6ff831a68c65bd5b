//! What a person sees while a command works: one line when a piece of work starts,
//! one when it ends, with the time it took.

use std::time::{Duration, Instant};

use anyhow::Result;

/// Does one piece of work between its two lines. An error travels on to the caller unprinted.
pub fn report<T>(title: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("==> {title}");
    let start = Instant::now();
    let done = work()?;
    println!("    done in {}", duration(start.elapsed()));
    Ok(done)
}

/// A duration for people: tenths of a second, or minutes and seconds.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64().round();
    if seconds < 60.0 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{:.0} min {:02.0} s", (seconds / 60.0).floor(), seconds % 60.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_times_have_tenths() {
        assert_eq!(duration(Duration::from_millis(1_240)), "1.2 s");
    }

    #[test]
    fn long_times_have_minutes() {
        assert_eq!(duration(Duration::from_millis(59_700)), "1 min 00 s");
        assert_eq!(duration(Duration::from_secs(125)), "2 min 05 s");
    }
}
