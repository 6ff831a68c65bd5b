//! Savepoints that are dropped half-way: undone before anything else of their transaction goes on.

use std::cell::Cell;
use std::future::poll_fn;
use std::task::Poll;

use futures::FutureExt;
use futures::future::{Either, join, select};
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{account, accounts, bank, contents, enough, entry};
use crate::plain;

/// Polls a future once, and says whether it has ended.
async fn once<F: Future + Unpin>(mut future: F) -> bool {
    poll_fn(|context| Poll::Ready(future.poll_unpin(context).is_ready())).await
}

#[wasm_bindgen_test]
async fn a_savepoint_that_loses_a_race_is_undone() -> Result<()> {
    let db = bank("dropped race").await?;
    db.transaction(Mode::ReadWrite, (&db.accounts, &db.entries), async |(accounts, entries)| {
        let tx = accounts.transaction();
        accounts.add(&account(4, "Dan", 1)).await?;
        let written = Cell::new(0);
        let writing = Box::pin(tx.savepoint(async || {
            accounts.clear().await?;
            for at in 0..100 {
                entries.add(&entry(9, at)).await?;
                written.set(at);
            }
            Ok(())
        }));
        let enough = poll_fn(|_| if written.get() == 5 { Poll::Ready(()) } else { Poll::Pending });
        // The loser goes with the end of the statement.
        let Either::Right(_) = select(writing, enough).await else { panic!("the savepoint is longer") };
        assert_eq!(accounts.count().await?, 4);
        assert_eq!(entries.count().await?, 2);
        entries.add(&entry(4, 1)).await
    })
    .await?;
    assert_eq!(db.accounts.primary_keys().await?, [1, 2, 3, 4]);
    assert_eq!(db.entries.count().await?, 3);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_was_under_way_when_it_was_dropped_is_undone_too() -> Result<()> {
    let db = bank("dropped under way").await?;
    let before = contents(&db).await?;
    db.transaction(Mode::ReadWrite, (&db.accounts, &db.entries), async |(accounts, entries)| {
        let tx = accounts.transaction();
        let mut savepoint = Box::pin(tx.savepoint(async || {
            let (cleared, added) =
                join(accounts.clear(), entries.bulk_add(&[entry(9, 1), entry(9, 2), entry(9, 3)])).await;
            cleared?;
            added
        }));
        assert!(!once(&mut savepoint).await);
        drop(savepoint);
        assert_eq!(accounts.count().await?, 3);
        assert_eq!(entries.count().await?, 2);
        Ok(())
    })
    .await?;
    assert_eq!(contents(&db).await?, before);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_waits_for_its_turn_comes_after_the_undoing() -> Result<()> {
    let db = bank("dropped waiting").await?;
    db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        let tx = accounts.transaction();
        let mut savepoint = Box::pin(tx.savepoint(async || {
            accounts.clear().await?;
            accounts.add(&account(1, "Zoe", 1)).await
        }));
        let mut waiting = Box::pin(join(accounts.update(1, |a| a.balance += 1), accounts.count()));
        assert!(!once(&mut savepoint).await);
        assert!(!once(&mut waiting).await);
        drop(savepoint);
        let (updated, count) = waiting.await;
        assert_eq!(updated?, account(1, "Ann", 101));
        assert_eq!(count?, 3);
        Ok(())
    })
    .await
}

#[wasm_bindgen_test]
async fn one_that_is_dropped_while_it_waits_for_its_turn_does_nothing() -> Result<()> {
    let db = bank("dropped in line").await?;
    db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        let tx = accounts.transaction();
        let mut updating = Box::pin(accounts.update(1, |a| a.balance += 1));
        let mut savepoint = Box::pin(tx.savepoint(async || accounts.clear().await));
        assert!(!once(&mut updating).await);
        assert!(!once(&mut savepoint).await);
        drop(savepoint);
        drop(tx.savepoint(async || accounts.clear().await));
        assert_eq!(updating.await?.balance, 101);
        Ok(())
    })
    .await?;
    assert_eq!(db.accounts.count().await?, 3);
    Ok(())
}

#[wasm_bindgen_test]
async fn an_inner_one_is_undone_and_the_outer_one_goes_on() -> Result<()> {
    let db = bank("dropped inner").await?;
    db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        let tx = accounts.transaction();
        tx.savepoint(async || {
            accounts.delete(1).await?;
            let mut inner = Box::pin(tx.savepoint(async || {
                accounts.delete(2).await?;
                accounts.delete(3).await
            }));
            for _ in 0..2 {
                assert!(!once(&mut inner).await);
                accounts.count().now_or_never();
            }
            drop(inner);
            accounts.add(&account(4, "Dan", 4)).await
        })
        .await
    })
    .await?;
    assert_eq!(db.accounts.primary_keys().await?, [2, 3, 4]);
    Ok(())
}

#[wasm_bindgen_test]
async fn an_outer_one_is_undone_with_the_inner_one_it_had_open() -> Result<()> {
    let db = bank("dropped outer").await?;
    db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        let tx = accounts.transaction();
        let mut outer = Box::pin(tx.savepoint(async || {
            accounts.delete(1).await?;
            tx.savepoint(async || {
                accounts.delete(2).await?;
                accounts.delete(3).await?;
                accounts.add(&account(4, "Ann", 4)).await
            })
            .await
        }));
        // Two of the four steps are done.
        while accounts_left(&mut outer).await < 2 {}
        drop(outer);
        assert_eq!(accounts.to_vec().await?, crate::fixtures::accounts());
        Ok(())
    })
    .await?;
    assert_eq!(db.accounts.to_vec().await?, accounts());
    Ok(())
}

/// Polls a savepoint until its next request has been answered; says how many have.
async fn accounts_left<F: Future + Unpin>(savepoint: &mut F) -> u32 {
    let mut polls = 0;
    poll_fn(|context| {
        polls += 1;
        assert!(savepoint.poll_unpin(context).is_pending());
        if polls > 2 { Poll::Ready(polls) } else { Poll::Pending }
    })
    .await
}

#[wasm_bindgen_test]
async fn one_that_is_dropped_while_it_is_undone_is_undone_all_the_same() -> Result<()> {
    let db = bank("dropped undoing").await?;
    db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        let tx = accounts.transaction();
        let mut savepoint = Box::pin(tx.savepoint(async || {
            accounts.clear().await?;
            Err::<(), _>(enough())
        }));
        let mut polls = 0;
        poll_fn(|context| {
            assert!(savepoint.poll_unpin(context).is_pending());
            polls += 1;
            if polls == 2 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        drop(savepoint);
        assert_eq!(accounts.count().await?, 3);
        Ok(())
    })
    .await?;
    assert_eq!(db.accounts.to_vec().await?, accounts());
    Ok(())
}

#[wasm_bindgen_test]
async fn a_body_that_ends_right_after_dropping_one_commits_the_rest() -> Result<()> {
    let db = bank("dropped at the end").await?;
    db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        accounts.add(&account(4, "Dan", 4)).await?;
        let tx = accounts.transaction();
        let mut savepoint = Box::pin(tx.savepoint(async || {
            accounts.bulk_delete([1, 2]).await?;
            accounts.clear().await
        }));
        assert!(!once(&mut savepoint).await);
        Ok(())
    })
    .await?;
    assert_eq!(db.accounts.primary_keys().await?, [1, 2, 3, 4]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_transaction_that_is_dropped_with_a_savepoint_open_leaves_nothing() -> Result<()> {
    let db = bank("dropped transaction").await?;
    let mut running = db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        let tx = accounts.transaction();
        tx.savepoint(async || {
            for id in 1..=3 {
                accounts.delete(id).await?;
            }
            futures::future::pending::<Result<()>>().await
        })
        .await
    });
    assert!((&mut running).now_or_never().is_none());
    drop(running);
    plain::sleep(20).await;
    assert_eq!(db.accounts.to_vec().await?, accounts());
    Ok(())
}
