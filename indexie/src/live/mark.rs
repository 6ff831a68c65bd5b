//! Marks: which live query is being polled, and which transactions are of live queries.
//! Called by `tracking`, and by the engine and overlays, by way of `gate`; calls `tracking`.

#[cfg(target_family = "wasm")]
use std::cell::Cell;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use super::gate::{Begins, NotedRead, NotedTransaction, Notes, note};
use super::tracking::Tracker;
use crate::engine::{Session, Shared, Sight};
use crate::error::{Error, Result};
use crate::key::AnyKey;
use crate::order::SortedMap;
use crate::storage::Request;

/// A live query, and what one of its transactions stands for: one that a read is made of, for what that sees.
type Tracked = (Rc<Tracker>, Sight);

thread_local! {
    static CURRENT: RefCell<Option<Rc<Tracker>>> = const { RefCell::new(None) };
    /// Whose transactions these are.
    static TRANSACTIONS: RefCell<SortedMap<u32, Tracked>> = const { RefCell::new(SortedMap::new()) };
}

/// Has reads noted for as long as the value lives.
pub(super) fn track(tracker: Rc<Tracker>) -> Mark {
    note(Notes { reads, asks, begins, is_tracking });
    let before = CURRENT.replace(Some(tracker));
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
pub(super) struct Mark(Option<Rc<Tracker>>);

impl Drop for Mark {
    fn drop(&mut self) {
        let before = self.0.take();
        // During the end of a thread there is nothing to put back.
        let _now = CURRENT.try_with(|current| current.replace(before));
    }
}

fn reads(session: &Session, request: &Request) -> Result<NotedRead> {
    let shared = &session.shared;
    let whose = match session.transaction {
        Some(transaction) => TRANSACTIONS.with_borrow(|all| all.get(&transaction).cloned()),
        None => CURRENT.with_borrow(Clone::clone).map(|tracker| (tracker, session.sight)),
    };
    let Some((tracker, sight)) = whose else { return Ok(None) };
    let sight = if session.sight == Sight::Committed { sight } else { session.sight };
    let store = shared.table_name(request.store);
    if request.operation.writes() {
        return Err(Error::ReadOnly { table: store.to_owned() });
    }
    Ok(Some(tracker.reads(shared, sight, store, shared.schema(request.store))))
}

fn asks(shared: &Arc<Shared>, store: u16, key: &AnyKey) {
    if let Some(tracker) = CURRENT.with_borrow(Clone::clone) {
        tracker.asks(shared, shared.table_name(store), shared.schema(store), key);
    }
}

fn begins(shared: &Arc<Shared>, stores: &[u16], writes: bool, sight: Sight) -> Result<NotedTransaction> {
    let Some(tracker) = CURRENT.with_borrow(Clone::clone) else { return Ok(None) };
    if writes {
        let table = stores.first().map_or("", |store| shared.table_name(*store)).to_owned();
        return Err(Error::ReadOnly { table });
    }
    // Before it is known whether it can be begun: if it cannot, the live query is to hear when that changes.
    for store in stores {
        tracker.begins(shared, shared.table_name(*store));
    }
    Ok(Some(Box::new(TrackedTransaction { tracked: (tracker, sight), number: None })))
}

fn is_tracking() -> bool {
    CURRENT.try_with(|current| current.borrow().is_some()).unwrap_or(true)
}

/// A transaction that is begun by a live query.
struct TrackedTransaction {
    tracked: Tracked,
    number: Option<u32>,
}

impl Begins for TrackedTransaction {
    fn begun(&mut self, transaction: u32) {
        self.number = Some(transaction);
        TRANSACTIONS.with_borrow_mut(|all| all.insert(transaction, self.tracked.clone()));
    }
}

impl Drop for TrackedTransaction {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let _tracked = TRANSACTIONS.try_with(|all| all.borrow_mut().remove(&number));
        }
    }
}
