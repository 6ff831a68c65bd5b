//! The engine: where operations run. Opens the database when it is first needed, refuses what would wait for itself,
//! and turns failures into errors that name the table.
//! Called by tables, queries and transactions; calls the storage.

mod above;
mod connection;
mod failure;
mod row;
mod run;
mod savepoint;
mod shared;
mod turns;
mod upgrade;

pub(crate) use above::{Above, Footprint, Frame, KeyFor, Sight, Steps, Task, above, set_above};
#[cfg(feature = "electric")]
pub(crate) use connection::keep_records;
pub(crate) use connection::{close, database_names, delete, handlers, is_open, open};
pub(crate) use row::{RowType, Written};
pub(crate) use savepoint::savepoint;
pub(crate) use shared::{Handlers, Shared};
pub(crate) use turns::{Turn, turn_in};
pub(crate) use upgrade::{Rebuild, UPGRADES, Upgrades, needed};

use std::any::Any;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::{LocalBoxFuture, ready};

use crate::database::Durability;
use crate::error::{Error, Result};
use crate::key::AnyKey;
use crate::storage::{Columns, Operation, Reply, Request, runner};

/// Where operations run: a database, and the transaction they belong to if they do.
#[derive(Clone)]
pub(crate) struct Session {
    pub shared: Arc<Shared>,
    pub transaction: Option<u32>,
    pub sight: Sight,
    /// The rows that it sees, where those are fixed.
    frame: Option<Rc<dyn Frame>>,
    /// It is of an operation at whose beginning nobody attended to its table. Who does so since attends to the next one.
    pub unattended: bool,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("database", &self.shared.name)
            .field("transaction", &self.transaction)
            .field("sight", &self.sight)
            .finish_non_exhaustive()
    }
}

/// The last handle of a database object is gone.
pub(crate) fn forget(database: u64) {
    above::forget(database);
    connection::forget(database);
}

/// What a transaction may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    ReadWrite,
}

impl Session {
    /// Outside of transactions, seeing what overlays show.
    pub fn alone(shared: Arc<Shared>) -> Self {
        Self { shared, transaction: None, sight: Sight::Shown, frame: None, unattended: false }
    }

    /// In a transaction.
    pub fn within(shared: Arc<Shared>, transaction: u32) -> Self {
        Self { shared, transaction: Some(transaction), sight: Sight::Committed, frame: None, unattended: false }
    }

    /// The same, below hooks, guards and overlays.
    #[cfg(feature = "electric")]
    pub fn silent(self) -> Self {
        Self { sight: Sight::Stored, ..self }
    }

    /// In an overlay.
    pub fn of_overlay(shared: Arc<Shared>, overlay: u32) -> Self {
        Self { shared, transaction: None, sight: Sight::Overlay(overlay), frame: None, unattended: false }
    }

    /// The same, with this sight on rows that are fixed.
    pub fn on(self, sight: Sight, frame: Rc<dyn Frame>) -> Self {
        Self { sight, frame: Some(frame), ..self }
    }

    /// The rows that it sees, where those are fixed.
    pub fn frame(&self) -> Option<&dyn Frame> {
        self.frame.as_deref()
    }

    /// Runs one operation.
    pub fn run(&self, store: u16, index: Option<u16>, operation: Operation) -> LocalBoxFuture<'_, Result<Reply>> {
        self.request(Request { store, index, operation, sink: None })
    }

    fn request(&self, request: Request) -> LocalBoxFuture<'_, Result<Reply>> {
        async move {
            let Request { store, index, .. } = request;
            let access = if request.operation.writes() { Access::ReadWrite } else { Access::Read };
            let above = if self.frame().is_none() { self.above(store, access)? } else { None };
            let Some(above) = above else {
                if let Operation::Write(write) = &request.operation
                    && let Some(above) = above::above(self.shared.id)
                {
                    above.admit(self.sight, store, write)?;
                }
                return match self.frame() {
                    Some(frame) => run::framed(self, frame, &request).await,
                    None => run::run(self, request).await,
                };
            };
            let footprint = above.footprint(store, &request.operation);
            let steps =
                move |session: Session| async move { session.run(store, index, request.operation).await }.boxed_local();
            let done = self.go_through(above, store, access, footprint, untyped(steps)).await?;
            typed(done)
        }
        .boxed_local()
    }

    /// Fails if one of these keys is a temporary one, of a row that is pending where this session does not see it. The error names
    /// the key's position.
    pub fn admit_keys(&self, store: u16, keys: &[AnyKey], purpose: KeyFor) -> Result<()> {
        above::above(self.shared.id).map_or(Ok(()), |above| above.admit_keys(self.sight, store, keys, purpose))
    }

    /// Runs one operation on what is stored, whatever lies above it.
    pub async fn run_below(&self, store: u16, index: Option<u16>, operation: Operation) -> Result<Reply> {
        run::untracked(self, &Rc::new(Request { store, index, operation, sink: None })).await
    }

    /// What an operation on this store has to go through.
    fn above(&self, store: u16, access: Access) -> Result<Option<Rc<dyn Above>>> {
        let above = above::above(self.shared.id);
        let passes = match (self.sight, access) {
            (Sight::Overlay(_), _) => true,
            (Sight::Shown, Access::Read) => above.as_ref().is_some_and(|above| above.shows(store)),
            #[cfg(feature = "electric")]
            (Sight::Stored, _) => false,
            (Sight::Committed, Access::Read) => false,
            (_, Access::ReadWrite) => !self.unattended && above.as_ref().is_some_and(|above| above.attends(store)),
        };
        match above {
            _ if !passes => Ok(None),
            Some(above) => Ok(Some(above)),
            None => Err(Error::Aborted {
                reason: "an overlay transaction is of no use on another thread than its own".to_owned(),
            }),
        }
    }

    fn go_through(
        &self,
        above: Rc<dyn Above>,
        store: u16,
        access: Access,
        footprint: Footprint,
        steps: Steps,
    ) -> LocalBoxFuture<'static, Result<Box<dyn Any>>> {
        match self.refuse_inside(store) {
            Ok(()) => above.run(Task { session: self.clone(), store, access, footprint, steps }),
            Err(error) => ready(Err(error)).boxed_local(),
        }
    }

    /// Runs an operation that answers with columns.
    pub fn columns(&self, store: u16, index: Option<u16>, operation: Operation) -> LocalBoxFuture<'_, Result<Columns>> {
        self.columns_into(Request { store, index, operation, sink: None })
    }

    /// The same, where some of the rows may be given away before.
    pub fn columns_into(&self, request: Request) -> LocalBoxFuture<'_, Result<Columns>> {
        async move {
            match self.request(request).await? {
                Reply::Columns(columns) => Ok(columns),
                Reply::Unit | Reply::Number(_) => Err(unexpected()),
            }
        }
        .boxed_local()
    }

    /// Runs an operation that answers with a number.
    #[allow(clippy::cast_possible_truncation, reason = "a count of rows in a browser")]
    pub fn number(&self, store: u16, index: Option<u16>, operation: Operation) -> LocalBoxFuture<'_, Result<usize>> {
        async move {
            match self.run(store, index, operation).await? {
                Reply::Number(number) => Ok(number as usize),
                Reply::Unit | Reply::Columns(_) => Err(unexpected()),
            }
        }
        .boxed_local()
    }

    /// Lets go of rows that a read has parked.
    pub fn unpark(&self, parked: u32) {
        match self.frame() {
            Some(frame) => frame.unpark(parked),
            None => self.shared.backend().unpark(parked),
        }
    }

    /// Runs `body` in one transaction: the session's own, or else a new one.
    pub async fn atomically<R: 'static>(
        &self,
        store: u16,
        access: Access,
        footprint: Footprint,
        body: impl FnOnce(Session) -> LocalBoxFuture<'static, Result<R>> + 'static,
    ) -> Result<R> {
        // What differs from one type of result to another is no more than this.
        let done = self.atomically_untyped(store, access, footprint, untyped(body)).await?;
        typed(done)
    }

    fn atomically_untyped(
        &self,
        store: u16,
        access: Access,
        footprint: Footprint,
        steps: Steps,
    ) -> LocalBoxFuture<'_, Result<Box<dyn Any>>> {
        async move {
            if self.frame().is_none()
                && let Some(above) = self.above(store, access)?
            {
                return self.go_through(above, store, access, footprint, steps).await;
            }
            let steps: Steps = Box::new(move |session| steps(Session { unattended: true, ..session }));
            self.as_one_untyped(store, access, steps).await
        }
        .boxed_local()
    }

    /// The same, on what is stored.
    pub async fn as_one<R: 'static>(
        &self,
        store: u16,
        access: Access,
        body: impl FnOnce(Session) -> LocalBoxFuture<'static, Result<R>> + 'static,
    ) -> Result<R> {
        let done = self.as_one_untyped(store, access, untyped(body)).await?;
        typed(done)
    }

    fn as_one_untyped(&self, store: u16, access: Access, steps: Steps) -> LocalBoxFuture<'_, Result<Box<dyn Any>>> {
        async move {
            if let Some(transaction) = self.transaction {
                if turns::is_closing(transaction) {
                    return Err(runner::committing());
                }
                let kind = if access == Access::Read { turns::Kind::Reads } else { turns::Kind::Writes };
                return turns::as_one(transaction, kind, steps(self.clone())).await;
            }
            self.refuse_inside(store)?;
            run::transact(self.shared.clone(), vec![store], access, None, self.sight, steps).await
        }
        .boxed_local()
    }

    /// An unbound handle inside a transaction of its own database would wait for that transaction, which waits for it.
    pub fn refuse_inside(&self, store: u16) -> Result<()> {
        if self.transaction.is_none() && connection::inside(self.shared.id) {
            return Err(Error::OutsideTransaction { table: self.shared.table_name(store).to_owned() });
        }
        Ok(())
    }
}

/// The steps of an operation, whatever they result in.
fn untyped<R: 'static>(steps: impl FnOnce(Session) -> LocalBoxFuture<'static, Result<R>> + 'static) -> Steps {
    Box::new(move |session| {
        let steps = steps(session);
        async move { steps.await.map(|value| Box::new(value) as Box<dyn Any>) }.boxed_local()
    })
}

/// What they result in, as what it is.
fn typed<R: 'static>(done: Box<dyn Any>) -> Result<R> {
    done.downcast().map(|value| *value).map_err(|_| unexpected())
}

/// Runs `body` in a new transaction over these stores, with this durability or the database's.
pub(crate) async fn transact<R: 'static>(
    shared: Arc<Shared>,
    stores: Vec<u16>,
    access: Access,
    durability: Option<Durability>,
    body: impl FnOnce(Session) -> LocalBoxFuture<'static, Result<R>> + 'static,
) -> Result<R> {
    let done = transact_untyped(shared, stores, access, durability, untyped(body)).await?;
    typed(done)
}

fn transact_untyped(
    shared: Arc<Shared>,
    stores: Vec<u16>,
    access: Access,
    durability: Option<Durability>,
    body: Steps,
) -> LocalBoxFuture<'static, Result<Box<dyn Any>>> {
    async move {
        if connection::inside(shared.id) {
            return Err(Error::OutsideTransaction {
                table: stores.first().map_or("", |store| shared.table_name(*store)).to_owned(),
            });
        }
        run::transact(shared, stores, access, durability, Sight::Committed, body).await
    }
    .boxed_local()
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

pub(crate) fn unexpected() -> Error {
    Error::Other { name: "InternalError".to_owned(), message: "the storage gave another kind of answer".to_owned() }
}
