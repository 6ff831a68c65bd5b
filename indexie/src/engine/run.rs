//! Runs what is asked: an operation, alone or in a transaction, and transactions.
//!
//! What could not even be started, because the connection had just been closed, runs on a new one. What was under way is
//! lost, and says so: nobody can tell how far it came.

use std::any::Any;
use std::rc::Rc;
use std::sync::Arc;

use super::connection::{connection, lost};
use super::{Access, Frame, Session, Shared, Sight, Steps, turns};
use crate::database::Durability;
use crate::error::{Error, Result};
#[cfg(feature = "live")]
use crate::live;
use crate::storage::{Failure, Reply, Request, Submitted, Thread, runner};

/// On how many connections an operation is tried. What has not begun can be tried any number of times, and others may close one
/// connection after the other; but a storage that never lets anything begin must not keep anybody waiting for ever.
const TRIES: u32 = 100;

/// Runs one operation: in the session's transaction, or alone.
pub(super) async fn run(session: &Session, request: Request) -> Result<Reply> {
    #[cfg(feature = "live")]
    let tracked = live::reads(session, &request)?;
    let request = Rc::new(request);
    let reply = untracked(session, &request).await?;
    #[cfg(feature = "live")]
    if let Some(tracked) = tracked {
        tracked.done(&request, &reply, 0);
    }
    Ok(reply)
}

/// Runs one operation on rows that are fixed.
pub(super) async fn framed(session: &Session, frame: &dyn Frame, request: &Request) -> Result<Reply> {
    #[cfg(feature = "live")]
    let tracked = live::reads(session, request)?;
    let reply = frame.run(session, request).await?;
    #[cfg(feature = "live")]
    if let Some(tracked) = tracked {
        tracked.done(request, &reply, frame.shown());
    }
    Ok(reply)
}

pub(super) async fn untracked(session: &Session, request: &Rc<Request>) -> Result<Reply> {
    let shared = &session.shared;
    let table = shared.table_name(request.store);
    if let Some(transaction) = session.transaction {
        if turns::is_closing(transaction) {
            return Err(runner::committing());
        }
        let kind = if request.operation.writes() { turns::Kind::Writes } else { turns::Kind::Reads };
        let start = || start(shared, transaction, request);
        let reply = if request.operation.takes_several_requests() {
            turns::as_one(transaction, kind, async { Ok(start()?.await) }).await?
        } else {
            turns::in_turn(transaction, kind, start).await?.await
        };
        return reply.map_err(|failure| named(failure, shared, table));
    }
    session.refuse_inside(request.store)?;
    let mut tries = 0;
    loop {
        let connection = connection(shared).await?;
        tries += 1;
        match Thread::get().submit(&shared.backend(), connection, 0, shared.durability, request).await {
            Err(failure) if failure.is_not_started() && tries < TRIES => lost(shared, connection),
            result => return result.map_err(|failure| named(failure, shared, table)),
        }
    }
}

/// Starts an operation of a transaction at once, whoever's turn it is. The transaction has its own connection, which may be
/// closing behind it.
pub(super) fn start(shared: &Shared, transaction: u32, request: &Rc<Request>) -> Result<Submitted> {
    match runner::over(transaction) {
        Some(error) => Err(error),
        None => Ok(Thread::get().submit(&shared.backend(), 0, transaction, shared.durability, request)),
    }
}

/// Runs `body` in a new transaction over these stores. Live queries take it for a read with this sight.
pub(super) async fn transact(
    shared: Arc<Shared>,
    stores: Vec<u16>,
    access: Access,
    durability: Option<Durability>,
    #[cfg_attr(not(feature = "live"), allow(unused_variables, reason = "only live queries want to know"))] sight: Sight,
    body: Steps,
) -> Result<Box<dyn Any>> {
    #[cfg(feature = "live")]
    let mut tracked = live::begins(&shared, &stores, access == Access::ReadWrite, sight)?;
    let backend = shared.backend();
    let durability = durability.unwrap_or(shared.durability);
    let mut tries = 0;
    let transaction = loop {
        let connection = connection(&shared).await?;
        let transaction = Thread::get().number();
        tries += 1;
        let write = access == Access::ReadWrite;
        match backend.begin(transaction, connection, &stores, write, durability) {
            Ok(()) => break transaction,
            Err(failure) if failure.is_not_started() && tries < TRIES => lost(&shared, connection),
            Err(failure) => return Err(named(failure, &shared, "")),
        }
    };
    #[cfg(feature = "live")]
    if let Some(tracked) = &mut tracked {
        tracked.begun(transaction);
    }
    let running = runner::adopt(backend, shared.id, transaction, access == Access::ReadWrite, |transaction| {
        body(Session::within(shared.clone(), transaction))
    });
    running.await.map_err(|error| of_database(error, &shared))
}

pub(super) fn named(failure: Failure, shared: &Shared, table: &str) -> Error {
    of_database(failure.into_error(table), shared)
}

/// The storage knows connections, not whose they are.
fn of_database(error: Error, shared: &Shared) -> Error {
    match error {
        Error::ConnectionLost { .. } => Error::ConnectionLost { database: shared.name.clone() },
        error => error,
    }
}
