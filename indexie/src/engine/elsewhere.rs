//! Where there is no browser: the types are the same, and opening says so.
#![allow(clippy::unused_async, reason = "the same signatures as in a browser")]

use std::sync::Arc;

use futures::future::LocalBoxFuture;

use super::{Access, Handlers, Session, Shared};
use crate::error::{Error, Result};
use crate::storage::{Reply, Request};

fn nowhere() -> Error {
    Error::Unsupported { what: "IndexedDB is only there in a browser: build for wasm32-unknown-unknown".to_owned() }
}

pub(super) fn inside(_database: u64) -> bool {
    false
}

pub(super) async fn run(_session: &Session, _request: Request) -> Result<Reply> {
    Err(nowhere())
}

pub(super) async fn transact<R: 'static>(
    _shared: Arc<Shared>,
    _stores: Vec<u16>,
    _access: Access,
    _body: impl FnOnce(Session) -> LocalBoxFuture<'static, Result<R>>,
) -> Result<R> {
    Err(nowhere())
}

pub(crate) fn handlers(_shared: &Shared, _handlers: Handlers) {}

pub(crate) fn forget(_database: u64) {}

pub(crate) fn is_open(_shared: &Shared) -> bool {
    false
}

pub(crate) fn close(_shared: &Shared) {}

pub(crate) async fn open(_shared: Arc<Shared>) -> Result<()> {
    Err(nowhere())
}

pub(crate) async fn delete(_shared: Arc<Shared>) -> Result<()> {
    Err(nowhere())
}

pub(crate) async fn database_names() -> Result<Vec<String>> {
    Err(nowhere())
}

pub(super) fn unpark(_parked: u32) {}

pub(crate) fn drop_store(_session: &Session, _name: &str) -> Result<()> {
    Err(nowhere())
}
