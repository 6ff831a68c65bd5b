//! Reading page by page: a cursor is a place in the query's order.

use indexie::prelude::*;
use indexie::{Cursor, Page};
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::fresh;

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, group, *tags, score, [group+score]")]
pub struct Entry {
    pub id: u32,
    pub group: u32,
    pub tags: Vec<String>,
    pub score: f64,
}

schema! {
    pub struct Pages("pages");

    version 1 {
        entries: Entry,
    }
}

/// Twenty entries in the groups 0 to 2, the tags of each its group and whether it is even, the scores falling.
async fn entries(name: &str) -> Result<Pages> {
    let db: Pages = fresh(name).await;
    let entry = |id: u32| Entry {
        id,
        group: id % 3,
        tags: vec![format!("g{}", id % 3), ["even", "odd"][id as usize % 2].into()],
        score: f64::from(id) * -0.5,
    };
    let rows: Vec<Entry> = (1..=20).map(entry).collect();
    db.entries.bulk_add(&rows).await?;
    Ok(db)
}

/// The keys of every page of this size.
async fn pages(query: &Query<Entry>, size: usize) -> Result<Vec<Vec<u32>>> {
    let mut pages = Vec::new();
    let mut page = query.page(size).await?;
    loop {
        pages.push(page.rows.iter().map(|entry| entry.id).collect());
        let Some(cursor) = page.next else { return Ok(pages) };
        page = query.after(cursor).page(size).await?;
    }
}

#[wasm_bindgen_test]
async fn a_table_is_read_page_by_page() -> Result<()> {
    let db = entries("a table is read page by page").await?;
    assert_eq!(
        pages(&db.entries.limit(usize::MAX), 8).await?,
        [vec![1, 2, 3, 4, 5, 6, 7, 8], vec![9, 10, 11, 12, 13, 14, 15, 16], vec![17, 18, 19, 20]]
    );
    Ok(())
}

#[wasm_bindgen_test]
async fn a_page_that_ends_at_the_end_is_the_last() -> Result<()> {
    let db = entries("a page that ends at the end").await?;
    let page = db.entries.where_(|e| e.id).above(16).page(4).await?;
    assert_eq!(page.rows.len(), 4);
    assert_eq!(page.next, None);
    let page = db.entries.where_(|e| e.id).above(20).page(4).await?;
    assert_eq!(page, Page { rows: vec![], next: None });
    Ok(())
}

#[wasm_bindgen_test]
async fn a_page_of_nothing_is_empty() -> Result<()> {
    let db = entries("a page of nothing").await?;
    assert_eq!(db.entries.page(0).await?, Page { rows: vec![], next: None });
    Ok(())
}

#[wasm_bindgen_test]
async fn pages_end_and_begin_inside_ties() -> Result<()> {
    let db = entries("pages end and begin inside ties").await?;
    let by_group = db.entries.order_by(|e| e.group);
    assert_eq!(
        pages(&by_group, 5).await?,
        [vec![3, 6, 9, 12, 15], vec![18, 1, 4, 7, 10], vec![13, 16, 19, 2, 5], vec![8, 11, 14, 17, 20]]
    );
    assert_eq!(
        pages(&by_group.reverse(), 5).await?,
        [vec![20, 17, 14, 11, 8], vec![5, 2, 19, 16, 13], vec![10, 7, 4, 1, 18], vec![15, 12, 9, 6, 3]]
    );
    Ok(())
}

#[wasm_bindgen_test]
async fn every_page_size_gives_the_same_rows() -> Result<()> {
    let db = entries("every page size").await?;
    let queries = [
        ("a table", db.entries.offset(0)),
        ("a range", db.entries.where_(|e| e.score).between(-8.0..=-1.5)),
        ("ranges", db.entries.where_(|e| e.group).any_of([0, 2])),
        ("gaps", db.entries.where_(|e| e.id).none_of([3, 4, 10])),
        ("a first column", db.entries.where_(|e| e.group_score).prefix(1)),
        ("elements", db.entries.where_(|e| e.tags).starts_with("")),
        ("some elements", db.entries.where_(|e| e.tags).any_of(["even", "g1"])),
        ("one element", db.entries.where_(|e| e.tags).equals("odd")),
        ("a filter", db.entries.order_by(|e| e.group).filter(|e| e.id % 4 != 0)),
        ("filtered elements", db.entries.order_by(|e| e.tags).filter(|e| e.id % 4 != 0)),
        ("a stop", db.entries.order_by(|e| e.group).until(|e| e.id == 11)),
        ("ignoring case", db.entries.where_(|e| e.tags).starts_with_ignore_case("G")),
        ("a union", db.entries.where_(|e| e.group).equals(1).or(|e| e.tags).equals("even")),
        ("an ordered union", db.entries.where_(|e| e.id).above(9).or(|e| e.group).equals(1).order_by(|e| e.group)),
        ("one key in another order", db.entries.where_(|e| e.group).equals(1).order_by(|e| e.score)),
        ("a range in another order", db.entries.where_(|e| e.group).at_least(1).order_by(|e| e.score)),
        ("in the order of elements", db.entries.where_(|e| e.group).at_least(1).order_by(|e| e.tags)),
    ];
    for (what, query) in queries {
        for query in [query.clone(), query.reverse()] {
            let all = query.primary_keys().await?;
            for size in [1, 2, 3, 7, 100] {
                assert_eq!(pages(&query, size).await?.concat(), all, "{what}, {size} a page");
            }
        }
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn what_comes_after_a_place_can_be_asked_with_every_terminal() -> Result<()> {
    let db = entries("after with every terminal").await?;
    // By group: 3 6 9 12 15 18 | 1 4 7 10 13 16 19 | 2 5 8 11 14 17 20
    let by_group = db.entries.order_by(|e| e.group);
    let cursor = by_group.page(10).await?.next.expect("there are more");
    let rest = by_group.after(cursor.clone());
    assert_eq!(rest.primary_keys().await?, [13, 16, 19, 2, 5, 8, 11, 14, 17, 20]);
    assert_eq!(rest.to_vec().await?.len(), 10);
    assert_eq!(rest.count().await?, 10);
    assert_eq!(rest.keys::<u32>().await?, [1, 1, 1, 2, 2, 2, 2, 2, 2, 2]);
    assert_eq!(rest.unique_keys::<u32>().await?, [1, 2]);
    assert_eq!(rest.first().await?.map(|e| e.id), Some(13));
    assert_eq!(rest.last().await?.map(|e| e.id), Some(20));
    assert_eq!(rest.limit(2).primary_keys().await?, [13, 16]);
    assert_eq!(rest.offset(2).limit(2).primary_keys().await?, [19, 2]);
    assert_eq!(rest.offset(2).limit(2).to_vec().await?.iter().map(|e| e.id).collect::<Vec<_>>(), [19, 2]);
    assert_eq!(rest.offset(8).count().await?, 2);
    assert_eq!(rest.filter(|e| e.id > 15).primary_keys().await?, [16, 19, 17, 20]);
    let behind = by_group.reverse().after(cursor);
    assert_eq!(behind.primary_keys().await?, [7, 4, 1, 18, 15, 12, 9, 6, 3]);
    assert_eq!(behind.unique_keys::<u32>().await?, [1, 0]);
    assert_eq!(behind.offset(3).keys::<u32>().await?, [0, 0, 0, 0, 0, 0]);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_comes_after_a_place_can_be_deleted_and_changed() -> Result<()> {
    let db = entries("after can be deleted").await?;
    let cursor = db.entries.page(15).await?.next.expect("there are more");
    assert_eq!(db.entries.after(cursor.clone()).modify(|e| e.score = 0.0).await?, 5);
    assert_eq!(db.entries.after(cursor).delete().await?, 5);
    assert_eq!(db.entries.count().await?, 15);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_place_stays_right_when_rows_come_and_go() -> Result<()> {
    let db = entries("a place stays right").await?;
    let by_group = db.entries.order_by(|e| e.group);
    let page = by_group.page(3).await?;
    assert_eq!(page.rows.iter().map(|e| e.id).collect::<Vec<_>>(), [3, 6, 9]);
    let cursor = page.next.expect("there are more");
    // Among what was read already; where the cursor stands; and what comes next.
    db.entries.bulk_delete([6, 9, 12]).await?;
    db.entries.put(&Entry { id: 0, group: 0, tags: vec![], score: 0.0 }).await?;
    let next = by_group.after(cursor).page(3).await?;
    assert_eq!(next.rows.iter().map(|e| e.id).collect::<Vec<_>>(), [15, 18, 1]);
    Ok(())
}

/// Few rows have the key of the cursor, which may be of none of them any more.
#[wasm_bindgen_test]
async fn a_place_among_few_rows_of_its_key_is_right_whichever_are_left() -> Result<()> {
    let db = entries("a place among few rows").await?;
    let all = [1, 2, 3, 4, 5].map(|id| Entry { id, group: [7, 8, 8, 8, 9][id as usize - 1], tags: vec![], score: 0.0 });
    for left in 0..8_u32 {
        for at in 0..3 {
            for reverse in [false, true] {
                db.entries.clear().await?;
                db.entries.bulk_add(&all).await?;
                let by_group = db.entries.order_by(|e| e.group);
                let by_group = if reverse { by_group.reverse() } else { by_group };
                let cursor = by_group.page(2 + at).await?.next.expect("there are more");
                let gone: Vec<u32> = (0..3).filter(|bit| left & (1 << bit) == 0).map(|bit| bit + 2).collect();
                db.entries.bulk_delete(gone.clone()).await?;
                let order = if reverse { [5, 4, 3, 2, 1] } else { [1, 2, 3, 4, 5] };
                let expected: Vec<u32> = order[2 + at..].iter().copied().filter(|id| !gone.contains(id)).collect();
                let rest = by_group.after(cursor);
                let what = format!("without {gone:?}, after {}, {reverse}", 2 + at);
                assert_eq!(rest.limit(10).primary_keys().await?, expected, "{what}");
                let ids: Vec<u32> = rest.to_vec().await?.iter().map(|entry| entry.id).collect();
                assert_eq!(ids, expected, "{what}");
            }
        }
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn a_cursor_travels_as_text() -> Result<()> {
    let db = entries("a cursor travels as text").await?;
    let queries = [
        db.entries.order_by(|e| e.group_score),
        db.entries.order_by(|e| e.tags),
        db.entries.order_by(|e| e.score).reverse(),
        db.entries.filter(|e| e.group == 1),
    ];
    for query in queries {
        let cursor = query.page(4).await?.next.expect("there are more");
        let text = serde_json::to_string(&cursor).expect("a cursor is data");
        let back: Cursor = serde_json::from_str(&text).expect("and data is a cursor");
        assert_eq!(back, cursor, "{text}");
        assert_eq!(query.after(back).primary_keys().await?, query.offset(4).primary_keys().await?, "{text}");
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn a_cursor_does_not_depend_on_the_plan() -> Result<()> {
    let db = entries("a cursor does not depend on the plan").await?;
    // One reads the compound index, the other one sorts in memory.
    let by_index = db.entries.where_(|e| e.group).equals(1).order_by(|e| e.score);
    let in_memory = db.entries.where_(|e| e.group).between(1..2).or(|e| e.group).equals(1).order_by(|e| e.score);
    assert!(by_index.explain().contains("[group+score]"), "{}", by_index.explain());
    assert!(in_memory.explain().contains("in memory"), "{}", in_memory.explain());
    let cursor = by_index.page(3).await?.next.expect("there are more");
    assert_eq!(in_memory.page(3).await?.next, Some(cursor.clone()));
    assert_eq!(by_index.after(cursor.clone()).primary_keys().await?, [10, 7, 4, 1]);
    assert_eq!(in_memory.after(cursor.clone()).primary_keys().await?, [10, 7, 4, 1]);
    assert_eq!(by_index.after(cursor.clone()).filter(|e| e.id != 7).primary_keys().await?, [10, 4, 1]);
    assert_eq!(by_index.after(cursor.clone()).keys::<f64>().await?, [-5.0, -3.5, -2.0, -0.5]);
    assert_eq!(by_index.reverse().after(cursor).primary_keys().await?, [16, 19]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_cursor_of_another_order_is_refused_where_it_tells_that() -> Result<()> {
    let db = entries("a cursor of another order").await?;
    let queries = [
        ("the primary key", db.entries.offset(0)),
        ("the index `group`", db.entries.order_by(|e| e.group)),
        ("the index `tags`", db.entries.order_by(|e| e.tags)),
        ("the index `score`", db.entries.order_by(|e| e.score)),
        ("the index `[group+score]`", db.entries.order_by(|e| e.group_score)),
    ];
    // Keys of one kind do not tell of which index they are.
    let passes = |of: usize, by: usize| of == by || matches!((of, by), (0 | 1 | 3, 1 | 3));
    for (of, (_, made_by)) in queries.iter().enumerate() {
        let cursor = made_by.page(1).await?.next.expect("there are more");
        for (by, (order, query)) in queries.iter().enumerate() {
            for query in [query.after(cursor.clone()), query.filter(|_| true).reverse().after(cursor.clone())] {
                let Err(error) = query.page(2).await else {
                    assert!(passes(of, by), "a cursor of {} passes for one of {order}", queries[of].0);
                    continue;
                };
                assert!(!passes(of, by), "{error}");
                let Error::InvalidArgument { message } = &error else { panic!("{error:?}") };
                assert!(message.starts_with("table `entries`: "), "{message}");
                assert!(message.ends_with(&format!("the query is ordered by {order}")), "{message}");
                for refused in [query.count().await, query.delete().await, query.modify(|e| e.score = 1.0).await] {
                    assert!(matches!(refused, Err(Error::InvalidArgument { .. })), "{refused:?}");
                }
            }
        }
    }
    let of_tags = db.entries.order_by(|e| e.tags).page(1).await?.next.expect("there are more");
    assert_eq!(
        db.entries.order_by(|e| e.group).after(of_tags).to_vec().await.map_err(|error| error.to_string()),
        Err(r#"table `entries`: the cursor is of another order, with the key "even" for the row 2, and the query is ordered by the index `group`"#
            .to_owned())
    );
    assert_eq!(db.entries.to_vec().await?.iter().filter(|e| e.score < 0.0).count(), 20);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_page_travels_as_text() -> Result<()> {
    let db = entries("a page travels as text").await?;
    let page = db.entries.order_by(|e| e.group).page(2).await?;
    let text = serde_json::to_string(&page).expect("a page is data");
    assert_eq!(
        text,
        concat!(
            r#"{"rows":[{"id":3,"group":0,"tags":["g0","odd"],"score":-1.5},"#,
            r#"{"id":6,"group":0,"tags":["g0","even"],"score":-3.0}],"#,
            r#""next":{"key":{"n":0.0},"primary_key":{"n":6.0}}}"#
        )
    );
    Ok(())
}

#[wasm_bindgen_test]
async fn what_is_sorted_in_memory_has_no_pages() -> Result<()> {
    let db = entries("what is sorted has no pages").await?;
    let cursor = db.entries.order_by(|e| e.group).page(2).await?.next.expect("there are more");
    let sorted = db.entries.order_by(|e| e.group).sort_by_key(|e| -i64::from(e.id));
    let after = sorted.after(cursor);
    let errors = [
        ("page", sorted.page(2).await.map(|_| ())),
        ("after", after.to_vec().await.map(|_| ())),
        ("after", after.count().await.map(|_| ())),
        ("after", after.primary_keys().await.map(|_| ())),
        ("after", after.delete().await.map(|_| ())),
        ("after", after.modify(|e| e.group = 9).await.map(|_| ())),
    ];
    for (which, error) in errors {
        assert!(
            matches!(&error, Err(Error::Unsupported { what }) if what.contains(which) && what.contains("order_by")),
            "{error:?}"
        );
    }
    assert_eq!(db.entries.where_(|e| e.group).equals(9).count().await?, 0);
    assert_eq!(db.entries.count().await?, 20);
    Ok(())
}
