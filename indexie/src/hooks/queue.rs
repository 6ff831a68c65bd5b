//! The queues in which hooks are called in the background: for each table one after the other. A hook that panics, or a handler that
//! does, ends neither the queue nor who waits for it, also where a panic does not unwind.
//! Called by the registry; calls hooks.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};

use futures::FutureExt;

use super::error::{HookError, HookFailure};
use super::event::Event;
use super::registry::Hook;
use crate::engine::Shared;
use crate::order::SortedMap;
use crate::tasks;

/// What is told of a hook that did not come back.
const PANICKED: &str = "it has panicked";

#[derive(Default)]
pub(super) struct Queues {
    tables: RefCell<SortedMap<u16, Queue>>,
    /// The number of the next event.
    next: Cell<u64>,
    /// Those that are not done with.
    open: RefCell<SortedMap<u64, Event>>,
    waiting: RefCell<Vec<Waker>>,
}

#[derive(Default)]
struct Queue {
    due: VecDeque<Due>,
    /// There is a task that calls what is due.
    runs: bool,
    /// The call of the app's code that is under way; a later one has a greater number.
    call: Option<u64>,
    calls: u64,
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
    database: u64,
    store: u16,
    table: &'static str,
}

/// The app's code is being called: a hook, if it is not the handler of failures.
struct Call<'a> {
    queues: &'a Queues,
    store: u16,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.queues.with(self.store, |queue| queue.call = None);
    }
}

impl Queues {
    fn with<R>(&self, store: u16, f: impl FnOnce(&mut Queue) -> R) -> R {
        f(self.tables.borrow_mut().entry(store).or_default())
    }

    /// Has hooks called of an event, after those of the ones before it.
    pub fn enqueue(self: &Rc<Self>, shared: &Arc<Shared>, event: Event, hooks: Vec<Hook>) {
        let number = self.next.get();
        self.next.set(number + 1);
        self.open.borrow_mut().insert(number, event.clone());
        let store = event.store;
        self.with(store, |queue| queue.due.push_back(Due { number, event, hooks: hooks.into() }));
        self.start(Place { database: shared.id, store, table: shared.table_name(store) });
    }

    /// Sees to it that what is due is called.
    fn start(self: &Rc<Self>, place: Place) {
        if !self.with(place.store, |queue| std::mem::replace(&mut queue.runs, true)) {
            tasks::spawn(self.clone().run(place).boxed_local());
        }
    }

    /// Calls what is due for a table, and goes on for as long as there is more.
    async fn run(self: Rc<Self>, place: Place) {
        while let Some((hook, event)) = self.next_call(place.store) {
            if let Err(error) = self.call(place, &hook, &event).await {
                self.tell(place, HookFailure { table: place.table, event, error, hook });
            }
        }
        self.with(place.store, |queue| queue.runs = false);
    }

    /// The next hook, and what it is to hear of. What has none left is done with.
    fn next_call(&self, store: u16) -> Option<(Hook, Event)> {
        loop {
            let (next, done) = self.with(store, |queue| {
                let Some(first) = queue.due.front_mut() else { return (None, None) };
                match first.hooks.pop_front() {
                    Some(hook) => (Some((hook, first.event.clone())), None),
                    None => (None, queue.due.pop_front()),
                }
            });
            let Some(done) = done else { return next };
            let event = self.open.borrow_mut().remove(&done.number);
            drop(event);
            self.waiting.take().into_iter().for_each(Waker::wake);
        }
    }

    async fn call(self: &Rc<Self>, place: Place, hook: &Hook, event: &Event) -> Result<(), HookError> {
        let mut calling = pin!(AssertUnwindSafe(async { hook(event).await.map(drop) }).catch_unwind());
        let called = poll_fn(|context| {
            let _call = self.begin_call(place, Some((hook, event)));
            calling.as_mut().poll(context)
        });
        called.await.unwrap_or_else(|_| Err(HookError::new(PANICKED)))
    }

    /// Tells of a failure; who panics at that has said so.
    fn tell(self: &Rc<Self>, place: Place, failure: HookFailure) {
        let Some(over) = crate::overlay::existing(place.database) else { return };
        let _call = self.begin_call(place, None);
        let _ = catch_unwind(AssertUnwindSafe(|| over.hooked.failed(failure)));
    }

    #[cfg_attr(not(target_family = "wasm"), allow(unused_variables, reason = "a panic unwinds"))]
    fn begin_call(self: &Rc<Self>, place: Place, called: Option<(&Hook, &Event)>) -> Call<'_> {
        let number = self.with(place.store, |queue| {
            queue.calls += 1;
            *queue.call.insert(queue.calls)
        });
        #[cfg(target_family = "wasm")]
        {
            let (this, called) = (self.clone(), called.map(|(hook, event)| (hook.clone(), event.clone())));
            wasm_bindgen_futures::spawn_local(async move { this.look_after(place, number, called) });
        }
        Call { queues: self, store: place.store }
    }

    /// Goes on after a call that has not come back: it has panicked, and wasm does not unwind.
    #[cfg(target_family = "wasm")]
    fn look_after(self: &Rc<Self>, place: Place, number: u64, called: Option<(Hook, Event)>) {
        let is_over = self.with(place.store, |queue| {
            let is_over = queue.call != Some(number);
            if !is_over {
                (queue.call, queue.runs) = (None, false);
            }
            is_over
        });
        if is_over {
            return;
        }
        self.start(place);
        if let Some((hook, event)) = called {
            self.tell(place, HookFailure { table: place.table, event, error: HookError::new(PANICKED), hook });
        }
    }

    /// The events that are not done with, in the order in which they came.
    #[cfg_attr(not(feature = "electric"), allow(dead_code, reason = "only a sync asks"))]
    pub fn each_open(&self, mut each: impl FnMut(&Event)) {
        self.open.borrow().values().for_each(&mut each);
    }

    /// Resolves when all events that are queued now, and are meant, are done with.
    pub async fn done_with(&self, is_meant: impl Fn(&Event) -> bool) {
        let until = self.next.get();
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
