//! Turns: operations of one transaction that were started together take effect one after the other, in the order in
//! which they were started. The storage sees to that for single requests; an operation of several steps (a cursor; read,
//! change, write back; a savepoint) takes a turn, and what is started after it waits for its end. Only reads do not wait for
//! one another. What it starts itself is part of it, and takes turns of its own within that turn.
//! Overlays take turns in lines of their own.
//! Called by the engine and by overlays; calls nothing.

use crate::order::SortedMap;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Poll, Waker};

/// Where turns are taken: in a transaction (turn 0), or within a turn of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Level {
    transaction: u32,
    turn: u64,
}

/// What an operation does to others that are under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Reads,
    Writes,
}

struct Place {
    number: u64,
    kind: Kind,
    waker: Option<Waker>,
}

/// Who waits, by ascending number: it is the turn of the first, and of all that read where only such are before them.
type Queue = VecDeque<Place>;

thread_local! {
    static QUEUES: RefCell<SortedMap<Level, Queue>> = const { RefCell::new(SortedMap::new()) };
    /// What is to happen once a queue is empty.
    static LAST: RefCell<SortedMap<Level, Box<dyn FnOnce()>>> = const { RefCell::new(SortedMap::new()) };
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
    queue.binary_search_by_key(&number, |place| place.number).ok()
}

fn only_reads<'a>(mut places: impl Iterator<Item = &'a Place>) -> bool {
    places.all(|place| place.kind == Kind::Reads)
}

/// A place in a queue; dropped, the next one's turn comes.
pub(crate) struct Turn {
    level: Level,
    number: u64,
}

impl Turn {
    fn take(level: Level, kind: Kind) -> Self {
        let number = NEXT.get();
        NEXT.set(number + 1);
        let place = Place { number, kind, waker: None };
        QUEUES.with_borrow_mut(|queues| queues.entry(level).or_default().push_back(place));
        Self { level, number }
    }

    async fn reached(&self) {
        poll_fn(|context| {
            QUEUES.with_borrow_mut(|queues| {
                let Some(queue) = queues.get_mut(&self.level) else { return Poll::Ready(()) };
                let Some(at) = at(queue, self.number) else { return Poll::Ready(()) };
                if at == 0 || only_reads(queue.iter().take(at + 1)) {
                    return Poll::Ready(());
                }
                queue[at].waker = Some(context.waker().clone());
                Poll::Pending
            })
        })
        .await;
    }

    /// Returns whose turn comes; none if nobody is left.
    fn leave(&self, queues: &mut SortedMap<Level, Queue>) -> Option<Vec<Waker>> {
        let Some(queue) = queues.get_mut(&self.level) else { return Some(Vec::new()) };
        if let Some(at) = at(queue, self.number) {
            queue.remove(at);
        }
        if queue.is_empty() {
            queues.remove(&self.level);
            return None;
        }
        let reads = queue.iter().take_while(|place| place.kind == Kind::Reads).count();
        Some(queue.iter_mut().take(reads.max(1)).filter_map(|place| place.waker.take()).collect())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // When this thread ends, its queues may go before the bodies do that the app keeps somewhere.
        let Ok(next) = QUEUES.try_with(|queues| self.leave(&mut queues.borrow_mut())) else { return };
        let Some(next) = next else {
            let last = LAST.try_with(|last| last.borrow_mut().remove(&self.level));
            if let Some(then) = last.ok().flatten() {
                then();
            }
            return;
        };
        // Outside of the borrow: who is woken may drop turns.
        next.into_iter().for_each(Waker::wake);
    }
}

/// Calls `then` when all that has been started so far has had its turn. Nothing more is to be started until then:
/// [`is_closing`] says so.
pub(super) fn after_all(transaction: u32, then: impl FnOnce() + 'static) {
    let level = level(transaction);
    if QUEUES.with_borrow(|queues| queues.contains_key(&level)) {
        LAST.with_borrow_mut(|last| last.insert(level, Box::new(then)));
    } else {
        then();
    }
}

/// Whether what would be started now comes too late.
pub(super) fn is_closing(transaction: u32) -> bool {
    LAST.with_borrow(|last| last.contains_key(&level(transaction)))
}

/// Takes the next turn, for an operation that is run later: what is started meanwhile waits.
pub(super) fn next(transaction: u32, kind: Kind) -> Turn {
    Turn::take(level(transaction), kind)
}

/// Runs `steps` as one operation of the transaction: what is started meanwhile waits.
pub(super) async fn as_one<R>(transaction: u32, kind: Kind, steps: impl Future<Output = R>) -> R {
    next(transaction, kind).run(steps).await
}

impl Turn {
    /// Runs `steps` once the turn has come.
    pub(super) async fn run<R>(self, steps: impl Future<Output = R>) -> R {
        self.reached().await;
        let within = Level { transaction: self.level.transaction, turn: self.number };
        // Dropped before the turn: what it leaves undone it undoes in its own turn.
        let mut steps = pin!(steps);
        poll_fn(|context| {
            let _mark = Mark(CURRENT.replace(Some(within)));
            steps.as_mut().poll(context)
        })
        .await
    }
}

/// Waits in a line of its own, which has a number that no transaction has. The turn lasts until it is dropped.
pub(crate) async fn turn_in(line: u32) -> Turn {
    let turn = Turn::take(Level { transaction: line, turn: 0 }, Kind::Writes);
    turn.reached().await;
    turn
}

/// Starts an operation of one step, once its turn has come.
pub(super) async fn in_turn<R>(transaction: u32, kind: Kind, start: impl FnOnce() -> R) -> R {
    let level = level(transaction);
    let beside = |queue: &Queue| kind == Kind::Reads && only_reads(queue.iter());
    if QUEUES.with_borrow(|queues| queues.get(&level).is_none_or(beside)) {
        return start();
    }
    let turn = Turn::take(level, kind);
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
            as_one(1, Kind::Writes, async move {
                log.borrow_mut().push(format!("{name} reads"));
                request().await;
                in_turn(1, Kind::Writes, || log.borrow_mut().push(format!("{name} writes"))).await;
            })
        };
        let last = in_turn(1, Kind::Writes, || log.borrow_mut().push("last".to_owned()));
        let other = in_turn(2, Kind::Writes, || log.borrow_mut().push("another transaction".to_owned()));
        block_on(join4(steps("a"), steps("b"), last, other));
        let expected = ["a reads", "another transaction", "a writes", "b reads", "b writes", "last"];
        assert_eq!(*log.borrow(), expected);
    }

    #[test]
    fn a_turn_that_is_dropped_is_over() {
        let mut first = Box::pin(as_one(1, Kind::Writes, request()));
        let mut second = Box::pin(as_one(1, Kind::Writes, async { 2 }));
        assert!(first.as_mut().now_or_never().is_none());
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        assert_eq!(block_on(second), 2);
        assert!(QUEUES.with_borrow(SortedMap::is_empty));
    }

    #[test]
    fn a_turn_within_a_turn_is_part_of_it() {
        assert_eq!(
            block_on(as_one(1, Kind::Writes, as_one(1, Kind::Writes, async { in_turn(1, Kind::Writes, || 3).await }))),
            3
        );
        assert!(QUEUES.with_borrow(SortedMap::is_empty));
    }

    #[test]
    fn turns_within_a_turn_follow_one_another_too() {
        let log = Rc::new(RefCell::new(Vec::new()));
        let steps = |name: &'static str| {
            let log = log.clone();
            as_one(1, Kind::Writes, async move {
                log.borrow_mut().push(format!("{name} reads"));
                request().await;
                in_turn(1, Kind::Writes, || log.borrow_mut().push(format!("{name} writes"))).await;
            })
        };
        let outer = as_one(1, Kind::Writes, join(steps("a"), steps("b")));
        let after = in_turn(1, Kind::Writes, || log.borrow_mut().push("after".to_owned()));
        block_on(join(outer, after));
        assert_eq!(*log.borrow(), ["a reads", "a writes", "b reads", "b writes", "after"]);
    }

    #[test]
    fn one_that_stops_waiting_leaves_the_queue() {
        let mut first = Box::pin(as_one(1, Kind::Writes, request()));
        let mut second = Box::pin(as_one(1, Kind::Writes, async { 2 }));
        let third = Box::pin(as_one(1, Kind::Writes, async { 3 }));
        assert!(first.as_mut().now_or_never().is_none());
        assert!(second.as_mut().now_or_never().is_none());
        drop(second);
        assert_eq!(block_on(join(first, third)), ((), 3));
        assert!(QUEUES.with_borrow(SortedMap::is_empty));
    }

    #[test]
    fn reads_go_on_side_by_side_and_writes_wait_for_them() {
        let log = Rc::new(RefCell::new(Vec::new()));
        let reads = |name: &'static str| {
            let log = log.clone();
            as_one(1, Kind::Reads, async move {
                log.borrow_mut().push(format!("{name} begins"));
                request().await;
                log.borrow_mut().push(format!("{name} ends"));
            })
        };
        let write = in_turn(1, Kind::Writes, || log.borrow_mut().push("write".to_owned()));
        let first = join(reads("a"), reads("b"));
        block_on(join4(first, write, reads("c"), in_turn(1, Kind::Reads, || log.borrow_mut().push("get".to_owned()))));
        let expected = ["a begins", "b begins", "a ends", "b ends", "write", "c begins", "get", "c ends"];
        assert_eq!(*log.borrow(), expected);
        assert!(QUEUES.with_borrow(SortedMap::is_empty));
    }
}
