//! Queries are values: run again, cloned and changed, they give what they gave.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{folders, numbers, paths, tags};

// 177
#[wasm_bindgen_test]
async fn a_query_gives_the_same_twice() -> Result<()> {
    let db = numbers("a query gives the same twice").await?;
    let queries = [
        ("equals", db.numbers.where_(|n| n.v).equals(1)),
        ("any_of", db.numbers.where_(|n| n.id).any_of([1, 2, 3])),
        ("in_any_range", db.numbers.where_(|n| n.id).in_any_range([1..3, 5..7])),
        ("none_of", db.numbers.where_(|n| n.id).none_of([1, 2, 3])),
        ("filter", db.numbers.filter(|n| n.v == 2)),
        ("or", db.numbers.where_(|n| n.v).equals(1).or(|n| n.id).below(4)),
        ("until", db.numbers.until(|n| n.id == 4)),
        ("window", db.numbers.order_by(|n| n.v).reverse().offset(2).limit(3)),
        ("ignore case", db.numbers.where_(|n| n.s).starts_with_ignore_case("S")),
        ("sort", db.numbers.sort_by_key(|n| std::cmp::Reverse(n.v))),
    ];
    for (what, query) in queries {
        let first = query.to_vec().await?;
        assert_eq!(query.count().await?, first.len(), "{what}");
        assert_eq!(query.to_vec().await?, first, "{what}");
        assert_eq!(query.primary_keys().await?.len(), first.len(), "{what}");
        assert_eq!(query.clone().to_vec().await?, first, "{what}");
    }
    Ok(())
}

// 177
#[wasm_bindgen_test]
async fn a_query_on_elements_gives_the_same_twice() -> Result<()> {
    let db = tags("a query on elements gives the same twice").await?;
    let query = db.tagged.where_(|t| t.tags).starts_with("a");
    assert_eq!(query.primary_keys().await?, [1, 2]);
    assert_eq!(query.primary_keys().await?, [1, 2]);
    assert_eq!(query.to_vec().await?, query.to_vec().await?);
    Ok(())
}

// 178
#[wasm_bindgen_test]
async fn a_terminal_leaves_the_query_as_it_is() -> Result<()> {
    let db = folders("a terminal leaves the query as it is").await?;
    let query = db.folders.where_(|f| f.path).starts_with("/var");
    assert_eq!(query.first().await?.map(|f| f.id), Some(8));
    assert_eq!(query.last().await?.map(|f| f.id), Some(9));
    assert_eq!(query.keys::<String>().await?, ["/var", "/var/bin"]);
    assert_eq!(query.page(1).await?.rows.len(), 1);
    assert!(!query.is_empty().await?);
    assert_eq!(paths(query.to_vec().await?), ["/var", "/var/bin"]);
    Ok(())
}

// 180
#[wasm_bindgen_test]
async fn a_modifier_makes_another_query() -> Result<()> {
    let db = numbers("a modifier makes another query").await?;
    let query = db.numbers.where_(|n| n.id).below(4);
    let limited = query.clone().limit(1);
    let filtered = query.filter(|n| n.id == 3);
    let reversed = query.reverse();
    let united = query.or(|n| n.id).equals(9);
    assert_eq!(query.primary_keys().await?, [1, 2, 3]);
    assert_eq!(limited.primary_keys().await?, [1]);
    assert_eq!(filtered.primary_keys().await?, [3]);
    assert_eq!(reversed.primary_keys().await?, [3, 2, 1]);
    assert_eq!(united.primary_keys().await?, [1, 2, 3, 9]);
    Ok(())
}

// 181
#[wasm_bindgen_test]
async fn a_clone_can_be_reversed() -> Result<()> {
    let db = numbers("a clone can be reversed").await?;
    let query = db.numbers.where_(|n| n.id).any_of([1, 3]);
    assert_eq!(query.clone().reverse().primary_keys().await?, [3, 1]);
    assert_eq!(query.primary_keys().await?, [1, 3]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_query_sees_what_has_changed_since() -> Result<()> {
    let db = numbers("a query sees what has changed since").await?;
    let query = db.numbers.where_(|n| n.v).equals(0);
    assert_eq!(query.primary_keys().await?, [3, 6, 9]);
    db.numbers.delete(6).await?;
    assert_eq!(query.primary_keys().await?, [3, 9]);
    Ok(())
}

#[wasm_bindgen_test]
async fn queries_run_side_by_side() -> Result<()> {
    let db = numbers("queries run side by side").await?;
    let query = db.numbers.order_by(|n| n.v);
    let (rows, keys, count) = futures::future::join3(
        query.filter(|n| n.id > 2).to_vec(),
        query.reverse().primary_keys(),
        query.offset(1).count(),
    )
    .await;
    assert_eq!(rows?.len(), 7);
    assert_eq!(keys?, [8, 5, 2, 7, 4, 1, 9, 6, 3]);
    assert_eq!(count?, 8);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_query_that_is_not_awaited_does_nothing() -> Result<()> {
    let db = numbers("a query that is not awaited").await?;
    drop(db.numbers.where_(|n| n.id).above(0).delete());
    assert_eq!(db.numbers.count().await?, 9);
    Ok(())
}
