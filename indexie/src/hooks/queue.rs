//! The queues in which hooks are called in the background: for each table one after the other. A hook that panics, or a handler that
//! does, ends neither the queue nor who waits for it.
//! Called by the registry; calls hooks.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};

use futures::FutureExt;

use super::error::HookFailure;
use super::event::Event;
use super::registry::{Handler, Hook, call, complain};
use crate::engine::Shared;
use crate::order::SortedMap;
use crate::panics;
use crate::tasks;
use crate::within::within;

thread_local! {
    /// The number of the next event: in the order in which they come, whatever the database.
    static NEXT: Cell<u64> = const { Cell::new(0) };
    /// The events whose hooks are being polled right now, the outermost first.
    static CALLING: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// The event whose hook is being polled right now.
pub(crate) fn calling() -> Option<u64> {
    CALLING.with_borrow(|calling| calling.last().copied())
}

/// Up to which event who asks now may wait: all that are queued; in a hook, those before its own, for a later one may have to wait
/// for it.
pub(crate) fn due() -> u64 {
    CALLING.with_borrow(|calling| calling.iter().min().copied()).unwrap_or_else(|| NEXT.get())
}

#[derive(Default)]
pub(super) struct Queues {
    tables: RefCell<SortedMap<u16, Queue>>,
    /// Those that are not done with.
    open: RefCell<SortedMap<u64, Event>>,
    waiting: RefCell<Vec<Waker>>,
    /// Hears of failures, also of those after the last handle of the database object is gone.
    handler: RefCell<Option<Handler>>,
}

#[derive(Default)]
struct Queue {
    due: VecDeque<Due>,
    /// There is a task that calls what is due.
    runs: bool,
}

struct Due {
    number: u64,
    event: Event,
    /// Those that have not been called yet.
    hooks: VecDeque<Hook>,
}

/// Whose queue it is.
#[derive(Clone, Copy)]
struct Place {
    store: u16,
    table: &'static str,
}

impl Queues {
    fn with<R>(&self, store: u16, f: impl FnOnce(&mut Queue) -> R) -> R {
        f(self.tables.borrow_mut().entry(store).or_default())
    }

    /// Has hooks called of an event, after those of the ones before it.
    pub fn enqueue(self: &Rc<Self>, shared: &Arc<Shared>, event: Event, hooks: Vec<Hook>) {
        let number = NEXT.replace(NEXT.get() + 1);
        self.open.borrow_mut().insert(number, event.clone());
        let store = event.store;
        self.with(store, |queue| queue.due.push_back(Due { number, event, hooks: hooks.into() }));
        self.start(Place { store, table: shared.table_name(store) });
    }

    /// Sees to it that what is due is called.
    fn start(self: &Rc<Self>, place: Place) {
        if !self.with(place.store, |queue| std::mem::replace(&mut queue.runs, true)) {
            tasks::spawn(self.clone().run(place).boxed_local());
        }
    }

    /// Calls what is due for a table, and goes on for as long as there is more.
    async fn run(self: Rc<Self>, place: Place) {
        while let Some((number, hook, event)) = self.next_call(place.store) {
            if let Err(error) = within(&CALLING, number, call(&hook, &event)).await {
                self.tell(HookFailure { table: place.table, event, error, hook });
            }
        }
        self.with(place.store, |queue| queue.runs = false);
    }

    /// The next hook, and what it is to hear of, with its number. What has none left is done with.
    fn next_call(&self, store: u16) -> Option<(u64, Hook, Event)> {
        loop {
            let (next, done) = self.with(store, |queue| {
                let Some(first) = queue.due.front_mut() else { return (None, None) };
                match first.hooks.pop_front() {
                    Some(hook) => (Some((first.number, hook, first.event.clone())), None),
                    None => (None, queue.due.pop_front()),
                }
            });
            let Some(done) = done else { return next };
            let event = self.open.borrow_mut().remove(&done.number);
            drop(event);
            self.waiting.take().into_iter().for_each(Waker::wake);
        }
    }

    /// Tells of a failure.
    fn tell(&self, failure: HookFailure) {
        let handler = self.handler.borrow().clone();
        let told = panics::attempt(|| match handler {
            Some(handler) => handler(failure),
            None => complain(&failure),
        });
        if let Err(panic) = told {
            panics::report(panic);
        }
    }

    pub fn set_handler(&self, handler: Handler) {
        let _before = self.handler.replace(Some(handler));
    }

    /// The events that are not done with, in the order in which they came.
    #[cfg_attr(not(feature = "electric"), allow(dead_code, reason = "only a sync asks"))]
    pub fn each_open(&self, mut each: impl FnMut(&Event)) {
        self.open.borrow().values().for_each(&mut each);
    }

    /// Whether an event is not done with.
    pub fn is_open(&self, number: u64) -> bool {
        self.open.borrow().contains_key(&number)
    }

    /// Resolves when all events before `until`, and that are meant, are done with.
    pub async fn done_with(&self, until: u64, is_meant: &dyn Fn(&Event) -> bool) {
        poll_fn(|context| {
            #[cfg(not(target_family = "wasm"))]
            tasks::attend(context.waker());
            if !self.open.borrow().range(..until).any(|(_, event)| is_meant(event)) {
                return Poll::Ready(());
            }
            let mut waiting = self.waiting.borrow_mut();
            if !waiting.iter().any(|waker| waker.will_wake(context.waker())) {
                waiting.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }
}
