//! Reading a large result in chunks: `stream`, `for_each_chunk`, `each`. Chunks end in the middle of ties.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::{StreamExt, TryStreamExt};
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{Shelf, Word, fresh, numbers};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, group, *tags, [group+id]")]
pub struct Row {
    pub id: u32,
    pub group: u32,
    pub tags: Vec<u32>,
}

schema! {
    pub struct Large("large");

    version 1 {
        rows: Row,
    }
}

const ROWS: u32 = 3_500;

/// 3,500 rows: 3,167 in group 1, 166 before and 167 behind it.
pub async fn large(name: &str) -> Result<Large> {
    let db: Large = fresh(name).await;
    let group = |id: u32| match id % 7 {
        0 => id % 3,
        _ => 1,
    };
    let rows: Vec<Row> =
        (1..=ROWS).map(|id| Row { id, group: group(id), tags: vec![group(id), 10 + id % 2] }).collect();
    db.rows.bulk_add(&rows).await?;
    Ok(db)
}

/// The keys in the order of the groups, worked out without the library.
fn by_group() -> Vec<u32> {
    let mut keys: Vec<(u32, u32)> = (1..=ROWS).map(|id| (if id % 7 == 0 { id % 3 } else { 1 }, id)).collect();
    keys.sort_unstable();
    keys.into_iter().map(|(_, id)| id).collect()
}

async fn streamed(query: &Query<Row>) -> Result<Vec<u32>> {
    query.stream().map_ok(|row| row.id).try_collect().await
}

async fn chunked(query: &Query<Row>) -> Result<Vec<u32>> {
    let all = Rc::new(RefCell::new(Vec::new()));
    let into = all.clone();
    query
        .for_each_chunk(async move |rows: Vec<Row>| {
            assert!(!rows.is_empty());
            assert!(rows.len() <= 1_024, "a chunk of {}", rows.len());
            into.borrow_mut().extend(rows.into_iter().map(|row| row.id));
        })
        .await?;
    Ok(all.take())
}

async fn each(query: &Query<Row>) -> Result<Vec<u32>> {
    let all = Rc::new(RefCell::new(Vec::new()));
    let into = all.clone();
    query.each(async move |row: Row| into.borrow_mut().push(row.id)).await?;
    Ok(all.take())
}

#[wasm_bindgen_test]
async fn a_table_is_read_in_chunks() -> Result<()> {
    let db = large("a table is read in chunks").await?;
    let all: Vec<u32> = (1..=ROWS).collect();
    let query = db.rows.offset(0);
    assert_eq!(streamed(&query).await?, all);
    assert_eq!(chunked(&query).await?, all);
    assert_eq!(each(&query).await?, all);
    let backwards: Vec<u32> = all.into_iter().rev().collect();
    assert_eq!(streamed(&query.reverse()).await?, backwards);
    Ok(())
}

#[wasm_bindgen_test]
async fn chunks_end_in_the_middle_of_ties() -> Result<()> {
    let db = large("chunks end in the middle of ties").await?;
    let all = by_group();
    let query = db.rows.order_by(|r| r.group);
    assert_eq!(streamed(&query).await?, all);
    assert_eq!(chunked(&query).await?, all);
    let backwards: Vec<u32> = all.into_iter().rev().collect();
    assert_eq!(streamed(&query.reverse()).await?, backwards);
    assert_eq!(each(&query.reverse()).await?, backwards);
    Ok(())
}

#[wasm_bindgen_test]
async fn chunks_go_from_range_to_range() -> Result<()> {
    let db = large("chunks go from range to range").await?;
    let all: Vec<u32> = by_group().into_iter().filter(|id| id % 7 != 0 || id % 3 != 0).collect();
    let query = db.rows.where_(|r| r.group).any_of([1, 2]);
    assert_eq!(streamed(&query).await?, all);
    let backwards: Vec<u32> = all.into_iter().rev().collect();
    assert_eq!(streamed(&query.reverse()).await?, backwards);
    Ok(())
}

/// Each chunk is asked of some of the ranges.
#[wasm_bindgen_test]
async fn thousands_of_ranges_are_read_in_chunks() -> Result<()> {
    let db = large("thousands of ranges").await?;
    // Every third key is of a row; four in a row are missing, and more of them than a chunk has.
    let keys = || (1..ROWS * 3).map(|key| if key % 3 == 0 { key / 3 } else { key + ROWS }).filter(|id| id % 11 < 7);
    let all: Vec<u32> = (1..ROWS).filter(|id| id % 11 < 7).collect();
    let backwards: Vec<u32> = all.iter().copied().rev().collect();
    let query = db.rows.where_(|r| r.id).any_of(keys());
    assert_eq!(streamed(&query).await?, all);
    assert_eq!(chunked(&query.reverse()).await?, backwards);
    assert_eq!(streamed(&query.offset(900).limit(1_100)).await?, all[900..2_000]);
    assert_eq!(streamed(&query.reverse().offset(900).limit(1_100)).await?, backwards[900..2_000]);
    let page = query.page(1_000).await?;
    assert_eq!(streamed(&query.after(page.next.expect("more rows"))).await?, all[1_000..]);
    let page_back = query.reverse().page(1_000).await?;
    assert_eq!(streamed(&query.reverse().after(page_back.next.expect("more rows"))).await?, backwards[1_000..]);
    let odd: Vec<u32> = all.iter().copied().filter(|id| id % 2 == 1).collect();
    assert_eq!(streamed(&query.filter(|row| row.id % 2 == 1)).await?, odd);
    assert_eq!(streamed(&query.filter(|row| row.id % 2 == 1).limit(1_100)).await?, odd[..1_100]);
    assert_eq!(query.filter(|row| row.id % 2 == 1).offset(100).limit(900).primary_keys().await?, odd[100..1_000]);
    // Of an index whose keys many rows have.
    let groups = db.rows.where_(|r| r.group).any_of((0..2_000).chain(5_000..7_000));
    assert_eq!(streamed(&groups).await?, by_group());
    let ties_backwards: Vec<u32> = by_group().into_iter().rev().collect();
    assert_eq!(streamed(&groups.reverse()).await?, ties_backwards);
    let missing = db.rows.where_(|r| r.group).any_of(10..4_000);
    assert_eq!(streamed(&missing).await?, [0_u32; 0]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_stream_has_the_window_of_its_query() -> Result<()> {
    let db = large("a stream has the window").await?;
    let all = by_group();
    let query = db.rows.order_by(|r| r.group);
    assert_eq!(streamed(&query.offset(1_500).limit(1_200)).await?, all[1_500..2_700]);
    assert_eq!(streamed(&query.limit(3)).await?, all[..3]);
    assert_eq!(streamed(&query.offset(3_490)).await?, all[3_490..]);
    assert_eq!(streamed(&query.offset(4_000)).await?, [0_u32; 0]);
    assert_eq!(streamed(&query.limit(0)).await?, [0_u32; 0]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_stream_is_filtered_and_stopped() -> Result<()> {
    let db = large("a stream is filtered and stopped").await?;
    let even: Vec<u32> = by_group().into_iter().filter(|id| id % 2 == 0).collect();
    let query = db.rows.order_by(|r| r.group).filter(|row| row.id % 2 == 0);
    assert_eq!(streamed(&query).await?, even);
    assert_eq!(query.to_vec().await?.into_iter().map(|row| row.id).collect::<Vec<_>>(), even);
    assert_eq!(query.count().await?, even.len());
    assert_eq!(streamed(&query.offset(900).limit(100)).await?, even[900..1_000]);
    let stop = even[1_200];
    assert_eq!(streamed(&query.until(move |row| row.id == stop)).await?, even[..1_200]);
    let rare = db.rows.order_by(|r| r.group).filter(|row| row.id > 3_497);
    assert_eq!(streamed(&rare).await?, [3_498, 3_499, 3_500]);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_is_ordered_in_memory_can_be_streamed_too() -> Result<()> {
    let db = large("what is ordered in memory can be streamed").await?;
    let union = db.rows.where_(|r| r.group).equals(2).or(|r| r.id).at_most(4);
    assert_eq!(streamed(&union).await?, union.primary_keys().await?);
    let tags = db.rows.where_(|r| r.tags).any_of([0, 2]);
    assert_eq!(streamed(&tags).await?, tags.primary_keys().await?);
    assert_eq!(tags.count().await?, 333);
    let sorted = db.rows.sort_by_key(|row| std::cmp::Reverse(row.id)).limit(3);
    assert_eq!(streamed(&sorted).await?, [3_500, 3_499, 3_498]);
    Ok(())
}

#[wasm_bindgen_test]
async fn large_results_are_the_same_in_one_piece() -> Result<()> {
    let db = large("large results in one piece").await?;
    let all = by_group();
    let query = db.rows.order_by(|r| r.group);
    assert_eq!(query.primary_keys().await?, all);
    assert_eq!(query.to_vec().await?.into_iter().map(|row| row.id).collect::<Vec<_>>(), all);
    assert_eq!(query.offset(1_234).limit(2_000).primary_keys().await?, all[1_234..3_234]);
    assert_eq!(query.reverse().offset(3_000).limit(1).primary_keys().await?, [all[499]]);
    assert_eq!(query.keys::<u32>().await?.len(), 3_500);
    assert_eq!(query.unique_keys::<u32>().await?, [0, 1, 2]);
    assert_eq!(query.count().await?, 3_500);
    Ok(())
}

/// The large range comes after smaller ones, so that its rows follow others that were read before.
#[wasm_bindgen_test]
async fn a_large_range_may_follow_small_ones() -> Result<()> {
    let db = large("a large range may follow small ones").await?;
    let small = (0..8).map(|at| (at * 10 + 1, at * 10 + 4));
    let ranges: Vec<(u32, u32)> = small.chain([(200, 3_200)]).collect();
    let all: Vec<u32> = (1..=ROWS).filter(|id| ranges.iter().any(|(from, to)| (*from..*to).contains(id))).collect();
    let query = db.rows.where_(|r| r.id).in_any_range(ranges.iter().map(|(from, to)| *from..*to));
    let ids = |rows: Vec<Row>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(query.to_vec().await?), all);
    assert_eq!(ids(query.limit(2_500).to_vec().await?), all[..2_500]);
    let even: Vec<u32> = all.iter().copied().filter(|id| id % 2 == 0).collect();
    assert_eq!(ids(query.filter(|row| row.id % 2 == 0).to_vec().await?), even);
    assert_eq!(query.limit(2_500).primary_keys().await?, all[..2_500]);
    Ok(())
}

/// Where the range before was large, the last key is asked for before it is known whether there is more than the first rows. Some of
/// these end with those, just before or just behind.
#[wasm_bindgen_test]
async fn what_one_range_was_says_nothing_of_the_next() -> Result<()> {
    let db = large("one range and the next").await?;
    let ids = |rows: Vec<Row>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    for count in [600, 255, 600, 256, 256, 600, 257, 257, 3_000, 1, 600, 0, 258] {
        let within = db.rows.where_(|r| r.id).between(101..101 + count).to_vec().await?;
        assert_eq!(ids(within), (101..101 + count).collect::<Vec<_>>(), "{count} rows");
        let to_the_end = db.rows.where_(|r| r.id).at_least(ROWS + 1 - count).to_vec().await?;
        assert_eq!(ids(to_the_end), (ROWS + 1 - count..=ROWS).collect::<Vec<_>>(), "the last {count} rows");
    }
    let group = |id: &u32| if id.is_multiple_of(7) { id % 3 } else { 1 };
    for groups in [0..=2, 0..=0, 0..=1, 1..=1, 2..=2, 1..=2] {
        let found = db.rows.where_(|r| r.group).between(groups.clone()).to_vec().await?;
        let expected: Vec<u32> = by_group().into_iter().filter(|id| groups.contains(&group(id))).collect();
        assert_eq!(ids(found), expected, "groups {groups:?}");
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn who_gives_up_a_large_read_leaves_the_next_one_alone() -> Result<()> {
    let db = large("who gives up a large read").await?;
    let mut given_up = Box::pin(db.rows.to_vec().into_future());
    let _ = futures::poll!(&mut given_up);
    // In a browser this comes when the first rows of the other have, and before the rest.
    assert_eq!(db.rows.get(1).await?.map(|row| row.id), Some(1));
    drop(given_up);
    let ids: Vec<u32> = db.rows.to_vec().await?.into_iter().map(|row| row.id).collect();
    assert_eq!(ids, (1..=ROWS).collect::<Vec<_>>());
    Ok(())
}

#[wasm_bindgen_test]
async fn many_keys_at_once_are_found_in_order() -> Result<()> {
    let db = large("many keys at once").await?;
    let asked: Vec<u32> = (0..2_000).rev().map(|n| n * 3).collect();
    let found: Vec<u32> = (1..=ROWS).filter(|id| id % 3 == 0).collect();
    let query = db.rows.where_(|r| r.id).any_of(asked);
    assert_eq!(query.primary_keys().await?, found);
    assert_eq!(query.count().await?, found.len());
    assert_eq!(query.offset(700).limit(50).primary_keys().await?, found[700..750]);
    assert_eq!(query.reverse().limit(2).primary_keys().await?, [3_498, 3_495]);
    assert_eq!(streamed(&query).await?, found);
    assert_eq!(query.delete().await?, found.len());
    assert_eq!(db.rows.count().await?, 3_500 - found.len());
    Ok(())
}

#[wasm_bindgen_test]
async fn the_table_may_change_between_two_chunks() -> Result<()> {
    let db = large("the table may change between two chunks").await?;
    let mut stream = db.rows.order_by(|r| r.group).stream();
    let first = stream.try_next().await?.map(|row| row.id);
    assert_eq!(first, Some(21));
    db.rows.where_(|r| r.group).equals(1).delete().await?;
    let rest: Vec<Row> = stream.try_collect().await?;
    let behind: Vec<u32> = rest.iter().rev().take(3).map(|row| row.id).collect();
    assert_eq!(behind, [3_500, 3_479, 3_458]);
    Ok(())
}

// 153
#[wasm_bindgen_test]
async fn an_error_stops_each() -> Result<()> {
    let db = numbers("an error stops each").await?;
    let seen = Rc::new(Cell::new(0));
    let count = seen.clone();
    let result = db
        .numbers
        .offset(0)
        .each(async move |number: crate::fixtures::Number| -> Result<()> {
            count.set(number.id);
            if number.id == 4 { Err(Error::user("enough")) } else { Ok(()) }
        })
        .await;
    assert!(matches!(&result, Err(Error::User(error)) if error.to_string() == "enough"), "{result:?}");
    assert_eq!(seen.get(), 4);
    Ok(())
}

// 153
#[wasm_bindgen_test]
async fn an_error_stops_for_each_chunk() -> Result<()> {
    let db = large("an error stops for each chunk").await?;
    let chunks = Rc::new(Cell::new(0));
    let count = chunks.clone();
    let result = db
        .rows
        .for_each_chunk(async move |_: Vec<Row>| -> Result<()> {
            count.set(count.get() + 1);
            if count.get() == 2 { Err(Error::user("enough")) } else { Ok(()) }
        })
        .await;
    assert!(matches!(result, Err(Error::User(_))), "{result:?}");
    assert_eq!(chunks.get(), 2);
    Ok(())
}

#[wasm_bindgen_test]
async fn each_waits_for_what_its_body_does() -> Result<()> {
    let db = numbers("each waits for what its body does").await?;
    let table = db.numbers.clone();
    db.numbers
        .where_(|n| n.id)
        .above(6)
        .each(async move |number: crate::fixtures::Number| -> Result<()> {
            table.update(number.id, |row| row.s = "seen".into()).await?;
            Ok(())
        })
        .await?;
    assert_eq!(db.numbers.where_(|n| n.s).equals("seen").primary_keys().await?, [7, 8, 9]);
    Ok(())
}

#[wasm_bindgen_test]
async fn each_and_streams_work_inside_a_transaction() -> Result<()> {
    let db = large("each inside a transaction").await?;
    let sum = db
        .transaction(Mode::ReadWrite, &db.rows, async |rows| {
            let mut stream = rows.order_by(|r| r.group).stream();
            let mut sum = 0_u64;
            while let Some(row) = stream.next().await {
                sum += u64::from(row?.id);
            }
            let table = rows.clone();
            rows.where_(|r| r.group)
                .equals(2)
                .each(async move |row: Row| -> Result<()> { table.delete(row.id).await })
                .await?;
            Ok(sum)
        })
        .await?;
    assert_eq!(sum, 3_500 * 3_501 / 2);
    assert_eq!(db.rows.where_(|r| r.group).equals(2).count().await?, 0);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_stream_that_is_dropped_reads_no_more() -> Result<()> {
    let db = large("a stream that is dropped").await?;
    let looked_at = Rc::new(Cell::new(0));
    let count = looked_at.clone();
    let query = db.rows.filter(move |_| {
        count.set(count.get() + 1);
        true
    });
    let three: Vec<Row> = query.stream().take(3).try_collect().await?;
    assert_eq!(three.len(), 3);
    assert!(looked_at.get() < 1_000, "{} rows were looked at", looked_at.get());
    Ok(())
}

#[wasm_bindgen_test]
async fn chunks_of_large_rows_are_small() -> Result<()> {
    let db: Shelf = fresh("chunks of large rows").await;
    let text = "x".repeat(200_000);
    let words: Vec<Word> = (1..=110).map(|id| Word { id, text: format!("{id}{text}") }).collect();
    db.words.bulk_add(&words).await?;
    let chunks = Rc::new(RefCell::new(Vec::new()));
    let into = chunks.clone();
    let ids = async move |rows: Vec<Word>| into.borrow_mut().push(rows.iter().map(|row| row.id).collect::<Vec<_>>());
    db.words.for_each_chunk(ids).await?;
    let chunks = chunks.take();
    assert_eq!(chunks.concat(), (1..=110).collect::<Vec<u32>>());
    let (first, later) = chunks.split_first().expect("there are rows");
    assert_eq!(first.len(), 64);
    assert!(later.iter().all(|chunk| chunk.len() <= 20), "4 MB of rows: {later:?}");
    Ok(())
}
