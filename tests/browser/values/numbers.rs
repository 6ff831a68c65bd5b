//! Numbers, booleans, dates and what is absent.

use indexie::Date;
use indexie::prelude::*;
use serde::{Deserialize, Serialize};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::javascript::{assert_same, both_ways, database, empty, put, stored};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id")]
struct Integers {
    id: u32,
    byte: u8,
    short: i16,
    int: i32,
    natural: u64,
    whole: i64,
    huge: u128,
    hugely_negative: i128,
}
database!(IntegerDb, Integers);

#[wasm_bindgen_test]
async fn integers_beyond_2_to_the_53_are_big_integers() -> Result<()> {
    let db: IntegerDb = empty("integers").await;
    let small = Integers {
        id: 1,
        byte: 255,
        short: -32_768,
        int: i32::MIN,
        natural: 1 << 53,
        whole: -(1 << 53),
        huge: 0,
        hugely_negative: -1,
    };
    both_ways(
        "integers",
        &db.rows,
        &small,
        "{ id: 1, byte: 255, short: -32768, int: -2147483648, natural: 2 ** 53, whole: -(2 ** 53), huge: 0, hugely_negative: -1 }",
    )
    .await?;
    let large = Integers {
        id: 2,
        byte: 0,
        short: 0,
        int: 0,
        natural: u64::MAX,
        whole: i64::MIN,
        huge: u128::MAX,
        hugely_negative: i128::MIN,
    };
    both_ways(
        "integers",
        &db.rows,
        &large,
        "{ id: 2, byte: 0, short: 0, int: 0, natural: 2n ** 64n - 1n, whole: -(2n ** 63n), huge: 2n ** 128n - 1n, hugely_negative: -(2n ** 127n) }",
    )
    .await?;
    let beyond = Integers { natural: (1 << 53) + 1, whole: i64::MAX, ..large };
    both_ways(
        "integers",
        &db.rows,
        &beyond,
        "{ id: 2, byte: 0, short: 0, int: 0, natural: 2n ** 53n + 1n, whole: 2n ** 63n - 1n, huge: 2n ** 128n - 1n, hugely_negative: -(2n ** 127n) }",
    )
    .await
}

#[wasm_bindgen_test]
async fn a_small_number_is_read_however_it_is_stored() -> Result<()> {
    let db: IntegerDb = empty("integers-leniently").await;
    put(
        "integers-leniently",
        "{ id: 1, byte: 7n, short: -0, int: -7n, natural: 9n, whole: 2 ** 53, huge: 1n, hugely_negative: 2 }",
    )
    .await;
    let row = db.rows.get(1).await?.expect("the row is there");
    assert_eq!((row.byte, row.short, row.int, row.natural, row.whole), (7, 0, -7, 9, 1 << 53));
    assert_eq!((row.huge, row.hugely_negative), (1, 2));
    for (field, value) in [
        ("byte", "256"),
        ("byte", "-1"),
        ("short", "1.5"),
        ("int", "2 ** 31"),
        ("natural", "NaN"),
        ("whole", "2n ** 63n"),
    ] {
        let source = format!(
            "{{ id: 2, byte: 0, short: 0, int: 0, natural: 0, whole: 0, huge: 0, hugely_negative: 0, {field}: {value} }}"
        );
        put("integers-leniently", &source).await;
        let error = db.rows.get(2).await;
        assert!(matches!(&error, Err(Error::Decode { path, .. }) if path == field), "{field} {value}: {error:?}");
    }
    Ok(())
}

#[derive(Store, Serialize, Deserialize, Clone, Debug)]
#[store("id")]
struct Floats {
    id: u32,
    double: f64,
    single: f32,
    many: Vec<f64>,
    perhaps: Option<f64>,
}
database!(FloatDb, Floats);

#[wasm_bindgen_test]
async fn nan_infinities_and_minus_zero_survive() -> Result<()> {
    let db: FloatDb = empty("floats").await;
    let values = [
        (f64::NAN, "NaN"),
        (f64::INFINITY, "Infinity"),
        (f64::NEG_INFINITY, "-Infinity"),
        (-0.0, "-0"),
        (0.0, "0"),
        (5.0, "5"),
        (0.1, "0.1"),
        (1e300, "1e300"),
        (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
        (9_007_199_254_740_993.0, "9007199254740992"),
    ];
    for (value, text) in values {
        #[allow(clippy::cast_possible_truncation, reason = "the nearest f32 is meant")]
        let row = Floats { id: 1, double: value, single: value as f32, many: vec![value, 1.0], perhaps: Some(value) };
        let source =
            format!("{{ id: 1, double: {text}, single: Math.fround({text}), many: [{text}, 1], perhaps: {text} }}");
        db.rows.put(&row).await?;
        assert_same(&stored("floats", 1).await, &source);
        for _ in 0..2 {
            let read = db.rows.get(1).await?.expect("the row is there");
            assert_eq!(read.double.to_bits(), value.to_bits(), "{text}");
            assert_eq!(read.single.to_bits(), row.single.to_bits(), "{text}");
            assert_eq!(read.many[0].to_bits(), value.to_bits(), "{text}");
            assert_eq!(read.perhaps.map(f64::to_bits), Some(value.to_bits()), "{text}");
            put("floats", &source).await;
        }
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn an_update_knows_minus_zero_from_zero_and_nan_from_a_change() -> Result<()> {
    let db: FloatDb = empty("float-updates").await;
    let row = Floats { id: 1, double: 0.0, single: f32::NAN, many: vec![f64::NAN], perhaps: Some(f64::NAN) };
    db.rows.put(&row).await?;
    db.rows.update(1, |row| row.double = -0.0).await?;
    assert_same(&stored("float-updates", 1).await, "{ id: 1, double: -0, single: NaN, many: [NaN], perhaps: NaN }");
    let changed = db.rows.where_(|r| r.id).at_least(0).modify(|row| row.double = -0.0).await?;
    assert_eq!(changed, 0, "nothing is different");
    Ok(())
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id")]
struct Plain {
    id: u32,
    yes: bool,
    letter: char,
    unit: (),
    maybe: Option<u32>,
    #[allow(clippy::option_option, reason = "what becomes of one is the question")]
    nested: Option<Option<String>>,
    many: Vec<Option<bool>>,
}
database!(PlainDb, Plain);

#[wasm_bindgen_test]
async fn what_is_absent_has_no_property() -> Result<()> {
    let db: PlainDb = empty("absent").await;
    let row = Plain { id: 1, yes: true, letter: 'ß', unit: (), maybe: None, nested: None, many: vec![] };
    both_ways("absent", &db.rows, &row, "{ id: 1, yes: true, letter: 'ß', unit: null, many: [] }").await?;
    let row = Plain {
        id: 2,
        yes: false,
        letter: '😀',
        unit: (),
        maybe: Some(0),
        nested: Some(Some(String::new())),
        many: vec![None, Some(false), Some(true)],
    };
    both_ways(
        "absent",
        &db.rows,
        &row,
        "{ id: 2, yes: false, letter: '😀', unit: null, maybe: 0, nested: '', many: [null, false, true] }",
    )
    .await?;
    // One `None` in another is as absent as one alone: JavaScript has no second nothing.
    let row = Plain { nested: Some(None), ..row };
    db.rows.put(&row).await?;
    assert_same(
        &stored("absent", 2).await,
        "{ id: 2, yes: false, letter: '😀', unit: null, maybe: 0, many: [null, false, true] }",
    );
    assert_eq!(db.rows.get(2).await?, Some(Plain { nested: None, ..row }));
    Ok(())
}

#[wasm_bindgen_test]
async fn null_and_undefined_are_none() -> Result<()> {
    let db: PlainDb = empty("nothing").await;
    put(
        "nothing",
        "{ id: 1, yes: 1, letter: 'x', unit: undefined, maybe: null, nested: undefined, many: [,undefined,0] }",
    )
    .await;
    let expected = Plain {
        id: 1,
        yes: true,
        letter: 'x',
        unit: (),
        maybe: None,
        nested: None,
        many: vec![None, None, Some(false)],
    };
    assert_eq!(db.rows.get(1).await?, Some(expected));
    Ok(())
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id")]
struct Dates {
    id: u32,
    at: Date,
    perhaps: Option<Date>,
    many: Vec<Date>,
    either: DateOrText,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(untagged)]
enum DateOrText {
    At(Date),
    Text(String),
}
database!(DateDb, Dates);

#[wasm_bindgen_test]
async fn a_date_is_a_date() -> Result<()> {
    let db: DateDb = empty("dates").await;
    let (first, last) = (Date::from_millis(i64::MIN), Date::from_millis(i64::MAX));
    let row = Dates {
        id: 1,
        at: Date::from_millis(0),
        perhaps: Some(Date::from_millis(-1)),
        many: vec![first, last, Date::from_millis(5_000_000_000)],
        either: DateOrText::At(Date::from_millis(7)),
    };
    both_ways(
        "dates",
        &db.rows,
        &row,
        "{ id: 1, at: new Date(0), perhaps: new Date(-1), many: [new Date(-8.64e15), new Date(8.64e15), new Date(5e9)], either: new Date(7) }",
    )
    .await?;
    let row = Dates { perhaps: None, many: vec![], either: DateOrText::Text("x".into()), ..row };
    both_ways("dates", &db.rows, &row, "{ id: 1, at: new Date(0), many: [], either: 'x' }").await?;
    // As other programs may have stored times: as a number, and not at all.
    put("dates", "{ id: 2, at: 12, many: [1.5], either: '' }").await;
    let row = db.rows.get(2).await?.expect("the row is there");
    assert_eq!((row.at.millis(), row.many[0].millis()), (12, 1));
    put("dates", "{ id: 2, at: new Date(NaN), many: [], either: '' }").await;
    let error = db.rows.get(2).await;
    assert!(matches!(&error, Err(Error::Decode { path, .. }) if path == "at"), "{error:?}");
    Ok(())
}
