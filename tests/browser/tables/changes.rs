//! Reading a row, changing it, and writing it back as one step: area B of the cases.

use std::cell::Cell;
use std::rc::Rc;

use futures::future::{join, join_all};
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{
    Address, Auto, Cases, Num, Person, Shop, auto, david, fresh, karl, new_auto, tagged, with_nums, with_people,
};
use crate::plain;

// Case 31.
#[wasm_bindgen_test]
async fn update_changes_one_field_and_gives_the_row() -> Result<()> {
    let db = with_people("update field").await?;
    let updated = db.people.update(1, |p| p.last = "X".into()).await?;
    let x = Person { last: "X".into(), ..david() };
    assert_eq!(updated, x);
    assert_eq!(db.people.to_vec().await?, [x, karl()]);
    Ok(())
}

#[wasm_bindgen_test]
async fn update_of_a_missing_row_is_not_found() -> Result<()> {
    let db = with_people("update missing").await?;
    let error = db.people.update(99, |p| p.last = "X".into()).await;
    assert!(
        matches!(&error, Err(Error::NotFound { table, key }) if table == "people" && *key == 99.into()),
        "{error:?}"
    );
    assert_eq!(db.people.count().await?, 2);
    Ok(())
}

// Case 33: written rows would have lost what their type does not know of, had the write replaced them.
#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn a_row_that_is_not_changed_is_not_written() -> Result<()> {
    let db = with_people("update unchanged").await?;
    let guard = plain::replaced("put", "function () { throw new DOMException('written', 'DataError'); }");
    let row = db.people.update(1, |p| p.last = "Fahlander".into()).await;
    let changed = db.people.where_(|p| p.id).equals(2).modify(|p| p.first = "Karl".into()).await;
    let written = db.people.update(1, |p| p.last = "X".into()).await;
    drop(guard);
    assert_eq!(row?, david());
    assert_eq!(changed?, 0);
    assert!(matches!(&written, Err(Error::Data { message, .. }) if message == "written"), "{written:?}");
    Ok(())
}

// Case 36.
#[wasm_bindgen_test]
async fn update_changes_a_nested_field() -> Result<()> {
    let db: Cases = fresh("update nested").await;
    let shop = Shop { id: 1, address: Address { city: "Rome".into(), zip: 2 }, branches: vec![] };
    db.shops.add(&shop).await?;
    db.shops.update(1, |s| s.address.city = "Oslo".into()).await?;
    assert_eq!(
        plain::stored("update nested", "shops", "1").await.as_deref(),
        Some(r#"{"id":1,"address":{"city":"Oslo","zip":2},"branches":[]}"#)
    );
    assert_eq!(db.shops.where_(|s| s.address_city).equals("Oslo").count().await?, 1);
    assert_eq!(db.shops.where_(|s| s.address_city).equals("Rome").count().await?, 0);
    Ok(())
}

// Cases 39 and 66.
#[wasm_bindgen_test]
async fn update_changes_a_list_and_its_index_entries() -> Result<()> {
    let db = with_people("update list").await?;
    db.people.update(1, |p| p.pets = vec!["cat".into(), "elephant".into()]).await?;
    assert_eq!(db.people.where_(|p| p.pets).equals("dog").count().await?, 0);
    assert_eq!(db.people.where_(|p| p.pets).equals("elephant").primary_keys().await?, [1]);
    db.people
        .update(1, |p| {
            p.pets.remove(0);
        })
        .await?;
    assert_eq!(db.people.get(1).await?.map(|p| p.pets), Some(vec!["elephant".to_owned()]));
    Ok(())
}

// Cases 37 and 40: what becomes `Some` is there, what becomes `None` is gone.
#[wasm_bindgen_test]
async fn update_adds_and_removes_optional_fields() -> Result<()> {
    let db = with_nums("update optional").await?;
    db.nums.update(1, |n| n.z = Some(5)).await?;
    assert_eq!(
        plain::stored("update optional", "nums", "1").await.as_deref(),
        Some(r#"{"id":1,"v":1,"s":"s1","z":5}"#)
    );
    db.nums.update(1, |n| n.z = None).await?;
    assert_eq!(plain::stored("update optional", "nums", "1").await.as_deref(), Some(r#"{"id":1,"v":1,"s":"s1"}"#));
    Ok(())
}

// Case 48.
#[wasm_bindgen_test]
async fn upsert_changes_a_row_that_is_there() -> Result<()> {
    let db = with_people("upsert there").await?;
    let stored = db.people.upsert(1, karl, |p| p.last = "J".into()).await?;
    let expected = Person { last: "J".into(), ..david() };
    assert_eq!(stored, expected);
    assert_eq!(db.people.get(1).await?, Some(expected));
    Ok(())
}

#[wasm_bindgen_test]
async fn upsert_adds_the_default_unchanged_if_there_is_no_row() -> Result<()> {
    let db: Cases = fresh("upsert default").await;
    let stored = db.people.upsert(1, david, |p| p.last = "J".into()).await?;
    assert_eq!(stored, david());
    assert_eq!(db.people.to_vec().await?, [david()]);
    Ok(())
}

#[wasm_bindgen_test]
async fn upsert_of_a_default_with_another_key_is_data() -> Result<()> {
    let db: Cases = fresh("upsert other key").await;
    let error = db.people.upsert(7, david, |_| ()).await;
    assert!(
        matches!(&error, Err(Error::Data { table, key: Some(key), row: None, .. })
            if table == "people" && *key == 1.into()),
        "{error:?}"
    );
    assert!(db.people.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn upsert_of_a_default_that_clashes_stores_nothing() -> Result<()> {
    let db = with_people("upsert clash").await?;
    let error = db.people.upsert(3, || Person { id: 3, ..karl() }, |_| ()).await;
    assert!(
        matches!(&error, Err(Error::Constraint { index: Some(index), row: None, .. }) if index == "username"),
        "{error:?}"
    );
    assert_eq!(db.people.to_vec().await?, [david(), karl()]);
    Ok(())
}

// Case 51.
#[wasm_bindgen_test]
async fn modify_changes_every_row() -> Result<()> {
    let db = with_nums("modify all").await?;
    assert_eq!(db.nums.filter(|_| true).modify(|n| n.z = Some(1)).await?, 9);
    assert_eq!(db.nums.to_vec().await?.iter().filter(|n| n.z == Some(1)).count(), 9);
    Ok(())
}

// Case 52.
#[wasm_bindgen_test]
async fn modify_counts_the_rows_that_are_different_now() -> Result<()> {
    let db = with_nums("modify some").await?;
    let changed = db
        .nums
        .filter(|_| true)
        .modify(|n| {
            if n.v == 0 {
                n.z = Some(1);
            }
        })
        .await?;
    assert_eq!(changed, 3);
    assert_eq!(db.nums.filter(|n| n.z.is_some()).primary_keys().await?, [3, 6, 9]);
    Ok(())
}

// Case 63.
#[wasm_bindgen_test]
async fn modify_changes_only_what_the_query_finds() -> Result<()> {
    let db = with_nums("modify found").await?;
    let changed =
        db.nums.where_(|n| n.s).starts_with_any_of(["s1", "s2"]).modify(|n| n.s.replace_range(..1, "Z")).await?;
    assert_eq!(changed, 2);
    let texts: Vec<String> = db.nums.limit(3).to_vec().await?.into_iter().map(|n| n.s).collect();
    assert_eq!(texts, ["Z1", "Z2", "s3"]);
    Ok(())
}

// Case 55.
#[wasm_bindgen_test]
async fn modify_may_replace_the_whole_row() -> Result<()> {
    let db = with_nums("modify replace").await?;
    let new = Num { id: 3, v: 70, s: "new".into(), z: Some(1) };
    let row = new.clone();
    assert_eq!(db.nums.where_(|n| n.id).equals(3).modify(move |n| *n = row.clone()).await?, 1);
    assert_eq!(db.nums.get(3).await?, Some(new));
    Ok(())
}

#[wasm_bindgen_test]
async fn modify_of_no_rows_changes_none() -> Result<()> {
    let db = with_nums("modify none").await?;
    assert_eq!(db.nums.where_(|n| n.id).above(9).modify(|n| n.z = Some(1)).await?, 0);
    Ok(())
}

#[wasm_bindgen_test]
async fn modify_reaches_rows_beyond_one_chunk() -> Result<()> {
    let db: Cases = fresh("modify chunks").await;
    let rows: Vec<Num> = (0..250).map(|id| Num { id, v: 0, s: String::new(), z: None }).collect();
    db.nums.bulk_add(&rows).await?;
    assert_eq!(db.nums.reverse().modify(|n| n.v = n.id + 1).await?, 250);
    assert_eq!(db.nums.filter(|n| n.v == n.id + 1).count().await?, 250);
    Ok(())
}

// Case 57.
#[wasm_bindgen_test]
async fn a_modify_that_fails_late_changes_nothing() -> Result<()> {
    let db: Cases = fresh("modify late").await;
    let rows: Vec<_> = (1..=150).map(new_auto).collect();
    db.autos.bulk_add(&rows).await?;
    let clash = |a: &mut Auto| {
        a.u = Some(if a.id < 150 { a.id.to_string() } else { "1".into() });
    };
    let error = db.autos.filter(|_| true).modify(clash).await;
    assert!(
        matches!(&error, Err(Error::Constraint { table, index: Some(index), key: Some(key), .. })
            if table == "autos" && index == "u" && *key == "1".into()),
        "{error:?}"
    );
    assert_eq!(db.autos.filter(|a| a.u.is_some()).count().await?, 0);

    db.transaction(Mode::ReadWrite, &db.autos, async move |autos| {
        let error = autos.filter(|_| true).modify(clash).await;
        assert!(matches!(error, Err(Error::Constraint { .. })), "{error:?}");
        assert_eq!(autos.filter(|a| a.u.is_some()).count().await?, 0);
        autos.put(&auto(1, 77)).await
    })
    .await?;
    assert_eq!(db.autos.filter(|a| a.u.is_some()).count().await?, 0);
    assert_eq!(db.autos.get(1).await?, Some(auto(1, 77)));
    Ok(())
}

// Case 60.
#[wasm_bindgen_test]
async fn modify_changes_a_row_once_however_many_entries_match() -> Result<()> {
    let db: Cases = fresh("modify entries").await;
    db.tagged.add(&tagged(1, &["a", "ab"])).await?;
    assert_eq!(db.tagged.where_(|t| t.tags).starts_with("a").modify(|t| t.n += 1).await?, 1);
    assert_eq!(db.tagged.get(1).await?.map(|t| t.n), Some(1));
    Ok(())
}

#[wasm_bindgen_test]
async fn delete_counts_a_row_once_however_many_entries_match() -> Result<()> {
    let db: Cases = fresh("delete entries").await;
    db.tagged.bulk_add(&[tagged(1, &["a", "ab"]), tagged(2, &["b"])]).await?;
    assert_eq!(db.tagged.where_(|t| t.tags).starts_with("a").delete().await?, 1);
    assert_eq!(db.tagged.to_vec().await?, [tagged(2, &["b"])]);
    Ok(())
}

// Case 61.
#[wasm_bindgen_test]
async fn changes_started_together_in_a_transaction_follow_one_another() -> Result<()> {
    let db = with_nums("modify many").await?;
    let last = db
        .transaction(Mode::ReadWrite, &db.nums, async |nums| {
            let increments = (0..2000).map(|_| nums.where_(|n| n.id).equals(1).modify(|n| n.v += 1));
            let changed: Vec<Result<usize>> = join_all(increments).await;
            assert_eq!(changed.into_iter().sum::<Result<usize>>()?, 2000);
            nums.get(1).await
        })
        .await?;
    assert_eq!(last.map(|n| n.v), Some(2001));
    assert_eq!(db.nums.get(1).await?.map(|n| n.v), Some(2001));
    Ok(())
}

// Case 220.
#[wasm_bindgen_test]
async fn operations_started_together_in_a_transaction_take_effect_in_their_order() -> Result<()> {
    let db: Cases = fresh("modify in order").await;
    let seen = db
        .transaction(Mode::ReadWrite, &db.nums, async |nums| {
            let (add, one, two) = (
                nums.add(&Num { id: 1, v: 0, s: String::new(), z: None }),
                nums.where_(|n| n.id).equals(1).modify(|n| n.v += 1),
                nums.update(1, |n| n.v *= 10),
            );
            let put_back = nums.upsert(1, || unreachable!("the row is there"), |n| n.v += 2);
            let get = nums.get(1);
            let (added, one, two, three, got) = futures::future::join5(add, one, two, put_back, get).await;
            added?;
            one?;
            two?;
            three?;
            got
        })
        .await?;
    assert_eq!(seen.map(|n| n.v), Some(12));
    Ok(())
}

// A plain write that was started after a change of the same row comes after it, and is not undone by it.
#[wasm_bindgen_test]
async fn a_write_started_after_a_change_is_not_lost() -> Result<()> {
    let db = with_nums("modify then put").await?;
    db.transaction(Mode::ReadWrite, &db.nums, async |nums| {
        let ten = Num { id: 1, v: 10, s: "ten".into(), z: None };
        let (updated, put) = join(nums.update(1, |n| n.v += 1), nums.put(&ten)).await;
        assert_eq!(updated?.v, 2);
        put
    })
    .await?;
    assert_eq!(db.nums.get(1).await?.map(|n| (n.v, n.s)), Some((10, "ten".to_owned())));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_change_that_was_dropped_halfway_does_not_hold_up_the_next() -> Result<()> {
    use futures::FutureExt;

    let db = with_nums("modify dropped").await?;
    db.transaction(Mode::ReadWrite, &db.nums, async |nums| {
        let mut dropped = nums.update(1, |n| n.v += 100);
        assert!((&mut dropped).now_or_never().is_none());
        drop(dropped);
        nums.update(1, |n| n.v += 1).await
    })
    .await?;
    assert_eq!(db.nums.get(1).await?.map(|n| n.v), Some(2));
    Ok(())
}

// Case 64.
#[wasm_bindgen_test]
async fn updates_started_together_both_count() -> Result<()> {
    let db = with_nums("update twice").await?;
    let (one, two) = join(db.nums.update(1, |n| n.v += 1), db.nums.update(1, |n| n.v += 1)).await;
    assert_eq!((one?.v, two?.v), (2, 3));
    assert_eq!(db.nums.get(1).await?.map(|n| n.v), Some(3));
    Ok(())
}

#[wasm_bindgen_test]
async fn the_closure_of_an_update_runs_once() -> Result<()> {
    let db = with_nums("update once").await?;
    let calls = Rc::new(Cell::new(0));
    let seen = calls.clone();
    db.nums.update(1, move |_| seen.set(seen.get() + 1)).await?;
    assert_eq!(calls.get(), 1);
    Ok(())
}
