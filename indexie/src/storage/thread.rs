//! One thread's view of its storages: who waits for which operation, and who listens to which connection.
//! Called by the engine, and by the backends when something has happened.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};

use super::backend::{Backend, Event, OpenRequest};
use super::{Columns, Commit, Failure, Reply, Request, Sink, Want, runner};
use crate::database::Durability;
use crate::order::SortedMap;

/// Reacts to what happens to a connection.
type Listener = Rc<dyn Fn(Event)>;

#[derive(Default)]
pub(crate) struct Thread {
    slots: RefCell<SortedMap<u32, Slot>>,
    listeners: RefCell<SortedMap<u32, Listener>>,
    /// What is to happen when a transaction ends.
    endings: RefCell<SortedMap<u32, Ending>>,
}

/// Hears whether a transaction is complete.
type Ending = Box<dyn FnOnce(bool)>;

/// An operation that is under way, or has ended and not been asked for.
struct Slot {
    backend: Rc<dyn Backend>,
    transaction: u32,
    settled: bool,
    /// Nobody waits any more; the slot goes when its operation ends.
    abandoned: bool,
    sink: Option<Sink>,
    waker: Option<Waker>,
}

impl Thread {
    /// This thread's own, made when it is first needed.
    pub fn get() -> Rc<Self> {
        thread_local!(static THREAD: Rc<Thread> = Rc::default());
        // A destructor that runs after this thread's data are gone finds an empty one.
        THREAD.try_with(Rc::clone).unwrap_or_default()
    }

    /// A number for a slot, a transaction or a connection; never 0, and no other thread's: a handle that has crossed threads
    /// must not take another transaction for its own.
    #[allow(clippy::unused_self, reason = "called as its neighbours")]
    pub fn number(&self) -> u32 {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        match NEXT.fetch_add(1, Ordering::Relaxed) {
            0 => NEXT.fetch_add(1, Ordering::Relaxed),
            number => number,
        }
    }

    // --- what the backends report

    /// An operation has ended.
    pub fn settled(&self, id: u32) {
        // Dropped without a borrow: it may be the last to keep a database object alive, whose connection then closes.
        let listener = self.listeners.borrow_mut().remove(&id);
        let (transaction, waker, unwanted) = {
            let mut slots = self.slots.borrow_mut();
            let Some(slot) = slots.get_mut(&id) else { return };
            slot.settled = true;
            let (transaction, waker) = (slot.transaction, slot.waker.take());
            let unwanted = if slot.abandoned { slots.remove(&id) } else { None };
            (transaction, waker, unwanted)
        };
        drop(listener);
        if let Some(slot) = unwanted {
            slot.backend.forget(id);
        }
        if let Some(waker) = waker {
            waker.wake();
        }
        if transaction != 0 {
            runner::answered(transaction);
        }
    }

    /// A part of what an operation reads has come.
    #[cfg_attr(not(target_family = "wasm"), allow(dead_code, reason = "memory has nothing to wait for"))]
    pub fn arrived(&self, id: u32, columns: &Columns) {
        // The app's code, which may ask for more.
        let sink = self.slots.borrow().get(&id).filter(|slot| !slot.abandoned).and_then(|slot| slot.sink.clone());
        if let Some(Sink(take)) = sink {
            take(columns);
        }
    }

    /// A transaction is complete, or aborted.
    pub fn ended(&self, transaction: u32, result: Result<(), Failure>) {
        let ending = self.endings.borrow_mut().remove(&transaction);
        if let Some(ending) = ending {
            ending(result.is_ok());
        }
        runner::ended(transaction, result);
    }

    /// Has `then` called at the end of a transaction, before whoever waits for that is told.
    pub fn at_end(&self, transaction: u32, then: impl FnOnce(bool) + 'static) {
        self.endings.borrow_mut().insert(transaction, Box::new(then));
    }

    /// Something has happened to a connection.
    pub fn happened(&self, connection: u32, event: Event) {
        let listener = self.listeners.borrow().get(&connection).cloned();
        if let Some(listener) = listener {
            listener(event);
        }
    }

    /// Something that is watched is stored.
    #[cfg_attr(not(feature = "live"), allow(unused_variables, reason = "nothing is watched"))]
    #[allow(clippy::unused_self, reason = "called as its neighbours")]
    pub fn committed(&self, read: impl FnOnce() -> (u32, Commit)) {
        #[cfg(feature = "live")]
        crate::live::committed(read);
    }

    // --- connections

    /// Begins to open a database; the listener hears how that goes, and of the connection's later life.
    pub fn open(&self, backend: &dyn Backend, connection: u32, request: &OpenRequest<'_>, listener: Listener) {
        self.listeners.borrow_mut().insert(connection, listener);
        backend.open(connection, request);
    }

    pub fn close(&self, backend: &dyn Backend, connection: u32) {
        let listener = self.listeners.borrow_mut().remove(&connection);
        backend.close(connection);
        drop(listener);
    }

    /// Deletes a database; `blocked` is called with the slot while other connections keep it open.
    pub fn delete_database(
        self: &Rc<Self>,
        backend: &Rc<dyn Backend>,
        name: &str,
        blocked: impl Fn(u32) + 'static,
    ) -> Submitted {
        let slot = self.slot(backend, 0, None);
        self.listeners.borrow_mut().insert(slot, Rc::new(move |_| blocked(slot)));
        backend.delete_database(slot, name);
        Submitted { thread: self.clone(), backend: backend.clone(), slot, want: Want::ROWS, taken: false }
    }

    pub fn database_names(self: &Rc<Self>, backend: &Rc<dyn Backend>) -> Submitted {
        let slot = self.slot(backend, 0, None);
        backend.database_names(slot);
        Submitted { thread: self.clone(), backend: backend.clone(), slot, want: Want::PRIMARY_KEYS, taken: false }
    }

    // --- operations

    fn slot(&self, backend: &Rc<dyn Backend>, transaction: u32, sink: Option<Sink>) -> u32 {
        let slot = self.number();
        let entry = Slot { backend: backend.clone(), transaction, settled: false, abandoned: false, sink, waker: None };
        self.slots.borrow_mut().insert(slot, entry);
        slot
    }

    /// Starts an operation, in a transaction or (0) alone.
    pub fn submit(
        self: &Rc<Self>,
        backend: &Rc<dyn Backend>,
        connection: u32,
        transaction: u32,
        durability: Durability,
        request: &Rc<Request>,
    ) -> Submitted {
        let want = request.operation.want();
        let slot = self.slot(backend, transaction, request.sink.clone());
        let settled = backend.submit(slot, connection, transaction, durability, request);
        if settled && let Some(slot) = self.slots.borrow_mut().get_mut(&slot) {
            slot.settled = true;
        }
        if transaction != 0 && !settled {
            runner::submitted(transaction);
        }
        Submitted { thread: self.clone(), backend: backend.clone(), slot, want, taken: false }
    }
}

/// Who waits for something that others have under way, or for commits. Each has a number of its own: of one number only the last that
/// was polled is woken, and to be polled twice tells that a turn is over.
pub(crate) struct Waiter {
    backend: Rc<dyn Backend>,
    number: u32,
}

impl Waiter {
    pub fn new(backend: Rc<dyn Backend>) -> Self {
        let number = Thread::get().number();
        backend.waits(number, true);
        Self { backend, number }
    }

    /// Looks at what is due, where nothing else does, and has this waker woken when there is more.
    pub fn turn(&self, waker: &Waker) {
        self.backend.turn(waker, self.number);
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.backend.waits(self.number, false);
    }
}

/// An operation that has been started. Dropped early, its result is thrown away unread; a write goes on.
#[must_use = "futures do nothing unless awaited"]
pub(crate) struct Submitted {
    thread: Rc<Thread>,
    backend: Rc<dyn Backend>,
    slot: u32,
    want: Want,
    taken: bool,
}

impl Future for Submitted {
    type Output = Result<Reply, Failure>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        #[cfg(not(target_family = "wasm"))]
        crate::tasks::run();
        {
            let mut slots = self.thread.slots.borrow_mut();
            let Some(slot) = slots.get_mut(&self.slot) else {
                // Taken already: polled after its end.
                return Poll::Pending;
            };
            if !slot.settled {
                let before = slot.waker.replace(context.waker().clone());
                drop(slots);
                drop(before);
                // An answer that comes in this turn is read in the next one.
                self.backend.turn(context.waker(), self.slot);
                return Poll::Pending;
            }
            slots.remove(&self.slot);
        }
        self.taken = true;
        Poll::Ready(self.backend.take(self.slot, self.want))
    }
}

impl Drop for Submitted {
    fn drop(&mut self) {
        if self.taken {
            return;
        }
        let (under_way, _gone) = {
            let mut slots = self.thread.slots.borrow_mut();
            match slots.get_mut(&self.slot) {
                Some(slot) if !slot.settled => {
                    slot.abandoned = true;
                    (true, None)
                }
                _ => (false, slots.remove(&self.slot)),
            }
        };
        if under_way {
            // A deletion that nobody waits for any more has nobody to tell that it is blocked.
            let listener = self.thread.listeners.borrow_mut().remove(&self.slot);
            drop(listener);
            self.backend.abandon(self.slot);
        } else {
            self.backend.forget(self.slot);
        }
    }
}
