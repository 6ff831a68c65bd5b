//! Random numbers that a seed repeats.

use std::cell::Cell;
use std::env;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

/// The variable that repeats a run.
const SEED: &str = "INDEXIE_SEED";

/// A generator of random numbers: splitmix64.
#[derive(Debug)]
pub struct Random(Cell<u64>);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(Cell::new(seed))
    }

    fn next(&self) -> u64 {
        let state = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of these.
    pub fn choose<'a, T>(&self, from: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(from.len()).ok().filter(|count| *count > 0)?;
        from.get(usize::try_from(self.next() % count).ok()?)
    }

    /// A number below this one.
    pub fn below(&self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// A time from none to this.
    pub fn up_to(&self, most: Duration) -> Duration {
        let most = u64::try_from(most.as_micros()).unwrap_or(u64::MAX - 1);
        Duration::from_micros(self.next() % (most + 1))
    }
}

/// The seed that the user named, or one that no run before had.
pub fn seed() -> Result<u64> {
    match env::var(SEED) {
        Ok(seed) => seed.parse().with_context(|| format!("{SEED} is no number: {seed:?}")),
        Err(_) => Ok(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_what_came_of_it() {
        let draw = |seed| {
            let random = Random::new(seed);
            [0; 4].map(|_| random.up_to(Duration::from_secs(1)))
        };

        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn nothing_is_chosen_from_nothing() {
        assert_eq!(Random::new(1).choose::<u8>(&[]), None);
        assert_eq!(Random::new(1).choose(&[5]), Some(&5));
    }
}
