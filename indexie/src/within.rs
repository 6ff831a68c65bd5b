//! Whose code is being polled right now: what that starts is part of what is around it, and does not wait for it.
//! Called by savepoints of overlays, by network-first writes, by the queues of hooks and by background tasks; calls nothing.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::thread::LocalKey;

use crate::panics;

/// The numbers of what is being polled, the outermost first.
pub(crate) type Within<N> = LocalKey<RefCell<Vec<N>>>;

/// Nothing is being polled as far as a list tells, until this is dropped.
#[cfg(not(target_family = "wasm"))]
pub(crate) struct Apart<N: 'static> {
    list: &'static Within<N>,
    before: Vec<N>,
}

#[cfg(not(target_family = "wasm"))]
impl<N> Apart<N> {
    pub fn of(list: &'static Within<N>) -> Self {
        Self { list, before: list.take() }
    }
}

#[cfg(not(target_family = "wasm"))]
impl<N> Drop for Apart<N> {
    fn drop(&mut self) {
        self.list.set(std::mem::take(&mut self.before));
    }
}

/// Runs `steps`, with `number` on the list whenever they are polled.
pub(crate) async fn within<N: Copy, R>(list: &'static Within<N>, number: N, steps: impl Future<Output = R>) -> R {
    let mut steps = pin!(steps);
    poll_fn(|context| {
        list.with_borrow_mut(|list| list.push(number));
        let polled = panics::attempt(|| steps.as_mut().poll(context));
        // It is taken off however the poll ends.
        list.with_borrow_mut(Vec::pop);
        polled.unwrap_or_else(|panic| panics::resume(panic))
    })
    .await
}
