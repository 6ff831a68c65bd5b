//! One thread's side of the memory: its connections, its transactions, and the operations that it has under way.
//! Called through [`Backend`](crate::storage::Backend), by `pump`, and by nothing else; calls `database` and `operate`.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::alter;
use super::database::{Database, Realm};
use super::inbox::{Inbox, Letters, Note};
use super::opening::Request as Opening;
use super::operate::{self, Input, Outcome};
use super::pump::Pump;
use super::scan::Found;
use super::schedule::{Scope, Ticket};
use super::undo::{Generators, Log};
use super::value::Row;
use super::write::{Target, failure, no_store};
use crate::Date;
use crate::storage::{Failure, Layout, Operation, Reply, Request, SchemaChange, Versions, Want, runner};

#[derive(Default)]
pub(super) struct Engine {
    pub inbox: Arc<Inbox>,
    pub connections: RefCell<HashMap<u32, Rc<Connection>>>,
    pub transactions: RefCell<HashMap<u32, Rc<Transaction>>>,
    pub slots: RefCell<HashMap<u32, Slot>>,
    pub deletions: RefCell<HashMap<u32, Rc<Connection>>>,
    /// Rows that a Get has left for a Merge, by its slot.
    parked: RefCell<HashMap<u32, Vec<Option<Row>>>>,
    pub pump: Pump,
}

/// A connection, from the moment it is asked for; also a deletion, which waits in the same way.
pub(super) struct Connection {
    pub id: u32,
    pub database: Arc<Database>,
    layout: RefCell<Vec<Table>>,
    pub versions: Cell<Versions>,
    /// Since when others keep it waiting.
    pub blocked: Cell<Option<Date>>,
    pub failure: RefCell<Option<Failure>>,
    pub opened: Cell<bool>,
}

/// What the number of a store means.
#[derive(Clone)]
struct Table {
    name: Arc<str>,
    indexes: Rc<[String]>,
}

pub(super) struct Transaction {
    id: u32,
    connection: Rc<Connection>,
    /// All stores, in an upgrade.
    scope: Option<Vec<Arc<str>>>,
    write: bool,
    stage: Cell<Stage>,
    /// The operations that are under way.
    slots: RefCell<Vec<u32>>,
    log: RefCell<Log>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// For its turn.
    Waiting,
    /// The same, and then it is to be committed.
    Committing,
    Started,
}

pub(super) enum Slot {
    Due(Task),
    Settled(Result<Outcome, Failure>),
}

/// An operation, with the names of what it is about.
pub(super) struct Task {
    request: Rc<Request>,
    transaction: Option<Rc<Transaction>>,
    connection: Rc<Connection>,
    table: Table,
    index: Option<String>,
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

fn not_started() -> Failure {
    failure(Failure::NOT_STARTED, "the connection is closed")
}

fn aborted() -> Failure {
    failure("AbortError", "the transaction was aborted")
}

fn ended() -> Failure {
    failure("TransactionInactiveError", "the transaction has ended")
}

impl Connection {
    fn new(id: u32, database: Arc<Database>, layout: &Layout) -> Rc<Self> {
        let connection = Self {
            id,
            database,
            layout: RefCell::default(),
            versions: Cell::default(),
            blocked: Cell::default(),
            failure: RefCell::default(),
            opened: Cell::default(),
        };
        connection.relayout(layout);
        Rc::new(connection)
    }

    pub fn relayout(&self, layout: &Layout) {
        let table = |(name, indexes): &(String, Vec<String>)| Table {
            name: name.as_str().into(),
            indexes: indexes.as_slice().into(),
        };
        self.layout.replace(layout.iter().map(table).collect());
    }

    fn table(&self, store: u16) -> Result<Table, Failure> {
        self.layout.borrow().get(usize::from(store)).cloned().ok_or_else(|| no_store(""))
    }
}

impl Engine {
    // --- letters

    pub fn tell(&self, letters: Letters) {
        for (inbox, note) in letters {
            if Arc::ptr_eq(&inbox, &self.inbox) { inbox.put(note) } else { inbox.send(note) }
        }
    }

    /// Wakes who can read this thread's letters, unless they are being read.
    fn nudge(&self) {
        if !self.pump.is_running() && !self.inbox.is_empty() {
            self.inbox.wake();
        }
    }

    // --- connections

    pub fn open(&self, realm: &Arc<Realm>, id: u32, name: &str, version: u32, layout: &Layout) {
        let request = Opening::open(id, self.inbox.clone(), version);
        let (database, letters) = realm.ask(name, |state| state.requests.push_back(request));
        self.connections.borrow_mut().insert(id, Connection::new(id, database, layout));
        self.pump.hold(self, id);
        self.tell(letters);
    }

    pub fn delete_database(&self, realm: &Arc<Realm>, slot: u32, name: &str) {
        let request = Opening::delete(slot, self.inbox.clone());
        let (database, letters) = realm.ask(name, |state| state.requests.push_back(request));
        self.deletions.borrow_mut().insert(slot, Connection::new(slot, database, &Layout::new()));
        self.pump.hold(self, slot);
        self.tell(letters);
    }

    pub fn close(&self, id: u32) {
        let Some(connection) = self.connections.borrow_mut().remove(&id) else { return };
        self.inbox.unwatch(id);
        let upgrade = self.transactions.borrow().get(&id).cloned();
        if let Some(upgrade) = upgrade {
            self.abort(upgrade.id);
        }
        let (letter, mut letters) = connection.database.change(|state| {
            state.close(id);
            // One whose upgrade has not yet been heard of here.
            state.end_upgrade(id, Err(aborted()))
        });
        letters.splice(0..0, letter);
        self.tell(letters);
        self.nudge();
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
        let transaction =
            Transaction { id, connection, scope, write, stage, slots: RefCell::default(), log: RefCell::default() };
        self.transactions.borrow_mut().insert(id, Rc::new(transaction));
    }

    /// Takes a place among the database's transactions.
    fn enlist(&self, connection: &Connection, id: u32, scope: Vec<Arc<str>>, write: bool) -> Result<(), Failure> {
        let inbox = self.inbox.clone();
        let (enlisted, letters) = connection.database.change(|state| {
            if !state.is_open(connection.id) {
                return Err(not_started());
            }
            if let Some(missing) = scope.iter().find(|name| !state.stores.contains_key(&***name)) {
                return Err(no_store(missing));
            }
            let scope = Scope::Stores(scope);
            state.tickets.push(Ticket { id, connection: connection.id, inbox, scope, write, started: false });
            Ok(())
        });
        self.pump.hold(self, id);
        self.tell(letters);
        enlisted
    }

    /// The transaction, or the operation of its own, has the stores to itself.
    pub fn started(&self, id: u32) {
        let transaction = self.transactions.borrow().get(&id).cloned();
        let Some(transaction) = transaction else { return self.run_alone(id) };
        if transaction.stage.replace(Stage::Started) == Stage::Committing {
            return self.end(&transaction, Ok(()));
        }
        for slot in transaction.slots.borrow().iter() {
            self.inbox.put(Note::Run(*slot));
        }
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
        for slot in transaction.slots.take() {
            self.slots.borrow_mut().insert(slot, Slot::Settled(Err(aborted())));
            self.inbox.put(Note::Settled(slot));
        }
        let mut log = transaction.log.take();
        let (upgraded, mut letters) = transaction.connection.database.change(|state| {
            if result.is_err() {
                log.roll_back(&mut state.stores, 0, Generators::Restored);
            }
            let upgraded = state.end_upgrade(id, result.clone());
            state.finish(id);
            upgraded
        });
        // How an upgrade ended, opening the database tells.
        let letter = upgraded.unwrap_or_else(|| (self.inbox.clone(), Note::Ended(id, result)));
        letters.insert(0, letter);
        self.tell(letters);
        self.pump.release(self, id);
    }

    // --- operations

    /// Puts an operation in its queue; returns true if it has failed already.
    pub fn submit(&self, slot: u32, connection: u32, transaction: u32, request: &Rc<Request>) -> bool {
        let put =
            if transaction == 0 { self.put_alone(slot, connection, request) } else { self.put(slot, transaction, request) };
        match put {
            Ok(()) => false,
            Err(failure) => {
                self.slots.borrow_mut().insert(slot, Slot::Settled(Err(failure)));
                true
            }
        }
    }

    fn put(&self, slot: u32, transaction: u32, request: &Rc<Request>) -> Result<(), Failure> {
        let transaction = self.transactions.borrow().get(&transaction).cloned();
        let transaction = transaction.filter(|transaction| transaction.stage.get() != Stage::Committing);
        let transaction = transaction.ok_or_else(ended)?;
        let mut task = Task::new(&transaction.connection, request)?;
        transaction.slots.borrow_mut().push(slot);
        if transaction.stage.get() == Stage::Started {
            self.inbox.put(Note::Run(slot));
        }
        task.transaction = Some(transaction);
        self.slots.borrow_mut().insert(slot, Slot::Due(task));
        Ok(())
    }

    fn put_alone(&self, slot: u32, connection: u32, request: &Rc<Request>) -> Result<(), Failure> {
        let connection = self.connections.borrow().get(&connection).cloned().ok_or_else(not_started)?;
        let task = Task::new(&connection, request)?;
        let scope = vec![task.table.name.clone()];
        self.enlist(&connection, slot, scope, operate::writes(&request.operation))?;
        self.slots.borrow_mut().insert(slot, Slot::Due(task));
        Ok(())
    }

    fn task(&self, slot: u32) -> Option<Task> {
        let mut slots = self.slots.borrow_mut();
        match slots.remove(&slot)? {
            Slot::Due(task) => Some(task),
            settled @ Slot::Settled(_) => {
                slots.insert(slot, settled);
                None
            }
        }
    }

    /// Carries out an operation of a transaction. Returns false if it has been cut off.
    pub fn run(&self, slot: u32) -> bool {
        let Some(task) = self.task(slot) else { return false };
        let Some(transaction) = task.transaction.clone() else { return false };
        transaction.slots.borrow_mut().retain(|other| *other != slot);
        let input = self.input(&task.request.operation);
        let outcome = task.run(&transaction, input);
        self.settle(slot, &task.request.operation, outcome);
        true
    }

    /// Carries out an operation that is a transaction of its own.
    fn run_alone(&self, slot: u32) {
        let Some(task) = self.task(slot) else { return };
        let input = self.input(&task.request.operation);
        let (outcome, letters) = task.connection.database.change(|state| {
            let outcome = task.carry_out(&mut state.stores, &mut Log::default(), input, true);
            state.finish(slot);
            outcome
        });
        self.tell(letters);
        self.settle(slot, &task.request.operation, outcome);
        self.pump.settled(slot);
    }

    fn input(&self, operation: &Operation) -> Input {
        operate::input(operation, |parked| self.parked.borrow_mut().remove(&parked).unwrap_or_default())
    }

    fn settle(&self, slot: u32, operation: &Operation, outcome: Result<Outcome, Failure>) {
        if let (Operation::Get { park: true, .. }, Ok(Outcome::Found(Found { rows, .. }))) = (operation, &outcome) {
            self.parked.borrow_mut().insert(slot, rows.clone());
        }
        self.slots.borrow_mut().insert(slot, Slot::Settled(outcome));
    }

    pub fn take(&self, slot: u32, want: Want) -> Result<Reply, Failure> {
        self.inbox.unwatch(slot);
        match self.slots.borrow_mut().remove(&slot) {
            Some(Slot::Settled(outcome)) => outcome.map(|outcome| operate::reply(outcome, slot, want)),
            _ => Err(failure("UnknownError", "the operation has not ended")),
        }
    }

    pub fn forget(&self, slot: u32) {
        self.inbox.unwatch(slot);
        let forgotten = self.slots.borrow_mut().remove(&slot);
        drop(forgotten);
        self.unpark(slot);
    }

    pub fn unpark(&self, slot: u32) {
        self.parked.borrow_mut().remove(&slot);
    }

    /// Whether somebody may be waiting for the operation, transaction or connection with this number.
    pub fn is_under_way(&self, id: u32) -> bool {
        matches!(self.slots.borrow().get(&id), Some(Slot::Due(_)))
            || self.transactions.borrow().contains_key(&id)
            || self.deletions.borrow().contains_key(&id)
            || self.connections.borrow().get(&id).is_some_and(|connection| !connection.opened.get())
    }

    /// The thread ends: what it has begun is undone, and its connections close.
    fn shut_down(&self) {
        let transactions: Vec<u32> = self.transactions.borrow().keys().copied().collect();
        for transaction in transactions {
            self.abort(transaction);
        }
        let connections: Vec<u32> = self.connections.borrow().keys().copied().collect();
        for connection in connections {
            self.close(connection);
        }
        for (slot, deletion) in self.deletions.take() {
            let ((), letters) = deletion.database.change(|state| state.close(slot));
            self.tell(letters);
        }
        for (slot, task) in self.slots.take() {
            if let Slot::Due(task) = task {
                let ((), letters) = task.connection.database.change(|state| state.finish(slot));
                self.tell(letters);
            }
        }
    }
}

impl Task {
    fn new(connection: &Rc<Connection>, request: &Rc<Request>) -> Result<Self, Failure> {
        let table = connection.table(request.store)?;
        let index = match request.index {
            None => None,
            Some(number) => {
                let missing = || failure("NotFoundError", "there is no such index");
                Some(table.indexes.get(usize::from(number)).cloned().ok_or_else(missing)?)
            }
        };
        Ok(Self { request: request.clone(), transaction: None, connection: connection.clone(), table, index })
    }

    fn run(&self, transaction: &Transaction, input: Input) -> Result<Outcome, Failure> {
        if transaction.scope.as_ref().is_some_and(|scope| !scope.contains(&self.table.name)) {
            return Err(no_store(&self.table.name));
        }
        if operate::writes(&self.request.operation) && !transaction.write {
            return Err(failure("ReadOnlyError", "the transaction only reads"));
        }
        let mut log = transaction.log.borrow_mut();
        self.connection.database.look(|state| self.carry_out(&mut state.stores, &mut log, input, false))
    }

    fn carry_out(
        &self,
        stores: &mut super::undo::Stores,
        log: &mut Log,
        input: Input,
        alone: bool,
    ) -> Result<Outcome, Failure> {
        let Self { request, table: Table { name, indexes }, index, .. } = self;
        if operate::writes(&request.operation) {
            operate::write(Target { stores, log, name, declared: indexes, alone }, &request.operation, input)
        } else {
            operate::read(stores, name, index.as_deref(), &request.operation)
        }
    }
}

/// The transaction of this thread whose body is calling, if one is.
pub(super) fn calling(engine: &Engine) -> Option<u32> {
    let running = runner::current()?.transaction;
    engine.transactions.borrow().contains_key(&running).then_some(running)
}
