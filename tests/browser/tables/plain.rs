//! IndexedDB by plain JavaScript, beside the library: what is really stored, and rows that the library would never store.
//! Rows and keys are given as JavaScript, and come back as JSON.

use wasm_bindgen::prelude::*;

#[wasm_bindgen(inline_js = r#"
const of = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
const value = (code) => (0, eval)(`(${code})`);

async function within(name, mode, storeName, action) {
  const db = await of(indexedDB.open(name));
  try {
    const transaction = db.transaction(storeName, mode);
    const ended = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
    const result = await of(action(transaction.objectStore(storeName)));
    await ended;
    return result;
  } finally {
    db.close();
  }
}

function shown(name) {
  const value = this[name];
  if (value instanceof Date) return `Date(${Number(value)})`;
  if (value instanceof Blob) return `Blob(${value.size} bytes, ${value.type})`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${value})`;
  if (value instanceof Set) return { Set: [...value] };
  return typeof value === 'bigint' ? `${value}n` : value;
}

export const isFirefox = () => navigator.userAgent.includes('Firefox');

export async function put(name, store, row, key) {
  await within(name, 'readwrite', store,
    (store) => (key === undefined ? store.put(value(row)) : store.put(value(row), value(key))));
}

export async function stored(name, store, key) {
  return JSON.stringify(await within(name, 'readonly', store, (store) => store.get(value(key))), shown);
}

export async function all(name, store) {
  return JSON.stringify(await within(name, 'readonly', store, (store) => store.getAll()), shown);
}

export async function create(name, version, upgrade) {
  await of(indexedDB.deleteDatabase(name));
  const request = indexedDB.open(name, version);
  request.onupgradeneeded = () => new Function('db', upgrade)(request.result);
  (await of(request)).close();
}

export async function shape(name) {
  const db = await of(indexedDB.open(name));
  db.close();
  return `${db.version}: ${[...db.objectStoreNames].join(', ')}`;
}

export function replace(method, code) {
  const original = IDBObjectStore.prototype[method];
  IDBObjectStore.prototype[method] = new Function('original', `return ${code}`)(original);
  return original;
}

export function restore(method, original) {
  IDBObjectStore.prototype[method] = original;
}

export function watch(code) {
  const original = IDBDatabase.prototype.transaction, seen = [];
  const change = new Function('transaction', 'number', code);
  IDBDatabase.prototype.transaction = function (stores, mode, options) {
    const transaction = original.apply(this, arguments);
    const what = [mode === 'readwrite' ? 'write' : 'read', ...[].concat(stores)];
    if (options?.durability) what.push(options.durability);
    if (mode === 'readwrite') change(transaction, seen.filter((one) => one.startsWith('write')).length + 1);
    seen.push(what.join(' '));
    return transaction;
  };
  return { seen, restore: () => { IDBDatabase.prototype.transaction = original; } };
}

export function seen(watch) {
  return watch.seen.splice(0);
}

export function unwatch(watch) {
  watch.restore();
}

export async function reported(after) {
  const errors = [];
  const listen = (event) => errors.push(String(event.message ?? event.reason));
  addEventListener('error', listen);
  addEventListener('unhandledrejection', listen);
  await after;
  await sleep(20);
  removeEventListener('error', listen);
  removeEventListener('unhandledrejection', listen);
  return errors.join('; ');
}

export function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
"#)]
extern "C" {
    /// Whether this is Firefox.
    #[wasm_bindgen(js_name = isFirefox)]
    pub fn is_firefox() -> bool;
    #[wasm_bindgen(js_name = put)]
    async fn js_put(name: &str, store: &str, row: &str, key: Option<&str>);
    #[wasm_bindgen(js_name = stored)]
    async fn js_stored(name: &str, store: &str, key: &str) -> JsValue;
    #[wasm_bindgen(js_name = all)]
    async fn js_all(name: &str, store: &str) -> JsValue;
    #[wasm_bindgen(js_name = create)]
    async fn js_create(name: &str, version: u32, upgrade: &str);
    #[wasm_bindgen(js_name = shape)]
    async fn js_shape(name: &str) -> JsValue;
    fn replace(method: &str, code: &str) -> JsValue;
    fn restore(method: &str, original: &JsValue);
    fn watch(code: &str) -> JsValue;
    fn seen(watch: &JsValue) -> Vec<String>;
    fn unwatch(watch: &JsValue);
    #[wasm_bindgen(js_name = reported)]
    async fn js_reported(after: js_sys::Promise) -> JsValue;
    #[wasm_bindgen(js_name = sleep)]
    async fn js_sleep(milliseconds: u32);
}

/// Puts a row, the key in it.
pub async fn put(database: &str, store: &str, row: &str) {
    js_put(database, store, row, None).await;
}

/// Puts a row under a key apart from it.
pub async fn put_with_key(database: &str, store: &str, row: &str, key: &str) {
    js_put(database, store, row, Some(key)).await;
}

/// The row with this key.
pub async fn stored(database: &str, store: &str, key: &str) -> Option<String> {
    js_stored(database, store, key).await.as_string()
}

/// All rows.
pub async fn all(database: &str, store: &str) -> Option<String> {
    js_all(database, store).await.as_string()
}

/// Makes a database of this version; `upgrade` is called with it as `db`.
pub async fn create(database: &str, version: u32, upgrade: &str) {
    js_create(database, version, upgrade).await;
}

/// The browser's number of a database, and its stores.
pub async fn shape(database: &str) -> String {
    js_shape(database).await.as_string().unwrap_or_default()
}

/// What the page's own error handlers see while this runs, which is nothing but bugs.
pub async fn reported(run: impl Future<Output = ()> + 'static) -> String {
    let run = wasm_bindgen_futures::future_to_promise(async move {
        run.await;
        Ok(JsValue::UNDEFINED)
    });
    js_reported(run).await.as_string().unwrap_or_default()
}

/// Waits for a timer, which no transaction survives.
pub async fn sleep(milliseconds: u32) {
    js_sleep(milliseconds).await;
}

/// A method of every object store, replaced for as long as this is there.
#[must_use]
pub struct Replaced {
    method: &'static str,
    original: JsValue,
}

/// Replaces a method of every object store; `function` may call `original`.
pub fn replaced(method: &'static str, function: &str) -> Replaced {
    Replaced { method, original: replace(method, function) }
}

impl Drop for Replaced {
    fn drop(&mut self) {
        restore(self.method, &self.original);
    }
}

/// Sees every transaction that begins, for as long as this is there.
#[must_use]
pub struct Begun(JsValue);

/// Sees transactions begin. `code` is called with each one that writes, as `transaction`, and its `number` from 1 on.
pub fn begun(code: &str) -> Begun {
    Begun(watch(code))
}

impl Begun {
    /// Those since it was last asked: whether they read or write, and what.
    pub fn seen(&self) -> Vec<String> {
        seen(&self.0)
    }

    /// Of those since it was last asked, how many write.
    pub fn writes(&self) -> usize {
        self.seen().iter().filter(|what| what.starts_with("write")).count()
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        unwatch(&self.0);
    }
}
