//! How long to wait before the next try. Pure.

use std::time::Duration;

/// The longest that a server can make a client wait.
const LONGEST_ASKED: Duration = Duration::from_hours(1);

/// The longest pause after failures, in milliseconds.
pub(crate) const LONGEST: u32 = 32_000;

/// Full jitter, doubling from one second to half a minute.
pub(crate) fn after_failures(failures: u32, random: f64) -> Duration {
    doubling(1_000, LONGEST, failures.saturating_sub(1), random)
}

/// The same, much shorter: after connections that end at once, and after logs that end one after another.
pub(crate) fn shortly(times: u32, random: f64) -> Duration {
    doubling(100, 5_000, times, random)
}

fn doubling(first: u32, most: u32, times: u32, random: f64) -> Duration {
    let most = first.saturating_mul(1 << times.min(16)).min(most);
    Duration::from_secs_f64(f64::from(most) / 1_000.0 * random.clamp(0.0, 1.0))
}

/// What a `Retry-After` header asks for: seconds, or a date of HTTP's. `now` is in milliseconds since 1970.
pub(crate) fn asked(header: &str, now: f64) -> Option<Duration> {
    let header = header.trim();
    let asked = if let Ok(seconds) = header.parse::<u64>() {
        Duration::from_secs(seconds)
    } else {
        Duration::from_secs_f64(((http_date(header)? - now) / 1_000.0).clamp(0.0, LONGEST_ASKED.as_secs_f64()))
    };
    Some(asked.min(LONGEST_ASKED))
}

/// `Wed, 21 Oct 2026 07:28:00 GMT`, in milliseconds since 1970: the one form that servers write (RFC 9110, 5.6.7).
fn http_date(text: &str) -> Option<f64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let rest = text.split_once(", ").map_or(text, |(_, rest)| rest).strip_suffix(" GMT")?;
    let [day, month, year, time] = rest.split(' ').collect::<Vec<_>>()[..] else { return None };
    let [hour, minute, second] = time.split(':').collect::<Vec<_>>()[..] else { return None };
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let number = |text: &str| text.parse::<i64>().ok();
    let days = days_since_1970(number(year)?, i64::try_from(month).ok()?, number(day)?);
    let seconds = days * 86_400 + number(hour)? * 3_600 + number(minute)? * 60 + number(second)?;
    #[allow(clippy::cast_precision_loss, reason = "dates of today")]
    Some(seconds as f64 * 1_000.0)
}

/// Of the Gregorian calendar, which is the same every 400 years. Years begin in March here, so that the odd day is the last one.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: f64 = 1_792_567_680_000.0; // Wed, 21 Oct 2026 07:28:00 GMT

    #[test]
    fn waits_double_up_to_a_limit_and_are_spread_over_all_of_it() {
        let seconds = |failures| after_failures(failures, 1.0).as_secs();
        assert_eq!([1, 2, 3, 6, 7, 1_000].map(seconds), [1, 2, 4, 32, 32, 32]);
        assert_eq!(after_failures(3, 0.25), Duration::from_secs(1));
        assert_eq!(shortly(0, 1.0), Duration::from_millis(100));
        assert_eq!(shortly(9, 1.0), Duration::from_secs(5));
    }

    /// V32.
    #[test]
    fn a_server_can_ask_for_seconds_or_name_a_date() {
        let seconds = |header| asked(header, NOW).map(|asked| asked.as_secs());
        assert_eq!(seconds("1"), Some(1));
        assert_eq!(seconds(" 10 "), Some(10));
        assert_eq!(seconds("Wed, 21 Oct 2026 07:29:30 GMT"), Some(90));
        assert_eq!(seconds("Wed, 21 Oct 2026 07:00:00 GMT"), Some(0), "it is past");
        assert_eq!(seconds("100000"), Some(3_600));
        assert_eq!(seconds("Thu, 21 Oct 2027 07:28:00 GMT"), Some(3_600));
        assert_eq!(seconds("soon"), None);
        assert_eq!(seconds("-1"), None);
    }
}
