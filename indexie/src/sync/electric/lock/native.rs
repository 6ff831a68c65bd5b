//! Locks off the web. Each thread has its own, as it has databases of its own in memory.

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use futures::channel::oneshot;

thread_local! {
    /// Of each lock that is held, who waits for it.
    static LOCKS: RefCell<HashMap<Rc<str>, VecDeque<oneshot::Sender<Held>>>> = RefCell::default();
}

pub(crate) struct Held {
    name: Rc<str>,
}

pub(crate) async fn hold(name: &str) -> Held {
    let name: Rc<str> = name.into();
    let turn = LOCKS.with_borrow_mut(|locks| {
        let Some(waiting) = locks.get_mut(&name) else {
            locks.insert(name.clone(), VecDeque::new());
            return None;
        };
        let (give, turn) = oneshot::channel();
        waiting.push_back(give);
        Some(turn)
    });
    match turn {
        None => Held { name },
        // It is given up only with the thread's own end.
        Some(turn) => turn.await.unwrap_or(Held { name }),
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Given outside of the borrow: one who no longer waits drops it, which comes here again.
        if let Some(next) = next(&self.name) {
            let _ = next.send(Held { name: self.name.clone() });
        }
    }
}

/// Who has waited longest, and still does. If nobody does, the lock is free.
fn next(name: &Rc<str>) -> Option<oneshot::Sender<Held>> {
    let next = LOCKS.try_with(|locks| {
        let mut locks = locks.borrow_mut();
        let waiting = locks.get_mut(name)?;
        while let Some(next) = waiting.pop_front() {
            if !next.is_canceled() {
                return Some(next);
            }
        }
        locks.remove(name);
        None
    });
    next.ok().flatten()
}
