//! Values in keys and under indexes, where fewer of them can stand.

use std::collections::{BTreeSet, HashSet};

use indexie::prelude::*;
use indexie::{AnyKey, Date};
use serde::{Deserialize, Serialize};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::javascript::{assert_same, database, empty, put, stored};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, done, [done+rank], *flags, perhaps, nested.open as bool")]
struct Switches {
    id: u32,
    done: bool,
    rank: u8,
    flags: Vec<bool>,
    perhaps: Option<bool>,
    other: bool,
    nested: Inner,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Inner {
    open: bool,
    other: bool,
}
database!(FlagDb, Switches);

#[wasm_bindgen_test]
async fn booleans_under_an_index_are_0_and_1() -> Result<()> {
    let db: FlagDb = empty("flags").await;
    let row = |id, done| Switches {
        id,
        done,
        rank: 5,
        flags: vec![done, true],
        perhaps: done.then_some(false),
        other: done,
        nested: Inner { open: done, other: done },
    };
    db.rows.bulk_add(&[row(1, true), row(2, false)]).await?;
    assert_same(
        &stored("flags", 1).await,
        "{ id: 1, done: 1, rank: 5, flags: [1, 1], perhaps: 0, other: true, nested: { open: 1, other: true } }",
    );
    assert_same(
        &stored("flags", 2).await,
        "{ id: 2, done: 0, rank: 5, flags: [0, 1], other: false, nested: { open: 0, other: false } }",
    );
    assert_eq!(db.rows.to_vec().await?, [row(1, true), row(2, false)]);
    assert_eq!(db.rows.where_(|r| r.done).equals(true).primary_keys().await?, [1]);
    assert_eq!(db.rows.where_(|r| r.done_rank).equals((false, 5)).primary_keys().await?, [2]);
    assert_eq!(db.rows.where_(|r| r.flags).equals(false).primary_keys().await?, [2]);
    assert_eq!(db.rows.where_(|r| r.perhaps).equals(false).primary_keys().await?, [1]);
    assert_eq!(db.rows.where_(|r| r.nested_open).equals(true).primary_keys().await?, [1]);
    assert_eq!(db.rows.order_by(|r| r.done).keys::<bool>().await?, [false, true]);
    // As JavaScript may have stored it: read, though in no index.
    put("flags", "{ id: 3, done: true, rank: 5, flags: [false, 1], other: 0, nested: { open: false, other: 1 } }")
        .await;
    let read = db.rows.get(3).await?.expect("the row is there");
    assert_eq!((read.done, read.flags, read.other, read.nested.open), (true, vec![false, true], false, false));
    Ok(())
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, size, [size+change], *sizes")]
struct Wide {
    id: u64,
    size: u64,
    change: i64,
    sizes: Vec<u64>,
    free: u64,
}
database!(WideDb, Wide);

const LIMIT: u64 = 1 << 53;

#[wasm_bindgen_test]
async fn integers_in_keys_end_at_2_to_the_53() -> Result<()> {
    let db: WideDb = empty("wide").await;
    let row = Wide { id: LIMIT, size: LIMIT, change: -(1 << 53), sizes: vec![LIMIT, 1], free: u64::MAX };
    assert_eq!(db.rows.add(&row).await?, LIMIT);
    assert_eq!(db.rows.get(LIMIT).await?, Some(row.clone()));
    assert_eq!(db.rows.where_(|r| r.size).equals(LIMIT).count().await?, 1);
    let beyond = [
        (Wide { id: LIMIT + 1, ..row.clone() }, "id"),
        (Wide { size: LIMIT + 1, ..row.clone() }, "size"),
        (Wide { change: -(1 << 53) - 1, ..row.clone() }, "change"),
        (Wide { sizes: vec![0, u64::MAX], ..row.clone() }, "sizes[1]"),
    ];
    for (row, field) in beyond {
        let error = db.rows.put(&row).await.expect_err("no such key");
        assert!(matches!(&error, Error::Encode { path, .. } if path == field), "{error:?}");
        assert!(error.to_string().contains("2^53") && error.to_string().contains("rows"), "{error}");
        let error = db.rows.bulk_put([&Wide { id: 1, ..row.clone() }, &row]).await.expect_err("no such key");
        assert!(matches!(&error, Error::Encode { row: Some(_), .. }), "{error:?}");
    }
    assert!(matches!(db.rows.get(u64::MAX).await, Err(Error::Data { .. })));
    assert!(matches!(db.rows.where_(|r| r.size).above(u64::MAX).to_vec().await, Err(Error::Data { .. })));
    let error = db.rows.update(LIMIT, |row| row.size = u64::MAX).await;
    assert!(matches!(&error, Err(Error::Encode { path, .. }) if path == "size"), "{error:?}");
    assert_eq!(db.rows.to_vec().await?, [row], "nothing was stored");
    Ok(())
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, *levels, *scores, *names, part")]
struct Sets {
    id: Vec<u8>,
    levels: BTreeSet<u8>,
    scores: HashSet<u8>,
    names: Option<Vec<String>>,
    part: Vec<u8>,
    loose: BTreeSet<u8>,
}
database!(SetDb, Sets);

#[wasm_bindgen_test]
async fn bytes_are_binary_keys_and_sets_of_bytes_are_arrays_under_an_index() -> Result<()> {
    let db: SetDb = empty("sets").await;
    let row = |id: &[u8]| Sets {
        id: id.to_vec(),
        levels: [3, 1, 2].into(),
        scores: [9].into(),
        names: Some(vec!["a".into()]),
        part: id.to_vec(),
        loose: [1, 2].into(),
    };
    for id in [&[1, 2][..], &[], &[255]] {
        assert_eq!(db.rows.add(&row(id)).await?, id);
    }
    assert_same(
        &stored("sets", js_sys::Uint8Array::from(&[1, 2][..])).await,
        "{ id: Uint8Array.of(1, 2), levels: [1, 2, 3], scores: [9], names: ['a'], part: Uint8Array.of(1, 2), loose: Uint8Array.of(1, 2) }",
    );
    assert_eq!(db.rows.get(vec![1, 2]).await?, Some(row(&[1, 2])));
    assert_eq!(db.rows.get(Vec::<u8>::new()).await?, Some(row(&[])));
    assert_eq!(db.rows.primary_keys().await?, [vec![], vec![1, 2], vec![255]]);
    assert_eq!(db.rows.where_(|r| r.levels).equals(2).count().await?, 3);
    assert_eq!(db.rows.where_(|r| r.scores).equals(9).count().await?, 3);
    assert_eq!(db.rows.where_(|r| r.part).above(vec![1]).count().await?, 2);
    let empty = Sets { levels: BTreeSet::new(), scores: HashSet::new(), names: None, ..row(&[7]) };
    db.rows.add(&empty).await?;
    assert_same(
        &stored("sets", js_sys::Uint8Array::from(&[7][..])).await,
        "{ id: Uint8Array.of(7), levels: [], scores: [], part: Uint8Array.of(7), loose: Uint8Array.of(1, 2) }",
    );
    assert_eq!(db.rows.get(vec![7]).await?, Some(empty));
    Ok(())
}

#[derive(Key, Serialize, Deserialize, Clone, Debug, PartialEq)]
enum Grade {
    Good,
    Bad,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("[at+name], at, score, grade, letter")]
struct Mixed {
    at: Date,
    name: String,
    score: f64,
    grade: Grade,
    letter: char,
}
database!(MixedDb, Mixed);

#[wasm_bindgen_test]
async fn dates_texts_numbers_and_enums_as_keys() -> Result<()> {
    let db: MixedDb = empty("mixed-keys").await;
    let row = |at, name: &str, score| Mixed {
        at: Date::from_millis(at),
        name: name.into(),
        score,
        grade: if score > 0.0 { Grade::Good } else { Grade::Bad },
        letter: '😀',
    };
    let rows = [
        row(-5, "\u{ff5e}", f64::INFINITY),
        row(-5, "\u{1f600}", f64::NEG_INFINITY),
        row(7, "ä", -0.0),
        row(7, "\u{feff}", f64::NAN),
    ];
    let keys = db.rows.bulk_add(&rows).await?;
    assert_eq!(keys[0], (Date::from_millis(-5), "\u{ff5e}".to_owned()));
    let key = js_sys::Array::of2(&js_sys::Date::new(&(-5).into()), &"\u{1f600}".into());
    assert_same(
        &stored("mixed-keys", key).await,
        "{ at: new Date(-5), name: '\u{1f600}', score: -Infinity, grade: 'Bad', letter: '😀' }",
    );
    assert_eq!(
        db.rows.get((Date::from_millis(7), "ä")).await?.map(|row| row.score.to_bits()),
        Some((-0.0_f64).to_bits())
    );
    // UTF-16 order: the surrogates of U+1F600 come before U+FF5E.
    let names: Vec<String> = db.rows.limit(2).to_vec().await?.into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["\u{1f600}", "\u{ff5e}"]);
    // NaN is no key: its row is in the table, and not in the index.
    assert_eq!(db.rows.order_by(|r| r.score).count().await?, 3);
    assert_eq!(db.rows.where_(|r| r.score).equals(0.0).count().await?, 1);
    assert_eq!(db.rows.where_(|r| r.grade).equals(Grade::Good).count().await?, 1);
    assert_eq!(db.rows.where_(|r| r.letter).equals('😀').count().await?, 4);
    assert_eq!(db.rows.order_by(|r| r.at).unique_keys::<Date>().await?.len(), 2);
    Ok(())
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id")]
struct Measured {
    id: f64,
}
database!(MeasuredDb, Measured);

#[wasm_bindgen_test]
async fn nan_is_no_primary_key() -> Result<()> {
    let db: MeasuredDb = empty("nan-key").await;
    assert!(matches!(db.rows.add(&Measured { id: f64::NAN }).await, Err(Error::Data { .. })));
    let error = db.rows.bulk_add(&[Measured { id: 1.0 }, Measured { id: f64::NAN }]).await;
    assert!(matches!(&error, Err(Error::Data { row: Some(1), .. })), "{error:?}");
    assert_eq!(db.rows.count().await?, 0);
    db.rows.bulk_add(&[Measured { id: f64::NEG_INFINITY }, Measured { id: -0.0 }, Measured { id: 0.5 }]).await?;
    assert_eq!(db.rows.primary_keys().await?, [f64::NEG_INFINITY, 0.0, 0.5]);
    let clash = db.rows.add(&Measured { id: 0.0 }).await;
    assert!(matches!(&clash, Err(Error::Constraint { key: Some(key), .. }) if *key == AnyKey::from(0)), "{clash:?}");
    Ok(())
}
