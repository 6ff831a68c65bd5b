//! Overlays and hooks where there are several threads: both are of the thread that has them.

use std::cell::RefCell;
use std::rc::Rc;
use std::thread;

use futures::FutureExt;
use futures::executor::{LocalPool, block_on};
use futures::task::LocalSpawnExt;
use indexie::prelude::*;

use crate::executors::turns;

use crate::fixtures::{Item, item, items};
use crate::threads::{elsewhere, held, joined};
use crate::waiting::soon;

#[test]
fn an_overlay_is_seen_on_its_own_thread_only() -> Result<()> {
    block_on(async {
        let db = items().await?;
        let before = db.items.count().await?;
        let tx = db.items.start_transaction(Overlay::Optimistic);
        tx.put(&item(77)).await?;
        assert_eq!(db.items.count().await?, before + 1);
        assert_eq!(joined(elsewhere(&db, async |db| db.items.count().await))?, before);
        // What another thread stores beneath it is met by the commit.
        joined(elsewhere(&db, async |db| db.items.put(&item(77)).await.map(|_| ())))?;
        assert_eq!(db.items.count().await?, before + 1);
        assert!(matches!(tx.commit().await, Err(Error::Conflict { .. })));
        Ok(())
    })
}

#[test]
fn a_handle_of_one_is_of_no_use_elsewhere() -> Result<()> {
    block_on(async {
        let db = items().await?;
        let tx = db.items.start_transaction(Overlay::Optimistic);
        let handle = tx.tables().clone();
        let there = thread::spawn(move || {
            block_on(async {
                let (read, written) = (handle.count().await, handle.put(&item(77)).await);
                (read.map_err(|error| error.to_string()), written.map_err(|error| error.to_string()))
            })
        });
        let (read, written) = there.join().expect("it does not panic");
        let expected = "the transaction has ended: an overlay transaction is of no use on another thread than its own";
        assert_eq!((read, written), (Err(expected.to_owned()), Err(expected.to_owned())));
        Ok(())
    })
}

#[test]
fn hooks_hear_of_their_own_threads_writes() -> Result<()> {
    block_on(async {
        let db = items().await?;
        let heard: Rc<RefCell<Vec<Item>>> = Rc::default();
        let into = heard.clone();
        db.items.hook().on_add(async move |e: Added<Item>| {
            into.borrow_mut().push(e.item);
            Ok(())
        });
        joined(elsewhere(&db, async |db| db.items.put(&item(77)).await.map(|_| ())))?;
        db.items.put(&item(78)).await?;
        db.hooks_settled().await?;
        assert_eq!(*heard.borrow(), [item(78)]);
        Ok(())
    })
}

/// The last handle goes while overlays and hooks are there, which do not keep the database.
#[test]
fn they_go_with_the_database_object() -> Result<()> {
    block_on(async {
        let db = items().await?;
        let held = Rc::new(());
        let by_hook = held.clone();
        db.items.hook().on_delete(async move |_: Deleted<Item>| {
            assert_eq!(Rc::strong_count(&by_hook), 2);
            Ok(())
        });
        let tx = db.items.start_transaction(Overlay::Optimistic);
        tx.clear().await?;
        drop(tx);
        drop(db);
        assert_eq!(Rc::strong_count(&held), 1);
        Ok(())
    })
}

#[test]
fn who_waits_for_a_commit_is_woken_when_that_is_given_up() -> Result<()> {
    soon(|| {
        let mut pool = LocalPool::new();
        let db = block_on(items())?;
        let (held, release) = held(&db, false);
        let counted = pool.run_until(async {
            let tx = db.items.start_transaction(Overlay::Optimistic);
            tx.put(&item(77)).await?;
            let mut commit = Box::pin(tx.commit());
            for _ in 0..10 {
                assert!(futures::poll!(&mut commit).is_pending());
                turns(1).await;
            }
            // It is to see the row that is just being stored, and waits for that.
            let mut count = db.items.count().boxed_local();
            assert!((&mut count).now_or_never().is_none());
            Ok::<_, Error>((commit, count))
        });
        let (commit, count) = counted?;
        let counting = pool.spawner().spawn_local_with_handle(count).expect("the pool runs");
        pool.run_until_stalled();
        drop(commit);
        let counted = pool.run_until(counting);
        drop(release);
        joined(held)?;
        assert_eq!(counted?, 3);
        Ok(())
    })
}
