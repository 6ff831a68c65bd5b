//! Rows whose objects differ from one another: optional fields, many fields, and objects that are used as maps.

use std::collections::BTreeMap;

use indexie::prelude::*;
use serde::{Deserialize, Serialize};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::javascript::{assert_same, both_ways, database, empty, put, stored};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id")]
struct Sparse {
    id: u32,
    a: Option<u32>,
    b: Option<String>,
    c: Option<f64>,
    d: Option<Vec<Option<u8>>>,
    e: Option<Box<Sparse>>,
}
database!(SparseDb, Sparse);

#[wasm_bindgen_test]
async fn rows_that_lack_different_fields_in_one_bulk() -> Result<()> {
    let db: SparseDb = empty("sparse").await;
    let row = |id: u32| Sparse {
        id,
        a: (id & 1 != 0).then_some(id),
        b: (id & 2 != 0).then(|| format!("b{id}")),
        c: (id & 4 != 0).then_some(0.5),
        d: (id & 8 != 0).then(|| vec![Some(1), None]),
        e: None,
    };
    let rows: Vec<Sparse> =
        (0..300).map(|id| Sparse { e: (id & 16 != 0).then(|| Box::new(row(id / 2))), ..row(id) }).collect();
    db.rows.bulk_add(&rows).await?;
    assert_eq!(db.rows.to_vec().await?, rows);
    assert_same(&stored("sparse", 0).await, "{ id: 0 }");
    assert_same(&stored("sparse", 5).await, "{ id: 5, a: 5, c: 0.5 }");
    assert_same(
        &stored("sparse", 31).await,
        "{ id: 31, a: 31, b: 'b31', c: 0.5, d: [1, null], e: { id: 15, a: 15, b: 'b15', c: 0.5, d: [1, null] } }",
    );
    // The order of properties is another program's own.
    put("sparse", "{ c: 1, b: null, e: { d: [], id: 9 }, id: 1000, a: undefined }").await;
    let e = Some(Box::new(Sparse { d: Some(vec![]), ..row(0) }));
    let expected = Sparse { c: Some(1.0), e: e.map(|e| Box::new(Sparse { id: 9, ..*e })), ..row(0) };
    assert_eq!(db.rows.get(1000).await?, Some(Sparse { id: 1000, ..expected }));
    Ok(())
}

#[wasm_bindgen_test]
async fn an_update_adds_and_removes_properties() -> Result<()> {
    let db: SparseDb = empty("sparse-update").await;
    db.rows.put(&Sparse { id: 1, a: Some(1), b: None, c: None, d: None, e: None }).await?;
    db.rows
        .update(1, |row| {
            row.a = None;
            row.c = Some(2.0);
        })
        .await?;
    assert_same(&stored("sparse-update", 1).await, "{ id: 1, c: 2 }");
    Ok(())
}

macro_rules! many_fields {
    ($($field:ident)*) => {
        #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
        #[store("id")]
        struct ManyFields {
            id: u32,
            $($field: Option<String>,)*
        }

        impl ManyFields {
            /// Every field has its own name as its text.
            fn full(id: u32) -> Self {
                Self { id, $($field: Some(stringify!($field).to_owned()),)* }
            }

            fn source(id: u32) -> String {
                format!(concat!("{{ id: {}", $(", ", stringify!($field), ": '", stringify!($field), "'",)* " }}"), id)
            }
        }
    };
}
many_fields!(
    f00 f01 f02 f03 f04 f05 f06 f07 f08 f09 f10 f11 f12 f13 f14 f15 f16 f17 f18 f19 f20 f21 f22 f23 f24 f25 f26 f27 f28 f29
    f30 f31 f32 f33 f34 f35 f36 f37 f38 f39 f40 f41 f42 f43 f44 f45 f46 f47 f48 f49 f50 f51 f52 f53 f54 f55 f56 f57 f58 f59
    f60 f61 f62 f63 f64 f65 f66 f67 f68 f69 f70 f71 f72 f73 f74 f75 f76 f77 f78 f79
);
database!(ManyFieldDb, ManyFields);

#[wasm_bindgen_test]
async fn rows_of_eighty_fields() -> Result<()> {
    let db: ManyFieldDb = empty("eighty").await;
    both_ways("eighty", &db.rows, &ManyFields::full(1), &ManyFields::source(1)).await?;
    let rows: Vec<ManyFields> = (0..300)
        .map(|id| if id % 3 == 0 { ManyFields { id, ..ManyFields::default() } } else { ManyFields::full(id) })
        .collect();
    db.rows.bulk_put(&rows).await?;
    assert_eq!(db.rows.to_vec().await?, rows);
    Ok(())
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id")]
struct Counts {
    id: u32,
    words: BTreeMap<String, u32>,
    inner: BTreeMap<String, BTreeMap<String, String>>,
    last: String,
}
database!(CountDb, Counts);

#[wasm_bindgen_test]
async fn thousands_of_different_maps() -> Result<()> {
    let db: CountDb = empty("counts").await;
    let rows: Vec<Counts> = (0..3_000_u32)
        .map(|id| Counts {
            id,
            words: (0..id % 4).map(|at| (format!("w{id}-{at}"), at)).collect(),
            inner: BTreeMap::from([(format!("ä{id}"), BTreeMap::from([(format!("k{id}"), format!("v{id}"))]))]),
            last: format!("{id}"),
        })
        .collect();
    db.rows.bulk_add(&rows).await?;
    assert_eq!(db.rows.to_vec().await?, rows);
    assert_same(
        &stored("counts", 2_999).await,
        "{ id: 2999, words: { 'w2999-0': 0, 'w2999-1': 1, 'w2999-2': 2 }, inner: { 'ä2999': { k2999: 'v2999' } }, last: '2999' }",
    );
    // A map of more properties than an object's layout may have.
    let large = Counts {
        id: 5_000,
        words: (0..500).map(|at| (format!("n{at}"), at)).collect(),
        inner: BTreeMap::new(),
        last: "ü".into(),
    };
    db.rows.add(&large).await?;
    assert_eq!(db.rows.get(5_000).await?, Some(large));
    Ok(())
}
