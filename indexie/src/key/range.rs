//! Ranges of keys and their algebra: what a clause means, as sorted, disjoint ranges.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Bound;

use super::{AnyKey, Form, KeyError};
use crate::order::sort_by;

/// A range of keys, as `IDBKeyRange` has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KeyRange {
    pub lower: Bound<AnyKey>,
    pub upper: Bound<AnyKey>,
}

fn compare_lower(a: &Bound<AnyKey>, b: &Bound<AnyKey>) -> Ordering {
    match (a, b) {
        (Bound::Unbounded, Bound::Unbounded) => Ordering::Equal,
        (Bound::Unbounded, _) => Ordering::Less,
        (_, Bound::Unbounded) => Ordering::Greater,
        (Bound::Included(x), Bound::Included(y)) | (Bound::Excluded(x), Bound::Excluded(y)) => x.cmp(y),
        (Bound::Included(x), Bound::Excluded(y)) => x.cmp(y).then(Ordering::Less),
        (Bound::Excluded(x), Bound::Included(y)) => x.cmp(y).then(Ordering::Greater),
    }
}

fn compare_upper(a: &Bound<AnyKey>, b: &Bound<AnyKey>) -> Ordering {
    match (a, b) {
        (Bound::Unbounded, Bound::Unbounded) => Ordering::Equal,
        (Bound::Unbounded, _) => Ordering::Greater,
        (_, Bound::Unbounded) => Ordering::Less,
        (Bound::Included(x), Bound::Included(y)) | (Bound::Excluded(x), Bound::Excluded(y)) => x.cmp(y),
        (Bound::Included(x), Bound::Excluded(y)) => x.cmp(y).then(Ordering::Greater),
        (Bound::Excluded(x), Bound::Included(y)) => x.cmp(y).then(Ordering::Less),
    }
}

impl KeyRange {
    pub fn only(key: AnyKey) -> Self {
        Self { lower: Bound::Included(key.clone()), upper: Bound::Included(key) }
    }

    pub fn all() -> Self {
        Self { lower: Bound::Unbounded, upper: Bound::Unbounded }
    }

    /// Every key of this form, and no key of another type.
    pub fn of_form(form: Form) -> Self {
        let (lower, upper) = match form {
            Form::Number | Form::Byte | Form::Bool | Form::Wide => {
                (Bound::Included(AnyKey::Number(f64::NEG_INFINITY)), Bound::Included(AnyKey::Number(f64::INFINITY)))
            }
            Form::Date => {
                (Bound::Included(AnyKey::Date(-super::date::MAX)), Bound::Included(AnyKey::Date(super::date::MAX)))
            }
            Form::Text => (Bound::Included(AnyKey::from("")), Bound::Excluded(AnyKey::Binary(Vec::new()))),
            Form::Binary => (Bound::Included(AnyKey::Binary(Vec::new())), Bound::Excluded(AnyKey::Array(Vec::new()))),
            Form::Array => (Bound::Included(AnyKey::Array(Vec::new())), Bound::Unbounded),
        };
        Self { lower, upper }
    }

    /// Every key of this key's type, and no key of another one.
    pub fn of_type(key: &AnyKey) -> Self {
        Self::of_form(match key {
            AnyKey::Number(_) => Form::Number,
            AnyKey::Date(_) => Form::Date,
            AnyKey::Text(_) => Form::Text,
            AnyKey::Binary(_) => Form::Binary,
            AnyKey::Array(_) => Form::Array,
        })
    }

    /// The strings that start with `prefix`: up to the next string that does not, so that
    /// `prefix + "\u{ffff}…"` is inside (Dexie misses it).
    pub fn starting_with(prefix: &str) -> Self {
        let upper = match text_successor(prefix) {
            Some(next) => Bound::Excluded(AnyKey::Text(next)),
            None => Bound::Excluded(AnyKey::Binary(Vec::new())),
        };
        Self { lower: Bound::Included(AnyKey::from(prefix)), upper }
    }

    /// The arrays that start with these parts.
    pub fn with_prefix(parts: &[AnyKey]) -> Self {
        Self::within_prefix(parts, Bound::Unbounded, Bound::Unbounded)
    }

    /// The arrays that start with `prefix` and whose next part is within the bounds.
    pub fn within_prefix(prefix: &[AnyKey], lower: Bound<AnyKey>, upper: Bound<AnyKey>) -> Self {
        let with = |key: AnyKey| {
            let mut parts = prefix.to_vec();
            parts.push(key);
            parts
        };
        // An array sorts after its own prefix and before every array with a greater part; no key is greater than
        // all arrays, but every array that goes on from `p` is below `p` with its last part "one more array deep".
        let after = |mut parts: Vec<AnyKey>| {
            parts.push(top());
            AnyKey::Array(parts)
        };
        Self {
            lower: match lower {
                Bound::Unbounded => Bound::Included(AnyKey::Array(prefix.to_vec())),
                Bound::Included(key) => Bound::Included(AnyKey::Array(with(key))),
                Bound::Excluded(key) => Bound::Excluded(after(with(key))),
            },
            upper: match upper {
                Bound::Unbounded => Bound::Excluded(after(prefix.to_vec())),
                Bound::Included(key) => Bound::Excluded(after(with(key))),
                Bound::Excluded(key) => Bound::Excluded(AnyKey::Array(with(key))),
            },
        }
    }

    /// The order of ranges: by their lower ends, then by their upper ones.
    pub fn compare(&self, other: &Self) -> Ordering {
        compare_lower(&self.lower, &other.lower).then_with(|| compare_upper(&self.upper, &other.upper))
    }

    /// Which of two upper ends is greater.
    pub fn compare_upper(a: &Bound<AnyKey>, b: &Bound<AnyKey>) -> Ordering {
        compare_upper(a, b)
    }

    pub fn is_empty(&self) -> bool {
        match (&self.lower, &self.upper) {
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
            (Bound::Included(lower), Bound::Included(upper)) => lower > upper,
            (Bound::Included(lower) | Bound::Excluded(lower), Bound::Excluded(upper) | Bound::Included(upper)) => {
                lower >= upper
            }
        }
    }

    pub fn contains(&self, key: &AnyKey) -> bool {
        (match &self.lower {
            Bound::Unbounded => true,
            Bound::Included(lower) => key >= lower,
            Bound::Excluded(lower) => key > lower,
        }) && (match &self.upper {
            Bound::Unbounded => true,
            Bound::Included(upper) => key <= upper,
            Bound::Excluded(upper) => key < upper,
        })
    }

    /// The one key of a range that holds only one.
    pub fn single(&self) -> Option<&AnyKey> {
        match (&self.lower, &self.upper) {
            (Bound::Included(lower), Bound::Included(upper)) if lower == upper => Some(lower),
            _ => None,
        }
    }

    pub fn intersect(&self, other: &Self) -> Self {
        let lower = if compare_lower(&self.lower, &other.lower).is_lt() { &other.lower } else { &self.lower };
        let upper = if compare_upper(&self.upper, &other.upper).is_gt() { &other.upper } else { &self.upper };
        Self { lower: lower.clone(), upper: upper.clone() }
    }
}

/// Above every key that an index of this crate's types can hold: arrays of arrays of arrays.
/// (Dexie's `[[]]` is below longer arrays; three levels of nesting are beyond any tuple of scalar keys or vectors.)
fn top() -> AnyKey {
    AnyKey::Array(vec![AnyKey::Array(vec![AnyKey::Array(vec![AnyKey::Array(Vec::new())])])])
}

/// The least string above every string that starts with `prefix`; none if `prefix` is all U+10FFFF or empty.
fn text_successor(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        // In UTF-16 order the characters beyond U+FFFF stand below U+E000..U+FFFF, so the one that follows
        // U+10FFFF is U+E000, and U+FFFF has none.
        let next = match last {
            '\u{ffff}' => None,
            '\u{10ffff}' => Some('\u{e000}'),
            '\u{d7ff}' => Some('\u{10000}'),
            _ => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

/// Sorted, disjoint, non-empty ranges.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RangeSet(Vec<KeyRange>);

impl RangeSet {
    pub fn one(range: KeyRange) -> Self {
        Self::union(vec![range])
    }

    pub fn ranges(&self) -> &[KeyRange] {
        &self.0
    }

    pub fn union(mut ranges: Vec<KeyRange>) -> Self {
        ranges.retain(|range| !range.is_empty());
        sort_by(&mut ranges, |a, b| compare_lower(&a.lower, &b.lower).then_with(|| compare_upper(&a.upper, &b.upper)));
        let mut merged: Vec<KeyRange> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match merged.last_mut() {
                Some(last) if touches(&last.upper, &range.lower) => {
                    if compare_upper(&range.upper, &last.upper).is_gt() {
                        last.upper = range.upper;
                    }
                }
                _ => merged.push(range),
            }
        }
        Self(merged)
    }

    /// What is within `whole` and in none of the ranges.
    pub fn complement(&self, whole: &KeyRange) -> Self {
        let mut gaps = Vec::with_capacity(self.0.len() + 1);
        let mut lower = whole.lower.clone();
        for range in &self.0 {
            let upper = match &range.lower {
                Bound::Unbounded => None,
                Bound::Included(key) => Some(Bound::Excluded(key.clone())),
                Bound::Excluded(key) => Some(Bound::Included(key.clone())),
            };
            if let Some(upper) = upper {
                gaps.push(KeyRange { lower: lower.clone(), upper }.intersect(whole));
            }
            lower = match &range.upper {
                Bound::Unbounded => return Self::union(gaps),
                Bound::Included(key) => Bound::Excluded(key.clone()),
                Bound::Excluded(key) => Bound::Included(key.clone()),
            };
        }
        gaps.push(KeyRange { lower, upper: whole.upper.clone() }.intersect(whole));
        Self::union(gaps)
    }

    pub fn within(&self, whole: &KeyRange) -> Self {
        Self::union(self.0.iter().map(|range| range.intersect(whole)).collect())
    }

    pub fn contains(&self, key: &AnyKey) -> bool {
        // The first range that does not lie wholly below the key is the only candidate.
        let at = self.0.partition_point(|range| match &range.upper {
            Bound::Unbounded => false,
            Bound::Included(upper) => upper < key,
            Bound::Excluded(upper) => upper <= key,
        });
        self.0.get(at).is_some_and(|range| range.contains(key))
    }
}

/// Whether nothing lies between a range that ends so and one that begins so.
fn touches(upper: &Bound<AnyKey>, lower: &Bound<AnyKey>) -> bool {
    match (upper, lower) {
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => true,
        (Bound::Excluded(upper), Bound::Excluded(lower)) => lower < upper,
        (Bound::Included(upper) | Bound::Excluded(upper), Bound::Included(lower) | Bound::Excluded(lower)) => {
            lower <= upper
        }
    }
}

/// A typed range's bounds as a dynamic range of its type.
pub(crate) fn dynamic<K: super::Key>(bounds: (Bound<K>, Bound<K>)) -> Result<(Bound<AnyKey>, Bound<AnyKey>), KeyError> {
    let convert = |bound: Bound<K>| {
        Ok(match bound {
            Bound::Unbounded => Bound::Unbounded,
            Bound::Included(key) => Bound::Included(key.to_any()?),
            Bound::Excluded(key) => Bound::Excluded(key.to_any()?),
        })
    };
    Ok((convert(bounds.0)?, convert(bounds.1)?))
}

impl fmt::Display for KeyRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(key) = self.single() {
            return write!(f, "= {key}");
        }
        match &self.lower {
            Bound::Unbounded => f.write_str("(…")?,
            Bound::Included(key) => write!(f, "[{}", Shown(key))?,
            Bound::Excluded(key) => write!(f, "({}", Shown(key))?,
        }
        f.write_str(", ")?;
        match &self.upper {
            Bound::Unbounded => f.write_str("…)"),
            Bound::Included(key) => write!(f, "{}]", Shown(key)),
            Bound::Excluded(key) => write!(f, "{})", Shown(key)),
        }
    }
}

/// A bound, with "whatever comes next" as dots.
struct Shown<'a>(&'a AnyKey);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            AnyKey::Array(parts) if parts.last() == Some(&top()) => {
                f.write_str("[")?;
                for part in &parts[..parts.len() - 1] {
                    write!(f, "{part}, ")?;
                }
                f.write_str("…]")
            }
            key => write!(f, "{key}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(lower: i32, upper: i32) -> KeyRange {
        KeyRange { lower: Bound::Included(lower.into()), upper: Bound::Included(upper.into()) }
    }

    fn open(lower: i32, upper: i32) -> KeyRange {
        KeyRange { lower: Bound::Excluded(lower.into()), upper: Bound::Excluded(upper.into()) }
    }

    #[test]
    fn a_later_range_can_swallow_earlier_ones() {
        let set = RangeSet::union(vec![closed(1, 3), closed(4, 5), closed(2, 10)]);
        assert_eq!(set.ranges(), [closed(1, 10)]);
    }

    #[test]
    fn two_open_ends_leave_a_hole() {
        let set = RangeSet::union(vec![open(1, 3), open(3, 5)]);
        assert_eq!(set.ranges().len(), 2);
        assert!(!set.contains(&3.into()));
        assert_eq!(RangeSet::union(vec![open(1, 3), closed(3, 3), open(3, 5)]).ranges(), [open(1, 5)]);
    }

    #[test]
    fn the_complement_leaves_out_exactly_the_set() {
        let set = RangeSet::union(vec![closed(2, 2), closed(5, 7)]);
        let rest = set.complement(&KeyRange::of_form(Form::Number));
        for key in 0..10 {
            assert_ne!(set.contains(&key.into()), rest.contains(&key.into()), "{key}");
        }
        assert!(!rest.contains(&AnyKey::from("a")));
    }

    #[test]
    fn empty_ranges_vanish() {
        assert!(
            RangeSet::union(vec![
                closed(3, 1),
                open(3, 3),
                KeyRange { lower: Bound::Included(3.into()), upper: Bound::Excluded(3.into()) }
            ])
            .ranges()
            .is_empty()
        );
    }

    #[test]
    fn a_prefix_holds_everything_that_starts_with_it() {
        let range = KeyRange::starting_with("ab");
        for inside in ["ab", "abc", "ab\u{ffff}", "ab\u{ffff}z", "ab\u{1f600}"] {
            assert!(range.contains(&inside.into()), "{inside:?}");
        }
        for outside in ["a", "ac", "b", ""] {
            assert!(!range.contains(&outside.into()), "{outside:?}");
        }
        assert!(KeyRange::starting_with("").contains(&"\u{ffff}".into()));
        assert!(!KeyRange::starting_with("").contains(&AnyKey::Binary(vec![])));
        assert!(KeyRange::starting_with("\u{10ffff}").contains(&"\u{10ffff}a".into()));
        assert!(!KeyRange::starting_with("\u{10ffff}").contains(&"\u{e000}".into()));
        assert!(KeyRange::starting_with("\u{d7ff}").contains(&"\u{d7ff}z".into()));
        assert!(!KeyRange::starting_with("\u{d7ff}").contains(&"\u{10000}".into()));
    }

    #[test]
    fn a_range_reads_well() {
        assert_eq!(KeyRange::with_prefix(&["KR".into()]).to_string(), "[[\"KR\"], [\"KR\", …])");
        assert_eq!(KeyRange::only(7.into()).to_string(), "= 7");
        assert_eq!(open(1, 2).to_string(), "(1, 2)");
    }

    #[test]
    fn a_compound_prefix_is_exact() {
        let array = |parts: &[i32]| AnyKey::Array(parts.iter().map(|part| (*part).into()).collect());
        let above = KeyRange::within_prefix(&[], Bound::Excluded(2.into()), Bound::Unbounded);
        assert!(!above.contains(&array(&[2, 9])));
        assert!(above.contains(&array(&[3, 0])));
        let upto = KeyRange::within_prefix(&[], Bound::Unbounded, Bound::Included(2.into()));
        assert!(upto.contains(&array(&[2, 9])));
        assert!(!upto.contains(&array(&[3, 0])));
        let below = KeyRange::within_prefix(&[], Bound::Unbounded, Bound::Excluded(2.into()));
        assert!(below.contains(&array(&[1, 9])));
        assert!(!below.contains(&array(&[2, 0])));
    }
}
