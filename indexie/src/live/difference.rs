//! What has changed between two results: rows by their primary keys. Pure.

use std::any::Any;
use std::rc::Rc;

use super::changes::Step;
use super::place::Standing;
use crate::key::AnyKey;
use crate::order::{SortedMap, SortedSet};

/// The result that was given out last.
pub(super) type Given = Vec<(AnyKey, Rc<dyn Any>)>;

/// How two results begin and end alike; between that they differ.
struct Ends {
    start: usize,
    /// How many there are of each result, up to where they end alike.
    before: usize,
    now: usize,
}

impl Ends {
    fn of(before: usize, now: usize, alike: impl Fn(usize, usize) -> bool) -> Self {
        let start = (0..before.min(now)).take_while(|at| alike(*at, *at)).count();
        let most = before.min(now) - start;
        let end = (1..=most).take_while(|back| alike(before - back, now - back)).count();
        Self { start, before: before - end, now: now - end }
    }

    /// Where a row of the two ends was before.
    fn before(&self, now: usize) -> Option<usize> {
        match now {
            _ if now < self.start => Some(now),
            _ if now >= self.now => Some(now - self.now + self.before),
            _ => None,
        }
    }
}

/// What is shown now, with the rows of `before` that are still the same, which `now` has from then on too; none if nothing has
/// changed. `same` compares rows.
pub(super) fn renewed(
    before: &Given,
    now: &mut [Standing],
    same: impl Fn(&dyn Any, &dyn Any) -> bool,
) -> Option<Given> {
    let ends = Ends::of(before.len(), now.len(), |at, place| {
        let ((key, row), standing) = (&before[at], &now[place]);
        Rc::ptr_eq(row, &standing.row) || *key == standing.primary_key
    });
    let (old, new) = (&before[ends.start..ends.before], ends.start..ends.now);
    let mut changed = !old.is_empty() || !new.is_empty();
    // Where rows have moved they are looked for by their keys.
    let by_key: SortedMap<&AnyKey, &Rc<dyn Any>> =
        if new.is_empty() { SortedMap::new() } else { old.iter().map(|(key, row)| (key, row)).collect() };
    let given = now.iter_mut().enumerate().map(|(at, standing)| {
        let held = match ends.before(at) {
            Some(at) => Some(&before[at].1),
            None => by_key.get(&standing.primary_key).copied(),
        };
        match held {
            Some(held) if Rc::ptr_eq(held, &standing.row) => {}
            // Rows that have been read again are compared once, and not with every later change.
            Some(held) if same(&**held, &*standing.row) => standing.row = held.clone(),
            _ => changed = true,
        }
        (standing.primary_key.clone(), standing.row.clone())
    });
    let given = given.collect();
    changed.then_some(given)
}

/// The steps that make one result of the other: rows that go, that move, that come, and that are different where they are.
pub(super) fn steps(before: &Given, now: &Given) -> Vec<Step> {
    let ends = Ends::of(before.len(), now.len(), |at, place| before[at].0 == now[place].0);
    let (old, new) = (&before[ends.start..ends.before], &now[ends.start..ends.now]);
    let places: SortedMap<&AnyKey, usize> = new.iter().zip(ends.start..).map(|((key, _), at)| (key, at)).collect();
    let mut steps = Vec::new();
    // The last first: positions before it stay as they are.
    for (at, (key, _)) in old.iter().enumerate().rev() {
        if !places.contains_key(key) {
            steps.push(Step::Removed { at: ends.start + at, key: key.clone() });
        }
    }
    // The rows that stay, as their new places, in the order of each step.
    let stay = || old.iter().filter_map(|(key, row)| Some((*places.get(key)?, row)));
    let mut list: Vec<usize> = stay().map(|(place, _)| place).collect();
    // Those that stand in the right order already need not move.
    let mut settled = ascending(&list);
    let moving = list.iter().copied().filter(|place| !settled.contains(place)).collect::<SortedSet<_>>();
    for place in moving {
        let Some(from) = list.iter().position(|other| *other == place) else { continue };
        list.remove(from);
        let to = list.iter().rposition(|other| *other < place && settled.contains(other)).map_or(0, |at| at + 1);
        list.insert(to, place);
        settled.insert(place);
        steps.push(Step::Moved { from: ends.start + from, to: ends.start + to, key: now[place].0.clone() });
    }
    let stayed: SortedMap<usize, &Rc<dyn Any>> = stay().collect();
    for (at, (key, row)) in now.iter().enumerate() {
        let held = match ends.before(at) {
            Some(at) => Some(&before[at].1),
            None => stayed.get(&at).copied(),
        };
        match held {
            None => steps.push(Step::Inserted { at, key: key.clone(), row: row.clone() }),
            Some(held) if !Rc::ptr_eq(held, row) => {
                steps.push(Step::Updated { at, key: key.clone(), row: row.clone() });
            }
            Some(_) => {}
        }
    }
    steps
}

/// A longest ascending part of a list of different numbers.
fn ascending(list: &[usize]) -> SortedSet<usize> {
    // For each length, the position where such a part ends with the least number; and what comes before each position.
    let mut ends: Vec<usize> = Vec::new();
    let mut before = vec![usize::MAX; list.len()];
    for (at, number) in list.iter().enumerate() {
        let length = ends.partition_point(|end| list[*end] < *number);
        if length > 0 {
            before[at] = ends[length - 1];
        }
        if length == ends.len() {
            ends.push(at);
        } else {
            ends[length] = at;
        }
    }
    let mut part = SortedSet::new();
    let mut at = ends.last().copied().unwrap_or(usize::MAX);
    while at != usize::MAX {
        part.insert(list[at]);
        at = before[at];
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(rows: &[(i32, &'static str)]) -> Given {
        rows.iter().map(|(key, row)| ((*key).into(), Rc::new(*row) as Rc<dyn Any>)).collect()
    }

    fn standing(rows: &Given) -> Vec<Standing> {
        let one = |(key, row): &(AnyKey, Rc<dyn Any>)| Standing {
            key: key.clone(),
            primary_key: key.clone(),
            row: row.clone(),
        };
        rows.iter().map(one).collect()
    }

    fn same(a: &dyn Any, b: &dyn Any) -> bool {
        a.downcast_ref::<&'static str>() == b.downcast_ref::<&'static str>()
    }

    fn shown(rows: &Given) -> String {
        let one = |(key, row): &(AnyKey, Rc<dyn Any>)| format!("{key}{}", row.downcast_ref::<&str>().expect("a text"));
        rows.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    /// What comes of the steps, which must be no more than `most`.
    fn replayed(before: &Given, now: &Given, most: usize) -> String {
        let now = renewed(before, &mut standing(now), same).unwrap_or_else(|| before.clone());
        let steps = steps(before, &now);
        assert!(steps.len() <= most, "{steps:?}");
        let mut list = before.clone();
        for step in steps {
            step.apply(&mut list);
        }
        shown(&list)
    }

    #[test]
    fn the_steps_lead_from_one_to_the_other() {
        let before = given(&[(1, "a"), (2, "b"), (3, "c"), (4, "d")]);
        for (now, most) in [
            (given(&[(1, "a"), (2, "b"), (3, "c"), (4, "d")]), 0),
            (given(&[(1, "a"), (3, "c"), (4, "d")]), 1),
            (given(&[(9, "n"), (1, "a"), (2, "b"), (3, "c"), (4, "d")]), 1),
            (given(&[(2, "b"), (3, "c"), (4, "d"), (1, "a")]), 1),
            (given(&[(4, "d"), (1, "a"), (2, "b"), (3, "c")]), 1),
            (given(&[(2, "b"), (3, "c"), (4, "d"), (1, "x")]), 2),
            (given(&[(4, "d"), (3, "c"), (2, "b"), (1, "a")]), 3),
            (given(&[(8, "h"), (4, "x"), (2, "b"), (9, "i")]), 6),
            (given(&[]), 4),
        ] {
            assert_eq!(replayed(&before, &now, most), shown(&now));
        }
        assert_eq!(replayed(&given(&[]), &before, 4), shown(&before));
    }

    #[test]
    fn random_results_lead_from_one_to_the_other() {
        let mut random = 7_u64;
        let mut next = |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (random >> 33) % below
        };
        let mut before = given(&[]);
        for _ in 0..2_000 {
            let mut keys: Vec<i32> = (0..12).filter(|_| next(3) > 0).collect();
            for at in (1..keys.len()).rev() {
                let other = usize::try_from(next(at as u64 + 1)).expect("a place");
                if next(2) == 0 {
                    keys.swap(at, other);
                }
            }
            let texts = ["a", "b"];
            let now: Vec<_> =
                keys.iter().map(|key| (*key, texts[usize::try_from(next(2)).expect("a place")])).collect();
            let now = given(&now);
            assert_eq!(replayed(&before, &now, usize::MAX), shown(&now));
            before = now;
        }
    }

    #[test]
    fn rows_that_have_not_changed_stay_the_same_ones() {
        let before = given(&[(1, "a"), (2, "b")]);
        assert!(renewed(&before, &mut standing(&given(&[(1, "a"), (2, "b")])), same).is_none());
        let now = renewed(&before, &mut standing(&given(&[(2, "b"), (1, "x"), (3, "c")])), same).expect("a change");
        assert!(Rc::ptr_eq(&now[0].1, &before[1].1));
        assert!(!Rc::ptr_eq(&now[1].1, &before[0].1));
        assert_eq!(shown(&now), "2b 1x 3c");
    }

    #[test]
    fn rows_that_were_read_again_are_compared_once() {
        let before = given(&[(1, "a"), (2, "b"), (3, "c"), (4, "d")]);
        let compared = std::cell::Cell::new(0);
        let counting = |a: &dyn Any, b: &dyn Any| {
            compared.set(compared.get() + 1);
            same(a, b)
        };
        let mut now = standing(&given(&[(1, "a"), (2, "b"), (3, "c"), (4, "d")]));
        assert!(renewed(&before, &mut now, counting).is_none());
        assert_eq!(compared.take(), 4);
        now.insert(0, standing(&given(&[(9, "n")])).remove(0));
        now.swap(2, 3);
        let later = renewed(&before, &mut now, counting).expect("a change");
        assert_eq!((compared.take(), shown(&later).as_str()), (0, "9n 1a 3c 2b 4d"));
        now.remove(3);
        let last = renewed(&later, &mut now, counting).expect("a change");
        assert_eq!((compared.take(), shown(&last).as_str()), (0, "9n 1a 3c 4d"));
    }
}
