//! Errors of live queries are items, and the query goes on.

use std::ops::Bound;

use futures::StreamExt;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{assert_quiet, friend, ids, next, soon, with_three};
use crate::plain;

// Case 295.
#[wasm_bindgen_test]
async fn a_function_that_fails_first_recovers() -> Result<()> {
    let db = with_three("live error first").await?;
    let mut query = live_query(clone!(db => async move || match db.friends.count().await? {
        3 => Err(Error::Stalled),
        count => Ok(count),
    }));
    assert!(matches!(query.next().await, Some(Err(Error::Stalled))));
    assert_quiet(soon(&db, &mut query).await);
    db.friends.delete(1).await?;
    assert_eq!(next(&mut query).await, 2);
    db.friends.add(&friend(1, "Ann", 1)).await?;
    assert!(matches!(query.next().await, Some(Err(Error::Stalled))));
    db.friends.delete(1).await?;
    assert_eq!(next(&mut query).await, 2, "told again, after an error");
    Ok(())
}

#[wasm_bindgen_test]
async fn a_range_that_cannot_be_meant_is_an_item() -> Result<()> {
    let db = with_three("live error range").await?;
    let mut query = db.friends.where_(|f| f.age).in_any_range([(Bound::Included(9), Bound::Excluded(3))]).live();
    assert!(matches!(query.next().await, Some(Err(Error::InvalidArgument { .. }))));
    let mut query =
        db.friends.where_(|f| f.age).in_any_range([(Bound::Included(9), Bound::Excluded(3))]).count().live();
    assert!(matches!(query.next().await, Some(Err(Error::InvalidArgument { .. }))));
    Ok(())
}

#[wasm_bindgen_test]
async fn it_lives_through_closing_and_opening() -> Result<()> {
    let db = with_three("live closed").await?;
    let mut all = db.friends.live();
    let mut count = live_query(clone!(db => async move || db.friends.count().await));
    // Read in several steps, in a transaction.
    let mut filtered = db.friends.filter(|row| row.id != 3).live();
    let mut either = live_query(clone!(db => async move || {
        db.transaction(Mode::Read, &db.friends, async |friends| friends.count().await).await
    }));
    assert_eq!(next(&mut all).await.len(), 3);
    assert_eq!(next(&mut count).await, 3);
    assert_eq!(next(&mut filtered).await.len(), 2);
    assert_eq!(next(&mut either).await, 3);
    db.close();
    let other: crate::fixtures::Friends = indexie_tests::builder("live closed").build();
    other.friends.delete(1).await?;
    db.open().await?;
    assert_eq!(ids(&next(&mut all).await), [2, 3]);
    assert_eq!(next(&mut count).await, 2);
    assert_eq!(ids(&next(&mut filtered).await), [2]);
    assert_eq!(next(&mut either).await, 2);
    // What can be worked in need not be read; what has to be read waits until it can.
    db.close();
    other.friends.delete(2).await?;
    assert_eq!(next(&mut filtered).await, []);
    assert!(soon(&other, &mut either).await.is_none());
    db.open().await?;
    assert_eq!(next(&mut either).await, 1);
    Ok(())
}

#[wasm_bindgen_test]
async fn begun_while_it_is_closed_it_says_so_and_goes_on_when_it_is_open() -> Result<()> {
    let db = with_three("live begun closed").await?;
    db.close();
    let mut all = db.friends.live();
    assert!(matches!(all.next().await, Some(Err(Error::Closed { .. }))));
    db.open().await?;
    assert_eq!(ids(&next(&mut all).await), [1, 2, 3]);
    Ok(())
}

// Case 303.
#[wasm_bindgen_test]
async fn it_lives_through_the_deletion_of_the_database() -> Result<()> {
    let db = with_three("live deleted").await?;
    let mut all = db.friends.live();
    let mut count = live_query(clone!(db => async move || db.friends.count().await));
    assert_eq!(next(&mut all).await.len(), 3);
    assert_eq!(next(&mut count).await, 3);
    db.delete().await?;
    assert_eq!(next(&mut all).await, []);
    assert_eq!(next(&mut count).await, 0);
    db.friends.add(&friend(1, "Ann", 1)).await?;
    assert_eq!(ids(&next(&mut all).await), [1]);
    assert_eq!(next(&mut count).await, 1);
    let other: crate::fixtures::Friends = indexie_tests::builder("live deleted").build();
    other.delete().await?;
    assert_eq!(next(&mut all).await, []);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_is_mended_while_the_error_is_being_read_is_not_overlooked() -> Result<()> {
    let db = with_three("live error mended").await?;
    plain::put("live error mended", "friends", r#"{"id":7,"name":5}"#).await;
    let mut all = db.friends.live();
    // Begun after the read, and stored before anybody looks at what that has come to.
    let mended = async {
        for _ in 0..3 {
            db.friends.put(&friend(7, "Gil", 7)).await?;
        }
        Ok::<_, Error>(())
    };
    let (first, mended) = futures::join!(all.next(), mended);
    mended?;
    let rows = match first.expect("no end") {
        Ok(rows) => rows,
        Err(error) => {
            assert!(matches!(&error, Error::Decode { key: Some(key), .. } if *key == 7.into()), "{error:?}");
            next(&mut all).await
        }
    };
    assert_eq!(ids(&rows), [1, 2, 3, 7]);
    Ok(())
}
