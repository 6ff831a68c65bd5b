//! A body that panics: nothing of it is stored, and the panic comes to who awaits it.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use futures::future::{join, pending};
use indexie::prelude::*;
use tokio::task::{LocalSet, spawn_local};

use crate::fixtures::{Item, Items, item, items, second};

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().unwrap_or_default()
}

#[tokio::test]
async fn whoever_awaits_a_body_that_panics_panics() -> Result<()> {
    let db = items().await?;
    let at_once = db.transaction(Mode::ReadWrite, &db.items, async |_| -> Result<()> { panic!("at once") });
    let panicked = AssertUnwindSafe(at_once).catch_unwind().await.expect_err("it panics");
    assert_eq!(message(&*panicked), "at once");
    let later = db.transaction(Mode::ReadWrite, &db.items, async |items| {
        items.clear().await?;
        panic!("later")
    });
    let panicked = AssertUnwindSafe(async { later.await as Result<()> }).catch_unwind().await.expect_err("it panics");
    assert_eq!(message(&*panicked), "later");
    assert_eq!(db.items.count().await?, 3);
    Ok(())
}

#[tokio::test]
async fn a_panic_of_one_task_is_none_of_the_others() -> Result<()> {
    let db = items().await?;
    LocalSet::new()
        .run_until(async {
            let panics = db.clone();
            let panicking = spawn_local(async move {
                let body = async |items: Table<Item, indexie::ReadWrite>| -> Result<()> {
                    for _ in 0..10 {
                        items.clear().await?;
                    }
                    panic!("in the middle")
                };
                panics.transaction(Mode::ReadWrite, &panics.items, body).await
            });
            let works = db.clone();
            let working = spawn_local(async move { works.items.delete(1).await });
            let (panicked, worked) = join(panicking, working).await;
            assert!(panicked.expect_err("it panics").is_panic());
            worked.expect("it does not")
        })
        .await?;
    assert_eq!(db.items.primary_keys().await?, [2, 3]);
    Ok(())
}

#[tokio::test]
async fn a_transaction_whose_task_has_gone_is_undone() -> Result<()> {
    let db = items().await?;
    LocalSet::new()
        .run_until(async {
            let waits = db.clone();
            let waiting = spawn_local(async move {
                waits
                    .transaction(Mode::ReadWrite, &waits.items, async |items| {
                        items.clear().await?;
                        pending().await
                    })
                    .await as Result<()>
            });
            let count = db.items.count();
            waiting.abort();
            assert!(waiting.await.expect_err("it has been cut off").is_cancelled());
            assert_eq!(count.await?, 3);
            Ok(())
        })
        .await
}

mod panicking {
    use indexie::Result;

    use super::{Item, Upgrade, schema};

    schema! {
        pub struct Items("items");

        version 1 {
            items: "id, &name",
        }
        version 2 {
            items: Item,
        } upgrade panic
    }

    async fn panic(tx: Upgrade) -> Result<()> {
        tx.table::<Item>("items")?.clear().await?;
        panic!("in the middle of the upgrade")
    }
}

#[tokio::test]
async fn an_upgrade_that_panics_leaves_everything_as_it_was() -> Result<()> {
    drop(items().await?);
    let failed = panicking::Items::new().open().await;
    assert!(matches!(&failed, Err(Error::Upgrade { version: 2, .. })), "{failed:?}");
    assert_eq!(Items::new().items.to_vec().await?, [item(1), item(2), item(3)]);
    assert_eq!(second::Items::new().items.count().await?, 3);
    Ok(())
}

#[tokio::test]
async fn a_handler_that_panics_keeps_nobody_from_opening() -> Result<()> {
    drop(items().await?);
    let old = Items::builder().on_version_change(|_| panic!("it is asked to close")).build();
    old.open().await?;
    let holding = old.transaction(Mode::Read, &old.items, async |items| {
        for _ in 0..100 {
            items.count().await?;
        }
        Ok(())
    });
    let new = second::Items::builder().on_blocked(|_| panic!("it is blocked")).build();
    let (held, counts) = join(holding, join(new.items.count(), new.open())).await;
    held?;
    assert_eq!(counts.0?, 3);
    counts.1?;
    assert!(!old.is_open() && new.is_open());
    Ok(())
}

#[tokio::test]
async fn a_handler_that_panics_keeps_nobody_from_deleting() -> Result<()> {
    let old = items().await?;
    let db = Items::builder().on_blocked(|_| panic!("it is blocked")).build();
    let holding = old.transaction(Mode::Read, &old.items, async |items| {
        for _ in 0..100 {
            items.count().await?;
        }
        Ok(())
    });
    let (held, deleted) = join(holding, db.delete()).await;
    held?;
    deleted?;
    assert_eq!(db.items.count().await?, 0);
    Ok(())
}
