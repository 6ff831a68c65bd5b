//! Enums in each of serde's four representations.

use indexie::prelude::*;
use serde::{Deserialize, Serialize};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::javascript::{both_ways, database, empty};

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
enum External {
    Nothing,
    One(u32),
    Perhaps(Option<u32>),
    Unit(()),
    Bytes(Vec<u8>),
    Two(u32, String),
    Empty {},
    Fields { city: String, zip: Option<u32> },
    Inner(Box<External>),
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(tag = "kind")]
enum Internal {
    Nothing,
    Boxed(Content),
    #[serde(rename_all = "camelCase")]
    Fields {
        first_name: String,
        age: Option<u64>,
    },
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Content {
    price: f64,
    big: u64,
    bytes: Vec<u8>,
    maybe: Option<bool>,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(tag = "t", content = "c", rename_all = "kebab-case")]
enum Adjacent {
    Nothing,
    OneThing(String),
    Perhaps(Option<u32>),
    Two(u32, f64),
    Fields { a: i64 },
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(untagged)]
enum Untagged {
    Flag(bool),
    Count(u64),
    Measure(f64),
    Text(String),
    Many(Vec<Untagged>),
    Fields { a: Box<Untagged> },
    Nothing,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id")]
struct Enums {
    id: u32,
    external: External,
    externals: Vec<External>,
    internal: Internal,
    adjacent: Adjacent,
    untagged: Untagged,
}
database!(EnumDb, Enums);

fn enums() -> Enums {
    Enums {
        id: 1,
        external: External::Nothing,
        externals: vec![],
        internal: Internal::Nothing,
        adjacent: Adjacent::Nothing,
        untagged: Untagged::Nothing,
    }
}

/// The row above with one field replaced, as JavaScript.
fn with(field: &str, value: &str) -> String {
    format!(
        "{{ id: 1, external: 'Nothing', externals: [], internal: {{ kind: 'Nothing' }}, adjacent: {{ t: 'nothing' }}, untagged: null, {field}: {value} }}"
    )
}

#[wasm_bindgen_test]
async fn a_variant_without_data_is_its_name_and_one_with_data_an_object() -> Result<()> {
    let db: EnumDb = empty("external-enums").await;
    let city = |zip| External::Fields { city: "Ülm".into(), zip };
    let cases = [
        (External::Nothing, "'Nothing'"),
        (External::One(5), "{ One: 5 }"),
        (External::Perhaps(Some(5)), "{ Perhaps: 5 }"),
        (External::Perhaps(None), "{ Perhaps: null }"),
        (External::Unit(()), "{ Unit: null }"),
        (External::Bytes(vec![1]), "{ Bytes: Uint8Array.of(1) }"),
        (External::Two(1, "x".into()), "{ Two: [1, 'x'] }"),
        (External::Empty {}, "{ Empty: {} }"),
        (city(Some(1)), "{ Fields: { city: 'Ülm', zip: 1 } }"),
        (city(None), "{ Fields: { city: 'Ülm' } }"),
        (External::Inner(Box::new(External::Inner(Box::new(External::Nothing)))), "{ Inner: { Inner: 'Nothing' } }"),
    ];
    for (external, source) in &cases {
        let row = Enums { external: external.clone(), ..enums() };
        both_ways("external-enums", &db.rows, &row, &with("external", source)).await?;
    }
    let (externals, sources): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let row = Enums { externals, ..enums() };
    both_ways("external-enums", &db.rows, &row, &with("externals", &format!("[{}]", sources.join(", ")))).await
}

#[wasm_bindgen_test]
async fn internally_tagged() -> Result<()> {
    let db: EnumDb = empty("internal-enums").await;
    let content = Content { price: -0.0, big: u64::MAX, bytes: vec![3], maybe: None };
    for (internal, source) in [
        (Internal::Nothing, "{ kind: 'Nothing' }"),
        (Internal::Boxed(content), "{ kind: 'Boxed', price: -0, big: 2n ** 64n - 1n, bytes: Uint8Array.of(3) }"),
        (Internal::Fields { first_name: "A".into(), age: Some(3) }, "{ kind: 'Fields', firstName: 'A', age: 3 }"),
        (Internal::Fields { first_name: "A".into(), age: None }, "{ kind: 'Fields', firstName: 'A' }"),
    ] {
        let row = Enums { internal, ..enums() };
        both_ways("internal-enums", &db.rows, &row, &with("internal", source)).await?;
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn adjacently_tagged() -> Result<()> {
    let db: EnumDb = empty("adjacent-enums").await;
    for (adjacent, source) in [
        (Adjacent::Nothing, "{ t: 'nothing' }"),
        (Adjacent::OneThing("x".into()), "{ t: 'one-thing', c: 'x' }"),
        (Adjacent::Perhaps(Some(1)), "{ t: 'perhaps', c: 1 }"),
        (Adjacent::Perhaps(None), "{ t: 'perhaps' }"),
        (Adjacent::Two(1, f64::NEG_INFINITY), "{ t: 'two', c: [1, -Infinity] }"),
        (Adjacent::Fields { a: i64::MIN }, "{ t: 'fields', c: { a: -(2n ** 63n) } }"),
    ] {
        let row = Enums { adjacent, ..enums() };
        both_ways("adjacent-enums", &db.rows, &row, &with("adjacent", source)).await?;
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn untagged() -> Result<()> {
    let db: EnumDb = empty("untagged-enums").await;
    for (untagged, source) in [
        (Untagged::Nothing, "null"),
        (Untagged::Flag(true), "true"),
        (Untagged::Count(1 << 60), "2n ** 60n"),
        (Untagged::Count(7), "7"),
        (Untagged::Measure(0.5), "0.5"),
        (Untagged::Measure(-7.0), "-7"),
        (Untagged::Measure(1e300), "1e300"),
        (Untagged::Text("😀".into()), "'😀'"),
        (
            Untagged::Many(vec![Untagged::Flag(false), Untagged::Text("x".into()), Untagged::Nothing]),
            "[false, 'x', null]",
        ),
        (Untagged::Fields { a: Box::new(Untagged::Count(0)) }, "{ a: 0 }"),
    ] {
        let row = Enums { untagged, ..enums() };
        both_ways("untagged-enums", &db.rows, &row, &with("untagged", source)).await?;
    }
    Ok(())
}
