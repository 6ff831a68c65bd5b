//! Live queries on several threads: who waits for nothing else is woken by what another thread commits.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::mpsc::channel;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use futures::executor::{LocalPool, block_on};
use futures::future::{Either, select};
use futures::task::LocalSpawnExt;
use futures::{FutureExt, StreamExt};
use indexie::prelude::*;

use crate::executors::turns;
use crate::fixtures::{Item, Items, item, items};
use crate::threads::{elsewhere, joined};
use crate::waiting::soon;

#[test]
fn a_thread_that_only_waits_is_woken_by_another_ones_commit() -> Result<()> {
    let db = block_on(items())?;
    let before = block_on(db.items.count())?;
    let (ready, is_ready) = channel();
    let waiting = elsewhere(&db, async move |db| {
        let (mut count, mut first) = (db.items.count().live(), db.items.get(77).live());
        assert_eq!(count.next().await.transpose()?, Some(before));
        assert_eq!(first.next().await.transpose()?, Some(None));
        ready.send(()).expect("somebody listens");
        // Each of them alone is all that this thread waits for.
        let counted = count.next().await.transpose()?;
        Ok((counted, first.next().await.transpose()?.flatten().map(|item| item.id)))
    });
    is_ready.recv().expect("it has begun");
    thread::sleep(Duration::from_millis(20));
    block_on(db.items.add(&item(77)))?;
    assert_eq!(joined(waiting)?, (Some(before + 1), Some(77)));
    Ok(())
}

#[test]
fn a_transaction_of_another_thread_is_one_item() -> Result<()> {
    let db = block_on(items())?;
    block_on(async {
        let mut all = db.items.live();
        let before = all.next().await.transpose()?.map_or(0, |rows| rows.len());
        let writing = elsewhere(&db, async |db| {
            db.transaction(Mode::ReadWrite, &db.items, async |items| {
                for id in 100..110 {
                    items.add(&item(id)).await?;
                }
                items.delete(100).await
            })
            .await
        });
        assert_eq!(all.next().await.transpose()?.map(|rows| rows.len()), Some(before + 9));
        joined(writing)
    })
}

#[test]
fn a_subscription_goes_on_while_something_else_is_awaited() -> Result<()> {
    let db = block_on(items())?;
    let heard = std::rc::Rc::new(std::cell::Cell::new(0));
    let into = heard.clone();
    let subscription = db.items.count().live().subscribe(move |count| into.set(count.expect("a count")));
    block_on(db.items.add(&item(77)))?;
    let count = block_on(db.items.count())?;
    block_on(db.items.count())?;
    assert_eq!(heard.get(), count);
    drop(subscription);
    block_on(db.items.delete(77))?;
    block_on(db.items.count())?;
    assert_eq!(heard.get(), count);
    Ok(())
}

#[test]
fn each_task_is_woken_for_its_own_live_query() -> Result<()> {
    soon(|| {
        let mut pool = LocalPool::new();
        let db = block_on(items())?;
        let (write, written) = channel();
        let writing = elsewhere(&db, async move |db| {
            written.recv().expect("somebody asks for it");
            // By then both tasks sleep.
            thread::sleep(Duration::from_millis(50));
            db.items.add(&item(4)).await
        });
        let mut one = db.items.count().live();
        assert_eq!(pool.run_until(one.next()).transpose()?, Some(3));
        let first = pool.spawner().spawn_local_with_handle(async move { one.next().await.transpose() });
        let second = async move {
            let mut other = db.items.count().live();
            assert_eq!(other.next().await.transpose()?, Some(3));
            for _ in 0..10 {
                assert!(futures::poll!(other.next()).is_pending());
                turns(1).await;
            }
            write.send(()).expect("the thread waits");
            Ok::<_, Error>(other)
        };
        // It has been polled last, and is not polled any more.
        let _other = pool.run_until(second)?;
        assert_eq!(pool.run_until(first.expect("the pool runs"))?, Some(4));
        joined(writing).map(|_| ())
    })
}

#[test]
fn a_glance_at_one_live_query_leaves_the_others_awake() -> Result<()> {
    soon(|| {
        let db = block_on(items())?;
        let (write, written) = channel();
        let writing = elsewhere(&db, async move |db| {
            written.recv().expect("somebody asks for it");
            thread::sleep(Duration::from_millis(50));
            db.items.add(&item(4)).await
        });
        block_on(async {
            let (mut count, mut all) = (db.items.count().live(), db.items.live());
            assert_eq!(count.next().await.transpose()?, Some(3));
            assert_eq!(all.next().await.transpose()?.map(|rows| rows.len()), Some(3));
            let mut write = Some(write);
            let counted = poll_fn(|context| {
                let Poll::Pending = count.poll_next_unpin(context) else {
                    return Poll::Ready(());
                };
                assert!(all.next().now_or_never().is_none());
                if let Some(write) = write.take() {
                    write.send(()).expect("the thread waits");
                }
                Poll::Pending
            });
            counted.await;
            Ok::<_, Error>(())
        })?;
        joined(writing).map(|_| ())
    })
}

#[test]
fn who_has_not_looked_for_long_finds_what_there_is() -> Result<()> {
    soon(|| {
        let db = block_on(items())?;
        let (mut all, mut count) = (db.items.live(), db.items.count().live());
        block_on(all.next()).transpose()?;
        block_on(count.next()).transpose()?;
        let writing = elsewhere(&db, async |db| {
            for times in 0..10 {
                let rows: Vec<_> = (0..900).map(|id| Item { count: times, ..item(id) }).collect();
                db.items.bulk_put(&rows).await?;
            }
            db.items.delete(899).await
        });
        joined(writing)?;
        let rows = block_on(all.next()).transpose()?.expect("a result");
        assert_eq!((rows.len(), rows.iter().all(|row| row.count == 9)), (899, true));
        assert_eq!(block_on(count.next()).transpose()?, Some(899));
        // And it goes on row by row.
        block_on(db.items.delete(0))?;
        assert_eq!(block_on(all.next()).transpose()?.map(|rows| rows.len()), Some(898));
        Ok(())
    })
}

/// Two databases: in the first less has been committed than in the second.
async fn unequal() -> Result<(Items, Items)> {
    let (few, many) = (Items::builder().name("few").build(), Items::builder().name("many").build());
    for id in 0..20 {
        many.items.add(&item(id)).await?;
    }
    few.items.add(&item(1)).await?;
    Ok((few, many))
}

#[test]
fn what_a_read_that_was_given_up_needed_is_noted_beside_another_database() -> Result<()> {
    soon(|| {
        block_on(async {
            let (few, many) = unequal().await?;
            let runs = Rc::new(Cell::new(0));
            let mut live = live_query(clone!(few, many, runs => async move || {
                runs.set(runs.get() + 1);
                // Whichever answers first: that is the second database, which has seen more commits.
                match select(many.items.count(), few.items.count()).await {
                    Either::Left((count, _)) | Either::Right((count, _)) => Ok((runs.get(), count?)),
                }
            }));
            assert_eq!(live.next().await.transpose()?, Some((1, 20)));
            // The other one was begun, and may be what counts the next time.
            few.items.add(&item(2)).await?;
            assert_eq!(live.next().await.transpose()?, Some((2, 20)));
            // Nothing has changed since.
            few.items.count().await?;
            assert!(live.next().now_or_never().is_none());
            assert_eq!(runs.get(), 2);
            Ok(())
        })
    })
}

#[test]
fn whether_a_row_is_pending_is_asked_beside_another_database() -> Result<()> {
    soon(|| {
        block_on(async {
            let (few, many) = unequal().await?;
            let mut live = live_query(clone!(few, many => async move || {
                let count = many.items.count().await?;
                Ok((count, few.items.is_pending(&7)))
            }));
            assert_eq!(live.next().await.transpose()?, Some((20, false)));
            let tx = few.items.start_transaction(Overlay::Optimistic);
            tx.put(&item(7)).await?;
            assert_eq!(live.next().await.transpose()?, Some((20, true)));
            tx.commit().await?;
            assert_eq!(live.next().await.transpose()?, Some((20, false)));
            Ok(())
        })
    })
}
