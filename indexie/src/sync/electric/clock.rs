//! Time, and chance: what a sync waits for between its requests.
//! Called by the sync; calls the browser's timers, or a thread that keeps them off the web.

#[cfg(target_family = "wasm")]
mod browser;
#[cfg(not(target_family = "wasm"))]
mod native;

#[cfg(target_family = "wasm")]
use browser as platform;
#[cfg(not(target_family = "wasm"))]
use native as platform;

use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};

/// Milliseconds since 1970, by a clock that may be set.
pub(crate) use platform::now_millis;
/// At least 0, and less than 1.
pub(crate) use platform::random;
/// Waits. Browsers make pages that are not seen wait longer than asked.
pub(crate) use platform::sleep;

/// What the future comes to, unless it takes longer than this.
pub(crate) async fn timeout<F: Future>(duration: Duration, future: F) -> Option<F::Output> {
    // The future first: what is ready is not late.
    match select(pin!(future), pin!(sleep(duration))).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(((), _)) => None,
    }
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use std::future::{pending, ready};

    use futures::executor::block_on;

    use super::*;

    #[test]
    fn the_shorter_sleep_ends_first() {
        let (long, short) = (pin!(sleep(Duration::from_hours(1))), pin!(sleep(Duration::from_millis(5))));
        assert!(matches!(block_on(select(long, short)), Either::Right(_)));
    }

    #[test]
    fn a_sleep_is_not_shorter_than_asked() {
        let began = std::time::Instant::now();
        block_on(sleep(Duration::from_millis(40)));
        assert!(began.elapsed() >= Duration::from_millis(39));
    }

    #[test]
    fn what_is_ready_is_not_late() {
        assert_eq!(block_on(timeout(Duration::ZERO, ready(1))), Some(1));
    }

    #[test]
    fn what_takes_too_long_is_given_up() {
        assert_eq!(block_on(timeout(Duration::from_millis(5), pending::<()>())), None);
        let quick = async {
            sleep(Duration::from_millis(5)).await;
            2
        };
        assert_eq!(block_on(timeout(Duration::from_hours(1), quick)), Some(2));
    }

    #[test]
    fn chance_is_spread_between_zero_and_one() {
        let drawn: Vec<f64> = (0..1000).map(|_| random()).collect();
        assert!(drawn.iter().all(|drawn| (0.0..1.0).contains(drawn)));
        for tenth in 0..10 {
            let from = f64::from(tenth) / 10.0;
            let count = drawn.iter().filter(|drawn| (from..from + 0.1).contains(*drawn)).count();
            assert!((40..250).contains(&count), "{count} of 1000 in the tenth from {from}");
        }
    }

    #[test]
    fn the_wall_clock_counts_from_1970() {
        // 2025 to 2125.
        assert!((1.735e12..4.9e12).contains(&now_millis()));
    }
}
