//! A database's connection on this thread: opened when first needed, closed when another tab needs it to be, and
//! opened again when asked for again.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;

use futures::channel::oneshot;
use futures::future::{FutureExt, LocalBoxFuture, Shared as SharedFuture};

use super::{Access, Handlers, Session, Shared};
use crate::database::{Blocked, VersionChange};
use crate::error::{Error, Result};
use crate::schema::differences;
use crate::storage::{Backend, Connect, Event, Failure, Reply, Request, Thread, runner};

type Opening = SharedFuture<LocalBoxFuture<'static, Result<u32>>>;

/// How a database stands on this thread.
#[derive(Default)]
enum Phase {
    /// Not open; the next operation opens it.
    #[default]
    Idle,
    Opening {
        connection: u32,
        opening: Opening,
    },
    Open(u32),
    /// The app has closed it.
    Closed,
}

struct State {
    backend: Rc<dyn Backend>,
    phase: RefCell<Phase>,
    /// Tells who waits for the connection how opening it went.
    answer: RefCell<Option<oneshot::Sender<Result<u32>>>>,
    /// The upgrade that is under way; dropped early, it is aborted.
    upgrade: RefCell<Option<LocalBoxFuture<'static, Result<()>>>>,
    handlers: RefCell<Handlers>,
}

thread_local!(static STATES: RefCell<HashMap<u64, Rc<State>>> = RefCell::default());

fn state(shared: &Shared) -> Rc<State> {
    let new = || {
        Rc::new(State {
            backend: shared.backend(),
            phase: RefCell::default(),
            answer: RefCell::default(),
            upgrade: RefCell::default(),
            handlers: RefCell::default(),
        })
    };
    STATES.with_borrow_mut(|states| states.entry(shared.id).or_insert_with(new).clone())
}

pub(crate) fn handlers(shared: &Shared, handlers: Handlers) {
    *state(shared).handlers.borrow_mut() = handlers;
}

/// The last handle of a database object is gone.
pub(crate) fn forget(database: u64) {
    // During the end of a thread its map may be gone already, and its connections with it.
    let state = STATES.try_with(|states| states.borrow_mut().remove(&database)).ok().flatten();
    if let Some(state) = state
        && let Phase::Open(connection) | Phase::Opening { connection, .. } = state.phase.take()
    {
        Thread::get().close(&*state.backend, connection);
    }
}

pub(crate) fn is_open(shared: &Shared) -> bool {
    matches!(*state(shared).phase.borrow(), Phase::Open(_))
}

pub(crate) fn close(shared: &Shared) {
    end(&state(shared), Phase::Closed, &Error::Closed { database: shared.name.clone() });
}

/// Closes the connection; who waits for it gets the error.
fn end(state: &State, next: Phase, error: &Error) {
    if let Phase::Open(connection) | Phase::Opening { connection, .. } = state.phase.replace(next) {
        Thread::get().close(&*state.backend, connection);
    }
    if let Some(answer) = state.answer.borrow_mut().take() {
        // Whoever stopped waiting need not be told.
        let _ = answer.send(Err(error.clone()));
    }
}

pub(crate) async fn open(shared: Arc<Shared>) -> Result<()> {
    let state = state(&shared);
    if matches!(*state.phase.borrow(), Phase::Closed) {
        state.phase.replace(Phase::Idle);
    }
    connection(&shared).await.map(|_| ())
}

/// Deletes the database with all its rows; the next operation makes a new one.
pub(crate) async fn delete(shared: Arc<Shared>) -> Result<()> {
    end(&state(&shared), Phase::Idle, &Error::Closed { database: shared.name.clone() });
    let deleted = Thread::get().delete_database(&shared.backend(), &shared.name);
    deleted.await.map(|_| ()).map_err(|failure| failure.into_error(""))
}

pub(crate) async fn database_names(storage: Arc<dyn Connect>) -> Result<Vec<String>> {
    let names = Thread::get().database_names(&storage.backend());
    match names.await.map_err(|failure| failure.into_error(""))? {
        Reply::Columns(columns) => {
            Ok(columns.primary_keys().iter().filter_map(|name| name.as_str().map(str::to_owned)).collect())
        }
        Reply::Unit | Reply::Number(_) => Ok(Vec::new()),
    }
}

/// Whether a body of a transaction of this database is calling.
pub(super) fn inside(database: u64) -> bool {
    runner::current().is_some_and(|running| running.database == database)
}

/// The connection, opened if it is not.
async fn connection(shared: &Arc<Shared>) -> Result<u32> {
    let state = state(shared);
    let opening = match &*state.phase.borrow() {
        Phase::Open(connection) => return Ok(*connection),
        Phase::Closed => return Err(Error::Closed { database: shared.name.clone() }),
        Phase::Opening { opening, .. } => Some(opening.clone()),
        Phase::Idle => None,
    };
    match opening {
        Some(opening) => opening.await,
        None => begin(shared, &state).await,
    }
}

fn begin(shared: &Arc<Shared>, state: &Rc<State>) -> Opening {
    let (answer, receiver) = oneshot::channel();
    let closed = Error::Closed { database: shared.name.clone() };
    let mut receiver = receiver;
    let backend = state.backend.clone();
    let opening: Opening = poll_fn(move |context| {
        backend.turn(context.waker());
        receiver.poll_unpin(context).map(|answer| answer.unwrap_or_else(|_| Err(closed.clone())))
    })
    .boxed_local()
    .shared();
    let thread = Thread::get();
    let connection = thread.number();
    state.phase.replace(Phase::Opening { connection, opening: opening.clone() });
    *state.answer.borrow_mut() = Some(answer);
    // Neither keeps the database object alive: a connection goes when the last handle does.
    let (weak, weak_state) = (Arc::downgrade(shared), Rc::downgrade(state));
    let listener = Rc::new(move |event| {
        if let (Some(shared), Some(state)) = (weak.upgrade(), weak_state.upgrade()) {
            heard(&shared, &state, connection, event);
        }
    });
    let version = shared.definition.newest();
    thread.open(&*state.backend, connection, &shared.name, version, &shared.layout(), listener);
    opening
}

fn heard(shared: &Shared, state: &State, connection: u32, event: Event) {
    let backend = &state.backend;
    match event {
        Event::Upgrade => {
            *state.upgrade.borrow_mut() = Some(super::upgrade::begin(shared, connection));
        }
        Event::Opened => {
            runner::ended(connection, Ok(()));
            *state.upgrade.borrow_mut() = None;
            let differences = differences(&backend.installed(connection), &shared.stores);
            if differences.is_empty() {
                state.phase.replace(Phase::Open(connection));
                if let Some(answer) = state.answer.borrow_mut().take() {
                    // Whoever stopped waiting need not be told.
                    let _ = answer.send(Ok(connection));
                }
            } else {
                end(state, Phase::Idle, &Error::SchemaMismatch { database: shared.name.clone(), differences });
            }
        }
        Event::OpenFailed => {
            let failure = backend.failure(connection);
            runner::ended(connection, Err(failure.clone()));
            // The upgrade knows better than the browser why it was aborted.
            let upgraded = state.upgrade.borrow_mut().take().and_then(FutureExt::now_or_never);
            let error = upgraded.and_then(Result::err).unwrap_or_else(|| match failure.name.as_str() {
                "VersionError" => Error::NewerVersion {
                    database: shared.name.clone(),
                    installed: Some(backend.versions(connection).old).filter(|version| *version > 0),
                    declared: shared.definition.newest(),
                },
                _ => failure.into_error(""),
            });
            end(state, Phase::Idle, &error);
        }
        Event::Blocked => {
            let handler = state.handlers.borrow().blocked.clone();
            if let Some(handler) = handler {
                let versions = backend.versions(connection);
                handler(Blocked { old_version: versions.old, new_version: versions.new });
            }
        }
        Event::VersionChange => {
            let handler = state.handlers.borrow().version_change.clone();
            if let Some(handler) = handler {
                let new_version = backend.versions(connection).new;
                handler(VersionChange { new_version: (new_version > 0).then_some(new_version) });
            }
            // The other tab waits until this connection is closed; what is under way here is finished first.
            end(state, Phase::Idle, &Error::ConnectionLost { database: shared.name.clone() });
        }
        Event::Closed => end(state, Phase::Idle, &Error::ConnectionLost { database: shared.name.clone() }),
    }
}

/// Runs one operation: in the session's transaction, or alone.
pub(super) async fn run(session: &Session, request: Request) -> Result<Reply> {
    let shared = &session.shared;
    let (store, table) = (request.store, shared.table_name(request.store));
    let submit = |connection, transaction| {
        Thread::get().submit(&shared.backend(), connection, transaction, shared.durability, request)
    };
    let submitted = if let Some(transaction) = session.transaction {
        // It has its own connection, which may be closing behind it.
        super::turns::in_turn(transaction, || submit(0, transaction)).await
    } else {
        session.refuse_inside(store)?;
        submit(connection(shared).await?, 0)
    };
    submitted.await.map_err(|failure| named(failure, shared, table))
}

fn named(failure: Failure, shared: &Shared, table: &str) -> Error {
    match failure.into_error(table) {
        Error::ConnectionLost { .. } => Error::ConnectionLost { database: shared.name.clone() },
        error => error,
    }
}

pub(super) async fn transact<R: 'static>(
    shared: Arc<Shared>,
    stores: Vec<u16>,
    access: Access,
    body: impl FnOnce(Session) -> LocalBoxFuture<'static, Result<R>>,
) -> Result<R> {
    let connection = connection(&shared).await?;
    let write = access == Access::ReadWrite;
    let begun = runner::transact(shared.backend(), shared.id, connection, &stores, write, shared.durability, {
        let shared = shared.clone();
        |transaction| body(Session { shared, transaction: Some(transaction) })
    });
    match begun {
        Ok(transaction) => transaction.await,
        Err(failure) => Err(named(failure, &shared, "")),
    }
}
