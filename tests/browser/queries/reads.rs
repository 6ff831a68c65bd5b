//! What is read: counted at IndexedDB itself, in a small table and in one of ten times as many rows. No query reads a table that need
//! not be read, and what it reads does not grow with the table.

use futures::TryStreamExt;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::fixtures::fresh;

const SIZES: [u32; 2] = [200, 2_000];
/// The rows of a query that tests them, before it has to ask for more.
const CHUNK: u32 = 64;

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, &at, kind")]
struct Event {
    id: u32,
    /// In another order than the ids, from 0 on.
    at: u32,
    kind: u32,
    text: String,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, *tags")]
struct Tagged {
    id: u32,
    tags: Vec<u32>,
}

schema! {
    struct Events("events");

    version 1 {
        events: Event,
        tagged: Tagged,
    }
}

#[wasm_bindgen(inline_js = r"
const sizes = {
  get: (value) => [value === undefined ? 0 : 1, 0],
  getAll: (values) => [values.length, 0],
  getAllRecords: (records) => [records.length, 0],
  getKey: (key) => [0, key === undefined ? 0 : 1],
  getAllKeys: (keys) => [0, keys.length],
  openCursor: (cursor) => [cursor === null ? 0 : 1, 0],
  openKeyCursor: (cursor) => [0, cursor === null ? 0 : 1],
};
const read = [0, 0];
let counts = false;

export function countReads() {
  if (counts) return;
  counts = true;
  for (const { prototype } of [IDBObjectStore, IDBIndex]) {
    for (const [name, size] of Object.entries(sizes)) {
      const original = prototype[name];
      if (original === undefined) continue;
      prototype[name] = function (...given) {
        const request = original.apply(this, given);
        request.addEventListener('success', () => size(request.result).forEach((number, at) => { read[at] += number; }));
        return request;
      };
    }
  }
}

export function takeReads() {
  return Uint32Array.from(read.splice(0, 2, 0, 0));
}
")]
extern "C" {
    #[wasm_bindgen(js_name = countReads)]
    fn count_reads();
    #[wasm_bindgen(js_name = takeReads)]
    fn take_reads() -> Vec<u32>;
}

/// What has come out of the database since this was asked last.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Read {
    rows: u32,
    keys: u32,
}

const fn read(rows: u32, keys: u32) -> Read {
    Read { rows, keys }
}

fn taken() -> Read {
    let both = take_reads();
    read(both[0], both[1])
}

fn event(id: u32, rows: u32) -> Event {
    Event { id, at: id * 7 % rows, kind: id % 10, text: format!("number {id}") }
}

async fn table_of(rows: u32, name: &str) -> Result<Events> {
    let db: Events = fresh(&format!("{name}, {rows} rows")).await;
    let all: Vec<Event> = (1..=rows).map(|id| event(id, rows)).collect();
    db.events.bulk_add(&all).await?;
    count_reads();
    taken();
    Ok(db)
}

/// What an operation reads of each table.
async fn reads_of(name: &str, operation: impl AsyncFn(&Table<Event>, u32) -> Result<()>) -> Result<[Read; 2]> {
    let mut reads = [read(0, 0); 2];
    for (read, rows) in reads.iter_mut().zip(SIZES) {
        let db = table_of(rows, name).await?;
        operation(&db.events, rows).await?;
        *read = taken();
    }
    Ok(reads)
}

#[wasm_bindgen_test]
async fn one_row_is_read_for_one_row() -> Result<()> {
    let one = [read(1, 0); 2];
    let get = async |events: &Table<Event>, rows| {
        assert!(events.get(rows / 2).await?.is_some());
        Ok(())
    };
    assert_eq!(reads_of("a get", get).await?, one);
    let get_by = async |events: &Table<Event>, rows| {
        assert!(events.get_by(|e| e.at, rows / 2).await?.is_some());
        Ok(())
    };
    assert_eq!(reads_of("a get by an index", get_by).await?, one);
    let first = async |events: &Table<Event>, _| {
        assert_eq!(events.order_by(|e| e.at).first().await?.map(|event| event.at), Some(0));
        Ok(())
    };
    assert_eq!(reads_of("the first one", first).await?, one);
    let last = async |events: &Table<Event>, rows| {
        assert_eq!(events.order_by(|e| e.at).last().await?.map(|event| event.at), Some(rows - 1));
        Ok(())
    };
    assert_eq!(reads_of("the last one", last).await?, one);
    let last = async |events: &Table<Event>, rows| {
        assert_eq!(events.last().await?.map(|event| event.id), Some(rows));
        Ok(())
    };
    assert_eq!(reads_of("the last one by its key", last).await?, one);
    let last = async |events: &Table<Event>, rows| {
        let tail = events.order_by(|e| e.at).offset(rows as usize / 4);
        assert_eq!(tail.last().await?.map(|event| event.at), Some(rows - 1));
        Ok(())
    };
    // The key of the first one tells that there is one; the cursor is at the first row, then at that one.
    assert_eq!(reads_of("the last one behind an offset", last).await?, [read(1, 3); 2]);
    let none = async |events: &Table<Event>, rows| {
        assert_eq!(events.offset(rows as usize).last().await?, None);
        Ok(())
    };
    assert_eq!(reads_of("the last one behind all", none).await?, [read(0, 1); 2]);
    let last = async |events: &Table<Event>, rows| {
        let half = events.where_(|e| e.at).at_least(rows / 4).limit(rows as usize / 2);
        assert_eq!(half.last().await?.map(|event| event.at), Some(rows / 4 + rows / 2 - 1));
        Ok(())
    };
    // The cursor is at the first row, then at that one.
    assert_eq!(reads_of("the last one within a limit", last).await?, [read(1, 2); 2]);
    let update = async |events: &Table<Event>, rows| events.update(rows / 2, |event| event.kind += 1).await.map(drop);
    assert_eq!(reads_of("an update", update).await?, one);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_range_reads_its_own_rows() -> Result<()> {
    let range = async |events: &Table<Event>, rows| {
        let middle = rows / 2;
        assert_eq!(events.where_(|e| e.at).between(middle..middle + 10).to_vec().await?.len(), 10);
        Ok(())
    };
    assert_eq!(reads_of("a range", range).await?, [read(10, 0); 2]);
    let several = async |events: &Table<Event>, rows| {
        assert_eq!(events.where_(|e| e.at).any_of([rows / 2, 3, 1]).to_vec().await?.len(), 3);
        Ok(())
    };
    assert_eq!(reads_of("several keys", several).await?, [read(3, 0); 2]);
    Ok(())
}

#[wasm_bindgen_test]
async fn many_rows_of_one_key_are_read_once() -> Result<()> {
    let db = table_of(4_000, "many rows of one key").await?;
    let rows = db.events.where_(|e| e.kind).equals(5).to_vec().await?;
    assert_eq!(
        rows.iter().map(|event| event.id).collect::<Vec<_>>(),
        (0..400).map(|at| at * 10 + 5).collect::<Vec<_>>()
    );
    assert_eq!(taken(), read(400, 0));
    Ok(())
}

/// How many rows are asked of a range which others are before, nobody knows.
#[wasm_bindgen_test]
async fn what_is_limited_reads_little_of_several_ranges() -> Result<()> {
    let kinds = [0, 1, 2, 3, 5, 6, 7, 8];
    let limit = async |events: &Table<Event>, _| {
        assert_eq!(events.where_(|e| e.kind).any_of(kinds).limit(100).to_vec().await?.len(), 100);
        Ok(())
    };
    let reads = reads_of("several ranges and a limit", limit).await?;
    assert!(reads.iter().all(|it| it.rows <= 200 && it.keys == 0), "{reads:?}");
    let stream = async |events: &Table<Event>, rows| {
        let ids: Vec<u32> =
            events.where_(|e| e.kind).any_of(kinds).stream().map_ok(|event| event.id).try_collect().await?;
        let expected = kinds.iter().flat_map(|kind| (1..=rows).filter(move |id| id % 10 == *kind));
        assert_eq!(ids, expected.collect::<Vec<_>>());
        Ok(())
    };
    let reads = reads_of("a stream of several ranges", stream).await?;
    // For each chunk the record is found again at which the one before ended.
    assert!(reads.iter().zip(SIZES).all(|(it, rows)| it.rows <= rows), "{reads:?}");
    let ids = async |events: &Table<Event>, rows| {
        let found = events.where_(|e| e.id).any_of((1..=rows).step_by(2)).limit(70).to_vec().await?;
        assert_eq!(
            found.iter().map(|event| event.id).collect::<Vec<_>>(),
            (0..70).map(|at| at * 2 + 1).collect::<Vec<_>>()
        );
        Ok(())
    };
    assert_eq!(reads_of("many keys and a limit", ids).await?, [read(70, 0); 2]);
    let empty = async |events: &Table<Event>, rows| {
        let keys = (0..200).map(|at| rows + at).chain([3, 4]).chain((0..200).map(|at| 2 * rows + at));
        let found = events.where_(|e| e.kind).any_of(keys).limit(70).to_vec().await?;
        assert_eq!(found.len(), 70.min(rows as usize / 5));
        Ok(())
    };
    let reads = reads_of("many ranges of which most are empty", empty).await?;
    assert!(reads.iter().all(|it| it.rows <= 140), "{reads:?}");
    Ok(())
}

#[wasm_bindgen_test]
async fn an_offset_is_counted_over_several_ranges() -> Result<()> {
    let behind = async |events: &Table<Event>, rows: u32| {
        let each = rows / 10;
        let query = events.where_(|e| e.kind).any_of([0, 1, 2, 3, 5, 6, 7, 8]);
        for offset in [0, 1, each - 1, each, each + 1, 5 * each, 5 * each + 7, 8 * each - 1, 8 * each, 9 * each] {
            let found = query.offset(offset as usize).limit(2).to_vec().await?;
            let kinds = [0, 1, 2, 3, 5, 6, 7, 8].iter().flat_map(|kind| (1..=rows).filter(move |id| id % 10 == *kind));
            let expected: Vec<u32> = kinds.skip(offset as usize).take(2).collect();
            assert_eq!(found.iter().map(|event| event.id).collect::<Vec<_>>(), expected, "behind {offset}");
        }
        Ok(())
    };
    reads_of("an offset over several ranges", behind).await?;
    Ok(())
}

#[wasm_bindgen_test]
async fn rows_under_several_keys_are_read_as_far_as_they_are_wanted() -> Result<()> {
    let mut reads = Vec::new();
    for rows in SIZES {
        let db = table_of(0, &format!("rows under several keys {rows}")).await?;
        let all: Vec<Tagged> = (0..rows).map(|id| Tagged { id, tags: vec![id, id + 1, id + 2] }).collect();
        db.tagged.bulk_add(&all).await?;
        taken();
        let by_tag = db.tagged.order_by(|t| t.tags);
        assert_eq!(by_tag.limit(10).primary_keys().await?, (0..10).collect::<Vec<u32>>());
        reads.push(taken());
        assert_eq!(by_tag.reverse().offset(2).limit(3).primary_keys().await?, [rows - 3, rows - 4, rows - 5]);
        reads.push(taken());
        assert_eq!(by_tag.limit(10).to_vec().await?, all[..10]);
        reads.push(taken());
        assert!(!db.tagged.where_(|t| t.tags).above(3).is_empty().await?);
        reads.push(taken());
        let most: Vec<u32> = (0..rows - 2).collect();
        assert_eq!(by_tag.limit(rows as usize - 2).primary_keys().await?, most);
        taken();
        assert_eq!(by_tag.offset(rows as usize - 1).limit(5).primary_keys().await?, [rows - 1]);
        taken();
    }
    let (small, large) = reads.split_at(4);
    assert_eq!(small, large);
    assert!(reads.iter().all(|it| it.keys <= 160 + 20 && it.rows <= 10), "{reads:?}");
    Ok(())
}

#[wasm_bindgen_test]
async fn a_page_reads_its_own_rows_wherever_it_is() -> Result<()> {
    let limit = async |events: &Table<Event>, _| {
        assert_eq!(events.order_by(|e| e.at).limit(10).to_vec().await?.len(), 10);
        Ok(())
    };
    assert_eq!(reads_of("the first page", limit).await?, [read(10, 0); 2]);
    let offset = async |events: &Table<Event>, rows| {
        let page = events.order_by(|e| e.at).offset(rows as usize / 2).limit(10).to_vec().await?;
        assert_eq!(page.first().map(|event| event.at), Some(rows / 2));
        Ok(())
    };
    // The cursor is at the first row, then at that of the offset.
    assert_eq!(reads_of("a page in the middle", offset).await?, [read(10, 2); 2]);
    let backwards = async |events: &Table<Event>, rows| {
        let page = events.order_by(|e| e.at).reverse().offset(rows as usize / 2).limit(10).to_vec().await?;
        assert_eq!(page.first().map(|event| event.at), Some(rows / 2 - 1));
        Ok(())
    };
    assert_eq!(reads_of("a page from behind", backwards).await?, [read(10, 2); 2]);
    let first = async |events: &Table<Event>, rows| {
        let first = events.order_by(|e| e.at).offset(rows as usize / 2).first().await?;
        assert_eq!(first.map(|event| event.at), Some(rows / 2));
        Ok(())
    };
    assert_eq!(reads_of("the first one of a page", first).await?, [read(1, 2); 2]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_page_by_its_cursor_reads_its_own_rows() -> Result<()> {
    let mut reads = Vec::new();
    for rows in SIZES {
        let db = table_of(rows, "a page by its cursor").await?;
        let by_at = db.events.order_by(|e| e.at);
        let before = by_at.offset(rows as usize / 2 - 1).page(1).await?;
        taken();
        let page = by_at.after(before.next.expect("half of them")).page(10).await?;
        assert_eq!(page.rows.first().map(|event| event.at), Some(rows / 2));
        reads.push(taken());
    }
    // One more tells whether there is a next page. No other row has the key of the cursor: the index is unique.
    assert_eq!(reads, [read(11, 0); 2]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_page_by_its_cursor_looks_whether_another_row_has_the_key() -> Result<()> {
    let mut reads = Vec::new();
    for rows in SIZES {
        let db = table_of(rows, "a page where each row has its own key").await?;
        let own = |at| Event { id: rows + at, at: rows + at, kind: 1_000 + at, text: String::new() };
        db.events.bulk_add(&(1..=20).map(own).collect::<Vec<_>>()).await?;
        let by_kind = db.events.where_(|e| e.kind).at_least(1_001);
        for (query, expected) in [(by_kind.clone(), 1_004), (by_kind.reverse(), 1_017)] {
            let before = query.page(3).await?;
            taken();
            let page = query.after(before.next.expect("there are more")).page(10).await?;
            assert_eq!(page.rows.first().map(|event| event.kind), Some(expected));
            reads.push(taken());
        }
    }
    assert_eq!(reads, [read(11, 1); 4]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_page_within_many_rows_of_one_key_reads_its_own_rows() -> Result<()> {
    let mut reads = Vec::new();
    for rows in SIZES {
        let db = table_of(rows, "a page within a key").await?;
        let kind = db.events.where_(|e| e.kind).equals(5);
        let before = kind.offset(rows as usize / 40).page(1).await?;
        taken();
        let page = kind.after(before.next.expect("half of them")).page(10).await?;
        assert_eq!(page.rows.len(), 10);
        reads.push(taken());
    }
    assert_eq!(reads[0], reads[1]);
    // The cursor can be moved on only from the first row of the key.
    assert!(reads[0].rows <= 13 && reads[0].keys <= 2, "{reads:?}");
    Ok(())
}

#[wasm_bindgen_test]
async fn what_is_counted_is_not_read() -> Result<()> {
    let nothing = [read(0, 0); 2];
    let all = async |events: &Table<Event>, rows| {
        assert_eq!(events.count().await?, rows as usize);
        Ok(())
    };
    assert_eq!(reads_of("a count of all", all).await?, nothing);
    let range = async |events: &Table<Event>, rows| {
        assert_eq!(events.where_(|e| e.kind).below(5).count().await?, rows as usize / 2);
        Ok(())
    };
    assert_eq!(reads_of("a count of a range", range).await?, nothing);
    let windowed = async |events: &Table<Event>, rows| {
        assert_eq!(events.order_by(|e| e.at).offset(5).count().await?, rows as usize - 5);
        Ok(())
    };
    assert_eq!(reads_of("a count of a window", windowed).await?, nothing);
    Ok(())
}

#[wasm_bindgen_test]
async fn keys_are_read_without_rows() -> Result<()> {
    let keys = async |events: &Table<Event>, rows| {
        assert_eq!(events.where_(|e| e.at).at_least(rows - 10).primary_keys().await?.len(), 10);
        Ok(())
    };
    assert_eq!(reads_of("keys of a range", keys).await?, [read(0, 10); 2]);
    let unique = async |events: &Table<Event>, _| {
        assert_eq!(events.order_by(|e| e.kind).unique_keys::<u32>().await?.len(), 10);
        Ok(())
    };
    assert_eq!(reads_of("unique keys", unique).await?, [read(0, 10); 2]);
    let some = async |events: &Table<Event>, _| {
        assert_eq!(events.order_by(|e| e.kind).offset(2).limit(3).unique_keys::<u32>().await?, [2, 3, 4]);
        assert_eq!(events.order_by(|e| e.kind).reverse().limit(1).unique_keys::<u32>().await?, [9]);
        Ok(())
    };
    assert_eq!(reads_of("some unique keys", some).await?, [read(0, 6); 2]);
    let is_empty = async |events: &Table<Event>, _| {
        assert!(!events.is_empty().await?);
        Ok(())
    };
    let reads = reads_of("whether there is one", is_empty).await?;
    assert!(reads.iter().all(|it| it.rows + it.keys <= 1), "{reads:?}");
    Ok(())
}

#[wasm_bindgen_test]
async fn what_stops_early_reads_a_chunk() -> Result<()> {
    let filter = async |events: &Table<Event>, _| {
        assert_eq!(events.filter(|event| event.kind < 5).limit(10).to_vec().await?.len(), 10);
        Ok(())
    };
    let reads = reads_of("a filter with a limit", filter).await?;
    assert!(reads[0] == reads[1] && reads[0].rows <= CHUNK, "{reads:?}");
    let until = async |events: &Table<Event>, _| {
        assert_eq!(events.until(|event| event.id == 10).to_vec().await?.len(), 9);
        Ok(())
    };
    let reads = reads_of("until", until).await?;
    assert!(reads[0] == reads[1] && reads[0].rows <= CHUNK, "{reads:?}");
    let stream = async |events: &Table<Event>, _| {
        let mut rows = events.stream();
        for _ in 0..10 {
            assert!(rows.try_next().await?.is_some());
        }
        Ok(())
    };
    let reads = reads_of("a stream that is dropped", stream).await?;
    assert!(reads[0] == reads[1] && reads[0].rows <= CHUNK, "{reads:?}");
    Ok(())
}

#[wasm_bindgen_test]
async fn a_stream_reads_each_row_once() -> Result<()> {
    let stream = async |events: &Table<Event>, rows| {
        let sum = events.stream().try_fold(0, async |sum, event| Ok(sum + event.id)).await?;
        assert_eq!(sum, rows * (rows + 1) / 2);
        Ok(())
    };
    let reads = reads_of("a stream", stream).await?;
    assert_eq!(reads.map(|it| it.rows), SIZES);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_change_of_a_range_reads_its_own_rows() -> Result<()> {
    let modify = async |events: &Table<Event>, rows| {
        let changed = events.where_(|e| e.at).at_least(rows - 10).modify(|event| event.text.push('!')).await?;
        assert_eq!(changed, 10);
        Ok(())
    };
    let reads = reads_of("a change of a range", modify).await?;
    assert_eq!(reads[0], reads[1]);
    assert_eq!(reads[0].rows, 10);
    let delete = async |events: &Table<Event>, rows| {
        assert_eq!(events.where_(|e| e.at).at_least(rows - 10).delete().await?, 10);
        Ok(())
    };
    let reads = reads_of("a deletion of a range", delete).await?;
    assert_eq!(reads[0], reads[1]);
    assert_eq!(reads[0].rows, 0);
    Ok(())
}

#[wasm_bindgen_test]
async fn live_queries_read_no_more_than_the_row_that_is_put() -> Result<()> {
    let mut reads = Vec::new();
    for rows in SIZES {
        let db = table_of(rows, "live queries").await?;
        let by_at = db.events.order_by(|e| e.at);
        let middle = rows / 2;
        let mut row = db.events.get_by(|e| e.at, middle + 1).await?.expect("there is one");
        let mut one = db.events.get(row.id).live();
        let mut range = db.events.where_(|e| e.at).between(middle..middle + 10).live();
        let mut page = by_at.offset(middle as usize).limit(10).live();
        let mut count = db.events.where_(|e| e.kind).equals(100).count().live();
        assert!(one.try_next().await?.is_some());
        assert_eq!(range.try_next().await?.map(|rows| rows.len()), Some(10));
        assert_eq!(page.try_next().await?.map(|rows| rows.len()), Some(10));
        assert_eq!(count.try_next().await?, Some(0));
        taken();
        row.kind = 100;
        db.events.put(&row).await?;
        assert_eq!(one.try_next().await?.flatten().map(|row| row.kind), Some(100));
        assert!(range.try_next().await?.is_some());
        assert!(page.try_next().await?.is_some());
        assert_eq!(count.try_next().await?, Some(1));
        reads.push(taken());
    }
    // What the row was before.
    assert_eq!(reads, [read(1, 0); 2]);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_nobody_waits_for_is_not_read_to_its_end() -> Result<()> {
    let rows = 20_000;
    let db = table_of(rows, "given up").await?;
    // So many ranges that they are read in several waves.
    let ids = (1..=rows).filter(|id| id % 4 != 0);
    let query = db.events.where_(|e| e.id).any_of(ids);
    let mut given_up = Box::pin(query.to_vec().into_future());
    let _ = futures::poll!(&mut given_up);
    // One that comes after the first wave.
    assert!(db.events.get(1).await?.is_some());
    drop(given_up);
    assert_eq!(db.events.count().await?, rows as usize);
    let given_up = taken();
    assert!(given_up.rows < rows / 2, "{given_up:?}");
    assert_eq!(query.count().await?, rows as usize / 4 * 3);
    Ok(())
}
