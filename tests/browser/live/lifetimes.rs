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

// In wasm a panic is an exception that goes through it and unwinds nothing.
#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn a_function_that_panics_leaves_everything_else_as_it_was() -> Result<()> {
    let uncaught = indexie_tests::Uncaught::listen();
    let db = with_three("live panic").await?;
    let _broken = live_query(clone!(db => async move || {
        let count = db.friends.count().await?;
        if count > 3 {
            wasm_bindgen::throw_str("a panic");
        }
        Ok(count)
    }))
    .subscribe(|_| {});
    let mut sound = db.friends.count().live();
    assert_eq!(next(&mut sound).await, 3);
    db.friends.add(&friend(4, "Dan", 50)).await?;
    assert_eq!(next(&mut sound).await, 4);
    for id in 5..8 {
        db.friends.add(&friend(id, "Eve", 50)).await?;
        assert_eq!(next(&mut sound).await, usize::try_from(id).expect("a number"));
    }
    db.transaction(Mode::ReadWrite, &db.friends, async |friends| friends.delete(1).await).await?;
    assert_eq!(next(&mut sound).await, 6);
    assert_eq!(uncaught.heard().len(), 1);
    Ok(())
}
