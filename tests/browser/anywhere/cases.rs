//! What an app does with a database, once through: included by a test target for each place in which Rust runs in a
//! browser. The other targets go into every corner, in a window.

mod memory;
mod opening;
mod rows;
mod transactions;
mod values;

#[allow(dead_code, reason = "made for another target, which needs all of it")]
#[path = "../tables/plain.rs"]
mod plain;

#[allow(unused_imports, reason = "one of the targets goes further")]
pub use opening::GuestDb;
#[allow(unused_imports, reason = "one of the targets goes further")]
pub use plain::{all, begun, sleep};

use wasm_bindgen::JsCast;

use crate::{builder, fresh};

/// The class of the global object: where this runs.
pub fn place() -> String {
    let global: js_sys::Object = js_sys::global().unchecked_into();
    global.constructor().name().into()
}
