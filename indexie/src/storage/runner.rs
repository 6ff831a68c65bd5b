//! Runs the body of a transaction. The body is polled from inside the callbacks of its own requests, where the
//! transaction is active, and never by an executor: with several threads an executor would come too late.
//! Called by the engine, and by `thread` when a request is answered or a transaction ends.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures::future::LocalBoxFuture;

use super::backend::Backend;
use super::{Failure, Thread};
use crate::error::{Error, Result};
use crate::order::SortedMap;

/// Turns of the microtask queue that a body may wait without a request: enough for what is resolved already.
const GRACE: u32 = 32;

/// Which body is being polled right now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Running {
    pub database: u64,
    pub transaction: u32,
}

thread_local! {
    static TRANSACTIONS: RefCell<SortedMap<u32, Rc<Transaction>>> = const { RefCell::new(SortedMap::new()) };
    static CURRENT: Cell<Option<Running>> = const { Cell::new(None) };
}

/// The transaction whose body is calling, if one is.
pub(crate) fn current() -> Option<Running> {
    CURRENT.get().filter(|running| find(running.transaction).is_some())
}

/// What was called by the browser has panicked. The mark of the body that did is still there, for wasm does not unwind.
#[cfg(target_family = "wasm")]
pub(crate) fn panicked() {
    CURRENT.set(None);
}

struct Transaction {
    backend: Rc<dyn Backend>,
    running: Running,
    writes: bool,
    phase: Cell<Phase>,
    /// Whether the body has returned.
    returned: Cell<bool>,
    /// Absent while it is being polled, and once it has ended.
    body: RefCell<Option<LocalBoxFuture<'static, Result<()>>>>,
    woken: Arc<Flag>,
    requests: Cell<u32>,
    waited: Cell<u32>,
    /// Why it is being aborted, or what the body made of its commit.
    error: RefCell<Option<Error>>,
    outcome: RefCell<Option<Result<()>>>,
    /// What the body panicked with, in a program that unwinds.
    panic: RefCell<Option<Box<dyn Any + Send>>>,
    waiting: RefCell<Option<Waker>>,
    /// Who waits for [`commit`].
    watching: RefCell<Vec<Waker>>,
}

/// What has been decided about a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// It is to be committed: the body has returned `Ok`, or has asked for it. Nothing more can be asked of it.
    Committing,
    Aborting,
}

/// A waker that only takes note: who wakes a body does so from a request's callback, which polls it next, or during
/// its grace.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Puts the mark back when the poll is over, however it ends.
struct Mark(Option<Running>);

impl Drop for Mark {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

/// Runs `body` in a transaction that the storage has begun: committed when it returns `Ok`, and only then.
///
/// The future resolves once the storage says, by [`ended`], that the transaction is complete, or aborted: one that only reads, as
/// soon as it has read, where it can. Dropping it aborts.
pub(crate) fn adopt<R: 'static>(
    backend: Rc<dyn Backend>,
    database: u64,
    id: u32,
    writes: bool,
    body: impl FnOnce(u32) -> LocalBoxFuture<'static, Result<R>>,
) -> LocalBoxFuture<'static, Result<R>> {
    let result = Rc::new(RefCell::new(None));
    let (body, slot) = (body(id), result.clone());
    let transaction = Rc::new(Transaction {
        backend,
        running: Running { database, transaction: id },
        writes,
        phase: Cell::new(Phase::Open),
        returned: Cell::new(false),
        body: RefCell::new(Some(Box::pin(async move {
            let value = body.await?;
            *slot.borrow_mut() = Some(value);
            Ok(())
        }))),
        woken: Arc::new(Flag(AtomicBool::new(false))),
        requests: Cell::new(0),
        waited: Cell::new(0),
        error: RefCell::default(),
        outcome: RefCell::default(),
        panic: RefCell::default(),
        waiting: RefCell::default(),
        watching: RefCell::default(),
    });
    TRANSACTIONS.with_borrow_mut(|all| all.insert(id, transaction.clone()));
    // A body that panics in its first step drops this, which aborts.
    let end = End(transaction.clone());
    transaction.step();
    Box::pin(async move {
        end.await?;
        // The body has returned `Ok`, or there would be an error.
        let value = result.borrow_mut().take();
        value.ok_or(Error::Stalled)
    })
}

/// One of a transaction's requests has been issued.
pub(super) fn submitted(id: u32) {
    if let Some(transaction) = find(id) {
        transaction.requests.set(transaction.requests.get() + 1);
        transaction.waited.set(0);
    }
}

/// One of a transaction's requests has been answered: the body may go on.
pub(super) fn answered(id: u32) {
    if let Some(transaction) = find(id) {
        transaction.requests.set(transaction.requests.get().saturating_sub(1));
        if transaction.phase.get() == Phase::Committing && transaction.requests.get() == 0 {
            transaction.close();
        }
        transaction.step();
    }
}

/// A turn that a body without a request was given is over.
pub(super) fn waited(id: u32) {
    let Some(transaction) = find(id) else { return };
    if transaction.phase.get() != Phase::Open || transaction.requests.get() > 0 || transaction.body.borrow().is_none() {
        return;
    }
    if transaction.woken.0.load(Ordering::Relaxed) {
        transaction.step();
    } else {
        transaction.wait();
    }
}

/// The storage says how a transaction ended.
pub(crate) fn ended(id: u32, result: Result<(), Failure>) {
    let transaction = TRANSACTIONS.try_with(|all| all.borrow_mut().remove(&id)).ok().flatten();
    let Some(transaction) = transaction else { return };
    // What a body does after it has committed is its own affair: whoever waits for it carries on with it.
    let goes_on = result.is_ok() && transaction.phase.get() == Phase::Committing;
    let unfinished = if goes_on { None } else { transaction.body.borrow_mut().take() };
    let error = transaction.error.borrow_mut().take();
    let (usage, quota) = result.as_ref().err().map_or((None, None), |failure| (failure.usage, failure.quota));
    let outcome = match (error, result.map_err(|failure| failure.into_error(""))) {
        // The body was told before it was known how much there is.
        (Some(Error::QuotaExceeded { usage: None, .. }), Err(_)) => Err(Error::QuotaExceeded { usage, quota }),
        // An abort may have a cause that the body did not see: a full disk, say.
        (Some(error @ Error::Aborted { .. }), Err(Error::Aborted { .. })) => Err(error),
        (None | Some(Error::Aborted { .. }), Err(cause)) => Err(cause),
        (Some(error), _) => Err(error),
        (None, Ok(())) if unfinished.is_some() => Err(Error::Stalled),
        (None, Ok(())) => Ok(()),
    };
    drop(unfinished);
    *transaction.outcome.borrow_mut() = Some(outcome);
    let waiting = transaction.waiting.borrow_mut().take();
    let watching = transaction.watching.take();
    for waker in watching.into_iter().chain(waiting) {
        waker.wake();
    }
}

/// Why nothing can be asked of a transaction any more; `None` as long as something can.
pub(crate) fn over(id: u32) -> Option<Error> {
    let Some(transaction) = find(id) else {
        return Some(Error::Aborted { reason: "its handles are of no use after its end".to_owned() });
    };
    match transaction.phase.get() {
        Phase::Open => None,
        Phase::Committing => Some(committing()),
        Phase::Aborting => {
            let error = transaction.error.borrow().clone();
            error.or_else(|| Some(Error::Aborted { reason: "it is being aborted".to_owned() }))
        }
    }
}

/// Aborts a transaction, unless it is decided already. Its body fails with its next operation.
pub(crate) fn abort(id: u32, error: Error) {
    if let Some(transaction) = find(id) {
        transaction.abort(error);
    }
}

/// The error of what comes after a commit.
pub(crate) fn committing() -> Error {
    Error::Aborted { reason: "it is being committed, and takes no more operations".to_owned() }
}

/// Commits what has been asked of a transaction so far, unless it is decided already. Resolves when that is stored, or is
/// not.
pub(crate) fn commit(id: u32) -> impl Future<Output = Result<()>> + 'static {
    let transaction = match over(id) {
        Some(error) => Err(error),
        None => find(id).ok_or(Error::Stalled),
    };
    if let Ok(transaction) = &transaction {
        transaction.commit();
    }
    std::future::poll_fn(move |context| {
        let transaction = transaction.as_ref().map_err(Clone::clone)?;
        if let Some(outcome) = &*transaction.outcome.borrow() {
            return Poll::Ready(outcome.clone());
        }
        let mut watching = transaction.watching.borrow_mut();
        if !watching.iter().any(|waker| waker.will_wake(context.waker())) {
            watching.push(context.waker().clone());
        }
        Poll::Pending
    })
}

/// None when this thread's data are gone: a destructor of the app's may drop a body after that.
fn find(id: u32) -> Option<Rc<Transaction>> {
    TRANSACTIONS.try_with(|all| all.borrow().get(&id).cloned()).ok().flatten()
}

impl Transaction {
    /// Polls the body as long as it gets anywhere.
    fn step(self: &Rc<Self>) {
        let Some(mut body) = self.body.borrow_mut().take() else {
            if self.phase.get() == Phase::Open && !self.backend.reports_during_polls() {
                self.abort(Error::Aborted { reason: "its body panicked".to_owned() });
            }
            return;
        };
        let waker = Waker::from(self.woken.clone());
        let mut context = Context::from_waker(&waker);
        let mut result = Poll::Pending;
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let _mark = Mark(CURRENT.replace(Some(self.running)));
            // A body that wakes itself for ever is stopped by its grace, not by a full stack or a frozen page.
            for _ in 0..64 {
                self.woken.0.store(false, Ordering::Relaxed);
                result = body.as_mut().poll(&mut context);
                if result.is_ready() || !self.woken.0.load(Ordering::Relaxed) {
                    break;
                }
            }
        }));
        if let Err(panic) = polled {
            // It may have been somebody else's turn: the panic is for who awaits this transaction.
            *self.panic.borrow_mut() = Some(panic);
            self.abort(Error::Aborted { reason: "its body panicked".to_owned() });
            return;
        }
        match result {
            Poll::Ready(result) => {
                drop(body);
                self.finish(result);
            }
            Poll::Pending => {
                *self.body.borrow_mut() = Some(body);
                if self.phase.get() == Phase::Open && self.requests.get() == 0 {
                    self.wait();
                }
            }
        }
    }

    /// Nothing is under way that could wake the body: it may be about to wake up by itself, but not for long.
    fn wait(self: &Rc<Self>) {
        self.waited.set(self.waited.get() + 1);
        if self.waited.get() > GRACE {
            self.abort(Error::Stalled);
            let body = self.body.borrow_mut().take();
            drop(body);
            return;
        }
        self.backend.later(self.running.transaction);
    }

    fn finish(&self, result: Result<()>) {
        self.returned.set(true);
        match (self.phase.get(), result) {
            (Phase::Open, Ok(())) => self.commit(),
            (Phase::Open, Err(error)) => self.abort(error),
            // Too late to undo anything, and not too late to say so.
            (Phase::Committing, Err(error)) => *self.error.borrow_mut() = Some(error),
            (Phase::Committing, Ok(())) | (Phase::Aborting, _) => {}
        }
    }

    fn commit(&self) {
        if self.phase.replace(Phase::Committing) == Phase::Open && self.requests.get() == 0 {
            self.close();
        }
        // With requests under way, the last answer commits: one of them may yet have to take back what it has written.
    }

    /// Nothing more comes. Of what has only been read, nothing can fail any more: a browser's report of that is not waited for, unless
    /// the body has something left to do. In memory the end comes now or, where the transaction has yet to begin, must be waited for:
    /// it keeps other threads waiting.
    fn close(&self) {
        let id = self.running.transaction;
        self.backend.commit(id);
        if self.returned.get() && !self.writes && !self.backend.reports_during_polls() {
            Thread::get().ended(id, Ok(()));
        }
    }

    fn abort(&self, error: Error) {
        if self.phase.get() == Phase::Open {
            self.phase.set(Phase::Aborting);
            *self.error.borrow_mut() = Some(error);
            self.backend.abort(self.running.transaction);
        }
    }
}

/// Waits for the end of a transaction; dropped before it, aborts.
struct End(Rc<Transaction>);

impl Future for End {
    type Output = Result<()>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let outcome = self.0.outcome.borrow().clone();
        let Some(outcome) = outcome else {
            *self.0.waiting.borrow_mut() = Some(context.waker().clone());
            self.0.backend.turn(context.waker(), self.0.running.transaction);
            return Poll::Pending;
        };
        let panic = self.0.panic.borrow_mut().take();
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
        // A body that has committed may go on, no longer as part of a transaction.
        let rest = self.0.body.borrow_mut().take();
        let Some(mut rest) = rest else { return Poll::Ready(outcome) };
        let polled = rest.as_mut().poll(context);
        if polled.is_pending() {
            *self.0.body.borrow_mut() = Some(rest);
        }
        polled
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let decided = self.0.outcome.borrow().is_some();
        if !decided {
            // A body that has returned has made its decision: its commit is under way.
            self.0.abort(Error::Aborted { reason: "its future was dropped".to_owned() });
        }
        let body = self.0.body.borrow_mut().take();
        drop(body);
        if !decided && self.0.phase.get() == Phase::Committing {
            self.0.backend.abandon(self.0.running.transaction);
        }
    }
}
