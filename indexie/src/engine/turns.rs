//! Turns: operations of one transaction that were started together take effect one after the other, in the order in
//! which they were started. The browser sees to that for single requests; an operation of several (read, change, write
//! back) takes a turn, and what is started after it waits for its end.
//! Called by the engine; calls nothing.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Poll, Waker};

/// Who waits, by number, the one whose turn it is first.
type Queue = VecDeque<(u64, Option<Waker>)>;

thread_local! {
    static QUEUES: RefCell<HashMap<u32, Queue>> = RefCell::default();
    static NEXT: Cell<u64> = const { Cell::new(0) };
    /// The transaction whose turn is being polled right now: what it does is part of it.
    static HOLDER: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Puts the mark back when the poll is over, however it ends.
struct Mark(Option<u32>);

impl Drop for Mark {
    fn drop(&mut self) {
        HOLDER.set(self.0);
    }
}

/// A place in a transaction's queue; dropped, the next one's turn comes.
struct Turn {
    transaction: u32,
    number: u64,
}

impl Turn {
    fn take(transaction: u32) -> Self {
        let number = NEXT.get();
        NEXT.set(number + 1);
        QUEUES.with_borrow_mut(|queues| queues.entry(transaction).or_default().push_back((number, None)));
        Self { transaction, number }
    }

    async fn reached(&self) {
        poll_fn(|context| {
            QUEUES.with_borrow_mut(|queues| {
                let queue = queues.entry(self.transaction).or_default();
                if queue.front().is_none_or(|(first, _)| *first == self.number) {
                    return Poll::Ready(());
                }
                if let Some((_, waker)) = queue.iter_mut().find(|(number, _)| *number == self.number) {
                    *waker = Some(context.waker().clone());
                }
                Poll::Pending
            })
        })
        .await;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = QUEUES.with_borrow_mut(|queues| {
            let queue = queues.get_mut(&self.transaction)?;
            queue.retain(|(number, _)| *number != self.number);
            if queue.is_empty() {
                queues.remove(&self.transaction);
                return None;
            }
            queue.front_mut().and_then(|(_, waker)| waker.take())
        });
        // Outside of the borrow: who is woken may drop turns.
        if let Some(waker) = next {
            waker.wake();
        }
    }
}

/// Runs `steps` as one operation of the transaction: what is started meanwhile waits.
pub(super) async fn as_one<R>(transaction: u32, steps: impl Future<Output = R>) -> R {
    if HOLDER.get() == Some(transaction) {
        return steps.await;
    }
    let turn = Turn::take(transaction);
    turn.reached().await;
    let mut steps = pin!(steps);
    poll_fn(|context| {
        let _mark = Mark(HOLDER.replace(Some(transaction)));
        steps.as_mut().poll(context)
    })
    .await
}

/// Starts an operation of one step, once its turn has come.
pub(super) async fn in_turn<R>(transaction: u32, start: impl FnOnce() -> R) -> R {
    let free = HOLDER.get() == Some(transaction) || !QUEUES.with_borrow(|queues| queues.contains_key(&transaction));
    if free {
        return start();
    }
    let turn = Turn::take(transaction);
    turn.reached().await;
    start()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use futures::executor::block_on;
    use futures::future::join4;
    use std::rc::Rc;

    /// Is pending once, as a request is.
    async fn request() {
        let mut waited = false;
        poll_fn(|context| {
            if waited {
                return Poll::Ready(());
            }
            waited = true;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    #[test]
    fn what_is_started_together_follows_one_another() {
        let log = Rc::new(RefCell::new(Vec::new()));
        let steps = |name: &'static str| {
            let log = log.clone();
            as_one(1, async move {
                log.borrow_mut().push(format!("{name} reads"));
                request().await;
                in_turn(1, || log.borrow_mut().push(format!("{name} writes"))).await;
            })
        };
        let last = in_turn(1, || log.borrow_mut().push("last".to_owned()));
        let other = in_turn(2, || log.borrow_mut().push("another transaction".to_owned()));
        block_on(join4(steps("a"), steps("b"), last, other));
        let expected = ["a reads", "another transaction", "a writes", "b reads", "b writes", "last"];
        assert_eq!(*log.borrow(), expected);
    }

    #[test]
    fn a_turn_that_is_dropped_is_over() {
        let mut first = Box::pin(as_one(1, request()));
        let mut second = Box::pin(as_one(1, async { 2 }));
        assert!(first.as_mut().now_or_never().is_none());
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        assert_eq!(block_on(second), 2);
        assert!(QUEUES.with_borrow(HashMap::is_empty));
    }

    #[test]
    fn a_turn_within_a_turn_is_part_of_it() {
        assert_eq!(block_on(as_one(1, as_one(1, async { in_turn(1, || 3).await }))), 3);
    }
}
