//! The functions of `indexed_db.js`, as Rust sees them.

use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/storage/indexed_db/indexed_db.js")]
extern "C" {
    pub(super) type Engine;

    #[wasm_bindgen(constructor)]
    pub(super) fn new(wake: &Closure<dyn Fn(u32, u32)>) -> Engine;

    #[wasm_bindgen(method)]
    pub(super) fn define(this: &Engine, names: Vec<String>, tags: &[u32]);

    #[wasm_bindgen(method)]
    pub(super) fn open(this: &Engine, id: u32, name: &str, version: f64, layout: &str, pause: f64);

    #[wasm_bindgen(method, js_name = showsUnfinishedUpgrades)]
    pub(super) fn shows_unfinished_upgrades(this: &Engine) -> bool;

    #[wasm_bindgen(method, js_name = oldVersion)]
    pub(super) fn old_version(this: &Engine, id: u32) -> f64;

    #[wasm_bindgen(method, js_name = newVersion)]
    pub(super) fn new_version(this: &Engine, id: u32) -> f64;

    #[wasm_bindgen(method)]
    pub(super) fn waited(this: &Engine, id: u32) -> f64;

    #[wasm_bindgen(method)]
    pub(super) fn version(this: &Engine, id: u32) -> f64;

    #[wasm_bindgen(method)]
    pub(super) fn marked(this: &Engine, id: u32) -> f64;

    #[wasm_bindgen(method)]
    pub(super) fn installed(this: &Engine, id: u32) -> String;

    #[wasm_bindgen(method, js_name = createStore)]
    pub(super) fn create_store(this: &Engine, id: u32, name: &str, key_path: &str, auto: bool) -> bool;

    #[wasm_bindgen(method, js_name = createIndex)]
    pub(super) fn create_index(
        this: &Engine,
        id: u32,
        store: &str,
        name: &str,
        key_path: &str,
        unique: bool,
        multi: bool,
    ) -> bool;

    #[wasm_bindgen(method)]
    pub(super) fn relayout(this: &Engine, id: u32, layout: &str);

    #[wasm_bindgen(method, js_name = deleteStore)]
    pub(super) fn delete_store(this: &Engine, id: u32, name: &str) -> bool;

    #[wasm_bindgen(method, js_name = deleteIndex)]
    pub(super) fn delete_index(this: &Engine, id: u32, store: &str, name: &str) -> bool;

    #[wasm_bindgen(method, js_name = renameStore)]
    pub(super) fn rename_store(this: &Engine, id: u32, name: &str, to: &str) -> bool;

    #[wasm_bindgen(method, js_name = renameIndex)]
    pub(super) fn rename_index(this: &Engine, id: u32, store: &str, name: &str, to: &str) -> bool;

    #[wasm_bindgen(method)]
    pub(super) fn close(this: &Engine, id: u32);

    #[wasm_bindgen(method, js_name = deleteDatabase)]
    pub(super) fn delete_database(this: &Engine, slot: u32, name: &str);

    #[wasm_bindgen(method, js_name = databaseNames)]
    pub(super) fn database_names(this: &Engine, slot: u32);

    #[wasm_bindgen(method)]
    pub(super) fn begin(this: &Engine, id: u32, connection: u32, stores: &[u16], write: bool, durability: u32) -> bool;

    #[wasm_bindgen(method)]
    pub(super) fn watch(this: &Engine, id: u32, name: &str, stores: Vec<String>);

    #[wasm_bindgen(method, js_name = takeCommit)]
    pub(super) fn take_commit(this: &Engine) -> js_sys::Array;

    #[wasm_bindgen(method, getter)]
    pub(super) fn seen(this: &Engine) -> f64;

    #[wasm_bindgen(method)]
    pub(super) fn later(this: &Engine, id: u32);

    #[wasm_bindgen(method)]
    pub(super) fn commit(this: &Engine, id: u32);

    #[wasm_bindgen(method)]
    pub(super) fn abort(this: &Engine, id: u32);

    #[allow(clippy::too_many_arguments, reason = "one crossing per operation")]
    #[wasm_bindgen(method)]
    pub(super) fn submit(
        this: &Engine,
        slot: u32,
        connection: u32,
        transaction: u32,
        operation: u32,
        store: u32,
        index: i32,
        a: u32,
        b: u32,
        durability: u32,
        ints: &[u32],
        floats: &[f64],
        bytes: &[u8],
        sections: &[u32],
    ) -> bool;

    #[wasm_bindgen(method)]
    pub(super) fn take(this: &Engine, slot: u32, words: &mut [u32]) -> u32;

    #[wasm_bindgen(method, js_name = turnToStream)]
    pub(super) fn turn_to_stream(this: &Engine) -> f64;

    #[wasm_bindgen(method)]
    pub(super) fn abandon(this: &Engine, slot: u32);

    #[wasm_bindgen(method)]
    pub(super) fn forget(this: &Engine, slot: u32);

    #[wasm_bindgen(method)]
    pub(super) fn unpark(this: &Engine, slot: u32);

    #[wasm_bindgen(method, getter)]
    pub(super) fn number(this: &Engine) -> f64;

    #[wasm_bindgen(method, js_name = takeShapes)]
    pub(super) fn take_shapes(this: &Engine) -> js_sys::Array;

    #[wasm_bindgen(method, js_name = takeInts)]
    pub(super) fn take_ints(this: &Engine) -> Vec<u32>;

    #[wasm_bindgen(method, js_name = takeFloats)]
    pub(super) fn take_floats(this: &Engine) -> Vec<f64>;

    #[wasm_bindgen(method, js_name = takeBytes)]
    pub(super) fn take_bytes(this: &Engine) -> Vec<u8>;

    #[wasm_bindgen(method, js_name = takeSections)]
    pub(super) fn take_sections(this: &Engine) -> Vec<u32>;

    #[wasm_bindgen(method, js_name = takeFailure)]
    pub(super) fn take_failure(this: &Engine) -> js_sys::Array;

    #[wasm_bindgen(method, js_name = connectionFailure)]
    pub(super) fn connection_failure(this: &Engine, id: u32);
}
