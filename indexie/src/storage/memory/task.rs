//! A thread's operations: put in the queue of their transaction, carried out when their turn comes, and handed over.
//! Called by `engine` and `pump`; calls `operate`.

use std::rc::Rc;

use super::connection::{Connection, Table};
use super::engine::{Engine, Stage, Transaction, ended, not_started};
use super::inbox::Note;
use super::operate::{self, Input, Outcome};
use super::scan::Found;
use super::undo::{Generators, Log, Stores};
use super::write::{Target, failure, no_store};
use crate::storage::{Failure, Merge, Operation, Reply, Request, Undone, Want, runner};

/// An operation, by its number.
pub(super) enum Slot {
    Due(Task),
    /// What it came to, and how many commits it has seen.
    Settled(Result<Outcome, Failure>, u64),
}

/// An operation, with the names of what it is about.
pub(super) struct Task {
    pub request: Rc<Request>,
    pub transaction: Option<Rc<Transaction>>,
    pub connection: Rc<Connection>,
    pub table: Table,
    index: Option<String>,
}

impl Engine {
    /// Puts an operation in its queue; returns true if it has failed already.
    pub fn submit(&self, slot: u32, connection: u32, transaction: u32, request: &Rc<Request>) -> bool {
        let put = if transaction == 0 {
            self.put_alone(slot, connection, request)
        } else {
            self.put(slot, transaction, request)
        };
        match put {
            Ok(()) => false,
            Err(failure) => {
                self.slots.borrow_mut().insert(slot, Slot::Settled(Err(failure), 0));
                true
            }
        }
    }

    fn put(&self, slot: u32, transaction: u32, request: &Rc<Request>) -> Result<(), Failure> {
        // As in a browser, it is active in its own callbacks: not in those of another one, nor outside of all. The rest of a
        // savepoint may be dropped anywhere.
        let is_active = runner::current().is_some_and(|running| running.transaction == transaction);
        if !is_active && !matches!(request.operation, Operation::Rollback(_)) {
            return Err(ended());
        }
        let transaction = self.transactions.borrow().get(&transaction).cloned();
        let transaction = transaction.filter(|transaction| transaction.stage.get() != Stage::Committing);
        let transaction = transaction.ok_or_else(ended)?;
        let mut task = Task::new(&transaction.connection, request)?;
        transaction.slots.borrow_mut().push_back(slot);
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
        self.enlist(&connection, slot, scope, request.operation.writes())?;
        self.slots.borrow_mut().insert(slot, Slot::Due(task));
        Ok(())
    }

    /// Takes it out of its queue.
    pub fn task(&self, slot: u32) -> Option<Task> {
        let mut slots = self.slots.borrow_mut();
        match slots.remove(&slot)? {
            Slot::Due(task) => Some(task),
            settled @ Slot::Settled(..) => {
                slots.insert(slot, settled);
                None
            }
        }
    }

    /// Carries out an operation of a transaction. Returns false if it has been cut off.
    pub fn run(&self, slot: u32) -> bool {
        let Some(task) = self.task(slot) else { return false };
        let Some(transaction) = task.transaction.clone() else { return false };
        // They come in their order, so this is the first one.
        let first = transaction.slots.borrow_mut().pop_front_if(|first| *first == slot);
        if first.is_none() {
            transaction.slots.borrow_mut().retain(|other| *other != slot);
        }
        let input = self.input(&task);
        let (outcome, seen) = task.run(&transaction, input);
        self.settle(slot, &task, outcome, seen);
        true
    }

    /// Carries out an operation that is a transaction of its own.
    pub fn run_alone(&self, slot: u32) {
        let Some(task) = self.task(slot) else { return };
        let input = self.input(&task);
        let ((outcome, seen), receivers) = task.connection.database.change(|state| {
            let mut log = Log::default();
            let outcome = task.carry_out(&mut state.stores, &mut log, input, true);
            // A failure has taken back what there was.
            state.committed(&log);
            state.tickets.remove(slot);
            (outcome, state.commits)
        });
        self.wake(receivers);
        self.settle(slot, &task, outcome, seen);
        self.hear();
        self.pump.settled(slot);
    }

    pub fn input(&self, task: &Task) -> Input {
        let parked = |merge: &Merge| {
            let mut parked = self.parked.borrow_mut();
            let rows = match merge.undone {
                Undone::Alone => parked.remove(&merge.parked),
                Undone::AsPart => parked.get(&merge.parked).cloned(),
            };
            rows.unwrap_or_default()
        };
        operate::input(&task.request.operation, parked)
    }

    fn settle(&self, slot: u32, task: &Task, outcome: Result<Outcome, Failure>, seen: u64) {
        if let (true, Some(transaction), Ok(Outcome::Found(Found { rows, .. }))) =
            (task.request.operation.parks(), &task.transaction, &outcome)
        {
            transaction.parked.borrow_mut().push(slot);
            self.parked.borrow_mut().insert(slot, rows.clone());
        }
        self.slots.borrow_mut().insert(slot, Slot::Settled(outcome, seen));
    }

    pub fn take(&self, slot: u32, want: Want) -> Result<Reply, Failure> {
        self.inbox.unwatch(slot);
        // Not borrowed while rows are encoded.
        let settled = self.slots.borrow_mut().remove(&slot);
        match settled {
            Some(Slot::Settled(outcome, seen)) => {
                self.seen.set(seen);
                outcome.map(|outcome| operate::reply(outcome, slot, want))
            }
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

    /// What it comes to, and how many commits it has seen.
    fn run(&self, transaction: &Transaction, input: Input) -> (Result<Outcome, Failure>, u64) {
        if self.mark(transaction) {
            return (Ok(Outcome::Unit), 0);
        }
        if let Err(failure) = self.check(transaction) {
            return (Err(failure), 0);
        }
        let mut log = transaction.log.borrow_mut();
        self.connection.database.look(|state| {
            let outcome = self.carry_out(&mut state.stores, &mut log, input, false);
            (outcome, state.commits)
        })
    }

    /// Whether the transaction has the store, and may do that.
    fn check(&self, transaction: &Transaction) -> Result<(), Failure> {
        if transaction.scope.as_ref().is_some_and(|scope| !scope.contains(&self.table.name)) {
            return Err(no_store(&self.table.name));
        }
        if self.request.operation.writes() && !transaction.write {
            return Err(failure("ReadOnlyError", "the transaction only reads"));
        }
        Ok(())
    }

    pub fn is_allowed(&self) -> bool {
        self.transaction.as_ref().is_none_or(|transaction| self.check(transaction).is_ok())
    }

    /// Begins and ends the parts of a transaction that can be undone alone. Returns whether it is about that.
    fn mark(&self, transaction: &Transaction) -> bool {
        let (mut savepoints, mut log) = (transaction.savepoints.borrow_mut(), transaction.log.borrow_mut());
        let (Operation::Savepoint(id) | Operation::Release(id) | Operation::Rollback(id)) = &self.request.operation
        else {
            return false;
        };
        if let Operation::Savepoint(id) = &self.request.operation {
            savepoints.push((*id, log.mark()));
        } else if let Some(at) = savepoints.iter().position(|(savepoint, _)| savepoint == id) {
            let (_, mark) = savepoints[at];
            savepoints.truncate(at);
            if let Operation::Rollback(_) = &self.request.operation {
                self.connection.database.look(|state| log.roll_back(&mut state.stores, mark, Generators::Kept));
            }
        }
        true
    }

    fn carry_out(&self, stores: &mut Stores, log: &mut Log, input: Input, alone: bool) -> Result<Outcome, Failure> {
        let Self { request, table: Table { name, indexes, last_key }, index, .. } = self;
        if request.operation.writes() {
            operate::write(Target { stores, log, name, declared: indexes, last_key: *last_key, alone }, input)
        } else {
            operate::read(stores, name, index.as_deref(), &request.operation)
        }
    }
}
