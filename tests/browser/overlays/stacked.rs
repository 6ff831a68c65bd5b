//! Several overlays at once, and parts of one.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{member, names, stored, with_rows};

#[wasm_bindgen_test]
async fn overlays_stack_in_the_order_of_their_start() -> Result<()> {
    let db = with_rows("overlay stack").await?;
    let first = db.members.start_transaction(Overlay::Optimistic);
    let second = db.members.start_transaction(Overlay::Optimistic);
    let hidden = db.members.start_transaction(Overlay::Standard);
    second.update(1, |row| row.age = 22).await?;
    first.update(1, |row| row.age = 21).await?;
    hidden.add(&member("Hid", 1)).await?;
    let dan = first.add(&member("Dan", 50)).await?;
    assert_eq!(db.members.get(1).await?.map(|row| row.age), Some(22), "the later one is above");
    assert_eq!(first.get(1).await?.map(|row| row.age), Some(21), "and is not seen from beneath");
    assert_eq!(names(&second).await?, ["Ann", "Bob", "Cid", "Dan"]);
    assert_eq!(names(&first).await?, ["Ann", "Bob", "Cid", "Dan"]);
    assert_eq!(names(&hidden).await?, ["Ann", "Bob", "Cid", "Dan", "Hid"], "temporary keys count down");
    assert_eq!(second.get(dan).await?.map(|row| row.age), Some(50));
    second.rollback();
    assert_eq!(db.members.get(1).await?.map(|row| row.age), Some(21));
    first.rollback();
    assert_eq!(db.members.get(1).await?.map(|row| row.age), Some(20));
    assert_eq!(names(&hidden).await?, ["Ann", "Bob", "Cid", "Hid"]);
    hidden.commit().await?;
    assert_eq!(stored(&db).await?, ["Ann", "Bob", "Cid", "Hid"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_added_beneath_is_known_by_its_own_key_once_it_is_stored() -> Result<()> {
    let db = with_rows("overlay rekey").await?;
    let first = db.members.start_transaction(Overlay::Optimistic);
    let dan = first.add(&member("Dan", 50)).await?;
    let second = db.members.start_transaction(Overlay::Optimistic);
    second.update(dan, |row| row.age = 51).await?;
    assert_eq!(first.commit().await?.key(&db.members, &dan), Some(4));
    assert_eq!(db.members.get(4).await?.map(|row| (row.id, row.age)), Some((4, 51)));
    assert_eq!(db.members.get(dan).await?, None);
    assert_eq!(stored(&db).await?, ["Ann", "Bob", "Cid", "Dan"]);
    second.commit().await?;
    assert_eq!(db.members.get(4).await?.map(|row| row.age), Some(51));
    Ok(())
}

#[wasm_bindgen_test]
async fn what_was_built_on_a_row_that_is_gone_is_a_conflict() -> Result<()> {
    let db = with_rows("overlay on sand").await?;
    let first = db.members.start_transaction(Overlay::Optimistic);
    first.update(1, |row| row.age = 21).await?;
    let second = db.members.start_transaction(Overlay::Optimistic);
    second.update(1, |row| row.age += 1).await?;
    assert_eq!(db.members.get(1).await?.map(|row| row.age), Some(22));
    first.rollback();
    assert!(matches!(second.commit().await, Err(Error::Conflict { .. })));
    assert_eq!(db.members.get(1).await?.map(|row| row.age), Some(20));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_savepoint_is_undone_alone() -> Result<()> {
    let db = with_rows("overlay savepoint").await?;
    let tx = db.members.start_transaction(Overlay::Optimistic);
    let dan = tx.add(&member("Dan", 50)).await?;
    let undone: Result<()> = tx
        .savepoint(async || {
            tx.update(1, |row| row.age = 99).await?;
            tx.delete(dan).await?;
            let inner: Result<()> = tx
                .savepoint(async || {
                    tx.clear().await?;
                    Err(Error::user("not that"))
                })
                .await;
            assert!(inner.is_err());
            assert_eq!(names(&db.members).await?, ["Ann", "Bob", "Cid"]);
            Err(Error::user("nor this"))
        })
        .await;
    assert_eq!(undone.map_err(|error| error.to_string()), Err("nor this".to_owned()));
    assert_eq!(db.members.get(1).await?.map(|row| row.age), Some(20));
    assert_eq!(names(&db.members).await?, ["Ann", "Bob", "Cid", "Dan"]);
    tx.savepoint(async || tx.update(2, |row| row.age = 31).await).await?;
    tx.commit().await?;
    assert_eq!(db.members.get(2).await?.map(|row| row.age), Some(31));
    assert_eq!(stored(&db).await?, ["Ann", "Bob", "Cid", "Dan"]);
    Ok(())
}
