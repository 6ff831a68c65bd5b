//! One row at a time, the key given by the app: area A of the cases.

use indexie::Date;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Cases, Event, File, Person, Task, david, fresh, karl, with_people};
use crate::plain;

// Case 1.
#[wasm_bindgen_test]
async fn get_gives_the_row_with_the_key() -> Result<()> {
    let db = with_people("rows get").await?;
    assert_eq!(db.people.get(1).await?, Some(david()));
    Ok(())
}

#[wasm_bindgen_test]
async fn get_of_a_missing_key_gives_none() -> Result<()> {
    let db = with_people("rows get none").await?;
    assert_eq!(db.people.get(99).await?, None);
    Ok(())
}

#[wasm_bindgen_test]
async fn get_by_finds_a_row_through_a_unique_index() -> Result<()> {
    let db = with_people("rows get by").await?;
    assert_eq!(db.people.get_by(|p| p.username, "kce").await?, Some(karl()));
    assert_eq!(db.people.get_by(|p| p.email, "daw@t.com").await?, Some(david()));
    assert_eq!(db.people.get_by(|p| p.username, "nobody").await?, None);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_is_stored_as_a_plain_object_without_what_is_none() -> Result<()> {
    let db = with_people("rows plain").await?;
    assert_eq!(
        plain::stored("rows plain", "people", "1").await.as_deref(),
        Some(
            r#"{"id":1,"first":"David","last":"Fahlander","username":"dfa","email":["david@a.com","daw@t.com"],"pets":["dog"]}"#
        )
    );
    drop(db);
    Ok(())
}

// Case 13.
#[wasm_bindgen_test]
async fn add_does_not_replace_a_row() -> Result<()> {
    let db = with_people("rows add twice").await?;
    let error = db.people.add(&Person { first: "X".into(), ..david() }).await;
    assert!(
        matches!(&error, Err(Error::Constraint { table, index: None, key: Some(key), row: None })
            if table == "people" && *key == 1.into()),
        "{error:?}"
    );
    assert_eq!(db.people.get(1).await?, Some(david()));
    Ok(())
}

// Case 19.
#[wasm_bindgen_test]
async fn put_replaces_the_whole_row_and_its_index_entries() -> Result<()> {
    let db = with_people("rows put").await?;
    let x = Person { first: "X".into(), username: "x".into(), email: vec![], pets: vec![], ..david() };
    assert_eq!(db.people.put(&x).await?, 1);
    assert_eq!(db.people.to_vec().await?, [x, karl()]);
    assert_eq!(db.people.get_by(|p| p.email, "david@a.com").await?, None);
    assert_eq!(db.people.get_by(|p| p.username, "dfa").await?, None);
    assert_eq!(db.people.where_(|p| p.pets).equals("dog").count().await?, 0);
    Ok(())
}

// Case 19: what the new row does not have is gone, also what its type does not know of.
#[wasm_bindgen_test]
async fn put_leaves_nothing_of_the_old_row() -> Result<()> {
    let db: Cases = fresh("rows put all").await;
    db.open().await?;
    plain::put("rows put all", "shops", "{id: 1, address: {city: 'Rome', zip: 1}, branches: [], owner: 'Ada'}").await;
    let shop = db.shops.get(1).await?.expect("the shop is there");
    db.shops.put(&shop).await?;
    assert_eq!(
        plain::stored("rows put all", "shops", "1").await.as_deref(),
        Some(r#"{"id":1,"address":{"city":"Rome","zip":1},"branches":[]}"#)
    );
    Ok(())
}

// Case 22.
#[wasm_bindgen_test]
async fn a_row_is_found_through_its_indexes_once_put_has_returned() -> Result<()> {
    let db = with_people("rows put visible").await?;
    let eve = Person { id: 3, first: "Eve".into(), username: "eve".into(), email: vec![], ..karl() };
    db.people.put(&eve).await?;
    assert_eq!(db.people.where_(|p| p.first).equals("Eve").to_vec().await?, [eve]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_may_change_after_the_call() -> Result<()> {
    let db: Cases = fresh("rows encoded at the call").await;
    let mut row = david();
    let adding = db.people.add(&row);
    row.first = "Changed".into();
    adding.await?;
    assert_eq!(db.people.get(1).await?, Some(david()));
    assert_eq!(row.first, "Changed");
    Ok(())
}

#[wasm_bindgen_test]
async fn an_operation_that_is_not_awaited_stores_nothing() -> Result<()> {
    let db: Cases = fresh("rows not awaited").await;
    drop(db.people.add(&david()));
    assert!(db.people.is_empty().await?);
    Ok(())
}

// Case 24.
#[wasm_bindgen_test]
async fn delete_removes_a_row() -> Result<()> {
    let db = with_people("rows delete").await?;
    db.people.delete(1).await?;
    assert_eq!(db.people.get(1).await?, None);
    assert_eq!(db.people.to_vec().await?, [karl()]);
    Ok(())
}

// Case 25.
#[wasm_bindgen_test]
async fn deleting_a_row_that_is_not_there_is_no_error() -> Result<()> {
    let db = with_people("rows delete none").await?;
    db.people.delete(99).await?;
    assert_eq!(db.people.count().await?, 2);
    Ok(())
}

#[wasm_bindgen_test]
async fn clear_removes_all_rows() -> Result<()> {
    let db = with_people("rows clear").await?;
    db.people.clear().await?;
    assert_eq!(db.people.count().await?, 0);
    assert_eq!(db.people.get_by(|p| p.username, "dfa").await?, None);
    Ok(())
}

// Case 27.
#[wasm_bindgen_test]
async fn an_empty_table_can_be_cleared() -> Result<()> {
    let db: Cases = fresh("rows clear none").await;
    db.people.clear().await?;
    assert!(db.people.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_key_of_two_fields_finds_its_row() -> Result<()> {
    let db: Cases = fresh("rows compound key").await;
    let task = Task { list: "home".into(), place: 2, title: "sweep".into() };
    assert_eq!(db.tasks.add(&task).await?, ("home".to_owned(), 2));
    assert_eq!(db.tasks.get(("home", 2)).await?, Some(task));
    assert_eq!(db.tasks.get(("home", 3)).await?, None);
    db.tasks.delete(("home", 2)).await?;
    assert!(db.tasks.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_binary_key_finds_its_row() -> Result<()> {
    let db: Cases = fresh("rows binary key").await;
    let file = File { hash: vec![0, 128, 255], size: 7 };
    assert_eq!(db.files.add(&file).await?, [0, 128, 255]);
    assert_eq!(db.files.get(&file.hash).await?, Some(file));
    #[cfg(target_family = "wasm")]
    assert_eq!(
        plain::stored("rows binary key", "files", "new Uint8Array([0, 128, 255])").await.as_deref(),
        Some(r#"{"hash":"Uint8Array(0,128,255)","size":7}"#)
    );
    Ok(())
}

#[wasm_bindgen_test]
async fn a_date_as_key_finds_its_row() -> Result<()> {
    let db: Cases = fresh("rows date key").await;
    let event = Event { at: Date::from_millis(86_400_000), what: "tea".into() };
    assert_eq!(db.events.add(&event).await?, event.at);
    assert_eq!(db.events.get(event.at).await?, Some(event));
    #[cfg(target_family = "wasm")]
    assert_eq!(
        plain::all("rows date key", "events").await.as_deref(),
        Some(r#"[{"at":"Date(86400000)","what":"tea"}]"#)
    );
    Ok(())
}
