//! Who waits is woken: whatever the others do meanwhile, and whatever has been dropped.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Barrier;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use futures::channel::oneshot;
use futures::executor::block_on;
use futures::{FutureExt, StreamExt};
use indexie::prelude::*;

use crate::executors::turns;
use crate::fixtures::{Item, Items, item, items, newer};
use crate::threads::{held, joined};

/// Longer than any machine takes.
const FOR_EVER: Duration = Duration::from_mins(2);

/// Fails if this takes for ever.
pub fn soon(run: impl FnOnce() -> Result<()> + Send + 'static) -> Result<()> {
    let (tell, told) = channel();
    let running = thread::spawn(move || {
        let result = run();
        // The test may have given up.
        let _ = tell.send(());
        result
    });
    assert_ne!(told.recv_timeout(FOR_EVER), Err(RecvTimeoutError::Timeout), "it waits for ever");
    joined(running)
}

#[test]
fn who_has_to_ask_for_another_version_hears_of_it() -> Result<()> {
    soon(|| {
        drop(block_on(items())?);
        let new = newer();
        block_on(new.open())?;
        new.close();
        let (begun, has_begun) = channel();
        let (release, released) = channel::<()>();
        let holds = new.clone();
        let holding = thread::spawn(move || {
            block_on(async {
                holds.open().await?;
                holds
                    .transaction(Mode::Read, &holds.items, async move |items| {
                        items.count().await?;
                        let _ = begun.send(());
                        let _ = released.recv();
                        items.count().await
                    })
                    .await
            })
        });
        has_begun.recv().expect("the transaction begins");
        // The answer, that the database is newer, is there already.
        let mut open = Items::new().open();
        assert!((&mut open).now_or_never().is_none());
        let deletes = new.clone();
        let (deleting, is_deleting) = channel();
        let deletion = thread::spawn(move || {
            let mut deletion = deletes.delete();
            assert!((&mut deletion).now_or_never().is_none());
            let _ = deleting.send(());
            block_on(deletion)
        });
        is_deleting.recv().expect("it waits for the transaction");
        let releasing = thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            drop(release);
        });
        block_on(turns(1));
        block_on(open)?;
        releasing.join().expect("the thread does not panic");
        joined(deletion)?;
        joined(holding).map(|_| ())
    })
}

mod failing {
    use indexie::Result;

    use super::{BEGUN, CHECKED, Error, Upgrade, schema};
    use crate::fixtures::Item;

    schema! {
        pub struct Items("items");

        version 1 {
            items: "id, &name",
        }
        version 2 {
            items: Item,
        } upgrade fail
    }

    async fn fail(tx: Upgrade) -> Result<()> {
        tx.table::<Item>("items")?.clear().await?;
        BEGUN.wait();
        CHECKED.wait();
        Err(Error::user("it cannot be done"))
    }
}

static BEGUN: Barrier = Barrier::new(2);
static CHECKED: Barrier = Barrier::new(2);

#[test]
fn who_has_been_overtaken_by_an_upgrade_does_not_see_the_middle_of_it() -> Result<()> {
    soon(|| {
        drop(block_on(items())?);
        let old = Items::new();
        let mut open = old.open();
        // It has been opened, and has not heard of it.
        assert!((&mut open).now_or_never().is_none());
        let new = failing::Items::new();
        let upgrading = thread::spawn(move || block_on(new.open()));
        BEGUN.wait();
        assert!((&mut open).now_or_never().is_none());
        CHECKED.wait();
        block_on(open)?;
        assert_eq!(block_on(old.items.count())?, 3);
        assert!(matches!(joined(upgrading), Err(Error::Upgrade { version: 2, .. })));
        Ok(())
    })
}

#[tokio::test]
async fn what_an_abandoned_operation_kept_alive_goes_quietly() -> Result<()> {
    let (db, other) = (items().await?, Items::builder().name("other").build());
    other.open().await?;
    let mut deletion = db.delete();
    assert!((&mut deletion).now_or_never().is_none());
    drop(deletion);
    let mut count = db.items.count();
    assert!((&mut count).now_or_never().is_none());
    drop((count, db));
    assert_eq!(other.items.count().await?, 0);
    Ok(())
}

/// `wait` waits for a transaction of another thread, which ends when a hook of this thread does. That waits for a third one.
fn while_a_hook_goes_on(wait: impl AsyncFnOnce(&Items) -> Result<()> + Send + 'static) -> Result<()> {
    soon(|| {
        let db = block_on(items())?;
        let (go, gone) = oneshot::channel();
        let (end, ended) = channel();
        let calls = RefCell::new(Some((gone, ended)));
        db.items.hook().on_add(async move |_: Added<Item>| {
            let call = calls.borrow_mut().take();
            if let Some((gone, ended)) = call {
                gone.await.expect("it is told to go on");
                drop(ended.try_recv());
            }
            Ok(())
        });
        block_on(db.items.add(&item(4)))?;
        let (holding, release) = held(&db, true);
        end.send(release).expect("the hook is there");
        let going = thread::spawn(move || {
            thread::sleep(Duration::from_millis(50));
            go.send(())
        });
        block_on(wait(&db))?;
        going.join().expect("the thread does not panic").expect("the hook waits");
        joined(holding)
    })
}

#[test]
fn hooks_go_on_while_an_operation_waits() -> Result<()> {
    while_a_hook_goes_on(async |db| db.items.add(&item(5)).await.map(|_| ()))
}

#[test]
fn hooks_go_on_while_a_transaction_waits() -> Result<()> {
    while_a_hook_goes_on(async |db| {
        db.transaction(Mode::ReadWrite, &db.items, async |items| items.add(&item(5)).await.map(|_| ())).await
    })
}

#[test]
fn hooks_go_on_while_a_database_is_deleted() -> Result<()> {
    while_a_hook_goes_on(async |db| db.delete().await)
}

#[test]
fn hooks_go_on_while_a_database_is_opened() -> Result<()> {
    while_a_hook_goes_on(async |_| newer().open().await)
}

#[test]
fn hooks_go_on_while_a_live_query_waits_for_its_first_result() -> Result<()> {
    while_a_hook_goes_on(async |db| {
        let mut count = db.items.live().map(|rows| rows.map(|rows| rows.len()));
        assert_eq!(count.next().await.transpose()?, Some(4));
        Ok(())
    })
}

#[test]
fn hooks_go_on_while_live_changes_wait_for_the_first_ones() -> Result<()> {
    while_a_hook_goes_on(async |db| {
        let mut changes = db.items.where_(|i| i.id).above(0).live_changes();
        assert_eq!(changes.next().await.transpose()?.map(|changes| changes.steps.len()), Some(4));
        Ok(())
    })
}

/// A task in the background is the first who needs the database: a live query, or a hook that writes to another one.
#[test]
fn a_task_in_the_background_opens_a_database() -> Result<()> {
    soon(|| {
        block_on(async {
            let db = Items::new();
            let counts: Rc<RefCell<Vec<usize>>> = Rc::default();
            let heard = counts.clone();
            let _subscription = db.items.count().live().subscribe(move |count| heard.borrow_mut().extend(count.ok()));
            let mut live = db.items.to_vec().live();
            assert_eq!(live.next().await.transpose()?, Some(Vec::new()));
            db.items.add(&item(1)).await?;
            assert_eq!(live.next().await.transpose()?, Some(vec![item(1)]));
            assert_eq!(counts.borrow().last(), Some(&1));
            Ok(())
        })
    })
}

#[test]
fn hooks_are_settled_while_a_task_in_the_background_opens_their_database() -> Result<()> {
    soon(|| {
        block_on(async {
            let db = Items::new();
            let _subscription = db.items.live().subscribe(|_| {});
            db.hooks_settled().await?;
            assert!(indexie::database_names().await?.len() <= 1);
            Ok(())
        })
    })
}

#[test]
fn a_hook_writes_to_a_database_that_is_not_open() -> Result<()> {
    soon(|| {
        block_on(async {
            let (db, outbox) = (Items::builder().name("in").build(), Items::builder().name("out").build());
            let sends = outbox.clone();
            db.items.hook().on_add(move |added: Added<Item>| {
                let items = sends.items.clone();
                async move { items.put(&added.item).await.map(drop).map_err(HookError::from) }
            });
            db.items.add(&item(1)).await?;
            db.hooks_settled().await?;
            assert_eq!(outbox.items.to_vec().await?, [item(1)]);
            Ok(())
        })
    })
}

#[test]
fn a_database_is_deleted_again_while_a_live_query_opens_it() -> Result<()> {
    soon(|| {
        block_on(async {
            let (db, other) = (Items::builder().name("this").build(), Items::builder().name("other").build());
            let _subscription = db.items.live().subscribe(|_| {});
            for _ in 0..3 {
                db.delete().await?;
                assert_eq!(other.items.count().await?, 0);
            }
            assert_eq!(db.items.count().await?, 0);
            Ok(())
        })
    })
}

/// Such a future holds a lock while it wakes those who wait for it.
#[test]
fn a_hook_waits_for_an_operation_that_it_shares_with_others() -> Result<()> {
    soon(|| {
        block_on(async {
            let (db, other) = (Items::builder().name("in").build(), Items::builder().name("out").build());
            let items = other.items.clone();
            let count = async move {
                items.add(&item(1)).await?;
                items.put(&item(2)).await?;
                items.count().await
            };
            let count = count.boxed_local().shared();
            let (first, counts) = (count.clone(), Rc::new(RefCell::new(Vec::<Result<usize>>::new())));
            let heard = counts.clone();
            db.items.hook().on_add(move |_: Added<Item>| {
                let (first, heard) = (first.clone(), heard.clone());
                async move {
                    let count = first.await;
                    heard.borrow_mut().push(count);
                    Ok(())
                }
            });
            db.items.bulk_add(&[item(1), item(2)]).await?;
            db.hooks_settled().await?;
            assert_eq!((count.await?, counts.borrow().len()), (2, 2));
            assert!(counts.take().into_iter().all(|count| count.is_ok_and(|count| count == 2)));
            Ok(())
        })
    })
}
