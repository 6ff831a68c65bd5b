//! Turns: operations of one transaction that were started together take effect one after the other, in the order in
//! which they were started. The storage sees to that for single requests; an operation of several steps (read, change, write
//! back; a savepoint) takes a turn, and what is started after it waits for its end. What it starts itself is part of it, and
//! takes turns of its own within that turn.
//! Called by the engine; calls nothing.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Poll, Waker};

/// Where turns are taken: in a transaction (turn 0), or within a turn of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Level {
    transaction: u32,
    turn: u64,
}

/// Who waits, by ascending number, the one whose turn it is first.
type Queue = VecDeque<(u64, Option<Waker>)>;

thread_local! {
    static QUEUES: RefCell<HashMap<Level, Queue>> = RefCell::default();
    static NEXT: Cell<u64> = const { Cell::new(1) };
    /// The turn that is being polled right now: what is started in it is part of it.
    static CURRENT: Cell<Option<Level>> = const { Cell::new(None) };
}

/// Puts the mark back when the poll is over, however it ends.
struct Mark(Option<Level>);

impl Drop for Mark {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

fn level(transaction: u32) -> Level {
    CURRENT.get().filter(|level| level.transaction == transaction).unwrap_or(Level { transaction, turn: 0 })
}

fn at(queue: &Queue, number: u64) -> Option<usize> {
    queue.binary_search_by_key(&number, |(number, _)| *number).ok()
}

/// A place in a queue; dropped, the next one's turn comes.
struct Turn {
    level: Level,
    number: u64,
}

impl Turn {
    fn take(level: Level) -> Self {
        let number = NEXT.get();
        NEXT.set(number + 1);
        QUEUES.with_borrow_mut(|queues| queues.entry(level).or_default().push_back((number, None)));
        Self { level, number }
    }

    async fn reached(&self) {
        poll_fn(|context| {
            QUEUES.with_borrow_mut(|queues| {
                let Some(queue) = queues.get_mut(&self.level) else { return Poll::Ready(()) };
                match at(queue, self.number) {
                    Some(at @ 1..) => {
                        queue[at].1 = Some(context.waker().clone());
                        Poll::Pending
                    }
                    Some(0) | None => Poll::Ready(()),
                }
            })
        })
        .await;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = QUEUES.with_borrow_mut(|queues| {
            let queue = queues.get_mut(&self.level)?;
            if let Some(at) = at(queue, self.number) {
                queue.remove(at);
            }
            if queue.is_empty() {
                queues.remove(&self.level);
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
    let turn = Turn::take(level(transaction));
    turn.reached().await;
    let within = Level { transaction, turn: turn.number };
    // Dropped before the turn: what it leaves undone it undoes in its own turn.
    let mut steps = pin!(steps);
    poll_fn(|context| {
        let _mark = Mark(CURRENT.replace(Some(within)));
        steps.as_mut().poll(context)
    })
    .await
}

/// Starts an operation of one step, once its turn has come.
pub(super) async fn in_turn<R>(transaction: u32, start: impl FnOnce() -> R) -> R {
    let level = level(transaction);
    if !QUEUES.with_borrow(|queues| queues.contains_key(&level)) {
        return start();
    }
    let turn = Turn::take(level);
    turn.reached().await;
    start()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use futures::executor::block_on;
    use futures::future::{join, join4};
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
        assert!(QUEUES.with_borrow(HashMap::is_empty));
    }

    #[test]
    fn turns_within_a_turn_follow_one_another_too() {
        let log = Rc::new(RefCell::new(Vec::new()));
        let steps = |name: &'static str| {
            let log = log.clone();
            as_one(1, async move {
                log.borrow_mut().push(format!("{name} reads"));
                request().await;
                in_turn(1, || log.borrow_mut().push(format!("{name} writes"))).await;
            })
        };
        let outer = as_one(1, join(steps("a"), steps("b")));
        let after = in_turn(1, || log.borrow_mut().push("after".to_owned()));
        block_on(join(outer, after));
        assert_eq!(*log.borrow(), ["a reads", "a writes", "b reads", "b writes", "after"]);
    }

    #[test]
    fn one_that_stops_waiting_leaves_the_queue() {
        let mut first = Box::pin(as_one(1, request()));
        let mut second = Box::pin(as_one(1, async { 2 }));
        let third = Box::pin(as_one(1, async { 3 }));
        assert!(first.as_mut().now_or_never().is_none());
        assert!(second.as_mut().now_or_never().is_none());
        drop(second);
        assert_eq!(block_on(join(first, third)), ((), 3));
        assert!(QUEUES.with_borrow(HashMap::is_empty));
    }
}
