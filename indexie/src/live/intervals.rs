//! `Intervals`: who is interested in which ranges of an index's keys. Finding those who are interested in one key takes
//! O(log n) and then each of them; so does coming and going. Pure.

use std::ops::Bound;

use crate::key::AnyKey;
use crate::key::range::KeyRange;
use crate::order::{SortedMap, SortedSet};

/// Ranges of keys, each with the numbers of those who have asked for it.
#[derive(Debug)]
pub(super) struct Intervals {
    /// Ranges of one key: what most are interested in.
    points: SortedMap<AnyKey, SortedSet<u64>>,
    /// All others: a search tree by their lower ends, kept in balance by random priorities (a treap).
    root: Link,
    random: u64,
}

type Link = Option<Box<Node>>;

#[derive(Debug)]
struct Node {
    range: KeyRange,
    who: SortedSet<u64>,
    priority: u64,
    /// The greatest upper end in this part of the tree.
    top: Bound<AnyKey>,
    left: Link,
    right: Link,
}

impl Default for Intervals {
    fn default() -> Self {
        Self { points: SortedMap::new(), root: None, random: 0x9e37_79b9_7f4a_7c15 }
    }
}

impl Intervals {
    pub fn is_empty(&self) -> bool {
        self.points.is_empty() && self.root.is_none()
    }

    pub fn insert(&mut self, range: &KeyRange, who: u64) {
        if let Some(key) = range.single() {
            self.points.entry(key.clone()).or_default().insert(who);
        } else if !range.is_empty() {
            // xorshift: no more has to be random about it than that no order of keys makes a list of the tree.
            self.random ^= self.random << 13;
            self.random ^= self.random >> 7;
            self.random ^= self.random << 17;
            self.root = Some(inserted(self.root.take(), range, who, self.random));
        }
    }

    pub fn remove(&mut self, range: &KeyRange, who: u64) {
        if let Some(key) = range.single() {
            if let Some(all) = self.points.get_mut(key) {
                all.remove(&who);
                if all.is_empty() {
                    self.points.remove(key);
                }
            }
        } else {
            self.root = removed(self.root.take(), range, who);
        }
    }

    /// Who is interested in this key. One with several ranges around it is given several times.
    pub fn at(&self, key: &AnyKey, mut each: impl FnMut(u64)) {
        if let Some(all) = self.points.get(key) {
            all.iter().copied().for_each(&mut each);
        }
        visit(self.root.as_deref(), key, &mut each);
    }
}

fn visit(node: Option<&Node>, key: &AnyKey, each: &mut impl FnMut(u64)) {
    let Some(node) = node else { return };
    let ends_below = match &node.top {
        Bound::Unbounded => false,
        Bound::Included(top) => top < key,
        Bound::Excluded(top) => top <= key,
    };
    if ends_below {
        return;
    }
    visit(node.left.as_deref(), key, each);
    let begins_above = match &node.range.lower {
        Bound::Unbounded => false,
        Bound::Included(lower) => lower > key,
        Bound::Excluded(lower) => lower >= key,
    };
    if begins_above {
        return;
    }
    if node.range.contains(key) {
        node.who.iter().copied().for_each(&mut *each);
    }
    visit(node.right.as_deref(), key, each);
}

#[allow(clippy::unnecessary_box_returns, reason = "nodes stay where they are")]
fn inserted(link: Link, range: &KeyRange, who: u64, priority: u64) -> Box<Node> {
    let Some(mut node) = link else {
        let (range, top) = (range.clone(), range.upper.clone());
        return Box::new(Node { range, who: SortedSet::from([who]), priority, top, left: None, right: None });
    };
    match range.compare(&node.range) {
        std::cmp::Ordering::Equal => {
            node.who.insert(who);
            return node;
        }
        std::cmp::Ordering::Less => {
            let mut left = inserted(node.left.take(), range, who, priority);
            if left.priority > node.priority {
                node.left = left.right.take();
                node.settle();
                left.right = Some(node);
                node = left;
            } else {
                node.left = Some(left);
            }
        }
        std::cmp::Ordering::Greater => {
            let mut right = inserted(node.right.take(), range, who, priority);
            if right.priority > node.priority {
                node.right = right.left.take();
                node.settle();
                right.left = Some(node);
                node = right;
            } else {
                node.right = Some(right);
            }
        }
    }
    node.settle();
    node
}

fn removed(link: Link, range: &KeyRange, who: u64) -> Link {
    let mut node = link?;
    match range.compare(&node.range) {
        std::cmp::Ordering::Less => node.left = removed(node.left.take(), range, who),
        std::cmp::Ordering::Greater => node.right = removed(node.right.take(), range, who),
        std::cmp::Ordering::Equal => {
            node.who.remove(&who);
            if node.who.is_empty() {
                return joined(node.left.take(), node.right.take());
            }
        }
    }
    node.settle();
    Some(node)
}

fn joined(left: Link, right: Link) -> Link {
    match (left, right) {
        (None, one) | (one, None) => one,
        (Some(mut left), Some(mut right)) => {
            if left.priority > right.priority {
                left.right = joined(left.right.take(), Some(right));
                left.settle();
                Some(left)
            } else {
                right.left = joined(Some(left), right.left.take());
                right.settle();
                Some(right)
            }
        }
    }
}

impl Node {
    /// Works out what depends on the parts.
    fn settle(&mut self) {
        let mut top = &self.range.upper;
        for part in [&self.left, &self.right].into_iter().flatten() {
            if KeyRange::compare_upper(&part.top, top).is_gt() {
                top = &part.top;
            }
        }
        self.top = top.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: i32, to: i32) -> KeyRange {
        KeyRange { lower: Bound::Included(from.into()), upper: Bound::Excluded(to.into()) }
    }

    fn found(intervals: &Intervals, key: i32) -> Vec<u64> {
        let mut who = SortedSet::new();
        intervals.at(&key.into(), |one| {
            who.insert(one);
        });
        who.into_iter().collect()
    }

    fn depth(link: &Link) -> usize {
        link.as_ref().map_or(0, |node| 1 + depth(&node.left).max(depth(&node.right)))
    }

    #[test]
    fn a_key_finds_the_ranges_around_it() {
        let mut intervals = Intervals::default();
        intervals.insert(&range(0, 10), 1);
        intervals.insert(&range(5, 15), 2);
        intervals.insert(&KeyRange::all(), 3);
        intervals.insert(&KeyRange::only(7.into()), 4);
        intervals.insert(&KeyRange { lower: Bound::Excluded(7.into()), upper: Bound::Unbounded }, 5);
        intervals.insert(&range(0, 10), 6);
        assert_eq!(found(&intervals, 7), [1, 2, 3, 4, 6]);
        assert_eq!(found(&intervals, 10), [2, 3, 5]);
        assert_eq!(found(&intervals, -1), [3]);
        intervals.remove(&range(0, 10), 1);
        intervals.remove(&KeyRange::only(7.into()), 4);
        intervals.remove(&KeyRange::all(), 3);
        assert_eq!(found(&intervals, 7), [2, 6]);
    }

    #[test]
    fn an_empty_range_is_found_by_no_key() {
        let mut intervals = Intervals::default();
        intervals.insert(&range(5, 5), 1);
        assert!(intervals.is_empty());
        intervals.remove(&range(5, 5), 1);
    }

    #[test]
    fn it_agrees_with_looking_at_every_range() {
        let (mut intervals, mut plain) = (Intervals::default(), Vec::new());
        let mut random = 1_u64;
        let mut next = |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            i32::try_from((random >> 33) % below).expect("a small number")
        };
        for who in 0..2_000 {
            let (from, length) = (next(500), next(60));
            let one = if length == 0 { KeyRange::only(from.into()) } else { range(from, from + length) };
            intervals.insert(&one, who);
            plain.push((one, who));
            if who % 3 == 0 {
                let at = usize::try_from(next(plain.len() as u64)).expect("a place");
                let (gone, who) = plain.swap_remove(at);
                intervals.remove(&gone, who);
            }
        }
        for key in -5..565 {
            let mut expected: Vec<u64> =
                plain.iter().filter(|(range, _)| range.contains(&key.into())).map(|(_, who)| *who).collect();
            expected.sort_unstable();
            assert_eq!(found(&intervals, key), expected, "{key}");
        }
        for (range, who) in plain {
            intervals.remove(&range, who);
        }
        assert!(intervals.is_empty());
    }

    #[test]
    fn ascending_ranges_make_no_list_of_it() {
        let mut intervals = Intervals::default();
        for from in 0..10_000 {
            intervals.insert(&range(from, from + 2), 0);
        }
        assert!(depth(&intervals.root) < 60, "{}", depth(&intervals.root));
    }
}
