//! Plain JavaScript beside the library: another program that reads and writes the same database.

use std::fmt::Debug;
use std::ops::Deref;

use indexie::{Database, Indexie, Insert, Result, Store, Table};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(inline_js = r#"
export const literal = (source) => new Function(`return (${source});`)();

function request(name, mode, action) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const db = opening.result;
      try {
        const transaction = db.transaction('rows', mode);
        const request = action(transaction.objectStore('rows'));
        transaction.oncomplete = () => { db.close(); resolve(request.result); };
        transaction.onabort = () => { db.close(); reject(transaction.error); };
      } catch (error) {
        db.close();
        reject(error);
      }
    };
  });
}

export const stored = (name, key) => request(name, 'readonly', (rows) => rows.get(key));

// The row is made where no wasm is on the stack: Firefox cannot store an error that remembers such a stack.
export const put = (name, source) => request(name, 'readwrite', (rows) => rows.put(literal(source)));

// Where two values differ, in words; empty if they do not. Stricter than any comparison of JSON: NaN, -0, prototypes,
// properties that are undefined, and how much memory a view keeps alive.
export function difference(a, b, path = 'row') {
  const show = (value) => (typeof value === 'symbol' ? 'a symbol' : `${typeof value} ${String(value)}`);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return Object.is(a, b) ? '' : `${path}: ${show(a)} instead of ${show(b)}`;
  }
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return `${path}: of another class`;
  if (a instanceof Date) return difference(Number(a), Number(b), `${path}.getTime()`);
  if (ArrayBuffer.isView(a) && a.buffer.byteLength !== a.byteLength) {
    return `${path}: ${a.byteLength} bytes keep ${a.buffer.byteLength} alive`;
  }
  const [left, right] = [a, b].map((value) => Object.getOwnPropertyNames(value).sort());
  if (left.join() !== right.join()) return `${path}: has {${left}} instead of {${right}}`;
  for (const name of left) {
    const inner = difference(a[name], b[name], `${path}.${name}`);
    if (inner !== '') return inner;
  }
  return '';
}
"#)]
extern "C" {
    /// The value of a JavaScript expression.
    pub fn literal(source: &str) -> JsValue;
    #[wasm_bindgen(js_name = stored)]
    async fn stored_in(database: &str, key: JsValue) -> JsValue;
    #[wasm_bindgen(js_name = put)]
    async fn put_into(database: &str, source: &str) -> JsValue;
    fn difference(a: &JsValue, b: &JsValue) -> String;
}

/// Declares a database whose only table, `rows`, holds these records.
macro_rules! database {
    ($database:ident, $row:ident) => {
        schema! {
            struct $database("values");
            version 1 {
                rows: $row,
            }
        }
    };
}
pub(crate) use database;

/// A database of its own for each test, with no rows and its stores in place.
pub async fn empty<D: Database + Deref<Target = Indexie>>(name: &str) -> D {
    let db: D = indexie_tests::fresh(name).await;
    db.open().await.expect("the database opens");
    db
}

/// The row with this key, as it is stored.
pub async fn stored(database: &str, key: impl Into<JsValue>) -> JsValue {
    stored_in(database, key.into()).await
}

/// Stores what this JavaScript expression gives.
pub async fn put(database: &str, source: &str) {
    put_into(database, source).await;
}

/// The row with this key must be stored as what this JavaScript expression gives.
#[track_caller]
pub fn assert_same(stored: &JsValue, source: &str) {
    let difference = difference(stored, &literal(source));
    assert!(difference.is_empty(), "stored {difference}");
}

/// A row must be stored as this object, read back alone and among others, and read when JavaScript stores that object.
pub async fn both_ways<T>(database: &str, table: &Table<T>, row: &T, source: &str) -> Result<()>
where
    T: Store<Key = u32> + Insert<T> + Clone + PartialEq + Debug,
{
    let key = table.put(row).await?;
    assert_same(&stored(database, key).await, source);
    assert_eq!(table.get(key).await?.as_ref(), Some(row));
    assert!(table.to_vec().await?.contains(row));
    table.delete(key).await?;
    put(database, source).await;
    assert_eq!(table.get(key).await?.as_ref(), Some(row), "written by JavaScript");
    assert!(table.to_vec().await?.contains(row), "written by JavaScript");
    Ok(())
}
