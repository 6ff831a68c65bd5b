//! A filter that panics while the storage is still reading: whoever waits for the rows is told, and the database goes on. The panic
//! is an exception that goes through wasm, which is what a panic comes to there.

use indexie::prelude::*;
use indexie_tests::Uncaught;
use wasm_bindgen_futures::spawn_local;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::streams::large;

#[wasm_bindgen_test]
async fn a_filter_that_panics_over_a_large_table() -> Result<()> {
    let db = large("a filter that panics").await?;
    let uncaught = Uncaught::listen();
    let query = db.rows.filter(|row| if row.id == 1_000 { wasm_bindgen::throw_str("a panic") } else { true });
    let (told, outcome) = futures::channel::oneshot::channel();
    spawn_local(async move {
        let _ = told.send(query.to_vec().await);
    });
    let outcome = outcome.await;
    let heard = uncaught.heard();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert!(matches!(outcome, Ok(Err(_))), "{outcome:?}");
    // The same database goes on.
    assert_eq!(db.rows.to_vec().await?.len(), 3_500);
    assert_eq!(db.rows.filter(|row| row.id % 2 == 0).to_vec().await?.len(), 1_750);
    Ok(())
}
