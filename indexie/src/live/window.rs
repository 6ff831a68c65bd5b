//! `Window`: the part of a result that is held in memory, and how it is patched. It is a run of rows without gaps, somewhat larger
//! than what is shown, so that rows may come and go before it has to be read again. Pure.

use std::cmp::Ordering;

use super::place::Standing;

/// Rows that are held before and behind what is shown, at least; and how many times that at most.
const MARGIN: usize = 16;
const SLACK: usize = 4;

pub(super) struct Window {
    pub rows: Vec<Standing>,
    /// How many rows of the result come before those held.
    pub before: usize,
    /// Whether there are rows behind those held.
    pub more: bool,
    /// Whether a part of the result can be read alone. All of one that cannot is held.
    pub in_parts: bool,
}

/// What is shown: rows `offset` to `offset + limit` of the result.
#[derive(Clone, Copy)]
pub(super) struct Shown {
    pub offset: usize,
    pub limit: usize,
}

impl Shown {
    /// So many rows are held before and behind what is shown.
    pub fn margin(self) -> usize {
        MARGIN.max(self.limit / 2)
    }
}

/// What is held is not what is stored: it has to be read again.
#[derive(Debug, PartialEq)]
pub(super) struct Stale;

/// Where a row is, or would be.
enum Spot {
    /// Before those that are held.
    Before,
    /// Held, at this position.
    Held(usize),
    /// Not held, and would be at this position.
    Between(usize),
    /// Behind those that are held.
    Behind,
}

impl Window {
    /// Puts the row `new` in the place of `old`.
    pub fn replace(
        &mut self,
        old: Option<&Standing>,
        new: Option<Standing>,
        compare: impl Fn(&Standing, &Standing) -> Ordering,
    ) -> Result<(), Stale> {
        if let (Some(old), Some(new)) = (old, &new)
            && old.primary_key == new.primary_key
            && compare(old, new).is_eq()
            && let Spot::Held(at) = self.spot(old, &compare)
        {
            self.rows[at] = new.clone();
            return Ok(());
        }
        if let Some(old) = old {
            match self.spot(old, &compare) {
                Spot::Before => self.before -= 1,
                Spot::Held(at) => {
                    self.rows.remove(at);
                }
                Spot::Between(_) => return Err(Stale),
                Spot::Behind => {}
            }
        }
        if let Some(new) = new {
            match self.spot(&new, &compare) {
                Spot::Before => self.before += 1,
                Spot::Held(_) => return Err(Stale),
                Spot::Between(at) => self.rows.insert(at, new),
                Spot::Behind => {}
            }
        }
        Ok(())
    }

    fn spot(&self, row: &Standing, compare: &impl Fn(&Standing, &Standing) -> Ordering) -> Spot {
        match self.rows.binary_search_by(|held| compare(held, row)) {
            Ok(at) => Spot::Held(at),
            Err(0) if self.before > 0 => Spot::Before,
            Err(at) if at == self.rows.len() && self.more => Spot::Behind,
            Err(at) => Spot::Between(at),
        }
    }

    /// What is shown, if all of that is held.
    pub fn shown(&mut self, shown: Shown) -> Option<&mut [Standing]> {
        let from = shown.offset.checked_sub(self.before)?;
        let to = from.saturating_add(shown.limit);
        if to > self.rows.len() && self.more {
            return None;
        }
        let held = self.rows.len();
        Some(&mut self.rows[from.min(held)..to.min(held)])
    }

    /// Lets go of rows that are far from what is shown.
    pub fn trim(&mut self, shown: Shown) {
        if !self.in_parts {
            return;
        }
        let margin = shown.margin();
        let slack = margin.saturating_mul(SLACK);
        let end = shown.offset.saturating_add(shown.limit).saturating_add(slack).saturating_sub(self.before);
        if self.rows.len() > end {
            self.rows.truncate(end - (slack - margin));
            self.more = true;
        }
        let start = shown.offset.saturating_sub(self.before);
        if start > slack && start <= self.rows.len() {
            let gone = start - margin;
            self.rows.drain(..gone);
            self.before += gone;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    fn row(key: i32) -> Standing {
        Standing { key: key.into(), primary_key: key.into(), row: Rc::new(key) }
    }

    fn order(a: &Standing, b: &Standing) -> Ordering {
        a.key.cmp(&b.key).then_with(|| a.primary_key.cmp(&b.primary_key))
    }

    fn window(keys: impl IntoIterator<Item = i32>, before: usize, more: bool) -> Window {
        Window { rows: keys.into_iter().map(row).collect(), before, more, in_parts: true }
    }

    fn keys(rows: &[Standing]) -> Vec<i32> {
        rows.iter().map(|row| *row.row.downcast_ref::<i32>().expect("a number")).collect()
    }

    const PAGE: Shown = Shown { offset: 2, limit: 3 };

    #[test]
    fn rows_come_and_go_where_they_belong() {
        let mut window = window([10, 20, 30, 40, 50, 60], 0, true);
        assert_eq!(keys(window.shown(PAGE).expect("held")), [30, 40, 50]);
        window.replace(None, Some(row(25)), order).expect("room");
        assert_eq!(keys(window.shown(PAGE).expect("held")), [25, 30, 40]);
        window.replace(Some(&row(10)), None, order).expect("held");
        assert_eq!(keys(window.shown(PAGE).expect("held")), [30, 40, 50]);
        window.replace(Some(&row(30)), Some(row(5)), order).expect("held");
        assert_eq!(keys(&window.rows), [5, 20, 25, 40, 50, 60]);
    }

    #[test]
    fn what_happens_before_it_is_counted() {
        let mut window = window([30, 40, 50, 60], 2, true);
        window.replace(None, Some(row(1)), order).expect("counted");
        assert_eq!(window.before, 3);
        assert!(window.shown(PAGE).is_none(), "its first row is not held");
        window.replace(Some(&row(1)), None, order).expect("counted");
        window.replace(Some(&row(2)), None, order).expect("counted");
        assert_eq!(window.before, 1);
        assert_eq!(keys(window.shown(PAGE).expect("held")), [40, 50, 60]);
    }

    #[test]
    fn behind_it_nothing_is_held_that_may_have_gaps() {
        let mut window = window([10, 20, 30, 40, 50], 0, true);
        window.replace(None, Some(row(70)), order).expect("behind");
        window.replace(Some(&row(90)), None, order).expect("behind");
        assert_eq!(keys(&window.rows), [10, 20, 30, 40, 50]);
        window.replace(Some(&row(40)), None, order).expect("held");
        assert!(window.shown(PAGE).is_none(), "there are more, and they are not held");
        window.more = false;
        assert_eq!(keys(window.shown(PAGE).expect("all there is")), [30, 50]);
        window.replace(None, Some(row(70)), order).expect("the end is held");
        assert_eq!(keys(window.shown(PAGE).expect("held")), [30, 50, 70]);
    }

    #[test]
    fn a_row_that_is_not_where_it_was_is_noticed() {
        let mut all = window([10, 20], 0, false);
        assert_eq!(all.replace(Some(&row(15)), None, order), Err(Stale));
        assert_eq!(all.replace(None, Some(row(20)), order), Err(Stale));
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let mut window = window(0..1_000, 0, false);
        let shown = Shown { offset: 400, limit: 10 };
        let expected = keys(window.shown(shown).expect("held"));
        window.trim(shown);
        assert_eq!((window.rows.len(), window.before, window.more), (10 + 2 * MARGIN, 400 - MARGIN, true));
        assert_eq!(keys(window.shown(shown).expect("held")), expected);
    }
}
