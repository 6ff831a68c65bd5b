//! Subscriptions where there is no executor that they could be given to: they go on whenever something of this crate is awaited on
//! their thread.
//! Called by `subscription`, and by the storage at each poll.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use super::subscription::Task;

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

/// Puts the mark back, however it ends.
struct Mark;

impl Drop for Mark {
    fn drop(&mut self) {
        RUNNING.set(false);
    }
}

pub(super) fn spawn(task: &Rc<Task>) {
    TASKS.with_borrow_mut(|tasks| tasks.push((Rc::downgrade(task), Arc::new(Flag(AtomicBool::new(true))))));
}

/// Gives the subscriptions of this thread a turn. Not within another live query, nor within the body of a transaction: what they
/// read would be taken for a part of it.
pub(crate) fn run() {
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
