//! `Subscription`: a live query that calls back.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures::future::{FutureExt, LocalBoxFuture};

use crate::tasks;

/// A live query that calls back, for as long as this value lives; see [`LiveQuery::subscribe`](super::LiveQuery::subscribe).
///
/// Dropped, also from inside its own callback, it calls no more, and what the query held is free.
#[must_use = "dropping it ends the subscription"]
pub struct Subscription(Rc<Task>);

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subscription")
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.0.over.set(true);
        // Absent while it is being polled: then it goes afterwards.
        let future = self.0.future.borrow_mut().take();
        drop(future);
        let waker = self.0.waker.borrow_mut().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

pub(super) struct Task {
    future: RefCell<Option<LocalBoxFuture<'static, ()>>>,
    over: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Task {
    pub fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        let future = self.future.borrow_mut().take();
        let Some(mut future) = future else { return Poll::Ready(()) };
        let polled = future.poll_unpin(context);
        if polled.is_ready() || self.over.get() {
            return Poll::Ready(());
        }
        self.future.replace(Some(future));
        self.waker.replace(Some(context.waker().clone()));
        Poll::Pending
    }
}

/// Runs a future for as long as the subscription lives.
pub(super) fn subscribe(future: LocalBoxFuture<'static, ()>) -> Subscription {
    let task = Rc::new(Task { future: RefCell::new(Some(future)), over: Cell::new(false), waker: RefCell::default() });
    let running = Rc::downgrade(&task);
    // When it is over, the task goes with its subscription.
    let run = move |context: &mut Context<'_>| running.upgrade().map_or(Poll::Ready(()), |task| task.poll(context));
    tasks::spawn(std::future::poll_fn(run).boxed_local());
    Subscription(task)
}
