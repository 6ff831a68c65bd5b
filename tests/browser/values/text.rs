//! Strings: what UTF-8 and UTF-16 disagree about, and many of them side by side.

use indexie::prelude::*;
use serde::{Deserialize, Serialize};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::javascript::{assert_same, both_ways, database, empty, put, stored};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id")]
struct Texts {
    id: u32,
    left: String,
    right: String,
    note: Option<String>,
    words: Vec<String>,
}
database!(TextDb, Texts);

/// Texts of every width, and those that codecs lose: byte order marks, zeros, characters outside of the first plane.
const TEXTS: [&str; 12] = [
    "",
    "a",
    "ä",
    "漢字",
    "😀",
    "\u{feff}bom",
    "bo\u{feff}m",
    "\0",
    "\u{ffff}",
    "\u{10ffff}",
    "a😀ä\u{2028}",
    "\u{7f}\u{80}",
];

fn quoted(text: &str) -> String {
    let units: Vec<String> = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    format!("'{}'", units.concat())
}

#[wasm_bindgen_test]
async fn every_text_beside_every_other() -> Result<()> {
    let db: TextDb = empty("texts").await;
    for left in TEXTS {
        for right in TEXTS {
            let row = Texts {
                id: 1,
                left: left.into(),
                right: right.into(),
                note: None,
                words: vec![right.into(), left.into()],
            };
            db.rows.put(&row).await?;
            let (l, r) = (quoted(left), quoted(right));
            assert_same(&stored("texts", 1).await, &format!("{{ id: 1, left: {l}, right: {r}, words: [{r}, {l}] }}"));
            assert_eq!(db.rows.get(1).await?, Some(row));
        }
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn neighbouring_rows_keep_their_own_text() -> Result<()> {
    let db: TextDb = empty("many-texts").await;
    // More than two sections of the codec, with other text at their borders and ASCII alone in the second.
    let rows: Vec<Texts> = (0..700_u32)
        .map(|id| {
            let plain = (130..250).contains(&id);
            let text = |at: u32| if plain { "plain" } else { TEXTS[(at as usize) % TEXTS.len()] };
            Texts {
                id,
                left: format!("{}{id}", text(id)),
                right: text(id / 3).to_owned(),
                note: (id % 5 == 0).then(|| format!("{id}{}", text(id + 1))),
                words: (0..id % 4).map(|at| text(id + at).to_owned()).collect(),
            }
        })
        .collect();
    db.rows.bulk_add(&rows).await?;
    assert_eq!(db.rows.to_vec().await?, rows);
    for id in [0_u32, 126, 127, 128, 129, 255, 256, 257, 383, 384, 640, 699] {
        let Texts { left, right, note, words, .. } = &rows[id as usize];
        let note = note.as_ref().map_or(String::new(), |note| format!("note: {},", quoted(note)));
        let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        let source = format!(
            "{{ id: {id}, left: {}, right: {}, {note} words: [{}] }}",
            quoted(left),
            quoted(right),
            words.join()
        );
        assert_same(&stored("many-texts", id).await, &source);
    }
    let entries = db.rows.where_(|r| r.id).between(100..400).entries().await?;
    assert_eq!(entries.into_iter().map(|(_, row)| row).collect::<Vec<_>>(), rows[100..400]);
    Ok(())
}

trait Join {
    fn join(&self) -> String;
}

impl Join for Vec<String> {
    fn join(&self) -> String {
        self.as_slice().join(", ")
    }
}

#[wasm_bindgen_test]
async fn exactly_one_section() -> Result<()> {
    let db: TextDb = empty("one-section").await;
    let rows: Vec<Texts> =
        (0..128).map(|id| Texts { id, left: "ä".into(), right: String::new(), note: None, words: vec![] }).collect();
    db.rows.bulk_add(&rows).await?;
    assert_eq!(db.rows.to_vec().await?, rows);
    assert_eq!(db.rows.limit(127).to_vec().await?, rows[..127]);
    Ok(())
}

/// Short texts are spelled unit by unit, and a row of up to some four kilobytes is handed over in one piece.
#[wasm_bindgen_test]
async fn texts_of_every_length_around_those_at_which_another_way_is_taken() -> Result<()> {
    let db: TextDb = empty("lengths").await;
    let rows: Vec<Texts> = (240..270)
        .chain(3_950..4_100)
        .map(|id| Texts {
            id,
            left: "x".repeat(id as usize - 1),
            right: if id % 3 == 0 { "ä" } else { "y" }.to_owned(),
            note: None,
            words: vec![],
        })
        .collect();
    db.rows.bulk_add(&rows).await?;
    for row in &rows {
        assert_eq!(db.rows.get(row.id).await?.as_ref(), Some(row));
    }
    assert_eq!(db.rows.to_vec().await?, rows);
    Ok(())
}

#[wasm_bindgen_test]
async fn long_texts() -> Result<()> {
    let db: TextDb = empty("long-texts").await;
    let (ascii, wide) = ("x".repeat(3_000_000), "ä😀".repeat(400_000));
    let row = Texts { id: 1, left: ascii, right: wide, note: None, words: vec!["y".repeat(70_000); 3] };
    both_ways(
        "long-texts",
        &db.rows,
        &row,
        "{ id: 1, left: 'x'.repeat(3e6), right: 'ä😀'.repeat(4e5), words: Array(3).fill('y'.repeat(70000)) }",
    )
    .await
}

#[wasm_bindgen_test]
async fn a_lone_surrogate_reads_as_a_replacement_and_stays_stored() -> Result<()> {
    let db: TextDb = empty("surrogates").await;
    // Two halves that must not become one character.
    put("surrogates", r"{ id: 1, left: '\ud83d', right: '\ude00', words: ['\ud83d', '\ude00', 'a'] }").await;
    put("surrogates", r"{ id: 2, left: 'x\ud83d', right: 'y', words: [] }").await;
    put("surrogates", r"{ id: 3, left: '\ude00x', right: '\ud83d\ude00', words: [] }").await;
    let rows = db.rows.to_vec().await?;
    assert_eq!((&*rows[0].left, &*rows[0].right), ("\u{fffd}", "\u{fffd}"));
    assert_eq!(rows[0].words, ["\u{fffd}", "\u{fffd}", "a"]);
    assert_eq!((&*rows[1].left, &*rows[1].right), ("x\u{fffd}", "y"));
    assert_eq!((&*rows[2].left, &*rows[2].right), ("\u{fffd}x", "😀"));
    db.rows.update(1, |row| row.note = Some("seen".into())).await?;
    let source = r"{ id: 1, left: '\ud83d', right: '\ude00', words: ['\ud83d', '\ude00', 'a'], note: 'seen' }";
    assert_same(&stored("surrogates", 1).await, source);
    Ok(())
}
