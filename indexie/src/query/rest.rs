//! A query that is read chunk by chunk: where it stands, and what is left of it.

use std::cell::Cell;
use std::rc::Rc;

use super::execute::{Execution, Found};
use super::plan::Walk;
use super::spec::Spec;
use crate::error::Result;
use crate::key::AnyKey;
use crate::key::range::KeyRange;
use crate::storage::{Position, Scan, Sink, rows_at_one_time};

/// Rows per read where the number of rows wanted is not known beforehand: little at first, for who stops early.
const FIRST_CHUNK: usize = 64;
const LARGEST_CHUNK: usize = 1_024;
/// Where all of it is read anyway: at first, and at most.
const WHOLE_CHUNK: usize = 1_024;
const LARGEST_WHOLE_CHUNK: usize = 8_192;

/// What is left of a query that is read chunk by chunk. Plans that gather come in one piece.
pub(crate) struct Rest {
    /// In the index that is walked; none before the first read.
    after: Option<Position>,
    begun: bool,
    /// So many of the walk's ranges are read to their end.
    done: usize,
    offset: usize,
    limit: usize,
    chunk: usize,
    largest: usize,
    ended: bool,
}

impl Rest {
    pub fn new(execution: &Execution) -> Self {
        Self {
            after: None,
            begun: false,
            done: 0,
            offset: execution.spec.offset,
            limit: execution.spec.limit.unwrap_or(usize::MAX),
            chunk: FIRST_CHUNK,
            largest: LARGEST_CHUNK,
            ended: false,
        }
    }

    /// Where all of it is wanted: whoever passes over most of the rows has to be given many.
    pub fn whole(execution: &Execution) -> Self {
        let stops_early = execution.spec.limit.is_some() || execution.spec.until.is_some();
        let (chunk, largest) =
            if stops_early { (FIRST_CHUNK, LARGEST_CHUNK) } else { (WHOLE_CHUNK, LARGEST_WHOLE_CHUNK) };
        Self { chunk, largest, ..Self::new(execution) }
    }

    /// Whether there is nothing left.
    pub fn is_over(&self) -> bool {
        self.ended || self.limit == 0
    }

    /// The ranges that are read next, as many as the chunk may need if each has a row.
    fn next_ranges<'a>(&self, walk: &'a Walk, reverse: bool) -> &'a [KeyRange] {
        let (ranges, most) = (&walk.ranges, self.chunk.max(FIRST_CHUNK));
        if reverse {
            let end = ranges.len() - self.done;
            &ranges[end.saturating_sub(most)..end]
        } else {
            &ranges[self.done..ranges.len().min(self.done + most)]
        }
    }

    /// The next rows of a walk that pass: none at the end. May be empty in between.
    pub async fn next(&mut self, execution: &Rc<Execution>, walk: &Walk) -> Result<Option<Vec<Found>>> {
        if self.is_over() {
            return Ok(None);
        }
        let Spec { branches, until, reverse, .. } = &*execution.spec;
        // Without tests every row counts: no more than the window has are read.
        let wanted = if execution.spec.tests_rows() {
            self.chunk
        } else {
            self.chunk.min(self.limit.saturating_add(self.offset))
        };
        if !std::mem::replace(&mut self.begun, true) {
            self.after = execution.after_in(walk);
        }
        // Of thousands of ranges, not all are told again with each chunk.
        let part = Walk { column: walk.column, ranges: self.next_ranges(walk, *reverse).to_vec() };
        let native = execution.native_scan(&part, walk.with_keys());
        let scan = Scan { offset: 0, limit: Some(wanted), after: self.after.clone(), ..native };
        let collector = Execution::collector();
        let (taken, sink) = (Rc::new(Cell::new(0)), collector.sink(execution.clone()));
        let weighed = taken.clone();
        let sink = Sink(Rc::new(move |columns| {
            weighed.set(weighed.get() + columns.size());
            (sink.0)(columns);
        }));
        let columns = execution.scan_into(walk, scan, Some(sink)).await?;
        let (found, last) = execution.decode(&columns, &collector)?;
        self.done += match &last {
            Some(last) if columns.count >= wanted => ranges_before(&part.ranges, &last.key, *reverse),
            _ => part.ranges.len(),
        };
        self.ended = self.done >= walk.ranges.len();
        self.chunk = rows_at_one_time((self.chunk * 2).min(self.largest), columns.count, taken.get() + columns.size());
        let mut kept = Vec::new();
        self.after = last.or(self.after.take());
        for mut found in found {
            if !branches.iter().all(|branch| Execution::passes(branch, &found)) {
                continue;
            }
            if until.as_ref().is_some_and(|until| until(&*found.row)) {
                self.ended = true;
                break;
            }
            if self.offset > 0 {
                self.offset -= 1;
                continue;
            }
            found.key = execution.ordering_key(walk, found.key);
            kept.push(found);
            self.limit -= 1;
            if self.limit == 0 {
                break;
            }
        }
        Ok(Some(kept))
    }
}

/// How many ranges come before the one that a key is in.
fn ranges_before(ranges: &[KeyRange], key: &AnyKey, reverse: bool) -> usize {
    let holds = |range: &KeyRange| range.contains(key);
    let before = if reverse { ranges.iter().rev().position(holds) } else { ranges.iter().position(holds) };
    before.unwrap_or(0)
}
