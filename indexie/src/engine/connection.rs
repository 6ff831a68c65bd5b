//! A database's connection on this thread: opened when first needed, closed when another tab needs it to be, and
//! opened again when asked for again.

mod waiting;

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
#[cfg(feature = "electric")]
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{FutureExt, LocalBoxFuture};

use self::waiting::{Opening, WeakOpening};
use super::upgrade::Reached;
#[cfg(feature = "electric")]
use super::upgrade::UPGRADES;
use super::{Handlers, Shared};
use crate::database::{Blocked, VersionChange};
use crate::error::{Error, Result};
use crate::order::SortedMap;
#[cfg(feature = "electric")]
use crate::schema::RECORDS;
use crate::schema::{InstalledStore, Rules, Stored, Verdict, is_doubtful, verdict};
use crate::storage::{Backend, Connect, Event, Failure, OpenRequest, Reply, Thread, runner};

/// How often opening is tried again when the browser fails without a reason, as some do once after a crash.
const RETRIES: u32 = 3;

/// How long it is from one look at a doubtful database to the next.
const PAUSE: Duration = Duration::from_millis(100);

/// How a database stands on this thread.
#[derive(Default)]
enum Phase {
    /// Not open; the next operation opens it.
    #[default]
    Idle,
    Opening {
        connection: u32,
        /// Kept alive by those who wait.
        opening: WeakOpening,
    },
    Open(u32),
    /// The app has closed it.
    Closed,
}

struct State {
    /// Gone with the last handle, which may be dropped on another thread.
    shared: Weak<Shared>,
    backend: Rc<dyn Backend>,
    phase: RefCell<Phase>,
    /// Tells who waits for the connection how opening it went.
    answer: RefCell<Option<oneshot::Sender<Result<u32>>>>,
    retries: Cell<u32>,
    /// What is stored may have changed since the database was last open, or live queries have heard that it could not be opened.
    stale: Cell<bool>,
    /// What was seen of a doubtful database.
    seen: RefCell<Option<Vec<InstalledStore>>>,
    /// The number that the storage was last asked for; 0 is whichever there is.
    asked: Cell<u32>,
    /// The upgrade that is under way; dropped early, it is aborted.
    upgrade: RefCell<Option<LocalBoxFuture<'static, Result<()>>>>,
    handlers: RefCell<Handlers>,
}

impl State {
    /// The connection that is being opened, if one is, or 0.
    fn opening(&self) -> u32 {
        match &*self.phase.borrow() {
            Phase::Opening { connection, .. } => *connection,
            _ => 0,
        }
    }
}

thread_local!(static STATES: RefCell<SortedMap<u64, Rc<State>>> = const { RefCell::new(SortedMap::new()) });

fn state(shared: &Arc<Shared>) -> Rc<State> {
    if let Some(state) = STATES.with_borrow(|states| states.get(&shared.id).cloned()) {
        return state;
    }
    sweep();
    let state = Rc::new(State {
        shared: Arc::downgrade(shared),
        backend: shared.backend(),
        phase: RefCell::default(),
        answer: RefCell::default(),
        retries: Cell::default(),
        stale: Cell::default(),
        seen: RefCell::default(),
        asked: Cell::default(),
        upgrade: RefCell::default(),
        handlers: RefCell::default(),
    });
    STATES.with_borrow_mut(|states| states.insert(shared.id, state.clone()));
    state
}

/// Closes what is left of database objects whose last handle was dropped on another thread.
fn sweep() {
    let is_gone = |_: &u64, state: &mut Rc<State>| state.shared.strong_count() == 0;
    let gone = STATES.with_borrow_mut(|states| states.extract_if(is_gone));
    for (_, state) in gone {
        hang_up(&state, Phase::Idle);
    }
}

pub(crate) fn handlers(shared: &Arc<Shared>, handlers: Handlers) {
    *state(shared).handlers.borrow_mut() = handlers;
}

/// The last handle of a database object is gone.
pub(crate) fn forget(database: u64) {
    // During the end of a thread its map may be gone already, and its connections with it.
    let state = STATES.try_with(|states| states.borrow_mut().remove(&database)).ok().flatten();
    if let Some(state) = state {
        hang_up(&state, Phase::Idle);
    }
}

pub(crate) fn is_open(shared: &Arc<Shared>) -> bool {
    matches!(*state(shared).phase.borrow(), Phase::Open(_))
}

pub(crate) fn close(shared: &Arc<Shared>) {
    end(&state(shared), Phase::Closed, &Error::Closed { database: shared.name.clone() });
}

/// Closes the connection; who waits for it gets the error.
fn end(state: &State, next: Phase, error: &Error) {
    hang_up(state, next);
    state.stale.set(true);
    answer(state, Err(error.clone()));
}

/// Closes the connection, if there is one. An upgrade that is under way is undone.
fn hang_up(state: &State, next: Phase) {
    if let Phase::Open(connection) | Phase::Opening { connection, .. } = state.phase.replace(next) {
        let upgrade = state.upgrade.borrow_mut().take();
        if upgrade.is_some() {
            drop(upgrade);
            // Nobody listens to the connection from here on, which would say so.
            runner::ended(connection, Err(Failure::new("AbortError", "")));
        }
        Thread::get().close(&*state.backend, connection);
    }
}

fn answer(state: &State, result: Result<u32>) {
    if let Some(answer) = state.answer.borrow_mut().take() {
        // Whoever stopped waiting need not be told.
        let _ = answer.send(result);
    }
}

/// This connection turned out to be closed. The next operation opens another one.
pub(super) fn lost(shared: &Arc<Shared>, connection: u32) {
    let state = state(shared);
    let ours = matches!(*state.phase.borrow(), Phase::Open(open) if open == connection);
    if ours {
        end(&state, Phase::Idle, &Error::ConnectionLost { database: shared.name.clone() });
        renewed(shared, &state);
    }
}

/// Has live queries read anew: what is stored may be something else.
#[cfg_attr(not(feature = "live"), allow(unused_variables, reason = "only live queries want to know"))]
fn renewed(shared: &Shared, state: &State) {
    state.stale.set(false);
    #[cfg(feature = "live")]
    crate::live::refresh(shared);
}

pub(crate) async fn open(shared: Arc<Shared>) -> Result<()> {
    let state = state(&shared);
    if matches!(*state.phase.borrow(), Phase::Closed) {
        state.phase.replace(Phase::Idle);
    }
    connection(&shared).await?;
    Ok(())
}

/// Deletes the database with all its rows; the next operation makes a new one.
pub(crate) async fn delete(shared: Arc<Shared>) -> Result<()> {
    if inside(shared.id) {
        // It would wait for the transaction, which waits for it.
        return Err(Error::OutsideTransaction { table: String::new() });
    }
    let state = state(&shared);
    end(&state, Phase::Idle, &Error::Closed { database: shared.name.clone() });
    let (give_up, mut stop) = oneshot::channel();
    let give_up = Rc::new(RefCell::new(Some(give_up)));
    let blocked = {
        let (shared, state) = (shared.clone(), state.clone());
        move |slot| {
            let handler = state.handlers.borrow().blocked.clone();
            let Some(handler) = handler else { return };
            let give_up = give_up.clone();
            let blocked = Blocked::new(shared.declared(state.backend.versions(slot)), move || {
                if let Some(give_up) = give_up.borrow_mut().take() {
                    // Deleted meanwhile, nobody listens.
                    let _ = give_up.send(());
                }
            });
            tell(|| handler(blocked));
        }
    };
    let mut deleted = Thread::get().delete_database(&state.backend, &shared.name, blocked);
    poll_fn(|context| {
        if let Poll::Ready(Ok(())) = stop.poll_unpin(context) {
            return Poll::Ready(Err(Error::Blocked { database: shared.name.clone() }));
        }
        deleted.poll_unpin(context).map(|done| done.map(|_| ()).map_err(|failure| failure.into_error("")))
    })
    .await?;
    renewed(&shared, &state);
    Ok(())
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
pub(super) async fn connection(shared: &Arc<Shared>) -> Result<u32> {
    let state = state(shared);
    let opening = match &*state.phase.borrow() {
        Phase::Open(connection) => return Ok(*connection),
        Phase::Closed => return Err(Error::Closed { database: shared.name.clone() }),
        Phase::Opening { opening, .. } => opening.upgrade(&state.backend),
        Phase::Idle => None,
    };
    if let Some(opening) = opening {
        return opening.await;
    }
    shared.definition.check_names()?;
    begin(shared, &state).await
}

fn begin(shared: &Arc<Shared>, state: &Rc<State>) -> Opening {
    let opening = Opening::new(state, Error::Closed { database: shared.name.clone() });
    state.retries.set(0);
    state.seen.take();
    connect(shared, state, opening.downgrade(), shared.newest(), Duration::ZERO);
    opening
}

/// Closes a connection, and asks for another one in its place.
fn reconnect(shared: &Arc<Shared>, state: &Rc<State>, connection: u32, number: u32) {
    reconnect_after(Duration::ZERO, shared, state, connection, number);
}

fn reconnect_after(pause: Duration, shared: &Arc<Shared>, state: &Rc<State>, connection: u32, number: u32) {
    let phase = state.phase.replace(Phase::Idle);
    Thread::get().close(&*state.backend, connection);
    if let Phase::Opening { opening, .. } = phase {
        connect(shared, state, opening, number, pause);
    }
}

/// Asks the storage for a connection; the answer comes through `opening`.
fn connect(shared: &Arc<Shared>, state: &Rc<State>, opening: WeakOpening, number: u32, pause: Duration) {
    state.asked.set(number);
    let connection = Thread::get().number();
    state.phase.replace(Phase::Opening { connection, opening });
    // Neither keeps the database object alive: a connection goes when the last handle does.
    let (weak, weak_state) = (Arc::downgrade(shared), Rc::downgrade(state));
    let (backend, database) = (state.backend.clone(), shared.id);
    let listener = Rc::new(move |event| {
        if let (Some(shared), Some(state)) = (weak.upgrade(), weak_state.upgrade()) {
            heard(&shared, &state, connection, event);
        } else {
            // The last handle was dropped on another thread. Nobody needs this connection, and another tab may wait for it.
            forget(database);
            Thread::get().close(&*backend, connection);
        }
    });
    let request = OpenRequest { name: &shared.name, version: number, layout: &shared.layout(), pause };
    Thread::get().open(&*state.backend, connection, &request, listener);
}

fn heard(shared: &Arc<Shared>, state: &Rc<State>, connection: u32, event: Event) {
    let backend = &state.backend;
    match event {
        // It was there a moment ago, and has been deleted: what is made now would be of no version.
        Event::Upgrade if state.asked.get() == 0 => backend.abort(connection),
        Event::Upgrade => {
            let (native, (_, marked)) = (backend.versions(connection).old, backend.stored_version(connection));
            if is_to_be_seen_again(shared, state, Stored { native, marked, stores: &backend.installed(connection) }) {
                backend.abort(connection);
                return reconnect_after(PAUSE, shared, state, connection, state.asked.get());
            }
            let progress = state.handlers.borrow().upgrade_progress.clone();
            let reached = Rc::new(Reached::new(shared.definition.newest(), progress));
            // In wasm a panic does not come back from `begin`: this is what is known then.
            let panicked = Error::Aborted { reason: "its function panicked".to_owned() };
            let at = reached.clone();
            drop(state.upgrade.replace(Some(async move { Err(at.failed(panicked)) }.boxed_local())));
            let upgrade = super::upgrade::begin(shared, connection, reached);
            // Its function may have closed the database.
            if state.opening() == connection {
                drop(state.upgrade.replace(Some(upgrade)));
            } else {
                drop(upgrade);
                runner::ended(connection, Err(Failure::new("AbortError", "")));
            }
        }
        Event::Opened => {
            runner::ended(connection, Ok(()));
            let upgraded = state.upgrade.borrow_mut().take().is_some();
            opened(shared, state, connection, upgraded);
        }
        Event::OpenFailed => open_failed(shared, state, connection),
        Event::Blocked => {
            let handler = state.handlers.borrow().blocked.clone();
            if let Some(handler) = handler {
                let (weak, database) = (Rc::downgrade(state), shared.name.clone());
                let blocked = Blocked::new(shared.declared(backend.versions(connection)), move || {
                    if let Some(state) = weak.upgrade().filter(|state| state.opening() == connection) {
                        end(&state, Phase::Idle, &Error::Blocked { database });
                    }
                });
                tell(|| handler(blocked));
            }
        }
        Event::VersionChange => {
            let handler = state.handlers.borrow().version_change.clone();
            if let Some(handler) = handler {
                let new_version = shared.declared(backend.versions(connection)).new;
                tell(|| handler(VersionChange { new_version: (new_version > 0).then_some(new_version) }));
            }
            // The other tab waits until this connection is closed; what is under way here is finished first.
            lost(shared, connection);
        }
        Event::Closed => lost(shared, connection),
    }
}

/// Calls a handler of the app's. One that panics has said so; it is nobody's fault who happens to be polled, and keeps nothing
/// from going on. (In wasm it does not come back.)
pub(super) fn tell(handler: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(handler));
}

/// Whether the browser may be showing an upgrade that it is taking back: what is stored, a later look tells. What is seen twice is
/// believed.
fn is_to_be_seen_again(shared: &Shared, state: &State, Stored { native, marked, stores }: Stored<'_>) -> bool {
    let version = shared.rules.numbering.installed(native, marked);
    if !state.backend.shows_unfinished_upgrades() || !is_doubtful(shared.definition, version, stores) {
        return false;
    }
    let before = state.seen.replace(Some(stores.to_vec()));
    before.as_deref() != Some(stores)
}

/// Looks at what has been opened.
fn opened(shared: &Arc<Shared>, state: &Rc<State>, connection: u32, upgraded: bool) {
    let newest = shared.definition.newest();
    let (native, marked) = state.backend.stored_version(connection);
    let stored = Stored { native, marked, stores: &state.backend.installed(connection) };
    if !upgraded && is_to_be_seen_again(shared, state, stored) {
        return reconnect_after(PAUSE, shared, state, connection, state.asked.get());
    }
    // What the upgrade has not brought about, another one will not either.
    let rules = Rules { repair: shared.rules.repair && !upgraded, ..shared.rules };
    let database = shared.name.clone();
    let error = match verdict(stored, &shared.stores, newest, rules) {
        #[cfg(feature = "electric")]
        Verdict::Use if !upgraded && lacks_records(shared, stored.stores) && native < u32::MAX => {
            return reconnect(shared, state, connection, native + 1);
        }
        Verdict::Use => {
            state.phase.replace(Phase::Open(connection));
            answer(state, Ok(connection));
            if state.stale.get() {
                renewed(shared, state);
            }
            return;
        }
        Verdict::Reopen(number) => return reconnect(shared, state, connection, number),
        Verdict::Newer(installed) => Error::NewerVersion { database, installed: Some(installed), declared: newest },
        Verdict::Differs(differences) => Error::SchemaMismatch { database, differences },
    };
    end(state, Phase::Idle, &error);
}

/// Whether the store for the library's own records is to be there, and is not.
#[cfg(feature = "electric")]
fn lacks_records(shared: &Shared, stores: &[InstalledStore]) -> bool {
    shared.keeps_records.load(Ordering::Relaxed) && !stores.iter().any(|store| store.name == RECORDS)
}

/// Opens the database, and sees to it that it has the store for the library's own records.
#[cfg(feature = "electric")]
pub(crate) async fn keep_records(shared: &Arc<Shared>) -> Result<()> {
    let state = state(shared);
    shared.with_upgrades(UPGRADES);
    shared.keeps_records.store(true, Ordering::Relaxed);
    let open = connection(shared).await?;
    if !lacks_records(shared, &state.backend.installed(open)) {
        return Ok(());
    }
    // Opened before the store was asked for.
    lost(shared, open);
    let open = connection(shared).await?;
    if lacks_records(shared, &state.backend.installed(open)) {
        let differences = vec![format!("store `{RECORDS}` is missing")];
        return Err(Error::SchemaMismatch { database: shared.name.clone(), differences });
    }
    Ok(())
}

fn open_failed(shared: &Arc<Shared>, state: &Rc<State>, connection: u32) {
    let failure = state.backend.failure(connection);
    runner::ended(connection, Err(failure.clone()));
    // The upgrade knows better than the browser why it was aborted.
    let upgraded = state.upgrade.borrow_mut().take().and_then(FutureExt::now_or_never);
    let error = match (upgraded, failure.name.as_str()) {
        (None | Some(Ok(())), "AbortError") if state.asked.get() == 0 => {
            return reconnect(shared, state, connection, shared.newest());
        }
        // Begun again once the user is back.
        (_, Failure::LEFT) => return reconnect(shared, state, connection, state.asked.get()),
        // The browser's doing: the site's data is being deleted, say. An upgrade that it has cut off is not begun again at once: this
        // may be a page that is going, and Firefox then mixes up what the two have made.
        (None, Failure::LOST) | (None | Some(Ok(())), "AbortError" | "UnknownError")
            if state.retries.get() < RETRIES =>
        {
            state.retries.set(state.retries.get() + 1);
            return reconnect(shared, state, connection, state.asked.get());
        }
        (_, Failure::LOST) => Error::ConnectionLost { database: shared.name.clone() },
        (Some(Err(error)), _) => error,
        // Its number is higher, which need not mean a later version.
        (_, "VersionError") => return reconnect(shared, state, connection, 0),
        _ => failure.into_error(""),
    };
    end(state, Phase::Idle, &error);
}
