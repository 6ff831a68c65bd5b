//! The engine: where operations run. Opens the database when it is first needed, refuses what would wait for itself,
//! and turns failures into errors that name the table.
//! Called by tables, queries and transactions; calls the storage.

mod connection;
mod failure;
mod row;
mod run;
mod savepoint;
mod shared;
mod turns;
mod upgrade;

pub(crate) use connection::{close, database_names, delete, forget, handlers, is_open, open};
pub(crate) use row::RowType;
pub(crate) use savepoint::savepoint;
pub(crate) use shared::{Handlers, Shared};
pub(crate) use upgrade::Rebuild;

use std::sync::Arc;

use futures::channel::oneshot;
use futures::future::LocalBoxFuture;

use crate::database::Durability;
use crate::error::{Error, Result};
use crate::storage::{Columns, Operation, Reply, Request, runner};

/// Where operations run: a database, and the transaction they belong to if they do.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub shared: Arc<Shared>,
    pub transaction: Option<u32>,
}

/// What a transaction may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    ReadWrite,
}

impl Session {
    /// Runs one operation.
    pub async fn run(&self, store: u16, index: Option<u16>, operation: Operation) -> Result<Reply> {
        run::run(self, Request { store, index, operation }).await
    }

    /// Runs an operation that answers with columns.
    pub async fn columns(&self, store: u16, index: Option<u16>, operation: Operation) -> Result<Columns> {
        match self.run(store, index, operation).await? {
            Reply::Columns(columns) => Ok(columns),
            Reply::Unit | Reply::Number(_) => Err(unexpected()),
        }
    }

    /// Runs an operation that answers with a number.
    #[allow(clippy::cast_possible_truncation, reason = "a count of rows in a browser")]
    pub async fn number(&self, store: u16, index: Option<u16>, operation: Operation) -> Result<usize> {
        match self.run(store, index, operation).await? {
            Reply::Number(number) => Ok(number as usize),
            Reply::Unit | Reply::Columns(_) => Err(unexpected()),
        }
    }

    /// Lets go of rows that a Get has parked.
    pub fn unpark(&self, parked: u32) {
        self.shared.backend().unpark(parked);
    }

    /// Runs `body` in one transaction: the session's own, or else a new one.
    pub async fn atomically<R: 'static>(
        &self,
        store: u16,
        access: Access,
        body: impl FnOnce(Session) -> LocalBoxFuture<'static, Result<R>>,
    ) -> Result<R> {
        if let Some(transaction) = self.transaction {
            if turns::is_closing(transaction) {
                return Err(runner::committing());
            }
            let kind = if access == Access::Read { turns::Kind::Reads } else { turns::Kind::Writes };
            return turns::as_one(transaction, kind, body(self.clone())).await;
        }
        self.refuse_inside(store)?;
        transact(self.shared.clone(), vec![store], access, None, body).await
    }

    /// An unbound handle inside a transaction of its own database would wait for that transaction, which waits for it.
    pub fn refuse_inside(&self, store: u16) -> Result<()> {
        if self.transaction.is_none() && connection::inside(self.shared.id) {
            return Err(Error::OutsideTransaction { table: self.shared.table_name(store).to_owned() });
        }
        Ok(())
    }
}

/// Runs `body` in a new transaction over these stores, with this durability or the database's.
pub(crate) async fn transact<R: 'static>(
    shared: Arc<Shared>,
    stores: Vec<u16>,
    access: Access,
    durability: Option<Durability>,
    body: impl FnOnce(Session) -> LocalBoxFuture<'static, Result<R>>,
) -> Result<R> {
    if connection::inside(shared.id) {
        return Err(Error::OutsideTransaction {
            table: stores.first().map_or("", |store| shared.table_name(*store)).to_owned(),
        });
    }
    run::transact(shared, stores, access, durability, body).await
}

/// Aborts a transaction, unless it is decided already.
pub(crate) fn abort(transaction: u32) {
    runner::abort(transaction, Error::Aborted { reason: "`abort` was called".to_owned() });
}

/// Commits what has been asked of a transaction so far, unless it is decided already.
pub(crate) fn commit(transaction: u32) -> LocalBoxFuture<'static, Result<()>> {
    let (told, committing) = oneshot::channel();
    // What is waiting for its turn has been asked for, too.
    turns::after_all(transaction, move || {
        // Nobody need be listening.
        let _ = told.send(runner::commit(transaction));
    });
    Box::pin(async move {
        match committing.await {
            Ok(committed) => committed.await,
            Err(_) => Err(runner::committing()),
        }
    })
}

fn unexpected() -> Error {
    Error::Other { name: "InternalError".to_owned(), message: "the storage gave another kind of answer".to_owned() }
}
