//! Transactions that do not end well: nothing of them is left.

use std::cell::Cell;
use std::rc::Rc;

use futures::FutureExt;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Cases, Num, fresh, with_nums};
use crate::plain;

fn num(id: u32) -> Num {
    Num { id, v: 0, s: String::new(), z: None }
}

// Case 201.
#[wasm_bindgen_test]
async fn an_error_of_the_body_rolls_back() -> Result<()> {
    let db = with_nums("rollback error").await?;
    let error = db
        .transaction(Mode::ReadWrite, &db.nums, async |nums| {
            nums.add(&num(10)).await?;
            nums.clear().await?;
            Err::<(), _>(Error::user("enough"))
        })
        .await;
    assert!(matches!(&error, Err(Error::User(error)) if error.to_string() == "enough"), "{error:?}");
    assert_eq!(db.nums.count().await?, 9);
    Ok(())
}

#[wasm_bindgen_test]
async fn an_error_before_any_operation_rolls_back() -> Result<()> {
    let db = with_nums("rollback early").await?;
    let error = db.transaction(Mode::ReadWrite, &db.nums, async |_| Err::<(), _>(Error::user("enough"))).await;
    assert!(matches!(&error, Err(Error::User(_))), "{error:?}");
    assert_eq!(db.nums.count().await?, 9);
    Ok(())
}

// Case 214.
#[wasm_bindgen_test]
async fn a_body_that_awaits_a_timer_is_stalled_and_rolled_back() -> Result<()> {
    let db: Cases = fresh("rollback stalled").await;
    let after = Rc::new(Cell::new(false));
    let reached = after.clone();
    let error = db
        .transaction(Mode::ReadWrite, &db.nums, async move |nums| {
            nums.add(&num(1)).await?;
            plain::sleep(10_000).await;
            reached.set(true);
            nums.add(&num(2)).await
        })
        .await;
    assert!(matches!(&error, Err(Error::Stalled)), "{error:?}");
    assert_eq!(Rc::strong_count(&after), 1, "its body is gone");
    assert!(!after.get());
    assert!(db.nums.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_body_that_awaits_a_timer_first_is_stalled() -> Result<()> {
    let db: Cases = fresh("rollback stalled first").await;
    let error = db
        .transaction(Mode::ReadWrite, &db.nums, async |nums| {
            plain::sleep(10_000).await;
            nums.add(&num(2)).await
        })
        .await;
    assert!(matches!(&error, Err(Error::Stalled)), "{error:?}");
    assert!(db.nums.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_body_that_never_ends_is_stalled() -> Result<()> {
    let db: Cases = fresh("rollback never").await;
    let error = db
        .transaction(Mode::ReadWrite, &db.nums, async |nums| {
            nums.add(&num(1)).await?;
            futures::future::pending::<()>().await;
            Ok(())
        })
        .await;
    assert!(matches!(&error, Err(Error::Stalled)), "{error:?}");
    assert!(db.nums.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_body_that_awaits_another_database_is_stalled() -> Result<()> {
    let db: Cases = fresh("rollback stalled main").await;
    let other: Cases = fresh("rollback stalled other").await;
    other.open().await?;
    let error = db
        .transaction(Mode::ReadWrite, &db.nums, async move |nums| {
            nums.add(&num(1)).await?;
            other.nums.count().await
        })
        .await;
    assert!(matches!(&error, Err(Error::Stalled)), "{error:?}");
    assert!(db.nums.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_read_transaction_that_awaits_a_timer_is_stalled_too() -> Result<()> {
    let db = with_nums("rollback stalled read").await?;
    let error = db
        .transaction(Mode::Read, &db.nums, async |nums| {
            nums.get(1).await?;
            plain::sleep(10_000).await;
            nums.get(1).await
        })
        .await;
    assert!(matches!(&error, Err(Error::Stalled)), "{error:?}");
    Ok(())
}

#[wasm_bindgen_test]
async fn a_stalled_transaction_does_not_hold_up_the_next() -> Result<()> {
    let db: Cases = fresh("rollback next").await;
    let stalled = db.transaction(Mode::ReadWrite, &db.nums, async |nums| {
        nums.add(&num(1)).await?;
        plain::sleep(10_000).await;
        Ok(())
    });
    let (stalled, added) = futures::future::join(stalled, db.nums.add(&num(2))).await;
    assert!(matches!(&stalled, Err(Error::Stalled)), "{stalled:?}");
    assert_eq!(added?, 2);
    assert_eq!(db.nums.primary_keys().await?, [2]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_future_dropped_on_its_way_rolls_back() -> Result<()> {
    let db = with_nums("rollback dropped").await?;
    let mut running = db.transaction(Mode::ReadWrite, &db.nums, async |nums| {
        nums.clear().await?;
        for id in 10..1000 {
            nums.add(&num(id)).await?;
        }
        Ok(())
    });
    assert!((&mut running).now_or_never().is_none());
    drop(running);
    assert_eq!(db.nums.count().await?, 9);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_future_that_is_dropped_unpolled_does_nothing() -> Result<()> {
    let db = with_nums("rollback unpolled").await?;
    drop(db.transaction(Mode::ReadWrite, &db.nums, async |nums| nums.clear().await));
    assert_eq!(db.nums.count().await?, 9);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_future_that_is_dropped_while_the_database_opens_does_nothing() -> Result<()> {
    let db: Cases = fresh("rollback opening").await;
    let mut running = db.transaction(Mode::ReadWrite, &db.nums, async |nums| nums.add(&num(1)).await);
    assert!((&mut running).now_or_never().is_none());
    drop(running);
    assert!(db.nums.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn an_unbound_table_inside_the_body_is_refused_at_once() -> Result<()> {
    let db = with_nums("rollback unbound").await?;
    let unbound = db.clone();
    let error = db
        .transaction(Mode::ReadWrite, &db.nums, async move |nums| {
            nums.add(&num(10)).await?;
            unbound.nums.get(1).await
        })
        .await;
    assert!(matches!(&error, Err(Error::OutsideTransaction { table }) if table == "nums"), "{error:?}");
    assert_eq!(db.nums.count().await?, 9);
    Ok(())
}

#[wasm_bindgen_test]
async fn every_operation_of_an_unbound_table_is_refused_and_can_be_caught() -> Result<()> {
    let db = with_nums("rollback unbound caught").await?;
    let unbound = db.clone();
    db.transaction(Mode::ReadWrite, &db.nums, async move |nums| {
        let errors = [
            unbound.nums.add(&num(10)).await.map(|_| ()),
            unbound.nums.update(1, |_| ()).await.map(|_| ()),
            unbound.nums.upsert(1, || num(1), |_| ()).await.map(|_| ()),
            unbound.nums.delete(1).await,
            unbound.nums.clear().await,
            unbound.nums.to_vec().await.map(|_| ()),
            unbound.nums.count().await.map(|_| ()),
            unbound.nums.where_(|n| n.v).equals(1).modify(|_| ()).await.map(|_| ()),
            unbound.nums.where_(|n| n.v).equals(1).delete().await.map(|_| ()),
            unbound.table::<Num>("nums")?.get(1).await.map(|_| ()),
            unbound.transaction(Mode::Read, &unbound.nums, async |_| Ok(())).await,
        ];
        for error in errors {
            assert!(matches!(&error, Err(Error::OutsideTransaction { table }) if table == "nums"), "{error:?}");
        }
        let other = unbound.autos.count().await;
        assert!(matches!(&other, Err(Error::OutsideTransaction { table }) if table == "autos"), "{other:?}");
        nums.add(&num(10)).await
    })
    .await?;
    assert_eq!(db.nums.count().await?, 10);
    Ok(())
}

// A task of its own is outside of the body: it waits for the transaction, and then runs.
#[wasm_bindgen_test]
async fn a_task_that_the_body_spawns_waits_for_the_transaction() -> Result<()> {
    let db: Cases = fresh("rollback spawned").await;
    let outside = db.clone();
    db.transaction(Mode::ReadWrite, &db.nums, async move |nums| {
        indexie_tests::spawn_local(async move {
            outside.nums.put(&Num { v: 2, ..num(1) }).await.expect("it comes after the transaction");
        });
        nums.add(&num(1)).await?;
        nums.put(&Num { v: 1, ..num(1) }).await
    })
    .await?;
    plain::sleep(50).await;
    assert_eq!(db.nums.get(1).await?.map(|n| n.v), Some(2));
    Ok(())
}

#[wasm_bindgen_test]
async fn the_database_is_as_it_was_after_every_kind_of_failure() -> Result<()> {
    let db = with_nums("rollback all").await?;
    let before = plain::all("rollback all", "nums").await;
    let _ = db.nums.add(&num(1)).await.expect_err("there already");
    let _ = db.nums.bulk_add(&[num(10), num(1)]).await.expect_err("there already");
    let _ = db
        .nums
        .bulk_update([(1, 10), (2, 9)].map(|(id, to)| (id, move |n: &mut Num| n.id = to)))
        .await
        .expect_err("taken");
    let _ = db.nums.update(1, |n| n.id = 2).await.expect_err("taken");
    let _ = db.nums.filter(|_| true).modify(|n| n.id = 9).await.expect_err("taken");
    let _ = db.nums.update(99, |n| n.v = 1).await.expect_err("missing");
    let _ = db.nums.where_(|n| n.s).in_any_range(["b".."a"]).delete().await.expect_err("backwards");
    assert_eq!(plain::all("rollback all", "nums").await, before);
    Ok(())
}
