//! Waiting for a connection that is being opened, together with all others who need it.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use futures::channel::oneshot;
use futures::future::FutureExt;

use super::{Phase, State, hang_up};
use crate::error::{Error, Result};
use crate::mutex::lock;
use crate::storage::{Backend, Waiter};

/// Resolves when the connection is open, or is not to be. When the last one has gone who has waited for it, it is given up:
/// an upgrade that nobody carries on would keep other threads waiting.
struct Waiting {
    state: Weak<State>,
    answer: oneshot::Receiver<Result<u32>>,
    closed: Error,
}

impl Waiting {
    /// Polls it for one of those who wait: for the one who has begun it, or for another one, whose turns are its own.
    fn poll(&mut self, waiter: Option<&Waiter>, context: &mut Context<'_>) -> Poll<Result<u32>> {
        if let Poll::Ready(answer) = self.answer.poll_unpin(context) {
            return Poll::Ready(answer.unwrap_or_else(|_| Err(self.closed.clone())));
        }
        if let Some(state) = self.state.upgrade() {
            let connection = state.opening();
            match waiter {
                Some(waiter) => waiter.turn(context.waker()),
                None => state.backend.turn(context.waker(), connection),
            }
            if state.opening() != connection {
                // Another one has been asked for in its place, and nobody is watching that yet.
                context.waker().wake_by_ref();
            }
        }
        Poll::Pending
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let Some(state) = self.state.upgrade() else { return };
        let unanswered = |answer: &mut oneshot::Sender<_>| answer.is_connected_to(&self.answer);
        let answer = state.answer.borrow_mut().take_if(unanswered);
        if answer.is_some() {
            hang_up(&state, Phase::Idle);
        }
    }
}

/// Those who wait. All are woken together, outside of the lock: one of them may wake who gives this thread's tasks their turns, and
/// so the others, these among them. (That is why it is no `futures::future::Shared`, which holds a lock while it wakes.)
#[derive(Default)]
struct Waiters(Mutex<Vec<(u64, Waker)>>);

impl Waiters {
    fn wait(&self, number: u64, waker: &Waker) {
        // Cloned and dropped outside of the lock: a waker may be anybody's.
        let waker = waker.clone();
        let _before = self.leave(number);
        lock(&self.0).push((number, waker));
    }

    fn leave(&self, number: u64) -> Option<(u64, Waker)> {
        let mut all = lock(&self.0);
        let at = all.iter().position(|(other, _)| *other == number)?;
        Some(all.swap_remove(at))
    }
}

impl Wake for Waiters {
    fn wake(self: Arc<Self>) {
        let all = std::mem::take(&mut *lock(&self.0));
        for (_, waker) in all {
            waker.wake();
        }
    }
}

struct Inside {
    /// Borrowed while one of those who wait polls it, which nobody does once there is a result.
    waiting: RefCell<Waiting>,
    result: RefCell<Option<Result<u32>>>,
    waiters: Arc<Waiters>,
    last: Cell<u64>,
}

/// The opening of a connection, for one of those who wait for it.
pub(super) struct Opening {
    inside: Rc<Inside>,
    number: u64,
    /// Of those who have come after it had begun. Several who are polled in one turn are not to count as many turns.
    waiter: Option<Waiter>,
}

/// It goes on as long as somebody waits.
pub(super) struct WeakOpening(Weak<Inside>);

impl Opening {
    /// The answer is to be sent through the state.
    pub fn new(state: &Rc<State>, closed: Error) -> Self {
        let (answer, receiver) = oneshot::channel();
        drop(state.answer.replace(Some(answer)));
        let waiting = Waiting { state: Rc::downgrade(state), answer: receiver, closed };
        let inside = Inside {
            waiting: RefCell::new(waiting),
            result: RefCell::default(),
            waiters: Arc::default(),
            last: Cell::default(),
        };
        Self { inside: Rc::new(inside), number: 0, waiter: None }
    }

    pub fn downgrade(&self) -> WeakOpening {
        WeakOpening(Rc::downgrade(&self.inside))
    }
}

impl WeakOpening {
    /// For one more who waits.
    pub fn upgrade(&self, backend: &Rc<dyn Backend>) -> Option<Opening> {
        let inside = self.0.upgrade()?;
        let number = inside.last.get() + 1;
        inside.last.set(number);
        Some(Opening { inside, number, waiter: Some(Waiter::new(backend.clone())) })
    }
}

impl Future for Opening {
    type Output = Result<u32>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Inside { waiting, result, waiters, .. } = &*self.inside;
        if let Some(result) = &*result.borrow() {
            return Poll::Ready(result.clone());
        }
        waiters.wait(self.number, context.waker());
        // It calls the app, which may come here again: who polls it already tells all.
        let Ok(mut waiting) = waiting.try_borrow_mut() else { return Poll::Pending };
        let waker = Waker::from(waiters.clone());
        let Poll::Ready(resolved) = waiting.poll(self.waiter.as_ref(), &mut Context::from_waker(&waker)) else {
            return Poll::Pending;
        };
        drop(waiting);
        result.replace(Some(resolved.clone()));
        drop(waiters.leave(self.number));
        waker.wake();
        Poll::Ready(resolved)
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        drop(self.inside.waiters.leave(self.number));
    }
}
