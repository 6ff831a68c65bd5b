//! Rows of another program in the same store: keys of other types are not what a typed clause means.

use futures::TryStreamExt;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{fresh, written_by_another_program};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, v, [v+s], *tags")]
pub struct Mine {
    pub id: u32,
    pub v: u32,
    pub s: String,
    pub tags: Vec<String>,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store(", name", key = u32)]
pub struct Note {
    pub name: String,
}

schema! {
    pub struct Shared("shared");

    version 1 {
        mine: Mine,
        notes: Note,
    }
}

fn mine(id: u32, v: u32) -> Mine {
    Mine { id, v, s: format!("s{v}"), tags: vec![format!("t{v}")] }
}

/// Two rows of ours, and rows with a text, a negative number, an array and nothing where ours have a number.
async fn shared(name: &str) -> Result<Shared> {
    let db: Shared = fresh(name).await;
    db.mine.bulk_add(&[mine(1, 5), mine(2, 6)]).await?;
    let others = r#"[
        [{"id": 10, "v": "text", "s": "s", "tags": [1]}],
        [{"id": 11, "v": [6], "s": 6, "tags": "t"}],
        [{"id": 12, "v": null, "s": "s"}],
        [{"id": "13", "v": 7, "s": "s7", "tags": []}]
    ]"#;
    written_by_another_program(&db, "mine", others).await;
    Ok(db)
}

#[wasm_bindgen_test]
async fn above_a_number_are_only_numbers() -> Result<()> {
    let db = shared("above a number are only numbers").await?;
    assert_eq!(db.mine.where_(|m| m.v).above(5).limit(1).to_vec().await?, [mine(2, 6)]);
    assert_eq!(db.mine.where_(|m| m.v).above(5).count().await?, 2);
    assert_eq!(db.mine.where_(|m| m.v).at_least(5).keys::<u32>().await?, [5, 6, 7]);
    assert_eq!(db.mine.where_(|m| m.v).between(6..).count().await?, 2);
    assert_eq!(db.mine.where_(|m| m.v).none_of([5]).keys::<u32>().await?, [6, 7]);
    assert_eq!(db.mine.where_(|m| m.v).not_equal(7).primary_keys().await?, [1, 2]);
    Ok(())
}

#[wasm_bindgen_test]
async fn above_a_key_are_only_keys_of_its_type() -> Result<()> {
    let db = shared("above a key are only keys of its type").await?;
    assert_eq!(db.mine.where_(|m| m.id).above(1).count().await?, 4);
    assert_eq!(db.mine.where_(|m| m.id).at_least(0).primary_keys().await?, [1, 2, 10, 11, 12]);
    assert_eq!(db.mine.where_(|m| m.id).above(2).delete().await?, 3);
    assert_eq!(db.mine.count().await?, 3, "the row whose key is a text is not a number above 2");
    Ok(())
}

#[wasm_bindgen_test]
async fn elements_of_other_types_are_not_found() -> Result<()> {
    let db = shared("elements of other types").await?;
    assert_eq!(db.mine.where_(|m| m.tags).above("t").primary_keys().await?, [1, 2]);
    assert_eq!(db.mine.where_(|m| m.tags).below("t6").keys::<String>().await?, ["t", "t5"]);
    assert_eq!(db.mine.where_(|m| m.tags).none_of(["t", "t6"]).primary_keys().await?, [1]);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_is_no_key_is_in_no_index() -> Result<()> {
    let db: Shared = fresh("what is no key is in no index").await;
    db.mine.add(&mine(1, 5)).await?;
    let others = r#"[
        [{"id": 2, "v": true, "s": "s"}],
        [{"id": 3, "v": {}, "s": "s"}],
        [{"id": 4, "v": 6, "s": {}}],
        [{"id": 5, "v": 7, "s": "s"}]
    ]"#;
    written_by_another_program(&db, "mine", others).await;
    assert_eq!(db.mine.primary_keys().await?, [1, 2, 3, 4, 5]);
    assert_eq!(db.mine.order_by(|m| m.v).primary_keys().await?, [1, 4, 5]);
    assert_eq!(db.mine.where_(|m| m.v).between(..).keys::<u32>().await?, [5, 6, 7]);
    assert_eq!(
        db.mine.order_by(|m| m.v_s).primary_keys().await?,
        [1, 5],
        "one part that is no key, and the row is not there"
    );
    assert_eq!(db.mine.where_(|m| m.v_s).prefix(6).count().await?, 0);
    Ok(())
}

#[wasm_bindgen_test]
async fn elements_that_are_no_keys_are_passed_over_and_equal_ones_are_one() -> Result<()> {
    let db: Shared = fresh("elements that are no keys").await;
    db.open().await?;
    let rows = r#"[
        [{"id": 1, "v": 1, "s": "s", "tags": ["t", null, "t", {}]}],
        [{"id": 2, "v": 2, "s": "s", "tags": [true, "u", "t", "u"]}],
        [{"id": 3, "v": 3, "s": "s", "tags": [null, {}]}]
    ]"#;
    written_by_another_program(&db, "mine", rows).await;
    assert_eq!(db.mine.order_by(|m| m.tags).keys::<String>().await?, ["t", "t", "u"]);
    assert_eq!(db.mine.where_(|m| m.tags).equals("t").primary_keys().await?, [1, 2]);
    assert_eq!(db.mine.where_(|m| m.tags).equals("t").count().await?, 2);
    assert_eq!(db.mine.where_(|m| m.tags).starts_with("").primary_keys().await?, [1, 2]);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_first_column_is_of_its_type_too() -> Result<()> {
    let db: Shared = fresh("the first column is of its type too").await;
    db.mine.bulk_add(&[mine(1, 5), mine(2, 6)]).await?;
    written_by_another_program(&db, "mine", r#"[[{"id": 3, "v": 6, "s": 1}], [{"id": 4, "v": 5, "s": ["x"]}]]"#).await;
    assert_eq!(db.mine.where_(|m| m.v_s).prefix(5).count().await?, 2);
    assert_eq!(db.mine.where_(|m| m.v_s).equals((6, "s6")).primary_keys().await?, [2]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_that_does_not_fit_is_an_error_that_names_it() -> Result<()> {
    let db = shared("a row that does not fit").await?;
    let error = db.mine.order_by(|m| m.v).to_vec().await;
    let Err(Error::Decode { table, key: Some(key), path, .. }) = &error else { panic!("{error:?}") };
    assert_eq!((table.as_str(), path.as_str()), ("mine", "id"));
    assert_eq!(key.as_str(), Some("13"));
    let error = db.mine.order_by(|m| m.v).keys::<u32>().await;
    assert!(matches!(&error, Err(Error::Data { key: Some(key), .. }) if key.as_str() == Some("text")), "{error:?}");
    Ok(())
}

/// Among so many rows that they come in several parts.
#[wasm_bindgen_test]
async fn a_row_that_does_not_fit_is_named_among_many() -> Result<()> {
    let db: Shared = fresh("a row that does not fit among many").await;
    // Another shape begins in the middle.
    let rows: Vec<String> = (1..=3_000)
        .map(|id| match id {
            2_100 => r#"[{"id": 2100, "v": "text", "s": "s", "tags": []}]"#.to_owned(),
            2_000.. => format!(r#"[{{"id": {id}, "more": [{id}], "v": {id}, "s": "s{id}", "tags": ["t{id}"]}}]"#),
            _ => format!(r#"[{{"id": {id}, "v": {id}, "s": "s{id}", "tags": ["t{id}"]}}]"#),
        })
        .collect();
    let notes: Vec<String> = (1..=3_000)
        .map(|key| if key == 2_100 { format!("[{{}}, {key}]") } else { format!(r#"[{{"name": "n{key}"}}, {key}]"#) })
        .collect();
    db.open().await?;
    written_by_another_program(&db, "mine", &format!("[{}]", rows.join(","))).await;
    written_by_another_program(&db, "notes", &format!("[{}]", notes.join(","))).await;
    let names = |error: &Error, at: &str| {
        let Error::Decode { key: Some(key), path, .. } = error else { panic!("{error:?}") };
        assert_eq!((key.as_number(), path.as_str()), (Some(2_100.0), at), "{error:?}");
    };
    names(&db.mine.to_vec().await.expect_err("the text"), "v");
    names(&db.mine.filter(|row| row.id % 2 == 1).to_vec().await.expect_err("the text"), "v");
    names(&db.notes.entries().await.expect_err("no name"), "name");
    // Its key is not in the row.
    names(&db.notes.to_vec().await.expect_err("no name"), "name");
    names(&db.notes.filter(|_| true).to_vec().await.expect_err("no name"), "name");

    db.mine.delete(2_100).await?;
    let all: Vec<Mine> = (1..=3_000).filter(|id| *id != 2_100).map(|id| mine(id, id)).collect();
    assert_eq!(db.mine.to_vec().await?, all);
    let odd: Vec<Mine> = all.into_iter().filter(|row| row.id % 2 == 1).collect();
    assert_eq!(db.mine.filter(|row| row.id % 2 == 1).to_vec().await?, odd);
    Ok(())
}

#[wasm_bindgen_test]
async fn keys_of_another_type_than_the_index_are_an_error() -> Result<()> {
    let db: Shared = fresh("keys of another type than the index").await;
    db.mine.add(&mine(1, 300)).await?;
    let error = db.mine.order_by(|m| m.v).keys::<String>().await;
    assert!(matches!(error, Err(Error::Data { .. })), "{error:?}");
    let error = db.mine.order_by(|m| m.v).keys::<u8>().await;
    assert!(matches!(error, Err(Error::Data { .. })), "{error:?}");
    assert_eq!(db.mine.order_by(|m| m.v).keys::<f64>().await?, [300.0]);
    Ok(())
}

#[wasm_bindgen_test]
async fn records_without_a_row_do_not_stop_a_stream() -> Result<()> {
    let db: Shared = fresh("records without a row").await;
    let nothing: Vec<String> = (1..=200).map(|key| format!(r#"["undefined", {key}]"#)).collect();
    db.open().await?;
    written_by_another_program(&db, "notes", &format!("[{}]", nothing.join(","))).await;
    db.notes.add_with_key(&Note { name: "the one".into() }, 1_000).await?;
    let one = [Note { name: "the one".into() }];
    let streamed: Vec<Note> = db.notes.stream().try_collect().await?;
    assert_eq!(streamed, one);
    assert_eq!(db.notes.to_vec().await?, one);
    assert_eq!(db.notes.page(1).await?.rows, one);
    let [one] = one;
    assert_eq!(db.notes.entries().await?, [(1_000, one)]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_that_is_null_is_an_error_that_names_it() -> Result<()> {
    let db: Shared = fresh("a row that is null").await;
    db.notes.add_with_key(&Note { name: "a".into() }, 1).await?;
    written_by_another_program(&db, "notes", "[[null, 2]]").await;
    let error = db.notes.entries().await;
    assert!(matches!(&error, Err(Error::Decode { key: Some(key), .. }) if key.as_number() == Some(2.0)), "{error:?}");
    assert_eq!(db.notes.primary_keys().await?, [1, 2]);
    Ok(())
}
