//! `live_changes`: what has changed from one result to the next.

use std::rc::Rc;

use indexie::Change;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Friend, friend, next, with_three};

fn shown(steps: &[Change<u32, Friend>]) -> Vec<String> {
    let one = |step: &Change<u32, Friend>| match step {
        Change::Removed { at, key } => format!("{key} removed from {at}"),
        Change::Moved { from, to, key } => format!("{key} moved from {from} to {to}"),
        Change::Inserted { at, key, row } => format!("{key} {} inserted at {at}", row.name),
        Change::Updated { at, key, row } => format!("{key} {} updated at {at}", row.name),
    };
    steps.iter().map(one).collect()
}

#[wasm_bindgen_test]
async fn each_change_is_a_few_steps() -> Result<()> {
    let db = with_three("live changes").await?;
    let mut changes = db.friends.order_by(|f| f.age).live_changes();
    let first = next(&mut changes).await;
    assert_eq!(shown(&first.steps), ["1 Ann inserted at 0", "2 Bob inserted at 1", "3 Cid inserted at 2"]);
    db.friends.update(1, |row| row.age = Some(99)).await?;
    assert_eq!(shown(&next(&mut changes).await.steps), ["1 moved from 0 to 2", "1 Ann updated at 2"]);
    db.friends.update(2, |row| row.name = "Bo".into()).await?;
    assert_eq!(shown(&next(&mut changes).await.steps), ["2 Bo updated at 0"]);
    db.transaction(Mode::ReadWrite, &db.friends, async |friends| {
        friends.delete(3).await?;
        friends.add(&friend(4, "Dan", 50)).await
    })
    .await?;
    assert_eq!(shown(&next(&mut changes).await.steps), ["3 removed from 1", "4 Dan inserted at 1"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn applied_they_give_the_rows() -> Result<()> {
    let db = with_three("live changes applied").await?;
    let mut changes = db.friends.live_changes();
    let mut rows: Vec<Rc<Friend>> = Vec::new();
    next(&mut changes).await.apply(&mut rows);
    let ann = rows[0].clone();
    db.friends.bulk_put(&[friend(0, "Zoe", 1), friend(2, "Bo", 2)]).await?;
    next(&mut changes).await.apply(&mut rows);
    assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["Zoe", "Ann", "Bo", "Cid"]);
    assert!(Rc::ptr_eq(&rows[1], &ann));
    Ok(())
}

#[wasm_bindgen_test]
async fn applied_to_another_list_they_do_not_panic() -> Result<()> {
    let db = with_three("live changes elsewhere").await?;
    let mut changes = db.friends.live_changes();
    next(&mut changes).await;
    db.friends.delete(3).await?;
    let mut rows = Vec::new();
    next(&mut changes).await.apply(&mut rows);
    assert!(rows.is_empty());
    Ok(())
}
