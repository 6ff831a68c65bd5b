//! What has changed between two results: rows by their primary keys. Pure.

use std::any::Any;
use std::rc::Rc;

use super::changes::Step;
use super::place::Standing;
use crate::key::AnyKey;
use crate::order::{SortedMap, SortedSet};

/// The result that was given out last.
pub(super) type Given = Vec<(AnyKey, Rc<dyn Any>)>;

/// What is shown now, with the rows of `before` that are still the same; none if nothing has changed. `same` compares rows.
pub(super) fn renewed(before: &Given, now: &[Standing], same: impl Fn(&dyn Any, &dyn Any) -> bool) -> Option<Given> {
    let mut changed = before.len() != now.len();
    let in_place = |at: usize, standing: &Standing| {
        let (key, row) = before.get(at)?;
        (Rc::ptr_eq(row, &standing.row) || *key == standing.primary_key).then_some(row)
    };
    // Where rows have moved they are looked for by their keys.
    let mut by_key: Option<SortedMap<&AnyKey, &Rc<dyn Any>>> = None;
    let given = now.iter().enumerate().map(|(at, standing)| {
        let held = in_place(at, standing).or_else(|| {
            changed = true;
            let by_key = by_key.get_or_insert_with(|| before.iter().map(|(key, row)| (key, row)).collect());
            by_key.get(&standing.primary_key).copied()
        });
        let row = match held {
            Some(held) if Rc::ptr_eq(held, &standing.row) || same(&**held, &*standing.row) => held.clone(),
            _ => {
                changed = true;
                standing.row.clone()
            }
        };
        (standing.primary_key.clone(), row)
    });
    let given = given.collect();
    changed.then_some(given)
}

/// The steps that make one result of the other: rows that go, that move, that come, and that are different where they are.
pub(super) fn steps(before: &Given, now: &Given) -> Vec<Step> {
    let places: SortedMap<&AnyKey, usize> = now.iter().enumerate().map(|(at, (key, _))| (key, at)).collect();
    let mut steps = Vec::new();
    // The last first: positions before it stay as they are.
    for (at, (key, _)) in before.iter().enumerate().rev() {
        if !places.contains_key(key) {
            steps.push(Step::Removed { at, key: key.clone() });
        }
    }
    // The rows that stay, as their new places, in the order of each step.
    let stay = || before.iter().filter_map(|(key, row)| Some((*places.get(key)?, row)));
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
        steps.push(Step::Moved { from, to, key: now[place].0.clone() });
    }
    let stayed: SortedMap<usize, &Rc<dyn Any>> = stay().collect();
    for (at, (key, row)) in now.iter().enumerate() {
        match stayed.get(&at) {
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
        let now = renewed(before, &standing(now), same).unwrap_or_else(|| before.clone());
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
        assert!(renewed(&before, &standing(&given(&[(1, "a"), (2, "b")])), same).is_none());
        let now = renewed(&before, &standing(&given(&[(2, "b"), (1, "x"), (3, "c")])), same).expect("a change");
        assert!(Rc::ptr_eq(&now[0].1, &before[1].1));
        assert!(!Rc::ptr_eq(&now[1].1, &before[0].1));
        assert_eq!(shown(&now), "2b 1x 3c");
    }
}
