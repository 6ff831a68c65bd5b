//! Points in time, as Postgres prints them: `2026-02-28 11:14:15.123+00`, `10000-01-01 00:00:00`, `0044-03-15 BC`.

use std::borrow::Cow;
use std::fmt::Write;

/// A date, in the calendar that has a year 0, and what follows it: the time of day and the offset, if they are there.
struct Moment<'t> {
    year: i64,
    month: i64,
    day: i64,
    rest: &'t str,
}

fn parse(text: &str) -> Option<Moment<'_>> {
    let (text, before_christ) = match text.strip_suffix(" BC") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let (date, rest) = text.split_once([' ', 'T']).unwrap_or((text, ""));
    let mut parts = date.splitn(3, '-').map(number);
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let year = if before_christ { 1 - year } else { year };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (1..=last).contains(&day).then_some(Moment { year, month, day, rest })
}

/// Digits, and nothing else.
fn number(digits: &str) -> Option<i64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Milliseconds since 1970; what is no offset from UTC is UTC.
pub(super) fn millis(text: &str) -> Result<i64, String> {
    if matches!(text, "infinity" | "-infinity") {
        return Err(format!("{text} is no point in time that a `Date` can hold"));
    }
    let moment = parse(text).and_then(|moment| Some((days(&moment), time_of_day(moment.rest)?)));
    let (days, of_day) = moment.ok_or("expected a timestamp or a date")?;
    days.checked_mul(86_400_000)
        .map(|millis| millis + of_day)
        .filter(|millis| millis.unsigned_abs() <= 8_640_000_000_000_000)
        .ok_or_else(|| "this is further from 1970 than a `Date` reaches".to_owned())
}

/// Days since 1970, by the 400-year cycle counted from 1 March.
fn days(moment: &Moment<'_>) -> i64 {
    let Moment { year, month, day, .. } = *moment;
    // Years far beyond what a date reaches: near enough.
    let year = if month <= 2 { year - 1 } else { year }.clamp(-10_000_000_000, 10_000_000_000);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let year_of_era = year.rem_euclid(400);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    year.div_euclid(400) * 146_097 + day_of_era - 719_468
}

/// Milliseconds since midnight, UTC.
fn time_of_day(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    let (time, offset) = text.split_at(text.find(['+', '-', 'Z']).unwrap_or(text.len()));
    let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
    if !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let mut thousandths = 0;
    for place in 0..3 {
        thousandths = thousandths * 10 + i64::from(fraction.as_bytes().get(place).map_or(0, |digit| digit - b'0'));
    }
    Some(seconds(clock)? * 1_000 + thousandths - offset_seconds(offset)? * 1_000)
}

/// Of `13:14:15`, `13:14` or `13`.
fn seconds(clock: &str) -> Option<i64> {
    let mut total = 0;
    let mut worth = 3_600;
    for part in clock.splitn(3, ':') {
        total += number(part).filter(|part| *part <= 60 && !clock.is_empty())? * worth;
        worth /= 60;
    }
    Some(total)
}

fn offset_seconds(offset: &str) -> Option<i64> {
    match offset.as_bytes().first() {
        None => Some(0),
        Some(b'Z') => (offset == "Z").then_some(0),
        Some(b'-') => seconds(&offset[1..]).map(|seconds| -seconds),
        Some(_) => seconds(&offset[1..]),
    }
}

/// As ISO 8601 and RFC 3339 write the same. What is no point in time, and the time of a day without an offset, stay what
/// they are.
pub(super) fn iso(text: &str) -> Cow<'_, str> {
    let Some(Moment { year, month, day, rest }) = parse(text) else { return with_offset(text) };
    let mut iso = String::with_capacity(text.len() + 4);
    let written = if (0..=9_999).contains(&year) {
        write!(iso, "{year:04}-{month:02}-{day:02}")
    } else {
        let sign = if year < 0 { '-' } else { '+' };
        write!(iso, "{sign}{:04}-{month:02}-{day:02}", year.unsigned_abs())
    };
    debug_assert!(written.is_ok(), "text takes what is written");
    if !rest.is_empty() {
        iso.push('T');
        iso.push_str(&with_offset(rest));
    }
    Cow::Owned(iso)
}

/// `13:14:15+02` with the minutes of its offset.
fn with_offset(time: &str) -> Cow<'_, str> {
    match time.rfind(['+', '-']) {
        Some(at) if time.len() == at + 3 && time.contains(':') => Cow::Owned(format!("{time}:00")),
        _ => Cow::Borrowed(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Date;

    #[test]
    fn times_are_those_that_a_date_prints() {
        for (text, expected) in [
            ("2026-02-28 11:14:15.123+00", "2026-02-28T11:14:15.123Z"),
            ("2026-02-28 13:14:15.123456", "2026-02-28T13:14:15.123Z"),
            ("2026-02-28", "2026-02-28T00:00:00.000Z"),
            ("2026-02-28T11:14:15Z", "2026-02-28T11:14:15.000Z"),
            ("2026-02-28 13:14:15.5+02", "2026-02-28T11:14:15.500Z"),
            ("2026-02-28 01:14:15+05:30", "2026-02-27T19:44:15.000Z"),
            ("2026-02-28 01:14:15-03:30:15", "2026-02-28T04:44:30.000Z"),
            ("1969-12-31 23:59:59.9999", "1969-12-31T23:59:59.999Z"),
            ("12026-02-28 00:00:00", "+012026-02-28T00:00:00.000Z"),
            ("0044-03-15 12:00:00+00 BC", "-000043-03-15T12:00:00.000Z"),
            ("0001-02-29 BC", "0000-02-29T00:00:00.000Z"),
            ("2000-02-29 24:00:00", "2000-03-01T00:00:00.000Z"),
        ] {
            let millis = millis(text).expect(text);
            assert_eq!(Date::from_millis(millis).to_string(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_says_so() {
        assert_eq!(millis("-infinity"), Err("-infinity is no point in time that a `Date` can hold".to_owned()));
        assert_eq!(millis("294276-12-31 00:00:00"), Err("this is further from 1970 than a `Date` reaches".to_owned()));
        for text in
            ["", "now", "2026-02-29", "2026-13-01", "2026-01-01 a", "2026-01-01 10:00:00.x", "13:14:15", "+1-1-1"]
        {
            assert_eq!(millis(text), Err("expected a timestamp or a date".to_owned()), "{text}");
        }
        assert!(millis("99999999999999999-01-01").is_err());
    }

    #[test]
    fn the_form_of_others() {
        for (text, expected) in [
            ("2026-02-28 11:14:15.123+00", "2026-02-28T11:14:15.123+00:00"),
            ("2026-02-28 13:14:15.123456", "2026-02-28T13:14:15.123456"),
            ("2026-02-28 01:14:15-03:30", "2026-02-28T01:14:15-03:30"),
            ("2026-02-28", "2026-02-28"),
            ("13:14:15+02", "13:14:15+02:00"),
            ("13:14:15.124", "13:14:15.124"),
            ("12026-02-28 00:00:00", "+12026-02-28T00:00:00"),
            ("0044-03-15 00:00:00+00 BC", "-0043-03-15T00:00:00+00:00"),
            ("infinity", "infinity"),
        ] {
            assert_eq!(iso(text), expected);
        }
    }
}
