//! Order: what is sorted in a page's program. The standard library's sort takes some four kilobytes of it for each type and each
//! comparison, so all of these share one. Pure; called from everywhere.

use std::cmp::Ordering;

use crate::key::AnyKey;

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
    let mut ranks = vec![0; keys.len()];
    let (mut rank, mut before) = (0, None);
    for at in order(keys.len(), &|a, b| keys[a].cmp(keys[b])) {
        if before.is_some_and(|before| before != keys[at]) {
            rank += 1;
        }
        before = Some(keys[at]);
        ranks[at] = rank;
    }
    ranks
}

/// Of each key, whether it is the first of those that equal it.
pub(crate) fn firsts(keys: &[&AnyKey]) -> Vec<bool> {
    let mut seen = vec![false; keys.len()];
    ranks(keys).into_iter().map(|rank| !std::mem::replace(&mut seen[rank], true)).collect()
}

/// The places of a list, in the order of what is there.
fn order(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| compare(*a, *b));
    order
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
