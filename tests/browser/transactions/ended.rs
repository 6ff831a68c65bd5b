//! Ending a transaction by hand, and what its handles are worth after its end.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::FutureExt;
use futures::future::{join, join3};
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{account, accounts, bank, enough, entry, is_enough};
use crate::plain;

fn is_aborted<T>(result: &Result<T>) -> bool {
    matches!(result, Err(Error::Aborted { .. }))
}

// Case 201.
#[wasm_bindgen_test]
async fn a_transaction_that_aborts_itself_leaves_nothing() -> Result<()> {
    let db = bank("ended abort").await?;
    let aborted = db
        .transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
            accounts.clear().await?;
            accounts.transaction().abort();
            Ok(5)
        })
        .await;
    assert!(matches!(&aborted, Err(Error::Aborted { reason }) if reason.contains("abort")), "{aborted:?}");
    assert_eq!(db.accounts.to_vec().await?, accounts());
    Ok(())
}

#[wasm_bindgen_test]
async fn later_operations_of_an_aborted_transaction_fail() -> Result<()> {
    let db = bank("ended abort later").await?;
    let after = Rc::new(Cell::new(false));
    let reached = after.clone();
    let aborted = db
        .transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
            let tx = accounts.transaction();
            tx.abort();
            tx.abort();
            let failures = [
                accounts.get(1).await.map(|_| ()),
                accounts.delete(1).await,
                accounts.update(1, |_| ()).await.map(|_| ()),
                accounts.where_(|a| a.balance).above(0).modify(|_| ()).await.map(|_| ()),
                accounts.count().await.map(|_| ()),
                tx.savepoint(async || Ok(())).await,
                tx.commit().await,
            ];
            assert!(failures.iter().all(is_aborted), "{failures:?}");
            reached.set(true);
            accounts.clear().await
        })
        .await;
    assert!(is_aborted(&aborted), "{aborted:?}");
    assert!(after.get());
    assert_eq!(db.accounts.to_vec().await?, accounts());
    Ok(())
}

#[wasm_bindgen_test]
async fn an_aborted_body_may_give_a_reason_of_its_own() -> Result<()> {
    let db = bank("ended abort reason").await?;
    let aborted = db
        .transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
            accounts.transaction().abort();
            Err::<(), _>(enough())
        })
        .await;
    assert!(is_enough(&aborted), "{aborted:?}");
    Ok(())
}

#[wasm_bindgen_test]
async fn an_abort_cuts_off_what_is_under_way() -> Result<()> {
    let db = bank("ended abort under way").await?;
    let aborted = db
        .transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
            let tx = accounts.transaction();
            let (added, ()) = join(accounts.bulk_add(&[account(4, "Dan", 1), account(5, "Eve", 1)]), async {
                tx.abort();
            })
            .await;
            assert!(is_aborted(&added), "{added:?}");
            Ok(())
        })
        .await;
    assert!(is_aborted(&aborted), "{aborted:?}");
    assert_eq!(db.accounts.to_vec().await?, accounts());
    Ok(())
}

#[wasm_bindgen_test]
async fn a_transaction_can_be_aborted_from_outside_of_its_body() -> Result<()> {
    let db = bank("ended abort outside").await?;
    let shared = Rc::new(RefCell::new(None));
    let given = shared.clone();
    let running = db.transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
        *given.borrow_mut() = Some(accounts.transaction());
        for id in 4..10_000 {
            accounts.add(&account(id, &format!("{id}"), 0)).await?;
        }
        Ok(())
    });
    let cancel = async {
        plain::sleep(20).await;
        // The body has begun by then, or begins soon.
        while shared.borrow().is_none() {
            plain::sleep(1).await;
        }
        let tx = shared.take().expect("the body has begun");
        tx.abort();
    };
    let (aborted, ()) = join(running, cancel).await;
    assert!(matches!(&aborted, Err(Error::Aborted { reason }) if reason.contains("abort")), "{aborted:?}");
    assert_eq!(db.accounts.to_vec().await?, accounts());
    Ok(())
}

#[wasm_bindgen_test]
async fn a_commit_stores_what_is_there() -> Result<()> {
    let db = bank("ended commit").await?;
    let seen = Rc::new(RefCell::new(None));
    let result = seen.clone();
    let value = db
        .transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
            accounts.add(&account(4, "Dan", 1)).await?;
            accounts.transaction().commit();
            *result.borrow_mut() = Some(accounts.add(&account(5, "Eve", 1)).await);
            Ok("done")
        })
        .await?;
    assert_eq!(value, "done");
    let later = seen.take();
    assert!(later.as_ref().is_some_and(is_aborted), "{later:?}");
    assert_eq!(db.accounts.primary_keys().await?, [1, 2, 3, 4]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_commit_that_is_awaited_sets_the_body_free() -> Result<()> {
    let db = bank("ended commit awaited").await?;
    let outside = db.clone();
    let count = db
        .transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
            accounts.add(&account(4, "Dan", 1)).await?;
            accounts.transaction().commit().await?;
            // No transaction any more: anything may be waited for, and used.
            plain::sleep(10).await;
            assert_eq!(outside.accounts.count().await?, 4);
            outside.transaction(Mode::ReadWrite, &outside.accounts, async |accounts| accounts.delete(1).await).await?;
            outside.accounts.count().await
        })
        .await?;
    assert_eq!(count, 3);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_commit_covers_what_is_still_under_way() -> Result<()> {
    let db = bank("ended commit under way").await?;
    let keys = db
        .transaction(Mode::ReadWrite, (&db.accounts, &db.entries), async |(accounts, entries)| {
            let tx = accounts.transaction();
            let (failed, added, committed) = join3(
                accounts.bulk_add(&[account(4, "Dan", 1), account(1, "Eve", 1)]),
                entries.bulk_add(&[entry(1, 1), entry(1, 2)]),
                async { tx.commit().await },
            )
            .await;
            assert!(matches!(&failed, Err(Error::Constraint { row: Some(1), .. })), "{failed:?}");
            committed?;
            added
        })
        .await?;
    assert_eq!(keys, [3, 4]);
    assert_eq!(db.accounts.to_vec().await?, accounts());
    assert_eq!(db.entries.count().await?, 4);
    Ok(())
}

#[wasm_bindgen_test]
async fn an_error_after_a_commit_undoes_nothing() -> Result<()> {
    let db = bank("ended commit error").await?;
    for awaited in [false, true] {
        let failed = db
            .transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
                accounts.delete(1).await?;
                let committed = accounts.transaction().commit();
                accounts.transaction().abort();
                if awaited {
                    committed.await?;
                }
                Err::<(), _>(enough())
            })
            .await;
        assert!(is_enough(&failed), "{failed:?}");
        assert_eq!(db.accounts.primary_keys().await?, [2, 3]);
    }
    Ok(())
}

#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn a_commit_that_fails_is_told_by_the_transaction() -> Result<()> {
    let db = bank("ended commit fails").await?;
    let full = "function (...row) { \
        const { transaction } = this; \
        Object.defineProperty(transaction, 'error', { configurable: true, value: new DOMException('', 'QuotaExceededError') }); \
        transaction.commit = () => transaction.abort(); \
        return original.apply(this, row); }";
    let guard = plain::replaced("add", full);
    let after = Rc::new(Cell::new(false));
    let reached = after.clone();
    let failed = db
        .transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
            accounts.add(&account(4, "Dan", 1)).await?;
            accounts.transaction().commit().await?;
            reached.set(true);
            Ok(())
        })
        .await;
    drop(guard);
    assert!(matches!(&failed, Err(Error::QuotaExceeded { .. })), "{failed:?}");
    assert!(!after.get());
    assert_eq!(db.accounts.to_vec().await?, accounts());
    Ok(())
}

#[wasm_bindgen_test]
async fn a_commit_inside_a_savepoint_commits_the_savepoint_too() -> Result<()> {
    let db = bank("ended commit savepoint").await?;
    let failed = db
        .transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
            let tx = accounts.transaction();
            tx.savepoint(async || {
                accounts.delete(1).await?;
                tx.commit();
                Err::<(), _>(enough())
            })
            .await
        })
        .await;
    assert!(is_enough(&failed), "{failed:?}");
    assert_eq!(db.accounts.primary_keys().await?, [2, 3]);
    Ok(())
}

#[wasm_bindgen_test]
async fn an_abort_inside_a_savepoint_aborts_everything() -> Result<()> {
    let db = bank("ended abort savepoint").await?;
    let aborted = db
        .transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
            accounts.delete(2).await?;
            let tx = accounts.transaction();
            tx.savepoint(async || {
                accounts.delete(1).await?;
                tx.abort();
                Ok(())
            })
            .await
        })
        .await;
    assert!(is_aborted(&aborted), "{aborted:?}");
    assert_eq!(db.accounts.to_vec().await?, accounts());
    Ok(())
}

#[wasm_bindgen_test]
async fn a_transaction_dropped_after_its_commit_stays_committed() -> Result<()> {
    let db = bank("ended commit dropped").await?;
    let mut running = db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        accounts.delete(1).await?;
        accounts.transaction().commit().await?;
        futures::future::pending::<Result<()>>().await
    });
    assert!((&mut running).now_or_never().is_none());
    for _ in 0..100 {
        if db.accounts.count().await? == 2 {
            break;
        }
        assert!((&mut running).now_or_never().is_none());
    }
    drop(running);
    assert_eq!(db.accounts.primary_keys().await?, [2, 3]);
    Ok(())
}

#[wasm_bindgen_test]
async fn handles_are_of_no_use_after_the_end() -> Result<()> {
    let db = bank("ended handles").await?;
    let committed = db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| Ok(accounts)).await?;
    let kept = Rc::new(RefCell::new(None));
    let keep = kept.clone();
    let aborted = db
        .transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
            *keep.borrow_mut() = Some(accounts);
            Err::<(), _>(enough())
        })
        .await;
    assert!(is_enough(&aborted), "{aborted:?}");
    let read = db.transaction(Mode::Read, &db.accounts, async |accounts| Ok(accounts)).await?;
    for accounts in [committed, kept.take().expect("kept")] {
        let tx = accounts.transaction();
        tx.abort();
        let failures = [
            accounts.get(1).await.map(|_| ()),
            accounts.add(&account(4, "Dan", 1)).await.map(|_| ()),
            accounts.bulk_put(&[account(4, "Dan", 1), account(1, "Eve", 1)]).await.map(|_| ()),
            accounts.update(1, |a| a.balance = 0).await.map(|_| ()),
            accounts.upsert(1, || account(1, "Ann", 0), |a| a.balance = 0).await.map(|_| ()),
            accounts.delete(1).await,
            accounts.clear().await,
            accounts.where_(|a| a.id).above(0).delete().await.map(|_| ()),
            accounts.filter(|_| true).modify(|a| a.balance = 0).await.map(|_| ()),
            accounts.page(1).await.map(|_| ()),
            tx.savepoint(async || accounts.clear().await).await,
            tx.commit().await,
        ];
        assert!(failures.iter().all(is_aborted), "{failures:?}");
    }
    assert!(is_aborted(&read.count().await));
    assert_eq!(db.accounts.to_vec().await?, accounts());
    Ok(())
}

#[wasm_bindgen_test]
async fn an_old_handle_does_not_touch_the_transaction_of_another() -> Result<()> {
    let db = bank("ended old handle").await?;
    let old = db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| Ok(accounts)).await?;
    db.transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
        accounts.delete(1).await?;
        old.transaction().abort();
        old.transaction().commit();
        let failed = old.delete(2).await;
        assert!(is_aborted(&failed), "{failed:?}");
        accounts.delete(3).await
    })
    .await?;
    assert_eq!(db.accounts.primary_keys().await?, [2]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_handle_is_of_no_use_in_the_body_of_another_transaction() -> Result<()> {
    let db = bank("ended other handle").await?;
    let given = Rc::new(RefCell::new(None));
    let taken = given.clone();
    let first = db.transaction(Mode::ReadWrite, &db.entries, async move |entries| {
        *given.borrow_mut() = Some(entries.clone());
        for _ in 0..50 {
            entries.count().await?;
        }
        entries.add(&entry(1, 1)).await
    });
    let second = db.transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
        let mut entries = None;
        while entries.is_none() {
            accounts.count().await?;
            entries = taken.take();
        }
        let refused = entries.expect("the first has begun").clear().await;
        assert!(is_aborted(&refused), "{refused:?}");
        accounts.delete(1).await
    });
    let (first, second) = join(first, second).await;
    assert_eq!(first?, 3);
    second?;
    assert_eq!(db.entries.count().await?, 3);
    assert_eq!(db.accounts.primary_keys().await?, [2, 3]);
    Ok(())
}
