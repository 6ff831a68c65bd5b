//! The order of a result: of an index, of the key, of anything; ties by primary key.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{NewFriend, Shelf, fresh, friends, names, numbers, person};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, name, city, [name+city], day")]
pub struct Visit {
    pub id: u32,
    pub name: String,
    pub city: String,
    pub day: Option<i32>,
}

schema! {
    pub struct Visits("visits");

    version 1 {
        visits: Visit,
    }
}

fn visit(id: u32, name: &str, city: &str, day: Option<i32>) -> Visit {
    Visit { id, name: name.into(), city: city.into(), day }
}

async fn visits(name: &str) -> Result<Visits> {
    let db: Visits = fresh(name).await;
    let rows = [
        visit(1, "Ann", "Oslo", Some(3)),
        visit(2, "Bob", "Bern", None),
        visit(3, "Ann", "Bern", Some(1)),
        visit(4, "Ann", "Oslo", None),
        visit(5, "Bob", "Oslo", Some(-2)),
        visit(6, "Ann", "Lima", Some(1)),
    ];
    db.visits.bulk_add(&rows).await?;
    Ok(db)
}

#[wasm_bindgen_test]
async fn ties_are_ordered_by_primary_key() -> Result<()> {
    let db = visits("ties are ordered by primary key").await?;
    assert_eq!(db.visits.order_by(|v| v.name).primary_keys().await?, [1, 3, 4, 6, 2, 5]);
    assert_eq!(db.visits.order_by(|v| v.name).reverse().primary_keys().await?, [5, 2, 6, 4, 3, 1]);
    assert_eq!(db.visits.where_(|v| v.name).any_of(["Bob", "Ann"]).primary_keys().await?, [1, 3, 4, 6, 2, 5]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_clause_orders_by_its_own_index() -> Result<()> {
    let db = visits("a clause orders by its own index").await?;
    assert_eq!(db.visits.where_(|v| v.day).at_least(-5).primary_keys().await?, [5, 3, 6, 1]);
    assert_eq!(db.visits.where_(|v| v.day).at_least(-5).reverse().primary_keys().await?, [1, 6, 3, 5]);
    Ok(())
}

#[wasm_bindgen_test]
async fn another_index_can_order() -> Result<()> {
    let db = visits("another index can order").await?;
    let anns = db.visits.where_(|v| v.name).equals("Ann");
    assert_eq!(anns.order_by(|v| v.city).primary_keys().await?, [3, 6, 1, 4]);
    assert_eq!(anns.order_by(|v| v.city).reverse().primary_keys().await?, [4, 1, 6, 3]);
    assert_eq!(anns.order_by(|v| v.day).primary_keys().await?, [3, 6, 1]);
    assert_eq!(anns.order_by(|v| v.id).reverse().primary_keys().await?, [6, 4, 3, 1]);
    let both = db.visits.where_(|v| v.name).at_least("Ann");
    assert_eq!(both.order_by(|v| v.city).primary_keys().await?, [2, 3, 6, 1, 4, 5]);
    assert_eq!(both.order_by(|v| v.city).limit(2).offset(1).primary_keys().await?, [3, 6]);
    assert_eq!(both.order_by(|v| v.day).reverse().limit(2).primary_keys().await?, [1, 6]);
    Ok(())
}

#[wasm_bindgen_test]
async fn keys_are_those_of_the_ordering_index() -> Result<()> {
    let db = visits("keys are those of the ordering index").await?;
    let anns = db.visits.where_(|v| v.name).equals("Ann");
    assert_eq!(anns.keys::<String>().await?, ["Ann", "Ann", "Ann", "Ann"]);
    assert_eq!(anns.order_by(|v| v.city).keys::<String>().await?, ["Bern", "Lima", "Oslo", "Oslo"]);
    assert_eq!(anns.order_by(|v| v.city).unique_keys::<String>().await?, ["Bern", "Lima", "Oslo"]);
    assert_eq!(anns.order_by(|v| v.city).reverse().unique_keys::<String>().await?, ["Oslo", "Lima", "Bern"]);
    assert_eq!(anns.order_by(|v| v.city).filter(|v| v.id > 1).keys::<String>().await?, ["Bern", "Lima", "Oslo"]);
    assert_eq!(anns.order_by(|v| v.day).keys::<i32>().await?, [1, 1, 3]);
    assert_eq!(anns.order_by(|v| v.id).keys::<u32>().await?, [1, 3, 4, 6]);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_last_order_by_counts() -> Result<()> {
    let db = visits("the last order by counts").await?;
    assert_eq!(db.visits.order_by(|v| v.name).order_by(|v| v.day).primary_keys().await?, [5, 3, 6, 1]);
    Ok(())
}

#[wasm_bindgen_test]
async fn twice_reversed_is_not_reversed() -> Result<()> {
    let db = visits("twice reversed").await?;
    assert_eq!(db.visits.reverse().reverse().primary_keys().await?, [1, 2, 3, 4, 5, 6]);
    assert_eq!(db.visits.reverse().primary_keys().await?, [6, 5, 4, 3, 2, 1]);
    Ok(())
}

// 174
#[wasm_bindgen_test]
async fn sorting_takes_any_field() -> Result<()> {
    let db = friends("sorting takes any field").await?;
    let by_length = db.friends.sort_by_key(|friend| (friend.name.len(), friend.name.clone()));
    assert_eq!(names(by_length.to_vec().await?), ["Ann", "Tyra", "Ylva", "David", "Simon"]);
    assert_eq!(names(by_length.reverse().to_vec().await?), ["Simon", "David", "Ylva", "Tyra", "Ann"]);
    Ok(())
}

// 174: nothing comes before something.
#[wasm_bindgen_test]
async fn each_row_is_asked_once_for_what_it_is_sorted_by() -> Result<()> {
    let db = numbers("each row is asked once").await?;
    let asked = std::rc::Rc::new(std::cell::Cell::new(0));
    let counted = asked.clone();
    let sorted = db.numbers.sort_by_key(move |number| {
        counted.set(counted.get() + 1);
        (number.v, std::cmp::Reverse(number.id))
    });
    let ids: Vec<u32> = sorted.to_vec().await?.into_iter().map(|number| number.id).collect();
    let mut expected = db.numbers.to_vec().await?;
    expected.sort_by_key(|number| (number.v, std::cmp::Reverse(number.id)));
    assert_eq!(ids, expected.into_iter().map(|number| number.id).collect::<Vec<_>>());
    assert_eq!(asked.get(), 9);
    Ok(())
}

#[wasm_bindgen_test]
async fn sorting_keeps_rows_without_the_value() -> Result<()> {
    let db = visits("sorting keeps rows without the value").await?;
    let by_day = db.visits.sort_by_key(|visit| visit.day);
    assert_eq!(by_day.primary_keys().await?, [2, 4, 5, 3, 6, 1]);
    assert_eq!(by_day.reverse().primary_keys().await?, [1, 6, 3, 5, 4, 2]);
    Ok(())
}

#[wasm_bindgen_test]
async fn sorted_alike_rows_stay_in_the_order_of_the_query() -> Result<()> {
    let db = visits("sorted alike").await?;
    let by_name = db.visits.order_by(|v| v.city).sort_by_key(|visit| visit.name.clone());
    assert_eq!(by_name.primary_keys().await?, [3, 6, 1, 4, 2, 5]);
    let in_oslo = db.visits.where_(|v| v.city).equals("Oslo").sort_by_key(|visit| visit.name.clone());
    assert_eq!(in_oslo.primary_keys().await?, [1, 4, 5]);
    Ok(())
}

// 175
#[wasm_bindgen_test]
async fn windows_are_cut_after_sorting() -> Result<()> {
    let db = friends("windows are cut after sorting").await?;
    let oldest = db.friends.limit(2).sort_by_key(|friend| std::cmp::Reverse(friend.age));
    assert_eq!(names(oldest.to_vec().await?), ["Ann", "David"]);
    assert_eq!(names(oldest.offset(1).to_vec().await?), ["David", "Ylva"]);
    assert_eq!(names(oldest.reverse().to_vec().await?), ["Tyra", "Simon"]);
    assert_eq!(oldest.first().await?.map(|friend| friend.age), Some(72));
    assert_eq!(oldest.last().await?.map(|friend| friend.age), Some(42));
    assert_eq!(oldest.count().await?, 2);
    assert_eq!(oldest.primary_keys().await?, [5, 3]);
    Ok(())
}

// 174: numbers with a sign, and what is nested.
#[wasm_bindgen_test]
async fn sorting_can_use_a_computed_value() -> Result<()> {
    let db = numbers("sorting can use a computed value").await?;
    let around_five = db.numbers.sort_by_key(|number| (i64::from(number.id) - 5).abs());
    assert_eq!(around_five.primary_keys().await?, [5, 4, 6, 3, 7, 2, 8, 1, 9]);
    assert_eq!(around_five.filter(|number| number.id % 2 == 0).primary_keys().await?, [4, 6, 2, 8]);
    assert_eq!(around_five.until(|number| number.id == 7).primary_keys().await?, [5, 4, 6, 3]);
    Ok(())
}

// 156
#[wasm_bindgen_test]
async fn keys_and_primary_keys_come_in_the_order_of_the_index() -> Result<()> {
    let db: Shelf = fresh("keys and primary keys").await;
    db.people
        .bulk_add(&[
            person(1, "David", "Fahlander", "dfa"),
            person(2, "Karl", "Ceder", "kce"),
            person(3, "David", "Zetterman", "dz"),
        ])
        .await?;
    assert_eq!(db.people.order_by(|p| p.first).keys::<String>().await?, ["David", "David", "Karl"]);
    assert_eq!(db.people.order_by(|p| p.first).unique_keys::<String>().await?, ["David", "Karl"]);
    assert_eq!(db.people.order_by(|p| p.last).primary_keys().await?, [2, 1, 3]);
    assert_eq!(db.people.order_by(|p| p.id).keys::<u32>().await?, [1, 2, 3]);
    assert_eq!(db.people.order_by(|p| p.id).reverse().unique_keys::<u32>().await?, [3, 2, 1]);
    Ok(())
}

#[wasm_bindgen_test]
async fn unique_keys_are_windowed_by_key() -> Result<()> {
    let db = numbers("unique keys are windowed by key").await?;
    let v = db.numbers.order_by(|n| n.v);
    assert_eq!(v.keys::<u32>().await?, [0, 0, 0, 1, 1, 1, 2, 2, 2]);
    assert_eq!(v.unique_keys::<u32>().await?, [0, 1, 2]);
    assert_eq!(v.limit(2).unique_keys::<u32>().await?, [0, 1]);
    assert_eq!(v.offset(1).unique_keys::<u32>().await?, [1, 2]);
    assert_eq!(v.offset(1).limit(1).reverse().unique_keys::<u32>().await?, [1]);
    assert_eq!(v.filter(|_| true).limit(2).unique_keys::<u32>().await?, [0, 1], "also where rows are looked at");
    assert_eq!(v.filter(|n| n.v != 1).offset(1).unique_keys::<u32>().await?, [2]);
    assert_eq!(v.sort_by_key(|n| n.id).unique_keys::<u32>().await?, [1, 2, 0]);
    // Numbers fit any type that holds them; other types are told also where there is nothing.
    assert_eq!(v.limit(2).keys::<f64>().await?, [0.0, 0.0]);
    for query in [v.clone(), v.filter(|_| false)] {
        for failed in [query.keys::<String>().await.map(drop), query.unique_keys::<bool>().await.map(drop)] {
            assert!(
                matches!(&failed, Err(Error::Data { table, message, .. })
                    if table == "numbers" && message.starts_with("the index has numbers, and ")),
                "{failed:?}"
            );
        }
    }
    Ok(())
}

// 154
#[wasm_bindgen_test]
async fn the_first_and_the_last_are_those_of_the_order() -> Result<()> {
    let db = friends("the first and the last").await?;
    let by_name = db.friends.order_by(|f| f.name);
    assert_eq!(by_name.first().await?.map(|f| f.name), Some("Ann".into()));
    assert_eq!(by_name.last().await?.map(|f| f.name), Some("Ylva".into()));
    assert_eq!(by_name.reverse().first().await?.map(|f| f.name), Some("Ylva".into()));
    assert_eq!(by_name.reverse().last().await?.map(|f| f.name), Some("Ann".into()));
    assert_eq!(db.friends.first().await?.map(|f| f.id), Some(1));
    assert_eq!(db.friends.last().await?.map(|f| f.id), Some(5));
    assert_eq!(db.friends.where_(|f| f.age).above(100).first().await?, None);
    assert_eq!(db.friends.where_(|f| f.age).above(100).last().await?, None);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_last_of_ties_has_the_greatest_key() -> Result<()> {
    let db: Shelf = fresh("the last of ties").await;
    db.friends.bulk_add(&[1, 1, 1].map(|age| NewFriend { name: "Twin".into(), age })).await?;
    assert_eq!(db.friends.order_by(|f| f.age).first().await?.map(|f| f.id), Some(1));
    assert_eq!(db.friends.order_by(|f| f.age).last().await?.map(|f| f.id), Some(3));
    assert_eq!(db.friends.sort_by_key(|f| f.age).last().await?.map(|f| f.id), Some(3));
    assert_eq!(db.friends.sort_by_key(|f| f.age).first().await?.map(|f| f.id), Some(1));
    Ok(())
}
