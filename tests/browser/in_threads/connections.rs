//! Connections are each thread's own, and stand in no other thread's way.

use futures::channel::oneshot;
use indexie::prelude::*;
use indexie_tests::{UserDb, fresh, user};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::anywhere::{GuestDb, sleep};
use crate::spawn::thread;

#[wasm_bindgen_test]
async fn closing_a_database_closes_it_on_this_thread() -> Result<()> {
    let db: UserDb = fresh("threads: closing").await;
    db.open().await?;
    let handle = db.clone();
    thread(move || async move {
        handle.open().await?;
        handle.close();
        assert!(matches!(handle.users.count().await, Err(Error::Closed { .. })));
        Ok::<_, Error>(())
    })
    .await?;
    assert!(db.is_open());
    assert_eq!(db.users.count().await?, 0);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_database_is_deleted_while_another_thread_has_it_open() -> Result<()> {
    let db: UserDb = fresh("threads: deleted").await;
    let (opened, is_open) = oneshot::channel();
    let (deleted, is_deleted) = oneshot::channel();
    let handle = db.clone();
    let there = thread(move || async move {
        handle.users.add(&user("a", "Ada", 36)).await?;
        opened.send(()).expect("the test is waiting");
        is_deleted.await.expect("the test says so");
        handle.users.count().await
    });
    let here = async {
        is_open.await.expect("the thread says so");
        db.delete().await?;
        deleted.send(()).expect("the thread is waiting");
        Ok::<_, Error>(())
    };
    let (there, here) = futures::future::join(there, here).await;
    here?;
    assert_eq!(there?, 0);
    Ok(())
}

// The last handle is dropped by a thread that cannot close this thread's connection.
#[wasm_bindgen_test]
async fn a_connection_whose_last_handle_another_thread_drops_blocks_no_upgrade() -> Result<()> {
    let db: UserDb = fresh("threads: last handle").await;
    db.users.add(&user("a", "Ada", 36)).await?;
    let (go, gone) = oneshot::channel();
    let handle = db.clone();
    let there = thread(move || async move {
        gone.await.expect("the test says so");
        assert!(matches!(handle.users.count().await, Ok(1)));
        drop(handle);
    });
    drop(db);
    go.send(()).expect("the thread is waiting");
    there.await;
    let new = GuestDb::builder().name("threads: last handle").build();
    let upgraded = futures::future::select(Box::pin(new.users.count()), Box::pin(sleep(120_000))).await;
    let futures::future::Either::Left((count, _)) = upgraded else { panic!("the upgrade is blocked") };
    assert_eq!(count?, 1);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_thread_that_has_ended_blocks_no_upgrade() -> Result<()> {
    let db: UserDb = fresh("threads: ended").await;
    let handle = db.clone();
    thread(move || async move {
        handle.users.add(&user("a", "Ada", 36)).await?;
        // Its connection is as open as the thread leaves it.
        std::mem::forget(handle);
        Ok::<_, Error>(())
    })
    .await?;
    let new = GuestDb::builder().name("threads: ended").build();
    assert_eq!(new.users.where_(|g| g.greeting).equals("Hello Ada").count().await?, 1);
    Ok(())
}
