//! Deleting and changing what a query finds.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{Number, Shelf, Word, fresh, numbers, person, three_people};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, group")]
pub struct Item {
    pub id: u32,
    pub group: u32,
    pub n: u32,
}

schema! {
    pub struct Writes("writes");

    version 1 {
        items: Item,
    }
}

/// 450 items, more than are changed at a time, in the groups 0 and 1.
async fn items(name: &str) -> Result<Writes> {
    let db: Writes = fresh(name).await;
    let rows: Vec<Item> = (1..=450).map(|id| Item { id, group: id % 2, n: 0 }).collect();
    db.items.bulk_add(&rows).await?;
    Ok(db)
}

/// What each way to ask for rows finds of the numbers 1 to 9, with the keys it should find.
fn ways(table: &Table<Number>) -> Vec<(&'static str, Query<Number>, Vec<u32>)> {
    let id = || table.where_(|n| n.id);
    let v = || table.where_(|n| n.v);
    vec![
        ("the whole table", table.offset(0), vec![1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("a range of keys", id().between(3..6), vec![3, 4, 5]),
        ("ranges of keys", id().none_of([2, 5]), vec![1, 3, 4, 6, 7, 8, 9]),
        ("some keys", id().any_of([2, 5, 77]), vec![2, 5]),
        ("no keys", id().any_of(Vec::<u32>::new()), vec![]),
        ("keys backwards", id().above(5).reverse(), vec![6, 7, 8, 9]),
        ("one key of an index", v().equals(1), vec![1, 4, 7]),
        ("a range of an index", v().at_least(1), vec![1, 2, 4, 5, 7, 8]),
        ("an ordered table", table.order_by(|n| n.s), vec![1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("a limit", table.limit(2), vec![1, 2]),
        ("a limit backwards", table.reverse().limit(2), vec![8, 9]),
        ("an offset", id().above(3).offset(4), vec![8, 9]),
        ("a window of an index", table.order_by(|n| n.v).offset(2).limit(2), vec![1, 9]),
        ("a filter", table.filter(|n| n.id % 4 == 0), vec![4, 8]),
        ("a filtered index", v().equals(0).filter(|n| n.id > 3), vec![6, 9]),
        ("a stop", table.until(|n| n.id == 4), vec![1, 2, 3]),
        ("a union", v().equals(0).or(|n| n.id).at_most(3), vec![1, 2, 3, 6, 9]),
        ("another order", id().above(4).order_by(|n| n.v).limit(2), vec![6, 9]),
        ("a sort", table.sort_by_key(|n| std::cmp::Reverse(n.id)).limit(3), vec![7, 8, 9]),
        ("ignoring case", table.where_(|n| n.s).any_of_ignore_case(["S3", "s4"]), vec![3, 4]),
    ]
}

// 159
#[wasm_bindgen_test]
async fn every_query_deletes_what_it_finds_and_nothing_else() -> Result<()> {
    let db = numbers("every query deletes").await?;
    let all = db.numbers.to_vec().await?;
    for (what, query, found) in ways(&db.numbers) {
        assert_eq!(query.delete().await?, found.len(), "{what}");
        let left: Vec<u32> = (1..=9).filter(|id| !found.contains(id)).collect();
        assert_eq!(db.numbers.primary_keys().await?, left, "{what}");
        db.numbers.bulk_put(&all).await?;
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn every_query_deletes_inside_a_transaction() -> Result<()> {
    let db = numbers("every query deletes inside a transaction").await?;
    let left = db
        .transaction(Mode::ReadWrite, &db.numbers, async |numbers| {
            assert_eq!(numbers.where_(|n| n.id).above(7).delete().await?, 2);
            assert_eq!(numbers.where_(|n| n.v).equals(1).delete().await?, 3);
            assert_eq!(numbers.filter(|n| n.id == 2).delete().await?, 1);
            numbers.primary_keys().await
        })
        .await?;
    assert_eq!(left, [3, 5, 6]);
    assert_eq!(db.numbers.primary_keys().await?, [3, 5, 6]);
    Ok(())
}

// 51
#[wasm_bindgen_test]
async fn every_query_changes_what_it_finds_and_nothing_else() -> Result<()> {
    let db = numbers("every query changes").await?;
    let all = db.numbers.to_vec().await?;
    for (what, query, found) in ways(&db.numbers) {
        assert_eq!(query.modify(|number| number.s = "changed".into()).await?, found.len(), "{what}");
        let changed = db.numbers.filter(|n| n.s == "changed").primary_keys().await?;
        assert_eq!(changed, found, "{what}");
        db.numbers.bulk_put(&all).await?;
    }
    Ok(())
}

// 52
#[wasm_bindgen_test]
async fn only_rows_that_differ_are_counted() -> Result<()> {
    let db = numbers("only rows that differ are counted").await?;
    let changed = db.numbers.offset(0).modify(|n| {
        if n.v == 0 {
            n.s = "zero".into();
        }
    });
    assert_eq!(changed.await?, 3);
    assert_eq!(db.numbers.where_(|n| n.s).equals("zero").primary_keys().await?, [3, 6, 9]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_change_may_move_rows_out_of_the_query() -> Result<()> {
    let db = items("a change may move rows out of the query").await?;
    let evens = db.items.where_(|i| i.group).equals(0);
    assert_eq!(evens.modify(|item| item.group = 2).await?, 225);
    assert_eq!(evens.count().await?, 0);
    // Rows that move ahead of themselves in the index are changed once.
    assert_eq!(
        db.items.order_by(|i| i.group).modify(|item| (item.group, item.n) = (item.group + 1, item.n + 1)).await?,
        450
    );
    assert_eq!(db.items.filter(|item| item.n == 1).count().await?, 450);
    assert_eq!(db.items.order_by(|i| i.group).unique_keys::<u32>().await?, [2, 3]);
    Ok(())
}

// 58
#[wasm_bindgen_test]
async fn a_change_that_clashes_changes_nothing() -> Result<()> {
    let db = items("a change that clashes changes nothing").await?;
    // The last item runs into the first one, long after others have been written.
    let error = db
        .items
        .offset(0)
        .modify(|item| {
            item.n = 1;
            if item.id == 450 {
                item.id = 1;
            }
        })
        .await;
    assert!(matches!(&error, Err(Error::Constraint { table, .. }) if table == "items"), "{error:?}");
    assert_eq!(db.items.filter(|item| item.n == 1).count().await?, 0);
    assert_eq!(db.items.count().await?, 450);
    Ok(())
}

// 58
#[wasm_bindgen_test]
async fn a_unique_index_is_kept_by_a_change() -> Result<()> {
    let db = three_people("a unique index is kept by a change").await?;
    let error = db.people.offset(0).modify(|p| p.username = "same".into()).await;
    assert!(matches!(&error, Err(Error::Constraint { index: Some(index), .. }) if index == "username"), "{error:?}");
    assert_eq!(db.people.where_(|p| p.username).equals("same").count().await?, 0);
    assert_eq!(db.people.get(1).await?, Some(person(1, "David", "Fahlander", "dfa")));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_change_inside_a_transaction_that_clashes_can_be_caught() -> Result<()> {
    let db = three_people("a change that clashes can be caught").await?;
    db.transaction(Mode::ReadWrite, &db.people, async |people| {
        people.update(2, |p| p.last = "before".into()).await?;
        let error = people.offset(0).modify(|p| p.username = "same".into()).await;
        assert!(matches!(error, Err(Error::Constraint { .. })), "{error:?}");
        people.update(3, |p| p.last = "after".into()).await?;
        Ok(())
    })
    .await?;
    let lasts: Vec<String> = db.people.to_vec().await?.into_iter().map(|p| p.last).collect();
    assert_eq!(lasts, ["Fahlander", "before", "after"]);
    assert_eq!(db.people.where_(|p| p.username).equals("same").count().await?, 0);
    Ok(())
}

#[wasm_bindgen_test]
async fn queries_inside_a_transaction_see_its_writes() -> Result<()> {
    let db = numbers("queries inside a transaction see its writes").await?;
    let error = db
        .transaction(Mode::ReadWrite, &db.numbers, async |numbers| {
            numbers.put(&Number { id: 10, v: 1, s: "new".into() }).await?;
            assert_eq!(numbers.where_(|n| n.v).equals(1).primary_keys().await?, [1, 4, 7, 10]);
            numbers.where_(|n| n.v).equals(1).modify(|n| n.v = 5).await?;
            assert_eq!(numbers.where_(|n| n.v).equals(5).count().await?, 4);
            numbers.where_(|n| n.v).equals(5).delete().await?;
            assert_eq!(numbers.count().await?, 6);
            Err::<(), _>(Error::user("not so"))
        })
        .await;
    assert!(matches!(error, Err(Error::User(_))), "{error:?}");
    assert_eq!(db.numbers.where_(|n| n.v).equals(1).primary_keys().await?, [1, 4, 7]);
    assert_eq!(db.numbers.count().await?, 9);
    Ok(())
}

/// Parts of large rows are smaller than those of others.
#[wasm_bindgen_test]
async fn many_large_rows_are_changed_once_each() -> Result<()> {
    let db: Shelf = fresh("many large rows").await;
    let text = "x".repeat(20_000);
    let words: Vec<Word> = (1..=1_400).map(|id| Word { id, text: format!("{id} {text}") }).collect();
    db.words.bulk_add(&words).await?;
    let numbered = |word: &mut Word| word.text = format!("{}!", word.text.replace('x', ""));
    assert_eq!(db.words.where_(|w| w.id).above(0).modify(numbered).await?, 1_400);
    let texts: Vec<String> = db.words.to_vec().await?.into_iter().map(|word| word.text).collect();
    assert_eq!(texts, (1..=1_400).map(|id| format!("{id} !")).collect::<Vec<_>>());
    let changes =
        (1..=1_400_u32).map(|id| (id, move |word: &mut Word| word.text = format!("{id}{}", "y".repeat(20_000))));
    assert_eq!(db.words.bulk_update(changes).await?, 1_400);
    let changes = (1..=1_400_u32).map(|id| (id, |word: &mut Word| word.text = word.text.replace('y', "")));
    assert_eq!(db.words.bulk_update(changes).await?, 1_400);
    let texts: Vec<String> = db.words.to_vec().await?.into_iter().map(|word| word.text).collect();
    assert_eq!(texts, (1..=1_400).map(|id| id.to_string()).collect::<Vec<_>>());
    Ok(())
}

#[wasm_bindgen_test]
async fn a_window_of_the_primary_key_is_deleted_and_nothing_else() -> Result<()> {
    let db = items("a window is deleted").await?;
    let ids = async || db.items.offset(0).primary_keys().await;
    assert_eq!(db.items.limit(20).delete().await?, 20);
    assert_eq!(ids().await?, (21..=450).collect::<Vec<u32>>());
    assert_eq!(db.items.offset(400).delete().await?, 30);
    assert_eq!(ids().await?, (21..=420).collect::<Vec<u32>>());
    assert_eq!(db.items.where_(|i| i.id).none_of([30, 40]).offset(5).limit(20).reverse().delete().await?, 20);
    let rest: Vec<u32> = (21..=395).chain(416..=420).collect();
    assert_eq!(ids().await?, rest);
    let deleted = db.items.where_(|i| i.id).none_of([30, 40]).offset(5).limit(20).delete().await?;
    assert_eq!(deleted, 20);
    let rest: Vec<u32> = rest.into_iter().filter(|id| !(26..=47).contains(id) || [30, 40].contains(id)).collect();
    assert_eq!(ids().await?, rest);
    let error = db
        .transaction(Mode::ReadWrite, &db.items, async |items| {
            assert_eq!(items.limit(100).delete().await?, 100);
            Err::<(), _>(Error::user("not so"))
        })
        .await;
    assert!(matches!(error, Err(Error::User(_))), "{error:?}");
    assert_eq!(ids().await?, rest);
    Ok(())
}
