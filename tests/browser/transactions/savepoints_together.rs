//! Savepoints beside other operations of their transaction: each comes before the others or after them, as a whole.

use std::cell::RefCell;

use futures::future::{join, join_all, join3};
use futures::stream::{FuturesUnordered, StreamExt};
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{account, accounts, bank, enough, entry, is_enough};

#[wasm_bindgen_test]
async fn what_runs_beside_a_savepoint_is_not_undone_with_it() -> Result<()> {
    let db = bank("together beside").await?;
    db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        let tx = accounts.transaction();
        let savepoint = tx.savepoint(async || {
            accounts.put(&account(4, "Dan", 1)).await?;
            accounts.put(&account(5, "Eve", 1)).await?;
            Err::<(), _>(enough())
        });
        let (before, failed, after) =
            join3(accounts.put(&account(6, "Fay", 1)), savepoint, accounts.put(&account(4, "Gus", 1))).await;
        assert!(is_enough(&failed), "{failed:?}");
        assert_eq!((before?, after?), (6, 4));
        Ok(())
    })
    .await?;
    assert_eq!(db.accounts.primary_keys().await?, [1, 2, 3, 4, 6]);
    assert_eq!(db.accounts.get(4).await?, Some(account(4, "Gus", 1)));
    Ok(())
}

#[wasm_bindgen_test]
async fn what_is_started_beside_a_savepoint_sees_all_of_it_or_nothing() -> Result<()> {
    let db = bank("together seen").await?;
    let (between, after) = db
        .transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
            let tx = accounts.transaction();
            let failing = tx.savepoint(async || {
                accounts.clear().await?;
                accounts.count().await?;
                Err::<(), _>(enough())
            });
            let working = tx.savepoint(async || {
                accounts.add(&account(4, "Dan", 1)).await?;
                accounts.add(&account(5, "Eve", 1)).await
            });
            let (failed, between, (worked, after)) =
                join3(failing, accounts.count(), join(working, accounts.count())).await;
            assert!(is_enough(&failed), "{failed:?}");
            worked?;
            Ok((between?, after?))
        })
        .await?;
    assert_eq!((between, after), (3, 5));
    Ok(())
}

#[wasm_bindgen_test]
async fn savepoints_started_together_follow_one_another() -> Result<()> {
    let db = bank("together savepoints").await?;
    db.transaction(Mode::ReadWrite, (&db.accounts, &db.entries), async |(accounts, entries)| {
        let tx = accounts.transaction();
        let log = RefCell::new(Vec::new());
        let (accounts, entries, log_of) = (&accounts, &entries, &log);
        let done = join_all((0..20).map(|at: i32| {
            let tx = tx.clone();
            async move {
                tx.savepoint(async || {
                    log_of.borrow_mut().push(at);
                    accounts.update(1, |a| a.balance += 1).await?;
                    entries.add(&entry(1, at)).await?;
                    log_of.borrow_mut().push(at);
                    if at % 2 == 0 { Ok(()) } else { Err(enough()) }
                })
                .await
            }
        }))
        .await;
        assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 10);
        assert_eq!(*log.borrow(), (0..20).flat_map(|at| [at, at]).collect::<Vec<_>>());
        Ok(())
    })
    .await?;
    assert_eq!(db.accounts.get(1).await?.map(|a| a.balance), Some(110));
    let amounts: Vec<i32> = db.entries.where_(|e| e.id).above(2).to_vec().await?.iter().map(|e| e.amount).collect();
    assert_eq!(amounts, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
    Ok(())
}

#[wasm_bindgen_test]
async fn savepoints_within_one_follow_one_another_too() -> Result<()> {
    let db = bank("together within").await?;
    db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        let tx = accounts.transaction();
        tx.savepoint(async || {
            let (first, second, third) = join3(
                tx.savepoint(async || {
                    accounts.update(1, |a| a.balance += 1).await?;
                    accounts.update(1, |a| a.balance += 1).await
                }),
                tx.savepoint(async || {
                    accounts.update(1, |a| a.balance += 10).await?;
                    accounts.update(2, |a| a.balance += 10).await?;
                    Err::<(), _>(enough())
                }),
                accounts.update(1, |a| a.balance += 100),
            )
            .await;
            assert!(is_enough(&second), "{second:?}");
            assert_eq!((first?.balance, third?.balance), (102, 202));
            Ok(())
        })
        .await
    })
    .await?;
    let balances: Vec<i32> = db.accounts.to_vec().await?.iter().map(|a| a.balance).collect();
    assert_eq!(balances, [202, 50, 0]);
    Ok(())
}

#[wasm_bindgen_test]
async fn changes_started_together_in_a_savepoint_do_not_get_lost() -> Result<()> {
    let db = bank("together updates").await?;
    db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        let tx = accounts.transaction();
        tx.savepoint(async || {
            let updates = join_all((0..50).map(|_| accounts.update(3, |a| a.balance += 1))).await;
            updates.into_iter().collect::<Result<Vec<_>>>()
        })
        .await
    })
    .await?;
    assert_eq!(db.accounts.get(3).await?.map(|a| a.balance), Some(50));
    Ok(())
}

#[wasm_bindgen_test]
async fn savepoints_in_a_set_of_futures_take_turns() -> Result<()> {
    let db = bank("together unordered").await?;
    db.transaction(Mode::ReadWrite, &db.entries, async |entries| {
        let entries = &entries;
        let mut running = FuturesUnordered::new();
        for at in 0..30 {
            let tx = entries.transaction();
            running.push(async move {
                tx.savepoint(async || {
                    let id = entries.add(&entry(9, at)).await?;
                    entries.update(id, |e| e.amount *= 2).await?;
                    if at % 3 == 0 { Err(enough()) } else { Ok(()) }
                })
                .await
            });
        }
        let mut failed = 0;
        while let Some(done) = running.next().await {
            failed += u32::from(done.is_err());
        }
        assert_eq!(failed, 10);
        Ok(())
    })
    .await?;
    let amounts: Vec<i32> =
        db.entries.where_(|e| e.account).equals(9).to_vec().await?.iter().map(|e| e.amount).collect();
    assert_eq!(amounts, (0..30).filter(|at| at % 3 != 0).map(|at| at * 2).collect::<Vec<_>>());
    Ok(())
}

// Not only savepoints: whatever takes back what it has written holds up what comes after it.
#[wasm_bindgen_test]
async fn a_bulk_that_fails_takes_back_its_own_rows_only() -> Result<()> {
    let db = bank("together bulk").await?;
    let seen = db
        .transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
            let (bulk, put, seen) = join3(
                accounts.bulk_add(&[account(4, "Dan", 1), account(5, "Eve", 1), account(1, "Fay", 1)]),
                accounts.put(&account(4, "Gus", 2)),
                accounts.primary_keys(),
            )
            .await;
            assert!(matches!(&bulk, Err(Error::Constraint { row: Some(2), index: None, .. })), "{bulk:?}");
            put?;
            seen
        })
        .await?;
    assert_eq!(seen, [1, 2, 3, 4]);
    assert_eq!(db.accounts.get(4).await?, Some(account(4, "Gus", 2)));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_read_beside_a_change_that_fails_does_not_see_it() -> Result<()> {
    let db = bank("together modify").await?;
    db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        let (modified, seen, bulk) = join3(
            accounts.filter(|_| true).modify(|a| {
                a.balance = 7;
                if a.id == 3 {
                    a.owner = "Ann".into();
                }
            }),
            accounts.to_vec(),
            accounts.bulk_get([1, 2, 3]),
        )
        .await;
        assert!(matches!(&modified, Err(Error::Constraint { .. })), "{modified:?}");
        assert_eq!(seen?, crate::fixtures::accounts());
        assert_eq!(bulk?, crate::fixtures::accounts().map(Some));
        Ok(())
    })
    .await?;
    assert_eq!(db.accounts.to_vec().await?, accounts());
    Ok(())
}
