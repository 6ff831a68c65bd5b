//! Bytes, sequences, maps and structs inside of structs.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use indexie::prelude::*;
use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::javascript::{assert_same, both_ways, database, empty, literal, put, stored};

/// Bytes for serde, as `serde_bytes` has them.
#[derive(Clone, Debug, PartialEq, Default)]
struct Blob(Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Bytes;

        impl Visitor<'_> for Bytes {
            type Value = Blob;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> std::result::Result<Blob, E> {
                Ok(Blob(bytes.to_vec()))
            }
        }

        deserializer.deserialize_byte_buf(Bytes)
    }
}

#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq)]
struct Shade(u8);

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id")]
struct Bytes {
    id: u32,
    vec: Vec<u8>,
    blob: Blob,
    pages: Vec<Vec<u8>>,
    shades: Vec<Shade>,
    perhaps: Vec<Option<u8>>,
    array: [u8; 3],
}
database!(ByteDb, Bytes);

#[wasm_bindgen_test]
async fn bytes_are_a_uint8array_of_their_own() -> Result<()> {
    let db: ByteDb = empty("bytes").await;
    let row = Bytes {
        id: 1,
        vec: vec![0, 1, 255],
        blob: Blob(vec![7; 1000]),
        pages: vec![vec![1], vec![2, 3]],
        shades: vec![Shade(9), Shade(8)],
        perhaps: vec![Some(1), None],
        array: [1, 2, 3],
    };
    both_ways(
        "bytes",
        &db.rows,
        &row,
        "{ id: 1, vec: Uint8Array.of(0, 1, 255), blob: new Uint8Array(1000).fill(7), pages: [Uint8Array.of(1), Uint8Array.of(2, 3)],
           shades: Uint8Array.of(9, 8), perhaps: [1, null], array: [1, 2, 3] }",
    )
    .await?;
    let row = Bytes { blob: Blob::default(), perhaps: vec![Some(4), Some(5)], ..row };
    db.rows.put(&row).await?;
    assert_same(
        &js_sys::Reflect::get(&stored("bytes", 1).await, &"blob".into()).expect("there is a blob"),
        "new Uint8Array(0)",
    );
    assert_eq!(db.rows.get(1).await?, Some(row));
    Ok(())
}

#[wasm_bindgen_test]
async fn binary_of_every_kind_is_read_as_bytes() -> Result<()> {
    let db: ByteDb = empty("binary").await;
    put(
        "binary",
        "{ id: 1, vec: new Uint8Array([9, 1, 2, 9]).subarray(1, 3), blob: Uint8Array.of(5).buffer, pages: [new Uint8ClampedArray([3]), [4]],
           shades: [1, 2], perhaps: Uint8Array.of(1), array: Uint8Array.of(1, 2, 3) }",
    )
    .await;
    let expected = Bytes {
        id: 1,
        vec: vec![1, 2],
        blob: Blob(vec![5]),
        pages: vec![vec![3], vec![4]],
        shades: vec![Shade(1), Shade(2)],
        perhaps: vec![Some(1)],
        array: [1, 2, 3],
    };
    assert_eq!(db.rows.get(1).await?, Some(expected));
    Ok(())
}

#[wasm_bindgen_test]
async fn many_rows_of_bytes() -> Result<()> {
    let db: ByteDb = empty("many-bytes").await;
    let rows: Vec<Bytes> = (0..300_u32)
        .map(|id| {
            let byte = u8::try_from(id % 256).expect("below 256");
            Bytes {
                id,
                vec: vec![byte; 1 + id as usize % 7],
                blob: Blob(vec![byte; id as usize % 5]),
                pages: vec![vec![byte]; id as usize % 3],
                shades: vec![],
                perhaps: vec![None],
                array: [byte; 3],
            }
        })
        .collect();
    db.rows.bulk_add(&rows).await?;
    assert_eq!(db.rows.to_vec().await?, rows);
    Ok(())
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
struct Address {
    city: String,
    zip: Option<String>,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Unit;

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Meters(f64);

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Pair(u32, String);

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id")]
struct Nested {
    id: u32,
    address: Address,
    former: Vec<Address>,
    unit: Unit,
    height: Meters,
    pair: Pair,
    tuple: (u8, bool, Option<f64>),
    mixed: Vec<Vec<u32>>,
    set: BTreeSet<String>,
}
database!(NestedDb, Nested);

#[wasm_bindgen_test]
async fn structs_and_tuples_inside_of_structs() -> Result<()> {
    let db: NestedDb = empty("nested").await;
    let city = |city: &str, zip: Option<&str>| Address { city: city.into(), zip: zip.map(str::to_owned) };
    let row = Nested {
        id: 1,
        address: city("Ulm", Some("89073")),
        former: vec![city("A", None), city("B", Some("1")), city("Ç", None)],
        unit: Unit,
        height: Meters(1.5),
        pair: Pair(7, "seven".into()),
        tuple: (1, true, None),
        mixed: vec![vec![], vec![1, 2], vec![u32::MAX]],
        set: ["b".to_owned(), "a".to_owned()].into(),
    };
    both_ways(
        "nested",
        &db.rows,
        &row,
        "{ id: 1, address: { city: 'Ulm', zip: '89073' }, former: [{ city: 'A' }, { city: 'B', zip: '1' }, { city: 'Ç' }], unit: null,
           height: 1.5, pair: [7, 'seven'], tuple: [1, true, null], mixed: [[], [1, 2], [4294967295]], set: ['a', 'b'] }",
    )
    .await?;
    let row = Nested { former: vec![], mixed: vec![], set: BTreeSet::new(), ..row };
    both_ways(
        "nested",
        &db.rows,
        &row,
        "{ id: 1, address: { city: 'Ulm', zip: '89073' }, former: [], unit: null, height: 1.5, pair: [7, 'seven'],
           tuple: [1, true, null], mixed: [], set: [] }",
    )
    .await
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Size {
    Small,
    Large,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id")]
struct Maps {
    id: u32,
    ages: HashMap<String, u32>,
    by_number: BTreeMap<i64, String>,
    by_flag: BTreeMap<bool, u8>,
    by_size: BTreeMap<Size, Vec<u32>>,
    holes: BTreeMap<String, Option<u32>>,
    people: BTreeMap<String, Address>,
}
database!(MapDb, Maps);

fn no_maps(id: u32) -> Maps {
    Maps {
        id,
        ages: HashMap::new(),
        by_number: BTreeMap::new(),
        by_flag: BTreeMap::new(),
        by_size: BTreeMap::new(),
        holes: BTreeMap::new(),
        people: BTreeMap::new(),
    }
}

#[wasm_bindgen_test]
async fn maps_are_plain_objects() -> Result<()> {
    let db: MapDb = empty("maps").await;
    both_ways(
        "maps",
        &db.rows,
        &no_maps(1),
        "{ id: 1, ages: {}, by_number: {}, by_flag: {}, by_size: {}, holes: {}, people: {} }",
    )
    .await?;
    let row = Maps {
        ages: HashMap::from([("ä".into(), 1), (String::new(), 2), ("a b".into(), 3)]),
        by_number: BTreeMap::from([(-1, "x".into()), (7, "y".into()), (i64::MAX, "z".into())]),
        by_flag: BTreeMap::from([(true, 1), (false, 0)]),
        by_size: BTreeMap::from([(Size::Small, vec![]), (Size::Large, vec![1])]),
        holes: BTreeMap::from([("none".into(), None), ("some".into(), Some(1))]),
        people: BTreeMap::from([("p".into(), Address { city: "C".into(), zip: None })]),
        ..no_maps(2)
    };
    both_ways(
        "maps",
        &db.rows,
        &row,
        "{ id: 2, ages: { 'ä': 1, '': 2, 'a b': 3 }, by_number: { '-1': 'x', 7: 'y', 9223372036854775807: 'z' }
               && { '-1': 'x', 7: 'y', '9223372036854775807': 'z' },
           by_flag: { true: 1, false: 0 }, by_size: { Small: [], Large: [1] }, holes: { none: null, some: 1 },
           people: { p: { city: 'C' } } }",
    )
    .await
}

#[wasm_bindgen_test]
async fn dangerous_names_are_only_names() -> Result<()> {
    let db: MapDb = empty("dangerous").await;
    let names = ["__proto__", "constructor", "toString", "hasOwnProperty", "length", "then"];
    let row = Maps {
        ages: names.iter().zip(1..).map(|(name, at)| ((*name).to_owned(), at)).collect(),
        people: BTreeMap::from([("__proto__".into(), Address { city: "P".into(), zip: None })]),
        ..no_maps(1)
    };
    both_ways(
        "dangerous",
        &db.rows,
        &row,
        r#"{ id: 1, ages: JSON.parse('{"__proto__":1,"constructor":2,"toString":3,"hasOwnProperty":4,"length":5,"then":6}'),
             by_number: {}, by_flag: {}, by_size: {}, holes: {}, people: JSON.parse('{"__proto__":{"city":"P"}}') }"#,
    )
    .await?;
    db.rows
        .update(1, |row| {
            row.people.get_mut("__proto__").expect("it is there").zip = Some("1".into());
            row.ages.clear();
        })
        .await?;
    assert_same(
        &stored("dangerous", 1).await,
        r#"{ id: 1, ages: {}, by_number: {}, by_flag: {}, by_size: {}, holes: {},
             people: JSON.parse('{"__proto__":{"city":"P","zip":"1"}}') }"#,
    );
    assert!(literal("({}).city === undefined").is_truthy(), "no prototype was changed");
    Ok(())
}

#[wasm_bindgen_test]
async fn maps_with_keys_that_are_no_names_are_refused() -> Result<()> {
    let db: PointDb = empty("points").await;
    let row = Points { id: 1, at: HashMap::from([((1, 2), true)]) };
    let error = db.rows.put(&row).await;
    assert!(matches!(&error, Err(Error::Encode { path, .. }) if path == "at"), "{error:?}");
    Ok(())
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id")]
struct Points {
    id: u32,
    at: HashMap<(u8, u8), bool>,
}
database!(PointDb, Points);

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, done")]
struct Flat {
    id: u32,
    done: bool,
    note: Option<String>,
    #[serde(flatten)]
    address: Address,
    #[serde(flatten)]
    rest: BTreeMap<String, f64>,
}
database!(FlatDb, Flat);

#[wasm_bindgen_test]
async fn flattened_fields_stand_beside_the_others() -> Result<()> {
    let db: FlatDb = empty("flat").await;
    let row = Flat {
        id: 1,
        done: true,
        note: None,
        address: Address { city: "Ulm".into(), zip: None },
        rest: BTreeMap::from([("a".into(), 1.0), ("b".into(), -0.5), ("ç".into(), f64::INFINITY)]),
    };
    both_ways("flat", &db.rows, &row, "{ id: 1, done: 1, city: 'Ulm', a: 1, b: -0.5, 'ç': Infinity }").await?;
    let row = Flat {
        note: Some("n".into()),
        address: Address { city: "Ulm".into(), zip: Some("z".into()) },
        rest: BTreeMap::new(),
        ..row
    };
    both_ways("flat", &db.rows, &row, "{ id: 1, done: 1, note: 'n', city: 'Ulm', zip: 'z' }").await?;
    assert_eq!(db.rows.where_(|r| r.done).equals(true).count().await?, 1);
    Ok(())
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Tree {
    name: u32,
    branches: Vec<Tree>,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id")]
struct Grove {
    id: u32,
    tree: Tree,
    sets: HashSet<u32>,
}
database!(GroveDb, Grove);

#[wasm_bindgen_test]
async fn types_that_hold_themselves() -> Result<()> {
    let db: GroveDb = empty("grove").await;
    let mut tree = Tree { name: 0, branches: vec![] };
    let mut source = String::from("{ name: 0, branches: [] }");
    for name in 1..60 {
        tree = Tree { name, branches: vec![tree, Tree { name: 0, branches: vec![] }] };
        source = format!("{{ name: {name}, branches: [{source}, {{ name: 0, branches: [] }}] }}");
    }
    let row = Grove { id: 1, tree, sets: HashSet::from([3]) };
    both_ways("grove", &db.rows, &row, &format!("{{ id: 1, tree: {source}, sets: [3] }}")).await
}
