//! Keys outside of the row, given by the app (`""`) or by the browser (`++`).

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Cases, Cell, fresh, guest, note};
use crate::plain;

#[wasm_bindgen_test]
async fn a_row_is_stored_under_a_key_that_is_not_in_it() -> Result<()> {
    let db: Cases = fresh("outside add").await;
    assert_eq!(db.notes.add_with_key(&note("milk"), "monday").await?, "monday");
    assert_eq!(db.notes.get("monday").await?, Some(note("milk")));
    assert_eq!(plain::stored("outside add", "notes", "'monday'").await.as_deref(), Some(r#"{"text":"milk"}"#));
    Ok(())
}

#[wasm_bindgen_test]
async fn add_with_key_does_not_replace_a_row() -> Result<()> {
    let db: Cases = fresh("outside add twice").await;
    db.notes.add_with_key(&note("milk"), "monday").await?;
    let error = db.notes.add_with_key(&note("eggs"), "monday").await;
    assert!(
        matches!(&error, Err(Error::Constraint { table, index: None, key: Some(key), row: None })
            if table == "notes" && *key == "monday".into()),
        "{error:?}"
    );
    assert_eq!(db.notes.get("monday").await?, Some(note("milk")));
    Ok(())
}

#[wasm_bindgen_test]
async fn put_with_key_replaces_a_row() -> Result<()> {
    let db: Cases = fresh("outside put").await;
    assert_eq!(db.notes.put_with_key(&note("milk"), "monday").await?, "monday");
    assert_eq!(db.notes.put_with_key(&note("eggs"), "monday").await?, "monday");
    assert_eq!(db.notes.entries().await?, [("monday".to_owned(), note("eggs"))]);
    Ok(())
}

#[wasm_bindgen_test]
async fn entries_give_the_keys_with_the_rows() -> Result<()> {
    let db: Cases = fresh("outside entries").await;
    let rows = [note("milk"), note("eggs"), note("tea")];
    let keys = db.notes.bulk_add_with_keys(["c", "a", "b"].into_iter().zip(&rows)).await?;
    assert_eq!(keys, ["c", "a", "b"]);
    let [milk, eggs, tea] = rows;
    assert_eq!(
        db.notes.entries().await?,
        [("a".to_owned(), eggs.clone()), ("b".to_owned(), tea.clone()), ("c".to_owned(), milk)]
    );
    assert_eq!(db.notes.limit(2).entries().await?, [("a".to_owned(), eggs), ("b".to_owned(), tea)]);
    Ok(())
}

#[wasm_bindgen_test]
async fn bulk_put_with_keys_adds_and_replaces() -> Result<()> {
    let db: Cases = fresh("outside bulk put").await;
    db.notes.add_with_key(&note("milk"), "a").await?;
    db.notes.bulk_put_with_keys([("a", &note("eggs")), ("b", &note("tea"))]).await?;
    assert_eq!(db.notes.entries().await?, [("a".to_owned(), note("eggs")), ("b".to_owned(), note("tea"))]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_bulk_add_with_a_key_that_is_there_adds_nothing() -> Result<()> {
    let db: Cases = fresh("outside bulk add").await;
    db.notes.add_with_key(&note("milk"), "b").await?;
    let error = db.notes.bulk_add_with_keys([("a", &note("x")), ("b", &note("y")), ("c", &note("z"))]).await;
    assert!(
        matches!(&error, Err(Error::Constraint { index: None, key: Some(key), row: Some(1), .. }) if *key == "b".into()),
        "{error:?}"
    );
    assert_eq!(db.notes.entries().await?, [("b".to_owned(), note("milk"))]);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_browser_generates_a_key_outside_of_the_row() -> Result<()> {
    let db: Cases = fresh("outside generated").await;
    assert_eq!(db.guests.add(&guest("Ann")).await?, 1);
    assert_eq!(db.guests.put(&guest("Ben")).await?, 2);
    assert_eq!(db.guests.bulk_add(&[guest("Cid"), guest("Dee")]).await?, [3, 4]);
    assert_eq!(plain::stored("outside generated", "guests", "2").await.as_deref(), Some(r#"{"first":"Ben"}"#));
    assert_eq!(db.guests.where_(|g| g.first).equals("Cid").primary_keys().await?, [3]);
    Ok(())
}

// Case 76.
#[wasm_bindgen_test]
async fn the_app_may_give_the_keys_of_a_store_that_generates_them() -> Result<()> {
    let db: Cases = fresh("outside given").await;
    let keys = db.guests.bulk_add_with_keys([(20, &guest("Ann")), (10, &guest("Ben"))]).await?;
    assert_eq!(keys, [20, 10]);
    assert_eq!(db.guests.add(&guest("Cid")).await?, 21);
    assert_eq!(db.guests.entries().await?, [(10, guest("Ben")), (20, guest("Ann")), (21, guest("Cid"))]);
    Ok(())
}

// Case 46.
#[wasm_bindgen_test]
async fn update_changes_a_row_under_its_key() -> Result<()> {
    let db: Cases = fresh("outside update").await;
    db.notes.add_with_key(&note("milk"), "a").await?;
    let updated = db.notes.update("a", |n| n.text.push('!')).await?;
    assert_eq!(updated, note("milk!"));
    assert_eq!(db.notes.entries().await?, [("a".to_owned(), note("milk!"))]);
    Ok(())
}

// Case 49.
#[wasm_bindgen_test]
async fn upsert_stores_a_new_row_under_its_key() -> Result<()> {
    let db: Cases = fresh("outside upsert").await;
    let stored = db.guests.upsert(101, || guest("Ann"), |g| g.first.push('!')).await?;
    assert_eq!(stored, guest("Ann"));
    assert_eq!(plain::stored("outside upsert", "guests", "101").await.as_deref(), Some(r#"{"first":"Ann"}"#));
    let stored = db.guests.upsert(101, || guest("Ben"), |g| g.first.push('!')).await?;
    assert_eq!(stored, guest("Ann!"));
    assert_eq!(db.guests.entries().await?, [(101, guest("Ann!"))]);
    Ok(())
}

#[wasm_bindgen_test]
async fn modify_and_delete_find_rows_by_their_indexes() -> Result<()> {
    let db: Cases = fresh("outside modify").await;
    db.guests.bulk_add(&[guest("Ann"), guest("Ben"), guest("Abe")]).await?;
    assert_eq!(db.guests.where_(|g| g.first).starts_with("A").modify(|g| g.first.push('?')).await?, 2);
    assert_eq!(db.guests.entries().await?, [(1, guest("Ann?")), (2, guest("Ben")), (3, guest("Abe?"))]);
    assert_eq!(db.guests.where_(|g| g.first).equals("Ben").delete().await?, 1);
    assert_eq!(db.guests.primary_keys().await?, [1, 3]);
    Ok(())
}

#[wasm_bindgen_test]
async fn bulk_update_changes_rows_under_their_keys() -> Result<()> {
    let db: Cases = fresh("outside bulk update").await;
    db.notes.bulk_add_with_keys([("a", &note("x")), ("b", &note("y"))]).await?;
    let changed = db
        .notes
        .bulk_update(
            ["b", "a", "none"].map(|key| (key, move |note: &mut crate::fixtures::Note| note.text.push_str(key))),
        )
        .await?;
    assert_eq!(changed, 2);
    assert_eq!(db.notes.entries().await?, [("a".to_owned(), note("xa")), ("b".to_owned(), note("yb"))]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_change_that_clashes_names_the_index_it_clashes_in() -> Result<()> {
    let db: Cases = fresh("outside clash").await;
    db.cells.bulk_add_with_keys([(("a", 1), &Cell { x: 1, y: 1 }), (("a", 2), &Cell { x: 2, y: 2 })]).await?;
    let error = db.cells.update(("a", 1), |cell| cell.y = 2).await;
    assert!(
        matches!(&error, Err(Error::Constraint { table, index: Some(index), key: Some(key), row: None })
            if table == "cells" && index == "y" && *key == 2.into()),
        "{error:?}"
    );
    assert_eq!(db.cells.get(("a", 1)).await?, Some(Cell { x: 1, y: 1 }));
    Ok(())
}

#[wasm_bindgen_test]
async fn columns_of_numbers_stand_beside_rows_of_text_whatever_their_length() -> Result<()> {
    let db: Cases = fresh("outside columns").await;
    let guests: Vec<_> = (1..=300).map(|key| guest(&format!("Guest {key}"))).collect();
    db.guests.bulk_add(&guests).await?;
    for count in [1, 63, 64, 65, 127, 128, 129, 255, 256, 257, 300] {
        let first = db.guests.limit(count);
        let keys: Vec<u32> = (1..).take(count).collect();
        let expected: Vec<_> = keys.iter().copied().zip(guests.iter().cloned()).collect();
        assert_eq!(first.primary_keys().await?, keys);
        assert_eq!(first.entries().await?, expected);
        assert_eq!(db.guests.order_by(|g| g.first).limit(count).entries().await?.len(), count);
    }
    Ok(())
}
