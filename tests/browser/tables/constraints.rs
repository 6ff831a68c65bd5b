//! Keys that are there already: which index, which key and which row it was.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Cases, Unique, fresh, karl, unique, with_people};

/// Rows 1 and 2 are in `uniques`.
async fn given(name: &str) -> Result<Cases> {
    let db: Cases = fresh(name).await;
    db.uniques.bulk_add(&[unique(1), unique(2)]).await?;
    Ok(db)
}

#[track_caller]
fn assert_clash<R: std::fmt::Debug>(
    result: &Result<R>,
    index: &str,
    key: impl Into<indexie::AnyKey>,
    row: Option<usize>,
) {
    let expected = (index, key.into(), row);
    match result {
        Err(Error::Constraint { table, index: Some(index), key: Some(key), row }) => {
            assert_eq!(table, "uniques");
            assert_eq!((index.as_str(), key.clone(), *row), expected);
        }
        other => panic!("{other:?} is no clash in {expected:?}"),
    }
}

#[wasm_bindgen_test]
async fn add_names_the_unique_index_and_the_key() -> Result<()> {
    let db = given("clash add").await?;
    assert_clash(&db.uniques.add(&Unique { b: 200, ..unique(3) }).await, "b", 200, None);
    assert_eq!(db.uniques.to_vec().await?, [unique(1), unique(2)]);
    Ok(())
}

#[wasm_bindgen_test]
async fn put_cannot_take_the_key_of_another_row() -> Result<()> {
    let db = given("clash put").await?;
    assert_clash(&db.uniques.put(&Unique { b: 200, ..unique(1) }).await, "b", 200, None);
    assert_eq!(db.uniques.to_vec().await?, [unique(1), unique(2)]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_put_again_does_not_clash_with_itself() -> Result<()> {
    let db = given("clash none").await?;
    db.uniques.put(&unique(1)).await?;
    db.uniques.bulk_put(&[unique(2), unique(1)]).await?;
    assert_eq!(db.uniques.to_vec().await?, [unique(1), unique(2)]);
    Ok(())
}

#[wasm_bindgen_test]
async fn update_cannot_take_the_key_of_another_row() -> Result<()> {
    let db = given("clash update").await?;
    assert_clash(&db.uniques.update(1, |u| u.b = 200).await, "b", 200, None);
    assert_eq!(db.uniques.to_vec().await?, [unique(1), unique(2)]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_compound_unique_index_is_named_with_its_parts() -> Result<()> {
    let db = given("clash compound").await?;
    let key = vec![2000.into(), 1.into()];
    assert_clash(&db.uniques.add(&Unique { c: 2000, ..unique(3) }).await, "[c+d]", indexie::AnyKey::Array(key), None);
    db.uniques.add(&Unique { c: 2000, d: 2, ..unique(3) }).await?;
    assert_eq!(db.uniques.count().await?, 3);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_multi_entry_unique_index_is_named_with_the_element() -> Result<()> {
    let db = given("clash multi-entry").await?;
    assert_clash(&db.uniques.add(&Unique { e: vec![1, 22, 3], ..unique(3) }).await, "e", 22, None);
    assert_eq!(db.uniques.count().await?, 2);
    Ok(())
}

#[wasm_bindgen_test]
async fn equal_elements_of_one_row_do_not_clash() -> Result<()> {
    let db = given("clash elements").await?;
    db.uniques.add(&Unique { e: vec![5, 5], ..unique(3) }).await?;
    assert_eq!(db.uniques.get_by(|u| u.e, 5).await?.map(|u| u.id), Some(3));
    Ok(())
}

#[wasm_bindgen_test]
async fn the_primary_key_clashes_before_any_index() -> Result<()> {
    let db = given("clash primary").await?;
    let error = db.uniques.add(&unique(2)).await;
    assert!(
        matches!(&error, Err(Error::Constraint { table, index: None, key: Some(key), row: None })
            if table == "uniques" && *key == 2.into()),
        "{error:?}"
    );
    Ok(())
}

#[wasm_bindgen_test]
async fn a_bulk_names_the_row_that_clashes_with_a_stored_one() -> Result<()> {
    let db = given("clash bulk").await?;
    let rows = [unique(3), unique(4), Unique { a: 20, ..unique(5) }, unique(6)];
    assert_clash(&db.uniques.bulk_add(&rows).await, "a", 20, Some(2));
    assert_clash(&db.uniques.bulk_put(&rows).await, "a", 20, Some(2));
    assert_eq!(db.uniques.to_vec().await?, [unique(1), unique(2)]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_bulk_names_the_row_that_clashes_with_an_earlier_one_of_it() -> Result<()> {
    let db = given("clash within").await?;
    let rows = [unique(3), unique(4), Unique { b: 300, ..unique(5) }];
    assert_clash(&db.uniques.bulk_add(&rows).await, "b", 300, Some(2));
    assert_clash(&db.uniques.bulk_put(&rows).await, "b", 300, Some(2));
    let rows = [unique(3), Unique { e: vec![33], ..unique(4) }];
    assert_clash(&db.uniques.bulk_add(&rows).await, "e", 33, Some(1));
    assert_eq!(db.uniques.to_vec().await?, [unique(1), unique(2)]);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_same_is_named_inside_a_transaction() -> Result<()> {
    let db = given("clash inside").await?;
    db.transaction(Mode::ReadWrite, &db.uniques, async |uniques| {
        assert_clash(&uniques.add(&Unique { b: 200, ..unique(3) }).await, "b", 200, None);
        assert_clash(&uniques.put(&Unique { b: 200, ..unique(1) }).await, "b", 200, None);
        assert_clash(&uniques.update(1, |u| u.b = 200).await, "b", 200, None);
        let rows = [unique(3), unique(4), Unique { b: 300, ..unique(5) }];
        assert_clash(&uniques.bulk_add(&rows).await, "b", 300, Some(2));
        assert_clash(&uniques.bulk_put(&rows).await, "b", 300, Some(2));
        assert_eq!(uniques.to_vec().await?, [unique(1), unique(2)]);
        Ok(())
    })
    .await
}

// A row that is put twice is the later one of the two: what the earlier one had is free.
#[wasm_bindgen_test]
async fn a_row_that_the_same_bulk_replaces_is_not_blamed() -> Result<()> {
    let db = given("clash replaced").await?;
    let moved = Unique { a: 99, ..unique(1) };
    let heir = Unique { a: 10, b: 200, ..unique(3) };
    assert_clash(&db.uniques.bulk_put(&[moved.clone(), heir.clone()]).await, "b", 200, Some(1));
    let twice = [Unique { a: 5, ..unique(4) }, Unique { a: 6, ..unique(4) }, Unique { a: 5, b: 200, ..unique(5) }];
    assert_clash(&db.uniques.bulk_put(&twice).await, "b", 200, Some(2));
    let again = [unique(4), Unique { b: 200, ..unique(4) }];
    assert_clash(&db.uniques.bulk_put(&again).await, "b", 200, Some(1));
    assert_eq!(db.uniques.to_vec().await?, [unique(1), unique(2)]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_bulk_may_hand_a_unique_key_on() -> Result<()> {
    let db = given("clash handed on").await?;
    let moved = Unique { a: 99, ..unique(1) };
    let heir = Unique { a: 10, ..unique(3) };
    db.uniques.bulk_put(&[moved.clone(), heir.clone()]).await?;
    assert_eq!(db.uniques.to_vec().await?, [moved, unique(2), heir]);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_error_reads_as_a_sentence() -> Result<()> {
    let db = with_people("clash sentence").await?;
    let error = db.people.bulk_add(&[crate::fixtures::Person { id: 3, ..karl() }]).await.unwrap_err();
    assert_eq!(error.to_string(), "table `people` already has the key \"kce\" in its unique index `username` (row 0)");
    Ok(())
}
