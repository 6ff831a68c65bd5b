//! The browser's IndexedDB: one JavaScript engine per thread, and futures that wait for its slots.
//! Called by `crate::engine`; calls the codec and `indexed_db.js`.

mod bindings;
mod request;
mod runner;
mod thread;

pub(crate) use runner::{adopt, current, ended, transact};
pub(crate) use thread::{Event, Layout, Thread};
