//! Values of every type come out as they went in.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use indexie::Date;
use indexie::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
enum Shape {
    Point,
    Circle(f64),
    Line(i64, i64),
    Box { width: u64, height: Option<u64> },
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Unit;

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
#[serde(default)]
struct Extra {
    note: Option<String>,
    #[serde(flatten)]
    more: BTreeMap<String, u32>,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, flag, text, at, bytes, *set, [text+flag]")]
struct Everything {
    id: u32,
    flag: bool,
    text: String,
    at: Date,
    bytes: Vec<u8>,
    set: BTreeSet<String>,
    wide: (u64, i64, i128),
    floats: [f64; 4],
    letter: char,
    unit: Unit,
    #[allow(clippy::option_option, reason = "serde reads and writes it")]
    nothing: Option<Option<u8>>,
    shapes: Vec<Shape>,
    nested: Vec<Vec<Option<u8>>>,
    map: BTreeMap<u8, Extra>,
    hash: HashMap<String, Vec<u8>>,
}

schema! {
    struct Values("values");

    version 1 {
        rows: Everything,
    }
}

fn everything(id: u32) -> Everything {
    let text = ["", "plain", "naïve", "\u{1f600}", "a\0b", "\u{feff}x"][id as usize % 6];
    Everything {
        id,
        flag: id.is_multiple_of(2),
        text: text.repeat(id as usize % 3 + 1),
        at: Date::from_millis(i64::from(id) - 2),
        bytes: vec![0, 128, 255],
        set: BTreeSet::from(["x".into(), format!("{id}")]),
        wide: (u64::MAX - u64::from(id), i64::MIN, i128::MAX),
        floats: [-0.0, f64::INFINITY, f64::MIN_POSITIVE, 0.1 * f64::from(id)],
        letter: '\u{10ffff}',
        unit: Unit,
        nothing: if id.is_multiple_of(2) { None } else { Some(Some(7)) },
        shapes: vec![
            Shape::Point,
            Shape::Circle(0.5),
            Shape::Line(-1, 1 << 60),
            Shape::Box { width: 1, height: None },
            Shape::Box { width: 2, height: Some(3) },
        ],
        nested: vec![vec![], vec![None, Some(1)], vec![Some(2)]],
        map: BTreeMap::from([
            (10, Extra::default()),
            (9, Extra { note: Some("n".into()), more: BTreeMap::from([("__proto__".into(), 1), ("2".into(), 2)]) }),
        ]),
        hash: HashMap::from([(String::new(), vec![1]), ("é".into(), vec![])]),
    }
}

#[tokio::test]
async fn rows_come_back_alone_and_among_others() -> Result<()> {
    let db = Values::new();
    let rows: Vec<Everything> = (0..300).map(everything).collect();
    db.rows.bulk_add(&rows).await?;
    assert_eq!(db.rows.to_vec().await?, rows);
    assert_eq!(db.rows.get(7).await?, Some(everything(7)));
    assert!(db.rows.get(0).await?.is_some_and(|row| row.floats[0].is_sign_negative()));
    Ok(())
}

#[tokio::test]
async fn rows_are_found_by_keys_of_every_type() -> Result<()> {
    let db = Values::new();
    db.rows.bulk_add(&(0..12).map(everything).collect::<Vec<_>>()).await?;
    assert_eq!(db.rows.where_(|r| r.flag).equals(true).count().await?, 6);
    assert_eq!(db.rows.where_(|r| r.at).below(Date::from_millis(0)).primary_keys().await?, [0, 1]);
    assert_eq!(db.rows.where_(|r| r.bytes).equals(vec![0, 128, 255]).count().await?, 12);
    assert_eq!(db.rows.where_(|r| r.set).any_of(["11", "3"]).primary_keys().await?, [11, 3]);
    assert_eq!(db.rows.where_(|r| r.text).starts_with("\u{1f600}").primary_keys().await?, [3, 9]);
    assert_eq!(db.rows.where_(|r| r.text_flag).equals(("plain".repeat(2), false)).primary_keys().await?, [1, 7]);
    let texts = db.rows.order_by(|r| r.text).keys::<String>().await?;
    let mut sorted = texts.clone();
    sorted.sort_by_key(|text| text.encode_utf16().collect::<Vec<_>>());
    assert_eq!(texts, sorted);
    Ok(())
}

#[tokio::test]
async fn rows_are_changed_in_place() -> Result<()> {
    let db = Values::new();
    db.rows.add(&everything(1)).await?;
    let changed = db.rows.update(1, |row| row.nested[1].push(Some(9))).await?;
    assert_eq!(changed.nested, [vec![], vec![None, Some(1), Some(9)], vec![Some(2)]]);
    assert_eq!(db.rows.get(1).await?, Some(changed));
    Ok(())
}
