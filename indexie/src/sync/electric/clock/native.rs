//! Time off the web.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime};

use futures_timer::Delay;

pub(crate) async fn sleep(duration: Duration) {
    Delay::new(duration).await;
}

pub(crate) fn now_millis() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1000.0
}

pub(crate) fn random() -> f64 {
    // Hash maps are seeded by chance: the seed is all that goes into this hash.
    let bits = RandomState::new().hash_one(()) >> 11;
    #[allow(clippy::cast_precision_loss, reason = "53 bits are what an f64 holds")]
    let fraction = bits as f64 / (1_u64 << 53) as f64;
    fraction
}
