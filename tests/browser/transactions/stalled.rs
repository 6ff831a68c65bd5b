//! Bodies that wait for something else than their transaction: a little is forgiven, then everything is rolled back. Timers are far
//! away here: no machine is so slow that they end before the transaction does.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use futures::channel::{mpsc, oneshot};
use futures::future::{join, pending, ready};
use futures::{SinkExt, StreamExt};
use indexie::prelude::*;
use indexie::{ReadWrite, Table};
use indexie_tests::spawn_local;
use indexie_tests::wasm_bindgen_test;
#[cfg(target_family = "wasm")]
use wasm_bindgen::prelude::*;
#[cfg(target_family = "wasm")]
use wasm_bindgen_futures::JsFuture;

use crate::fixtures::{Account, Bank, account, accounts, bank, fresh};
use crate::plain;

/// Lets others go on once.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Writes, waits, and writes again, which must not happen.
async fn is_stalled<F>(name: &str, wait: impl FnOnce() -> F + 'static) -> Result<()>
where
    F: Future<Output = ()> + 'static,
{
    let db = bank(name).await?;
    let after = Rc::new(Cell::new(false));
    let reached = after.clone();
    let stalled = db
        .transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
            accounts.clear().await?;
            wait().await;
            reached.set(true);
            accounts.add(&account(4, "Dan", 1)).await
        })
        .await;
    assert!(matches!(&stalled, Err(Error::Stalled)), "{name}: {stalled:?}");
    assert_eq!(Rc::strong_count(&after), 1, "its body is gone, {name}");
    plain::sleep(40).await;
    assert!(!after.get(), "{name}");
    assert_eq!(db.accounts.to_vec().await?, accounts(), "{name}");
    Ok(())
}

// Case 214.
#[wasm_bindgen_test]
async fn a_timer_is_too_long() -> Result<()> {
    is_stalled("stalled timer", || plain::sleep(60_000)).await
}

#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn a_timer_of_no_time_is_too_long() -> Result<()> {
    is_stalled("stalled timer of 0", || plain::sleep(0)).await
}

#[cfg(target_family = "wasm")]
#[wasm_bindgen(inline_js = "export const fetched = async () => { await (await fetch('data:text/plain,x')).text(); };")]
extern "C" {
    #[wasm_bindgen]
    async fn fetched();
}

#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn a_fetch_is_too_long() -> Result<()> {
    is_stalled("stalled fetch", || async { fetched().await }).await
}

#[wasm_bindgen_test]
async fn a_channel_that_nobody_answers_is_too_long() -> Result<()> {
    let (sender, receiver) = oneshot::channel::<()>();
    is_stalled("stalled channel", || async {
        let _ = receiver.await;
    })
    .await?;
    drop(sender);
    is_stalled("stalled for ever", pending).await
}

#[wasm_bindgen_test]
async fn a_body_that_only_yields_is_stopped() -> Result<()> {
    is_stalled("stalled yielding", || async {
        loop {
            yield_now().await;
        }
    })
    .await
}

#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn an_animation_frame_or_a_message_is_too_long() -> Result<()> {
    is_stalled("stalled message", || async {
        let channel = js_sys::eval(
            "new Promise((done) => { const { port1, port2 } = new MessageChannel(); port1.onmessage = done; port2.postMessage(1); })",
        );
        if let Ok(promise) = channel {
            let _ = JsFuture::from(js_sys::Promise::from(promise)).await;
        }
    })
    .await
}

#[wasm_bindgen_test]
async fn what_is_joined_with_an_operation_has_to_end_with_it() -> Result<()> {
    let db = bank("stalled join").await?;
    let stalled = db
        .transaction(Mode::ReadWrite, &db.accounts, async |accounts| {
            let (deleted, ()) = join(accounts.delete(1), plain::sleep(60_000)).await;
            deleted
        })
        .await;
    assert!(matches!(&stalled, Err(Error::Stalled)), "{stalled:?}");
    assert_eq!(db.accounts.to_vec().await?, accounts());
    Ok(())
}

// Case 210: another database is none of the transaction's.
#[wasm_bindgen_test]
async fn another_database_is_too_long() -> Result<()> {
    let other = bank("stalled another").await?;
    is_stalled("stalled by another", || async move {
        let _ = other.accounts.count().await;
    })
    .await
}

#[wasm_bindgen_test]
async fn another_object_of_the_same_database_is_too_long() -> Result<()> {
    let other = Bank::builder().name("stalled by itself").build();
    is_stalled("stalled by itself", || async move {
        let _ = other.accounts.count().await;
    })
    .await
}

#[wasm_bindgen_test]
async fn a_transaction_that_reads_can_stall_too() -> Result<()> {
    let db = bank("stalled read").await?;
    let stalled = db
        .transaction(Mode::Read, &db.accounts, async |accounts| {
            accounts.count().await?;
            plain::sleep(60_000).await;
            accounts.count().await
        })
        .await;
    assert!(matches!(&stalled, Err(Error::Stalled)), "{stalled:?}");
    Ok(())
}

#[wasm_bindgen_test]
async fn a_body_that_stalls_is_dropped_with_all_that_it_holds() -> Result<()> {
    let db = bank("stalled dropped").await?;
    let held = Rc::new(());
    let inside = held.clone();
    let stalled = db
        .transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
            accounts.delete(1).await?;
            pending::<()>().await;
            drop(inside);
            Ok(())
        })
        .await;
    assert!(matches!(&stalled, Err(Error::Stalled)), "{stalled:?}");
    assert_eq!(Rc::strong_count(&held), 1);
    Ok(())
}

// --- what is forgiven

/// Writes, waits, and writes again, which works.
async fn goes_on<F: Future<Output = ()> + 'static>(
    name: &str,
    wait: impl FnOnce(Table<Account, ReadWrite>) -> F + 'static,
) -> Result<()> {
    let db = bank(name).await?;
    db.transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
        accounts.clear().await?;
        wait(accounts.clone()).await;
        accounts.add(&account(4, "Dan", 1)).await
    })
    .await?;
    assert_eq!(db.accounts.primary_keys().await?, [4], "{name}");
    Ok(())
}

#[wasm_bindgen_test]
async fn what_is_ready_is_no_wait() -> Result<()> {
    goes_on("forgiven ready", |_| ready(())).await?;
    goes_on("forgiven yielding", |_| async {
        for _ in 0..10 {
            yield_now().await;
        }
    })
    .await
}

#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn a_promise_that_is_resolved_is_no_wait() -> Result<()> {
    goes_on("forgiven promise", |_| async {
        for at in 0..3 {
            let promise = js_sys::Promise::resolve(&JsValue::from(at));
            assert_eq!(JsFuture::from(promise).await.ok().and_then(|value| value.as_f64()), Some(f64::from(at)));
        }
    })
    .await
}

#[wasm_bindgen_test]
async fn channels_between_parts_of_the_body_are_no_wait() -> Result<()> {
    goes_on("forgiven channel", |accounts| async move {
        let (mut sender, mut receiver) = mpsc::channel(1);
        let sending = async {
            for id in 10..15 {
                let added = accounts.add(&account(id, &format!("{id}"), 0)).await;
                sender.send(added.expect("added")).await.expect("received");
            }
            drop(sender);
        };
        let receiving = async {
            while let Some(id) = receiver.next().await {
                accounts.delete(id).await.expect("deleted");
            }
        };
        join(sending, receiving).await;
    })
    .await
}

#[wasm_bindgen_test]
async fn a_task_that_answers_at_once_is_no_wait() -> Result<()> {
    goes_on("forgiven task", |_| async {
        let (sender, receiver) = oneshot::channel();
        spawn_local(async move {
            let _ = sender.send(());
        });
        receiver.await.expect("sent");
    })
    .await
}

#[wasm_bindgen_test]
async fn the_grace_begins_anew_with_each_operation() -> Result<()> {
    let db = bank("forgiven anew").await?;
    let rounds = Rc::new(RefCell::new(0));
    let counted = rounds.clone();
    db.transaction(Mode::ReadWrite, &db.accounts, async move |accounts| {
        for _ in 0..50 {
            accounts.update(1, |a| a.balance += 1).await?;
            for _ in 0..5 {
                yield_now().await;
            }
            *counted.borrow_mut() += 1;
        }
        Ok(())
    })
    .await?;
    assert_eq!(rounds.take(), 50);
    assert_eq!(db.accounts.get(1).await?.map(|a| a.balance), Some(150));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_stalled_transaction_does_not_hold_up_others() -> Result<()> {
    let db = bank("stalled others").await?;
    let stalled = db.transaction(Mode::ReadWrite, db.all(), async |tables| {
        tables.accounts.clear().await?;
        pending::<Result<()>>().await
    });
    let (stalled, added) = join(stalled, db.accounts.add(&account(4, "Dan", 1))).await;
    assert!(matches!(&stalled, Err(Error::Stalled)), "{stalled:?}");
    added?;
    assert_eq!(db.accounts.count().await?, 4);
    Ok(())
}

// --- upgrades

mod upgrading {
    use super::{Account, plain};
    use indexie::prelude::*;

    schema! {
        /// As it was.
        pub struct Old("old");
        version 1 { accounts: Account }
    }

    schema! {
        /// Its upgrade waits for a timer.
        pub struct Waiting("waiting");
        version 1 { accounts: "id, &owner, balance, *tags" }
        version 2 { accounts: Account } upgrade wait
    }

    async fn wait(tx: Upgrade) -> Result<()> {
        tx.table::<Account>("accounts")?.modify(|a| a.balance = -1).await?;
        plain::sleep(60_000).await;
        tx.table::<Account>("accounts")?.modify(|a| a.balance = -2).await?;
        Ok(())
    }
}

#[wasm_bindgen_test]
async fn an_upgrade_that_waits_is_rolled_back() -> Result<()> {
    let old: upgrading::Old = fresh("stalled upgrade").await;
    old.accounts.bulk_add(&accounts()).await?;
    old.close();
    let new = upgrading::Waiting::builder().name("stalled upgrade").build();
    let stalled = new.accounts.count().await;
    assert!(
        matches!(&stalled, Err(Error::Upgrade { version: 2, source, .. }) if matches!(**source, Error::Stalled)),
        "{stalled:?}"
    );
    old.open().await?;
    assert_eq!(old.accounts.to_vec().await?, accounts());
    Ok(())
}
