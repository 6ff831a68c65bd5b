//! Values: text, bytes, dates and numbers on their way out of wasm's memory and back.

use std::collections::BTreeMap;

use indexie::Date;
use indexie::prelude::*;
use serde::{Deserialize, Serialize};
use wasm_bindgen_test::wasm_bindgen_test;

use super::{fresh, plain};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, text, at, bytes")]
pub struct Parcel {
    pub id: u32,
    pub text: String,
    pub bytes: Vec<u8>,
    pub at: Date,
    pub large: u64,
    pub fraction: f64,
    pub words: Vec<String>,
    pub named: BTreeMap<String, Option<bool>>,
}

schema! {
    pub struct ParcelDb("parcels");

    version 1 {
        parcels: Parcel,
    }
}

fn parcel(id: u32) -> Parcel {
    Parcel {
        id,
        text: "a ä 漢 😀".into(),
        bytes: vec![0, 1, 128, 255],
        at: Date::from_millis(1_234),
        large: u64::MAX,
        fraction: -0.5,
        words: vec![String::new(), "ascii".into(), "ü".into()],
        named: BTreeMap::from([("no".into(), Some(false)), ("none".into(), None)]),
    }
}

#[wasm_bindgen_test]
async fn text_bytes_dates_and_numbers_are_stored_as_what_they_are() -> Result<()> {
    let db: ParcelDb = fresh("anywhere: stored").await;
    db.parcels.add(&parcel(1)).await?;
    assert_eq!(
        plain::stored("anywhere: stored", "parcels", "1").await.as_deref(),
        Some(
            r#"{"id":1,"text":"a ä 漢 😀","bytes":"Uint8Array(0,1,128,255)","at":"Date(1234)","large":"18446744073709551615n","fraction":-0.5,"words":["","ascii","ü"],"named":{"no":false,"none":null}}"#
        )
    );
    assert_eq!(db.parcels.get(1).await?, Some(parcel(1)));
    Ok(())
}

#[wasm_bindgen_test]
async fn text_bytes_and_dates_are_keys() -> Result<()> {
    let db: ParcelDb = fresh("anywhere: keys").await;
    db.parcels.bulk_add(&[parcel(1), Parcel { text: "b".into(), bytes: vec![], ..parcel(2) }]).await?;
    assert_eq!(db.parcels.where_(|p| p.text).equals("a ä 漢 😀").primary_keys().await?, [1]);
    assert_eq!(db.parcels.where_(|p| p.at).equals(Date::from_millis(1_234)).count().await?, 2);
    assert_eq!(db.parcels.where_(|p| p.bytes).equals(vec![0, 1, 128, 255]).primary_keys().await?, [1]);
    assert_eq!(db.parcels.order_by(|p| p.bytes).keys::<Vec<u8>>().await?, [vec![], vec![0, 1, 128, 255]]);
    assert_eq!(db.parcels.order_by(|p| p.text).keys::<String>().await?, ["a ä 漢 😀", "b"]);
    Ok(())
}

// Wasm's memory grows while rows are on their way: 100 rows of 50 kB of text and as many bytes.
#[wasm_bindgen_test]
async fn rows_larger_than_the_memory_there_was_come_back_the_same() -> Result<()> {
    let db: ParcelDb = fresh("anywhere: large").await;
    let rows: Vec<Parcel> = (1..=100_u32)
        .map(|id| Parcel {
            text: format!("{id}ö").repeat(10_000),
            bytes: id.to_le_bytes().repeat(10_000),
            words: (0..100).map(|word| format!("{id}.{word}")).collect(),
            ..parcel(id)
        })
        .collect();
    db.parcels.bulk_add(&rows).await?;
    let read = db.parcels.to_vec().await?;
    // Not `assert_eq`, which would print megabytes.
    assert!(read == rows, "the rows have changed");
    Ok(())
}
