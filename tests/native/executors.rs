//! Any executor will do: a database moves on whenever one of its futures is polled.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use futures::channel::oneshot;
use futures::executor::{LocalPool, block_on};
use futures::future::{join, join_all};
use futures::task::LocalSpawnExt;
use futures::{FutureExt, StreamExt};
use indexie::prelude::*;
use tokio::task::{LocalSet, spawn_local};

use crate::fixtures::{Items, item, items};

/// Lets other tasks have so many turns.
pub async fn turns(count: u32) {
    for _ in 0..count {
        let mut waited = false;
        poll_fn(|context| {
            if std::mem::replace(&mut waited, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

#[test]
fn a_single_future_is_enough() {
    block_on(async {
        let db = items().await?;
        let (added, count) = join(db.items.add(&item(4)), db.items.count()).await;
        assert_eq!((added?, count?), (4, 4));
        db.transaction(Mode::ReadWrite, &db.items, async |items| items.delete(1).await).await?;
        assert_eq!(db.items.primary_keys().await?, [2, 3, 4]);
        Ok::<_, Error>(())
    })
    .expect("nothing fails");
}

#[test]
fn an_operation_that_is_dropped_after_its_first_turn_goes_on_and_a_transaction_does_not() {
    block_on(async {
        let db = items().await?;
        let mut add = db.items.add(&item(4));
        assert!((&mut add).now_or_never().is_none());
        drop(add);
        let mut transaction = db.transaction(Mode::ReadWrite, &db.items, async |items| items.clear().await);
        assert!((&mut transaction).now_or_never().is_none());
        drop(transaction);
        assert_eq!(db.items.count().await?, 4);
        Ok::<_, Error>(())
    })
    .expect("nothing fails");
}

#[test]
fn tasks_of_a_pool_take_turns() {
    let mut pool = LocalPool::new();
    let db = block_on(items()).expect("items");
    let log = Rc::new(RefCell::new(Vec::new()));
    for name in ["a", "b"] {
        let (db, log) = (db.clone(), log.clone());
        let task = async move {
            for id in 1..=2 {
                db.items.get(id).await.expect("there is the item");
                log.borrow_mut().push(format!("{name}{id}"));
            }
        };
        pool.spawner().spawn_local(task).expect("the pool runs");
    }
    pool.run();
    assert_eq!(*log.borrow(), ["a1", "b1", "a2", "b2"]);
}

#[test]
fn transactions_of_many_tasks_follow_one_another() {
    let mut pool = LocalPool::new();
    let db = block_on(items()).expect("items");
    for _ in 0..100 {
        let db = db.clone();
        let task = async move {
            let count = db.transaction(Mode::ReadWrite, &db.items, async |items| {
                let count = items.get(1).await?.map_or(0, |item| item.count);
                items.put(&crate::fixtures::Item { count: count + 1, ..item(1) }).await
            });
            count.await.expect("each has its turn");
        };
        pool.spawner().spawn_local(task).expect("the pool runs");
    }
    pool.run();
    assert_eq!(block_on(db.items.get(1)).expect("there is the item").map(|item| item.count), Some(101));
}

#[tokio::test]
async fn tasks_of_tokio_get_each_its_own_answer() -> Result<()> {
    let db = items().await?;
    LocalSet::new()
        .run_until(async {
            let tasks = (10..30).map(|id| {
                let db = db.clone();
                spawn_local(async move { db.items.add(&item(id)).await })
            });
            for (added, id) in join_all(tasks).await.into_iter().zip(10..) {
                assert_eq!(added.expect("the task is not cut off")?, id);
            }
            Ok(())
        })
        .await
}

#[test]
fn a_body_may_wait_for_what_another_task_is_about_to_do() {
    let mut pool = LocalPool::new();
    let db = block_on(items()).expect("items");
    let (tell, told) = oneshot::channel();
    pool.spawner()
        .spawn_local(async {
            turns(10).await;
            tell.send(7).expect("the body waits");
        })
        .expect("the pool runs");
    let running = db.transaction(Mode::ReadWrite, &db.items, async |items| {
        items.delete(1).await?;
        let id = told.await.map_err(Error::user)?;
        items.add(&item(id)).await
    });
    assert_eq!(pool.run_until(running).expect("it has not waited for long"), 7);
}

#[test]
fn a_body_that_waits_for_long_is_stalled_whatever_else_is_polled() {
    let mut pool = LocalPool::new();
    let db = block_on(items()).expect("items");
    let busy = db.clone();
    pool.spawner()
        .spawn_local(async move {
            for _ in 0..1_000 {
                busy.items.count().await.expect("it waits for the transaction, and then counts");
            }
        })
        .expect("the pool runs");
    let running = db.transaction(Mode::ReadWrite, &db.items, async |items| {
        items.clear().await?;
        pending::<()>().await;
        Ok(())
    });
    let stalled = pool.run_until(running);
    assert!(matches!(stalled, Err(Error::Stalled)), "{stalled:?}");
    assert_eq!(block_on(db.items.count()).expect("the table"), 3);
}

#[test]
fn many_futures_in_one_task_use_up_nobodys_patience() {
    block_on(async {
        let db = items().await?;
        let (tell, told) = oneshot::channel();
        // Each poll of this task polls a hundred operations: that is one turn, not a hundred.
        let reads = join_all((0..20).map(|_| db.items.get(1)));
        let running = db.transaction(Mode::Read, &db.items, async |items| {
            items.count().await?;
            told.await.map_err(Error::user)
        });
        let telling = async {
            turns(20).await;
            let _ = tell.send(());
        };
        let (reads, running, ()) = futures::join!(reads, running, telling);
        assert!(reads.iter().all(Result::is_ok), "{reads:?}");
        running
    })
    .expect("twenty turns are not long");
}

#[test]
fn many_live_queries_in_one_task_use_up_nobodys_patience() {
    let mut pool = LocalPool::new();
    let spawner = pool.spawner();
    pool.run_until(async {
        let db = items().await?;
        // Also one that has read from two tables, which may be of two databases.
        let other = Items::builder().name("others").build();
        let both = live_query(clone!(db, other => async move || {
            Ok((db.items.count().await?, other.items.count().await?))
        }));
        let mut live: Vec<_> = (0..20).map(|_| db.items.live().map(drop).boxed_local()).collect();
        live.extend((0..20).map(|_| both.clone().map(drop).boxed_local()));
        for live in &mut live {
            live.next().await.expect("a result");
        }
        let (tell, told) = oneshot::channel();
        let running = db.transaction(Mode::ReadWrite, &db.items, async move |items| {
            items.add(&item(4)).await?;
            spawner
                .spawn_local(async {
                    turns(6).await;
                    tell.send(5).expect("the body waits");
                })
                .expect("the pool runs");
            let id = told.await.map_err(Error::user)?;
            items.add(&item(id)).await
        });
        let mut running = pin!(running);
        // Each poll of this task polls them all: that is one turn.
        let added = poll_fn(|context| {
            for live in &mut live {
                let _ = live.poll_next_unpin(context);
            }
            running.as_mut().poll(context)
        });
        assert_eq!(added.await?, 5);
        Ok::<_, Error>(())
    })
    .expect("six turns are not long");
}

#[test]
fn a_transaction_that_nobody_polls_goes_on_with_whoever_is_polled() {
    block_on(async {
        let db = items().await?;
        let ended = Rc::new(Cell::new(false));
        let end = ended.clone();
        let running = db.transaction(Mode::ReadWrite, &db.items, async move |items| {
            items.delete(1).await?;
            items.delete(2).await?;
            end.set(true);
            Ok(())
        });
        let mut running = pin!(running);
        assert!(futures::poll!(running.as_mut()).is_pending());
        assert_eq!(db.items.count().await?, 1);
        assert!(ended.get());
        running.await
    })
    .expect("it is committed");
}

#[test]
fn a_transaction_that_nobody_polls_is_stalled_by_whoever_is_polled() {
    block_on(async {
        let db = items().await?;
        let running = db.transaction(Mode::ReadWrite, &db.items, async |items| {
            items.clear().await?;
            pending::<()>().await;
            Ok(())
        });
        let mut running = pin!(running);
        assert!(futures::poll!(running.as_mut()).is_pending());
        assert_eq!(db.items.count().await?, 3);
        let stalled = running.await;
        assert!(matches!(stalled, Err(Error::Stalled)), "{stalled:?}");
        Ok::<_, Error>(())
    })
    .expect("the others go on");
}

#[test]
fn the_handles_of_a_transaction_are_of_no_use_outside_of_its_body() {
    block_on(async {
        let db = items().await?;
        let handle = Rc::new(RefCell::new(None));
        let taken = handle.clone();
        let running = db.transaction(Mode::ReadWrite, &db.items, async move |items| {
            *taken.borrow_mut() = Some(items.clone());
            for _ in 0..20 {
                items.count().await?;
            }
            Ok(())
        });
        let outside = async {
            loop {
                let items = handle.borrow_mut().take();
                match items {
                    Some(items) => return items.add(&item(4)).await,
                    None => turns(1).await,
                }
            }
        };
        let (running, added) = join(running, outside).await;
        running?;
        assert!(
            matches!(&added, Err(Error::Aborted { reason }) if reason.ends_with("nor outside of its body")),
            "{added:?}"
        );
        assert_eq!(db.items.count().await?, 3);
        Ok::<_, Error>(())
    })
    .expect("the transaction goes on");
}

#[test]
fn a_savepoint_that_is_dropped_outside_of_the_body_is_undone() {
    block_on(async {
        let db = items().await?;
        let part = Rc::new(RefCell::new(None));
        let given = part.clone();
        let running = db.transaction(Mode::ReadWrite, &db.items, async move |items| {
            items.delete(1).await?;
            let (part, cleared) = (items.clone(), Rc::new(Cell::new(false)));
            let done = cleared.clone();
            let mut savepoint = Box::pin(async move {
                let within = part.clone();
                let undone = async move || {
                    within.clear().await?;
                    done.set(true);
                    pending::<Result<()>>().await
                };
                part.transaction().savepoint(undone).await
            });
            poll_fn(|context| match savepoint.poll_unpin(context) {
                Poll::Pending if cleared.get() => Poll::Ready(()),
                polled => polled.map(|_| ()),
            })
            .await;
            *given.borrow_mut() = Some(savepoint);
            // Waits for the end of the savepoint.
            assert_eq!(items.count().await?, 2);
            assert!(given.borrow().is_none());
            Ok(())
        });
        let dropping = async {
            while part.borrow().is_none() {
                turns(1).await;
            }
            drop(part.take());
        };
        let (running, ()) = join(running, dropping).await;
        running?;
        assert_eq!(db.items.primary_keys().await?, [2, 3]);
        Ok::<_, Error>(())
    })
    .expect("the transaction goes on");
}

#[test]
fn a_database_that_is_dropped_and_made_again_has_its_rows() {
    block_on(async {
        drop(items().await?);
        let db = Items::new();
        assert!(!db.is_open());
        assert_eq!(db.items.count().await?, 3);
        Ok::<_, Error>(())
    })
    .expect("nothing fails");
}

mod upgraded {
    use super::*;
    use crate::fixtures::Item;

    mod before {
        use super::Item;
        use indexie::prelude::*;

        schema! {
            pub struct Items("upgraded");
            version 1 { items: Item, }
        }
    }

    schema! {
        pub struct Items("upgraded");
        version 1 { items: "id, &name", }
        version 2 { items: Item, } upgrade when_told
    }

    thread_local!(static TOLD: RefCell<Option<oneshot::Receiver<()>>> = const { RefCell::new(None) });

    /// Waits for another task, less long than a transaction's patience lasts.
    async fn when_told(tx: Upgrade) -> Result<()> {
        let told = TOLD.take();
        if let Some(told) = told {
            told.await.map_err(Error::user)?;
        }
        tx.table::<Item>("items")?.modify(|item| item.count += 1).await?;
        Ok(())
    }

    /// Each of them is polled in each turn of the executor, which is one turn for all of them.
    #[test]
    fn an_upgrade_that_many_wait_for_has_as_much_patience_as_one() -> Result<()> {
        for count in [1, 4, 30] {
            let mut pool = LocalPool::new();
            let spawner = pool.spawner();
            let counts = pool.run_until(async move {
                let old = before::Items::new();
                old.items.put(&item(1)).await?;
                old.close();
                let (tell, told) = oneshot::channel();
                TOLD.set(Some(told));
                let other = async {
                    turns(8).await;
                    // The upgrade may have been given up.
                    let _ = tell.send(());
                };
                spawner.spawn_local(other).expect("the pool is there");
                let db = Items::new();
                let counts = join_all((0..count).map(|_| db.items.count())).await;
                db.delete().await?;
                counts.into_iter().collect::<Result<Vec<_>>>()
            })?;
            assert_eq!(counts, vec![1; count]);
        }
        Ok(())
    }
}
