//! The way from the library into its live queries. What is behind it enters when the first live query is made, so that a program
//! that has none has none of their code.
//! Called by the engine for every operation, by the storage, and by overlays; calls `tracking` and `hub`, unseen.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use crate::engine::{Session, Shared, Sight};
use crate::error::{Error, Result};
use crate::key::AnyKey;
use crate::order::SortedMap;
use crate::schema::StoreSchema;
use crate::storage::{Commit, Reply, Request};

/// Notes what is read while a live query's future is polled.
pub(super) trait Tracks {
    /// An operation on a store is about to be started.
    fn reads(
        self: Rc<Self>,
        shared: &Arc<Shared>,
        sight: Sight,
        store: &'static str,
        schema: StoreSchema,
    ) -> Box<dyn Reads>;
    /// It is asked whether a row of a store is pending.
    fn asks(self: Rc<Self>, shared: &Arc<Shared>, store: &'static str, schema: StoreSchema, key: &AnyKey);
    /// A transaction over a store is about to be begun.
    fn begins(&self, shared: &Arc<Shared>, store: &'static str);
}

/// A read that is under way.
pub(crate) trait Reads {
    /// Notes what it has read.
    fn done(self: Box<Self>, request: &Request, reply: &Reply, shown: u64);
}

/// What is called when something has happened.
#[derive(Clone, Copy)]
pub(super) struct Hears {
    pub committed: fn(u32, &Rc<Commit>),
    pub refresh: fn(&Shared),
}

/// A live query, and what one of its transactions stands for: one that a read is made of, for what that sees.
type Tracked = (Rc<dyn Tracks>, Sight);

thread_local! {
    static CURRENT: RefCell<Option<Rc<dyn Tracks>>> = const { RefCell::new(None) };
    /// Whose transactions these are.
    static TRANSACTIONS: RefCell<SortedMap<u32, Tracked>> = const { RefCell::new(SortedMap::new()) };
    static HEARS: Cell<Option<Hears>> = const { Cell::new(None) };
}

/// Has what happens told from now on.
pub(super) fn enter(hears: Hears) {
    HEARS.set(Some(hears));
}

/// Something that is watched is stored.
pub(crate) fn committed(watch: u32, commit: &Rc<Commit>) {
    if let Ok(Some(hears)) = HEARS.try_with(Cell::get) {
        (hears.committed)(watch, commit);
    }
}

/// All of a database may be different: it has been opened anew.
pub(crate) fn refresh(shared: &Shared) {
    if let Ok(Some(hears)) = HEARS.try_with(Cell::get) {
        (hears.refresh)(shared);
    }
}

/// Has reads noted for as long as the value lives.
pub(super) fn track(tracks: Rc<dyn Tracks>) -> Mark {
    let before = CURRENT.replace(Some(tracks));
    #[cfg(target_family = "wasm")]
    if before.is_none() {
        look_after();
    }
    Mark(before)
}

/// Takes off a mark whose poll has not come back: it has panicked, and wasm does not unwind. Left alone, whatever is read from then on
/// would be that live query's, and nothing could be written.
#[cfg(target_family = "wasm")]
fn look_after() {
    thread_local!(static LOOKS: Cell<bool> = const { Cell::new(false) });
    if !LOOKS.replace(true) {
        wasm_bindgen_futures::spawn_local(async {
            LOOKS.set(false);
            drop(CURRENT.take());
        });
    }
}

/// Puts the mark back when the poll is over, however it ends.
pub(super) struct Mark(Option<Rc<dyn Tracks>>);

impl Drop for Mark {
    fn drop(&mut self) {
        let before = self.0.take();
        // During the end of a thread there is nothing to put back.
        let _now = CURRENT.try_with(|current| current.replace(before));
    }
}

/// Notes that an operation is about to be started. A live query only reads.
pub(crate) fn reads(session: &Session, request: &Request) -> Result<Option<Box<dyn Reads>>> {
    let shared = &session.shared;
    let tracks = match session.transaction {
        Some(transaction) => TRANSACTIONS.with_borrow(|all| all.get(&transaction).cloned()),
        None => CURRENT.with_borrow(Clone::clone).map(|tracks| (tracks, session.sight)),
    };
    let Some((tracks, sight)) = tracks else { return Ok(None) };
    let sight = if session.sight == Sight::Committed { sight } else { session.sight };
    let store = shared.table_name(request.store);
    if request.operation.writes() {
        return Err(Error::ReadOnly { table: store.to_owned() });
    }
    Ok(Some(tracks.reads(shared, sight, store, shared.schema(request.store))))
}

/// Notes that it is asked whether a row is pending.
pub(crate) fn asks(shared: &Arc<Shared>, store: u16, key: &AnyKey) {
    if let Some(tracks) = CURRENT.with_borrow(Clone::clone) {
        tracks.asks(shared, shared.table_name(store), shared.schema(store), key);
    }
}

/// A transaction that is begun by a live query; tracked for as long as the value lives.
pub(crate) struct TrackedTransaction(u32);

impl Drop for TrackedTransaction {
    fn drop(&mut self) {
        let _tracks = TRANSACTIONS.try_with(|all| all.borrow_mut().remove(&self.0));
    }
}

/// Who is to be told of what a transaction reads, if it is one of a live query; an error if it is to write.
pub(crate) fn begins(
    shared: &Arc<Shared>,
    stores: &[u16],
    writes: bool,
    sight: Sight,
) -> Result<Option<impl Fn(u32) -> TrackedTransaction>> {
    let Some(tracks) = CURRENT.with_borrow(Clone::clone) else { return Ok(None) };
    if writes {
        let table = stores.first().map_or("", |store| shared.table_name(*store)).to_owned();
        return Err(Error::ReadOnly { table });
    }
    // Before it is known whether it can be begun: if it cannot, the live query is to hear when that changes.
    for store in stores {
        tracks.begins(shared, shared.table_name(*store));
    }
    Ok(Some(move |transaction| {
        TRANSACTIONS.with_borrow_mut(|all| all.insert(transaction, (tracks.clone(), sight)));
        TrackedTransaction(transaction)
    }))
}

/// Whether a live query is being polled.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn is_tracking() -> bool {
    CURRENT.try_with(|current| current.borrow().is_some()).unwrap_or(true)
}
