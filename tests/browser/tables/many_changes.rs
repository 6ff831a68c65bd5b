//! Changes of more rows than are written at a time: the first ones are written while the others are being changed.

use std::cell::RefCell;
use std::rc::Rc;

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Cases, Num, Unique, fresh};
use crate::plain;

/// More than are in memory at a time.
const MANY: u32 = 2_500;

async fn with_nums(name: &str) -> Result<Cases> {
    let db: Cases = fresh(name).await;
    let nums: Vec<Num> = (1..=MANY).map(|id| Num { id, v: id % 2, s: id.to_string(), z: None }).collect();
    db.nums.bulk_add(&nums).await?;
    Ok(db)
}

/// Rows whose keys are all their own.
async fn with_uniques(name: &str) -> Result<Cases> {
    let db: Cases = fresh(name).await;
    let rows: Vec<Unique> = (1..=600).map(|id| Unique { id, a: id, b: id, c: id, d: id, e: vec![id] }).collect();
    db.uniques.bulk_add(&rows).await?;
    Ok(db)
}

#[track_caller]
fn assert_clash(result: &Result<usize>, expected_index: &str, expected_key: u32, expected_row: usize) {
    assert!(
        matches!(result, Err(Error::Constraint { table, index: Some(index), key: Some(key), row: Some(row) })
            if table == "uniques" && index == expected_index && *key == expected_key.into() && *row == expected_row),
        "{result:?} is no clash of {expected_key} in `{expected_index}` of row {expected_row}"
    );
}

#[wasm_bindgen_test]
async fn all_rows_are_changed_in_their_order() -> Result<()> {
    let db = with_nums("many changes").await?;
    let order = Rc::new(RefCell::new(Vec::new()));
    let seen = order.clone();

    let changed = db.nums.where_(|n| n.v).equals(1).modify(move |n| {
        seen.borrow_mut().push(n.id);
        // It takes them out of the query.
        n.v = n.id + 10;
    });

    assert_eq!(changed.await?, 1_250);
    assert_eq!(*order.borrow(), (1..=MANY).step_by(2).collect::<Vec<u32>>());
    let expected = |n: &Num| n.v == if n.id % 2 == 1 { n.id + 10 } else { 0 } && n.s == n.id.to_string();
    assert_eq!(db.nums.filter(expected).count().await?, 2_500);
    Ok(())
}

#[wasm_bindgen_test]
async fn only_rows_that_differ_are_counted() -> Result<()> {
    let db = with_nums("many unchanged").await?;
    assert_eq!(db.nums.filter(|_| true).modify(|n| n.v = n.v.max(1)).await?, 1_250);
    assert_eq!(db.nums.where_(|n| n.v).equals(1).count().await?, 2_500);
    assert_eq!(db.nums.filter(|_| true).modify(|_| ()).await?, 0);
    Ok(())
}

#[wasm_bindgen_test]
async fn rows_of_every_part_keep_what_their_type_does_not_have() -> Result<()> {
    let db = with_nums("many kept").await?;
    for id in [1, 128, 129, 1_024, 1_025, 2_500] {
        plain::put("many kept", "nums", &format!("{{id: {id}, v: 7, s: 'a', extra: [{id}]}}")).await;
    }
    assert_eq!(db.nums.filter(|_| true).modify(|n| n.z = Some(3)).await?, 2_500);
    for id in [1, 128, 129, 1_024, 1_025, 2_500] {
        assert_eq!(
            plain::stored("many kept", "nums", &id.to_string()).await,
            Some(format!(r#"{{"id":{id},"v":7,"s":"a","extra":[{id}],"z":3}}"#))
        );
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn a_clash_with_a_row_written_before_changes_nothing() -> Result<()> {
    let db = with_uniques("many clash before").await?;
    // The row is of the same part, or of one of those before it.
    for (row, taken) in [(300, 299), (300, 2), (600, 1)] {
        let before = db.uniques.to_vec().await?;
        let change = move |u: &mut Unique| {
            u.a += 1_000;
            u.b = if u.id == row { taken + 2_000 } else { u.b + 2_000 };
        };
        assert_clash(&db.uniques.filter(|_| true).modify(change).await, "b", taken + 2_000, row as usize - 1);
        assert_eq!(db.uniques.to_vec().await?, before);
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn a_clash_with_a_row_written_later_changes_nothing() -> Result<()> {
    let db = with_uniques("many clash later").await?;
    // The other row still has the key, and is changed in something else; or it has another key by the time anybody asks.
    for (taken, leaves) in [(301, false), (599, false), (301, true), (599, true)] {
        let before = db.uniques.to_vec().await?;
        let change = move |u: &mut Unique| {
            u.a += 1_000;
            if u.id == 300 {
                u.b = taken;
            } else if u.id == taken && leaves {
                u.b += 5_000;
            }
        };
        assert_clash(&db.uniques.filter(|_| true).modify(change).await, "b", taken, 299);
        assert_eq!(db.uniques.to_vec().await?, before);
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn an_earlier_clash_is_told_before_a_later_one() -> Result<()> {
    let db = with_uniques("many clashes").await?;
    let change = |u: &mut Unique| u.b = if u.id.is_multiple_of(200) { u.id - 1 } else { u.b };
    assert_clash(&db.uniques.filter(|_| true).modify(change).await, "b", 199, 199);
    assert_eq!(db.uniques.filter(|u| u.b == u.id).count().await?, 600);
    Ok(())
}

#[wasm_bindgen_test]
async fn rows_that_move_and_rows_that_stay_are_written_together() -> Result<()> {
    let db = with_nums("many move").await?;
    let change = |n: &mut Num| {
        n.v = 5;
        if n.id.is_multiple_of(100) {
            n.id += 10_000;
        }
    };
    assert_eq!(db.nums.filter(|_| true).modify(change).await?, 2_500);
    let mut expected: Vec<u32> = (1..=MANY).filter(|id| id % 100 != 0).collect();
    expected.extend((1..=25).map(|hundred| 10_000 + hundred * 100));
    assert_eq!(db.nums.primary_keys().await?, expected);
    assert_eq!(db.nums.where_(|n| n.v).equals(5).count().await?, 2_500);
    assert_eq!(db.nums.get(10_100).await?.map(|n| n.s), Some("100".to_owned()));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_that_does_not_fit_is_named_and_nothing_is_changed() -> Result<()> {
    let db = with_nums("many unreadable").await?;
    plain::put("many unreadable", "nums", "{id: 1500, v: 'none', s: 'a'}").await;
    let result = db.nums.filter(|_| true).modify(|n| n.v = 9).await;
    assert!(
        matches!(&result, Err(Error::Decode { table, key: Some(key), path, .. })
            if table == "nums" && *key == 1_500.into() && path == "v"),
        "{result:?}"
    );
    assert_eq!(db.nums.where_(|n| n.v).equals(9).count().await?, 0);
    Ok(())
}

#[wasm_bindgen_test]
async fn many_rows_are_updated_by_their_keys() -> Result<()> {
    let db = with_nums("many updated").await?;
    // Backwards, one of them twice, and one that is not there.
    let keys = (1..=MANY).rev().chain([7, MANY + 1]);
    let changes = keys.map(|id| (id, move |n: &mut Num| n.v += 10 * id));
    assert_eq!(db.nums.bulk_update(changes).await?, 2_500);
    let expected = |n: &Num| n.v == n.id % 2 + if n.id == 7 { 140 } else { 10 * n.id };
    assert_eq!(db.nums.filter(expected).count().await?, 2_500);
    Ok(())
}

#[wasm_bindgen_test]
async fn an_update_of_many_that_clashes_names_its_row_and_changes_nothing() -> Result<()> {
    let db = with_uniques("many updates clash").await?;
    let changes = (1..=600).map(|id| (id, move |u: &mut Unique| u.b = if id == 450 { 1_003 } else { u.b + 1_000 }));
    assert_clash(&db.uniques.bulk_update(changes).await, "b", 1_003, 449);
    assert_eq!(db.uniques.filter(|u| u.b == u.id).count().await?, 600);
    Ok(())
}

// In memory there is no middle: all of it happens at once.
#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn dropped_in_the_middle_it_changes_nothing() -> Result<()> {
    use futures::future::{AbortHandle, Abortable, Aborted};
    use std::cell::Cell;

    let db = with_nums("many dropped").await?;
    for after in [1, 200, 700, 1_100, 2_400] {
        let (stop, stopping) = AbortHandle::new_pair();
        let count = Rc::new(Cell::new(0));
        let called = count.clone();
        let modify = db.nums.filter(|_| true).modify(move |n| {
            called.set(called.get() + 1);
            if called.get() == after {
                stop.abort();
            }
            n.v = 9;
        });
        assert_eq!(Abortable::new(modify, stopping).await.map(|_| ()), Err(Aborted), "after {after}");
        assert_eq!(db.nums.where_(|n| n.v).equals(9).count().await?, 0, "after {after}");
        // What comes next is not held up.
        db.nums.update(1, |n| n.s.push('!')).await?;
    }
    assert_eq!(db.nums.get(1).await?.map(|n| n.s), Some("1!!!!!".to_owned()));
    Ok(())
}

#[wasm_bindgen_test]
async fn inside_a_transaction_that_goes_on_a_failure_changes_nothing_either() -> Result<()> {
    let db = with_uniques("many within").await?;
    db.transaction(Mode::ReadWrite, &db.uniques, async |uniques| {
        let change = |u: &mut Unique| u.b = if u.id == 500 { 7 } else { u.b + 1_000 };
        let clash = uniques.filter(|u| u.id > 7).modify(change).await;
        assert_clash(&clash, "b", 7, 492);
        assert_eq!(uniques.filter(|u| u.b == u.id).count().await?, 600);
        assert_eq!(uniques.filter(|_| true).modify(|u| u.b += 1_000).await?, 600);
        Ok(())
    })
    .await?;
    assert_eq!(db.uniques.filter(|u| u.b == u.id + 1_000).count().await?, 600);
    Ok(())
}
