//! What nobody waits for any more, and others may: their threads are not to wait until this one is polled again. What it
//! would write is written now, or else by whoever ends what it waits for.
//! Called through [`Backend`](crate::storage::Backend) and by `database`; calls `operate`.

use super::connection::Table;
use super::database::State;
use super::engine::{Engine, Stage, Transaction};
use super::inbox::Note;
use super::operate::{self, Input};
use super::task::{Slot, Task};
use super::undo::{Log, Stores};
use super::write::Target;
use crate::storage::Thread;

/// The writes of a transaction that is to be committed.
#[derive(Debug)]
pub(super) struct Left {
    writes: Vec<(Table, Input)>,
    alone: bool,
}

impl Left {
    /// Each as a whole or not at all: nobody hears of one that fails.
    pub fn carry_out(self, stores: &mut Stores) -> Log {
        let mut log = Log::default();
        for (Table { name, indexes, last_key }, input) in self.writes {
            let alone = self.alone;
            let target = Target { stores, log: &mut log, name: &name, declared: &indexes, last_key, alone };
            let _ = operate::write(target, input);
        }
        log
    }
}

impl State {
    fn leave(&mut self, id: u32, left: Left) {
        match self.tickets.waiting(id) {
            Some(ticket) if !left.writes.is_empty() => ticket.left = Some(left),
            Some(_) => self.tickets.remove(id),
            None => {
                let log = left.carry_out(&mut self.stores);
                self.committed(&log);
                self.tickets.remove(id);
            }
        }
    }
}

impl Engine {
    /// Nobody waits any more for an operation of its own, a deletion, or a transaction that is to be committed.
    pub fn abandon(&self, id: u32) {
        let transaction = self.transactions.borrow().get(&id).cloned();
        let deletion = self.deletions.borrow_mut().remove(&id);
        if let Some(transaction) = transaction {
            self.abandon_transaction(&transaction);
        } else if let Some(deletion) = deletion {
            let ((), receivers) = deletion.database.change(|state| state.close(id));
            self.wake(receivers);
            self.pump.settled(id);
        } else if matches!(self.slots.borrow().get(&id), Some(Slot::Due(task)) if task.transaction.is_none()) {
            self.abandon_operation(id);
        }
        // Others of this thread may go on, and it may be nobody's turn.
        self.nudge();
    }

    fn abandon_operation(&self, slot: u32) {
        let Some(task) = self.task(slot) else { return };
        let left = Left { writes: self.writes(&task).into_iter().collect(), alone: true };
        let ((), receivers) = task.connection.database.change(|state| state.leave(slot, left));
        self.wake(receivers);
        self.pump.settled(slot);
    }

    fn abandon_transaction(&self, transaction: &Transaction) {
        let id = transaction.id;
        if transaction.stage.get() == Stage::Started {
            let slots = transaction.slots.borrow().clone();
            for slot in slots {
                if self.run(slot) {
                    // The last answer commits.
                    Thread::get().settled(slot);
                }
            }
            return;
        }
        self.transactions.borrow_mut().remove(&id);
        let slots = transaction.slots.take();
        let tasks = slots.iter().filter_map(|slot| self.task(*slot));
        let left = Left { writes: tasks.filter_map(|task| self.writes(&task)).collect(), alone: false };
        self.cut_off(slots);
        let ((), receivers) = transaction.connection.database.change(|state| {
            state.leave(id, left);
            state.letters.push(self.inbox.clone(), Note::Ended(id, Ok(())));
        });
        self.wake(receivers);
        self.pump.release(self, id);
    }

    /// What an operation writes, if it may.
    fn writes(&self, task: &Task) -> Option<(Table, Input)> {
        if !task.is_allowed() {
            return None;
        }
        match self.input(task) {
            Input::None => None,
            input => Some((task.table.clone(), input)),
        }
    }
}
