//! Requests as `indexed_db.js` reads them: a number for the operation, two more, and a batch.

use std::ops::Bound;

use crate::codec::{Batch, Finished, tag, write_key};
use crate::key::AnyKey;
use crate::key::range::KeyRange;
use crate::storage::{Adopt, Merge, Operation, Request, Scan, Undone, Write};

/// Bits of an operation's second number. The numbers are those of `indexed_db.js`.
mod flag {
    pub const ROWS: u32 = 1;
    pub const PRIMARY_KEYS: u32 = 2;
    pub const KEYS: u32 = 4;
    pub const REVERSE: u32 = 8;
    pub const UNIQUE: u32 = 16;
    pub const PARK: u32 = 32;
    pub const WITH_KEYS: u32 = 64;
    pub const PART: u32 = 128;
    pub const EARLY: u32 = 256;
}

pub(super) struct Encoded {
    pub operation: u32,
    pub a: u32,
    pub b: u32,
    pub batch: Finished,
}

#[allow(clippy::cast_possible_truncation, reason = "wasm memory ends at 2^32")]
pub(super) fn encode(request: &Request) -> Encoded {
    let with = |operation, a: usize, b, batch| Encoded { operation, a: a as u32, b, batch };
    match &request.operation {
        Operation::Get { keys, park } => {
            let flags = if *park { flag::ROWS | flag::PARK } else { flag::ROWS };
            with(0, keys.len(), flags, encode_keys(keys))
        }
        Operation::Scan(scan) => {
            let (limit, flags, batch) = encode_scan(scan);
            let early = if request.sink.is_some() { flag::EARLY } else { 0 };
            with(1, limit, flags | early, batch)
        }
        Operation::Count(ranges) => with(2, 0, 0, encode_ranges(Batch::default(), ranges)),
        Operation::Write(Write { put, rows, count, with_keys, want_keys, undone }) => {
            let mut flags = 0;
            if *with_keys {
                flags |= flag::WITH_KEYS;
            }
            if *want_keys {
                flags |= flag::PRIMARY_KEYS;
            }
            if *undone == Undone::AsPart {
                flags |= flag::PART;
            }
            with(if *put { 4 } else { 3 }, *count, flags, rows.clone())
        }
        Operation::Delete(keys) => with(5, keys.len(), 0, encode_keys(keys)),
        Operation::DeleteRanges(ranges) => with(6, 0, 0, encode_ranges(Batch::default(), ranges)),
        Operation::Clear => with(7, 0, 0, Batch::default().finish()),
        Operation::Merge(Merge { parked, changes, count, undone }) => {
            let operation = if *undone == Undone::AsPart { 13 } else { 8 };
            with(operation, *count, *parked, changes.clone())
        }
        Operation::Savepoint(id) => with(9, *id as usize, 0, Batch::default().finish()),
        Operation::Release(id) => with(10, *id as usize, 0, Batch::default().finish()),
        Operation::Adopt(Adopt { from, rows }) => {
            let mut batch = Batch::default();
            batch.int(tag::TEXT);
            batch.text(from);
            batch.end_row();
            with(12, usize::from(*rows), 0, batch.finish())
        }
        Operation::Rollback(id) => with(11, *id as usize, 0, Batch::default().finish()),
    }
}

fn encode_keys(keys: &[AnyKey]) -> Finished {
    let mut batch = Batch::default();
    for key in keys {
        write_key(&mut batch, key);
        batch.end_row();
    }
    batch.finish()
}

#[allow(clippy::cast_possible_truncation, reason = "wasm memory ends at 2^32")]
fn encode_scan(scan: &Scan) -> (usize, u32, Finished) {
    let mut batch = Batch::default();
    batch.int(tag::U32);
    batch.int(scan.offset as u32);
    batch.end_row();
    match &scan.after {
        None => batch.int(tag::NULL),
        Some(position) => {
            write_key(&mut batch, &AnyKey::Array(vec![position.key.clone(), position.primary_key.clone()]));
        }
    }
    batch.end_row();
    let mut flags = 0;
    for (wanted, flag) in [
        (scan.want.rows, flag::ROWS),
        (scan.want.primary_keys, flag::PRIMARY_KEYS),
        (scan.want.keys, flag::KEYS),
        (scan.reverse, flag::REVERSE),
        (scan.unique, flag::UNIQUE),
        (scan.want.park, flag::PARK),
    ] {
        if wanted {
            flags |= flag;
        }
    }
    (scan.limit.unwrap_or(u32::MAX as usize), flags, encode_ranges(batch, &scan.ranges))
}

/// Each range as an array: the lower key and whether there is none (0), it is inside (1) or outside (2), the upper
/// key and the same.
#[allow(clippy::cast_possible_truncation, reason = "wasm memory ends at 2^32")]
fn encode_ranges(mut batch: Batch, ranges: &[KeyRange]) -> Finished {
    batch.int(tag::ARRAY);
    batch.int(ranges.len() as u32);
    batch.int(tag::ARRAY);
    for range in ranges {
        batch.int(4);
        batch.int(tag::MIXED);
        for bound in [&range.lower, &range.upper] {
            let kind = match bound {
                Bound::Unbounded => {
                    batch.int(tag::NULL);
                    0
                }
                Bound::Included(key) => {
                    write_key(&mut batch, key);
                    1
                }
                Bound::Excluded(key) => {
                    write_key(&mut batch, key);
                    2
                }
            };
            batch.int(tag::U32);
            batch.int(kind);
        }
    }
    batch.end_row();
    batch.finish()
}
