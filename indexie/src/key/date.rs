//! `Date`: a JavaScript `Date`, as a value and as a key.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use super::number::Written;

/// The name under which the codec recognises a [`Date`]; other serializers see a plain number.
pub(crate) const NAME: &str = "$indexie::Date";

/// The largest distance from 1970 that a JavaScript `Date` can hold, in milliseconds.
pub(crate) const MAX: f64 = 8.64e15;

/// A point in time, stored as a JavaScript `Date`: whole milliseconds since 1970, UTC.
///
/// Converts from and into [`SystemTime`], and with the `chrono` and `time` features from and into their UTC types; queries take these as
/// they are.
/// Serialized anywhere but in a table (JSON, say), it is the number of milliseconds.
///
/// ```
/// use indexie::Date;
/// use std::time::{Duration, UNIX_EPOCH};
///
/// let date = Date::from_millis(1_500);
/// assert_eq!(date.millis(), 1_500);
/// assert_eq!(Date::from(UNIX_EPOCH + Duration::from_millis(1_500)), date);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Date(i64);

impl Date {
    /// The date that is this many milliseconds after 1970 (before it, if negative). Beyond what a JavaScript
    /// `Date` can hold (±8.64·10¹⁵), the nearest one that it can.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        const LIMIT: i64 = 8_640_000_000_000_000;
        Self(if millis > LIMIT {
            LIMIT
        } else if millis < -LIMIT {
            -LIMIT
        } else {
            millis
        })
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The current time.
    #[must_use]
    pub fn now() -> Self {
        #[cfg(all(target_family = "wasm", target_os = "unknown"))]
        {
            Self::from_f64(js_sys::Date::now()).unwrap_or_default()
        }
        #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
        {
            SystemTime::now().into()
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "checked to be within ±8.64e15")]
    pub(crate) fn from_f64(millis: f64) -> Option<Self> {
        (millis.abs() <= MAX).then(|| Self(millis.floor() as i64))
    }

    #[allow(clippy::cast_precision_loss, reason = "within ±8.64e15, below 2^53")]
    pub(crate) fn as_f64(self) -> f64 {
        self.0 as f64
    }
}

impl From<SystemTime> for Date {
    fn from(time: SystemTime) -> Self {
        let clamp = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self::from_millis(clamp(after)),
            Err(before) => Self::from_millis(-clamp(before.duration())),
        }
    }
}

impl From<Date> for SystemTime {
    fn from(date: Date) -> Self {
        let distance = Duration::from_millis(date.0.unsigned_abs());
        if date.0 < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
    }
}

#[cfg(feature = "chrono")]
impl From<chrono::DateTime<chrono::Utc>> for Date {
    fn from(time: chrono::DateTime<chrono::Utc>) -> Self {
        Self::from_millis(time.timestamp_millis())
    }
}

#[cfg(feature = "chrono")]
impl From<Date> for chrono::DateTime<chrono::Utc> {
    fn from(date: Date) -> Self {
        // Chrono reaches ±262,000 years; JavaScript ±275,000.
        let limit = if date.0 < 0 { Self::MIN_UTC } else { Self::MAX_UTC };
        Self::from_timestamp_millis(date.0).unwrap_or(limit)
    }
}

#[cfg(feature = "time")]
impl From<time::OffsetDateTime> for Date {
    fn from(time: time::OffsetDateTime) -> Self {
        let millis = time.unix_timestamp_nanos().div_euclid(1_000_000);
        Self::from_millis(i64::try_from(millis).unwrap_or(if millis < 0 { i64::MIN } else { i64::MAX }))
    }
}

#[cfg(feature = "time")]
impl From<Date> for time::OffsetDateTime {
    fn from(date: Date) -> Self {
        let nanos = i128::from(date.0) * 1_000_000;
        // `time` reaches the years ±9999; JavaScript ±275,000.
        let year = if date.0 < 0 { time::Date::MIN } else { time::Date::MAX };
        Self::from_unix_timestamp_nanos(nanos).unwrap_or_else(|_| year.midnight().assume_utc())
    }
}

impl fmt::Display for Date {
    /// ISO 8601, UTC, as `Date.prototype.toISOString` writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, millis) = (self.0.div_euclid(86_400_000), self.0.rem_euclid(86_400_000));
        // Days to a civil date, by the 400-year cycle counted from 1 March.
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        if (0..=9999).contains(&year) {
            write!(f, "{year:04}")?;
        } else {
            write!(f, "{}{:06}", if year < 0 { '-' } else { '+' }, year.abs())?;
        }
        let (hours, minutes, seconds) = (millis / 3_600_000, millis / 60_000 % 60, millis / 1_000 % 60);
        write!(f, "-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{:03}Z", millis % 1_000)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(NAME, &self.0)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DateVisitor;

        impl<'de> Visitor<'de> for DateVisitor {
            type Value = Date;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a Date, or milliseconds since 1970")
            }

            fn visit_f64<E: serde::de::Error>(self, millis: f64) -> Result<Date, E> {
                Date::from_f64(millis).ok_or_else(|| E::custom(format_args!("{} is no valid Date", Written(millis))))
            }

            #[allow(clippy::cast_precision_loss, reason = "beyond 2^53 it is refused anyway")]
            fn visit_i64<E: serde::de::Error>(self, millis: i64) -> Result<Date, E> {
                self.visit_f64(millis as f64)
            }

            #[allow(clippy::cast_precision_loss, reason = "beyond 2^53 it is refused anyway")]
            fn visit_u64<E: serde::de::Error>(self, millis: u64) -> Result<Date, E> {
                self.visit_f64(millis as f64)
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Date, D::Error> {
                deserializer.deserialize_any(self)
            }
        }

        deserializer.deserialize_newtype_struct(NAME, DateVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_javascript_does() {
        let iso = |millis| Date::from_millis(millis).to_string();
        assert_eq!(iso(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(951_782_400_123), "2000-02-29T00:00:00.123Z");
        assert_eq!(iso(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(iso(i64::MAX), "+275760-09-13T00:00:00.000Z");
        assert_eq!(iso(i64::MIN), "-271821-04-20T00:00:00.000Z");
    }

    #[test]
    fn survives_the_way_through_system_time() {
        for millis in [-1_500, 0, 1_700_000_000_123] {
            let date = Date::from_millis(millis);
            assert_eq!(Date::from(SystemTime::from(date)), date);
        }
    }
}
