//! The turns of the memory: a thread that uses it has no event loop, so whoever polls one of its futures reads the
//! thread's letters, and thereby moves on whatever is due, as the browser's loop would.
//! Called at each poll; calls [`Thread`], which wakes futures and polls the bodies of transactions.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::task::Waker;

use super::connection::Connection;
use super::engine::{Engine, calling};
use super::inbox::Note;
use super::operate::Outcome;
use super::task::Slot;
use crate::Date;
use crate::storage::{Event, Thread, Versions, runner};

/// So many letters are read in a turn; then other tasks of the executor come first.
const LETTERS: usize = 64;

#[derive(Default)]
pub(super) struct Pump {
    running: Cell<bool>,
    /// Transactions whose bodies wait for something else than this storage.
    later: RefCell<Vec<u32>>,
    /// The futures that have been polled since those began to wait.
    polled: RefCell<HashSet<u32>>,
    /// What was begun in the body of a transaction and is no part of it, with that transaction.
    held: RefCell<HashMap<u32, u32>>,
    /// Letters about those.
    kept: RefCell<Vec<(u32, Note)>>,
}

/// A turn. When it is over, however it ends, whoever has something left to wait for is seen to.
struct Running<'a> {
    engine: &'a Engine,
    waker: &'a Waker,
    future: u32,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let Self { engine, waker, future } = *self;
        engine.pump.running.set(false);
        if engine.is_under_way(future) {
            engine.inbox.watch(future, waker);
        }
        if !engine.inbox.is_empty() || !engine.pump.later.borrow().is_empty() {
            engine.inbox.wake();
            waker.wake_by_ref();
        }
    }
}

impl Pump {
    pub fn is_running(&self) -> bool {
        self.running.get()
    }

    /// Gives the body of a transaction a turn of the executor.
    pub fn later(&self, transaction: u32) {
        self.later.borrow_mut().push(transaction);
    }

    /// The transactions that have waited for a turn. A future is polled at most once in a turn of the executor: one that
    /// comes again tells that a turn is over.
    fn waited(&self, future: u32) -> Vec<u32> {
        let mut polled = self.polled.borrow_mut();
        if self.later.borrow().is_empty() {
            polled.clear();
            return Vec::new();
        }
        if polled.insert(future) {
            return Vec::new();
        }
        polled.clear();
        polled.insert(future);
        self.later.take()
    }

    /// What a body begins outside of its own transaction comes to nothing before that ends: another database answers in
    /// its own time, which a browser does not give a transaction.
    pub fn hold(&self, engine: &Engine, id: u32) {
        if let Some(transaction) = calling(engine)
            && transaction != id
        {
            self.held.borrow_mut().insert(id, transaction);
        }
    }

    fn keep(&self, engine: &Engine, note: Note) -> Option<Note> {
        let by = self.held.borrow().get(&note.about()).copied();
        match by {
            Some(transaction) if engine.transactions.borrow().contains_key(&transaction) => {
                self.kept.borrow_mut().push((transaction, note));
                None
            }
            _ => Some(note),
        }
    }

    pub fn keeps(&self, id: u32) -> bool {
        self.kept.borrow().iter().any(|(_, note)| note.about() == id)
    }

    /// The transaction has ended.
    pub fn release(&self, engine: &Engine, transaction: u32) {
        self.held.borrow_mut().retain(|_, by| *by != transaction);
        let mut kept = self.kept.borrow_mut();
        for (_, note) in kept.extract_if(.., |(by, _)| *by == transaction) {
            engine.inbox.put(note);
        }
    }

    /// An operation of its own has ended.
    pub fn settled(&self, slot: u32) {
        self.held.borrow_mut().remove(&slot);
        Thread::get().settled(slot);
    }
}

impl Engine {
    /// Reads this thread's letters. `future` is the number of what is polled. Nothing is done in a future's first turn, if it has
    /// begun something: in a browser, too, nothing comes of an operation before others have had theirs.
    pub fn turn(&self, waker: &Waker, future: u32) {
        // The body of a transaction has its turn already: who polls the whole goes on when it has come back.
        if self.pump.is_running() || runner::current().is_some() {
            return;
        }
        #[cfg(not(target_family = "wasm"))]
        let _hold = crate::tasks::hold();
        let is_first = self.is_under_way(future) && self.inbox.watch(future, waker);
        if is_first && !self.waiters.borrow().contains(&future) {
            waker.wake_by_ref();
            return;
        }
        self.read_letters(waker, future);
        // Who waits for the storage is woken when one of these wants another turn.
        #[cfg(not(target_family = "wasm"))]
        crate::tasks::run();
    }

    fn read_letters(&self, waker: &Waker, future: u32) {
        self.pump.running.set(true);
        let _running = Running { engine: self, waker, future };
        for transaction in self.pump.waited(future) {
            runner::waited(transaction);
        }
        for _ in 0..LETTERS {
            let Some(note) = self.inbox.next() else { break };
            // Who has been told something goes on with it before anything else happens, as in a browser.
            if self.pump.keep(self, note).is_some_and(|note| self.read(note)) {
                break;
            }
        }
    }

    /// Returns whether somebody outside of the bodies of transactions has been told something.
    fn read(&self, note: Note) -> bool {
        let thread = Thread::get();
        match note {
            Note::Started(id) => return self.started(id),
            Note::Run(slot) => {
                if self.run(slot) {
                    thread.settled(slot);
                }
                return false;
            }
            Note::Settled(slot) => thread.settled(slot),
            Note::Committed(watch, committed) => self.heard(watch, &committed),
            Note::Ended(id, result) => {
                self.inbox.unwatch(id);
                thread.ended(id, result);
            }
            Note::Deleted(slot) => {
                if self.deletions.borrow_mut().remove(&slot).is_some() {
                    self.slots.borrow_mut().insert(slot, Slot::Settled(Ok(Outcome::Unit), 0));
                    thread.settled(slot);
                }
            }
            Note::Upgrade(id, versions) => {
                if let Some(connection) = self.reported(id, versions) {
                    self.upgrade(&connection);
                    thread.happened(id, Event::Upgrade);
                }
            }
            Note::Opened(id) => {
                if let Some(connection) = self.waiting(id) {
                    if !self.opened(&connection) {
                        // What it has upgraded is stored all the same.
                        thread.ended(id, Ok(()));
                        return false;
                    }
                    self.inbox.unwatch(id);
                    thread.happened(id, Event::Opened);
                }
            }
            Note::OpenFailed(id, versions, failure) => {
                if let Some(connection) = self.reported(id, versions) {
                    connection.failure.replace(Some(failure));
                    self.inbox.unwatch(id);
                    thread.happened(id, Event::OpenFailed);
                } else {
                    thread.ended(id, Err(failure));
                }
            }
            Note::Asked(id, versions) | Note::Blocked(id, versions) => self.blocked(id, versions),
            Note::VersionChange(id, versions) => self.version_changes(id, versions),
        }
        true
    }

    pub fn reported(&self, id: u32, versions: Versions) -> Option<Rc<Connection>> {
        let connection = self.waiting(id)?;
        connection.versions.set(versions);
        Some(connection)
    }

    /// Says that others have not closed, if that is so, and again in a second.
    fn blocked(&self, id: u32, versions: Versions) {
        let Some(connection) = self.reported(id, versions) else { return };
        if !connection.database.look(|state| state.is_blocked(id)) {
            return;
        }
        if connection.blocked.get().is_none() {
            connection.blocked.set(Some(Date::now()));
        }
        #[cfg(not(target_family = "wasm"))]
        {
            let inbox = std::sync::Arc::downgrade(&self.inbox);
            let timer = move || {
                std::thread::sleep(std::time::Duration::from_secs(1));
                if let Some(inbox) = inbox.upgrade() {
                    inbox.send(Note::Blocked(id, versions));
                }
            };
            // Without threads to spare it is said once.
            let _ = std::thread::Builder::new().name("indexie: blocked".to_owned()).spawn(timer);
        }
        Thread::get().happened(id, Event::Blocked);
    }
}
