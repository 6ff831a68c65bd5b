//! Who sees what is pending.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Club, Member, member, names, player, stored, with_rows};

#[wasm_bindgen_test]
async fn an_optimistic_overlay_is_seen_at_once_and_stored_by_its_commit() -> Result<()> {
    let db = with_rows("overlay optimistic").await?;
    let tx = db.members.start_transaction(Overlay::Optimistic);
    let id = tx.add(&member("Dan", 50)).await?;
    assert_eq!(id, u32::MAX, "a temporary key, from the top");
    assert_eq!(names(&db.members).await?, ["Ann", "Bob", "Cid", "Dan"]);
    assert_eq!(db.members.get(id).await?.map(|row| row.name), Some("Dan".into()));
    assert_eq!(db.members.count().await?, 4);
    assert!(db.members.is_pending(&id));
    assert!(!db.members.is_pending(&1));
    assert_eq!(stored(&db).await?, ["Ann", "Bob", "Cid"]);

    let committed = tx.commit().await?;
    assert_eq!(committed.key(&db.members, &id), Some(4));
    assert_eq!(committed.keys(&db.members), [(id, 4)]);
    assert_eq!(stored(&db).await?, ["Ann", "Bob", "Cid", "Dan"]);
    assert_eq!(db.members.get(id).await?, None);
    assert_eq!(db.members.get(4).await?.map(|row| (row.id, row.age)), Some((4, 50)));
    assert!(!db.members.is_pending(&id) && !db.members.is_pending(&4));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_standard_overlay_is_seen_by_nobody_else() -> Result<()> {
    let db = with_rows("overlay standard").await?;
    let tx = db.members.start_transaction(Overlay::Standard);
    let id = tx.add(&member("Dan", 50)).await?;
    tx.update(1, |row| row.age = 21).await?;
    tx.delete(2).await?;
    assert_eq!(names(&tx).await?, ["Ann", "Cid", "Dan"]);
    assert_eq!(tx.get(1).await?.map(|row| row.age), Some(21));
    assert!(tx.is_pending(&id) && tx.is_pending(&1) && tx.is_pending(&2) && !tx.is_pending(&3));
    assert_eq!(names(&db.members).await?, ["Ann", "Bob", "Cid"]);
    assert_eq!(db.members.get(1).await?.map(|row| row.age), Some(20));
    assert!(!db.members.is_pending(&id) && !db.members.is_pending(&1));
    tx.commit().await?;
    assert_eq!(names(&db.members).await?, ["Ann", "Cid", "Dan"]);
    assert_eq!(db.members.get(1).await?.map(|row| row.age), Some(21));
    Ok(())
}

#[wasm_bindgen_test]
async fn rolling_back_leaves_no_trace() -> Result<()> {
    let db = with_rows("overlay rollback").await?;
    let before = db.members.to_vec().await?;
    let tx = db.members.start_transaction(Overlay::Optimistic);
    tx.add(&member("Dan", 50)).await?;
    tx.update(1, |row| row.age = 21).await?;
    tx.delete(2).await?;
    assert_eq!(names(&db.members).await?, ["Ann", "Cid", "Dan"]);
    tx.rollback();
    assert_eq!(db.members.to_vec().await?, before);
    assert_eq!(stored(&db).await?, ["Ann", "Bob", "Cid"]);
    // Dropping it is the same.
    let tx = db.members.start_transaction(Overlay::Optimistic);
    tx.clear().await?;
    assert!(db.members.is_empty().await?);
    drop(tx);
    assert_eq!(db.members.to_vec().await?, before);
    // No key was used up.
    assert_eq!(db.members.add(&member("Eve", 60)).await?, 4);
    Ok(())
}

#[wasm_bindgen_test]
async fn other_objects_and_direct_writes_go_by_what_is_committed() -> Result<()> {
    let db = with_rows("overlay committed only").await?;
    let other: Club = indexie_tests::builder("overlay committed only").build();
    let tx = db.members.start_transaction(Overlay::Optimistic);
    tx.add(&member("Dan", 50)).await?;
    tx.delete(1).await?;
    assert_eq!(names(&other.members).await?, ["Ann", "Bob", "Cid"]);
    // A unique key that is only pending does not keep others from it; one that is only pending to go is still there.
    assert_eq!(db.members.add(&member("Dan", 51)).await?, 4);
    let clash = db.members.add(&member("Ann", 1)).await;
    assert!(matches!(clash, Err(Error::Constraint { index: Some(index), .. }) if index == "email"));
    // What a direct write finds is what is committed.
    assert_eq!(db.members.where_(|m| m.age).at_least(50).delete().await?, 1);
    assert_eq!(db.members.update(1, |row| row.age += 1).await?.age, 21);
    tx.rollback();
    assert_eq!(names(&db.members).await?, ["Ann", "Bob", "Cid"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn every_way_to_write_goes_into_it() -> Result<()> {
    let db = with_rows("overlay every write").await?;
    let tx = db.start_transaction(Overlay::Standard, (&db.members, &db.players));
    let (members, players) = tx.tables();
    assert_eq!(members.bulk_add(&[member("Dan", 50), member("Eve", 60)]).await?, [u32::MAX, u32::MAX - 1]);
    assert_eq!(players.put(&player("Ida", 6)).await?, "Ida");
    assert_eq!(players.bulk_put(&[player("Joe", 8), player("Kim", 1)]).await?, ["Joe", "Kim"]);
    assert_eq!(players.upsert("Kim", || player("Kim", 0), |row| row.points += 1).await?.points, 2);
    assert_eq!(players.upsert("Lea", || player("Lea", 9), |row| row.points += 1).await?.points, 9);
    assert_eq!(members.bulk_update([1, 9].map(|id| (id, |row: &mut Member| row.age = 21))).await?, 1);
    assert_eq!(members.where_(|m| m.age).above(35).modify(|row| row.age += 1).await?, 3);
    assert_eq!(members.where_(|m| m.age).equals(30).delete().await?, 1);
    members.bulk_delete([3, 77]).await?;
    assert_eq!(players.where_(|p| p.name).starts_with("J").delete().await?, 1);
    let missing = players.update("Nobody", |_| {}).await;
    assert!(matches!(missing, Err(Error::NotFound { table, .. }) if table == "players"));
    let ages: Vec<(String, u32)> = members.to_vec().await?.into_iter().map(|row| (row.name, row.age)).collect();
    // By the temporary keys, which count down.
    assert_eq!(ages, [("Ann".into(), 21), ("Eve".into(), 61), ("Dan".into(), 51)]);
    tx.commit().await?;
    let ages: Vec<(u32, String, u32)> =
        db.members.to_vec().await?.into_iter().map(|row| (row.id, row.name, row.age)).collect();
    assert_eq!(ages, [(1, "Ann".into(), 21), (4, "Dan".into(), 51), (5, "Eve".into(), 61)]);
    let points: Vec<(String, i32)> = db.players.to_vec().await?.into_iter().map(|row| (row.name, row.points)).collect();
    assert_eq!(points, [("Ida".into(), 6), ("Kim".into(), 2), ("Lea".into(), 9)]);
    Ok(())
}
