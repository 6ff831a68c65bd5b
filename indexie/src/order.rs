//! Order: what is sorted in a page's program. The standard library's sort takes some four kilobytes of it for each type and each
//! comparison, its ordered maps even more: all of these share one sort, and `map` and `set` do with little. Pure; called from
//! everywhere.

mod map;
mod set;

use std::cmp::Ordering;
use std::mem;

use crate::key::AnyKey;

pub(crate) use map::SortedMap;
pub(crate) use set::SortedSet;

/// Sorts; what is equal stays in its order.
pub(crate) fn sort_by<T>(list: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering) {
    if list.len() < 2 {
        return;
    }
    let order = order(list.len(), &|a, b| compare(&list[a], &list[b]));
    let mut items: Vec<Option<T>> = list.drain(..).map(Some).collect();
    list.extend(order.into_iter().filter_map(|at| items[at].take()));
}

/// Sorts keys, and leaves each once.
pub(crate) fn sort_keys(keys: &mut Vec<AnyKey>) {
    sort_by(keys, AnyKey::cmp);
    keys.dedup();
}

/// Of each key, how many smaller ones there are, equal ones counted once.
pub(crate) fn ranks(keys: &[&AnyKey]) -> Vec<usize> {
    ranks_by(keys.len(), &|a, b| keys[a].cmp(keys[b]))
}

/// The same of what a list has at its places.
pub(crate) fn ranks_by(count: usize, compare: Compare) -> Vec<usize> {
    let mut ranks = vec![0; count];
    let (mut rank, mut before) = (0, None);
    for at in order(count, compare) {
        if before.is_some_and(|before| compare(before, at).is_ne()) {
            rank += 1;
        }
        before = Some(at);
        ranks[at] = rank;
    }
    ranks
}

/// Of each key, whether it is the first of those that equal it.
fn firsts(keys: &[&AnyKey]) -> Vec<bool> {
    let mut seen = vec![false; keys.len()];
    ranks(keys).into_iter().map(|rank| !mem::replace(&mut seen[rank], true)).collect()
}

/// Leaves the first one of those with equal keys.
pub(crate) fn distinct_by<T>(list: Vec<T>, key: impl Fn(&T) -> &AnyKey) -> Vec<T> {
    let firsts = firsts(&list.iter().map(key).collect::<Vec<_>>());
    list.into_iter().zip(firsts).filter_map(|(item, first)| first.then_some(item)).collect()
}

/// How two places compare.
pub(crate) type Compare<'a> = &'a dyn Fn(usize, usize) -> Ordering;

/// The places of a list, in the order of what is there. What is equal stays in its order.
pub(crate) fn order(count: usize, compare: Compare) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut merged = Vec::with_capacity(count);
    let mut sorted = 1;
    while sorted < count {
        for both in order.chunks(sorted * 2) {
            let (left, right) = both.split_at(sorted.min(both.len()));
            merge(left, right, &mut merged, compare);
        }
        mem::swap(&mut order, &mut merged);
        merged.clear();
        sorted *= 2;
    }
    order
}

/// Makes one sorted list of two, with little work where one is before the other.
fn merge<'a>(mut left: &'a [usize], mut right: &'a [usize], merged: &mut Vec<usize>, compare: Compare) {
    if let ([first, ..], [.., last]) = (left, right)
        && compare(*last, *first).is_lt()
    {
        mem::swap(&mut left, &mut right);
    }
    let is_after = |a: &[usize], b: &[usize]| matches!((a, b), ([.., a], [b, ..]) if compare(*a, *b).is_gt());
    if is_after(left, right) {
        while let ([a, left_rest @ ..], [b, right_rest @ ..]) = (left, right) {
            if compare(*a, *b).is_gt() {
                merged.push(*b);
                right = right_rest;
            } else {
                merged.push(*a);
                left = left_rest;
            }
        }
    }
    merged.extend_from_slice(left);
    merged.extend_from_slice(right);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(numbers: &[f64]) -> Vec<AnyKey> {
        numbers.iter().map(|number| AnyKey::Number(*number)).collect()
    }

    #[test]
    fn what_is_equal_stays_in_its_order() {
        let mut list = vec![(2, "a"), (1, "b"), (2, "c"), (1, "d")];

        sort_by(&mut list, |a, b| a.0.cmp(&b.0));

        assert_eq!(list, [(1, "b"), (1, "d"), (2, "a"), (2, "c")]);
    }

    #[test]
    fn it_sorts_as_the_standard_library_does() {
        let mut state = 1_u32;
        for count in 0..70 {
            let mut list: Vec<(u32, u32)> = Vec::new();
            for at in 0..count {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                list.push(((state >> 16) % (count / 2 + 1), at));
            }
            let mut expected = list.clone();
            expected.sort_by_key(|(number, _)| *number);

            sort_by(&mut list, |a, b| a.0.cmp(&b.0));
            assert_eq!(list, expected);
            list.reverse();
            sort_by(&mut list, |a, b| a.1.cmp(&b.1));
            assert!(list.is_sorted_by_key(|(_, at)| *at));
        }
    }

    #[test]
    fn sorted_keys_are_there_once() {
        let mut list = keys(&[3.0, 1.0, 3.0, 2.0, 1.0]);

        sort_keys(&mut list);

        assert_eq!(list, keys(&[1.0, 2.0, 3.0]));
    }

    #[test]
    fn ranks_count_equal_keys_once_and_firsts_are_the_first_of_them() {
        let list = keys(&[5.0, 1.0, 5.0, 3.0, 1.0]);
        let list: Vec<&AnyKey> = list.iter().collect();

        assert_eq!(ranks(&list), [2, 0, 2, 1, 0]);
        assert_eq!(firsts(&list), [true, true, false, true, false]);
        assert_eq!(firsts(&[]), [false; 0]);
    }
}
