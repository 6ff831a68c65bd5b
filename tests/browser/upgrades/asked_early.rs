//! Another program wants to upgrade while a database is still being opened: the event for that comes once, and early.

use indexie::prelude::*;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::fixtures::{Person, people, stored};

#[derive(Store, Serialize, Deserialize)]
#[store("++id, name, [name+id]")]
struct Paired {
    id: u32,
    name: String,
}

#[wasm_bindgen(inline_js = r#"
const { open } = IDBFactory.prototype;

// Asks for a version as soon as the next connection is there, before its program knows; resolves to the version it gets.
export function askAtNext(version) {
  return new Promise((resolve, reject) => {
    IDBFactory.prototype.open = function (name, ...rest) {
      const request = open.call(this, name, ...rest);
      request.addEventListener('success', () => {
        IDBFactory.prototype.open = open;
        const asking = open.call(indexedDB, name, version);
        asking.onsuccess = () => {
          asking.result.close();
          resolve(asking.result.version);
        };
        asking.onerror = () => reject(asking.error);
      });
      return request;
    };
  });
}
"#)]
extern "C" {
    #[wasm_bindgen(js_name = askAtNext)]
    fn ask_at_next(version: f64) -> js_sys::Promise;
}

#[wasm_bindgen_test]
async fn it_gives_way_and_opens_again() -> Result<()> {
    schema! { struct Before("upgrades: asked early"); version 1 { people: Person } }
    schema! { struct Now("upgrades: asked early"); version 1 { people: Paired } }
    stored::<Before>(async |db| people(&db.people, &["Ada"]).await.map(|_| ())).await?;
    // A repaired database has a store that says its version: reading it is part of opening.
    Now::builder().repair_schema(true).build().open().await?;
    let now = Now::new();
    let asked = ask_at_next(9.0);

    now.open().await?;

    let version =
        wasm_bindgen_futures::JsFuture::from(asked).await.map_err(|error| Error::user(format!("{error:?}")))?;
    assert_eq!(version.as_f64(), Some(9.0));
    assert!(!now.is_open());
    // Its store still says version 1.
    assert_eq!(now.people.count().await?, 1);
    Ok(())
}
