//! Live queries on several threads: who waits for nothing else is woken by what another thread commits.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use futures::StreamExt;
use futures::executor::block_on;
use indexie::prelude::*;

use crate::fixtures::{item, items};
use crate::threads::{elsewhere, joined};

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
