//! Where there is no browser there is no IndexedDB: opening a database fails.

use std::rc::Rc;
use std::task::Waker;

use crate::database::Durability;
use crate::schema::InstalledStore;
use crate::storage::{
    Backend, Event, Failure, Layout, OpenRequest, Reply, Request, SchemaChange, Thread, Versions, Want,
};

pub(super) fn this_thread() -> Rc<dyn Backend> {
    Rc::new(Nowhere)
}

struct Nowhere;

fn nowhere() -> Failure {
    let message = "IndexedDB is only there in a browser: build for wasm32-unknown-unknown, or use `Storage::Memory`";
    Failure::new("NotSupportedError", message)
}

impl Backend for Nowhere {
    fn open(&self, connection: u32, _request: &OpenRequest<'_>) {
        Thread::get().happened(connection, Event::OpenFailed);
    }

    fn relayout(&self, _connection: u32, _layout: &Layout) {}

    fn close(&self, _connection: u32) {}

    fn versions(&self, _connection: u32) -> Versions {
        Versions::default()
    }

    fn stored_version(&self, _connection: u32) -> (u32, Option<u32>) {
        (0, None)
    }

    fn installed(&self, _connection: u32) -> Vec<InstalledStore> {
        Vec::new()
    }

    fn alter(&self, _connection: u32, _change: SchemaChange<'_>) -> Result<(), Failure> {
        Err(nowhere())
    }

    fn failure(&self, _connection: u32) -> Failure {
        nowhere()
    }

    fn delete_database(&self, slot: u32, _name: &str) {
        Thread::get().settled(slot);
    }

    fn database_names(&self, slot: u32) {
        Thread::get().settled(slot);
    }

    fn begin(
        &self,
        _transaction: u32,
        _connection: u32,
        _stores: &[u16],
        _write: bool,
        _durability: Durability,
    ) -> Result<(), Failure> {
        Err(nowhere())
    }

    fn commit(&self, _transaction: u32) {}

    fn abort(&self, _transaction: u32) {}

    fn submit(
        &self,
        _slot: u32,
        _connection: u32,
        _transaction: u32,
        _durability: Durability,
        _request: &Rc<Request>,
    ) -> bool {
        true
    }

    fn take(&self, _slot: u32, _want: Want) -> Result<Reply, Failure> {
        Err(nowhere())
    }

    fn forget(&self, _slot: u32) {}

    fn unpark(&self, _parked: u32) {}

    fn watch(&self, _watch: u32, _database: &str, _stores: &[String]) {}

    fn seen(&self) -> u64 {
        0
    }

    fn later(&self, _transaction: u32) {}

    fn turn(&self, _waker: &Waker, _future: u32) {}
}
