//! One thread's side of the memory: its connections, its transactions, and the operations that it has under way.
//! Called through [`Backend`](crate::storage::Backend), by `pump`, and by nothing else; calls `database` and `operate`.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use super::alter;
use super::commits::Watched;
use super::connection::Connection;
use super::database::Realm;
use super::inbox::{Inbox, Note, Receivers};
use super::opening::Request as Opening;
use super::pump::Pump;
use super::schedule::Ticket;
use super::task::Slot;
use super::undo::{Generators, Log};
use super::value::Row;
use super::write::{failure, no_store};
use crate::storage::{Event, Failure, Layout, OpenRequest, SchemaChange, Thread, Versions, runner};

#[derive(Default)]
pub(super) struct Engine {
    pub inbox: Arc<Inbox>,
    pub connections: RefCell<HashMap<u32, Rc<Connection>>>,
    pub transactions: RefCell<HashMap<u32, Rc<Transaction>>>,
    pub slots: RefCell<HashMap<u32, Slot>>,
    pub deletions: RefCell<HashMap<u32, Rc<Connection>>>,
    /// Rows that a Get has left for a Merge, by its slot; they go with its transaction.
    pub parked: RefCell<HashMap<u32, Vec<Option<Row>>>>,
    pub pump: Pump,
    /// Those who wait for what others have under way, or for commits.
    pub waiters: RefCell<HashSet<u32>>,
    pub watched: RefCell<Watched>,
    /// How many commits the operation that was last taken has seen.
    pub seen: Cell<u64>,
}

pub(super) struct Transaction {
    pub id: u32,
    pub connection: Rc<Connection>,
    /// All stores, in an upgrade.
    pub scope: Option<Vec<Arc<str>>>,
    pub write: bool,
    pub stage: Cell<Stage>,
    /// The operations that are under way.
    pub slots: RefCell<VecDeque<u32>>,
    /// The Gets that have left rows for a Merge.
    pub parked: RefCell<Vec<u32>>,
    pub log: RefCell<Log>,
    /// Where in the log each savepoint began that has not ended.
    pub savepoints: RefCell<Vec<(u32, usize)>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// For its turn.
    Waiting,
    /// The same, and then it is to be committed.
    Committing,
    Started,
}

/// Ends what a thread leaves behind.
struct Guard(Rc<Engine>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.shut_down();
    }
}

/// This thread's engine, made when it is first needed.
pub(super) fn this_thread() -> Rc<Engine> {
    thread_local!(static ENGINE: Guard = Guard(Rc::default()));
    // A destructor that runs after this thread's data are gone finds an empty one.
    ENGINE.try_with(|guard| guard.0.clone()).unwrap_or_default()
}

pub(super) fn not_started() -> Failure {
    failure(Failure::NOT_STARTED, "the connection is closed")
}

fn aborted() -> Failure {
    failure("AbortError", "the transaction was aborted")
}

pub(super) fn ended() -> Failure {
    failure("TransactionInactiveError", "the transaction has ended")
}

impl Engine {
    // --- letters

    /// Wakes other threads that have got letters; this one reads its own by itself.
    pub fn wake(&self, receivers: Receivers) {
        for inbox in receivers {
            if !Arc::ptr_eq(&inbox, &self.inbox) {
                inbox.wake();
            }
        }
    }

    /// Wakes who can read this thread's letters, unless they are being read.
    pub fn nudge(&self) {
        if !self.pump.is_running() && !self.inbox.is_empty() {
            self.inbox.wake();
        }
    }

    // --- connections

    pub fn open(&self, realm: &Arc<Realm>, id: u32, request: &OpenRequest<'_>) {
        let OpenRequest { name, version, layout, .. } = *request;
        let request = Opening::open(id, self.inbox.clone(), version);
        let (database, receivers) = realm.ask(name, |state| state.requests.push_back(request));
        self.connections.borrow_mut().insert(id, Connection::new(id, database, layout, version));
        self.pump.hold(self, id);
        self.wake(receivers);
    }

    pub fn delete_database(&self, realm: &Arc<Realm>, slot: u32, name: &str) {
        let request = Opening::delete(slot, self.inbox.clone());
        let (database, receivers) = realm.ask(name, |state| state.requests.push_back(request));
        self.deletions.borrow_mut().insert(slot, Connection::new(slot, database, &Layout::new(), 0));
        self.pump.hold(self, slot);
        self.wake(receivers);
    }

    pub fn close(&self, id: u32) {
        let Some(connection) = self.connections.borrow_mut().remove(&id) else { return };
        self.inbox.unwatch(id);
        let upgrade = self.transactions.borrow().get(&id).cloned();
        if let Some(upgrade) = upgrade {
            self.abort(upgrade.id);
        }
        let (_, receivers) = connection.database.change(|state| {
            state.close(id);
            // One whose upgrade has not yet been heard of here.
            state.end_upgrade(id, Err(aborted()))
        });
        self.wake(receivers);
        self.nudge();
    }

    /// A connection is open, or was: another thread may have closed it before this one has heard of it, and then it is asked
    /// for again, to whichever database has the name by now. Returns whether it is.
    pub fn opened(&self, connection: &Connection) -> bool {
        let id = connection.id;
        let opened = connection.database.look(|state| state.is_open(id).then(|| state.stored()));
        if opened.is_some() {
            connection.opened.replace(opened);
            return true;
        }
        let request = Opening::open(id, self.inbox.clone(), connection.asked);
        let (database, receivers) = connection.database.ask_again(|state| state.requests.push_back(request));
        self.connections.borrow_mut().insert(id, connection.again(database));
        self.wake(receivers);
        false
    }

    /// Another thread has closed a connection, and this one comes to use it before it has read why. The owner hears of it now:
    /// he is about to forget this connection.
    fn closed(&self, id: u32) {
        if let Some(versions) = self.inbox.version_change(id) {
            self.version_changes(id, versions);
        }
    }

    pub fn version_changes(&self, id: u32, versions: Versions) {
        if self.reported(id, versions).is_some() {
            Thread::get().happened(id, Event::VersionChange);
        }
    }

    /// A connection, or a deletion, by its number.
    pub fn waiting(&self, id: u32) -> Option<Rc<Connection>> {
        let connection = self.connections.borrow().get(&id).cloned();
        connection.or_else(|| self.deletions.borrow().get(&id).cloned())
    }

    // --- transactions

    pub fn begin(&self, id: u32, connection: u32, stores: &[u16], write: bool) -> Result<(), Failure> {
        let connection = self.connections.borrow().get(&connection).cloned().ok_or_else(not_started)?;
        let mut scope = Vec::with_capacity(stores.len());
        for store in stores {
            scope.push(connection.table(*store)?.name);
        }
        self.enlist(&connection, id, scope.clone(), write)?;
        self.enter(id, connection, Some(scope), write, Stage::Waiting);
        Ok(())
    }

    /// Changes stores and indexes, in an upgrade.
    pub fn alter(&self, connection: u32, change: SchemaChange<'_>) -> Result<(), Failure> {
        let upgrade = self.transactions.borrow().get(&connection).cloned().ok_or_else(ended)?;
        let mut log = upgrade.log.borrow_mut();
        upgrade.connection.database.look(|state| alter::alter(&mut state.stores, &mut log, change))
    }

    /// The transaction of an upgrade, which the database has begun.
    pub fn upgrade(&self, connection: &Rc<Connection>) {
        self.enter(connection.id, connection.clone(), None, true, Stage::Started);
    }

    fn enter(&self, id: u32, connection: Rc<Connection>, scope: Option<Vec<Arc<str>>>, write: bool, stage: Stage) {
        let stage = Cell::new(stage);
        let (slots, parked, log, savepoints) = Default::default();
        let transaction = Transaction { id, connection, scope, write, stage, slots, parked, log, savepoints };
        self.transactions.borrow_mut().insert(id, Rc::new(transaction));
    }

    /// Takes a place among the database's transactions.
    pub fn enlist(&self, connection: &Connection, id: u32, scope: Vec<Arc<str>>, write: bool) -> Result<(), Failure> {
        let inbox = self.inbox.clone();
        let (enlisted, receivers) = connection.database.change(|state| {
            if !state.is_open(connection.id) {
                return Err(not_started());
            }
            if let Some(missing) = scope.iter().find(|name| !state.stores.contains_key(&***name)) {
                return Err(no_store(missing));
            }
            state.tickets.push(Ticket { id, connection: connection.id, inbox, scope, write, left: None });
            Ok(())
        });
        self.pump.hold(self, id);
        self.wake(receivers);
        if enlisted.as_ref().is_err_and(Failure::is_not_started) {
            self.closed(connection.id);
        }
        enlisted
    }

    /// The transaction, or the operation of its own, has the stores to itself. Returns whether that was all of it.
    pub fn started(&self, id: u32) -> bool {
        let transaction = self.transactions.borrow().get(&id).cloned();
        let Some(transaction) = transaction else {
            self.run_alone(id);
            return true;
        };
        if transaction.stage.replace(Stage::Started) == Stage::Committing {
            self.end(&transaction, Ok(()));
            return false;
        }
        for slot in transaction.slots.borrow().iter() {
            self.inbox.put(Note::Run(*slot));
        }
        false
    }

    pub fn commit(&self, id: u32) {
        let transaction = self.transactions.borrow().get(&id).cloned();
        let Some(transaction) = transaction else { return };
        if transaction.stage.get() == Stage::Started {
            self.end(&transaction, Ok(()));
        } else {
            transaction.stage.set(Stage::Committing);
        }
        self.nudge();
    }

    pub fn abort(&self, id: u32) {
        let transaction = self.transactions.borrow().get(&id).cloned();
        let Some(transaction) = transaction else { return };
        self.end(&transaction, Err(aborted()));
        self.nudge();
    }

    fn end(&self, transaction: &Transaction, result: Result<(), Failure>) {
        let id = transaction.id;
        self.transactions.borrow_mut().remove(&id);
        // Nothing is under way when a transaction is committed.
        self.cut_off(transaction.slots.take());
        for parked in transaction.parked.take() {
            self.unpark(parked);
        }
        let mut log = transaction.log.take();
        let ((), receivers) = transaction.connection.database.change(|state| {
            if result.is_err() {
                log.roll_back(&mut state.stores, 0, Generators::Restored);
            } else if !state.is_upgraded_by(id) {
                state.committed(&log);
            }
            // How an upgrade ended, opening the database tells.
            if !state.end_upgrade(id, result.clone()) {
                state.tickets.remove(id);
                state.letters.push(self.inbox.clone(), Note::Ended(id, result));
            }
        });
        self.wake(receivers);
        self.pump.release(self, id);
    }

    pub fn cut_off(&self, slots: VecDeque<u32>) {
        for slot in slots {
            self.slots.borrow_mut().insert(slot, Slot::Settled(Err(aborted()), 0));
            self.inbox.put(Note::Settled(slot));
        }
    }

    /// Somebody begins to wait for what others have under way, or has ended it.
    pub fn waits(&self, id: u32, waits: bool) {
        if waits {
            self.waiters.borrow_mut().insert(id);
        } else {
            self.waiters.borrow_mut().remove(&id);
            self.inbox.unwatch(id);
        }
    }

    /// Whether somebody may be waiting for the operation, transaction or connection with this number, or has it to wait for others'.
    pub fn is_under_way(&self, id: u32) -> bool {
        matches!(self.slots.borrow().get(&id), Some(Slot::Due(_)))
            || self.transactions.borrow().contains_key(&id)
            || self.deletions.borrow().contains_key(&id)
            || self.connections.borrow().get(&id).is_some_and(|connection| connection.opened.borrow().is_none())
            || self.waiters.borrow().contains(&id)
            || self.pump.keeps(id)
    }

    /// The thread ends: what it has begun is undone, and its connections close.
    fn shut_down(&self) {
        self.unwatch_all();
        let transactions: Vec<u32> = self.transactions.borrow().keys().copied().collect();
        for transaction in transactions {
            self.abort(transaction);
        }
        let connections: Vec<u32> = self.connections.borrow().keys().copied().collect();
        for connection in connections {
            self.close(connection);
        }
        for (slot, deletion) in self.deletions.take() {
            let ((), receivers) = deletion.database.change(|state| state.close(slot));
            self.wake(receivers);
        }
        for (slot, task) in self.slots.take() {
            if let Slot::Due(task) = task {
                let ((), receivers) = task.connection.database.change(|state| state.tickets.remove(slot));
                self.wake(receivers);
            }
        }
    }
}

/// The transaction of this thread whose body is calling, if one is.
pub(super) fn calling(engine: &Engine) -> Option<u32> {
    let running = runner::current()?.transaction;
    engine.transactions.borrow().contains_key(&running).then_some(running)
}
