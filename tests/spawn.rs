//! Tasks of one thread, in the runtime that tokio gives a test.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::LocalBoxFuture;

thread_local! {
    static TASKS: RefCell<HashMap<u32, LocalBoxFuture<'static, ()>>> = RefCell::default();
    static NEXT: Cell<u32> = const { Cell::new(0) };
}

/// Runs a future on this thread, beside the test.
///
/// # Panics
///
/// Outside of a test.
pub fn spawn_local(future: impl Future<Output = ()> + 'static) {
    let number = NEXT.get();
    NEXT.set(number + 1);
    TASKS.with_borrow_mut(|tasks| tasks.insert(number, future.boxed_local()));
    tokio::spawn(Task(number));
}

/// A task of this thread by its number: what tokio wants to be able to send to another one, and never does.
struct Task(u32);

impl Future for Task {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(mut task) = TASKS.with_borrow_mut(|tasks| tasks.remove(&self.0)) else { return Poll::Ready(()) };
        let polled = task.as_mut().poll(context);
        if polled.is_pending() {
            TASKS.with_borrow_mut(|tasks| tasks.insert(self.0, task));
        }
        polled
    }
}
