//! The planner: from what is asked to what the storage does. A pure function.

use std::fmt;

use super::spec::{Branch, Spec};
use crate::error::Result;
use crate::index::Column;
use crate::key::range::{KeyRange, RangeSet};
use crate::schema::{KeyPath, StoreSchema};
use crate::storage::Want;

/// How a query is carried out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Plan {
    /// The storage walks one index and does everything itself.
    Native(Walk),
    /// The storage walks one index; rows are looked at, or skipped, as they come, and reading stops early.
    Filtered(Walk),
    /// The storage walks one index whose rows may appear under several keys: keys first, then the rows of each once.
    Distinct(Walk),
    /// Everything that matches is gathered, then ordered and cut in memory.
    Gather(Vec<Walk>),
}

/// A way through an index.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Walk {
    pub column: Column,
    pub ranges: Vec<KeyRange>,
}

impl Plan {
    /// The walk, where one scan of it brings all rows, and each tells by itself whether it is in the result.
    pub fn one_scan(&self, spec: &Spec) -> Option<&Walk> {
        match self {
            Self::Native(walk) => Some(walk),
            Self::Filtered(walk) => spec.is_sieve().then_some(walk),
            Self::Distinct(_) | Self::Gather(_) => None,
        }
    }
}

impl Walk {
    pub fn index(&self) -> Option<u16> {
        self.column.entry.checked_sub(1)
    }

    /// Rows with all the keys by which they are found: the primary key is its own place.
    pub fn with_keys(&self) -> Want {
        if self.column == Column::PRIMARY { Want::ENTRIES } else { Want::ALL }
    }
}

/// Whether a row can stand under several keys of an index.
pub(crate) fn is_multi(schema: &StoreSchema, column: Column) -> bool {
    column.entry.checked_sub(1).and_then(|at| schema.indexes.get(usize::from(at))).is_some_and(|index| index.multi)
}

pub(crate) fn path_of(schema: &StoreSchema, column: Column) -> KeyPath {
    match column.entry.checked_sub(1) {
        None => schema.key.path,
        Some(at) => schema.indexes.get(usize::from(at)).map_or(KeyPath::None, |index| index.path),
    }
}

/// Chooses the cheapest way that gives exactly what is asked for.
pub(crate) fn plan(spec: &Spec, schema: &StoreSchema, table: &str) -> Result<Plan> {
    if let Some(fault) = &spec.fault {
        return Err(fault.clone());
    }
    let mut walks = Vec::with_capacity(spec.branches.len().max(1));
    for branch in &spec.branches {
        let ranges = branch.ranges.as_ref().map_err(|unfit| unfit.error(table))?;
        walks.push(Walk { column: branch.column, ranges: ranges.ranges().to_vec() });
    }
    let order = spec.order_column();
    let walk = match (spec.branches.as_slice(), walks.len()) {
        ([], _) => Walk { column: order, ranges: RangeSet::one(KeyRange::all()).ranges().to_vec() },
        ([branch], _) => match in_order(branch, order, schema) {
            Some(walk) => walk,
            None => return Ok(Plan::Gather(walks)),
        },
        _ => return Ok(Plan::Gather(walks)),
    };
    if spec.sort.is_some() {
        return Ok(Plan::Gather(vec![walk]));
    }
    let looks = spec.tests_rows();
    // The storage goes on from a place, or skips rows, but not both.
    let in_chunks = looks || (spec.after.is_some() && spec.offset > 0);
    // One key holds a row once, however often the row's field repeats it.
    let repeats =
        is_multi(schema, walk.column) && !matches!(walk.ranges.as_slice(), [range] if range.single().is_some());
    Ok(match repeats {
        // A row must be seen once, at its first key: that is known only when all keys are.
        true if looks => Plan::Gather(vec![walk]),
        true => Plan::Distinct(walk),
        false if in_chunks => Plan::Filtered(walk),
        false => Plan::Native(walk),
    })
}

/// The walk of a clause in the wanted order: on the same index, or, for one key, on a compound index of both columns.
fn in_order(branch: &Branch, order: Column, schema: &StoreSchema) -> Option<Walk> {
    let ranges = branch.ranges.as_ref().ok()?.ranges();
    if branch.column == order || (branch.column.entry == order.entry && !is_multi(schema, order)) {
        return Some(Walk { column: order, ranges: ranges.to_vec() });
    }
    let [range] = ranges else { return None };
    let (first, second) = (path_of(schema, branch.column), path_of(schema, order));
    let (KeyPath::One(first), KeyPath::One(second)) = (first, second) else { return None };
    if branch.residual.is_some() || is_multi(schema, branch.column) || is_multi(schema, order) {
        return None;
    }
    let key = range.single()?;
    let at = schema
        .indexes
        .iter()
        .position(|index| matches!(index.path, KeyPath::Many([a, b]) if *a == first && *b == second))?;
    Some(Walk {
        column: Column { entry: u16::try_from(at + 1).ok()?, first: false },
        ranges: RangeSet::one(KeyRange::with_prefix(std::slice::from_ref(key))).ranges().to_vec(),
    })
}

/// What `explain()` prints.
pub(crate) struct Explained<'a> {
    pub plan: &'a Plan,
    pub spec: &'a Spec,
    pub schema: &'a StoreSchema,
    pub table: &'a str,
}

impl Explained<'_> {
    fn walk(&self, f: &mut fmt::Formatter<'_>, walk: &Walk) -> fmt::Result {
        match walk.index().and_then(|at| self.schema.indexes.get(usize::from(at))) {
            Some(index) => write!(f, "index `{}` of `{}`", index.name, self.table)?,
            None => write!(f, "primary key of `{}`", self.table)?,
        }
        match walk.ranges.as_slice() {
            [] => f.write_str(", nothing in range"),
            [range] if *range == KeyRange::all() => f.write_str(", all of it"),
            [range] => write!(f, ", {range}"),
            ranges => {
                write!(f, ", {} ranges: ", ranges.len())?;
                for (at, range) in ranges.iter().take(3).enumerate() {
                    if at > 0 {
                        f.write_str(" | ")?;
                    }
                    write!(f, "{range}")?;
                }
                if ranges.len() > 3 { f.write_str(" | …") } else { Ok(()) }
            }
        }
    }
}

impl fmt::Display for Explained<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Spec { offset, limit, .. } = self.spec;
        match self.plan {
            Plan::Native(walk) | Plan::Filtered(walk) => {
                let whole = self.plan.one_scan(self.spec).is_some();
                f.write_str(match (whole, *offset > 0, walk.ranges.as_slice()) {
                    (false, ..) => "ranged reads in chunks",
                    (true, true, _) => "key cursor to the offset, then ranged reads",
                    (true, false, [_]) => "one ranged read (getAll)",
                    (true, false, _) => "ranged reads side by side (getAll)",
                })?;
                f.write_str(if self.spec.tests_rows() { ", each row tested, on the " } else { " on the " })?;
                self.walk(f, walk)?;
            }
            Plan::Distinct(walk) => {
                f.write_str("primary keys (getAllKeys), each once, then their rows, on the ")?;
                self.walk(f, walk)?;
            }
            Plan::Gather(walks) => {
                f.write_str("everything that matches, once each, ordered in memory: ")?;
                for (at, walk) in walks.iter().enumerate() {
                    if at > 0 {
                        f.write_str("; and the ")?;
                    }
                    self.walk(f, walk)?;
                }
            }
        }
        if self.spec.reverse {
            f.write_str("; in reverse")?;
        }
        if *offset > 0 {
            write!(f, "; from row {offset}")?;
        }
        if let Some(limit) = limit {
            write!(f, "; at most {limit} rows")?;
        }
        Ok(())
    }
}
