//! `electric-cursor`: a number that makes live URLs of one interval equal and those of two different.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// 2024-10-09T00:00:00Z.
const EPOCH: u64 = 1_728_432_000;

/// The cursor after `previous`, at `now` seconds since 1970.
pub(crate) fn after(previous: Option<u64>, interval: Duration, now: u64, random: u64) -> u64 {
    let interval = interval.as_secs();
    if interval == 0 {
        return 0;
    }
    let next = now.saturating_sub(EPOCH).div_ceil(interval) * interval;
    match previous {
        Some(previous) if next <= previous => previous + 1 + random % 3600,
        _ => next,
    }
}

/// The time it is, and a number that is hard to foretell.
pub(crate) fn now() -> (u64, u64) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (since.as_secs(), u64::from(since.subsec_nanos()) / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_the_end_of_the_interval_and_never_repeats() {
        let twenty = Duration::from_secs(20);
        assert_eq!(after(None, twenty, EPOCH + 66_929_881, 0), 66_929_900);
        assert_eq!(after(Some(66_929_880), twenty, EPOCH + 66_929_881, 0), 66_929_900);
        assert_eq!(after(Some(66_929_900), twenty, EPOCH + 66_929_881, 41), 66_929_942);
        assert_eq!(after(Some(7), Duration::from_millis(200), EPOCH + 5, 1), 0);
    }
}
