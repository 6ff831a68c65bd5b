//! Reading through layers: what is stored, with the rows of the layers where they would stand if they were stored too.
//! Called by `frame`; calls the storage.

use std::cmp::Ordering;

use super::layer::Layers;
use crate::engine::{Session, unexpected};
use crate::error::{Error, Result};
use crate::key::AnyKey;
use crate::key::range::{KeyRange, RangeSet};
use crate::order::{SortedMap, SortedSet};
use crate::storage::memory::evaluator::{Found, Outcome, Row, rows_of};
use crate::storage::{Columns, Operation, Position, Reply, Request, Scan, Want};

/// Of a window, so many more rows than it has are read at most, in place of those that are hidden.
const MOST_HIDDEN: usize = 256;

/// The stored rows of one store, as one transaction sees them.
pub(super) struct Below<'a> {
    pub session: &'a Session,
    pub store: u16,
}

/// One record of an index.
struct Record {
    key: AnyKey,
    primary_key: AnyKey,
    row: Option<Row>,
}

impl Below<'_> {
    async fn columns(&self, index: Option<u16>, operation: Operation) -> Result<Columns> {
        match self.session.run_below(self.store, index, operation).await? {
            Reply::Columns(columns) => Ok(columns),
            Reply::Unit | Reply::Number(_) => Err(unexpected()),
        }
    }

    /// The stored rows with these keys.
    pub async fn get(&self, keys: Vec<AnyKey>) -> Result<Vec<Option<Row>>> {
        self.get_parked(keys, false).await.map(|(rows, _)| rows)
    }

    /// The same, and the number under which the storage keeps them, if it is to.
    pub async fn get_parked(&self, keys: Vec<AnyKey>, park: bool) -> Result<(Vec<Option<Row>>, u32)> {
        if keys.is_empty() {
            return Ok((Vec::new(), 0));
        }
        let columns = self.columns(None, Operation::Get { keys, park }).await?;
        Ok((rows_of(&columns), columns.parked))
    }

    /// The stored records of a scan, with their rows if those are wanted.
    async fn scan(&self, index: Option<u16>, scan: Scan, with_rows: bool) -> Result<Vec<Record>> {
        let want = Want { rows: with_rows, keys: index.is_some(), ..Want::PRIMARY_KEYS };
        let columns = self.columns(index, Operation::Scan(Scan { want, ..scan })).await?;
        let (primary_keys, keys) = {
            let opened = columns.open(&*columns.shapes.borrow());
            (opened.primary_keys, opened.keys)
        };
        let keys = if index.is_some() { keys } else { primary_keys.clone() };
        let rows = if with_rows { rows_of(&columns) } else { vec![None; columns.count] };
        let records = keys.into_iter().zip(primary_keys).zip(rows);
        Ok(records.map(|((key, primary_key), row)| Record { key, primary_key, row }).collect())
    }

    async fn count(&self, index: Option<u16>, ranges: Vec<KeyRange>) -> Result<u64> {
        match self.session.run_below(self.store, index, Operation::Count(ranges)).await? {
            Reply::Number(number) => Ok(number),
            Reply::Unit | Reply::Columns(_) => Err(unexpected()),
        }
    }
}

/// Answers a read.
pub(super) async fn read(below: &Below<'_>, layers: &Layers, request: &Request) -> Result<(Outcome, Want)> {
    match &request.operation {
        Operation::Get { keys, .. } if request.index.is_none() => {
            let rows = get(below, layers, keys).await?;
            Ok((Outcome::Found(Found { count: rows.len(), rows, ..Found::default() }), Want::ROWS))
        }
        Operation::Get { keys, .. } => {
            let ranges = RangeSet::union(keys.iter().cloned().map(KeyRange::only).collect());
            let all = Scan { ranges: ranges.ranges().to_vec(), ..every(Want::ALL) };
            let mut first: SortedMap<AnyKey, Option<Row>> = SortedMap::new();
            for record in records(below, layers, request.index, &all).await? {
                first.entry(record.key).or_insert(record.row);
            }
            let rows: Vec<_> = keys.iter().map(|key| first.get(key).cloned().flatten()).collect();
            Ok((Outcome::Found(Found { count: rows.len(), rows, ..Found::default() }), Want::ROWS))
        }
        Operation::Scan(scan) => {
            let mut found = Found::default();
            for Record { key, primary_key, row } in records(below, layers, request.index, scan).await? {
                found.count += 1;
                if scan.want.primary_keys {
                    found.primary_keys.push(primary_key);
                }
                if scan.want.keys {
                    found.keys.push(key);
                }
                if scan.want.rows {
                    found.rows.push(row);
                }
            }
            Ok((Outcome::Found(found), scan.want))
        }
        Operation::Count(ranges) => {
            count(below, layers, request.index, ranges).await.map(|count| (Outcome::Number(count), Want::NOTHING))
        }
        _ => Err(Error::ReadOnly { table: below.session.shared.table_name(below.store).to_owned() }),
    }
}

/// A scan of all there is.
const fn every(want: Want) -> Scan {
    Scan { ranges: Vec::new(), reverse: false, unique: false, offset: 0, limit: None, after: None, want }
}

/// The rows with these keys.
pub(super) async fn get(below: &Below<'_>, layers: &Layers, keys: &[AnyKey]) -> Result<Vec<Option<Row>>> {
    let stored: Vec<AnyKey> = keys.iter().filter(|key| !layers.touches(key)).cloned().collect();
    let mut stored = below.get(stored).await?.into_iter();
    let row = |key| match layers.get(key) {
        Some(entry) => entry.now.clone(),
        None => stored.next().flatten(),
    };
    Ok(keys.iter().map(row).collect())
}

/// The rows that stand in these ranges of an index, with their primary keys.
pub(super) async fn found(
    below: &Below<'_>,
    layers: &Layers,
    index: Option<u16>,
    ranges: Vec<KeyRange>,
) -> Result<Vec<(AnyKey, Row)>> {
    let records = records(below, layers, index, &Scan { ranges, ..every(Want::ALL) }).await?;
    Ok(records.into_iter().filter_map(|record| Some((record.primary_key, record.row?))).collect())
}

async fn records(below: &Below<'_>, layers: &Layers, index: Option<u16>, scan: &Scan) -> Result<Vec<Record>> {
    let offset = if scan.after.is_none() { scan.offset } else { 0 };
    let limit = scan.limit.unwrap_or(usize::MAX);
    if scan.ranges.is_empty() || limit == 0 {
        return Ok(Vec::new());
    }
    // Of a key that comes once only, what is hidden may be the record that the storage would give.
    let needed = if scan.unique || scan.limit.is_none() { None } else { Some(offset.saturating_add(limit)) };
    let part = Scan { unique: false, offset: 0, limit: None, want: Want::ALL, ..scan.clone() };
    let own = own(below, layers, index, &part)?;
    let stored = stored(below, layers, index, part, scan.want.rows, needed).await?;
    let mut all = merge(own, stored, scan.reverse);
    if scan.unique {
        all = each_once(all, scan.reverse);
    }
    Ok(all.into_iter().skip(offset).take(limit).collect())
}

/// The records of the layers.
fn own(below: &Below<'_>, layers: &Layers, index: Option<u16>, scan: &Scan) -> Result<Vec<Record>> {
    let mut all = Vec::new();
    for (layer, hidden) in layers.each() {
        let found = layer.rows().scan(index, scan);
        let found = found.map_err(|failure| failure.into_error(below.session.shared.table_name(below.store)))?;
        let records = found.keys.into_iter().zip(found.primary_keys).zip(found.rows);
        let records = records.map(|((key, primary_key), row)| Record { key, primary_key, row });
        all = merge(all, records.filter(|record| !hidden(&record.primary_key)).collect(), scan.reverse);
    }
    Ok(all)
}

/// The stored records that are not hidden: all, or as many as are needed.
async fn stored(
    below: &Below<'_>,
    layers: &Layers,
    index: Option<u16>,
    mut scan: Scan,
    with_rows: bool,
    needed: Option<usize>,
) -> Result<Vec<Record>> {
    let hidden = layers.len().min(MOST_HIDDEN);
    scan.limit = needed.map(|needed| needed.saturating_add(hidden));
    let mut visible = Vec::new();
    loop {
        let records = below.scan(index, scan.clone(), with_rows).await?;
        let ended = scan.limit.is_none_or(|limit| records.len() < limit);
        let last =
            records.last().map(|record| Position { key: record.key.clone(), primary_key: record.primary_key.clone() });
        visible.extend(records.into_iter().filter(|record| !layers.touches(&record.primary_key)));
        if ended || needed.is_none_or(|needed| visible.len() >= needed) {
            return Ok(visible);
        }
        scan.after = last;
    }
}

/// Two runs of records in order as one.
fn merge(a: Vec<Record>, b: Vec<Record>, reverse: bool) -> Vec<Record> {
    let compare = |a: &Record, b: &Record| {
        let order = a.key.cmp(&b.key).then_with(|| a.primary_key.cmp(&b.primary_key));
        if reverse { order.reverse() } else { order }
    };
    let mut merged = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (a.into_iter().peekable(), b.into_iter().peekable());
    loop {
        let next = match (a.peek(), b.peek()) {
            (Some(x), Some(y)) if compare(x, y) == Ordering::Greater => b.next(),
            (Some(_), _) => a.next(),
            (None, _) => b.next(),
        };
        match next {
            Some(record) => merged.push(record),
            None => return merged,
        }
    }
}

/// Of each key the record that a cursor stops at: in either direction the one with the lowest primary key.
fn each_once(records: Vec<Record>, reverse: bool) -> Vec<Record> {
    let mut once: Vec<Record> = Vec::new();
    for record in records {
        match once.last_mut() {
            Some(last) if last.key == record.key => {
                if reverse {
                    *last = record;
                }
            }
            _ => once.push(record),
        }
    }
    once
}

async fn count(below: &Below<'_>, layers: &Layers, index: Option<u16>, ranges: &[KeyRange]) -> Result<u64> {
    let own = own(below, layers, index, &Scan { ranges: ranges.to_vec(), ..every(Want::ALL) })?.len();
    let stored = below.count(index, ranges.to_vec()).await?;
    let inside = |key: &AnyKey| ranges.iter().any(|range| range.contains(key));
    let mut touched: SortedSet<&AnyKey> = SortedSet::new();
    for (layer, _) in layers.each() {
        let of_layer = layer.entries().iter().filter(|(_, entry)| !entry.is_temporary());
        touched.extend(of_layer.map(|(key, _)| key).filter(|key| index.is_some() || inside(key)));
    }
    let hidden = below.get(touched.into_iter().cloned().collect()).await?;
    let entries = |row: &Row| match index {
        None => 1,
        Some(index) => layers.keys(index, row).iter().filter(|key| inside(key)).count(),
    };
    let hidden: usize = hidden.iter().flatten().map(entries).sum();
    Ok((own as u64 + stored).saturating_sub(hidden as u64))
}
