//! Transactions side by side: those that read run together, those that write the same table follow one another.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::future::{join, join_all, join3};
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Bank, account, accounts, bank, enough, entry, is_enough};
use crate::plain;

/// More requests than any other transaction of this suite takes.
const LONG: u32 = 5000;

/// Reads a table until the flag is up; says whether it was in time.
async fn until<M: indexie::TxMode>(db: &Bank, mode: M, begun: Rc<Cell<bool>>, flag: Rc<Cell<bool>>) -> Result<bool> {
    db.transaction(mode, &db.accounts, async move |accounts| {
        begun.set(true);
        for _ in 0..LONG {
            if flag.get() {
                return Ok(true);
            }
            accounts.get(1).await?;
        }
        Ok(false)
    })
    .await
}

// Case 222.
#[wasm_bindgen_test]
async fn two_that_read_a_table_run_side_by_side() -> Result<()> {
    let db = bank("parallel readers").await?;
    let (begun, flag) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(false)));
    let raised = flag.clone();
    let other = db.transaction(Mode::Read, &db.accounts, async |accounts| accounts.count().await);
    let other = async {
        let count = other.await;
        raised.set(true);
        count
    };
    let (met, count) = join(until(&db, Mode::Read, begun, flag), other).await;
    assert!(met?, "the other one ended while this one ran");
    assert_eq!(count?, 3);
    Ok(())
}

// Case 222.
#[wasm_bindgen_test]
async fn two_that_write_different_tables_run_side_by_side() -> Result<()> {
    let db = bank("parallel writers").await?;
    let (begun, flag) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(false)));
    let raised = flag.clone();
    let other = db.transaction(Mode::ReadWrite, &db.entries, async |entries| entries.add(&entry(1, 1)).await);
    let other = async {
        let id = other.await;
        raised.set(true);
        id
    };
    let (met, id) = join(until(&db, Mode::ReadWrite, begun, flag), other).await;
    // Firefox stores a database in one SQLite file, which one transaction writes at a time: there they follow one another.
    assert!(met? || plain::is_firefox(), "the other one ended while this one ran");
    assert_eq!(id?, 3);
    Ok(())
}

// Case 222.
#[wasm_bindgen_test]
async fn two_that_write_a_table_follow_one_another() -> Result<()> {
    let db = bank("parallel same table").await?;
    let log = Rc::new(RefCell::new(Vec::new()));
    let runs = (0..4).map(|run| {
        let log = log.clone();
        db.transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
            for _ in 0..20 {
                accounts.update(1, |a| a.balance += 1).await?;
                log.borrow_mut().push(run);
            }
            Ok(())
        })
    });
    for done in join_all(runs).await {
        done?;
    }
    assert_eq!(*log.borrow(), (0..4).flat_map(|run| [run; 20]).collect::<Vec<_>>());
    assert_eq!(db.accounts.get(1).await?.map(|a| a.balance), Some(180));
    Ok(())
}

#[wasm_bindgen_test]
async fn one_that_reads_waits_for_one_that_writes_before_it() -> Result<()> {
    let db = bank("parallel reader waits").await?;
    let writing = db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        for _ in 0..50 {
            accounts.update(1, |a| a.balance += 1).await?;
        }
        Ok(())
    });
    let reading = db.transaction(Mode::Read, (&db.accounts, &db.entries), async |(accounts, _)| accounts.get(1).await);
    let (wrote, read, alone) = join3(writing, reading, db.accounts.get(1)).await;
    wrote?;
    assert_eq!(read?.map(|a| a.balance), Some(150));
    assert_eq!(alone?.map(|a| a.balance), Some(150));
    Ok(())
}

#[wasm_bindgen_test]
async fn one_that_reads_sees_nothing_of_what_is_written_after_it() -> Result<()> {
    let db = bank("parallel snapshot").await?;
    let reading = db.transaction(Mode::Read, &db.accounts, async |accounts| {
        let mut seen = Vec::new();
        for _ in 0..20 {
            seen.push(accounts.count().await?);
        }
        Ok(seen)
    });
    let (seen, added) = join(reading, db.accounts.add(&account(4, "Dan", 1))).await;
    assert_eq!(seen?, [3; 20]);
    added?;
    assert_eq!(db.accounts.count().await?, 4);
    Ok(())
}

// Case 219.
#[wasm_bindgen_test]
async fn one_that_fails_does_not_touch_the_other() -> Result<()> {
    let db = bank("parallel apart").await?;
    let failing = db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        accounts.clear().await?;
        Err::<(), _>(enough())
    });
    let working = db
        .transaction(Mode::ReadWrite, &db.entries, async |entries| entries.bulk_add(&[entry(1, 1), entry(2, 2)]).await);
    let after = db.transaction(Mode::ReadWrite, (&db.accounts, &db.entries), async |(accounts, entries)| {
        Ok((accounts.count().await?, entries.count().await?))
    });
    let (failed, worked, counts) = join3(failing, working, after).await;
    assert!(is_enough(&failed), "{failed:?}");
    worked?;
    assert_eq!(counts?, (3, 4));
    assert_eq!(db.accounts.to_vec().await?, accounts());
    Ok(())
}

#[wasm_bindgen_test]
async fn savepoints_of_two_transactions_do_not_mix() -> Result<()> {
    let db = bank("parallel savepoints").await?;
    let first = db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        let tx = accounts.transaction();
        for id in 10..30 {
            let failed = tx
                .savepoint(async || {
                    accounts.add(&account(id, &format!("{id}"), 0)).await?;
                    if id % 2 == 0 { Ok(()) } else { Err(enough()) }
                })
                .await;
            assert_eq!(failed.is_err(), id % 2 == 1);
        }
        Ok(())
    });
    let second = db.transaction(Mode::ReadWrite, &db.entries, async |entries| {
        let tx = entries.transaction();
        for at in 0..20 {
            let failed = tx
                .savepoint(async || {
                    entries.add(&entry(9, at)).await?;
                    if at % 2 == 0 { Err(enough()) } else { Ok(()) }
                })
                .await;
            assert_eq!(failed.is_err(), at % 2 == 0);
        }
        Ok(())
    });
    let (first, second) = join(first, second).await;
    first?;
    second?;
    assert_eq!(db.accounts.count().await?, 13);
    assert_eq!(db.entries.where_(|e| e.account).equals(9).count().await?, 10);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_clash_is_named_although_what_was_in_the_way_is_deleted_next_to_it() -> Result<()> {
    let db = bank("parallel clash").await?;
    db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        let first = accounts.get(1).await?.expect("an account");
        let twin = account(9, &first.owner, 5);
        let (clash, deleted) = join(accounts.put(&twin), accounts.delete(1)).await;
        deleted?;
        assert!(matches!(&clash, Err(Error::Constraint { index: Some(index), .. }) if index == "owner"), "{clash:?}");
        Ok(())
    })
    .await
}
