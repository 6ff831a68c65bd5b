//! What has changed between two results: rows by their primary keys. Pure.

use std::any::Any;
use std::rc::Rc;

use super::changes::Step;
use super::place::Standing;
use crate::key::AnyKey;
use crate::order::SortedMap;

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
    // The rows that stay, with their new places, in the order of the result before; and where each new place's row stands among them.
    let stay: Vec<(usize, &Rc<dyn Any>)> = old.iter().filter_map(|(key, row)| Some((*places.get(key)?, row))).collect();
    let mut stood = vec![None; new.len()];
    for (at, (place, _)) in stay.iter().enumerate() {
        stood[place - ends.start] = Some(at);
    }
    // Those that stand in the right order already need not move.
    let settled = ascending(&stay);
    let (mut taken, mut moved) = (Tally::new(stay.len()), Vec::new());
    // All others move in the order of their new places, each behind the last one before it that is settled: `behind` counts those who
    // stood up to there, and so does `moved` for each that has moved.
    let mut behind = 0;
    for (place, at) in stood.iter().enumerate().filter_map(|(place, at)| Some((place, (*at)?))) {
        if settled[at] {
            behind = at + 1;
            continue;
        }
        let from = at - taken.below(at) + moved.partition_point(|behind| *behind <= at);
        taken.add(at);
        let to = behind - taken.below(behind) + moved.len();
        moved.push(behind);
        let key = new[place].0.clone();
        steps.push(Step::Moved { from: ends.start + from, to: ends.start + to, key });
    }
    for (at, (key, row)) in now.iter().enumerate() {
        let held = match ends.before(at) {
            Some(at) => Some(&before[at].1),
            None => stood[at - ends.start].map(|at| stay[at].1),
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

/// Which of the rows that stay are of a longest part whose places ascend.
fn ascending(stay: &[(usize, &Rc<dyn Any>)]) -> Vec<bool> {
    // For each length, the position where such a part ends with the least place; and what comes before each position.
    let mut ends: Vec<usize> = Vec::new();
    let mut before = vec![usize::MAX; stay.len()];
    for (at, (place, _)) in stay.iter().enumerate() {
        let length = ends.partition_point(|end| stay[*end].0 < *place);
        if length > 0 {
            before[at] = ends[length - 1];
        }
        if length == ends.len() {
            ends.push(at);
        } else {
            ends[length] = at;
        }
    }
    let mut part = vec![false; stay.len()];
    let mut at = ends.last().copied().unwrap_or(usize::MAX);
    while at != usize::MAX {
        part[at] = true;
        at = before[at];
    }
    part
}

/// Numbers, and how many of them are below another one: a Fenwick tree.
struct Tally(Vec<usize>);

impl Tally {
    /// For numbers below `end`.
    fn new(end: usize) -> Self {
        Self(vec![0; end + 1])
    }

    fn add(&mut self, number: usize) {
        let mut at = number + 1;
        while at < self.0.len() {
            self.0[at] += 1;
            at += at & at.wrapping_neg();
        }
    }

    fn below(&self, number: usize) -> usize {
        let (mut at, mut count) = (number, 0);
        while at > 0 {
            count += self.0[at];
            at &= at - 1;
        }
        count
    }
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

    /// The moves, found one by one in the list itself.
    fn moves(before: &[i32], now: &[i32]) -> Vec<(usize, usize, AnyKey)> {
        let ends = Ends::of(before.len(), now.len(), |at, place| before[at] == now[place]);
        let (old, new) = (&before[ends.start..ends.before], &now[ends.start..ends.now]);
        let row = Rc::new("") as Rc<dyn Any>;
        let stay: Vec<_> =
            old.iter().filter_map(|key| Some((new.iter().position(|other| other == key)?, &row))).collect();
        let mut list: Vec<usize> = stay.iter().map(|(place, _)| *place).collect();
        let mut settled: Vec<usize> =
            list.iter().zip(ascending(&stay)).filter_map(|(place, is)| is.then_some(*place)).collect();
        let mut moving: Vec<usize> = list.iter().copied().filter(|place| !settled.contains(place)).collect();
        moving.sort_unstable();
        let mut moves = Vec::new();
        for place in moving {
            let from = list.iter().position(|other| *other == place).expect("it stays");
            list.remove(from);
            let to = list.iter().rposition(|other| *other < place && settled.contains(other)).map_or(0, |at| at + 1);
            list.insert(to, place);
            settled.push(place);
            moves.push((ends.start + from, ends.start + to, new[place].into()));
        }
        moves
    }

    #[test]
    fn random_moves_are_those_that_the_list_itself_tells() {
        let mut random = 11_u64;
        let mut next = |below: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(random >> 33).expect("a number") % below
        };
        let mut most = 0;
        for _ in 0..2_000 {
            let count = 1 + next(40);
            let mut keys = || {
                let mut keys: Vec<i32> = (0..40).filter(|_| next(40) < count).collect();
                for _ in 0..next(count) {
                    let (from, to) = (next(keys.len().max(1)), next(keys.len().max(1)));
                    if !keys.is_empty() {
                        let key = keys.remove(from);
                        keys.insert(to, key);
                    }
                }
                keys
            };
            let (before, now) = (keys(), keys());
            let given_of = |keys: &[i32]| given(&keys.iter().map(|key| (*key, "a")).collect::<Vec<_>>());
            let moved = steps(&given_of(&before), &given_of(&now)).into_iter().filter_map(|step| match step {
                Step::Moved { from, to, key } => Some((from, to, key)),
                _ => None,
            });
            let (moved, expected) = (moved.collect::<Vec<_>>(), moves(&before, &now));
            assert_eq!(moved, expected, "{before:?} {now:?}");
            most = most.max(moved.len());
        }
        assert!(most > 20, "{most}");
    }

    /// Each move is found without a look at all rows.
    #[test]
    fn many_rows_that_move_are_no_problem() {
        let row = Rc::new("a") as Rc<dyn Any>;
        let before: Given = (0..100_000).map(|key| (key.into(), row.clone())).collect();
        let now: Given = before.iter().rev().cloned().collect();
        let steps = steps(&before, &now);
        assert_eq!(steps.len(), 99_999);
        for (step, expected) in steps.iter().zip((0..99_999).rev()) {
            let Step::Moved { from, to, .. } = step else { panic!("{step:?}") };
            assert_eq!((*from, *to), (expected, 99_999));
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
