//! Operations of one transaction that are started together: thousands of them, in every kind of set, and in order.

use std::cell::Cell;
use std::rc::Rc;

use futures::future::{Either, join, join_all, join4, select, try_join_all};
use futures::stream::{self, FuturesOrdered, FuturesUnordered};
use futures::{FutureExt, StreamExt, TryStreamExt};
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Bank, account, accounts, bank, entry, fresh};

#[wasm_bindgen_test]
async fn thousands_of_reads_and_writes_run_together() -> Result<()> {
    let db: Bank = fresh("together thousands").await;
    let rows: Vec<_> = (0..5000).map(|at| entry(at, 0)).collect();
    db.entries.bulk_add(&rows).await?;
    let (read, added) = db
        .transaction(Mode::ReadWrite, &db.entries, async |entries| {
            let mixed = (1..=5000).flat_map(|id| {
                let read = entries.get(id).map(|row| row.map(|row| row.map_or(0, |row| u64::from(row.account))));
                let added = entries.add(&entry(id, 1)).map(|id| id.map(u64::from));
                [read.boxed_local(), added.boxed_local()]
            });
            let done: Vec<u64> = join_all(mixed).await.into_iter().collect::<Result<_>>()?;
            let read: u64 = done.iter().step_by(2).sum();
            let added: Vec<u64> = done.into_iter().skip(1).step_by(2).collect();
            Ok((read, added))
        })
        .await?;
    assert_eq!(read, 4999 * 5000 / 2);
    assert_eq!(added, (5001..=10_000).collect::<Vec<_>>());
    assert_eq!(db.entries.count().await?, 10_000);
    Ok(())
}

#[wasm_bindgen_test]
async fn thousands_of_changes_run_together() -> Result<()> {
    let db = bank("together changes").await?;
    db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        let changes = (0..2000).map(|at| accounts.update(at % 3 + 1, |a| a.balance += 1));
        try_join_all(changes).await?;
        Ok(())
    })
    .await?;
    let balances: Vec<i32> = db.accounts.to_vec().await?.iter().map(|a| a.balance).collect();
    assert_eq!(balances, [100 + 667, 50 + 667, 666]);
    Ok(())
}

#[wasm_bindgen_test]
async fn sets_and_streams_of_operations_work() -> Result<()> {
    let db: Bank = fresh("together sets").await;
    db.transaction(Mode::ReadWrite, &db.entries, async |entries| {
        let mut unordered: FuturesUnordered<_> = (0..100).map(|at| entries.add(&entry(at, 1))).collect();
        let mut keys = Vec::new();
        while let Some(key) = unordered.next().await {
            keys.push(key?);
        }
        keys.sort_unstable();
        assert_eq!(keys, (1..=100).collect::<Vec<u32>>());

        let ordered: FuturesOrdered<_> = (1..=100).map(|id| entries.get(id)).collect();
        let read: Vec<_> = ordered.try_collect().await?;
        assert_eq!(read.into_iter().flatten().count(), 100);

        let buffered = stream::iter(1..=100).map(|id| entries.update(id, |e| e.amount += 1)).buffer_unordered(7);
        let amounts: i32 = buffered.map_ok(|row| row.amount).try_fold(0, async |sum, amount| Ok(sum + amount)).await?;
        assert_eq!(amounts, 200);

        // A stream of rows, and another operation for each of them.
        let mut rows = entries.stream();
        while let Some(row) = rows.try_next().await? {
            if row.account % 2 == 0 {
                entries.delete(row.id).await?;
            }
        }
        Ok(())
    })
    .await?;
    assert_eq!(db.entries.count().await?, 50);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_loser_of_a_race_inside_the_body_does_no_harm() -> Result<()> {
    let db = bank("together race").await?;
    let first = db
        .transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
            // The read was asked for first, so it is answered first; what was written stays written.
            match select(accounts.get(1), accounts.delete(2)).await {
                Either::Left((row, _)) => row,
                Either::Right(_) => Ok(None),
            }
        })
        .await?;
    assert_eq!(first, Some(account(1, "Ann", 100)));
    assert_eq!(db.accounts.primary_keys().await?, [1, 3]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_change_that_loses_a_race_has_not_begun_to_write() -> Result<()> {
    let db = bank("together lost").await?;
    db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        // The change reads first: by then the count is asked for, and it is answered before the change can write.
        let counted = select(accounts.count(), accounts.update(1, |a| a.balance = 0)).await;
        assert!(matches!(counted, Either::Left((Ok(3), _))));
        Ok(())
    })
    .await?;
    assert_eq!(db.accounts.to_vec().await?, accounts());
    Ok(())
}

// Case 220.
#[wasm_bindgen_test]
async fn what_is_started_in_order_takes_effect_in_order() -> Result<()> {
    let db: Bank = fresh("together order").await;
    let seen = db
        .transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
            let query = accounts.where_(|a| a.id).equals(1);
            let (added, first, second, seen) = join4(
                accounts.add(&account(1, "Ann", 0)),
                query.modify(|a| a.balance += 1),
                query.modify(|a| a.balance += 1),
                accounts.get(1),
            )
            .await;
            assert_eq!((added?, first?, second?), (1, 1, 1));
            seen
        })
        .await?;
    assert_eq!(seen.map(|a| a.balance), Some(2));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_bulk_and_what_follows_it_take_effect_in_order() -> Result<()> {
    let db: Bank = fresh("together bulk order").await;
    db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        let (added, count, (deleted, left)) = futures::future::join3(
            accounts.bulk_add(&accounts_of(100)),
            accounts.count(),
            join(accounts.where_(|a| a.id).below(50).delete(), accounts.primary_keys()),
        )
        .await;
        assert_eq!((added?.len(), count?, deleted?), (100, 100, 50));
        assert_eq!(left?, (50..100).collect::<Vec<u32>>());
        Ok(())
    })
    .await
}

fn accounts_of(count: u32) -> Vec<crate::fixtures::Account> {
    (0..count).map(|id| account(id, &format!("{id}"), 0)).collect()
}

#[wasm_bindgen_test]
async fn what_a_body_has_only_started_is_part_of_it() -> Result<()> {
    let db = bank("together started").await?;
    db.transaction(Mode::ReadWrite, (&db.accounts, &db.entries), async |(accounts, entries)| {
        // Polled once, so the request is made; nobody waits for its answer.
        assert!(accounts.delete(1).now_or_never().is_none());
        assert!(entries.bulk_add(&[entry(1, 1), entry(1, 2)]).now_or_never().is_none());
        // Never polled: never asked for.
        drop(accounts.delete(2));
        Ok(())
    })
    .await?;
    assert_eq!(db.accounts.primary_keys().await?, [2, 3]);
    assert_eq!(db.entries.count().await?, 4);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_fails_after_the_body_has_ended_fails_alone() -> Result<()> {
    let db = bank("together ended").await?;
    let returned = Rc::new(Cell::new(false));
    let body_returned = returned.clone();
    let ended = db
        .transaction(Mode::ReadWrite, (&db.accounts, &db.entries), async move |(accounts, entries)| {
            entries.add(&entry(3, 1)).await?;
            assert!(accounts.add(&account(1, "New", 1)).now_or_never().is_none());
            assert!(accounts.bulk_add(&[account(4, "Dan", 1), account(1, "New", 1)]).now_or_never().is_none());
            assert!(accounts.add(&account(5, "Eve", 1)).now_or_never().is_none());
            body_returned.set(true);
            Ok("ended")
        })
        .await?;
    assert_eq!(ended, "ended");
    assert!(returned.get());
    assert_eq!(db.accounts.primary_keys().await?, [1, 2, 3, 5]);
    assert_eq!(db.entries.count().await?, 3);
    Ok(())
}
