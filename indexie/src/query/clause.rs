//! What a clause means, as ranges of an index's keys: the typed clauses and those of an upgrade both come down to this. Pure.

use std::ops::Bound;
use std::rc::Rc;

use super::spec::{Branch, Unfit};
use super::ways::IN_MEMORY;
use crate::index::Column;
use crate::key::case::Folded;
use crate::key::range::{KeyRange, RangeSet};
use crate::key::{AnyKey, Form, KeyError};

pub(crate) type Bounds = (Bound<AnyKey>, Bound<AnyKey>);

/// An index that waits for its clause.
#[derive(Clone, Copy)]
pub(crate) struct Clause {
    pub column: Column,
    /// The type of the index's keys; where it is not known, the type of the key that is given counts.
    pub form: Option<Form>,
}

impl Clause {
    /// Every key that a range without an end can mean: `above(5)` on numbers does not reach into strings.
    fn whole(self, bounds: &Bounds) -> KeyRange {
        match (self.form, bounds) {
            (Some(form), _) => KeyRange::of_form(form),
            (
                None,
                (Bound::Included(key) | Bound::Excluded(key), Bound::Unbounded)
                | (Bound::Unbounded, Bound::Included(key) | Bound::Excluded(key)),
            ) => KeyRange::of_type(key),
            (None, _) => KeyRange::all(),
        }
    }

    fn all(self) -> KeyRange {
        self.form.map_or_else(KeyRange::all, KeyRange::of_form)
    }

    /// Ranges of the column's keys, in the keys of its index.
    fn branch(self, ranges: Result<RangeSet, Unfit>) -> Branch {
        let of_compound = |range: &KeyRange| KeyRange::within_prefix(&[], range.lower.clone(), range.upper.clone());
        let placed = ranges.map(|ranges| {
            if self.column.first { RangeSet::union(ranges.ranges().iter().map(of_compound).collect()) } else { ranges }
        });
        Branch::new(self.column, placed)
    }

    pub fn any_of(self, keys: impl IntoIterator<Item = Result<AnyKey, KeyError>>) -> Branch {
        self.branch(points(keys.into_iter().collect()))
    }

    pub fn none_of(self, keys: impl IntoIterator<Item = Result<AnyKey, KeyError>>) -> Branch {
        self.branch(points(keys.into_iter().collect()).map(|ranges| ranges.complement(&self.all())))
    }

    pub fn range(self, bounds: Result<Bounds, KeyError>) -> Branch {
        self.branch(bounds.map_err(Unfit::Key).map(|bounds| {
            let whole = self.whole(&bounds);
            RangeSet::one(KeyRange { lower: bounds.0, upper: bounds.1 }).within(&whole)
        }))
    }

    pub fn in_any_range(self, ranges: impl IntoIterator<Item = Result<Bounds, KeyError>>) -> Branch {
        let ranges: Result<Vec<_>, Unfit> = ranges
            .into_iter()
            .map(|bounds| {
                let bounds = bounds?;
                let whole = self.whole(&bounds);
                match &bounds {
                    (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to))
                        if from > to =>
                    {
                        Err(Unfit::Backwards(format!("the range from {from} to {to} ends before it begins")))
                    }
                    _ => Ok(RangeSet::one(KeyRange { lower: bounds.0, upper: bounds.1 }).within(&whole)),
                }
            })
            .collect();
        let ranges = ranges.map(|sets| sets.iter().flat_map(RangeSet::ranges).cloned().collect());
        self.branch(ranges.map(RangeSet::union))
    }

    pub fn prefix(self, parts: impl IntoIterator<Item = Result<AnyKey, KeyError>>) -> Branch {
        let parts: Result<Vec<_>, _> = parts.into_iter().collect();
        let parts = parts.map(|parts| RangeSet::one(KeyRange::with_prefix(&parts)));
        Branch::new(self.column, parts.map_err(Unfit::Key))
    }

    pub fn starts_with_any_of(self, prefixes: impl IntoIterator<Item = impl AsRef<str>>) -> Branch {
        let ranges = prefixes.into_iter().map(|prefix| KeyRange::starting_with(prefix.as_ref())).collect();
        self.branch(Ok(RangeSet::union(ranges)))
    }

    pub fn folded(self, folded: Folded) -> Branch {
        let (ranges, exact) = folded.ranges();
        let mut branch = self.branch(Ok(ranges));
        if !exact {
            branch.residual = Some(Rc::new(folded));
            branch.ways = Some(IN_MEMORY);
        }
        branch
    }
}

fn points(keys: Vec<Result<AnyKey, KeyError>>) -> Result<RangeSet, Unfit> {
    let keys: Result<Vec<_>, _> = keys.into_iter().map(|key| key.map(KeyRange::only)).collect();
    Ok(RangeSet::union(keys?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGE: Column = Column { entry: 1, first: false };

    fn shown(branch: &Branch) -> String {
        let ranges = branch.ranges.as_ref().expect("ranges");
        ranges.ranges().iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn without_a_type_the_key_says_which_keys_are_meant() {
        let clause = Clause { column: AGE, form: None };
        let above = |key: AnyKey| clause.range(Ok((Bound::Excluded(key), Bound::Unbounded)));
        assert_eq!(shown(&above(18.into())), "(18, inf]");
        assert_eq!(shown(&above("a".into())), "(\"a\", [])");
        let across = clause.range(Ok((Bound::Included(18.into()), Bound::Included("a".into()))));
        assert_eq!(shown(&across), "[18, \"a\"]");
        assert_eq!(shown(&clause.none_of([Ok(1.into())])), "(…, 1) | (1, …)");
    }

    #[test]
    fn with_a_type_only_its_keys_are_meant() {
        let clause = Clause { column: AGE, form: Some(Form::Number) };
        assert_eq!(shown(&clause.range(Ok((Bound::Excluded(18.into()), Bound::Unbounded)))), "(18, inf]");
        assert_eq!(shown(&clause.none_of([Ok(1.into())])), "[-inf, 1) | (1, inf]");
    }

    #[test]
    fn the_first_column_of_a_compound_index_is_a_prefix() {
        let clause = Clause { column: Column { entry: 1, first: true }, form: None };
        assert_eq!(shown(&clause.any_of([Ok("a".into())])), "[[\"a\"], [\"a\", …])");
    }
}
