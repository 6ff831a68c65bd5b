//! Futures that are dropped half-way: no other thread waits until this one polls again.

use std::sync::Arc;
use std::thread;

use futures::FutureExt;
use futures::executor::{LocalPool, block_on};
use futures::task::LocalSpawnExt;
use indexie::prelude::*;

use crate::fixtures::{Items, item, items, newer};
use crate::threads::{elsewhere, held, joined};
use crate::waiting::soon;

/// Polls a future so many times at most, and drops it.
fn tried(times: u32, mut future: impl Future + Unpin) {
    for _ in 0..times {
        if (&mut future).now_or_never().is_some() {
            break;
        }
    }
}

fn counted_elsewhere(db: &Items) -> Result<usize> {
    joined(elsewhere(db, async |db| db.items.count().await))
}

#[test]
fn a_write_that_is_dropped_is_stored() -> Result<()> {
    soon(|| {
        let db = block_on(items())?;
        tried(1, db.items.add(&item(4)));
        assert_eq!(counted_elsewhere(&db)?, 4);
        assert_eq!(block_on(db.items.count())?, 4);
        Ok(())
    })
}

#[test]
fn a_write_that_is_dropped_while_it_waits_is_stored_when_its_turn_comes() -> Result<()> {
    soon(|| {
        let db = block_on(items())?;
        let (holding, release) = held(&db, true);
        tried(3, db.items.add(&item(4)));
        tried(3, db.items.bulk_add(&[item(5), item(6)]));
        tried(3, db.items.add(&item(6)));
        tried(3, db.items.delete(2));
        let mut read = db.items.count();
        assert!((&mut read).now_or_never().is_none());
        drop(read);
        drop(release);
        joined(holding)?;
        assert_eq!(counted_elsewhere(&db)?, 5);
        assert_eq!(block_on(db.items.primary_keys())?, [1, 3, 4, 5, 6]);
        Ok(())
    })
}

#[test]
fn a_write_that_is_dropped_keeps_nobody_from_upgrading() -> Result<()> {
    soon(|| {
        let db = block_on(items())?;
        tried(1, db.items.add(&item(4)));
        let new = newer();
        assert_eq!(joined(thread::spawn(move || block_on(new.items.count())))?, 4);
        Ok(())
    })
}

#[test]
fn who_stops_opening_is_in_nobodys_way() -> Result<()> {
    for times in 1..8 {
        soon(move || {
            drop(block_on(items())?);
            let new = newer();
            tried(times, new.open());
            let other = new.clone();
            assert_eq!(joined(thread::spawn(move || block_on(other.items.count())))?, 3);
            tried(1, new.items.add(&item(4)));
            assert!((3..=4).contains(&block_on(new.items.count())?));
            Ok(())
        })?;
    }
    Ok(())
}

#[test]
fn who_goes_on_waiting_gets_the_connection_that_another_one_has_asked_for() -> Result<()> {
    block_on(async {
        let db = Items::new();
        let (mut open, mut count) = (db.open(), db.items.count());
        assert!((&mut open).now_or_never().is_none());
        assert!((&mut count).now_or_never().is_none());
        drop(open);
        assert_eq!(count.await?, 0);
        Ok(())
    })
}

#[test]
fn a_transaction_that_is_dropped_while_it_is_committed_is_stored() -> Result<()> {
    for hold in [false, true] {
        soon(move || {
            let db = block_on(items())?;
            let held = hold.then(|| held(&db, true));
            let running = db.transaction(Mode::ReadWrite, &db.items, async |items| {
                // It is part of the transaction, although nobody waits for it.
                for id in 4..=6 {
                    tried(1, items.add(&item(id)));
                }
                Ok(())
            });
            tried(1, running);
            if let Some((holding, release)) = held {
                drop(release);
                joined(holding)?;
            }
            assert_eq!(counted_elsewhere(&db)?, 6);
            assert_eq!(block_on(db.items.count())?, 6);
            Ok(())
        })?;
    }
    Ok(())
}

#[test]
fn a_transaction_that_has_begun_is_dropped_while_it_is_committed_and_stored() -> Result<()> {
    soon(|| {
        let db = block_on(items())?;
        let running = db.transaction(Mode::ReadWrite, &db.items, async |items| {
            items.delete(1).await?;
            for id in 4..=200 {
                tried(1, items.add(&item(id)));
            }
            drop(items.transaction().commit());
            std::future::pending::<Result<()>>().await
        });
        tried(2, running);
        assert_eq!(counted_elsewhere(&db)?, 199);
        assert_eq!(block_on(db.items.count())?, 199);
        Ok(())
    })
}

#[test]
fn a_deletion_that_is_dropped_is_in_nobodys_way() -> Result<()> {
    soon(|| {
        let (db, other) = (block_on(items())?, Items::new());
        tried(1, other.delete());
        assert_eq!(counted_elsewhere(&db)?, 3);
        Ok(())
    })
}

#[test]
fn who_waits_behind_a_deletion_that_is_dropped_goes_on() -> Result<()> {
    soon(|| {
        let db = block_on(items())?;
        let (holding, release) = held(&db, true);
        let mut deletion = db.delete();
        for _ in 0..3 {
            assert!((&mut deletion).now_or_never().is_none());
        }
        let mut pool = LocalPool::new();
        let opening = pool.spawner().spawn_local_with_handle(Items::new().open()).expect("the pool runs");
        pool.run_until_stalled();
        drop(deletion);
        pool.run_until(opening)?;
        drop(release);
        joined(holding)
    })
}

#[test]
fn nothing_is_kept_of_an_object_whose_last_handle_was_dropped_elsewhere() -> Result<()> {
    soon(|| {
        let kept = Arc::new(());
        let held = kept.clone();
        let db = Items::builder().on_version_change(move |_| drop(held.clone())).build();
        block_on(db.items.add(&item(1)))?;
        thread::spawn(move || drop(db)).join().expect("it drops the last handle");
        assert_eq!(Arc::strong_count(&kept), 2);
        // An upgrade does not wait for the connection that was left.
        assert_eq!(block_on(newer().items.count())?, 1);
        assert_eq!(Arc::strong_count(&kept), 1);
        Ok(())
    })
}
