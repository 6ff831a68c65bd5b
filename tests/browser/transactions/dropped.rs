//! Transactions whose future is dropped: nothing of them is stored, at whatever moment it happens, unless their body has
//! decided already.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::FutureExt;
use futures::future::{AbortHandle, Abortable, Either, select};
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Bank, account, accounts, bank, fresh};
use crate::plain;

/// Deletes the accounts one by one, again and again.
fn long(db: &Bank) -> indexie::Op<()> {
    db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        accounts.clear().await?;
        for id in 0..100_000 {
            accounts.put(&account(id, &format!("{id}"), 0)).await?;
        }
        Ok(())
    })
}

#[wasm_bindgen_test]
async fn before_its_first_poll_nothing_happens() -> Result<()> {
    let db = bank("dropped unpolled").await?;
    drop(long(&db));
    assert_eq!(db.accounts.to_vec().await?, accounts());
    Ok(())
}

#[wasm_bindgen_test]
async fn while_the_database_opens_nothing_happens() -> Result<()> {
    let db: Bank = fresh("dropped opening").await;
    let begun = Rc::new(Cell::new(false));
    let body_begun = begun.clone();
    let mut running = db.transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
        body_begun.set(true);
        accounts.add(&account(1, "Ann", 1)).await
    });
    assert!((&mut running).now_or_never().is_none());
    drop(running);
    assert!(db.accounts.is_empty().await?);
    plain::sleep(20).await;
    assert!(!begun.get());
    assert!(db.accounts.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn while_requests_are_under_way_they_are_rolled_back() -> Result<()> {
    let db = bank("dropped requests").await?;
    // At different moments: right after the first request, and some way into the body.
    for turns in [0, 1, 3, 10, 30] {
        let mut running = long(&db);
        assert!((&mut running).now_or_never().is_none());
        for _ in 0..turns {
            plain::sleep(0).await;
            assert!((&mut running).now_or_never().is_none());
        }
        drop(running);
        assert_eq!(db.accounts.to_vec().await?, accounts(), "after {turns} turns");
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn a_timeout_rolls_back() -> Result<()> {
    let db = bank("dropped timeout").await?;
    let timeout = Box::pin(plain::sleep(30));
    let Either::Right(_) = select(long(&db), timeout).await else { panic!("the transaction is longer") };
    assert_eq!(db.accounts.to_vec().await?, accounts());
    Ok(())
}

#[wasm_bindgen_test]
async fn a_select_that_something_else_wins_rolls_back() -> Result<()> {
    let db = bank("dropped select").await?;
    let (mut lost, mut won) = (long(&db).fuse(), Box::pin(db.entries.count().fuse()));
    let count = futures::select! {
        done = lost => panic!("the transaction is longer: {done:?}"),
        count = won => count?,
    };
    drop(lost);
    assert_eq!(count, 2);
    assert_eq!(db.accounts.to_vec().await?, accounts());
    Ok(())
}

#[wasm_bindgen_test]
async fn a_task_that_goes_with_its_component_rolls_back() -> Result<()> {
    let db = bank("dropped component").await?;
    let ended = Rc::new(RefCell::new(None));
    let (unmount, registration) = AbortHandle::new_pair();
    let (task, result) = (Abortable::new(long(&db), registration), ended.clone());
    indexie_tests::spawn_local(async move {
        *result.borrow_mut() = Some(task.await.is_err());
    });
    plain::sleep(20).await;
    assert_eq!(ended.take(), None);
    unmount.abort();
    assert_eq!(db.accounts.to_vec().await?, accounts());
    plain::sleep(0).await;
    assert_eq!(ended.take(), Some(true));
    Ok(())
}

#[wasm_bindgen_test]
async fn once_its_body_has_returned_ok_it_is_committed() -> Result<()> {
    let db = bank("dropped committing").await?;
    let returned = Rc::new(Cell::new(false));
    let body_returned = returned.clone();
    let mut running = db.transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
        accounts.delete(1).await?;
        accounts.delete(2).await?;
        body_returned.set(true);
        Ok(())
    });
    assert!((&mut running).now_or_never().is_none());
    // The count is answered after the transaction is complete, so its body returns before that.
    let count = Box::pin(db.accounts.count());
    let mut count = count.fuse();
    while !returned.get() {
        futures::select_biased! {
            counted = count => assert!(returned.get(), "counted before the body has returned: {counted:?}"),
            () = plain::sleep(0).fuse() => {}
        }
    }
    drop(running);
    assert_eq!(db.accounts.primary_keys().await?, [3]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_body_that_has_returned_at_once_is_committed_too() -> Result<()> {
    let db = bank("dropped returned").await?;
    // Whatever its body has only started is part of it.
    let mut running = db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        assert!(accounts.delete(1).now_or_never().is_none());
        Ok(())
    });
    assert!((&mut running).now_or_never().is_none());
    drop(running);
    assert_eq!(db.accounts.primary_keys().await?, [2, 3]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_body_may_drop_the_future_it_runs_in() -> Result<()> {
    let db = bank("dropped by itself").await?;
    let task = Rc::new(RefCell::new(None));
    let own = task.clone();
    let mut running = db.transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
        accounts.delete(1).await?;
        // Unmounts the component that owns it, say.
        drop(own.take());
        accounts.delete(2).await
    });
    assert!((&mut running).now_or_never().is_none());
    *task.borrow_mut() = Some(running);
    // In a browser it goes on by itself, elsewhere while something else is awaited.
    assert_eq!(db.accounts.count().await?, 3);
    plain::sleep(30).await;
    assert!(task.borrow().is_none());
    assert_eq!(db.accounts.to_vec().await?, accounts());
    Ok(())
}

#[wasm_bindgen_test]
async fn what_the_body_holds_is_dropped_with_it() -> Result<()> {
    let db = bank("dropped with it").await?;
    let held = Rc::new(());
    let inside = held.clone();
    let mut running = db.transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
        while Rc::strong_count(&inside) > 0 {
            accounts.count().await?;
        }
        Ok(())
    });
    assert!((&mut running).now_or_never().is_none());
    assert_eq!(Rc::strong_count(&held), 2);
    drop(running);
    assert_eq!(Rc::strong_count(&held), 1);
    Ok(())
}
