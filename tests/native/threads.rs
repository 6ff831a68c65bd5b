//! One database on several threads.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use futures::FutureExt;
use futures::executor::block_on;
use indexie::prelude::*;

use crate::fixtures::{Item, Items, item, items, newer, second};

/// Does something with the database on a thread of its own.
pub fn elsewhere<R: Send + 'static>(
    db: &Items,
    run: impl AsyncFnOnce(Items) -> Result<R> + Send + 'static,
) -> JoinHandle<Result<R>> {
    let db = db.clone();
    thread::spawn(move || block_on(run(db)))
}

pub fn joined<R>(thread: JoinHandle<Result<R>>) -> Result<R> {
    thread.join().expect("the thread does not panic")
}

/// Keeps a transaction of another thread open until `Sender` is dropped.
pub fn held(db: &Items, write: bool) -> (JoinHandle<Result<()>>, Sender<()>) {
    let (release, released): (_, Receiver<()>) = channel();
    let (begun, has_begun) = channel();
    let thread = elsewhere(db, async move |db| {
        let body = async move || {
            let _ = begun.send(());
            // Blocks the thread; it ends when the other end is dropped.
            let _ = released.recv();
        };
        if write {
            db.transaction(Mode::ReadWrite, &db.items, async move |items| {
                items.delete(1).await?;
                body().await;
                items.add(&item(1)).await.map(|_| ())
            })
            .await
        } else {
            db.transaction(Mode::Read, &db.items, async move |items| {
                items.count().await?;
                body().await;
                items.count().await.map(|_| ())
            })
            .await
        }
    });
    has_begun.recv().expect("the transaction begins");
    (thread, release)
}

#[test]
fn they_share_the_rows_of_an_object() -> Result<()> {
    let db = block_on(items())?;
    let names = joined(elsewhere(&db, async |db| {
        db.items.add(&item(4)).await?;
        indexie::database_names().await
    }))?;
    // The names are those of the databases that the other thread has made itself.
    assert_eq!(names, Vec::<String>::new());
    assert_eq!(block_on(db.items.count())?, 4);
    Ok(())
}

#[test]
fn objects_that_are_made_on_different_threads_share_nothing() -> Result<()> {
    let db = block_on(items())?;
    let count = thread::spawn(|| block_on(Items::new().items.count())).join().expect("it counts")?;
    assert_eq!(count, 0);
    assert_eq!(block_on(db.items.count())?, 3);
    Ok(())
}

#[test]
fn the_rows_outlive_the_thread_that_made_the_object() -> Result<()> {
    let db = thread::spawn(|| block_on(items())).join().expect("there are items")?;
    assert_eq!(block_on(db.items.count())?, 3);
    Ok(())
}

#[test]
fn no_increment_is_lost() -> Result<()> {
    const THREADS: u32 = 4;
    const TIMES: u32 = 100;

    let db = block_on(items())?;
    let together = Arc::new(Barrier::new(THREADS as usize));
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let together = together.clone();
            elsewhere(&db, async move |db| {
                together.wait();
                for n in 0..TIMES {
                    if n % 2 == 0 {
                        db.items.update(1, |item| item.count += 1).await?;
                        continue;
                    }
                    db.transaction(Mode::ReadWrite, &db.items, async |items| {
                        let count = items.get(1).await?.map_or(0, |item| item.count);
                        items.put(&Item { count: count + 1, ..item(1) }).await
                    })
                    .await?;
                }
                Ok(())
            })
        })
        .collect();
    for thread in threads {
        joined(thread)?;
    }
    assert_eq!(block_on(db.items.get(1))?.map(|item| item.count), Some(1 + THREADS * TIMES));
    Ok(())
}

#[test]
fn a_writer_keeps_others_waiting_and_is_seen_whole() -> Result<()> {
    let db = block_on(items())?;
    let (held, release) = held(&db, true);
    let counting = elsewhere(&db, async |db| db.items.count().await);
    let mut adding = db.items.add(&item(4));
    for _ in 0..100 {
        assert!((&mut adding).now_or_never().is_none());
    }
    assert!(!counting.is_finished());
    drop(release);
    assert_eq!(block_on(adding)?, 4);
    joined(held)?;
    assert!((3..=4).contains(&joined(counting)?));
    Ok(())
}

#[test]
fn readers_of_two_threads_run_side_by_side() -> Result<()> {
    let db = block_on(items())?;
    let (held, release) = held(&db, false);
    assert_eq!(block_on(db.items.count())?, 3);
    drop(release);
    joined(held)
}

#[test]
fn a_thread_that_ends_takes_its_transaction_back() -> Result<()> {
    let db = block_on(items())?;
    let leaked = db.clone();
    thread::spawn(move || {
        let mut running = Box::new(leaked.transaction(Mode::ReadWrite, &leaked.items, async |items| {
            items.clear().await?;
            std::future::pending().await
        }));
        for _ in 0..10 {
            assert!((&mut *running).now_or_never().is_none_or(|result: Result<()>| result.is_err()));
        }
        // Never dropped.
        Box::leak(running);
    })
    .join()
    .expect("the thread ends");
    assert_eq!(block_on(db.items.count())?, 3);
    Ok(())
}

#[test]
fn a_connection_that_another_thread_does_not_use_is_in_nobodys_way() -> Result<()> {
    let db = block_on(items())?;
    db.close();
    let (ask, asked) = channel();
    let (tell, told) = channel();
    // Has its connection, and waits for something else.
    let idle = elsewhere(&db, async move |db| {
        tell.send(db.items.count().await).expect("the test goes on");
        asked.recv().expect("the test goes on");
        let late = db.items.count().await;
        assert!(matches!(late, Err(Error::NewerVersion { installed: Some(2), .. })), "{late:?}");
        assert!(!db.is_open());
        Ok(())
    });
    // This thread had an object of the same name before.
    assert_eq!(told.recv().expect("it counts")?, 3);
    let waited = Arc::new(AtomicBool::new(false));
    let blocked = waited.clone();
    let new = second::Items::builder().on_blocked(move |_| blocked.store(true, Ordering::Relaxed)).build();
    assert_eq!(block_on(new.items.count())?, 3);
    assert!(!waited.load(Ordering::Relaxed), "there is nobody to wait for");
    ask.send(()).expect("the thread waits");
    joined(idle)
}

#[test]
fn who_is_blocked_by_another_thread_hears_of_it_each_second() -> Result<()> {
    let db = block_on(items())?;
    db.close();
    let (held, release) = held(&db, true);
    let (waits, release) = (Arc::new(Mutex::new(Vec::new())), Mutex::new(Some(release)));
    let waited = waits.clone();
    let new = second::Items::builder()
        .on_blocked(move |blocked| {
            let mut waits = waited.lock().expect("one at a time");
            waits.push(blocked.waited);
            if waits.len() == 3 {
                drop(release.lock().expect("one at a time").take());
            }
        })
        .build();
    assert_eq!(block_on(new.items.count())?, 3);
    joined(held)?;
    let waits = waits.lock().expect("one at a time");
    // Whoever is in the way may take another second to go.
    assert!(waits.len() >= 3, "{waits:?}");
    assert!(waits[0] < Duration::from_secs(1) && waits[2] >= Duration::from_millis(1_900), "{waits:?}");
    Ok(())
}

#[test]
fn deleting_waits_for_the_transaction_of_another_thread() -> Result<()> {
    let db = block_on(items())?;
    let (held, release) = held(&db, true);
    let mut deleting = db.delete();
    for _ in 0..100 {
        assert!((&mut deleting).now_or_never().is_none());
    }
    drop(release);
    block_on(deleting)?;
    joined(held)?;
    assert_eq!(block_on(db.items.count())?, 0);
    Ok(())
}

static UPGRADES: AtomicU32 = AtomicU32::new(0);

mod counted {
    use indexie::Result;

    use super::{Item, Ordering, UPGRADES, Upgrade, schema};

    schema! {
        pub struct Items("items");

        version 1 {
            items: "id, &name",
        }
        version 2 {
            items: Item,
        } upgrade count
    }

    async fn count(tx: Upgrade) -> Result<()> {
        UPGRADES.fetch_add(1, Ordering::Relaxed);
        tx.table::<Item>("items")?.modify(|item| item.count += 1).await?;
        Ok(())
    }
}

#[test]
fn many_threads_open_and_upgrade_at_once() -> Result<()> {
    drop(block_on(items())?);
    let db = counted::Items::new();
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let db = db.clone();
            thread::spawn(move || block_on(db.items.where_(|i| i.id).equals(1).first()))
        })
        .collect();
    for thread in threads {
        assert_eq!(joined(thread)?.map(|item| item.count), Some(2));
    }
    assert_eq!(UPGRADES.load(Ordering::Relaxed), 1);
    Ok(())
}

#[test]
fn a_task_that_waits_for_another_thread_sleeps() -> Result<()> {
    let db = block_on(items())?;
    let (held, release) = held(&db, true);
    let polls = Arc::new(AtomicU32::new(0));
    let (counted, done) = (polls.clone(), Arc::new(AtomicBool::new(false)));
    let finished = done.clone();
    let waiting = elsewhere(&db, async move |db| {
        let mut add = db.items.add(&item(4));
        let added = std::future::poll_fn(|context| {
            counted.fetch_add(1, Ordering::Relaxed);
            add.poll_unpin(context)
        })
        .await;
        finished.store(true, Ordering::Relaxed);
        added
    });
    // Polled some times, and then not any more. On a slow machine it takes a while until it is polled at all.
    loop {
        let before = polls.load(Ordering::Relaxed);
        thread::sleep(Duration::from_millis(50));
        let after = polls.load(Ordering::Relaxed);
        assert!(after < 20, "polled {after} times");
        if before > 0 && after == before {
            break;
        }
    }
    assert!(!done.load(Ordering::Relaxed));
    drop(release);
    joined(held)?;
    assert_eq!(joined(waiting)?, 4);
    // And nothing is left that would keep a later version from being opened.
    db.close();
    assert_eq!(block_on(newer().items.count())?, 4);
    Ok(())
}

#[test]
fn who_is_overtaken_by_a_deletion_opens_what_there_is_now() -> Result<()> {
    let db = block_on(items())?;
    db.close();
    // The connection is there, and nobody has read of it yet.
    let mut open = db.open();
    assert!((&mut open).now_or_never().is_none());
    let other = Items::new();
    let opened = other.clone();
    joined(elsewhere(&db, async move |db| {
        opened.open().await?;
        db.delete().await
    }))?;
    block_on(open)?;
    block_on(db.items.add(&item(4)))?;
    assert_eq!(block_on(indexie::database_names())?, ["items"]);
    assert_eq!(block_on(other.items.primary_keys())?, [4]);
    Ok(())
}

#[test]
fn a_thread_hears_that_its_connection_was_closed_also_when_it_goes_on_at_once() -> Result<()> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    for is_transaction in [false, true] {
        let told = heard.clone();
        let db = Items::builder()
            .on_version_change(move |change| told.lock().expect("one at a time").push(change.new_version))
            .build();
        block_on(db.items.add(&item(1)))?;
        let other = Items::new();
        joined(elsewhere(&other, async |db| db.delete().await))?;
        if is_transaction {
            block_on(db.transaction(Mode::ReadWrite, &db.items, async |items| items.add(&item(1)).await))?;
        } else {
            block_on(db.items.add(&item(1)))?;
        }
        assert_eq!(block_on(db.items.count())?, 1);
        assert_eq!(std::mem::take(&mut *heard.lock().expect("one at a time")), [None]);
        block_on(db.delete())?;
    }
    assert!(heard.lock().expect("one at a time").is_empty());
    Ok(())
}

/// Another thread deletes the database each time this one is about to use it.
async fn deleted_again_and_again<R>(db: &Items, mut using: impl Future<Output = Result<R>> + Unpin) -> Result<R> {
    let other = Items::new();
    for _ in 0..20 {
        while !db.is_open() {
            assert!(futures::poll!(&mut using).is_pending());
        }
        joined(elsewhere(&other, async |db| db.delete().await))?;
        assert!(futures::poll!(&mut using).is_pending());
    }
    using.await
}

#[test]
fn what_has_not_begun_outlasts_deletions() -> Result<()> {
    block_on(async {
        let db = Items::new();
        assert_eq!(deleted_again_and_again(&db, db.items.count()).await?, 0);
        db.close();
        let again = Items::new();
        let adding = again.transaction(Mode::ReadWrite, &again.items, async |items| items.add(&item(1)).await);
        assert_eq!(deleted_again_and_again(&again, adding).await?, 1);
        Ok(())
    })
}
