//! Places in a shape's log: `-1`, `now`, `26757272_7`, `0_inf`. Requests carry them, shapes compare them.

use std::fmt;

/// A place in the log. Snapshot pages are `0_k`, `0_inf` is behind all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Offset {
    pub(crate) tx: u64,
    pub(crate) op: Op,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Op {
    At(u64),
    Infinity,
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Requested {
    Start,
    Now,
    After(Offset),
}

impl Offset {
    /// After the snapshot, before any change.
    pub(crate) const SNAPSHOT_END: Self = Self { tx: 0, op: Op::Infinity };

    pub(crate) fn new(tx: u64, op: u64) -> Self {
        Self { tx, op: Op::At(op) }
    }

    /// Where something goes that is no operation of a transaction.
    pub(crate) fn next(self) -> Self {
        match self.op {
            Op::At(op) => Self::new(self.tx, op + 1),
            Op::Infinity => Self::new(self.tx + 1, 0),
        }
    }
}

impl Requested {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "-1" => return Some(Self::Start),
            "now" => return Some(Self::Now),
            _ => {}
        }
        let (tx, op) = text.split_once('_')?;
        let op = if op == "inf" { Op::Infinity } else { Op::At(number(op)?) };
        Some(Self::After(Offset { tx: number(tx)?, op }))
    }
}

/// `u64::from_str` alone would take a plus sign.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.op {
            Op::At(op) => write!(f, "{}_{op}", self.tx),
            Op::Infinity => write!(f, "{}_inf", self.tx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(text: &str) -> Offset {
        match Requested::parse(text) {
            Some(Requested::After(offset)) => offset,
            other => panic!("{text} is {other:?}"),
        }
    }

    #[test]
    fn offsets_are_ordered_by_transaction_then_operation() {
        let inorder = ["0_0", "0_1", "0_inf", "9_0", "10_2", "10_10", "18446744073709551615_0"];
        assert!(inorder.windows(2).all(|pair| offset(pair[0]) < offset(pair[1])));
        assert!(inorder.iter().all(|text| offset(text).to_string() == *text));
    }

    #[test]
    fn what_is_no_offset_is_refused() {
        for text in ["", "1", "-1_0", "+1_0", "1_", "_1", "1_0_0", "NOW", "0_INF", "18446744073709551616_0"] {
            assert_eq!(Requested::parse(text), None, "{text}");
        }
    }
}
