//! Rows that another program has stored: what the type does not know, and what it cannot take.

use std::collections::{BTreeMap, BTreeSet};

use indexie::prelude::*;
use serde::{Deserialize, Serialize};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::javascript::{assert_same, database, empty, put, stored};

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Item {
    name: String,
    count: Option<u32>,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id")]
struct Order {
    id: u32,
    title: String,
    items: Vec<Item>,
    tags: BTreeSet<String>,
    totals: BTreeMap<String, f64>,
    weights: Vec<f64>,
}
database!(OrderDb, Order);

fn order(id: u32) -> Order {
    Order {
        id,
        title: "t".into(),
        items: vec![Item { name: "n".into(), count: Some(1) }],
        tags: BTreeSet::new(),
        totals: BTreeMap::new(),
        weights: vec![],
    }
}

const KNOWN: &str = "id: 1, title: 't', items: [{ name: 'n', count: 1 }], tags: [], totals: {}, weights: []";

#[wasm_bindgen_test]
async fn what_the_type_does_not_have_is_passed_over() -> Result<()> {
    let db: OrderDb = empty("unknown").await;
    let unknown = [
        "new Blob(['x'])",
        "/x/g",
        "new Error('x')",
        "new Set([new Map([[{}, /y/]])])",
        "new Float32Array(3)",
        "[1, 'x', [/y/, { a: /z/ }], undefined]",
        "{ deep: { deeper: [new Date(0), 5n, true, new Blob([])] } }",
        "Object.assign([1], { extra: /x/ })",
        "(() => { const a = {}; a.a = a; a.b = [a, a]; return a; })()",
    ];
    for value in unknown {
        put("unknown", &format!("{{ before: {value}, {KNOWN}, after: {value} }}")).await;
        assert_eq!(db.rows.get(1).await?, Some(order(1)), "{value}");
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn what_the_type_does_not_have_survives_an_update() -> Result<()> {
    let db: OrderDb = empty("kept").await;
    put("kept", &format!("{{ pattern: /x/g, {KNOWN}, seen: new Set([1n]), none: null }}")).await;
    db.rows.update(1, |row| row.title.push('2')).await?;
    let row = stored("kept", 1).await;
    let field = |name: &str| js_sys::Reflect::get(&row, &name.into()).expect("it is an object");
    assert_same(&field("title"), "'t2'");
    assert_same(&field("none"), "null");
    assert_eq!(js_sys::RegExp::from(field("pattern")).source(), "x");
    assert_eq!(js_sys::Set::from(field("seen")).size(), 1);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_the_type_cannot_take_is_an_error_that_says_where() -> Result<()> {
    let db: OrderDb = empty("wrong").await;
    db.rows.bulk_put(&[order(0), order(2)]).await?;
    let wrong = [
        ("title: 5", "title", "a number"),
        ("title: undefined", "title", "null"),
        ("title: new Blob(['x'])", "title", "Blob"),
        ("title: { a: 1 }", "title", "an object"),
        ("title: new Date(0)", "title", "a Date"),
        ("title: 5n", "title", "a BigInt"),
        ("title: true", "title", "a boolean"),
        ("title: Uint8Array.of(1)", "title", "a Uint8Array"),
        ("items: [{ name: 'n' }, { name: 'n', count: /x/ }]", "items[1].count", "RegExp"),
        ("items: [{ name: 'n' }, { count: 1 }]", "items[1].name", "name"),
        ("items: [5]", "items[0]", "a number"),
        ("items: null", "items", "null"),
        ("tags: ['a', 7]", "tags[1]", "a number"),
        ("totals: { a: 1, 'ä b': 'x' }", "totals.ä b", "\"x\""),
        ("totals: new Map([['k', new Error('x')]])", "totals.k", "Error"),
        ("weights: [1, null]", "weights[1]", "null"),
    ];
    for (field, at, word) in wrong {
        put("wrong", &format!("{{ {KNOWN}, {field} }}")).await;
        let single = db.rows.get(1).await.map(|_| ());
        let several = db.rows.to_vec().await.map(|_| ());
        let queried = db.rows.filter(|_| true).to_vec().await.map(|_| ());
        for error in [single, several, queried] {
            let Err(Error::Decode { table, key, path, message }) = &error else { panic!("{field}: {error:?}") };
            assert_eq!((&**table, &**path, key), ("rows", at, &Some(1.into())), "{field}");
            assert!(message.contains(word), "{field}: {message}");
        }
        let update = db.rows.update(1, |row| row.title.clear()).await;
        assert!(matches!(&update, Err(Error::Decode { path, .. }) if path == at), "{field}: {update:?}");
    }
    put("wrong", "{ id: 1 }").await;
    let missing = db.rows.get(1).await;
    assert!(matches!(&missing, Err(Error::Decode { message, .. }) if message.contains("title")), "{missing:?}");
    Ok(())
}

#[wasm_bindgen_test]
async fn sets_maps_and_typed_arrays_are_read_for_what_they_hold() -> Result<()> {
    let db: OrderDb = empty("classes").await;
    put(
        "classes",
        "{ id: 1, title: new String('boxed'), items: new Set([{ name: 'a' }, { name: 'b', count: 2n }]), tags: new Set(['y', 'x']),
           totals: new Map([['one', 1], ['two', new Number(2)]]), weights: Float64Array.of(0.5, -0, NaN) }",
    )
    .await;
    let row = db.rows.get(1).await?.expect("the row is there");
    assert_eq!((&*row.title, row.items.len(), row.items[1].count), ("boxed", 2, Some(2)));
    assert_eq!(row.tags.into_iter().collect::<Vec<_>>(), ["x", "y"]);
    assert_eq!(row.totals, BTreeMap::from([("one".into(), 1.0), ("two".into(), 2.0)]));
    assert_eq!(row.weights.len(), 3);
    assert_eq!((row.weights[0], row.weights[1].to_bits()), (0.5, (-0.0_f64).to_bits()));
    assert!(row.weights[2].is_nan());
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_that_holds_itself_is_an_error_and_not_a_frozen_page() -> Result<()> {
    let db: OrderDb = empty("cycles").await;
    put("cycles", &format!("(() => {{ const a = {{ {KNOWN} }}; a.items = [a]; a.items[0].name = a; return a; }})()"))
        .await;
    assert!(matches!(db.rows.get(1).await, Err(Error::Decode { .. })));
    let row = stored("cycles", 1).await;
    assert!(row.is_object());
    // Deeper than any call stack.
    put(
        "cycles",
        &format!("(() => {{ let a = {{}}; for (let i = 0; i < 1000; i++) a = {{ a }}; return {{ {KNOWN}, a }}; }})()"),
    )
    .await;
    assert_eq!(db.rows.get(1).await?, Some(order(1)));
    // Each with more properties than an object's layout may have.
    put(
        "cycles",
        &format!(
            "(() => {{ const wide = Object.fromEntries(Array.from({{ length: 65 }}, (_, i) => ['p' + i, i]));
            let a = {{}}; for (let i = 0; i < 200; i++) a = {{ a, ...wide }}; return {{ {KNOWN}, a }}; }})()"
        ),
    )
    .await;
    assert_eq!(db.rows.get(1).await?, Some(order(1)));
    Ok(())
}
