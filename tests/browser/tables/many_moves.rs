//! Changes of the keys of more rows than are read at a time.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Cases, Num, fresh};

fn num(id: u32) -> Num {
    Num { id, v: 0, s: String::new(), z: None }
}

#[wasm_bindgen_test]
async fn hundreds_of_rows_move_together() -> Result<()> {
    let db: Cases = fresh("moving hundreds").await;
    let nums: Vec<Num> = (1..=1_300).map(num).collect();
    db.nums.bulk_add(&nums).await?;

    let moved = db.nums.filter(|_| true).modify(|n| n.id += 1).await?;

    assert_eq!(moved, 1_300);
    assert_eq!(db.nums.primary_keys().await?, (2..=1_301).collect::<Vec<u32>>());
    Ok(())
}

#[wasm_bindgen_test]
async fn rows_that_move_onto_one_that_stays_all_stay() -> Result<()> {
    let db: Cases = fresh("moving hundreds onto").await;
    let nums: Vec<Num> = (1..=1_300).map(num).collect();
    db.nums.bulk_add(&nums).await?;

    let clash = db.nums.filter(|n| n.id != 1_200).modify(|n| n.id += 1).await;

    // Number 1,199 among those that are found: the 1,199th row.
    assert!(
        matches!(&clash, Err(Error::Constraint { table, index: None, key: Some(key), row: Some(1_198) })
            if table == "nums" && *key == 1_200.into()),
        "{clash:?}"
    );
    assert_eq!(db.nums.primary_keys().await?, (1..=1_300).collect::<Vec<u32>>());
    Ok(())
}
