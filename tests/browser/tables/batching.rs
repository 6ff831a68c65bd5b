//! Single operations that are started together share a transaction, and nobody can tell.
#![allow(clippy::cast_possible_truncation, reason = "small numbers")]

use std::cell::RefCell;
use std::rc::Rc;

use futures::FutureExt;
use futures::future::{join, join_all, join3, join4, join5};
use indexie::prelude::*;
use indexie::{Builder, Durability};
use wasm_bindgen_futures::spawn_local;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::fixtures::{Cases, Num, auto, fresh, guest, new_auto, with_nums};
use crate::plain;

fn num(id: u32) -> Num {
    Num { id, v: 0, s: String::new(), z: None }
}

fn v(id: u32, v: u32) -> Num {
    Num { v, ..num(id) }
}

/// A new database, already open, and what begins in it.
async fn watched(name: &str) -> Result<(Cases, plain::Begun)> {
    let db: Cases = fresh(name).await;
    db.open().await?;
    Ok((db, plain::begun("")))
}

#[wasm_bindgen_test]
async fn adds_that_are_started_together_share_a_transaction() -> Result<()> {
    let (db, begun) = watched("batching adds").await?;
    let keys = join_all((0..5000).map(|v| db.autos.add(&new_auto(v)))).await;
    assert_eq!(begun.seen(), ["write autos"]);
    assert_eq!(keys.into_iter().collect::<Result<Vec<u32>>>()?, (1..=5000).collect::<Vec<u32>>());
    assert_eq!(db.autos.count().await?, 5000);
    assert_eq!(db.autos.get(5000).await?, Some(auto(5000, 4999)));
    Ok(())
}

#[wasm_bindgen_test]
async fn what_waits_for_the_database_goes_together_once_it_is_open() -> Result<()> {
    let db: Cases = fresh("batching opening").await;
    let begun = plain::begun("");
    let keys = join_all((0..100).map(|v| db.autos.add(&new_auto(v)))).await;
    assert_eq!(begun.writes(), 1);
    assert_eq!(keys.into_iter().collect::<Result<Vec<u32>>>()?, (1..=100).collect::<Vec<u32>>());
    Ok(())
}

#[wasm_bindgen_test]
async fn tasks_that_are_spawned_together_share_a_transaction() -> Result<()> {
    let (db, begun) = watched("batching tasks").await?;
    let keys = Rc::new(RefCell::new(Vec::new()));
    for v in 0..300 {
        let (db, keys) = (db.clone(), keys.clone());
        spawn_local(async move {
            let key = db.autos.add(&new_auto(v)).await;
            // A task that a task spawns.
            let (inner, all) = (db.clone(), keys.clone());
            spawn_local(async move {
                let key = inner.autos.add(&new_auto(v)).await;
                all.borrow_mut().push(key);
            });
            keys.borrow_mut().push(key);
        });
    }
    while keys.borrow().len() < 600 {
        plain::sleep(1).await;
    }
    let mut keys = keys.take().into_iter().collect::<Result<Vec<u32>>>()?;
    // Where wasm has threads, each task may be woken by an event of its own.
    if cfg!(target_feature = "atomics") {
        keys.sort_unstable();
    } else {
        assert_eq!(begun.writes(), 2);
    }
    assert_eq!(keys, (1..=600).collect::<Vec<u32>>());
    Ok(())
}

#[wasm_bindgen_test]
async fn an_add_from_a_task_that_a_task_has_spawned_is_in_time() -> Result<()> {
    let (db, begun) = watched("batching spawned").await?;
    let inner = db.clone();
    let (one, two) = join(db.autos.add(&new_auto(1)), async move {
        let (sender, receiver) = futures::channel::oneshot::channel();
        spawn_local(async move {
            let _ = sender.send(inner.autos.add(&new_auto(2)).await);
        });
        receiver.await
    })
    .await;
    assert_eq!((one?, two.expect("the task has ended")?), (1, 2));
    assert_eq!(begun.seen(), ["write autos"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn adds_that_are_awaited_one_by_one_have_a_transaction_each() -> Result<()> {
    let (db, begun) = watched("batching awaited").await?;
    for key in 1..=5 {
        assert_eq!(db.autos.add(&new_auto(key)).await?, key);
    }
    assert_eq!(begun.seen(), ["write autos"; 5]);
    Ok(())
}

#[wasm_bindgen_test]
async fn every_kind_of_single_write_takes_part() -> Result<()> {
    let (db, begun) = watched("batching kinds").await?;
    let (one, two, gone, three, none) = join5(
        db.nums.add(&num(1)),
        db.nums.put(&v(2, 2)),
        db.nums.delete(1),
        db.nums.put(&v(3, 3)),
        db.nums.delete(77),
    )
    .await;
    assert_eq!((one?, two?, gone?, three?, none?), (1, 2, (), 3, ()));
    let (cleared, four, replaced) = join3(db.nums.clear(), db.nums.add(&num(4)), db.nums.put(&v(4, 5))).await;
    assert_eq!((cleared?, four?, replaced?), ((), 4, 4));
    assert_eq!(begun.seen(), ["write nums"; 2]);
    assert_eq!(db.nums.to_vec().await?, [v(4, 5)]);
    let keys = ["a", "b"].map(|key| db.notes.add_with_key(&crate::fixtures::note(key), key));
    assert_eq!(join_all(keys).await.into_iter().collect::<Result<Vec<String>>>()?, ["a", "b"]);
    let keys = join(db.guests.add(&guest("Ann")), db.guests.put(&guest("Bob"))).await;
    assert_eq!((keys.0?, keys.1?), (1, 2));
    assert_eq!(begun.writes(), 2);
    Ok(())
}

#[wasm_bindgen_test]
async fn an_operation_of_many_rows_has_its_own_transaction() -> Result<()> {
    let (db, begun) = watched("batching bulk").await?;
    let (one, many, two, removed) = join4(
        db.nums.add(&num(1)),
        db.nums.bulk_add(&[num(2), num(3)]),
        db.nums.add(&num(4)),
        db.nums.where_(|n| n.id).below(3).delete(),
    )
    .await;
    assert_eq!((one?, many?, two?, removed?), (1, vec![2, 3], 4, 2));
    assert_eq!(begun.writes(), 4);
    assert_eq!(db.nums.primary_keys().await?, [3, 4]);
    Ok(())
}

/// Few writes ahead of something else have a transaction each; many share one, and what comes after them waits for it.
const FEW_AND_MANY: [u32; 3] = [1, 4, 20];

#[wasm_bindgen_test]
async fn a_read_sees_what_was_started_before_it_and_nothing_after() -> Result<()> {
    for n in FEW_AND_MANY {
        let (db, begun) = watched("batching reads").await?;
        let nums = &db.nums;
        let writes = |from| join_all((from..from + n).map(|id| nums.add(&num(id))));
        let all = join5(
            writes(1),
            join3(nums.get(n), nums.get(n + 1), nums.count()),
            writes(n + 1),
            join(nums.where_(|n| n.v).equals(0).primary_keys(), nums.bulk_get([2 * n, 2 * n + 1])),
            join3(nums.delete(1), nums.put(&v(2, 9)), nums.count()),
        )
        .await;
        let (one, (last, next, count), two, (keys, rows), (gone, put, left)) = all;
        assert_eq!(one.into_iter().collect::<Result<Vec<u32>>>()?, (1..=n).collect::<Vec<u32>>());
        assert_eq!((last?, next?, count?), (Some(num(n)), None, n as usize));
        assert_eq!(two.into_iter().collect::<Result<Vec<u32>>>()?, (n + 1..=2 * n).collect::<Vec<u32>>());
        assert_eq!(keys?, (1..=2 * n).collect::<Vec<u32>>());
        assert_eq!(rows?, [Some(num(2 * n)), None]);
        assert_eq!((gone?, put?, left?), ((), 2, 2 * n as usize - 1));
        assert_eq!(begun.writes() as u32, if n == 20 { 4 } else { 2 * n + 2 });
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn a_transaction_sees_what_was_started_before_it_and_nothing_after() -> Result<()> {
    for n in FEW_AND_MANY {
        let (db, begun) = watched("batching transaction").await?;
        let (nums, autos) = (&db.nums, &db.autos);
        let before = join_all((1..=n).map(|id| nums.add(&num(id))));
        let transaction = db.transaction(Mode::ReadWrite, (nums, autos), async |(nums, autos)| {
            let seen = nums.count().await?;
            let id = autos.add(&new_auto(1)).await?;
            nums.put(&v(1, 1)).await?;
            Ok((seen, id))
        });
        let reading = db.transaction(Mode::Read, nums, async |nums| nums.get(1).await);
        let after = join_all((n + 1..=2 * n).map(|id| nums.add(&num(id))).chain([nums.put(&v(1, 2))]));
        let last = join(nums.get(1), db.transaction(Mode::Read, nums, async |nums| nums.primary_keys().await));
        let (before, transaction, reading, after, last) = join5(before, transaction, reading, after, last).await;
        assert_eq!(before.into_iter().collect::<Result<Vec<u32>>>()?, (1..=n).collect::<Vec<u32>>());
        assert_eq!(transaction?, (n as usize, 1));
        assert_eq!(reading?, Some(v(1, 1)));
        assert_eq!(after.into_iter().collect::<Result<Vec<u32>>>()?, (n + 1..=2 * n).chain([1]).collect::<Vec<u32>>());
        assert_eq!(last.0?, Some(v(1, 2)));
        assert_eq!(last.1?, (1..=2 * n).collect::<Vec<u32>>());
        assert_eq!(begun.writes() as u32, if n == 20 { 3 } else { 2 * n + 2 });
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn a_transaction_that_waits_for_its_turn_can_do_all_that_others_can() -> Result<()> {
    let (db, _) = watched("batching waiting").await?;
    let adds = |from| join_all((from..from + 20).map(|id| db.nums.add(&num(id))));
    let empty = db.transaction(Mode::ReadWrite, &db.nums, async |_| Ok(42));
    let failing = db.transaction(Mode::ReadWrite, &db.nums, async |nums| {
        nums.clear().await?;
        Err::<(), _>(Error::user("no"))
    });
    let caught = db.transaction(Mode::ReadWrite, &db.nums, async |nums| {
        assert!(nums.add(&num(1)).await.is_err());
        join_all((100..120).map(|id| nums.add(&num(id)))).await.into_iter().collect::<Result<Vec<u32>>>()
    });
    let mut dropped = db.transaction(Mode::ReadWrite, &db.nums, async |nums| nums.clear().await).boxed_local();
    let mut first = adds(0).boxed_local();
    assert!((&mut first).now_or_never().is_none());
    assert!((&mut dropped).now_or_never().is_none());
    let mut more = adds(20).boxed_local();
    assert!((&mut more).now_or_never().is_none());
    drop(dropped);
    let (first, more, empty, failing, caught) = join5(first, more, empty, failing, caught).await;
    assert!(first.iter().chain(&more).all(Result::is_ok), "{first:?} {more:?}");
    assert_eq!(empty?, 42);
    assert!(matches!(failing, Err(Error::User(_))), "{failing:?}");
    assert_eq!(caught?, (100..120).collect::<Vec<u32>>());
    assert_eq!(db.nums.primary_keys().await?, (0..40).chain(100..120).collect::<Vec<u32>>());
    Ok(())
}

#[wasm_bindgen_test]
async fn operations_of_several_steps_keep_their_place() -> Result<()> {
    for n in FEW_AND_MANY {
        let (db, _) = watched("batching steps").await?;
        let nums = &db.nums;
        let others = |from| join_all((from..from + n).map(|id| nums.add(&v(id, 99))));
        let (added, updated, put, modified, last) = join5(
            join(nums.add(&v(1, 1)), others(100)),
            nums.update(1, |n| n.v += 10),
            join(nums.put(&v(2, 5)), others(200)),
            nums.where_(|n| n.v).below(6).modify(|n| n.v += 50),
            join(nums.put(&v(1, 7)), others(300)),
        )
        .await;
        assert_eq!((added.0?, put.0?, last.0?), (1, 2, 1));
        assert_eq!(updated?, v(1, 11));
        assert_eq!(modified?, 1);
        assert_eq!(nums.bulk_get([1, 2]).await?, [Some(v(1, 7)), Some(v(2, 55))]);
        assert_eq!(nums.count().await?, 2 + 3 * n as usize);
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn each_table_has_its_own_transaction() -> Result<()> {
    let (db, begun) = watched("batching tables").await?;
    let both = |i: u32| join(db.nums.add(&num(i)), db.autos.add(&new_auto(i)));
    for (i, (num, auto)) in (1..).zip(join_all((1..=100).map(both)).await) {
        assert_eq!((num?, auto?), (i, i));
    }
    assert_eq!(begun.seen(), ["write nums", "write autos"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn two_objects_of_one_database_keep_the_order() -> Result<()> {
    let name = "batching objects";
    for n in FEW_AND_MANY {
        let (db, begun) = watched(name).await?;
        let strict = Builder::<Cases>::new().name(name).durability(Durability::Strict).build();
        strict.open().await?;
        begun.seen();
        let (one, other, seen, count, last) = join5(
            join_all((1..=n).map(|id| db.nums.add(&num(id)))),
            join_all((n..2 * n).map(|id| strict.nums.put(&v(id, 1)))),
            join(db.nums.get(n), strict.nums.get(2 * n)),
            db.transaction(Mode::Read, &db.nums, async |nums| nums.count().await),
            join(db.nums.add(&num(2 * n)), strict.nums.count()),
        )
        .await;
        assert_eq!(one.into_iter().collect::<Result<Vec<u32>>>()?, (1..=n).collect::<Vec<u32>>());
        assert_eq!(other.into_iter().collect::<Result<Vec<u32>>>()?, (n..2 * n).collect::<Vec<u32>>());
        assert_eq!((seen.0?, seen.1?), (Some(v(n, 1)), None));
        assert_eq!(count?, 2 * n as usize - 1);
        assert_eq!((last.0?, last.1?), (2 * n, 2 * n as usize));
        if n == 20 {
            let writes: Vec<_> = begun.seen().into_iter().filter(|what| what.starts_with("write")).collect();
            assert_eq!(writes, ["write nums", "write nums strict", "write nums"]);
        }
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn what_is_started_before_the_database_closes_is_finished() -> Result<()> {
    for n in FEW_AND_MANY {
        let (db, _) = watched("batching closed").await?;
        let mut adds = join_all((1..=n).map(|id| db.nums.add(&num(id)))).boxed_local();
        assert!((&mut adds).now_or_never().is_none());
        // Both wait for the adds.
        let mut count = db.nums.count();
        assert!((&mut count).now_or_never().is_none());
        let mut more = db
            .transaction(Mode::ReadWrite, &db.nums, async move |nums| {
                nums.add(&num(n + 1)).await?;
                nums.count().await
            })
            .boxed_local();
        assert!((&mut more).now_or_never().is_none());
        db.close();
        assert!(!db.is_open());
        let late = db.nums.add(&num(0)).await;
        assert!(matches!(late, Err(Error::Closed { .. })), "{late:?}");
        assert_eq!(adds.await.into_iter().collect::<Result<Vec<u32>>>()?, (1..=n).collect::<Vec<u32>>());
        assert_eq!(count.await?, n as usize);
        assert_eq!(more.await?, n as usize + 1);
        db.open().await?;
        assert_eq!(db.nums.count().await?, n as usize + 1);
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn a_database_is_deleted_after_what_was_started_before() -> Result<()> {
    for n in FEW_AND_MANY {
        let (db, _) = watched("batching deleted").await?;
        let adds = join_all((1..=n).map(|id| db.nums.add(&num(id))));
        let (added, count, deleted) = join3(adds, db.nums.count(), db.delete()).await;
        assert_eq!(added.into_iter().collect::<Result<Vec<u32>>>()?, (1..=n).collect::<Vec<u32>>());
        assert_eq!(count?, n as usize);
        deleted?;
        assert!(db.nums.is_empty().await?);
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn what_is_dropped_does_not_concern_the_others() -> Result<()> {
    let (db, begun) = watched("batching dropped").await?;
    let mut adds: Vec<_> = (1..=4).map(|id| Some(db.nums.add(&num(id)))).collect();
    for add in adds.iter_mut().flatten() {
        assert!(add.now_or_never().is_none());
    }
    // Never started.
    drop(db.nums.add(&num(99)));
    adds[1] = None;
    adds[3] = None;
    assert_eq!(join_all(adds.into_iter().flatten()).await.into_iter().collect::<Result<Vec<u32>>>()?, [1, 3]);
    assert_eq!(begun.writes(), 1);
    assert_eq!(db.nums.primary_keys().await?, [1, 2, 3, 4]);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_comes_while_a_batch_is_under_way_waits_for_it_together() -> Result<()> {
    let (db, begun) = watched("batching next").await?;
    let adds = |from| join_all((from..from + 50).map(|id| db.nums.add(&num(id)))).boxed_local();
    let mut all = Vec::new();
    for from in [0, 50, 100] {
        let mut some = adds(from);
        assert!((&mut some).now_or_never().is_none());
        all.push(some);
        plain::sleep(0).await;
    }
    for some in join_all(all).await {
        assert!(some.iter().all(Result::is_ok), "{some:?}");
    }
    assert!(begun.writes() <= 3);
    assert_eq!(db.nums.count().await?, 150);
    Ok(())
}

#[wasm_bindgen_test]
async fn reads_that_are_started_together_are_answered_each() -> Result<()> {
    let db = with_nums("batching gets").await?;
    let rows = join_all((0..1000).map(|id| db.nums.get(id % 12))).await;
    for (id, row) in (0..).zip(rows) {
        let id = id % 12;
        assert_eq!(row?.map(|row| row.id), (1..=9).contains(&id).then_some(id));
    }
    Ok(())
}
