//! `explain()`: which plan a query has, in words.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::fresh;

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, name, age, *tags, [name+age]")]
pub struct Person {
    pub id: u32,
    pub name: String,
    pub age: u32,
    pub tags: Vec<String>,
}

schema! {
    pub struct People("people");

    version 1 {
        people: Person,
    }
}

#[wasm_bindgen_test]
async fn what_the_browser_does_alone_is_one_ranged_read() {
    let db: People = fresh("one ranged read").await;
    assert_eq!(
        db.people.where_(|p| p.age).between(18..65).explain(),
        "one ranged read (getAll) on the index `age` of `people`, [18, 65)"
    );
    assert_eq!(
        db.people.where_(|p| p.id).equals(7).explain(),
        "one ranged read (getAll) on the primary key of `people`, = 7"
    );
    assert_eq!(
        db.people.order_by(|p| p.name).reverse().limit(10).explain(),
        "one ranged read (getAll) on the index `name` of `people`, all of it; in reverse; at most 10 rows"
    );
}

#[wasm_bindgen_test]
async fn several_ranges_are_read_side_by_side() {
    let db: People = fresh("several ranges").await;
    assert_eq!(
        db.people.where_(|p| p.name).any_of(["b", "a"]).explain(),
        "ranged reads side by side (getAll) on the index `name` of `people`, 2 ranges: = \"a\" | = \"b\""
    );
    let many = db.people.where_(|p| p.id).any_of([9, 5, 1, 7]).explain();
    assert!(many.ends_with("4 ranges: = 1 | = 5 | = 7 | …"), "{many}");
    let none = db.people.where_(|p| p.id).any_of(Vec::<u32>::new()).explain();
    assert!(none.ends_with("nothing in range"), "{none}");
}

#[wasm_bindgen_test]
async fn an_offset_takes_a_key_cursor() {
    let db: People = fresh("an offset takes a key cursor").await;
    let text = db.people.order_by(|p| p.age).offset(20).limit(10).explain();
    assert_eq!(
        text,
        "key cursor to the offset, then ranged reads on the index `age` of `people`, all of it; from row 20; at most 10 rows"
    );
}

#[wasm_bindgen_test]
async fn a_filter_looks_at_each_row_and_in_chunks_where_it_may_stop_early() {
    let db: People = fresh("a filter looks at rows").await;
    let text = db.people.where_(|p| p.age).above(18).filter(|p| p.name == "x").explain();
    assert!(text.starts_with("one ranged read (getAll), each row tested, on the index `age`"), "{text}");
    let text = db.people.where_(|p| p.age).above(18).filter(|p| p.name == "x").limit(3).explain();
    assert!(text.starts_with("ranged reads in chunks, each row tested, on the index `age`"), "{text}");
    let text = db.people.where_(|p| p.name).equals_ignore_case("a long name with many letters").explain();
    assert!(text.starts_with("ranged reads in chunks, each row tested, on the index `name`"), "{text}");
}

#[wasm_bindgen_test]
async fn a_short_text_is_spelled_out_in_every_case() {
    let db: People = fresh("a short text is spelled out").await;
    let text = db.people.where_(|p| p.name).equals_ignore_case("ab").explain();
    assert_eq!(
        text,
        "ranged reads side by side (getAll) on the index `name` of `people`, 4 ranges: = \"AB\" | = \"Ab\" | = \"aB\" | …"
    );
}

#[wasm_bindgen_test]
async fn elements_are_read_by_their_primary_keys() {
    let db: People = fresh("elements are read by their primary keys").await;
    let text = db.people.where_(|p| p.tags).starts_with("a").explain();
    assert!(text.starts_with("primary keys (getAllKeys), each once"), "{text}");
    let text = db.people.where_(|p| p.tags).equals("a").explain();
    assert!(text.starts_with("one ranged read (getAll) on the index `tags`"), "{text}");
}

#[wasm_bindgen_test]
async fn unions_and_sorts_are_gathered() {
    let db: People = fresh("unions and sorts are gathered").await;
    let text = db.people.where_(|p| p.age).equals(1).or(|p| p.name).equals("x").explain();
    assert_eq!(
        text,
        "everything that matches, once each, ordered in memory: index `age` of `people`, = 1; and the index `name` of `people`, = \"x\""
    );
    let text = db.people.where_(|p| p.age).above(1).order_by(|p| p.name).explain();
    assert!(text.starts_with("everything that matches"), "{text}");
    let text = db.people.sort_by_key(|p| p.age).explain();
    assert!(text.starts_with("everything that matches"), "{text}");
}

#[wasm_bindgen_test]
async fn one_key_ordered_by_another_column_uses_the_compound_index_of_both() {
    let db: People = fresh("one key ordered by another column").await;
    let text = db.people.where_(|p| p.name).equals("Ann").order_by(|p| p.age).explain();
    assert!(text.starts_with("one ranged read (getAll) on the index `[name+age]`"), "{text}");
}
