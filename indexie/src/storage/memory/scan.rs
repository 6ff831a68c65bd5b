//! Reading: records of a store or of an index, in order.

use std::ops::Bound;

use super::store::{Index, Store};
use super::value::Row;
use super::write::failure;
use crate::key::AnyKey;
use crate::key::range::KeyRange;
use crate::order::SortedSet;
use crate::storage::{Failure, Position, Scan, Want};

/// What was found, in columns: those that were wanted.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub count: usize,
    pub primary_keys: Vec<AnyKey>,
    pub keys: Vec<AnyKey>,
    /// None where there is no row.
    pub rows: Vec<Option<Row>>,
}

impl Found {
    fn push(&mut self, want: Want, key: &AnyKey, primary_key: &AnyKey, row: Option<&Row>) {
        self.count += 1;
        if want.primary_keys {
            self.primary_keys.push(primary_key.clone());
        }
        if want.keys {
            self.keys.push(key.clone());
        }
        if want.rows {
            self.rows.push(row.cloned());
        }
    }
}

/// The bounds of a range; `SortedMap` panics where a browser throws.
fn bounds(range: &KeyRange) -> Result<(Bound<&AnyKey>, Bound<&AnyKey>), Failure> {
    if range.is_empty() {
        return Err(failure("DataError", "the range ends before it begins"));
    }
    Ok((range.lower.as_ref(), range.upper.as_ref()))
}

/// Turns the iterator round where that is asked for.
fn directed<'a, T: 'a>(
    iterator: impl DoubleEndedIterator<Item = T> + 'a,
    reverse: bool,
) -> Box<dyn Iterator<Item = T> + 'a> {
    if reverse { Box::new(iterator.rev()) } else { Box::new(iterator) }
}

/// The rows with these keys: of an index, the first row under each.
pub(super) fn get(store: &Store, index: Option<&Index>, keys: &[AnyKey]) -> Vec<Option<Row>> {
    let row = |key: &AnyKey| match index {
        None => store.rows().get(key).cloned(),
        Some(index) => index.entries().get(key)?.first().and_then(|key| store.rows().get(key)).cloned(),
    };
    keys.iter().map(row).collect()
}

pub(super) fn count(store: &Store, index: Option<&Index>, ranges: &[KeyRange]) -> Result<u64, Failure> {
    let mut sum = 0;
    for range in ranges {
        let bounds = bounds(range)?;
        sum += match index {
            None => store.rows().range::<AnyKey, _>(bounds).count(),
            Some(index) => index.entries().range::<AnyKey, _>(bounds).map(|(_, keys)| keys.len()).sum(),
        };
    }
    Ok(sum as u64)
}

/// The primary keys in these ranges of them.
pub(super) fn keys_in(store: &Store, ranges: &[KeyRange]) -> Result<Vec<AnyKey>, Failure> {
    let mut keys = Vec::new();
    for range in ranges {
        keys.extend(store.rows().range::<AnyKey, _>(bounds(range)?).map(|(key, _)| key.clone()));
    }
    Ok(keys)
}

pub(super) fn scan(store: &Store, index: Option<&Index>, scan: &Scan) -> Result<Found, Failure> {
    let mut found = Found::default();
    let limit = scan.limit.unwrap_or(usize::MAX);
    // Where to go on is a place beyond any offset.
    let mut skip = if scan.after.is_none() { scan.offset } else { 0 };
    let mut take = |key: &AnyKey, primary_key: &AnyKey, row: Option<&Row>| {
        if skip > 0 {
            skip -= 1;
        } else if found.count < limit {
            found.push(scan.want, key, primary_key, row);
        }
        found.count < limit
    };
    if limit == 0 {
        return Ok(found);
    }
    for range in directed(scan.ranges.iter(), scan.reverse) {
        bounds(range)?;
        let rest = ahead(range, scan);
        if rest.is_empty() {
            continue;
        }
        let bounds = bounds(&rest)?;
        let goes_on = match index {
            None => directed(store.rows().range::<AnyKey, _>(bounds), scan.reverse)
                .filter(|(key, _)| scan.after.as_ref().is_none_or(|after| after.key != **key))
                .all(|(key, row)| take(key, key, Some(row))),
            Some(index) => {
                directed(index.entries().range::<AnyKey, _>(bounds), scan.reverse).all(|(key, primary_keys)| {
                    records(scan, key, primary_keys)
                        .all(|primary_key| take(key, primary_key, store.rows().get(primary_key)))
                })
            }
        };
        if !goes_on {
            break;
        }
    }
    Ok(found)
}

/// The part of the range where the scan goes on: from the key of the last record on, which may have more of them.
fn ahead(range: &KeyRange, scan: &Scan) -> KeyRange {
    let Some(Position { key, .. }) = &scan.after else { return range.clone() };
    let side = if scan.reverse {
        KeyRange { lower: Bound::Unbounded, upper: Bound::Included(key.clone()) }
    } else {
        KeyRange { lower: Bound::Included(key.clone()), upper: Bound::Unbounded }
    };
    range.intersect(&side)
}

/// The records under one key of an index that the scan comes to.
fn records<'a>(
    scan: &Scan,
    key: &AnyKey,
    primary_keys: &'a SortedSet<AnyKey>,
) -> Box<dyn Iterator<Item = &'a AnyKey> + 'a> {
    let resumed = scan.after.as_ref().filter(|after| after.key == *key).map(|after| &after.primary_key);
    let rest = match resumed {
        // A cursor that has to be put behind a record goes on from there; else it stands at a key's first record, in either
        // direction.
        None if scan.unique => return Box::new(primary_keys.first().into_iter()),
        None => (Bound::Unbounded, Bound::Unbounded),
        Some(record) if scan.reverse => (Bound::Unbounded, Bound::Excluded(record)),
        Some(record) => (Bound::Excluded(record), Bound::Unbounded),
    };
    let records = directed(primary_keys.range::<AnyKey, _>(rest), scan.reverse);
    if scan.unique { Box::new(records.take(1)) } else { records }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::store::Index;
    use super::super::store::tests::path;
    use super::super::value::tests::{array, number, object};
    use super::*;

    /// Rows 1 to 6; `v` is 1, 2, 0, 1, 2, 0, and `many` holds the key and ten times `v`.
    fn given() -> Store {
        let mut store = Store::new(path("id"), false);
        store.create_index("v", Index::new(path("v"), false, false)).expect("an empty store");
        store.create_index("many", Index::new(path("many"), false, true)).expect("an empty store");
        for id in 1..=6 {
            let (id, v) = (f64::from(id), f64::from(id % 3));
            let many = array([number(id), number(v * 10.0)]);
            let row = object([("id", number(id)), ("v", number(v)), ("many", many)]);
            store.insert(AnyKey::Number(id), Arc::new(row));
        }
        store
    }

    const ALL: Scan = Scan {
        ranges: Vec::new(),
        reverse: false,
        unique: false,
        offset: 0,
        limit: None,
        after: None,
        want: Want::ALL,
    };

    fn closed(lower: i32, upper: i32) -> KeyRange {
        KeyRange { lower: Bound::Included(lower.into()), upper: Bound::Included(upper.into()) }
    }

    fn everything() -> Vec<KeyRange> {
        vec![KeyRange::all()]
    }

    fn at(key: i32, primary_key: i32) -> Position {
        Position { key: key.into(), primary_key: primary_key.into() }
    }

    /// Key and primary key of each record.
    fn run(index: Option<&str>, by: &Scan) -> Vec<(i64, i64)> {
        let store = given();
        let index = index.map(|name| &store.indexes()[name]);
        let found = scan(&store, index, by).expect("ranges that are none the wrong way round");
        assert_eq!(found.count, found.rows.len());
        let whole = |key: &AnyKey| format!("{key}").parse().expect("a whole number");
        for (row, key) in found.rows.iter().zip(&found.primary_keys) {
            assert_eq!(row.as_deref().map(|row| path("id").keys(row, false)), Some(vec![key.clone()]));
        }
        found.keys.iter().map(whole).zip(found.primary_keys.iter().map(whole)).collect()
    }

    #[test]
    fn a_store_is_walked_in_either_direction() {
        let ranges = vec![closed(1, 2), closed(5, 9)];
        assert_eq!(run(None, &Scan { ranges: ranges.clone(), ..ALL }), [(1, 1), (2, 2), (5, 5), (6, 6)]);
        let reverse = Scan { ranges, reverse: true, offset: 1, limit: Some(2), ..ALL };
        assert_eq!(run(None, &reverse), [(5, 5), (2, 2)]);
    }

    #[test]
    fn an_index_is_walked_by_key_and_then_by_primary_key() {
        let by = Scan { ranges: everything(), ..ALL };
        assert_eq!(run(Some("v"), &by), [(0, 3), (0, 6), (1, 1), (1, 4), (2, 2), (2, 5)]);
        let reverse = Scan { reverse: true, ..by };
        assert_eq!(run(Some("v"), &reverse), [(2, 5), (2, 2), (1, 4), (1, 1), (0, 6), (0, 3)]);
        let window = Scan { offset: 1, limit: Some(3), ..reverse };
        assert_eq!(run(Some("v"), &window), [(2, 2), (1, 4), (1, 1)]);
    }

    #[test]
    fn a_row_stands_in_a_multi_entry_index_once_per_key() {
        let by = Scan { ranges: vec![closed(1, 10)], ..ALL };
        let expected = [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6), (10, 1), (10, 4)];
        assert_eq!(run(Some("many"), &by), expected);
    }

    #[test]
    fn unique_stops_at_the_first_record_of_each_key_in_either_direction() {
        let by = Scan { ranges: everything(), unique: true, ..ALL };
        assert_eq!(run(Some("v"), &by), [(0, 3), (1, 1), (2, 2)]);
        let reverse = Scan { reverse: true, ..by };
        assert_eq!(run(Some("v"), &reverse), [(2, 2), (1, 1), (0, 3)]);
        assert_eq!(run(Some("v"), &Scan { offset: 1, limit: Some(1), ..reverse }), [(1, 1)]);
    }

    #[test]
    fn a_scan_goes_on_after_a_record_there_or_not() {
        let by = Scan { ranges: everything(), ..ALL };
        assert_eq!(run(Some("v"), &Scan { after: Some(at(1, 1)), ..by.clone() }), [(1, 4), (2, 2), (2, 5)]);
        assert_eq!(run(Some("v"), &Scan { after: Some(at(1, 3)), ..by.clone() }), [(1, 4), (2, 2), (2, 5)]);
        assert_eq!(run(None, &Scan { after: Some(at(4, 4)), ..by.clone() }), [(5, 5), (6, 6)]);
        assert_eq!(run(None, &Scan { after: Some(at(4, 4)), offset: 1, ..by.clone() }), [(5, 5), (6, 6)]);
        let reverse = Scan { reverse: true, ..by };
        assert_eq!(run(Some("v"), &Scan { after: Some(at(1, 4)), ..reverse.clone() }), [(1, 1), (0, 6), (0, 3)]);
        assert_eq!(run(Some("v"), &Scan { after: Some(at(9, 9)), ..reverse.clone() }).len(), 6);
        assert_eq!(run(None, &Scan { after: Some(at(1, 1)), ..reverse }), []);
    }

    #[test]
    fn a_unique_scan_goes_on_with_what_is_left_of_the_key() {
        let by = Scan { ranges: everything(), unique: true, after: Some(at(1, 1)), ..ALL };
        assert_eq!(run(Some("v"), &by), [(1, 4), (2, 2)]);
        assert_eq!(run(Some("v"), &Scan { reverse: true, after: Some(at(2, 5)), ..by }), [(2, 2), (1, 1), (0, 3)]);
    }

    #[test]
    fn ranges_before_the_place_are_done_with() {
        let by = Scan { ranges: vec![closed(0, 1), closed(2, 2)], after: Some(at(1, 4)), ..ALL };
        assert_eq!(run(Some("v"), &by), [(2, 2), (2, 5)]);
    }

    #[test]
    fn only_the_wanted_columns_are_filled() {
        let store = given();
        let keys = scan(&store, None, &Scan { ranges: everything(), want: Want::KEYS, ..ALL }).expect("a range");
        assert_eq!((keys.count, keys.keys.len(), keys.primary_keys.len(), keys.rows.len()), (6, 6, 0, 0));
    }

    #[test]
    fn counting_counts_entries() {
        let store = given();
        let index = |name: &str| Some(&store.indexes()[name]);
        let counted = |index, ranges: &[KeyRange]| count(&store, index, ranges).expect("ranges");
        assert_eq!(counted(None, &[closed(2, 4)]), 3);
        assert_eq!(counted(index("v"), &[closed(0, 0), closed(2, 2)]), 4);
        assert_eq!(counted(index("many"), &everything()), 12);
    }

    #[test]
    fn getting_by_an_index_gives_the_first_row() {
        let store = given();
        let found = get(&store, Some(&store.indexes()["v"]), &[0.into(), 9.into()]);
        let ids = found.iter().map(|row| row.as_deref().map(|row| path("id").keys(row, false)));
        assert_eq!(ids.collect::<Vec<_>>(), [Some(vec![3.into()]), None]);
        assert_eq!(get(&store, None, &[2.into(), 9.into()]).iter().flatten().count(), 1);
    }

    #[test]
    fn a_range_the_wrong_way_round_is_refused() {
        let store = given();
        let wrong = [closed(3, 1)];
        assert_eq!(count(&store, None, &wrong).map_err(|failure| failure.name), Err("DataError".to_owned()));
        assert!(keys_in(&store, &wrong).is_err());
        assert!(scan(&store, None, &Scan { ranges: wrong.to_vec(), ..ALL }).is_err());
    }
}
