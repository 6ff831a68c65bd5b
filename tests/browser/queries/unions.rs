//! `or`: one more way to be found. The result is ordered by primary key unless told otherwise, and holds no row twice.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{Shelf, firsts, folders, fresh, numbers, person, tagged, three_people};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, name, *tags, day")]
pub struct Mixed {
    pub id: u32,
    pub name: String,
    pub tags: Vec<String>,
    pub day: Option<u32>,
}

schema! {
    pub struct Unions("unions");

    version 1 {
        mixed: Mixed,
    }
}

// 163
#[wasm_bindgen_test]
async fn either_clause_finds() -> Result<()> {
    let db = three_people("either clause finds").await?;
    let query = db.people.where_(|p| p.first).equals_ignore_case("david").or(|p| p.last).equals("Japan");
    assert_eq!(firsts(query.to_vec().await?), ["David", "Apan"]);
    assert_eq!(firsts(query.sort_by_key(|p| p.first.clone()).to_vec().await?), ["Apan", "David"]);
    assert_eq!(firsts(query.order_by(|p| p.first).to_vec().await?), ["Apan", "David"]);
    let three = query.or(|p| p.username).equals("kce");
    assert_eq!(three.primary_keys().await?, [1, 2, 3]);
    assert_eq!(three.or(|p| p.username).any_of(["kce", "dfa", "nobody"]).count().await?, 3);
    Ok(())
}

// 165
#[wasm_bindgen_test]
async fn the_union_is_ordered_by_primary_key() -> Result<()> {
    let db = three_people("the union is ordered by primary key").await?;
    let query = db.people.where_(|p| p.last).equals("Japan").or(|p| p.first).at_least("David");
    assert_eq!(query.primary_keys().await?, [1, 2, 3]);
    assert_eq!(query.limit(2).primary_keys().await?, [1, 2]);
    assert_eq!(query.reverse().limit(2).primary_keys().await?, [3, 2]);
    assert_eq!(query.offset(1).limit(1).to_vec().await?, [person(2, "Karl", "Ceder", "kce")]);
    assert_eq!(query.keys::<u32>().await?, [1, 2, 3], "whose keys are the primary keys");
    assert_eq!(query.first().await?.map(|p| p.id), Some(1));
    assert_eq!(query.last().await?.map(|p| p.id), Some(3));
    Ok(())
}

// 166
#[wasm_bindgen_test]
async fn a_filter_before_or_restricts_what_stands_before_it() -> Result<()> {
    let db = numbers("a filter before or").await?;
    let before = db.numbers.where_(|n| n.v).equals(0).filter(|n| n.id > 5).or(|n| n.v).equals(1);
    assert_eq!(before.primary_keys().await?, [1, 4, 6, 7, 9]);
    let after = db.numbers.where_(|n| n.v).equals(0).or(|n| n.v).equals(1).filter(|n| n.id > 5);
    assert_eq!(after.primary_keys().await?, [6, 7, 9]);
    let both = db.numbers.where_(|n| n.v).equals(0).filter(|n| n.id > 5).or(|n| n.v).equals(1).filter(|n| n.id < 9);
    assert_eq!(both.primary_keys().await?, [1, 4, 6, 7]);
    assert_eq!(both.count().await?, 4);
    let thrice = db.numbers.where_(|n| n.v).equals(0).or(|n| n.v).equals(1).filter(|n| n.id > 5).or(|n| n.id).equals(2);
    assert_eq!(thrice.primary_keys().await?, [2, 6, 7, 9]);
    Ok(())
}

// 166: a row that one side filters out is still found by the other.
#[wasm_bindgen_test]
async fn a_row_filtered_out_on_the_left_is_found_on_the_right() -> Result<()> {
    let db = numbers("filtered out on the left").await?;
    let query = db.numbers.where_(|n| n.v).equals(0).filter(|_| false).or(|n| n.id).any_of([3, 4]);
    assert_eq!(query.primary_keys().await?, [3, 4]);
    let query = db.numbers.where_(|n| n.id).any_of([3, 4]).or(|n| n.v).equals(0).filter(|n| n.id != 6);
    assert_eq!(query.primary_keys().await?, [3, 4, 9]);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_whole_table_or_something_is_the_whole_table() -> Result<()> {
    let db = numbers("the whole table or something").await?;
    assert_eq!(db.numbers.reverse().or(|n| n.id).equals(3).count().await?, 9);
    let filtered = db.numbers.filter(|n| n.id > 7).or(|n| n.id).any_of([2, 8]);
    assert_eq!(filtered.primary_keys().await?, [2, 8, 9]);
    assert_eq!(filtered.count().await?, 3);
    Ok(())
}

// 168
#[wasm_bindgen_test]
async fn the_count_is_that_of_distinct_rows() -> Result<()> {
    let db = folders("the count of a union").await?;
    let query = db.folders.where_(|f| f.path).starts_with("/usr").or(|f| f.path).starts_with("/usr/local");
    assert_eq!(query.count().await?, 5);
    assert_eq!(query.or(|f| f.id).any_of([2, 3, 1]).count().await?, 6);
    assert_eq!(query.or(|f| f.path).any_of(Vec::<String>::new()).count().await?, 5);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_that_matches_everywhere_is_there_once() -> Result<()> {
    let db: Shelf = fresh("a row that matches everywhere").await;
    db.tagged.bulk_add(&[tagged(1, &["a", "b"]), tagged(2, &["b", "c"]), tagged(3, &["d"])]).await?;
    let query = db.tagged.where_(|t| t.tags).any_of(["a", "b"]).or(|t| t.tags).at_least("b").or(|t| t.id).at_most(2);
    assert_eq!(query.primary_keys().await?, [1, 2, 3]);
    assert_eq!(query.to_vec().await?.len(), 3);
    assert_eq!(query.entries().await?.iter().map(|(key, _)| *key).collect::<Vec<_>>(), [1, 2, 3]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_union_is_ordered_by_any_index() -> Result<()> {
    let db: Unions = fresh("a union is ordered by any index").await;
    let mixed = |id, name: &str, tags: &[&str], day| Mixed {
        id,
        name: name.into(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        day,
    };
    let rows = [
        mixed(1, "Ann", &["a", "z"], Some(5)),
        mixed(2, "Bob", &["m"], None),
        mixed(3, "Cid", &[], Some(1)),
        mixed(4, "Dan", &["b"], Some(5)),
    ];
    db.mixed.bulk_add(&rows).await?;
    let query = db.mixed.where_(|m| m.tags).at_least("z").or(|m| m.name).at_least("Bob");
    assert_eq!(query.primary_keys().await?, [1, 2, 3, 4]);
    assert_eq!(query.order_by(|m| m.day).primary_keys().await?, [3, 1, 4]);
    assert_eq!(query.order_by(|m| m.day).reverse().primary_keys().await?, [4, 1, 3]);
    // The first of a row's own tags counts, also where another one has found it.
    assert_eq!(query.order_by(|m| m.tags).primary_keys().await?, [1, 4, 2]);
    assert_eq!(query.order_by(|m| m.tags).reverse().primary_keys().await?, [1, 2, 4]);
    Ok(())
}

// 171
#[wasm_bindgen_test]
async fn a_union_can_be_deleted() -> Result<()> {
    let db = three_people("a union can be deleted").await?;
    let query = db.people.where_(|p| p.first).equals_ignore_case("dAvid").or(|p| p.username).equals("kce");
    assert_eq!(query.delete().await?, 2);
    assert_eq!(db.people.primary_keys().await?, [3]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_union_can_be_changed() -> Result<()> {
    let db = three_people("a union can be changed").await?;
    let query = db.people.where_(|p| p.first).at_least("David").or(|p| p.username).equals("kce");
    assert_eq!(query.modify(|p| p.first.push('!')).await?, 2);
    assert_eq!(firsts(db.people.to_vec().await?), ["David!", "Karl!", "Apan"]);
    Ok(())
}

// 135
#[wasm_bindgen_test]
async fn two_clauses_are_one_clause_and_a_filter() -> Result<()> {
    let db: Unions = fresh("two clauses are one clause and a filter").await;
    let mixed = |id, day| Mixed { id, name: "1".into(), tags: vec![], day };
    db.mixed.bulk_add(&[mixed(1, None), mixed(2, Some(1)), mixed(3, Some(2))]).await?;
    let exact = db.mixed.where_(|m| m.name).equals("1").filter(|m| m.day == Some(1));
    assert_eq!(exact.primary_keys().await?, [2]);
    Ok(())
}
