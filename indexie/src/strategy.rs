//! Strategies: whether a table's hooks come after a local write, or before it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::engine::Footprint;
use crate::within::within;

/// When the hooks of a table are called; see [`Table::set_strategy`](crate::Table::set_strategy).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Writes are stored at once and seen at once; hooks are called in the background. The default.
    ///
    /// Hooks of one table are called one after the other, in the order of the commits. One that fails is reported to
    /// [`on_hook_error`](crate::Indexie::on_hook_error), and undoes nothing. At most once: if the tab is closed before a hook has been
    /// called, or while it runs, it is not called again. Off the web, where there is no event loop, hooks go on while something of this
    /// crate is awaited on the thread; [`hooks_settled`](crate::Indexie::hooks_settled) waits for them.
    #[default]
    LocalFirst,
    /// Hooks are called first, and awaited. If one fails, the write fails with [`Error::Hook`](crate::Error::Hook), and nothing has
    /// been stored nor seen.
    ///
    /// What the write comes to is worked out before the hooks are called, so a clash or a veto is told first. What others do to the row
    /// meanwhile stays, but for the fields that this write changes: the server has agreed to them.
    ///
    /// Writes to one key follow one another in the order in which they were asked for; writes to different keys run side by side. A hook
    /// that writes the row for which it is called would wait for itself, and gets [`Error::Unsupported`](crate::Error::Unsupported):
    /// it may return the row as it is to be stored. If the tab is closed after a hook was successful and before the row is stored, the
    /// server has the row and this database has not.
    ///
    /// Inside of [`transaction`](crate::Indexie::transaction) such a table cannot be written, for IndexedDB cannot wait for a network:
    /// use [`start_transaction`](crate::Indexie::start_transaction).
    NetworkFirst,
}

/// Writes that wait for one another, table by table.
#[derive(Default)]
pub(crate) struct Turns {
    places: Rc<RefCell<VecDeque<Place>>>,
}

struct Place {
    /// No other place of this thread has it, in whatever database.
    number: u64,
    store: u16,
    footprint: Footprint,
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
    static WITHIN: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
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

fn meet(a: &Footprint, b: &Footprint) -> bool {
    match (a, b) {
        (Footprint::Whole, _) | (_, Footprint::Whole) => true,
        (Footprint::Keys(a), Footprint::Keys(b)) => a.iter().any(|key| b.contains(key)),
    }
}

impl Turns {
    /// Resolves when no earlier write may be about the same rows. `None` if that one waits for who asks.
    pub async fn reached(&self, store: u16, footprint: Footprint) -> Option<Turn> {
        let turn = self.take(store, footprint)?;
        poll_fn(|context| {
            let mut places = self.places.borrow_mut();
            let Some(at) = places.iter().position(|place| place.number == turn.number) else { return Poll::Ready(()) };
            let own = &places[at];
            let comes_first = |(other_at, other): (usize, &Place)| {
                other_at != at && (other_at < at || other.runs) && other.meets(own.store, &own.footprint)
            };
            if places.iter().enumerate().any(comes_first) {
                places[at].waker = Some(context.waker().clone());
                return Poll::Pending;
            }
            places[at].runs = true;
            Poll::Ready(())
        })
        .await;
        Some(turn)
    }

    fn take(&self, store: u16, footprint: Footprint) -> Option<Turn> {
        let number = NEXT.replace(NEXT.get() + 1);
        let mut places = self.places.borrow_mut();
        let is_around = |place: &Place| WITHIN.with_borrow(|within| within.contains(&place.number));
        if places.iter().any(|place| is_around(place) && place.meets(store, &footprint)) {
            return None;
        }
        // It is part of the write around it, so what waits for that comes after it.
        let at = places.iter().rposition(is_around).map_or(places.len(), |at| at + 1);
        places.insert(at, Place { number, store, footprint, runs: false, waker: None });
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
}
