//! What is dropped is free.

use indexie::__private::subscriptions;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{friend, next, with_three};

#[wasm_bindgen_test]
async fn a_query_counts_from_its_first_poll_until_it_is_dropped() -> Result<()> {
    let db = with_three("live lifetimes").await?;
    let before = subscriptions();
    let mut all = db.friends.live();
    let mut count = db.friends.count().live();
    let mut changes = db.friends.live_changes();
    let mut closure = live_query(clone!(db => async move || Ok((db.friends.get(1).await?, db.todos.count().await?))));
    assert_eq!(subscriptions(), before, "nothing has begun");
    next(&mut all).await;
    next(&mut count).await;
    next(&mut changes).await;
    next(&mut closure).await;
    assert_eq!(subscriptions(), before + 4);
    drop(all);
    assert_eq!(subscriptions(), before + 3);
    drop((count, changes, closure));
    assert_eq!(subscriptions(), before);
    db.friends.add(&friend(9, "Ida", 9)).await?;
    Ok(())
}

#[wasm_bindgen_test]
async fn dropped_in_the_middle_of_its_first_read_it_leaves_nothing() -> Result<()> {
    let db = with_three("live dropped").await?;
    let before = subscriptions();
    let mut all = db.friends.live();
    assert!(futures::poll!(futures::StreamExt::next(&mut all)).is_pending());
    drop(all);
    assert_eq!(subscriptions(), before);
    db.friends.delete(1).await?;
    assert_eq!(db.friends.count().await?, 2);
    Ok(())
}

#[wasm_bindgen_test]
async fn many_come_and_go() -> Result<()> {
    let db = with_three("live many").await?;
    let before = subscriptions();
    let mut all: Vec<_> = (0..500).map(|id| db.friends.get(id).live()).collect();
    for query in &mut all {
        next(query).await;
    }
    assert_eq!(subscriptions(), before + 500);
    db.friends.put(&friend(77, "Gus", 7)).await?;
    assert_eq!(next(&mut all[77]).await.map(|row| row.id), Some(77));
    drop(all);
    assert_eq!(subscriptions(), before);
    Ok(())
}
