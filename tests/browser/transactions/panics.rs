//! A body that panics: in wasm nothing unwinds, and still nothing of it is stored, and the page goes on.
//!
//! The panic of these cases is an exception that goes through wasm, which is what a panic comes to: the test runner would
//! take a real one for the failure of the test.

use std::future::poll_fn;
use std::task::Poll;

use futures::FutureExt;
use indexie::prelude::*;
use indexie::{ReadWrite, Table};
use indexie_tests::Uncaught;
use wasm_bindgen_futures::spawn_local;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::fixtures::{Account, account, bank, contents};
use crate::plain;

/// In hundredths of a second: so long a panic may take to come, on any machine.
const PATIENCE: u32 = 6_000;

/// Runs a body that panics after it has cleared the table, in a task of its own; looks at what is left.
async fn leaves_nothing(
    name: &str,
    body: impl AsyncFnOnce(Table<Account, ReadWrite>) -> Result<()> + 'static,
) -> Result<()> {
    let db = bank(name).await?;
    let before = contents(&db).await?;
    let uncaught = Uncaught::listen();
    let running = db.transaction(Mode::ReadWrite, &db.accounts, body);
    let (told, outcome) = futures::channel::oneshot::channel();
    spawn_local(async move {
        let _ = told.send(running.await);
    });
    for _ in 0..PATIENCE {
        if uncaught.count() > 0 {
            break;
        }
        plain::sleep(10).await;
    }
    // Another one would come soon.
    plain::sleep(60).await;
    let heard = uncaught.heard();
    // Whoever awaited it is told, unless he has panicked himself.
    if let Some(Ok(outcome)) = outcome.now_or_never() {
        assert!(
            matches!(&outcome, Err(Error::Aborted { reason }) if reason.contains("panicked")),
            "{name}: {outcome:?}"
        );
    }
    assert_eq!(heard.len(), 1, "{name}: {heard:?}");
    assert_eq!(contents(&db).await?, before, "{name}");
    // The same database goes on, in transactions too.
    db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        accounts.transaction().savepoint(async || accounts.add(&account(4, "Dan", 1)).await).await
    })
    .await?;
    assert_eq!(db.accounts.count().await?, 4);
    Ok(())
}

fn panic() -> Result<()> {
    wasm_bindgen::throw_str("a panic")
}

#[wasm_bindgen_test]
async fn after_an_answer() -> Result<()> {
    leaves_nothing("panics after an answer", async |accounts| {
        accounts.clear().await?;
        panic()
    })
    .await
}

/// The browser has yet to say that the transaction is undone.
#[wasm_bindgen_test]
async fn another_operation_may_follow_at_once() -> Result<()> {
    let db = bank("panics and goes on at once").await?;
    let before = contents(&db).await?;
    let (told, found) = futures::channel::oneshot::channel();
    let (again, mut told) = (db.clone(), Some(told));
    let uncaught = Uncaught::listen_and(move || {
        let (db, told) = (again.clone(), told.take());
        spawn_local(async move {
            let found = contents(&db).await;
            let _ = told.map(|told| told.send(found));
        });
    });
    let running = db.transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
        accounts.clear().await?;
        panic()
    });
    spawn_local(async move {
        let _: Result<()> = running.await;
    });
    assert_eq!(found.await.expect("the panic is heard")?, before);
    assert_eq!(uncaught.heard().len(), 1);
    Ok(())
}

#[wasm_bindgen_test]
async fn in_its_first_step_with_a_request_under_way() -> Result<()> {
    leaves_nothing("panics at first", async |accounts| {
        assert!(accounts.clear().now_or_never().is_none());
        panic()
    })
    .await
}

#[wasm_bindgen_test]
async fn while_it_waits_without_a_request() -> Result<()> {
    leaves_nothing("panics waiting", async |accounts| {
        accounts.clear().await?;
        let mut polls = 0;
        poll_fn(|context| {
            polls += 1;
            context.waker().wake_by_ref();
            // More than are made in one go: the next one is made later.
            if polls > 100 { panic().map_or(Poll::Pending, Poll::Ready) } else { Poll::Pending }
        })
        .await;
        Ok(())
    })
    .await
}

#[wasm_bindgen_test]
async fn inside_of_a_savepoint() -> Result<()> {
    leaves_nothing("panics in a savepoint", async |accounts| {
        accounts.delete(1).await?;
        let tx = accounts.transaction();
        tx.savepoint(async || {
            accounts.clear().await?;
            panic()
        })
        .await
    })
    .await
}

#[wasm_bindgen_test]
async fn in_a_closure_that_changes_a_row() -> Result<()> {
    leaves_nothing("panics in an update", async |accounts| {
        accounts.delete(2).await?;
        accounts.update(1, |_| panic().expect("it does not return")).await?;
        Ok(())
    })
    .await
}

#[wasm_bindgen_test]
async fn with_other_requests_under_way() -> Result<()> {
    leaves_nothing("panics in a crowd", async |accounts| {
        let others = futures::future::join_all((4..50).map(|id| accounts.add(&account(id, &format!("{id}"), 0))));
        let panics = async {
            accounts.clear().await?;
            panic()
        };
        futures::future::join(panics, others).await.0
    })
    .await
}
