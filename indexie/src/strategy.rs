//! Strategies: whether a table's hooks come after a local write, or before it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::engine::Footprint;
use crate::hooks::calling;
use crate::within::within;

/// When the hooks of a table are called; see [`Table::set_strategy`](crate::Table::set_strategy).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Writes are stored at once and seen at once; hooks are called in the background. The default.
    ///
    /// Hooks of one table are called one after the other, in the order of the commits. One that fails is reported to
    /// [`on_hook_error`](crate::Indexie::on_hook_error), and undoes nothing; a row that one returns is dropped. At most once: if the tab
    /// is closed before a hook has been called, or while it runs, it is not called again. Off the web, where there is no event loop,
    /// hooks go on while something of this crate is awaited on the thread; [`hooks_settled`](crate::Indexie::hooks_settled) waits for
    /// them.
    #[default]
    LocalFirst,
    /// Hooks are called first, and awaited. If one fails, the write fails with [`Error::Hook`](crate::Error::Hook), and nothing has
    /// been stored nor seen.
    ///
    /// What the write comes to is worked out before the hooks are called, so a clash or a veto is told first. What others do to the row
    /// meanwhile stays, but for the fields that this write changes: the server has agreed to them.
    ///
    /// Writes to one key follow one another in the order in which they were asked for; writes to different keys run side by side. The hooks
    /// of what was written while the table was local first come before.
    ///
    /// A hook that writes the row for which it is called would wait for itself, and gets
    /// [`Error::Unsupported`](crate::Error::Unsupported): it may return the row as it is to be stored. So does the one of two hooks that
    /// comes last where each writes the row of the other, and one that waits by [`hooks_settled`](crate::Indexie::hooks_settled) for a
    /// hook that waits to write its row. If the tab is closed after a hook was successful and before the row is stored,
    /// the server has the row and this database has not.
    ///
    /// Inside of [`transaction`](crate::Indexie::transaction) such a table cannot be written, for IndexedDB cannot wait for a network:
    /// use [`start_transaction`](crate::Indexie::start_transaction).
    NetworkFirst,
}

/// Writes that wait for one another, table by table.
#[derive(Default)]
pub(crate) struct Turns {
    places: Rc<RefCell<VecDeque<Place>>>,
    /// Those who want to know when another one begins to wait.
    watching: RefCell<Vec<Waker>>,
}

struct Place {
    /// No other place of this thread has it, in whatever database.
    number: u64,
    store: u16,
    footprint: Footprint,
    /// The places of the writes whose hooks it was asked for in.
    around: Vec<u64>,
    /// The event of whose hook, called in the background, it was asked for in.
    event: Option<u64>,
    /// Its turn has come.
    runs: bool,
    waker: Option<Waker>,
}

impl Place {
    fn meets(&self, store: u16, footprint: &Footprint) -> bool {
        self.store == store && meet(&self.footprint, footprint)
    }
}

thread_local! {
    static NEXT: Cell<u64> = const { Cell::new(1) };
    /// The places of the writes whose hooks are being polled right now, the outermost first.
    pub(crate) static WITHIN: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// Whether the hook of a write is being polled that holds its place meanwhile.
pub(crate) fn in_turn() -> bool {
    !WITHIN.with_borrow(Vec::is_empty)
}

/// A place that is held until the write is done.
pub(crate) struct Turn {
    places: Rc<RefCell<VecDeque<Place>>>,
    number: u64,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let wakers: Vec<Waker> = {
            let mut places = self.places.borrow_mut();
            places.retain(|place| place.number != self.number);
            places.iter_mut().filter_map(|place| place.waker.take()).collect()
        };
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Turn {
    /// Runs what may write itself, which is not to wait for this turn.
    pub async fn around<R>(&self, steps: impl Future<Output = R>) -> R {
        within(&WITHIN, self.number, steps).await
    }
}

/// The numbers of what the place `at` waits for.
fn before(places: &VecDeque<Place>, at: usize) -> impl Iterator<Item = u64> {
    let own = &places[at];
    let comes_first = move |(other_at, other): &(usize, &Place)| {
        *other_at != at && (*other_at < at || other.runs) && other.meets(own.store, &own.footprint)
    };
    places.iter().enumerate().filter(comes_first).map(|(_, other)| other.number)
}

/// Whether what the place `at` waits for waits, in the end, for a write in whose hooks that place was asked for.
fn waits_for_itself(places: &VecDeque<Place>, at: usize) -> bool {
    let Place { number: own, around, .. } = &places[at];
    if around.is_empty() {
        return false;
    }
    wait_for(places, before(places, at).collect(), &|number| number == *own || around.contains(&number))
}

/// Whether the writes that are awaited wait, in the end, for one that is meant, or are such.
fn wait_for(places: &VecDeque<Place>, mut awaited: Vec<u64>, is_meant: &dyn Fn(u64) -> bool) -> bool {
    let mut looked_at = 0;
    while let Some(&number) = awaited.get(looked_at) {
        if is_meant(number) {
            return true;
        }
        looked_at += 1;
        let held_up = |place: &Place| !place.runs && (place.number == number || place.around.contains(&number));
        for (at, _) in places.iter().enumerate().filter(|(_, place)| held_up(place)) {
            for next in before(places, at) {
                if !awaited.contains(&next) {
                    awaited.push(next);
                }
            }
        }
    }
    false
}

fn meet(a: &Footprint, b: &Footprint) -> bool {
    match (a, b) {
        (Footprint::Whole, _) | (_, Footprint::Whole) => true,
        (Footprint::Keys(a), Footprint::Keys(b)) => a.iter().any(|key| b.contains(key)),
    }
}

impl Turns {
    /// Resolves when no earlier write may be about the same rows. `None` if that one waits for who asks, whether at once or by way
    /// of others.
    pub async fn reached(&self, store: u16, footprint: Footprint) -> Option<Turn> {
        let turn = self.take(store, footprint)?;
        poll_fn(|context| {
            let mut places = self.places.borrow_mut();
            let Some(at) = places.iter().position(|place| place.number == turn.number) else {
                return Poll::Ready(true);
            };
            if before(&places, at).next().is_some() {
                if waits_for_itself(&places, at) {
                    return Poll::Ready(false);
                }
                let begins = places[at].waker.replace(context.waker().clone()).is_none();
                drop(places);
                // Once only: the two may be polled together.
                if begins {
                    self.watching.take().into_iter().for_each(Waker::wake);
                }
                return Poll::Pending;
            }
            places[at].runs = true;
            Poll::Ready(true)
        })
        .await
        .then_some(turn)
    }

    /// Resolves once a hook that is called in the background, of an event that is meant, waits for a write in whose hooks this is
    /// polled: what waits here for that event would do so for ever. Answers the store of that write.
    pub async fn held_up(&self, is_meant: impl Fn(u64) -> bool) -> u16 {
        poll_fn(|context| {
            let around = WITHIN.with_borrow(Vec::clone);
            let places = self.places.borrow();
            let Some(own) = places.iter().rfind(|place| around.contains(&place.number)) else { return Poll::Pending };
            let waits = |place: &Place| !place.runs && place.event.is_some_and(&is_meant);
            let waiting = places.iter().enumerate().filter(|(_, place)| waits(place));
            let awaited = waiting.flat_map(|(at, _)| before(&places, at)).collect();
            if wait_for(&places, awaited, &|number| around.contains(&number)) {
                return Poll::Ready(own.store);
            }
            let mut watching = self.watching.borrow_mut();
            if !watching.iter().any(|waker| waker.will_wake(context.waker())) {
                watching.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await
    }

    fn take(&self, store: u16, footprint: Footprint) -> Option<Turn> {
        let number = NEXT.replace(NEXT.get() + 1);
        let mut places = self.places.borrow_mut();
        let around = WITHIN.with_borrow(Vec::clone);
        let is_around = |place: &Place| around.contains(&place.number);
        if places.iter().any(|place| is_around(place) && place.meets(store, &footprint)) {
            return None;
        }
        // It is part of the write around it, so what waits for that comes after it.
        let at = places.iter().rposition(is_around).map_or(places.len(), |at| at + 1);
        places.insert(at, Place { number, store, footprint, around, event: calling(), runs: false, waker: None });
        Some(Turn { places: self.places.clone(), number })
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use futures::executor::block_on;

    use super::*;

    fn keys(keys: &[i32]) -> Footprint {
        Footprint::Keys(keys.iter().map(|key| (*key).into()).collect())
    }

    #[test]
    fn writes_to_one_key_follow_one_another_and_others_do_not_wait() {
        let turns = Turns::default();
        let first = block_on(turns.reached(0, keys(&[1])));
        assert!(turns.reached(0, keys(&[2])).now_or_never().flatten().is_some());
        assert!(turns.reached(1, keys(&[1])).now_or_never().flatten().is_some());
        assert!(turns.reached(0, keys(&[])).now_or_never().flatten().is_some());
        let mut second = Box::pin(turns.reached(0, keys(&[1, 2])));
        assert!(second.as_mut().now_or_never().is_none());
        let mut whole = Box::pin(turns.reached(0, Footprint::Whole));
        assert!(whole.as_mut().now_or_never().is_none());
        drop(first);
        let second = second.now_or_never().expect("its turn");
        assert!(whole.as_mut().now_or_never().is_none());
        drop(second);
        assert!(whole.now_or_never().is_some());
    }

    #[test]
    fn a_write_within_another_does_not_wait_for_it_nor_for_what_waits_for_it() {
        let turns = Turns::default();
        let outer = block_on(turns.reached(0, keys(&[1]))).expect("its turn");
        let mut waits = Box::pin(turns.reached(0, keys(&[1, 2])));
        assert!(waits.as_mut().now_or_never().is_none());
        let runs = block_on(turns.reached(0, keys(&[3]))).expect("its turn");
        block_on(outer.around(async {
            assert!(turns.reached(0, keys(&[1])).await.is_none(), "it would wait for itself");
            assert!(turns.reached(0, Footprint::Whole).await.is_none());
            let elsewhere = Turns::default();
            assert!(elsewhere.reached(0, keys(&[1])).await.is_some(), "another database has places of its own");
            let within = turns.reached(0, keys(&[2])).await.expect("its turn");
            assert!(waits.as_mut().now_or_never().is_none());
            drop(within);
            let mut beside = Box::pin(turns.reached(0, keys(&[3])));
            assert!(beside.as_mut().now_or_never().is_none(), "another write is at it");
        }));
        drop(runs);
        assert!(waits.as_mut().now_or_never().is_none());
        drop(outer);
        assert!(waits.now_or_never().flatten().is_some());
    }
    #[test]
    fn of_two_writes_that_wait_for_one_another_the_last_is_told() {
        let turns = Turns::default();
        let [one, two, three] = [1, 2, 3].map(|key| block_on(turns.reached(0, keys(&[key]))).expect("its turn"));
        let mut from_one = Box::pin(one.around(turns.reached(0, keys(&[2]))));
        assert!(from_one.as_mut().now_or_never().is_none());
        // Behind a write that is in nobody's hook.
        let mut waits = Box::pin(turns.reached(0, keys(&[1, 4])));
        assert!(waits.as_mut().now_or_never().is_none());
        let mut from_two = Box::pin(two.around(turns.reached(0, keys(&[3]))));
        assert!(from_two.as_mut().now_or_never().is_none(), "nobody waits for it");
        assert!(block_on(three.around(turns.reached(0, keys(&[1])))).is_none(), "three, one, two, three");
        drop(three);
        assert!(from_two.now_or_never().flatten().is_some());
        drop(two);
        assert!(from_one.now_or_never().flatten().is_some());
        drop(one);
        assert!(waits.now_or_never().flatten().is_some());
    }
}
