//! `Offset`: a place in a shape's log. Sent back as it was received, compared as what it stands for. Pure.

use std::cmp::Ordering;
use std::fmt;

/// A place in the log of a shape (`electric.md` §1.6): text for whoever sends it, ordered for whoever compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offset {
    text: String,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Before everything.
    Start,
    /// Of a transaction with this number, up to this operation.
    At(u64, Operation),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Operation {
    Number(u64),
    All,
}

impl Offset {
    /// Before everything: asks for the snapshot.
    pub fn start() -> Self {
        Self { text: "-1".to_owned(), place: Place::Start }
    }

    /// After one operation of the log.
    pub fn of(lsn: u64, operation: u64) -> Self {
        Self { text: format!("{lsn}_{operation}"), place: Place::At(lsn, Operation::Number(operation)) }
    }

    /// Reads `-1`, `<u64>_<u64>` or `<u64>_inf`.
    pub fn parse(text: &str) -> Option<Self> {
        let place = if text == "-1" {
            Place::Start
        } else {
            let (lsn, operation) = text.split_once('_')?;
            let operation = if operation == "inf" { Operation::All } else { Operation::Number(number(operation)?) };
            Place::At(number(lsn)?, operation)
        };
        Some(Self { text: text.to_owned(), place })
    }

    pub fn is_start(&self) -> bool {
        self.place == Place::Start
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Digits and nothing else: `parse` would take a sign.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

impl PartialOrd for Offset {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Offset {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place.cmp(&other.place)
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(text: &str) -> Offset {
        Offset::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn offsets_are_ordered_by_what_they_stand_for() {
        let ascending = ["-1", "0_0", "0_1", "0_10", "0_inf", "26757272_7", "26760448_0", "18446744073709551615_0"];
        for (at, a) in ascending.iter().enumerate() {
            for (other, b) in ascending.iter().enumerate() {
                assert_eq!(offset(a).cmp(&offset(b)), at.cmp(&other), "{a} and {b}");
            }
        }
        assert_eq!(Offset::of(26_757_272, 7), offset("26757272_7"));
        assert!(Offset::start().is_start() && offset("-1").is_start());
    }

    #[test]
    fn what_is_no_offset_is_none() {
        for text in ["", "now", "1", "_", "1_", "_1", "-2", "1_-1", "+1_0", "1_inf2", "18446744073709551616_0", "1_0_0"]
        {
            assert_eq!(Offset::parse(text), None, "{text}");
        }
    }

    #[test]
    fn it_is_sent_as_it_came() {
        assert_eq!(offset("007_01").as_str(), "007_01");
        assert_eq!(offset("0_inf").to_string(), "0_inf");
    }
}
