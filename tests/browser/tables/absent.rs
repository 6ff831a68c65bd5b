//! A browser that has no IndexedDB, as some settings for privacy make it.

use indexie::prelude::*;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::fixtures::{Cases, with_people};

#[wasm_bindgen(inline_js = r#"
// Takes IndexedDB away; what it returns puts it back.
export function takeAway() {
  const own = Object.getOwnPropertyDescriptor(globalThis, 'indexedDB');
  Object.defineProperty(globalThis, 'indexedDB', { value: undefined, configurable: true });
  return () => {
    delete globalThis.indexedDB;
    if (own) Object.defineProperty(globalThis, 'indexedDB', own);
  };
}
"#)]
extern "C" {
    #[wasm_bindgen(js_name = takeAway)]
    fn take_away() -> js_sys::Function;
}

fn is_unsupported<R: std::fmt::Debug>(result: &Result<R>) {
    assert!(matches!(result, Err(Error::Unsupported { what }) if what == "there is no IndexedDB here"), "{result:?}");
}

#[wasm_bindgen_test]
async fn everything_says_that_it_is_not_there() -> Result<()> {
    let db = with_people("absent").await?;
    db.close();
    let put_back = take_away();

    let other = Cases::builder().name("absent").build();
    let (opened, counted) = (other.open().await, other.people.count().await);
    let (deleted, names) = (other.delete().await, indexie::database_names().await);

    let _ = put_back.call0(&JsValue::NULL);
    is_unsupported(&opened);
    is_unsupported(&counted);
    is_unsupported(&deleted);
    is_unsupported(&names);
    assert_eq!(other.people.count().await?, 2);
    Ok(())
}
