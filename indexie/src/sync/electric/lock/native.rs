//! Locks off the web: those of the program, whose threads may share a database in memory.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use futures::channel::oneshot;

use crate::mutex::lock;

/// A storage, and a name.
type Place = Arc<(usize, String)>;

/// Of each lock that is held, who waits for it.
static LOCKS: Mutex<BTreeMap<Place, VecDeque<oneshot::Sender<Held>>>> = Mutex::new(BTreeMap::new());

pub(crate) struct Held(Place);

pub(crate) async fn hold(storage: usize, name: &str) -> Held {
    let place: Place = Arc::new((storage, name.to_owned()));
    let turn = {
        let mut locks = lock(&LOCKS);
        match locks.get_mut(&place) {
            None => {
                locks.insert(place.clone(), VecDeque::new());
                None
            }
            Some(waiting) => {
                let (give, turn) = oneshot::channel();
                waiting.push_back(give);
                Some(turn)
            }
        }
    };
    match turn {
        None => Held(place),
        // Whoever has it gives it away at the end.
        Some(turn) => turn.await.unwrap_or(Held(place)),
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Given outside of the lock: it wakes, and one who no longer waits drops it, which comes here again.
        while let Some(next) = next(&self.0) {
            if !next.is_canceled() {
                let _ = next.send(Held(self.0.clone()));
                return;
            }
        }
    }
}

/// Who has waited longest. If nobody has, the lock is free.
fn next(place: &Place) -> Option<oneshot::Sender<Held>> {
    let mut locks = lock(&LOCKS);
    let next = locks.get_mut(place)?.pop_front();
    if next.is_none() {
        locks.remove(place);
    }
    next
}
