//! Transactions that are committed by hand, and those that are in the middle of something when their thread ends.

use std::cell::RefCell;
use std::future::pending;
use std::sync::mpsc;
use std::thread;

use futures::FutureExt;
use futures::executor::block_on;
use futures::future::{LocalBoxFuture, join3};
use indexie::prelude::*;

use crate::fixtures::{Item, items};

#[tokio::test]
async fn a_savepoint_after_a_commit_comes_too_late() -> Result<()> {
    let db = items().await?;
    db.transaction(Mode::ReadWrite, &db.items, async |items| {
        let tx = items.transaction();
        let mut slow = items.update(1, |item| item.count = 9);
        assert!((&mut slow).now_or_never().is_none());
        let commit = tx.commit();
        let (slow, commit, late) = join3(slow, commit, tx.savepoint(async || items.clear().await)).await;
        slow?;
        assert!(matches!(late, Err(Error::Aborted { .. })), "{late:?}");
        commit
    })
    .await?;
    assert_eq!(db.items.count().await?, 3);
    assert_eq!(db.items.get(1).await?.map(|item| item.count), Some(9));
    Ok(())
}

thread_local!(static KEPT: RefCell<Vec<LocalBoxFuture<'static, Result<()>>>> = RefCell::default());

#[test]
fn a_thread_may_end_with_a_body_in_its_own_data() -> Result<()> {
    let db = block_on(items())?;
    let works = db.clone();
    thread::spawn(move || {
        // Made first, and so destroyed last.
        KEPT.with_borrow_mut(Vec::clear);
        let mut running = works
            .transaction(Mode::ReadWrite, &works.items, async |items| {
                items.clear().await?;
                let body = async || {
                    items.delete(2).await?;
                    pending::<Result<()>>().await
                };
                items.transaction().savepoint(body).await
            })
            .boxed_local();
        for _ in 0..4 {
            assert!((&mut running).now_or_never().is_none());
        }
        KEPT.with_borrow_mut(|kept| kept.push(running));
    })
    .join()
    .expect("it ends");
    assert_eq!(block_on(db.items.count())?, 3);
    Ok(())
}

/// Polls a read once more when it is dropped, and tells what that gives.
struct Polls(LocalBoxFuture<'static, Result<Option<Item>>>, mpsc::Sender<Option<Result<Option<Item>>>>);

impl Drop for Polls {
    fn drop(&mut self) {
        let Self(read, told) = self;
        // Nobody need be listening.
        let _ = told.send(read.now_or_never());
    }
}

thread_local!(static POLLS: RefCell<Option<Polls>> = const { RefCell::new(None) });

#[test]
fn a_thread_may_end_with_a_read_that_its_own_data_polls() -> Result<()> {
    let db = block_on(items())?;
    let (told, polled) = mpsc::channel();
    thread::spawn(move || {
        // Made first, and so destroyed last.
        POLLS.take();
        block_on(db.open())?;
        let mut read = db.items.get(1).boxed_local();
        assert!((&mut read).now_or_never().is_none());
        POLLS.set(Some(Polls(read, told)));
        Ok::<(), Error>(())
    })
    .join()
    .expect("it ends")?;
    // Its storage is gone before it.
    let polled = polled.recv().expect("it is polled");
    assert!(polled.is_none(), "{polled:?}");
    Ok(())
}
