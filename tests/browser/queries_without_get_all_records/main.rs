//! The queries again, in a browser of before IndexedDB 3.0: without `getAllRecords`, and without directions for `getAll`.
#![cfg(target_family = "wasm")]

#[path = "../queries/clauses.rs"]
mod clauses;
#[path = "../queries/columns.rs"]
mod columns;
#[path = "../queries/compound.rs"]
mod compound;
#[path = "../queries/explained.rs"]
mod explained;
#[path = "../queries/fixtures.rs"]
mod fixtures;
#[path = "../queries/foreign.rs"]
mod foreign;
#[path = "../queries/ignoring_case.rs"]
mod ignoring_case;
#[path = "../queries/multi_entry.rs"]
mod multi_entry;
#[path = "../queries/order.rs"]
mod order;
#[path = "../queries/pages.rs"]
mod pages;
#[path = "../queries/programs.rs"]
mod programs;
#[path = "../queries/random.rs"]
mod random;
#[path = "../queries/reads.rs"]
mod reads;
#[path = "../queries/runs.rs"]
mod runs;
#[path = "../queries/streams.rs"]
mod streams;
#[path = "../queries/unions.rs"]
mod unions;
#[path = "../queries/windows.rs"]
mod windows;
#[path = "../queries/writes.rs"]
mod writes;

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

// What is left refuses the options that only newer browsers take, as an older one does.
#[wasm_bindgen(inline_js = r#"
export function becomeOlder() {
  for (const { prototype } of [IDBObjectStore, IDBIndex]) {
    if (!('getAllRecords' in prototype)) continue;
    delete prototype.getAllRecords;
    for (const method of ['getAll', 'getAllKeys']) {
      const original = prototype[method];
      prototype[method] = function (query, count) {
        if (query !== null && typeof query === 'object' && 'direction' in query) throw new DOMException('no key', 'DataError');
        return original.call(this, query, count);
      };
    }
  }
}

export function isOlder() {
  return !('getAllRecords' in IDBObjectStore.prototype) && !('getAllRecords' in IDBIndex.prototype);
}
"#)]
extern "C" {
    #[wasm_bindgen(js_name = becomeOlder)]
    fn become_older();
    #[wasm_bindgen(js_name = isOlder)]
    fn is_older() -> bool;
}

/// Before the library opens its first database, at which it looks at what the browser can do.
fn arrange_browser() {
    become_older();
}

#[wasm_bindgen_test]
async fn the_browser_of_these_tests_is_an_older_one() -> indexie::Result<()> {
    fixtures::friends("an older browser").await?;
    assert!(is_older());
    Ok(())
}
