//! Multi-entry indexes: an entry per element, and still no row twice.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Shelf, david, fresh, karl, people, tagged, tags};

// 160
#[wasm_bindgen_test]
async fn a_row_with_several_matches_is_found_once_at_its_first() -> Result<()> {
    let db = tags("a row with several matches").await?;
    let query = db.tagged.where_(|t| t.tags).starts_with("a");
    assert_eq!(query.to_vec().await?, [tagged(1, &["a", "b", "ab"]), tagged(2, &["ac", "a"])]);
    assert_eq!(query.primary_keys().await?, [1, 2]);
    assert_eq!(query.count().await?, 2);
    assert_eq!(query.first().await?, Some(tagged(1, &["a", "b", "ab"])));
    assert_eq!(query.last().await?, Some(tagged(2, &["ac", "a"])));
    Ok(())
}

// 160
#[wasm_bindgen_test]
async fn keys_are_those_of_the_entries() -> Result<()> {
    let db = tags("keys are those of the entries").await?;
    let query = db.tagged.where_(|t| t.tags).starts_with("a");
    assert_eq!(query.keys::<String>().await?, ["a", "a", "ab", "ac"]);
    assert_eq!(query.unique_keys::<String>().await?, ["a", "ab", "ac"]);
    assert_eq!(query.reverse().keys::<String>().await?, ["ac", "ab", "a", "a"]);
    assert_eq!(query.offset(1).limit(2).keys::<String>().await?, ["a", "ab"]);
    assert_eq!(query.offset(1).limit(2).unique_keys::<String>().await?, ["ab", "ac"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn keys_behind_a_place_are_skipped_too() -> Result<()> {
    let db = tags("keys behind a place").await?;
    let all = db.tagged.where_(|t| t.tags).starts_with("a");
    let next = all.page(1).await?.next.expect("there are more");
    let behind = all.after(next);
    assert_eq!(behind.keys::<String>().await?, ["a", "ab", "ac"]);
    assert_eq!(behind.offset(1).keys::<String>().await?, ["ab", "ac"]);
    assert_eq!(behind.offset(1).limit(1).keys::<String>().await?, ["ab"]);
    assert_eq!(behind.offset(1).unique_keys::<String>().await?, ["ab", "ac"]);
    assert!(behind.offset(3).keys::<String>().await?.is_empty());
    Ok(())
}

#[wasm_bindgen_test]
async fn keys_are_those_of_the_entries_also_where_rows_are_filtered() -> Result<()> {
    let db = tags("keys of filtered entries").await?;
    let all = db.tagged.where_(|t| t.tags).starts_with("a").filter(|_| true);
    assert_eq!(all.keys::<String>().await?, ["a", "a", "ab", "ac"]);
    assert_eq!(all.reverse().keys::<String>().await?, ["ac", "ab", "a", "a"]);
    assert_eq!(all.unique_keys::<String>().await?, ["a", "ab", "ac"]);
    let first = db.tagged.where_(|t| t.tags).starts_with("a").filter(|t| t.id == 1);
    assert_eq!(first.keys::<String>().await?, ["a", "ab"]);
    assert_eq!(first.offset(1).keys::<String>().await?, ["ab"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn keys_of_rows_found_otherwise_are_all_their_entries() -> Result<()> {
    let db = tags("keys of rows found otherwise").await?;
    let first = db.tagged.where_(|t| t.id).equals(1).order_by(|t| t.tags);
    assert_eq!(first.keys::<String>().await?, ["a", "ab", "b"]);
    assert_eq!(db.tagged.order_by(|t| t.tags).keys::<String>().await?, ["a", "a", "ab", "ac", "b"]);
    Ok(())
}

// 160
#[wasm_bindgen_test]
async fn any_of_finds_each_row_once() -> Result<()> {
    let db = tags("any of finds each row once").await?;
    assert_eq!(db.tagged.where_(|t| t.tags).any_of(["a", "b"]).primary_keys().await?, [1, 2]);
    assert_eq!(db.tagged.where_(|t| t.tags).any_of(["b", "ac"]).primary_keys().await?, [2, 1]);
    assert_eq!(db.tagged.where_(|t| t.tags).any_of(["b", "ac"]).limit(1).primary_keys().await?, [2]);
    Ok(())
}

#[wasm_bindgen_test]
async fn backwards_a_row_stands_at_its_last_match() -> Result<()> {
    let db = tags("backwards a row stands at its last match").await?;
    // 1 has b, 2 has ac.
    let backwards = db.tagged.order_by(|t| t.tags).reverse();
    assert_eq!(backwards.primary_keys().await?, [1, 2]);
    let within = db.tagged.where_(|t| t.tags).starts_with("a").reverse();
    assert_eq!(within.primary_keys().await?, [2, 1]);
    assert_eq!(within.limit(1).primary_keys().await?, [2]);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_last_row_is_the_last_of_all() -> Result<()> {
    let db: Shelf = fresh("the last row is the last of all").await;
    db.tagged.bulk_add(&[tagged(1, &["a", "z"]), tagged(2, &["b"])]).await?;
    let query = db.tagged.order_by(|t| t.tags);
    assert_eq!(query.primary_keys().await?, [1, 2]);
    assert_eq!(query.last().await?, Some(tagged(2, &["b"])));
    assert_eq!(query.filter(|_| true).last().await?, Some(tagged(2, &["b"])));
    assert_eq!(query.reverse().primary_keys().await?, [1, 2]);
    assert_eq!(query.reverse().last().await?, Some(tagged(2, &["b"])));
    Ok(())
}

#[wasm_bindgen_test]
async fn elements_that_repeat_are_one_entry() -> Result<()> {
    let db: Shelf = fresh("elements that repeat").await;
    db.tagged.bulk_add(&[tagged(1, &["x", "x", "y", "x"]), tagged(2, &[]), tagged(3, &["y"])]).await?;
    assert_eq!(db.tagged.where_(|t| t.tags).equals("x").count().await?, 1);
    assert_eq!(db.tagged.where_(|t| t.tags).equals("y").primary_keys().await?, [1, 3]);
    assert_eq!(db.tagged.order_by(|t| t.tags).keys::<String>().await?, ["x", "y", "y"]);
    assert_eq!(db.tagged.order_by(|t| t.tags).count().await?, 2, "who has no tags is not in the index");
    Ok(())
}

#[wasm_bindgen_test]
async fn not_equal_finds_rows_with_some_other_element() -> Result<()> {
    let db: Shelf = fresh("not equal on elements").await;
    db.tagged.bulk_add(&[tagged(1, &["a", "b"]), tagged(2, &["a"]), tagged(3, &["c"]), tagged(4, &[])]).await?;
    assert_eq!(db.tagged.where_(|t| t.tags).not_equal("a").primary_keys().await?, [1, 3]);
    assert_eq!(db.tagged.where_(|t| t.tags).none_of(["a", "b"]).primary_keys().await?, [3]);
    Ok(())
}

// 136
#[wasm_bindgen_test]
async fn two_multi_entry_indexes_do_not_mix() -> Result<()> {
    let db = people("two multi-entry indexes").await?;
    let query = db.people.where_(|p| p.email).starts_with("da").filter(|p| p.pets.contains(&"dog".to_owned()));
    assert_eq!(query.to_vec().await?, [david()]);
    assert_eq!(query.count().await?, 1);
    let either =
        db.people.where_(|p| p.email).starts_with("da").or(|p| p.pets).equals("dog").or(|p| p.email).equals("karl@c.w");
    assert_eq!(either.to_vec().await?, [david(), karl()]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_unique_multi_entry_index_gets_one_row() -> Result<()> {
    let db = people("a unique multi-entry index").await?;
    assert_eq!(db.people.get_by(|p| p.email, "daw@t.com").await?, Some(david()));
    assert_eq!(db.people.get_by(|p| p.email, "nobody@t.com").await?, None);
    assert_eq!(db.people.where_(|p| p.email).equals("karl@c.w").to_vec().await?, [karl()]);
    Ok(())
}

#[wasm_bindgen_test]
async fn elements_ignore_case_too() -> Result<()> {
    let db: Shelf = fresh("elements ignore case too").await;
    db.tagged.bulk_add(&[tagged(1, &["Rust", "WASM"]), tagged(2, &["rust", "RUST"]), tagged(3, &["go"])]).await?;
    let rust = db.tagged.where_(|t| t.tags).equals_ignore_case("rUST");
    assert_eq!(rust.primary_keys().await?, [2, 1]);
    assert_eq!(rust.count().await?, 2);
    assert_eq!(rust.keys::<String>().await?, ["RUST", "Rust", "rust"]);
    assert_eq!(db.tagged.where_(|t| t.tags).starts_with_ignore_case("was").primary_keys().await?, [1]);
    assert_eq!(db.tagged.where_(|t| t.tags).any_of_ignore_case(["GO", "wasm"]).primary_keys().await?, [1, 3]);
    Ok(())
}

// 160
#[wasm_bindgen_test]
async fn windows_count_rows_and_not_entries() -> Result<()> {
    let db: Shelf = fresh("windows count rows").await;
    let rows: Vec<_> = (1..=6).map(|id| tagged(id, &["a", "b", "c"])).collect();
    db.tagged.bulk_add(&rows).await?;
    let query = db.tagged.where_(|t| t.tags).any_of(["a", "b", "c"]);
    assert_eq!(query.limit(4).primary_keys().await?, [1, 2, 3, 4]);
    assert_eq!(query.offset(4).primary_keys().await?, [5, 6]);
    assert_eq!(query.offset(2).limit(2).count().await?, 2);
    assert_eq!(query.reverse().offset(1).limit(2).primary_keys().await?, [5, 4]);
    assert_eq!(query.filter(|t| t.id != 2).limit(2).primary_keys().await?, [1, 3]);
    assert_eq!(query.entries().await?.len(), 6);
    Ok(())
}

// 162
#[wasm_bindgen_test]
async fn a_row_that_matches_twice_is_deleted_once() -> Result<()> {
    let db = tags("a row that matches twice is deleted once").await?;
    assert_eq!(db.tagged.where_(|t| t.tags).starts_with("a").delete().await?, 2);
    assert_eq!(db.tagged.count().await?, 0);
    Ok(())
}

// 60
#[wasm_bindgen_test]
async fn a_row_that_matches_twice_is_changed_once() -> Result<()> {
    let db = tags("a row that matches twice is changed once").await?;
    assert_eq!(db.tagged.where_(|t| t.tags).starts_with("a").modify(|row| row.n += 1).await?, 2);
    assert_eq!(db.tagged.to_vec().await?.iter().map(|row| row.n).collect::<Vec<_>>(), [1, 1]);
    Ok(())
}
