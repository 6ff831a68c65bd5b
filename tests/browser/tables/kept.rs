//! What a row's type does not know of, or Rust cannot hold, stays as it is when the row is changed.

use std::collections::HashSet;

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

#[cfg(target_family = "wasm")]
use crate::fixtures::Tagged;
use crate::fixtures::{Address, Cases, fresh};
use crate::plain;

async fn given(name: &str, store: &str, row: &str) -> Result<Cases> {
    let db: Cases = fresh(name).await;
    db.open().await?;
    plain::put(name, store, row).await;
    Ok(db)
}

#[wasm_bindgen_test]
async fn update_keeps_properties_that_the_type_does_not_have() -> Result<()> {
    let db = given("kept unknown", "nums", "{extra: {deep: [1, null]}, id: 1, v: 1, s: 'a', more: null}").await?;
    db.nums.update(1, |n| n.v = 2).await?;
    assert_eq!(
        plain::stored("kept unknown", "nums", "1").await.as_deref(),
        Some(r#"{"extra":{"deep":[1,null]},"id":1,"v":2,"s":"a","more":null}"#)
    );
    Ok(())
}

#[wasm_bindgen_test]
async fn modify_keeps_properties_that_the_type_does_not_have() -> Result<()> {
    let db = given("kept by modify", "nums", "{id: 1, v: 1, s: 'a', extra: 1}").await?;
    plain::put("kept by modify", "nums", "{id: 2, v: 1, s: 'b', other: 2}").await;
    assert_eq!(db.nums.where_(|n| n.v).equals(1).modify(|n| n.v = 2).await?, 2);
    assert_eq!(
        plain::all("kept by modify", "nums").await.as_deref(),
        Some(r#"[{"id":1,"v":2,"s":"a","extra":1},{"id":2,"v":2,"s":"b","other":2}]"#)
    );
    Ok(())
}

#[wasm_bindgen_test]
async fn update_keeps_unknown_properties_of_nested_objects() -> Result<()> {
    let db =
        given("kept nested", "shops", "{id: 1, address: {city: 'Rome', street: 'Via', zip: 1}, branches: []}").await?;
    db.shops.update(1, |s| s.address.zip = 2).await?;
    assert_eq!(
        plain::stored("kept nested", "shops", "1").await.as_deref(),
        Some(r#"{"id":1,"address":{"city":"Rome","street":"Via","zip":2},"branches":[]}"#)
    );
    Ok(())
}

#[wasm_bindgen_test]
async fn update_keeps_unknown_properties_of_the_elements_of_a_list() -> Result<()> {
    let rows = "{id: 1, address: {city: 'Rome', zip: 1}, branches: [{city: 'A', zip: 1, x: 1}, {city: 'B', zip: 2, x: 2}, {city: 'C', zip: 3, x: 3}]}";
    let db = given("kept in lists", "shops", rows).await?;
    db.shops.update(1, |s| s.branches[1].zip = 20).await?;
    assert_eq!(
        plain::stored("kept in lists", "shops", "1").await.as_deref(),
        Some(
            r#"{"id":1,"address":{"city":"Rome","zip":1},"branches":[{"city":"A","zip":1,"x":1},{"city":"B","zip":20,"x":2},{"city":"C","zip":3,"x":3}]}"#
        )
    );
    db.shops
        .update(1, |s| {
            s.branches.remove(0);
            s.branches.push(Address { city: "D".into(), zip: 4 });
        })
        .await?;
    assert_eq!(
        plain::stored("kept in lists", "shops", "1").await.as_deref(),
        Some(
            r#"{"id":1,"address":{"city":"Rome","zip":1},"branches":[{"city":"B","zip":20,"x":2},{"city":"C","zip":3,"x":3},{"city":"D","zip":4}]}"#
        )
    );
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_that_moves_takes_its_unknown_properties_along() -> Result<()> {
    let db = given("kept moving", "nums", "{id: 1, v: 1, s: 'a', extra: 1}").await?;
    db.nums.update(1, |n| n.id = 5).await?;
    assert_eq!(plain::all("kept moving", "nums").await.as_deref(), Some(r#"[{"id":5,"v":1,"s":"a","extra":1}]"#));
    Ok(())
}

// A Rust string cannot hold half a surrogate pair: it is read as U+FFFD, and written back only if it changed.
#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn lone_surrogates_are_read_as_replacement_characters_and_kept() -> Result<()> {
    let db = given("kept surrogates", "nums", r"{id: 1, v: 1, s: 'a\ud800'}").await?;
    assert_eq!(db.nums.get(1).await?.map(|n| n.s), Some("a\u{fffd}".to_owned()));
    db.nums.update(1, |n| n.v = 2).await?;
    assert_eq!(plain::stored("kept surrogates", "nums", "1").await.as_deref(), Some(r#"{"id":1,"v":2,"s":"a\ud800"}"#));
    db.nums.update(1, |n| n.s.push('b')).await?;
    assert_eq!(
        plain::stored("kept surrogates", "nums", "1").await.as_deref(),
        Some("{\"id\":1,\"v\":2,\"s\":\"a\u{fffd}b\"}")
    );
    Ok(())
}

#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn lone_surrogates_in_a_list_are_kept_when_it_grows() -> Result<()> {
    let db = given("kept surrogates in lists", "tagged", r"{id: 1, tags: ['\udc00', 'b'], n: 0}").await?;
    db.tagged.update(1, |t: &mut Tagged| t.tags.push("c".into())).await?;
    assert_eq!(
        plain::stored("kept surrogates in lists", "tagged", "1").await.as_deref(),
        Some(r#"{"id":1,"tags":["\udc00","b","c"],"n":0}"#)
    );
    Ok(())
}

// Case 28.
#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn binary_data_and_blobs_of_a_row_survive_a_change_of_another_field() -> Result<()> {
    let row = "{id: 1, v: 1, s: 'a', bytes: new Uint8Array([1, 2, 3]), \
               deep: {big: new BigInt64Array([1n, -2n])}, blob: new Blob(['abc'], {type: 'text/plain'}), \
               at: new Date(5), huge: 2n ** 70n, set: new Set([1])}";
    let db = given("kept blobs", "nums", row).await?;
    db.nums.update(1, |n| n.v = 2).await?;
    assert_eq!(
        plain::stored("kept blobs", "nums", "1").await.as_deref(),
        Some(
            r#"{"id":1,"v":2,"s":"a","bytes":"Uint8Array(1,2,3)","deep":{"big":"BigInt64Array(1,-2)"},"blob":"Blob(3 bytes, text/plain)","at":"Date(5)","huge":"1180591620717411303424n","set":{"Set":[1]}}"#
        )
    );
    Ok(())
}

#[wasm_bindgen_test]
async fn a_set_that_is_stored_in_another_order_keeps_its_elements() -> Result<()> {
    let db = given("kept set", "bags", r#"{"id":1,"tags":["c","a","b"],"name":"Ann"}"#).await?;
    db.bags.update(1, |bag| bag.tags.retain(|tag| tag != "c")).await?;
    assert_eq!(
        plain::stored("kept set", "bags", "1").await.as_deref(),
        Some(r#"{"id":1,"tags":["a","b"],"name":"Ann","seen":[]}"#)
    );
    // A hash set has its own order each time that it is read.
    let all: HashSet<u32> = (0..50).collect();
    db.bags.update(1, move |bag| bag.seen = all).await?;
    for gone in 0..40 {
        db.bags.update(1, move |bag| assert!(bag.seen.remove(&gone))).await?;
        let left = db.bags.get(1).await?.map(|bag| bag.seen);
        assert_eq!(left, Some((gone + 1..50).collect()));
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn what_is_stored_under_a_fields_alias_is_written_under_its_name() -> Result<()> {
    let db = given("kept alias", "bags", r#"{"id":1,"fullName":"Ann","tags":[],"memo":"old","extra":1}"#).await?;
    let bag = db.bags.update(1, |bag| bag.tags.extend(["a".to_owned()])).await?;
    assert_eq!((bag.name.as_str(), bag.note.as_deref()), ("Ann", Some("old")));
    assert_eq!(
        plain::stored("kept alias", "bags", "1").await.as_deref(),
        Some(r#"{"id":1,"tags":["a"],"extra":1,"name":"Ann","note":"old","seen":[]}"#)
    );
    assert_eq!(db.bags.to_vec().await?, [bag]);
    plain::put("kept alias", "bags", r#"{"id":2,"tags":[],"memo":"old","name":"Bob"}"#).await;
    db.bags.where_(|bag| bag.id).equals(2).modify(|bag| bag.note = None).await?;
    assert_eq!(db.bags.get(2).await?.and_then(|bag| bag.note), None);
    assert_eq!(db.bags.where_(|bag| bag.id).equals(2).modify(|_| {}).await?, 0);
    Ok(())
}
