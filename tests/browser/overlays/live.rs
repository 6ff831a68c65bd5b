//! Live queries over overlays: every step once, none in between.

use std::rc::Rc;

use futures::StreamExt;
use futures::future::{Either, select};
use indexie::Change;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Club, Member, member, with_rows};

async fn next<R>(stream: &mut (impl futures::Stream<Item = Result<R>> + Unpin)) -> R {
    stream.next().await.expect("it does not end").expect("a result")
}

/// Nothing comes for as long as so much else is done that it would have come.
async fn quiet<R: std::fmt::Debug>(db: &Club, stream: &mut (impl futures::Stream<Item = Result<R>> + Unpin)) {
    let busy = Box::pin(async {
        for _ in 0..6 {
            let counted = db.transaction(Mode::Read, &db.members, async |members| members.count().await);
            counted.await.expect("a count");
        }
    });
    if let Either::Left((item, _)) = select(stream.next(), busy).await {
        panic!("nothing has changed: {item:?}");
    }
}

fn shown(rows: &[Rc<Member>]) -> Vec<(String, u32)> {
    rows.iter().map(|row| (row.name.clone(), row.age)).collect()
}

#[wasm_bindgen_test]
async fn each_step_is_shown_once() -> Result<()> {
    let db = with_rows("overlay live").await?;
    let mut adults = db.members.where_(|m| m.age).above(25).live();
    let mut count = db.members.count().live();
    let mut one = db.members.get(1).live();
    let mut closure =
        live_query(indexie::clone!(db => async move || db.members.order_by(|m| m.age).keys::<u32>().await));
    assert_eq!(shown(&next(&mut adults).await), [("Bob".into(), 30), ("Cid".into(), 40)]);
    assert_eq!((next(&mut count).await, next(&mut one).await.map(|row| row.age)), (3, Some(20)));
    assert_eq!(next(&mut closure).await, [20, 30, 40]);

    let tx = db.members.start_transaction(Overlay::Optimistic);
    let dan = tx.add(&member("Dan", 35)).await?;
    let rows = next(&mut adults).await;
    assert_eq!(shown(&rows), [("Bob".into(), 30), ("Dan".into(), 35), ("Cid".into(), 40)]);
    assert_eq!((rows[1].id, next(&mut count).await), (dan, 4));
    assert_eq!(next(&mut closure).await, [20, 30, 35, 40]);
    tx.update(1, |row| row.age = 45).await?;
    assert_eq!(shown(&next(&mut adults).await).last(), Some(&("Ann".into(), 45)));
    assert_eq!(next(&mut one).await.map(|row| row.age), Some(45));
    quiet(&db, &mut count).await;
    assert_eq!(next(&mut closure).await, [30, 35, 40, 45]);

    tx.commit().await?;
    let rows = next(&mut adults).await;
    assert_eq!(rows.iter().map(|row| (row.id, row.age)).collect::<Vec<_>>(), [(2, 30), (4, 35), (3, 40), (1, 45)]);
    quiet(&db, &mut adults).await;
    quiet(&db, &mut count).await;
    quiet(&db, &mut one).await;
    quiet(&db, &mut closure).await;
    Ok(())
}

#[wasm_bindgen_test]
async fn a_rollback_shows_the_old_state_once() -> Result<()> {
    let db = with_rows("overlay live rollback").await?;
    let mut all = db.members.live();
    let first = next(&mut all).await;
    let tx = db.members.start_transaction(Overlay::Optimistic);
    tx.add(&member("Dan", 35)).await?;
    tx.update(1, |row| row.age = 45).await?;
    tx.delete(2).await?;
    assert_eq!(shown(&next(&mut all).await), [("Ann".into(), 45), ("Cid".into(), 40), ("Dan".into(), 35)]);
    tx.rollback();
    let rows = next(&mut all).await;
    assert_eq!(rows, first);
    assert!(Rc::ptr_eq(&rows[2], &first[2]), "a row that has not changed is the same one");
    quiet(&db, &mut all).await;
    // One that fails, too.
    db.members.hook().on_delete(async |_: Deleted<Member>| Err(HookError::new("no")));
    let tx = db.members.start_transaction(Overlay::Optimistic);
    tx.delete(3).await?;
    assert_eq!(next(&mut all).await.len(), 2);
    assert!(tx.commit().await.is_err());
    assert_eq!(next(&mut all).await, first);
    quiet(&db, &mut all).await;
    Ok(())
}

#[wasm_bindgen_test]
async fn what_is_stored_beneath_a_pending_row_is_not_shown_until_that_is_gone() -> Result<()> {
    let db = with_rows("overlay live beneath").await?;
    let tx = db.members.start_transaction(Overlay::Optimistic);
    tx.update(1, |row| row.age = 45).await?;
    let mut all = db.members.live();
    assert_eq!(shown(&next(&mut all).await)[0], ("Ann".into(), 45));
    db.members.update(1, |row| row.name = "Anna".into()).await?;
    quiet(&db, &mut all).await;
    db.members.update(2, |row| row.age = 31).await?;
    assert_eq!(shown(&next(&mut all).await)[..2], [("Ann".into(), 45), ("Bob".into(), 31)]);
    tx.rollback();
    assert_eq!(shown(&next(&mut all).await)[0], ("Anna".into(), 20));
    quiet(&db, &mut all).await;
    Ok(())
}

#[wasm_bindgen_test]
async fn a_standard_overlay_is_shown_by_its_commit_alone() -> Result<()> {
    let db = with_rows("overlay live standard").await?;
    let mut all = db.members.live();
    next(&mut all).await;
    let tx = db.members.start_transaction(Overlay::Standard);
    let mut own = tx.count().live();
    assert_eq!(next(&mut own).await, 3);
    tx.add(&member("Dan", 35)).await?;
    tx.delete(1).await?;
    tx.delete(2).await?;
    assert_eq!(next(&mut own).await, 2);
    quiet(&db, &mut all).await;
    tx.commit().await?;
    assert_eq!(shown(&next(&mut all).await), [("Cid".into(), 40), ("Dan".into(), 35)]);
    quiet(&db, &mut all).await;
    Ok(())
}

#[wasm_bindgen_test]
async fn a_committed_row_stays_in_its_place() -> Result<()> {
    let db = with_rows("overlay live changes").await?;
    let mut changes = db.members.order_by(|m| m.age).live_changes();
    let mut rows = Vec::new();
    next(&mut changes).await.apply(&mut rows);
    let tx = db.members.start_transaction(Overlay::Optimistic);
    let dan = tx.add(&member("Dan", 35)).await?;
    next(&mut changes).await.apply(&mut rows);
    assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["Ann", "Bob", "Dan", "Cid"]);
    tx.commit().await?;
    let committed = next(&mut changes).await;
    assert!(
        matches!(&committed.steps[..], [Change::Updated { at: 2, key: 4, row }] if row.id == 4),
        "its key is another one, and it is the same row: {:?}",
        committed.steps
    );
    committed.apply(&mut rows);
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [1, 2, 4, 3]);
    assert_eq!((db.members.first_key(&4), db.members.first_key(&3)), (dan, 3));
    Ok(())
}

#[wasm_bindgen_test]
async fn who_asks_whether_a_row_is_pending_hears_when_it_is_not_any_more() -> Result<()> {
    let db = with_rows("overlay live pending").await?;
    let marked = indexie::clone!(db => async move || {
        let rows = db.members.to_vec().await?;
        Ok(rows.iter().filter(|row| db.members.is_pending(&row.id)).map(|row| row.name.clone()).collect::<Vec<_>>())
    });
    let mut marked = live_query(marked);
    assert!(next(&mut marked).await.is_empty());
    for ending in ["commit", "roll back", "fail"] {
        let tx = db.members.start_transaction(Overlay::Optimistic);
        tx.update(1, |row| row.age += 1).await?;
        assert_eq!(next(&mut marked).await, ["Ann"]);
        tx.add(&member(ending, 1)).await?;
        assert_eq!(next(&mut marked).await, ["Ann", ending]);
        match ending {
            "commit" => drop(tx.commit().await?),
            "roll back" => tx.rollback(),
            _ => {
                let id = db.members.hook().on_add(async |_: Added<Member>| Err::<(), _>(HookError::new("no")));
                assert!(tx.commit().await.is_err());
                db.members.hook().remove(id);
            }
        }
        assert!(next(&mut marked).await.is_empty());
        quiet(&db, &mut marked).await;
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn an_overlay_that_is_stored_beneath_another_one_stays_beneath_it() -> Result<()> {
    let db = with_rows("overlay live order").await?;
    let mut one = db.members.get(1).live();
    assert_eq!(next(&mut one).await.map(|row| row.age), Some(20));
    let (lower, upper) =
        (db.members.start_transaction(Overlay::Optimistic), db.members.start_transaction(Overlay::Optimistic));
    lower.update(1, |row| row.age = 21).await?;
    assert_eq!(next(&mut one).await.map(|row| row.age), Some(21));
    upper.update(1, |row| row.age = 22).await?;
    assert_eq!(next(&mut one).await.map(|row| row.age), Some(22));
    upper.commit_overwriting().await?;
    assert_eq!(next(&mut one).await.map(|row| row.age), Some(21), "what is pending is over what is stored");
    drop(lower);
    assert_eq!(next(&mut one).await.map(|row| row.age), Some(22));
    quiet(&db, &mut one).await;
    Ok(())
}

/// What comes while much else is done.
async fn soon<R>(db: &Club, stream: &mut (impl futures::Stream<Item = Result<R>> + Unpin)) -> R {
    let busy = Box::pin(async {
        for _ in 0..200 {
            let counted = db.transaction(Mode::Read, &db.members, async |members| members.count().await);
            counted.await.expect("a count");
        }
    });
    match select(stream.next(), busy).await {
        Either::Left((item, _)) => item.expect("it does not end").expect("a result"),
        Either::Right(_) => panic!("nothing has come"),
    }
}

#[wasm_bindgen_test]
async fn who_looks_through_an_overlay_sees_what_a_later_one_hides_from_the_others() -> Result<()> {
    for overlay in [Overlay::Optimistic, Overlay::Standard] {
        let db = with_rows(&format!("overlay live covered {overlay:?}")).await?;
        let tx = db.members.start_transaction(overlay);
        let upper = db.members.start_transaction(Overlay::Optimistic);
        upper.update(1, |row| row.age = 50).await?;
        let (mut own, mut others) = (tx.get(1).live(), db.members.get(1).live());
        assert_eq!(soon(&db, &mut own).await.map(|row| row.age), Some(20));
        assert_eq!(soon(&db, &mut others).await.map(|row| row.age), Some(50));
        tx.update(1, |row| row.age = 21).await?;
        assert_eq!(soon(&db, &mut own).await.map(|row| row.age), Some(21));
        let undone = tx
            .savepoint(async || {
                tx.update(1, |row| row.age = 22).await?;
                assert_eq!(soon(&db, &mut own).await.map(|row| row.age), Some(22));
                Err::<(), _>(Error::user("not that"))
            })
            .await;
        assert!(undone.is_err());
        assert_eq!(soon(&db, &mut own).await.map(|row| row.age), Some(21));
        tx.delete(1).await?;
        assert_eq!(soon(&db, &mut own).await, None);
        quiet(&db, &mut others).await;
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn who_looks_through_an_overlay_in_between_sees_those_beneath_it() -> Result<()> {
    for between in [Overlay::Optimistic, Overlay::Standard] {
        let db = with_rows(&format!("overlay live between {between:?}")).await?;
        let lower = db.members.start_transaction(Overlay::Optimistic);
        let tx = db.members.start_transaction(between);
        let upper = db.members.start_transaction(Overlay::Optimistic);
        upper.update(1, |row| row.age = 50).await?;
        let (mut own, mut others) = (tx.get(1).live(), db.members.get(1).live());
        assert_eq!(soon(&db, &mut own).await.map(|row| row.age), Some(20));
        assert_eq!(soon(&db, &mut others).await.map(|row| row.age), Some(50));
        lower.update(1, |row| row.age = 21).await?;
        assert_eq!(soon(&db, &mut own).await.map(|row| row.age), Some(21));
        let undone = lower
            .savepoint(async || {
                lower.update(1, |row| row.age = 50).await?;
                assert_eq!(soon(&db, &mut own).await.map(|row| row.age), Some(50));
                Err::<(), _>(Error::user("not that"))
            })
            .await;
        assert!(undone.is_err());
        assert_eq!(soon(&db, &mut own).await.map(|row| row.age), Some(21));
        lower.rollback();
        assert_eq!(soon(&db, &mut own).await.map(|row| row.age), Some(20));
        quiet(&db, &mut others).await;
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn who_looks_through_an_overlay_in_between_sees_what_a_commit_beneath_it_stores() -> Result<()> {
    let db = with_rows("overlay live between, committed").await?;
    db.members.hook().on_update(async |e: Updated<Member>| Ok(Member { age: e.new.age + 1, ..e.new }));
    let lower = db.members.start_transaction(Overlay::Optimistic);
    let tx = db.members.start_transaction(Overlay::Standard);
    let upper = db.members.start_transaction(Overlay::Optimistic);
    upper.update(1, |row| row.age = 50).await?;
    lower.update(1, |row| row.age = 21).await?;
    let mut own = tx.get(1).live();
    assert_eq!(soon(&db, &mut own).await.map(|row| row.age), Some(21));
    lower.commit().await?;
    assert_eq!(soon(&db, &mut own).await.map(|row| row.age), Some(22));
    quiet(&db, &mut own).await;
    Ok(())
}

#[wasm_bindgen_test]
async fn a_read_of_several_steps_hears_of_an_overlay_that_comes_later() -> Result<()> {
    let db = with_rows("overlay live steps").await?;
    let before = db.members.filter(|m| m.age > 18).count().await?;
    // Each is read in a transaction of its own, as long as nothing is pending.
    let mut filtered =
        live_query(clone!(db => async move || db.members.filter(|m| m.age > 18).limit(100).to_vec().await));
    let mut either = live_query(clone!(db => async move || {
        db.members.where_(|m| m.name).equals("Zoe").or(|m| m.age).above(18).count().await
    }));
    let mut first = db.members.filter(|m| m.name == "Zoe").primary_keys().live();
    assert_eq!(next(&mut filtered).await.len(), before);
    assert_eq!(next(&mut either).await, before);
    assert_eq!(next(&mut first).await, [0_u32; 0]);
    let tx = db.members.start_transaction(Overlay::Optimistic);
    let zoe = tx.add(&member("Zoe", 30)).await?;
    assert_eq!(next(&mut filtered).await.len(), before + 1);
    assert_eq!(next(&mut either).await, before + 1);
    assert_eq!(next(&mut first).await, [zoe]);
    tx.rollback();
    assert_eq!(next(&mut filtered).await.len(), before);
    assert_eq!(next(&mut either).await, before);
    assert_eq!(next(&mut first).await, [0_u32; 0]);
    Ok(())
}
