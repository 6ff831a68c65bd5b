//! The hooks and guards of one database object on this thread, and who hears of failures.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::HookId;
use super::error::{HookError, HookFailure};
use super::event::{Event, Mutation};
use super::queue::{Queues, due};
use crate::engine::Shared;
use crate::error::Result;
use crate::key::AnyKey;
use crate::order::SortedMap;
use crate::panics;
use crate::storage::memory::evaluator::Row;
use crate::strategy::Strategy;

pub(crate) type Calling = LocalBoxFuture<'static, Result<Option<Row>, HookError>>;
/// Calls a hook; it may return a row.
pub(crate) type Hook = Rc<dyn Fn(&Event) -> Calling>;
/// Looks at a change: its key and whether that is a temporary one, the row before, and the row after, which it may alter.
pub(crate) type Guard = Rc<dyn Fn(&AnyKey, bool, Option<&Row>, Option<&Row>) -> Result<Option<Row>>>;

/// Hears of failures in the background.
pub(crate) type Handler = Rc<dyn Fn(HookFailure)>;

/// Calls a hook. One that panics has failed.
pub(crate) async fn call(hook: &Hook, event: &Event) -> Result<Option<Row>, HookError> {
    let mut calling = None;
    poll_fn(|context| {
        let under_way: Option<Calling> = calling.take();
        let polled = panics::attempt(|| {
            let mut calling = under_way.unwrap_or_else(|| hook(event));
            (calling.poll_unpin(context), calling)
        });
        match polled {
            Ok((Poll::Pending, under_way)) => {
                calling = Some(under_way);
                Poll::Pending
            }
            Ok((ready, _)) => ready,
            Err(panic) => {
                panics::report(panic);
                Poll::Ready(Err(HookError::new("it has panicked")))
            }
        }
    })
    .await
}

#[derive(Default)]
pub(crate) struct Hooked {
    tables: RefCell<SortedMap<u16, TableHooks>>,
    queues: Rc<Queues>,
}

#[derive(Default)]
struct TableHooks {
    hooks: Vec<(HookId, Mutation, Hook)>,
    guards: Vec<(HookId, Mutation, Guard)>,
    strategy: Strategy,
}

/// What has become of a row by writes of which the hooks have not been called to their end.
#[derive(Clone, Debug)]
#[allow(dead_code, reason = "a sync asks for what it needs")]
pub(crate) struct InFlight {
    pub key: AnyKey,
    pub old: Option<Row>,
    pub new: Option<Row>,
}

impl Hooked {
    fn of<R: Default>(&self, store: u16, f: impl FnOnce(&TableHooks) -> R) -> R {
        self.tables.borrow().get(&store).map(f).unwrap_or_default()
    }

    fn id() -> HookId {
        thread_local!(static NEXT: Cell<u64> = const { Cell::new(1) });
        NEXT.set(NEXT.get() + 1);
        HookId(NEXT.get() - 1)
    }

    pub fn on(&self, store: u16, mutation: Mutation, hook: Hook) -> HookId {
        let id = Self::id();
        self.tables.borrow_mut().entry(store).or_default().hooks.push((id, mutation, hook));
        id
    }

    pub fn before(&self, store: u16, mutation: Mutation, guard: Guard) -> HookId {
        let id = Self::id();
        self.tables.borrow_mut().entry(store).or_default().guards.push((id, mutation, guard));
        id
    }

    pub fn remove(&self, store: u16, id: HookId) -> bool {
        let gone = {
            let mut tables = self.tables.borrow_mut();
            let Some(table) = tables.get_mut(&store) else { return false };
            let hooks: Vec<_> = table.hooks.extract_if(.., |(own, ..)| *own == id).collect();
            let guards: Vec<_> = table.guards.extract_if(.., |(own, ..)| *own == id).collect();
            (hooks, guards)
        };
        // Dropped outside of the borrow: it holds the app's own values.
        !gone.0.is_empty() || !gone.1.is_empty()
    }

    pub fn set_strategy(&self, store: u16, strategy: Strategy) {
        self.tables.borrow_mut().entry(store).or_default().strategy = strategy;
    }

    pub fn strategy(&self, store: u16) -> Strategy {
        self.of(store, |table| table.strategy)
    }

    pub fn set_handler(&self, handler: Handler) {
        self.queues.set_handler(handler);
    }

    /// Whether writes to the table are to be looked at.
    pub fn attends(&self, store: u16) -> bool {
        self.of(store, |table| {
            !table.hooks.is_empty() || !table.guards.is_empty() || table.strategy == Strategy::NetworkFirst
        })
    }

    pub fn has_guards(&self, store: u16) -> bool {
        self.of(store, |table| !table.guards.is_empty())
    }

    pub fn has_hooks(&self, store: u16, mutation: Mutation) -> bool {
        self.of(store, |table| table.hooks.iter().any(|(_, of, _)| *of == mutation))
    }

    pub fn hooks(&self, store: u16, mutation: Mutation) -> Vec<Hook> {
        self.of(store, |table| {
            table.hooks.iter().filter(|(_, of, _)| *of == mutation).map(|(.., hook)| hook.clone()).collect()
        })
    }

    pub fn guards(&self, store: u16, mutation: Mutation) -> Vec<Guard> {
        self.of(store, |table| {
            table.guards.iter().filter(|(_, of, _)| *of == mutation).map(|(.., guard)| guard.clone()).collect()
        })
    }

    /// Has hooks called in the background, those of each table one after the other.
    pub fn enqueue(&self, shared: &Arc<Shared>, events: Vec<Event>) {
        for event in events {
            let hooks = self.hooks(event.store, event.mutation);
            self.queues.enqueue(shared, event, hooks);
        }
    }

    /// What has been written to a table, local first, of which the hooks have not been called to their end: each row as it was before
    /// the first such write, and as it is after the last one.
    #[cfg_attr(not(feature = "electric"), allow(dead_code, reason = "only a sync asks"))]
    pub fn in_flight(&self, store: u16) -> Vec<InFlight> {
        let mut writes: SortedMap<AnyKey, InFlight> = SortedMap::new();
        self.queues.each_open(|event| {
            let Some(key) = event.key.clone().filter(|_| event.store == store) else { return };
            let first = || InFlight { key: key.clone(), old: event.old.clone(), new: None };
            writes.entry(key.clone()).or_insert_with(first).new.clone_from(&event.new);
        });
        writes.into_values().collect()
    }

    /// Whether an event is queued that is not done with.
    pub fn is_open(&self, event: u64) -> bool {
        self.queues.is_open(event)
    }

    /// Resolves when all events before `until` are done with.
    pub async fn settled(&self, until: u64) {
        self.queues.done_with(until, &|_| true).await;
    }

    /// The same of those that are [due] now, of one table.
    pub async fn settled_in(&self, store: u16) {
        self.queues.done_with(due(), &|event| event.store == store).await;
    }

    /// The same, of these rows.
    pub async fn settled_of(&self, is_meant: impl Fn(u16, &AnyKey) -> bool) {
        self.queues.done_with(due(), &|event| event.key.as_ref().is_some_and(|key| is_meant(event.store, key))).await;
    }
}

/// Says it where developers look, as nobody else wants to hear of it.
pub(super) fn complain(failure: &HookFailure) {
    let HookFailure { table, event, error, .. } = failure;
    let key = event.key.as_ref().map(|key| format!(" {key}")).unwrap_or_default();
    let done = event.mutation.done();
    let text = format!(
        "indexie: row{key} has been {done} table `{table}`; a hook of that has failed, and there is no `on_hook_error`: {error}"
    );
    #[cfg(target_family = "wasm")]
    {
        use wasm_bindgen::JsCast;

        let console = js_sys::Reflect::get(&js_sys::global(), &"console".into()).unwrap_or_default();
        let error = js_sys::Reflect::get(&console, &"error".into()).unwrap_or_default();
        if let Some(error) = error.dyn_ref::<js_sys::Function>() {
            // Where there is no console, nobody looks.
            let _ = error.call1(&console, &text.into());
        }
    }
    #[cfg(not(target_family = "wasm"))]
    eprintln!("{text}");
}
