//! The memory as a storage: databases in `BTreeMap`s, with IndexedDB's semantics. What an operation does, which of its rows
//! fails and how, when a transaction may start and what it leaves behind is the same as in `indexed_db.js`.
//!
//! `value` to `merge` are pure: one operation on one store. `database` and its neighbours are what threads share, behind a
//! lock; `engine` and `pump` are each thread's own.
//! Called through [`Backend`] only; calls the codec.

mod abandoned;
mod adopt;
mod alter;
mod commits;
mod connection;
mod database;
mod engine;
pub(crate) mod evaluator;
mod inbox;
mod merge;
mod opening;
mod operate;
mod path;
mod pump;
mod scan;
mod schedule;
mod store;
mod streams;
mod task;
mod undo;
mod value;
mod write;

use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;

use self::database::Realm;
use self::engine::Engine;
use self::operate::Outcome;
use self::scan::Found;
use self::task::Slot;
use super::backend::{Backend, Connect, Layout, OpenRequest, SchemaChange, Versions};
use super::{Failure, Reply, Request, Want};
use crate::Date;
use crate::database::Durability;
use crate::schema::InstalledStore;

/// The databases that are made on this thread. Whoever has them may use them from any other.
#[derive(Debug)]
pub(crate) struct Memory(Arc<Realm>);

impl Memory {
    /// Those of this thread.
    pub fn here() -> Self {
        thread_local!(static REALM: Arc<Realm> = Arc::default());
        // A destructor that runs after this thread's data are gone finds an empty one.
        Self(REALM.try_with(Arc::clone).unwrap_or_default())
    }
}

/// Wakes all who wait for something of this thread.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn who_waits() -> Waker {
    engine::this_thread().inbox.clone().into()
}

impl Connect for Memory {
    fn backend(&self) -> Rc<dyn Backend> {
        Rc::new(InRealm { realm: self.0.clone(), engine: engine::this_thread() })
    }

    fn place(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }
}

/// This thread's engine, and the realm whose databases it is asked for.
struct InRealm {
    realm: Arc<Realm>,
    engine: Rc<Engine>,
}

impl Backend for InRealm {
    fn open(&self, connection: u32, request: &OpenRequest<'_>) {
        self.engine.open(&self.realm, connection, request);
    }

    fn relayout(&self, connection: u32, layout: &Layout) {
        if let Some(connection) = self.engine.waiting(connection) {
            connection.relayout(layout);
        }
    }

    fn close(&self, connection: u32) {
        self.engine.close(connection);
    }

    fn versions(&self, connection: u32) -> Versions {
        let Some(connection) = self.engine.waiting(connection) else { return Versions::default() };
        let waited = connection.blocked.get().map_or(0, |since| Date::now().millis() - since.millis());
        let waited = std::time::Duration::from_millis(waited.max(0).unsigned_abs());
        Versions { waited, ..connection.versions.get() }
    }

    fn stored_version(&self, connection: u32) -> (u32, Option<u32>) {
        let connection = self.engine.waiting(connection);
        connection.map(|connection| connection.stored().version).unwrap_or_default()
    }

    fn installed(&self, connection: u32) -> Vec<InstalledStore> {
        let connection = self.engine.waiting(connection);
        connection.map(|connection| connection.stored().stores).unwrap_or_default()
    }

    fn alter(&self, connection: u32, change: SchemaChange<'_>) -> Result<(), Failure> {
        self.engine.alter(connection, change)
    }

    fn failure(&self, connection: u32) -> Failure {
        let failure = self.engine.waiting(connection).and_then(|connection| connection.failure.borrow().clone());
        failure.unwrap_or_else(|| write::failure("UnknownError", "the database did not open"))
    }

    fn delete_database(&self, slot: u32, name: &str) {
        self.engine.delete_database(&self.realm, slot, name);
    }

    fn database_names(&self, slot: u32) {
        let primary_keys: Vec<_> = self.realm.names().into_iter().map(Into::into).collect();
        let found = Found { count: primary_keys.len(), primary_keys, ..Found::default() };
        self.engine.slots.borrow_mut().insert(slot, Slot::Settled(Ok(Outcome::Found(found)), 0));
        self.engine.pump.hold(&self.engine, slot);
        self.engine.inbox.put(inbox::Note::Settled(slot));
    }

    fn begin(
        &self,
        transaction: u32,
        connection: u32,
        stores: &[u16],
        write: bool,
        _durability: Durability,
    ) -> Result<(), Failure> {
        self.engine.begin(transaction, connection, stores, write)
    }

    fn commit(&self, transaction: u32) {
        self.engine.commit(transaction);
    }

    fn abort(&self, transaction: u32) {
        self.engine.abort(transaction);
    }

    fn submit(
        &self,
        slot: u32,
        connection: u32,
        transaction: u32,
        _durability: Durability,
        request: &Rc<Request>,
    ) -> bool {
        self.engine.submit(slot, connection, transaction, request)
    }

    fn take(&self, slot: u32, want: Want) -> Result<Reply, Failure> {
        self.engine.take(slot, want)
    }

    fn forget(&self, slot: u32) {
        self.engine.forget(slot);
    }

    fn abandon(&self, id: u32) {
        self.engine.abandon(id);
    }

    fn unpark(&self, parked: u32) {
        self.engine.unpark(parked);
    }

    fn watch(&self, watch: u32, database: &str, stores: &[String]) {
        self.engine.watch(&self.realm, watch, database, stores);
    }

    fn seen(&self) -> u64 {
        self.engine.seen.get()
    }

    fn later(&self, transaction: u32) {
        self.engine.pump.later(transaction);
    }

    fn waits(&self, future: u32, waits: bool) {
        self.engine.waits(future, waits);
    }

    fn turn(&self, waker: &Waker, of: u32) {
        self.engine.turn(waker, of);
    }
}
