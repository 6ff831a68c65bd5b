//! What is not meant gives an error, and nothing else.

use indexie::Committed;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Club, member, names, player, with_rows};

#[wasm_bindgen_test]
async fn what_comes_after_the_end_fails() -> Result<()> {
    let db = with_rows("overlay after the end").await?;
    let tx = db.members.start_transaction(Overlay::Optimistic);
    let handle = tx.tables().clone();
    tx.add(&member("Dan", 50)).await?;
    tx.commit().await?;
    tx.rollback();
    assert_eq!(names(&db.members).await?.len(), 4);
    assert!(matches!(tx.add(&member("Eve", 1)).await, Err(Error::Aborted { .. })));
    assert!(matches!(tx.count().await, Err(Error::Aborted { .. })));
    assert!(matches!(tx.commit().await, Err(Error::Aborted { .. })));
    assert!(matches!(handle.update(1, |_| {}).await, Err(Error::Aborted { .. })));
    assert!(matches!(tx.savepoint(async || Ok(())).await, Err(Error::Aborted { .. })));
    assert!(tx.pending().is_empty());
    assert!(!handle.is_pending(&1));
    Ok(())
}

#[wasm_bindgen_test]
async fn tables_of_another_object_are_no_scope() -> Result<()> {
    let db = with_rows("overlay scope").await?;
    let other: Club = indexie_tests::builder("overlay scope").build();
    let tx = db.start_transaction(Overlay::Optimistic, (&db.members, &other.players));
    assert!(matches!(tx.tables().0.count().await, Err(Error::Aborted { .. })));
    assert!(matches!(tx.commit().await, Err(Error::InvalidArgument { .. })));
    Ok(())
}

#[wasm_bindgen_test]
async fn inside_of_a_transaction_it_would_wait_for_itself() -> Result<()> {
    let db = with_rows("overlay inside").await?;
    let tx = db.members.start_transaction(Overlay::Standard);
    tx.update(1, |row| row.age = 21).await?;
    let seen = db
        .transaction(Mode::ReadWrite, &db.members, async move |members| {
            assert!(matches!(tx.get(1).await, Err(Error::OutsideTransaction { .. })));
            assert!(matches!(tx.update(1, |_| {}).await, Err(Error::OutsideTransaction { .. })));
            members.get(1).await
        })
        .await?;
    assert_eq!(seen.map(|row| row.age), Some(20));
    Ok(())
}

#[wasm_bindgen_test]
async fn an_empty_commit_does_nothing() -> Result<()> {
    let db = with_rows("overlay empty").await?;
    let tx = db.members.start_transaction(Overlay::Optimistic);
    assert_eq!(tx.commit().await?.keys(&db.members), Vec::new());
    let tx = db.members.start_transaction(Overlay::Optimistic);
    tx.update(1, |_| {}).await?;
    tx.delete(99).await?;
    assert!(tx.pending().is_empty());
    tx.commit().await?;
    assert_eq!(names(&db.members).await?, ["Ann", "Bob", "Cid"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn commits_are_equal_if_they_have_given_the_same_keys() -> Result<()> {
    let db = with_rows("overlay equal commits").await?;
    let empty = db.members.start_transaction(Overlay::Optimistic).commit().await?;
    assert_eq!(empty, Committed::default());
    let tx = db.start_transaction(Overlay::Optimistic, (&db.members, &db.players));
    tx.tables().0.update(1, |row| row.age = 21).await?;
    tx.tables().1.add(&player("Kim", 1)).await?;
    assert_eq!(tx.commit().await?, empty, "no row has got another key");
    let tx = db.members.start_transaction(Overlay::Optimistic);
    let dan = tx.add(&member("Dan", 50)).await?;
    let given = tx.commit().await?;
    assert_eq!(given.key(&db.members, &dan), Some(4));
    assert_ne!(given, empty);
    assert_eq!(given, given.clone());
    // Another object does not know the table that the same keys are of.
    let other: Club = indexie_tests::fresh("overlay equal commits elsewhere").await;
    other.members.bulk_add(&[member("Ann", 20), member("Bob", 30), member("Cid", 40)]).await?;
    let tx = other.members.start_transaction(Overlay::Optimistic);
    assert_eq!(tx.add(&member("Dan", 50)).await?, dan);
    let elsewhere = tx.commit().await?;
    assert_eq!((elsewhere.key(&other.members, &dan), elsewhere.key(&db.members, &dan)), (Some(4), None));
    assert_ne!(elsewhere, given);
    Ok(())
}

#[wasm_bindgen_test]
async fn of_two_commits_the_first_one_decides() -> Result<()> {
    let db = with_rows("overlay two commits").await?;
    let tx = db.members.start_transaction(Overlay::Optimistic);
    tx.add(&member("Dan", 50)).await?;
    let (first, second) = futures::future::join(tx.commit(), tx.commit()).await;
    assert!(first.is_ok(), "{first:?}");
    assert!(matches!(second, Err(Error::Aborted { .. })), "{second:?}");
    assert_eq!(names(&db.members).await?, ["Ann", "Bob", "Cid", "Dan"]);
    Ok(())
}
