//! Inboxes: how threads that share a database tell one another what may go on. Each thread has one, and reads it whenever
//! one of its futures is polled.
//! Called by `database` and `engine`; calls the wakers of those who wait, and holds no lock while it does.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Waker;

use super::commits::Committed;
use crate::storage::{Failure, Versions};

/// Something that has happened, or is to be done, by the number of what it is about.
#[derive(Clone, Debug)]
pub(super) enum Note {
    /// A transaction, or an operation that is one of its own, has the stores to itself.
    Started(u32),
    /// It is an operation's turn.
    Run(u32),
    /// An operation has ended.
    Settled(u32),
    Ended(u32, Result<(), Failure>),
    /// An older database is there, or none.
    Upgrade(u32, Versions),
    Opened(u32),
    OpenFailed(u32, Versions, Failure),
    Deleted(u32),
    /// All connections have been asked to close: have they?
    Asked(u32, Versions),
    /// They have not, for a second.
    #[cfg_attr(target_family = "wasm", allow(dead_code, reason = "said once, where there are no timers"))]
    Blocked(u32, Versions),
    VersionChange(u32, Versions),
    /// Something is stored that is watched, under this number.
    Committed(u32, Arc<Committed>),
}

impl Note {
    pub fn about(&self) -> u32 {
        match self {
            Self::Started(id)
            | Self::Run(id)
            | Self::Settled(id)
            | Self::Ended(id, _)
            | Self::Upgrade(id, _)
            | Self::Opened(id)
            | Self::OpenFailed(id, ..)
            | Self::Deleted(id)
            | Self::Asked(id, _)
            | Self::Blocked(id, _)
            | Self::VersionChange(id, _)
            | Self::Committed(id, _) => *id,
        }
    }
}

/// Notes and where they go.
#[derive(Debug, Default)]
pub(super) struct Letters(Vec<(Arc<Inbox>, Note)>);

/// Inboxes with something new in them.
pub(super) type Receivers = Vec<Arc<Inbox>>;

impl Letters {
    pub fn push(&mut self, to: Arc<Inbox>, note: Note) {
        self.0.push((to, note));
    }

    /// Puts them where they go; nobody is woken yet.
    pub fn deliver(self) -> Receivers {
        let mut receivers = Receivers::new();
        for (inbox, note) in self.0 {
            inbox.put(note);
            if !receivers.iter().any(|other| Arc::ptr_eq(other, &inbox)) {
                receivers.push(inbox);
            }
        }
        receivers
    }
}

#[derive(Debug, Default)]
pub(super) struct Inbox(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    notes: VecDeque<Note>,
    /// What is waited for.
    watched: HashSet<u32>,
    /// Who is to be woken, by what for: one that has been comes again by itself.
    watchers: HashMap<u32, Waker>,
}

impl Inbox {
    /// Wakes nobody: this inbox's own thread reads it by itself, and another one is woken later.
    pub fn put(&self, note: Note) {
        lock(&self.0).notes.push_back(note);
    }

    /// From elsewhere.
    #[cfg_attr(target_family = "wasm", allow(dead_code, reason = "only timers send a single note"))]
    pub fn send(&self, note: Note) {
        self.put(note);
        self.wake();
    }

    pub fn next(&self) -> Option<Note> {
        lock(&self.0).notes.pop_front()
    }

    /// Takes the letters about commits out, in their order.
    pub fn commits(&self) -> Vec<(u32, Arc<Committed>)> {
        let mut inside = lock(&self.0);
        let about_commit = |note: &mut Note| matches!(note, Note::Committed(..));
        let notes =
            if inside.notes.iter_mut().any(about_commit) { std::mem::take(&mut inside.notes) } else { VecDeque::new() };
        let mut commits = Vec::new();
        for note in notes {
            match note {
                Note::Committed(watch, committed) => commits.push((watch, committed)),
                note => inside.notes.push_back(note),
            }
        }
        commits
    }

    pub fn is_empty(&self) -> bool {
        lock(&self.0).notes.is_empty()
    }

    /// Wakes this waker when there is something to read. Returns whether nobody has waited for this before.
    pub fn watch(&self, id: u32, waker: &Waker) -> bool {
        let waker = waker.clone();
        // Cloned and dropped outside of the lock: a waker may be anybody's.
        let (is_new, _before) = {
            let mut inside = lock(&self.0);
            (inside.watched.insert(id), inside.watchers.insert(id, waker))
        };
        is_new
    }

    pub fn unwatch(&self, id: u32) {
        let _watcher = {
            let mut inside = lock(&self.0);
            inside.watched.remove(&id);
            inside.watchers.remove(&id)
        };
    }

    pub fn wake(&self) {
        let watchers = std::mem::take(&mut lock(&self.0).watchers);
        for waker in watchers.into_values() {
            waker.wake();
        }
    }
}

/// Locks. What is inside is whole even if a thread has panicked meanwhile: nothing that can panic is done under a lock.
#[cfg(not(target_family = "wasm"))]
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The main thread of a page may not sleep. Locks are held for the time of an operation at most, so it spins.
#[cfg(target_family = "wasm")]
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    loop {
        match mutex.try_lock() {
            Ok(guard) => return guard,
            Err(std::sync::TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
            Err(std::sync::TryLockError::WouldBlock) => std::hint::spin_loop(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_note_from_elsewhere_wakes_who_watches_once() {
        let (inbox, count) = (Inbox::default(), Arc::new(Count::default()));
        let waker = Waker::from(count.clone());
        assert!(inbox.watch(1, &waker));
        assert!(!inbox.watch(1, &waker));
        assert!(inbox.watch(2, &waker));
        inbox.unwatch(2);
        inbox.put(Note::Run(1));
        assert_eq!(count.0.load(Ordering::Relaxed), 0);
        inbox.send(Note::Run(2));
        inbox.send(Note::Run(3));
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert!(!inbox.watch(1, &waker));
        let about: Vec<u32> = std::iter::from_fn(|| inbox.next()).map(|note| note.about()).collect();
        assert_eq!(about, [1, 2, 3]);
        assert!(inbox.is_empty());
    }
}
