//! Transactions: several requests in one, undone, stalled, and one after another.

use futures::channel::oneshot;
use futures::future::{self, Either, join_all};
use indexie::prelude::*;
use indexie_tests::{UserDb, user};
use wasm_bindgen_test::wasm_bindgen_test;

use super::{fresh, plain};

/// A user's email and name, numbered.
fn numbered(number: u32) -> indexie_tests::NewUser {
    user(&number.to_string(), "", number)
}

#[wasm_bindgen_test]
async fn many_requests_one_after_another_are_one_transaction() -> Result<()> {
    let db: UserDb = fresh("anywhere: one after another").await;
    let ages = db
        .transaction(Mode::ReadWrite, &db.users, async |users| {
            for number in 0..50 {
                let id = users.add(&numbered(number)).await?;
                users.update(id, |u| u.age += 1_000).await?;
                assert_eq!(users.get(id).await?.map(|u| u.age), Some(1_000 + number));
            }
            users.order_by(|u| u.age).reverse().limit(1).keys::<u32>().await
        })
        .await?;
    assert_eq!(ages, [1_049]);
    assert_eq!(db.users.where_(|u| u.age).at_least(1_000).count().await?, 50);
    Ok(())
}

#[wasm_bindgen_test]
async fn many_requests_at_once_are_one_transaction() -> Result<()> {
    let db: UserDb = fresh("anywhere: at once").await;
    let keys = db
        .transaction(Mode::ReadWrite, &db.users, async |users| {
            let added = join_all((0..1_000).map(|number| users.add(&numbered(number)))).await;
            added.into_iter().collect::<Result<Vec<u32>>>()
        })
        .await?;
    assert_eq!(keys, (1..=1_000).collect::<Vec<u32>>());
    assert_eq!(db.users.count().await?, 1_000);
    Ok(())
}

#[wasm_bindgen_test]
async fn an_error_undoes_everything() -> Result<()> {
    let db: UserDb = fresh("anywhere: undone").await;
    db.users.add(&numbered(1)).await?;
    let error = db
        .transaction(Mode::ReadWrite, &db.users, async |users| {
            users.add(&numbered(2)).await?;
            users.delete(1).await?;
            Err::<(), _>(Error::user("no"))
        })
        .await;
    assert!(matches!(&error, Err(Error::User(error)) if error.to_string() == "no"), "{error:?}");
    assert_eq!(db.users.primary_keys().await?, [1]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_transaction_whose_future_is_dropped_is_undone() -> Result<()> {
    let db: UserDb = fresh("anywhere: dropped").await;
    db.users.add(&numbered(1)).await?;
    let running = db.transaction(Mode::ReadWrite, &db.users, async |users| {
        users.clear().await?;
        for number in 2.. {
            users.add(&numbered(number)).await?;
        }
        Ok(())
    });
    let ended = future::select(Box::pin(plain::sleep(10)), running).await;
    assert!(matches!(ended, Either::Left(_)), "it never ends by itself");
    drop(ended);
    assert_eq!(db.users.primary_keys().await?, [1]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_body_that_waits_for_something_else_is_stalled() -> Result<()> {
    let db: UserDb = fresh("anywhere: stalled").await;
    let first = db.transaction(Mode::ReadWrite, &db.users, async |users| {
        plain::sleep(20).await;
        users.add(&numbered(1)).await
    });
    let later = db.transaction(Mode::ReadWrite, &db.users, async |users| {
        users.add(&numbered(1)).await?;
        plain::sleep(20).await;
        users.add(&numbered(2)).await
    });
    let never = db.transaction(Mode::Read, &db.users, async |users| {
        users.count().await?;
        future::pending::<()>().await;
        Ok(0)
    });
    for stalled in [first.await, later.await, never.await] {
        assert!(matches!(&stalled, Err(Error::Stalled)), "{stalled:?}");
    }
    assert!(db.users.is_empty().await?);
    Ok(())
}

// A turn of the queue of microtasks each, for as long as a transaction waits for them.
#[wasm_bindgen_test]
async fn a_body_may_wait_for_what_is_resolved_already() -> Result<()> {
    let db: UserDb = fresh("anywhere: resolved").await;
    db.transaction(Mode::ReadWrite, &db.users, async |users| {
        for number in 0..20 {
            let (sender, receiver) = oneshot::channel();
            sender.send(number).expect("the receiver is there");
            users.add(&numbered(receiver.await.expect("it was sent"))).await?;
            for _ in 0..10 {
                let promise = js_sys::Promise::resolve(&wasm_bindgen::JsValue::from(number));
                wasm_bindgen_futures::JsFuture::from(promise).await.expect("it is resolved");
            }
        }
        users.add(&numbered(20)).await
    })
    .await?;
    assert_eq!(db.users.count().await?, 21);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_body_may_wait_for_a_task_that_needs_no_time() -> Result<()> {
    let db: UserDb = fresh("anywhere: a task").await;
    db.transaction(Mode::ReadWrite, &db.users, async |users| {
        for number in 0..5 {
            let (sender, receiver) = oneshot::channel();
            wasm_bindgen_futures::spawn_local(async move { sender.send(number).expect("the receiver is there") });
            users.add(&numbered(receiver.await.expect("it was sent"))).await?;
        }
        Ok(())
    })
    .await?;
    assert_eq!(db.users.count().await?, 5);
    Ok(())
}

#[wasm_bindgen_test]
async fn transactions_on_the_same_rows_follow_one_another() -> Result<()> {
    let db: UserDb = fresh("anywhere: same rows").await;
    db.users.add(&numbered(0)).await?;
    let counted = (0..20).map(|_| {
        db.transaction(Mode::ReadWrite, &db.users, async |users| {
            let age = users.get(1).await?.map_or(0, |u| u.age);
            users.update(1, move |u| u.age = age + 1).await
        })
    });
    for done in join_all(counted).await {
        done?;
    }
    assert_eq!(db.users.get(1).await?.map(|u| u.age), Some(20));
    Ok(())
}
