//! Subscribers, and what they note of what they are given.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use indexie::prelude::*;
use indexie::{LiveQuery, Subscription};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Milliseconds, as JavaScript measures them on the other side.
    #[wasm_bindgen(js_namespace = performance)]
    pub fn now() -> f64;
}

/// What all subscribers write into.
#[derive(Debug, Default)]
struct Log {
    /// How many items there have been.
    given: Cell<u32>,
    /// Who was given an item, and when.
    items: RefCell<Vec<f64>>,
    errors: RefCell<Vec<String>>,
}

impl Log {
    fn count<R>(&self, item: Result<R>) -> Option<R> {
        self.given.set(self.given.get() + 1);
        item.map_err(|error| self.errors.borrow_mut().push(error.to_string())).ok()
    }
}

/// The subscribers of one side.
#[derive(Default)]
pub struct Watchers {
    log: Rc<Log>,
    subscriptions: Vec<Subscription>,
    /// Of each subscriber that keeps its result: whether that is another one than when this was asked last.
    changed: Vec<Box<dyn Fn() -> bool>>,
}

impl fmt::Debug for Watchers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchers").field("subscriptions", &self.subscriptions.len()).finish_non_exhaustive()
    }
}

impl Watchers {
    /// Subscribes with a callback that notes when it is called, and keeps what it is given.
    pub fn keep<R: PartialEq + Clone + 'static>(&mut self, query: &LiveQuery<R>) {
        let who = u32::try_from(self.subscriptions.len()).map_or(f64::NAN, f64::from);
        let result = Rc::new(RefCell::new(None));
        let (log, latest) = (self.log.clone(), result.clone());
        self.subscriptions.push(query.subscribe(move |item| {
            log.items.borrow_mut().extend([who, now()]);
            *latest.borrow_mut() = log.count(item);
        }));
        let before = RefCell::new(None);
        self.changed.push(Box::new(move || {
            let now = result.borrow().clone();
            before.replace(now.clone()) != now
        }));
    }

    /// Subscribes with a callback that only counts: what is measured is not to be its own.
    pub fn count<R: 'static>(&mut self, query: &LiveQuery<R>) {
        let log = self.log.clone();
        self.subscriptions.push(query.subscribe(move |item| drop(log.count(item))));
    }

    /// How many items there have been in all.
    pub fn given(&self) -> u32 {
        self.log.given.get()
    }

    /// Who was given an item, and when, one after the other, since this was asked last.
    ///
    /// # Errors
    ///
    /// The first one that was given.
    pub fn take_items(&self) -> Result<Vec<f64>> {
        match self.log.errors.borrow_mut().pop() {
            Some(error) => Err(Error::user(error)),
            None => Ok(self.log.items.take()),
        }
    }

    /// How many results are others than when this was asked last.
    pub fn take_changed(&self) -> usize {
        self.changed.iter().filter(|changed| changed()).count()
    }

    /// Unsubscribes everyone.
    pub fn clear(&mut self) {
        self.subscriptions = Vec::new();
        self.changed = Vec::new();
    }
}
