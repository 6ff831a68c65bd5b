//! The browser's IndexedDB. Where there is no browser, opening says so.
//! Called through [`Backend`](super::Backend) only; calls the codec and `indexed_db.js`.

#[cfg(target_family = "wasm")]
mod bindings;
#[cfg(target_family = "wasm")]
mod engine;
#[cfg(not(target_family = "wasm"))]
#[path = "indexed_db/elsewhere.rs"]
mod engine;
#[cfg(target_family = "wasm")]
mod request;

use std::rc::Rc;

use super::backend::{Backend, Connect};

/// The database of a page's origin.
#[derive(Debug)]
pub(crate) struct IndexedDb;

impl Connect for IndexedDb {
    fn backend(&self) -> Rc<dyn Backend> {
        engine::this_thread()
    }

    fn place(&self) -> usize {
        0
    }
}
