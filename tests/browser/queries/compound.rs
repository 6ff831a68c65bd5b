//! Compound keys and indexes, whole and by their first columns.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{NewFile, filenames, files, fresh};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("[page+row+column], [text+row]")]
pub struct Cell {
    pub page: u32,
    pub row: u32,
    pub column: u32,
    pub text: String,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, [a+b+c]")]
pub struct Triple {
    pub id: u32,
    pub a: String,
    pub b: u32,
    pub c: Option<f64>,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, [name+number], [done+name]")]
pub struct Signed {
    pub id: u32,
    pub name: i32,
    pub number: i32,
    pub done: bool,
}

schema! {
    pub struct Compounds("compounds");

    version 1 {
        cells: Cell,
        triples: Triple,
        signed: Signed,
    }
}

/// Two pages of 150 cells in one row each.
async fn chart(name: &str) -> Result<Compounds> {
    let db: Compounds = fresh(name).await;
    let cell = |page, column| Cell { page, row: 1, column, text: format!("{page}/{column}") };
    let rows: Vec<Cell> = (1..=2).flat_map(|page| (1..=150).map(move |column| cell(page, column))).collect();
    db.cells.bulk_add(&rows).await?;
    Ok(db)
}

/// Seven triples; the fifth is not in the index, since it lacks a part.
async fn triples(name: &str) -> Result<Compounds> {
    let db: Compounds = fresh(name).await;
    let triple = |id, a: &str, b, c| Triple { id, a: a.into(), b, c };
    let rows = [
        triple(1, "y", 1, Some(0.5)),
        triple(2, "x", 2, Some(-1.0)),
        triple(3, "z", 1, Some(0.0)),
        triple(4, "x", 1, Some(7.0)),
        triple(5, "x", 1, None),
        triple(6, "xx", 9, Some(1.0)),
        triple(7, "X", 3, Some(1.0)),
    ];
    db.triples.bulk_add(&rows).await?;
    Ok(db)
}

async fn signed(name: &str) -> Result<Compounds> {
    let db: Compounds = fresh(name).await;
    let row = |id, name, number, done| Signed { id, name, number, done };
    db.signed.bulk_add(&[row(1, -2, 0, true), row(2, -3, 0, false), row(3, -2, 1, false), row(4, 5, 0, true)]).await?;
    Ok(db)
}

// 108
#[wasm_bindgen_test]
async fn any_of_on_a_compound_index_is_in_its_order() -> Result<()> {
    let db = signed("any of on a compound index").await?;
    let query = db.signed.where_(|s| s.name_number).any_of([(-2, 0), (-3, 0)]);
    assert_eq!(query.primary_keys().await?, [2, 1]);
    assert_eq!(query.reverse().primary_keys().await?, [1, 2]);
    assert_eq!(query.keys::<(i32, i32)>().await?, [(-3, 0), (-2, 0)]);
    Ok(())
}

// 132
#[wasm_bindgen_test]
async fn both_columns_find_one_row() -> Result<()> {
    let db = files("both columns find one row").await?;
    let found = db.files.where_(|f| f.filename_extension).equals(("README", ".TXT"));
    assert_eq!(found.count().await?, 1);
    assert_eq!(filenames(found.to_vec().await?), ["README"]);
    assert_eq!(db.files.where_(|f| f.filename_extension).equals(("README", ".txt")).count().await?, 0);
    Ok(())
}

// 138
#[wasm_bindgen_test]
async fn a_range_of_a_compound_primary_key_is_exact() -> Result<()> {
    let db = chart("a range of a compound primary key").await?;
    let range = db.cells.where_(|c| c.page_row_column).between((1, 1, 91)..=(1, 1, 130));
    assert_eq!(range.count().await?, 40);
    let found = range.to_vec().await?;
    assert_eq!(found.len(), 40);
    assert_eq!(found[0].text, "1/91");
    assert_eq!(found[39].text, "1/130");
    assert_eq!(range.reverse().limit(1).primary_keys().await?, [(1, 1, 130)]);
    assert_eq!(range.delete().await?, 40);
    assert_eq!(db.cells.count().await?, 260);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_prefix_of_a_compound_primary_key_is_exact() -> Result<()> {
    let db = chart("a prefix of a compound primary key").await?;
    let key = || db.cells.where_(|c| c.page_row_column);
    assert_eq!(key().prefix(2).count().await?, 150);
    assert_eq!(key().prefix((2,)).count().await?, 150);
    assert_eq!(key().prefix((2, 1)).count().await?, 150);
    assert_eq!(key().prefix((2, 0)).count().await?, 0);
    assert_eq!(key().prefix(3).first().await?, None);
    assert_eq!(key().prefix((1, 1)).reverse().limit(2).primary_keys().await?, [(1, 1, 150), (1, 1, 149)]);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_first_column_of_a_compound_primary_key_is_a_column() -> Result<()> {
    let db = chart("the first column of a compound primary key").await?;
    assert_eq!(db.cells.where_(|c| c.page).equals(2).count().await?, 150);
    assert_eq!(db.cells.where_(|c| c.page).above(1).count().await?, 150);
    assert_eq!(db.cells.where_(|c| c.page).above(2).count().await?, 0);
    assert_eq!(db.cells.where_(|c| c.page).at_most(1).count().await?, 150);
    assert_eq!(db.cells.order_by(|c| c.page).unique_keys::<u32>().await?, [1, 2]);
    assert_eq!(db.cells.where_(|c| c.page).equals(1).delete().await?, 150);
    assert_eq!(db.cells.count().await?, 150);
    Ok(())
}

// 139
#[wasm_bindgen_test]
async fn ordering_by_a_compound_index_leaves_out_rows_that_lack_a_part() -> Result<()> {
    let db = files("ordering by a compound index").await?;
    db.files.add(&NewFile { filename: "hello".into(), extension: Some(".bat".into()) }).await?;
    let ordered = db.files.order_by(|f| f.filename_extension);
    assert_eq!(
        ordered.keys::<(String, String)>().await?,
        [
            ("README".to_owned(), ".TXT".to_owned()),
            ("hello".to_owned(), ".bat".to_owned()),
            ("hello".to_owned(), ".exe".to_owned()),
            ("hello-there".to_owned(), ".exe".to_owned()),
            ("world".to_owned(), ".js".to_owned()),
        ]
    );
    assert_eq!(ordered.primary_keys().await?, [4, 6, 2, 5, 3]);
    assert_eq!(ordered.count().await?, 5);
    Ok(())
}

// 141
#[wasm_bindgen_test]
async fn the_first_column_of_a_compound_index_has_every_clause() -> Result<()> {
    let db = triples("the first column has every clause").await?;
    let a = || db.triples.where_(|t| t.a);
    assert_eq!(a().equals("x").primary_keys().await?, [4, 2]);
    assert_eq!(a().above("x").primary_keys().await?, [6, 1, 3]);
    assert_eq!(a().at_least("x").primary_keys().await?, [4, 2, 6, 1, 3]);
    assert_eq!(a().below("x").primary_keys().await?, [7]);
    assert_eq!(a().at_most("x").primary_keys().await?, [7, 4, 2]);
    assert_eq!(a().between("x".."z").primary_keys().await?, [4, 2, 6, 1]);
    assert_eq!(a().between("x"..="z").primary_keys().await?, [4, 2, 6, 1, 3]);
    assert_eq!(a().any_of(["z", "x"]).primary_keys().await?, [4, 2, 3]);
    assert_eq!(a().none_of(["z", "x"]).primary_keys().await?, [7, 6, 1]);
    assert_eq!(a().not_equal("x").primary_keys().await?, [7, 6, 1, 3]);
    assert_eq!(a().in_any_range(["X".."Y", "y".."z"]).primary_keys().await?, [7, 1]);
    assert_eq!(a().starts_with("x").primary_keys().await?, [4, 2, 6]);
    assert_eq!(a().starts_with_any_of(["xx", "z"]).primary_keys().await?, [6, 3]);
    assert_eq!(a().equals_ignore_case("x").primary_keys().await?, [7, 4, 2]);
    assert_eq!(a().starts_with_ignore_case("X").primary_keys().await?, [7, 4, 2, 6]);
    assert_eq!(a().any_of_ignore_case(["X", "Z"]).primary_keys().await?, [7, 4, 2, 3]);
    Ok(())
}

// 141
#[wasm_bindgen_test]
async fn the_first_column_of_a_compound_index_goes_backwards() -> Result<()> {
    let db = triples("the first column goes backwards").await?;
    let a = || db.triples.where_(|t| t.a);
    assert_eq!(a().above("x").reverse().primary_keys().await?, [3, 1, 6]);
    assert_eq!(a().at_most("x").reverse().primary_keys().await?, [2, 4, 7]);
    assert_eq!(a().any_of(["z", "x"]).reverse().limit(2).primary_keys().await?, [3, 2]);
    assert_eq!(a().starts_with("x").reverse().offset(1).primary_keys().await?, [2, 4]);
    assert_eq!(a().equals("x").count().await?, 2);
    assert_eq!(a().above("x").count().await?, 3);
    Ok(())
}

// 142
#[wasm_bindgen_test]
async fn the_first_column_filtered_gives_real_primary_keys() -> Result<()> {
    let db = triples("the first column filtered").await?;
    let x = db.triples.where_(|t| t.a).equals("x").filter(|_| true);
    assert_eq!(x.primary_keys().await?, [4, 2]);
    assert_eq!(x.keys::<String>().await?, ["x", "x"]);
    assert_eq!(x.unique_keys::<String>().await?, ["x"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn keys_of_the_first_column_are_of_its_own_type() -> Result<()> {
    let db = triples("keys of the first column").await?;
    assert_eq!(db.triples.order_by(|t| t.a).keys::<String>().await?, ["X", "x", "x", "xx", "y", "z"]);
    assert_eq!(db.triples.order_by(|t| t.a).reverse().unique_keys::<String>().await?, ["z", "y", "xx", "x", "X"]);
    assert_eq!(db.triples.order_by(|t| t.a).offset(1).limit(2).unique_keys::<String>().await?, ["x", "xx"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn one_two_or_three_columns_are_asked_for() -> Result<()> {
    let db = triples("one two or three columns").await?;
    let abc = || db.triples.where_(|t| t.a_b_c);
    assert_eq!(abc().prefix("x").primary_keys().await?, [4, 2]);
    assert_eq!(abc().prefix(("x", 1)).primary_keys().await?, [4]);
    assert_eq!(abc().prefix(("x", 2)).primary_keys().await?, [2]);
    assert_eq!(abc().prefix(("x", 3)).primary_keys().await?, [0_u32; 0]);
    assert_eq!(abc().equals(("x", 1, 7.0)).primary_keys().await?, [4]);
    assert_eq!(abc().at_least(("x", 1, 7.0)).primary_keys().await?, [4, 2, 6, 1, 3]);
    assert_eq!(abc().above(("x", 1, 7.0)).primary_keys().await?, [2, 6, 1, 3]);
    assert_eq!(abc().below(("x", 1, 7.0)).primary_keys().await?, [7]);
    assert_eq!(abc().none_of([("x", 1, 7.0), ("z", 1, 0.0)]).primary_keys().await?, [7, 2, 6, 1]);
    Ok(())
}

#[wasm_bindgen_test]
async fn truth_values_can_be_columns() -> Result<()> {
    let db = signed("truth values can be columns").await?;
    assert_eq!(db.signed.where_(|s| s.done).equals(true).primary_keys().await?, [1, 4]);
    assert_eq!(db.signed.where_(|s| s.done).above(false).primary_keys().await?, [1, 4]);
    assert_eq!(db.signed.where_(|s| s.done).at_most(false).primary_keys().await?, [2, 3]);
    assert_eq!(db.signed.where_(|s| s.done_name).equals((true, 5)).primary_keys().await?, [4]);
    assert_eq!(db.signed.where_(|s| s.done_name).prefix(false).primary_keys().await?, [2, 3]);
    assert_eq!(db.signed.where_(|s| s.done_name).between((false, -2)..(true, 0)).primary_keys().await?, [3, 1]);
    assert_eq!(db.signed.order_by(|s| s.done).keys::<bool>().await?, [false, false, true, true]);
    Ok(())
}

#[wasm_bindgen_test]
async fn one_name_ordered_by_another_column() -> Result<()> {
    let db: Compounds = fresh("one name ordered by another column").await;
    let cell = |column, row, text: &str| Cell { page: 1, row, column, text: text.into() };
    db.cells.bulk_add(&[cell(1, 7, "b"), cell(2, 3, "a"), cell(3, 9, "a"), cell(4, 1, "a"), cell(5, 3, "a")]).await?;
    let rows = db.cells.where_(|c| c.text_row).prefix("a");
    assert_eq!(rows.primary_keys().await?, [(1, 1, 4), (1, 3, 2), (1, 3, 5), (1, 9, 3)]);
    assert_eq!(rows.reverse().primary_keys().await?, [(1, 9, 3), (1, 3, 5), (1, 3, 2), (1, 1, 4)]);
    Ok(())
}

#[wasm_bindgen_test]
async fn compound_keys_are_ordered_number_by_number() -> Result<()> {
    let db: Compounds = fresh("compound keys are ordered").await;
    let cell = |page, row, column| Cell { page, row, column, text: String::new() };
    db.cells.bulk_add(&[cell(10, 1, 1), cell(2, 1, 1), cell(2, 0, 9), cell(1, 99, 99)]).await?;
    assert_eq!(db.cells.primary_keys().await?, [(1, 99, 99), (2, 0, 9), (2, 1, 1), (10, 1, 1)]);
    assert_eq!(db.cells.last().await?.map(|c| c.page), Some(10));
    assert_eq!(db.cells.where_(|c| c.page_row_column).above((2, 0, 9)).count().await?, 2);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_parts_of_a_compound_key_may_be_borrowed() -> Result<()> {
    let db = triples("the parts of a compound key may be borrowed").await?;
    let (text, texts) = ("x".to_owned(), ["x", "y"]);
    let parts = || db.triples.where_(|t| t.a_b_c);
    assert_eq!(parts().prefix(&text).primary_keys().await?, [4, 2]);
    assert_eq!(parts().prefix(texts.first().expect("a text")).primary_keys().await?, [4, 2]);
    assert_eq!(parts().prefix((&texts[0], &1)).primary_keys().await?, [4]);
    assert_eq!(parts().equals((&text, 1, 7.0)).primary_keys().await?, [4]);
    let keys = texts.iter().map(|text| (text, 1, if *text == "x" { 7.0 } else { 0.5 }));
    assert_eq!(parts().any_of(keys).primary_keys().await?, [4, 1]);
    assert_eq!(parts().between((&texts[0], 1, 0.0)..(&texts[1], 1, 0.0)).primary_keys().await?, [4, 2, 6]);
    Ok(())
}
