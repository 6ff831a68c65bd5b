//! Futures that one thread wakes for another.

use futures::channel::{mpsc, oneshot};
use futures::{SinkExt, StreamExt};
use indexie::prelude::*;
use indexie_tests::{UserDb, fresh, user};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::spawn::thread;

#[wasm_bindgen_test]
async fn one_thread_writes_what_another_sends() -> Result<()> {
    let db: UserDb = fresh("threads: sends").await;
    let (mut sender, mut receiver) = mpsc::channel(4);
    let (mut answers, mut answered) = mpsc::channel(4);
    let users = db.users.clone();
    let there = thread(move || async move {
        while let Some(number) = receiver.next().await {
            let number: u32 = number;
            let key = users.add(&user(&number.to_string(), "", number)).await?;
            answers.send(key).await.expect("the test is waiting");
        }
        Ok::<_, Error>(())
    });
    let here = async {
        for number in 0..50 {
            sender.send(number).await.expect("the thread is waiting");
            let key = answered.next().await.expect("the thread answers");
            assert_eq!(db.users.get(key).await?.map(|u| u.age), Some(number));
        }
        drop(sender);
        Ok::<_, Error>(())
    };
    let (there, here) = futures::future::join(there, here).await;
    there?;
    here
}

// Another thread takes longer than a transaction waits.
#[wasm_bindgen_test]
async fn a_body_that_waits_for_another_thread_is_stalled() -> Result<()> {
    let db: UserDb = fresh("threads: stalled").await;
    db.open().await?;
    let (ask, asked) = oneshot::channel();
    let (answer, answered) = oneshot::channel();
    let (end, ended) = oneshot::channel();
    let there = thread(move || async move {
        asked.await.expect("the body asks");
        ended.await.expect("the transaction ends");
        let _ = answer.send(());
    });
    let stalled = db
        .transaction(Mode::ReadWrite, &db.users, async move |users| {
            users.add(&user("a", "Ada", 36)).await?;
            ask.send(()).expect("the thread is waiting");
            let _ = answered.await;
            users.add(&user("b", "Bob", 30)).await
        })
        .await;
    assert!(matches!(&stalled, Err(Error::Stalled)), "{stalled:?}");
    end.send(()).expect("the thread is waiting");
    there.await;
    assert!(db.users.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_transaction_on_another_thread_is_stalled_undone_and_done_again() -> Result<()> {
    let db: UserDb = fresh("threads: undone").await;
    let handle = db.clone();
    let (stalled, failed, added) = thread(move || async move {
        let users = &handle.users;
        let stalled = handle
            .transaction(Mode::ReadWrite, users, async |users| {
                users.add(&user("a", "Ada", 36)).await?;
                crate::anywhere::sleep(20).await;
                Ok(())
            })
            .await;
        let failed = handle
            .transaction(Mode::ReadWrite, users, async |users| {
                users.add(&user("a", "Ada", 36)).await?;
                users.add(&user("a", "Ada", 36)).await
            })
            .await;
        let added = handle
            .transaction(Mode::ReadWrite, users, async |users| {
                let id = users.add(&user("a", "Ada", 36)).await?;
                Ok(users.update(id, |u| u.age += 1).await?.age)
            })
            .await;
        (stalled, failed, added)
    })
    .await;
    assert!(matches!(&stalled, Err(Error::Stalled)), "{stalled:?}");
    assert!(matches!(&failed, Err(Error::Constraint { .. })), "{failed:?}");
    assert_eq!(added?, 37);
    assert_eq!(db.users.count().await?, 1);
    Ok(())
}
