//! A filter that panics while the storage is still reading: whoever waits for the rows is told, and the database goes on. The panic
//! is an exception that goes through wasm, which is what a panic comes to there.

use indexie::prelude::*;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::streams::large;

#[wasm_bindgen(inline_js = "
export function listening(seen) {
  const listen = (event) => { event.preventDefault(); seen.push(String(event.message)); };
  addEventListener('error', listen);
  return () => removeEventListener('error', listen);
}
")]
extern "C" {
    fn listening(seen: &js_sys::Array) -> js_sys::Function;
}

#[wasm_bindgen_test]
async fn a_filter_that_panics_over_a_large_table() -> Result<()> {
    let db = large("a filter that panics").await?;
    let seen = js_sys::Array::new();
    let stop = listening(&seen);
    let query = db.rows.filter(|row| if row.id == 1_000 { wasm_bindgen::throw_str("a panic") } else { true });
    let (told, outcome) = futures::channel::oneshot::channel();
    spawn_local(async move {
        let _ = told.send(query.to_vec().await);
    });
    let outcome = outcome.await;
    let _ = stop.call0(&JsValue::NULL);
    assert_eq!(seen.length(), 1, "{seen:?}");
    assert!(matches!(outcome, Ok(Err(_))), "{outcome:?}");
    // The same database goes on.
    assert_eq!(db.rows.to_vec().await?.len(), 3_500);
    assert_eq!(db.rows.filter(|row| row.id % 2 == 0).to_vec().await?.len(), 1_750);
    Ok(())
}
