//! Live queries on an index with several entries for a row.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Friend, Friends, fresh, friend, ids, next};

fn tagged(id: u32, tags: &[&str]) -> Friend {
    Friend { tags: tags.iter().map(|tag| (*tag).to_owned()).collect(), ..friend(id, "F", 1) }
}

// Cases 289 and 301.
#[wasm_bindgen_test]
async fn a_row_is_found_by_any_of_its_elements_and_once() -> Result<()> {
    let db: Friends = fresh("live multi").await;
    let mut with_a = db.friends.where_(|f| f.tags).starts_with("A").primary_keys().live();
    let mut with_tag = db.friends.where_(|f| f.tags).equals("fooTag").live();
    let mut all = db.friends.order_by(|f| f.tags).live();
    assert!(next(&mut with_a).await.is_empty());
    assert_eq!(next(&mut with_tag).await, []);
    assert_eq!(next(&mut all).await, []);
    db.friends.add(&tagged(1, &["fooTag", "Apa"])).await?;
    assert_eq!(next(&mut with_a).await, [1]);
    assert_eq!(ids(&next(&mut with_tag).await), [1]);
    assert_eq!(ids(&next(&mut all).await), [1]);
    db.friends.bulk_put(&[tagged(1, &["bar"]), tagged(2, &["Anka", "x"]), tagged(3, &["fooTag"])]).await?;
    assert_eq!(next(&mut with_a).await, [2]);
    assert_eq!(ids(&next(&mut with_tag).await), [3]);
    assert_eq!(ids(&next(&mut all).await), [2, 1, 3]);
    db.friends.update(2, |row| row.tags = vec!["zoo".into(), "x".into()]).await?;
    assert!(next(&mut with_a).await.is_empty());
    assert_eq!(ids(&next(&mut all).await), [1, 3, 2]);
    Ok(())
}
