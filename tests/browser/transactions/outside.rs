//! What is used inside a body without being part of its transaction: refused at once where it would wait for itself.

use std::cell::RefCell;
use std::rc::Rc;

use futures::channel::oneshot;
use futures::{StreamExt, TryStreamExt};
use indexie::prelude::*;
use indexie_tests::spawn_local;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Account, Bank, account, accounts, bank, entry};
use crate::plain;

/// The operations of an unbound table, each of which is refused.
async fn everything(db: &Bank) -> Vec<(&'static str, Result<()>)> {
    let table = &db.accounts;
    let query = table.where_(|a| a.balance).at_least(0);
    let mut all = Vec::new();
    macro_rules! tried {
        ($($what:expr),* $(,)?) => {$(
            all.push((stringify!($what), $what.await.map(|_| ())));
        )*};
    }
    tried![
        table.get(1),
        table.bulk_get([1, 2]),
        table.get_by(|a| a.owner, "Ann"),
        table.to_vec(),
        table.first(),
        table.last(),
        table.count(),
        table.is_empty(),
        table.primary_keys(),
        table.entries(),
        table.page(2),
        table.stream().try_collect::<Vec<_>>(),
        table.each(async |_| ()),
        table.for_each_chunk(async |_| ()),
        table.add(&account(4, "Dan", 1)),
        table.put(&account(4, "Dan", 1)),
        table.bulk_add(&[account(4, "Dan", 1)]),
        table.bulk_put(&[account(4, "Dan", 1)]),
        table.update(1, |_| ()),
        table.upsert(1, || account(1, "Ann", 0), |_| ()),
        table.bulk_update([(1, |_: &mut Account| ())]),
        table.delete(1),
        table.bulk_delete([1, 2]),
        table.clear(),
        query.to_vec(),
        query.first(),
        query.last(),
        query.count(),
        query.keys::<i32>(),
        query.primary_keys(),
        query.unique_keys::<i32>(),
        query.page(2),
        query.stream().try_collect::<Vec<_>>(),
        query.each(async |_| ()),
        query.for_each_chunk(async |_| ()),
        query.delete(),
        query.modify(|_| ()),
        query.filter(|_| true).limit(1).to_vec(),
        query.or(|a| a.owner).equals("Ann").to_vec(),
        table.sort_by_key(|a| a.balance).to_vec(),
        table.where_(|a| a.tags).equals("all").count(),
        table.where_(|a| a.id).above(0).delete(),
        db.table::<Account>("accounts").expect("it is there").count(),
        db.transaction(Mode::Read, table, async |_| Ok(())),
        db.transaction(Mode::ReadWrite, table, async |_| Ok(())),
        db.try_transaction(Mode::Read, table, async |_| Ok::<_, Error>(())),
        db.transaction(Mode::ReadWrite, (table, &db.entries), async |_| Ok(())),
        db.transaction(Mode::ReadWrite, db.all(), async |_| Ok(())),
    ];
    all.push(("a stream's first row", table.stream().next().await.unwrap_or(Ok(account(0, "", 0))).map(|_| ())));
    all
}

#[wasm_bindgen_test]
async fn every_operation_of_an_unbound_table_is_refused() -> Result<()> {
    let db = bank("outside everything").await?;
    let unbound = db.clone();
    let refused = db
        .transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
            accounts.update(1, |a| a.balance += 1).await?;
            let refused = everything(&unbound).await;
            accounts.update(1, |a| a.balance += 1).await?;
            Ok(refused)
        })
        .await?;
    for (what, error) in &refused {
        assert!(matches!(error, Err(Error::OutsideTransaction { table }) if table == "accounts"), "{what}: {error:?}");
    }
    assert_eq!(refused.len(), 49);
    assert_eq!(db.accounts.get(1).await?.map(|a| a.balance), Some(102));
    assert_eq!(db.accounts.count().await?, 3);
    Ok(())
}

#[wasm_bindgen_test]
async fn so_it_is_in_a_transaction_that_reads_and_for_a_table_outside_of_the_scope() -> Result<()> {
    let db = bank("outside scope").await?;
    let unbound = db.clone();
    let refused = db
        .transaction(Mode::Read, &db.accounts, async move |accounts| {
            accounts.count().await?;
            unbound.entries.add(&entry(1, 1)).await
        })
        .await;
    assert!(matches!(&refused, Err(Error::OutsideTransaction { table }) if table == "entries"), "{refused:?}");
    assert_eq!(db.entries.count().await?, 2);
    Ok(())
}

#[wasm_bindgen_test]
async fn so_it_is_in_a_savepoint_and_in_the_middle_of_a_join() -> Result<()> {
    let db = bank("outside savepoint").await?;
    let unbound = db.clone();
    db.transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
        let tx = accounts.transaction();
        let refused = tx
            .savepoint(async || {
                accounts.delete(1).await?;
                unbound.accounts.count().await
            })
            .await;
        assert!(matches!(&refused, Err(Error::OutsideTransaction { .. })), "{refused:?}");
        let (refused, counted) = futures::future::join(unbound.accounts.count(), accounts.count()).await;
        assert!(matches!(&refused, Err(Error::OutsideTransaction { .. })), "{refused:?}");
        assert_eq!(counted?, 3);
        Ok(())
    })
    .await?;
    assert_eq!(db.accounts.to_vec().await?, accounts());
    Ok(())
}

#[wasm_bindgen_test]
async fn an_operation_that_was_begun_outside_is_no_part_of_the_transaction() -> Result<()> {
    let db = bank("outside begun").await?;
    let mut begun = Box::pin(db.accounts.add(&account(4, "Dan", 1)));
    // Its request is made; only its answer is waited for inside.
    assert!(futures::poll!(&mut begun).is_pending());
    let failed = db
        .transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
            accounts.count().await?;
            let added = begun.await?;
            assert_eq!(added, 4);
            Err::<(), _>(crate::fixtures::enough())
        })
        .await;
    assert!(crate::fixtures::is_enough(&failed), "{failed:?}");
    assert_eq!(db.accounts.count().await?, 4);
    Ok(())
}

// Case 217.
#[wasm_bindgen_test]
async fn tasks_that_a_body_spawns_are_outside_and_wait_for_their_turn() -> Result<()> {
    let db = bank("outside tasks").await?;
    let (unbound, log) = (db.clone(), Rc::new(RefCell::new(Vec::new())));
    let (body_log, task_log) = (log.clone(), log.clone());
    db.transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
        let task = unbound.clone();
        let log = task_log.clone();
        spawn_local(async move {
            let balance = task.accounts.get(1).await.ok().flatten().map(|a| a.balance);
            log.borrow_mut().push(format!("a task reads {balance:?}"));
        });
        let log = task_log;
        spawn_local(async move {
            let added = unbound
                .transaction(Mode::ReadWrite, &unbound.accounts, async |accounts| {
                    accounts.update(1, |a| a.balance += 1).await
                })
                .await;
            log.borrow_mut().push(format!("a task writes {:?}", added.map(|a| a.balance).ok()));
        });
        for _ in 0..10 {
            accounts.update(1, |a| a.balance += 10).await?;
        }
        body_log.borrow_mut().push("the body returns".to_owned());
        Ok(())
    })
    .await?;
    while log.borrow().len() < 3 {
        plain::sleep(5).await;
    }
    assert_eq!(*log.borrow(), ["the body returns", "a task reads Some(200)", "a task writes Some(201)"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_task_with_a_handle_of_the_transaction_is_part_of_it_while_it_lasts() -> Result<()> {
    let db = bank("outside handle").await?;
    let late = Rc::new(RefCell::new(None));
    let told = late.clone();
    let (end, ended) = oneshot::channel();
    db.transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
        let handle = accounts.clone();
        spawn_local(async move {
            ended.await.expect("the transaction ends");
            *told.borrow_mut() = Some(handle.clear().await);
        });
        accounts.delete(1).await
    })
    .await?;
    end.send(()).expect("the task waits");
    while late.borrow().is_none() {
        plain::sleep(1).await;
    }
    let late = late.take();
    assert!(matches!(&late, Some(Err(Error::Aborted { .. }))), "{late:?}");
    assert_eq!(db.accounts.count().await?, 2);
    Ok(())
}
