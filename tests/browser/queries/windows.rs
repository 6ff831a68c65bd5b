//! Offsets, limits, filters and stops: they apply after ordering, however they were chained.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Number, Shelf, firsts, fresh, friends, names, numbers, person};

/// Ten numbers with `v` 7 between five with `v` 1 and five with `v` 9.
async fn sevens(name: &str) -> Result<Shelf> {
    let db: Shelf = fresh(name).await;
    let v = |id: u32| match id % 4 {
        0 => 1,
        1 => 9,
        _ => 7,
    };
    let rows: Vec<Number> = (1..=20).map(|id| Number { id, v: v(id), s: String::new() }).collect();
    db.numbers.bulk_add(&rows).await?;
    Ok(db)
}

// 147
#[wasm_bindgen_test]
async fn a_window_is_the_same_however_the_rows_are_found() -> Result<()> {
    let db = sevens("a window is the same").await?;
    let ten = [2, 3, 6, 7, 10, 11, 14, 15, 18, 19];
    let queries = [
        ("one key", db.numbers.where_(|n| n.v).equals(7)),
        ("a range", db.numbers.where_(|n| n.v).between(2..9)),
        ("several ranges", db.numbers.where_(|n| n.v).in_any_range([3..4, 6..8, 10..20])),
        ("a filter", db.numbers.filter(|n| n.v == 7)),
        ("a union", db.numbers.where_(|n| n.v).equals(7).or(|n| n.id).any_of([2, 3])),
        ("another order", db.numbers.where_(|n| n.v).between(2..9).order_by(|n| n.id)),
        ("a sort", db.numbers.where_(|n| n.v).equals(7).sort_by_key(|n| n.id)),
    ];
    for (what, query) in queries {
        let keys = async |query: &Query<Number>| -> Result<Vec<u32>> {
            let keys = query.primary_keys().await?;
            assert_eq!(query.count().await?, keys.len(), "{what}");
            assert_eq!(query.to_vec().await?.iter().map(|n| n.id).collect::<Vec<_>>(), keys, "{what}");
            Ok(keys)
        };
        assert_eq!(keys(&query).await?, ten, "{what}");
        assert_eq!(keys(&query.limit(5)).await?, ten[..5], "{what}");
        assert_eq!(keys(&query.offset(7)).await?, ten[7..], "{what}");
        assert_eq!(keys(&query.offset(6).limit(4)).await?, ten[6..], "{what}");
        assert_eq!(keys(&query.limit(4).offset(6)).await?, ten[6..], "{what}");
        assert_eq!(keys(&query.offset(7).limit(4)).await?, ten[7..], "{what}");
        assert_eq!(keys(&query.offset(17).limit(4)).await?, [0_u32; 0], "{what}");
        assert_eq!(keys(&query.offset(10)).await?, [0_u32; 0], "{what}");
        assert_eq!(keys(&query.limit(0)).await?, [0_u32; 0], "{what}");
        assert_eq!(keys(&query.limit(usize::MAX)).await?, ten, "{what}");
        assert_eq!(keys(&query.offset(usize::MAX)).await?, [0_u32; 0], "{what}");
        assert_eq!(keys(&query.offset(usize::MAX).limit(usize::MAX)).await?, [0_u32; 0], "{what}");
        assert_eq!(keys(&query.reverse().offset(1).limit(2)).await?, [18, 15], "{what}");
    }
    Ok(())
}

// 148
#[wasm_bindgen_test]
async fn the_smallest_limit_counts_and_offsets_add_up() -> Result<()> {
    let db = numbers("the smallest limit counts").await?;
    assert_eq!(db.numbers.limit(2).limit(1).primary_keys().await?, [1]);
    assert_eq!(db.numbers.limit(1).limit(2).primary_keys().await?, [1]);
    assert_eq!(db.numbers.offset(2).offset(3).primary_keys().await?, [6, 7, 8, 9]);
    assert_eq!(db.numbers.limit(4).offset(2).primary_keys().await?, [3, 4, 5, 6]);
    Ok(())
}

// 150
#[wasm_bindgen_test]
async fn a_filter_comes_before_a_limit() -> Result<()> {
    let db = numbers("a filter comes before a limit").await?;
    assert_eq!(db.numbers.limit(2).filter(|n| n.id > 3).primary_keys().await?, [4, 5]);
    assert_eq!(db.numbers.filter(|n| n.id > 3).limit(2).primary_keys().await?, [4, 5]);
    assert_eq!(db.numbers.offset(1).limit(2).filter(|n| n.v == 0).reverse().primary_keys().await?, [6, 3]);
    Ok(())
}

#[wasm_bindgen_test]
async fn filters_add_up() -> Result<()> {
    let db = numbers("filters add up").await?;
    let query = db.numbers.filter(|n| n.id > 3).filter(|n| n.v == 1).filter(|n| n.s != "s4");
    assert_eq!(query.primary_keys().await?, [7]);
    assert_eq!(query.count().await?, 1);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_limit_of_nothing_is_nothing() -> Result<()> {
    let db = numbers("a limit of nothing").await?;
    let none = db.numbers.order_by(|n| n.v).limit(0);
    assert_eq!(none.to_vec().await?, []);
    assert_eq!(none.count().await?, 0);
    assert_eq!(none.first().await?, None);
    assert_eq!(none.last().await?, None);
    assert_eq!(none.keys::<u32>().await?, [0_u32; 0]);
    assert_eq!(none.unique_keys::<u32>().await?, [0_u32; 0]);
    assert_eq!(none.entries().await?, []);
    assert!(none.is_empty().await?);
    assert_eq!(none.delete().await?, 0);
    assert_eq!(none.modify(|n| n.v = 100).await?, 0);
    assert_eq!(none.filter(|_| true).to_vec().await?, []);
    assert_eq!(db.numbers.count().await?, 9);
    Ok(())
}

// 154
#[wasm_bindgen_test]
async fn first_and_last_are_those_of_the_window() -> Result<()> {
    let db = friends("first and last are those of the window").await?;
    let window = db.friends.order_by(|f| f.age).offset(1).limit(3);
    assert_eq!(names(window.to_vec().await?), ["Simon", "Ylva", "David"]);
    assert_eq!(window.first().await?.map(|f| f.name), Some("Simon".into()));
    assert_eq!(window.last().await?.map(|f| f.name), Some("David".into()));
    assert_eq!(window.reverse().first().await?.map(|f| f.name), Some("David".into()));
    assert_eq!(window.reverse().last().await?.map(|f| f.name), Some("Simon".into()));
    assert_eq!(window.filter(|f| f.name != "Ann").last().await?.map(|f| f.name), Some("David".into()));
    assert_eq!(db.friends.offset(5).first().await?, None);
    assert_eq!(db.friends.offset(5).last().await?, None);
    Ok(())
}

// 172
#[wasm_bindgen_test]
async fn until_ends_before_the_row_that_it_names() -> Result<()> {
    let db: Shelf = fresh("until ends before the row").await;
    db.people
        .bulk_add(&[
            person(1, "David", "Fahlander", "dfa"),
            person(2, "Karl", "Ceder", "kce"),
            person(3, "Apa1", "x", "apa1"),
            person(4, "Apa2", "x", "apa2"),
            person(5, "Apa3", "x", "apa3"),
        ])
        .await?;
    assert_eq!(db.people.until(|p| p.first == "David").to_vec().await?, []);
    assert_eq!(db.people.until(|p| p.first == "David").count().await?, 0);
    let by_first = db.people.order_by(|p| p.first);
    assert_eq!(firsts(by_first.until(|p| p.first == "David").to_vec().await?), ["Apa1", "Apa2", "Apa3"]);
    let backwards = by_first.reverse().until(|p| p.username == "apa2");
    assert_eq!(firsts(backwards.to_vec().await?), ["Karl", "David", "Apa3"]);
    assert_eq!(backwards.primary_keys().await?, [2, 1, 5]);
    assert_eq!(backwards.last().await?.map(|p| p.first), Some("Apa3".into()));
    Ok(())
}

// 172
#[wasm_bindgen_test]
async fn until_works_with_every_terminal() -> Result<()> {
    let db = numbers("until works with every terminal").await?;
    let query = db.numbers.order_by(|n| n.v).until(|n| n.id == 7);
    assert_eq!(query.primary_keys().await?, [3, 6, 9, 1, 4]);
    assert_eq!(query.keys::<u32>().await?, [0, 0, 0, 1, 1]);
    assert_eq!(query.offset(1).limit(3).primary_keys().await?, [6, 9, 1]);
    assert_eq!(query.until(|n| n.id == 1).primary_keys().await?, [3, 6, 9], "the first of several counts");
    assert_eq!(query.filter(|n| n.id != 7).count().await?, 8, "rows that are filtered out stop nothing");
    assert_eq!(query.modify(|n| n.s = "seen".into()).await?, 5);
    assert_eq!(query.delete().await?, 5);
    assert_eq!(db.numbers.primary_keys().await?, [2, 5, 7, 8]);
    Ok(())
}

#[wasm_bindgen_test]
async fn an_offset_reaches_into_ties_and_over_ranges() -> Result<()> {
    let db = numbers("an offset reaches into ties").await?;
    // By v: 3 6 9 | 1 4 7 | 2 5 8
    let by_v = db.numbers.order_by(|n| n.v);
    assert_eq!(by_v.offset(1).primary_keys().await?, [6, 9, 1, 4, 7, 2, 5, 8]);
    assert_eq!(by_v.offset(4).limit(3).primary_keys().await?, [4, 7, 2]);
    assert_eq!(by_v.reverse().offset(4).limit(3).primary_keys().await?, [4, 1, 9]);
    let ranges = db.numbers.where_(|n| n.v).any_of([0, 2]);
    assert_eq!(ranges.offset(2).primary_keys().await?, [9, 2, 5, 8]);
    assert_eq!(ranges.offset(3).primary_keys().await?, [2, 5, 8]);
    assert_eq!(ranges.offset(4).limit(1).primary_keys().await?, [5]);
    assert_eq!(ranges.reverse().offset(2).limit(2).primary_keys().await?, [2, 9]);
    assert_eq!(ranges.offset(2).keys::<u32>().await?, [0, 2, 2, 2]);
    assert_eq!(ranges.offset(5).entries().await?.len(), 1);
    Ok(())
}
