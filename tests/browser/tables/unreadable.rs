//! Stored rows that do not fit their Rust type: the error names the table, the row's key, and the field.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Cases, fresh};
use crate::plain;

async fn given(name: &str, store: &str, row: &str) -> Result<Cases> {
    let db: Cases = fresh(name).await;
    db.open().await?;
    plain::put(name, store, row).await;
    Ok(db)
}

#[track_caller]
fn assert_decode<R: std::fmt::Debug>(
    result: &Result<R>,
    table: &str,
    key: impl Into<indexie::AnyKey>,
    path: &str,
    about: &str,
) {
    match result {
        Err(Error::Decode { table: its, key: Some(its_key), path: its_path, message }) => {
            assert_eq!((its.as_str(), its_key, its_path.as_str()), (table, &key.into(), path), "{message}");
            assert!(message.contains(about), "{message}");
        }
        other => panic!("{other:?} is no Decode of {table}, {path}"),
    }
}

#[wasm_bindgen_test]
async fn a_field_of_another_type() -> Result<()> {
    let db = given("unreadable type", "nums", "{id: 1, v: 'one', s: 'a'}").await?;
    assert_decode(&db.nums.get(1).await, "nums", 1, "v", "\"one\"");
    Ok(())
}

#[wasm_bindgen_test]
async fn null_where_a_value_is_needed() -> Result<()> {
    let db = given("unreadable null", "nums", "{id: 1, v: null, s: 'a'}").await?;
    assert_decode(&db.nums.get(1).await, "nums", 1, "v", "null");
    Ok(())
}

#[wasm_bindgen_test]
async fn a_missing_field() -> Result<()> {
    let db = given("unreadable missing", "nums", "{id: 1, s: 'a'}").await?;
    assert_decode(&db.nums.get(1).await, "nums", 1, "v", "missing field");
    Ok(())
}

#[wasm_bindgen_test]
async fn a_missing_field_of_a_nested_object() -> Result<()> {
    let db = given("unreadable missing nested", "shops", "{id: 1, address: {zip: 1}}").await?;
    assert_decode(&db.shops.get(1).await, "shops", 1, "address.city", "missing field");
    Ok(())
}

#[wasm_bindgen_test]
async fn a_fraction_where_an_integer_is_needed() -> Result<()> {
    let db = given("unreadable fraction", "nums", "{id: 1, v: 1.5, s: 'a'}").await?;
    assert_decode(&db.nums.get(1).await, "nums", 1, "v", "1.5");
    Ok(())
}

#[wasm_bindgen_test]
async fn a_number_out_of_range() -> Result<()> {
    let db = given("unreadable range", "nums", "{id: 1, v: -1, s: 'a'}").await?;
    assert_decode(&db.nums.get(1).await, "nums", 1, "v", "-1");
    plain::put("unreadable range", "nums", "{id: 1, v: 4294967296, s: 'a'}").await;
    assert_decode(&db.nums.get(1).await, "nums", 1, "v", "4294967296");
    #[cfg(target_family = "wasm")]
    {
        plain::put("unreadable range", "nums", "{id: 1, v: 2n ** 70n, s: 'a'}").await;
        assert_decode(&db.nums.get(1).await, "nums", 1, "v", "");
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn a_field_of_a_nested_object() -> Result<()> {
    let db = given("unreadable nested", "shops", "{id: 1, address: {city: 5, zip: 1}}").await?;
    assert_decode(&db.shops.get(1).await, "shops", 1, "address.city", "a number");
    Ok(())
}

#[wasm_bindgen_test]
async fn an_element_of_an_array() -> Result<()> {
    let db = given("unreadable element", "tagged", "{id: 1, tags: ['a', 'b', 3], n: 0}").await?;
    assert_decode(&db.tagged.get(1).await, "tagged", 1, "tags[2]", "a number");
    Ok(())
}

#[wasm_bindgen_test]
async fn a_field_of_an_object_in_an_array() -> Result<()> {
    let row = "{id: 1, address: {city: 'Rome', zip: 1}, branches: [{city: 'A', zip: 1}, {city: 'B', zip: true}]}";
    let db = given("unreadable deep", "shops", row).await?;
    assert_decode(&db.shops.get(1).await, "shops", 1, "branches[1].zip", "a boolean");
    Ok(())
}

#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn a_value_that_no_rust_type_stands_for() -> Result<()> {
    let db = given("unreadable other", "nums", "{id: 1, v: 1, s: new Blob(['x'])}").await?;
    assert_decode(&db.nums.get(1).await, "nums", 1, "s", "a Blob");
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_that_is_no_object() -> Result<()> {
    let db: Cases = fresh("unreadable row").await;
    db.open().await?;
    plain::put_with_key("unreadable row", "notes", "7", "'a'").await;
    assert_decode(&db.notes.get("a").await, "notes", "a", "", "a number");
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_that_is_null_is_unreadable_and_not_absent() -> Result<()> {
    let db: Cases = fresh("unreadable null row").await;
    db.open().await?;
    plain::put_with_key("unreadable null row", "notes", "null", "'a'").await;
    assert_decode(&db.notes.get("a").await, "notes", "a", "", "null");
    Ok(())
}

#[wasm_bindgen_test]
async fn a_key_of_another_type() -> Result<()> {
    let db = given("unreadable key", "nums", "{id: 'x', v: 1, s: 'a'}").await?;
    assert_decode(&db.nums.to_vec().await, "nums", "x", "id", "\"x\"");
    let keys = db.nums.primary_keys().await;
    assert!(
        matches!(&keys, Err(Error::Data { table, key: Some(key), .. }) if table == "nums" && *key == "x".into()),
        "{keys:?}"
    );
    Ok(())
}

// However the row is read.
#[wasm_bindgen_test]
async fn every_way_of_reading_names_the_row() -> Result<()> {
    let db = given("unreadable everywhere", "nums", "{id: 2, v: 7, s: 5}").await?;
    plain::put("unreadable everywhere", "nums", "{id: 1, v: 7, s: 'fine'}").await;
    assert_decode(&db.nums.to_vec().await, "nums", 2, "s", "a number");
    assert_decode(&db.nums.entries().await, "nums", 2, "s", "a number");
    assert_decode(&db.nums.bulk_get([1, 2]).await, "nums", 2, "s", "a number");
    assert_decode(&db.nums.last().await, "nums", 2, "s", "a number");
    assert_decode(&db.nums.filter(|_| true).to_vec().await, "nums", 2, "s", "a number");
    assert_decode(&db.nums.where_(|n| n.v).equals(7).to_vec().await, "nums", 2, "s", "a number");
    assert_decode(&db.nums.order_by(|n| n.v).page(5).await, "nums", 2, "s", "a number");
    assert_decode(&db.nums.each(async |_| ()).await, "nums", 2, "s", "a number");
    assert_decode(&db.nums.update(2, |n| n.v = 8).await, "nums", 2, "s", "a number");
    assert_decode(
        &db.nums.upsert(2, || unreachable!("the row is there"), |n| n.v = 8).await,
        "nums",
        2,
        "s",
        "a number",
    );
    Ok(())
}

#[wasm_bindgen_test]
async fn rows_under_outside_keys_are_named_by_them() -> Result<()> {
    let db: Cases = fresh("unreadable outside").await;
    db.open().await?;
    plain::put_with_key("unreadable outside", "notes", "{text: 1}", "'b'").await;
    plain::put_with_key("unreadable outside", "notes", "{text: 'fine'}", "'a'").await;
    assert_decode(&db.notes.entries().await, "notes", "b", "text", "a number");
    assert_decode(&db.notes.get("b").await, "notes", "b", "text", "a number");
    Ok(())
}

#[wasm_bindgen_test]
async fn a_modify_that_meets_an_unreadable_row_changes_nothing() -> Result<()> {
    let db = given("unreadable modify", "nums", "{id: 2, v: 1, s: 5}").await?;
    plain::put("unreadable modify", "nums", "{id: 1, v: 1, s: 'a'}").await;
    assert_decode(&db.nums.where_(|n| n.v).equals(1).modify(|n| n.v = 9).await, "nums", 2, "s", "a number");
    assert_decode(
        &db.nums.bulk_update([1, 2].map(|id| (id, |n: &mut crate::fixtures::Num| n.v = 9))).await,
        "nums",
        2,
        "s",
        "a number",
    );
    assert_eq!(
        plain::all("unreadable modify", "nums").await.as_deref(),
        Some(r#"[{"id":1,"v":1,"s":"a"},{"id":2,"v":1,"s":5}]"#)
    );
    Ok(())
}

#[wasm_bindgen_test]
async fn what_is_unreadable_can_be_counted_found_by_key_and_deleted() -> Result<()> {
    let db = given("unreadable deleted", "nums", "{id: 2, v: 1, s: 5}").await?;
    assert_eq!(db.nums.count().await?, 1);
    assert_eq!(db.nums.where_(|n| n.v).equals(1).primary_keys().await?, [2]);
    assert_eq!(db.nums.where_(|n| n.v).equals(1).delete().await?, 1);
    assert_eq!(db.nums.to_vec().await?, []);
    Ok(())
}
