//! Savepoints: a part of a transaction that is undone alone.

use std::cell::Cell;
#[cfg(target_family = "wasm")]
use std::cell::RefCell;
use std::rc::Rc;

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{account, accounts, bank, contents, enough, entry, is_enough, note};
use crate::plain;

#[wasm_bindgen_test]
async fn a_savepoint_that_succeeds_is_part_of_the_transaction() -> Result<()> {
    let db = bank("savepoints kept").await?;
    let sum = db
        .transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
            let tx = accounts.transaction();
            let added = tx.savepoint(async || accounts.add(&account(4, "Dan", 7)).await).await?;
            assert_eq!(added, 4);
            tx.savepoint(async || Ok(accounts.count().await? + 38)).await
        })
        .await?;
    assert_eq!(sum, 42);
    assert_eq!(db.accounts.get(4).await?, Some(account(4, "Dan", 7)));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_savepoint_that_fails_is_undone_alone() -> Result<()> {
    let db = bank("savepoints undone").await?;
    db.transaction(Mode::ReadWrite, (&db.accounts, &db.entries), async |(accounts, entries)| {
        let tx = accounts.transaction();
        accounts.add(&account(4, "Dan", 7)).await?;
        let failed = tx
            .savepoint(async || {
                accounts.clear().await?;
                entries.add(&entry(4, 7)).await?;
                assert_eq!(entries.count().await?, 3);
                Err::<(), _>(enough())
            })
            .await;
        assert!(is_enough(&failed), "{failed:?}");
        assert_eq!(accounts.count().await?, 4);
        assert_eq!(entries.count().await?, 2);
        accounts.update(4, |a| a.balance += 1).await
    })
    .await?;
    assert_eq!(db.accounts.primary_keys().await?, [1, 2, 3, 4]);
    assert_eq!(db.accounts.get(4).await?, Some(account(4, "Dan", 8)));
    assert_eq!(db.entries.count().await?, 2);
    Ok(())
}

#[wasm_bindgen_test]
async fn an_error_of_an_operation_undoes_the_savepoint_it_is_in() -> Result<()> {
    let db = bank("savepoints constraint").await?;
    db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        let tx = accounts.transaction();
        let failed = tx
            .savepoint(async || {
                accounts.update(1, |a| a.balance = 0).await?;
                accounts.add(&account(9, "Ann", 1)).await
            })
            .await;
        assert!(
            matches!(&failed, Err(Error::Constraint { table, index: Some(index), .. }) if table == "accounts" && index == "owner"),
            "{failed:?}"
        );
        Ok(())
    })
    .await?;
    assert_eq!(db.accounts.to_vec().await?, accounts());
    Ok(())
}

#[wasm_bindgen_test]
async fn the_body_borrows_what_is_around_it() -> Result<()> {
    let db = bank("savepoints borrow").await?;
    let lines = vec![account(4, "Dan", 1), account(5, "Ann", 2), account(6, "Eve", 3)];
    let refused = db
        .transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
            let tx = accounts.transaction();
            let mut refused = Vec::new();
            for line in &lines {
                if tx.savepoint(async || accounts.add(line).await).await.is_err() {
                    refused.push(line.id);
                }
            }
            Ok(refused)
        })
        .await?;
    assert_eq!(refused, [5]);
    assert_eq!(db.accounts.primary_keys().await?, [1, 2, 3, 4, 6]);
    Ok(())
}

// Cases 205 and 211.
#[wasm_bindgen_test]
async fn savepoints_nest() -> Result<()> {
    let db = bank("savepoints nest").await?;
    db.transaction(Mode::ReadWrite, &db.notes, async |notes| {
        let tx = notes.transaction();
        tx.savepoint(async || {
            notes.put_with_key(&note("1"), "one").await?;
            let inner = tx
                .savepoint(async || {
                    notes.put_with_key(&note("2"), "two").await?;
                    tx.savepoint(async || notes.put_with_key(&note("3"), "three").await).await?;
                    assert_eq!(notes.count().await?, 4);
                    Err::<(), _>(enough())
                })
                .await;
            assert!(is_enough(&inner), "{inner:?}");
            assert_eq!(notes.primary_keys().await?, ["door", "one"]);
            tx.savepoint(async || notes.put_with_key(&note("4"), "four").await).await
        })
        .await?;
        let outer = tx
            .savepoint(async || {
                notes.delete("one").await?;
                tx.savepoint(async || notes.put_with_key(&note("shut"), "door").await).await?;
                Err::<(), _>(enough())
            })
            .await;
        assert!(is_enough(&outer), "{outer:?}");
        Ok(())
    })
    .await?;
    let left = [("door", "open"), ("four", "4"), ("one", "1")].map(|(key, text)| (key.to_owned(), note(text)));
    assert_eq!(db.notes.entries().await?, left);
    Ok(())
}

#[wasm_bindgen_test]
async fn an_error_in_the_innermost_savepoint_that_nobody_catches_undoes_everything() -> Result<()> {
    let db = bank("savepoints innermost").await?;
    let before = contents(&db).await?;
    let failed = db
        .transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
            accounts.delete(1).await?;
            let tx = accounts.transaction();
            tx.savepoint(async || {
                accounts.delete(2).await?;
                tx.savepoint(async || {
                    accounts.delete(3).await?;
                    Err::<(), _>(enough())
                })
                .await
            })
            .await
        })
        .await;
    assert!(is_enough(&failed), "{failed:?}");
    assert_eq!(contents(&db).await?, before);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_transaction_that_fails_after_a_savepoint_undoes_that_too() -> Result<()> {
    let db = bank("savepoints all back").await?;
    let failed = db
        .transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
            accounts.transaction().savepoint(async || accounts.clear().await).await?;
            Err::<(), _>(enough())
        })
        .await;
    assert!(is_enough(&failed), "{failed:?}");
    assert_eq!(db.accounts.to_vec().await?, accounts());
    Ok(())
}

#[wasm_bindgen_test]
async fn every_table_of_the_transaction_is_undone_whichever_handle_gave_the_savepoint() -> Result<()> {
    let db = bank("savepoints tables").await?;
    let before = contents(&db).await?;
    db.transaction(Mode::ReadWrite, (&db.accounts, &db.entries, &db.notes), async |(accounts, entries, notes)| {
        let failed = notes
            .transaction()
            .savepoint(async || {
                accounts.delete(1).await?;
                entries.add(&entry(2, -50)).await?;
                accounts.update(2, |a| a.balance -= 50).await?;
                notes.put_with_key(&note("shut"), "door").await?;
                entries.where_(|e| e.account).equals(1).delete().await?;
                Err::<(), _>(enough())
            })
            .await;
        assert!(is_enough(&failed), "{failed:?}");
        Ok(())
    })
    .await?;
    assert_eq!(contents(&db).await?, before);
    Ok(())
}

#[wasm_bindgen_test]
async fn keys_that_were_generated_are_not_given_out_again() -> Result<()> {
    let db = bank("savepoints keys").await?;
    let id = db
        .transaction(Mode::ReadWrite, &db.entries, async |entries| {
            let taken = Cell::new(0);
            let failed = entries
                .transaction()
                .savepoint(async || {
                    taken.set(entries.add(&entry(1, 1)).await?);
                    Err::<(), _>(enough())
                })
                .await;
            assert!(is_enough(&failed), "{failed:?}");
            assert_eq!(taken.get(), 3);
            entries.add(&entry(1, 2)).await
        })
        .await?;
    assert_eq!(id, 4);
    assert_eq!(db.entries.primary_keys().await?, [1, 2, 4]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_bulk_that_fails_inside_of_a_savepoint_is_taken_back_once() -> Result<()> {
    let db = bank("savepoints bulk").await?;
    db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        let tx = accounts.transaction();
        let failed = tx
            .savepoint(async || {
                accounts.put(&account(1, "Ann", 1)).await?;
                let bulk = accounts.bulk_put(&[account(1, "Ann", 2), account(4, "Dan", 2), account(5, "Bob", 2)]).await;
                assert!(matches!(&bulk, Err(Error::Constraint { row: Some(2), .. })), "{bulk:?}");
                assert_eq!(accounts.get(1).await?, Some(account(1, "Ann", 1)));
                accounts.put(&account(4, "Eve", 3)).await?;
                Err::<(), _>(enough())
            })
            .await;
        assert!(is_enough(&failed), "{failed:?}");
        assert_eq!(accounts.to_vec().await?, crate::fixtures::accounts());
        Ok(())
    })
    .await
}

#[wasm_bindgen_test]
async fn a_savepoint_of_a_transaction_that_reads_has_nothing_to_undo() -> Result<()> {
    let db = bank("savepoints read").await?;
    let count = db
        .transaction(Mode::Read, &db.accounts, async |accounts| {
            let tx = accounts.transaction();
            let failed = tx
                .savepoint(async || {
                    accounts.get(1).await?;
                    Err::<(), _>(enough())
                })
                .await;
            assert!(is_enough(&failed), "{failed:?}");
            tx.savepoint(async || accounts.count().await).await
        })
        .await?;
    assert_eq!(count, 3);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_savepoint_that_waits_for_something_else_stalls_the_transaction() -> Result<()> {
    let db = bank("savepoints stalled").await?;
    let after = Rc::new(Cell::new(false));
    let reached = after.clone();
    let stalled = db
        .transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
            accounts.delete(3).await?;
            let waited = accounts
                .transaction()
                .savepoint(async || {
                    accounts.clear().await?;
                    plain::sleep(10_000).await;
                    Ok(())
                })
                .await;
            reached.set(true);
            waited
        })
        .await;
    assert!(matches!(&stalled, Err(Error::Stalled)), "{stalled:?}");
    assert!(!after.get());
    assert_eq!(db.accounts.to_vec().await?, accounts());
    Ok(())
}

#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn what_cannot_be_undone_takes_the_transaction_with_it() -> Result<()> {
    let db = bank("savepoints undo fails").await?;
    let guard = Rc::new(RefCell::new(None));
    let inside = guard.clone();
    let seen = Rc::new(RefCell::new(None));
    let told = seen.clone();
    let failed = db
        .transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
            accounts.delete(3).await?;
            let savepoint = accounts
                .transaction()
                .savepoint(async || {
                    accounts.delete(1).await?;
                    let full = "function () { throw new DOMException('The disk is full.', 'QuotaExceededError'); }";
                    *inside.borrow_mut() = Some(plain::replaced("put", full));
                    Err::<(), _>(enough())
                })
                .await;
            *told.borrow_mut() = Some(savepoint);
            Ok(())
        })
        .await;
    drop(guard.take());
    let savepoint = seen.take();
    assert!(matches!(&savepoint, Some(Err(Error::QuotaExceeded { .. }))), "{savepoint:?}");
    assert!(matches!(&failed, Err(Error::QuotaExceeded { .. })), "{failed:?}");
    assert_eq!(db.accounts.to_vec().await?, accounts());
    Ok(())
}
