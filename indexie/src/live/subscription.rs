//! `Subscription`: a live query that calls back.
//!
//! In a browser its own task runs it. Elsewhere there is no executor that it could be given to: it goes on whenever something of
//! this crate is awaited on its thread.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures::future::{FutureExt, LocalBoxFuture};

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

struct Task {
    future: RefCell<Option<LocalBoxFuture<'static, ()>>>,
    over: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Task {
    fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
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
    let task = Rc::new(Task {
        future: RefCell::new(Some(future)),
        over: Cell::new(false),
        waker: RefCell::default(),
    });
    spawn(&task);
    Subscription(task)
}

#[cfg(target_family = "wasm")]
fn spawn(task: &Rc<Task>) {
    let task = task.clone();
    wasm_bindgen_futures::spawn_local(std::future::poll_fn(move |context| task.poll(context)));
}

/// Only takes note: it is polled when its turn comes.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

thread_local! {
    static TASKS: RefCell<Vec<(Weak<Task>, Arc<Flag>)>> = const { RefCell::new(Vec::new()) };
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

#[cfg(not(target_family = "wasm"))]
fn spawn(task: &Rc<Task>) {
    TASKS.with_borrow_mut(|tasks| tasks.push((Rc::downgrade(task), Arc::new(Flag(AtomicBool::new(true))))));
}

/// Puts the mark back, however it ends.
struct Mark;

impl Drop for Mark {
    fn drop(&mut self) {
        RUNNING.set(false);
    }
}

/// Gives the subscriptions of this thread a turn, where no executor does.
pub(crate) fn run_tasks() {
    let busy = RUNNING.try_with(Cell::get).unwrap_or(true);
    if busy || super::tracking::is_tracking() || crate::storage::runner::current().is_some() {
        return;
    }
    RUNNING.set(true);
    let _mark = Mark;
    let ready = TASKS.with_borrow_mut(|tasks| {
        tasks.retain(|(task, _)| task.strong_count() > 0);
        tasks.iter().filter(|(_, flag)| flag.0.swap(false, Ordering::Relaxed)).cloned().collect::<Vec<_>>()
    });
    for (task, flag) in ready {
        if let Some(task) = task.upgrade() {
            let waker = Waker::from(flag);
            // When it is over, it goes with its subscription.
            let _ = task.poll(&mut Context::from_waker(&waker));
        }
    }
}
