//! Inboxes: how threads that share a database tell one another what may go on. Each thread has one, and reads it whenever
//! one of its futures is polled.
//! Called by `database` and `engine`; calls the wakers of those who wait, and holds no lock while it does.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::task::Waker;

use super::commits::Committed;
use crate::mutex::lock;
use crate::storage::{Failure, MOST_REPORTED, Versions};

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
    /// All but those about commits.
    notes: VecDeque<Note>,
    /// How many of these have been taken out.
    taken: u64,
    commits: VecDeque<CommitNote>,
    /// How many rows these tell of.
    size: usize,
    /// What is waited for.
    watched: HashSet<u32>,
    /// Who is to be woken, by what for: one that has been comes again by itself.
    watchers: HashMap<u32, Waker>,
}

/// What is stored that is watched, and how many other notes had been put there before.
#[derive(Debug)]
struct CommitNote {
    place: u64,
    watch: u32,
    committed: Arc<Committed>,
}

impl Inside {
    /// Keeps of what is stored only which stores have changed: this thread may not read it for long. It may hear of that too early, for
    /// all of it is stored, but not too late.
    fn summarize(&mut self) {
        let mut all: Vec<(u64, u32, Committed)> = Vec::new();
        for CommitNote { place, watch, committed } in self.commits.drain(..) {
            let at = all.iter().position(|(_, of, _)| *of == watch).unwrap_or_else(|| {
                all.push((place, watch, Committed::default()));
                all.len() - 1
            });
            all[at].2.absorb(&committed);
        }
        self.size = all.len();
        let note = |(place, watch, committed)| CommitNote { place, watch, committed: Arc::new(committed) };
        self.commits.extend(all.into_iter().map(note));
    }
}

impl Inbox {
    /// Wakes nobody: this inbox's own thread reads it by itself, and another one is woken later.
    pub fn put(&self, note: Note) {
        let mut inside = lock(&self.0);
        match note {
            Note::Committed(watch, committed) => {
                let place = inside.taken + inside.notes.len() as u64;
                inside.size += committed.size();
                inside.commits.push_back(CommitNote { place, watch, committed });
                if inside.size > MOST_REPORTED && inside.commits.len() > 1 {
                    inside.summarize();
                }
            }
            note => inside.notes.push_back(note),
        }
    }

    /// From elsewhere.
    #[cfg_attr(target_family = "wasm", allow(dead_code, reason = "only timers send a single note"))]
    pub fn send(&self, note: Note) {
        self.put(note);
        self.wake();
    }

    pub fn next(&self) -> Option<Note> {
        let mut inside = lock(&self.0);
        let taken = inside.taken;
        if let Some(commit) = inside.commits.pop_front_if(|commit| commit.place <= taken) {
            inside.size = inside.size.saturating_sub(commit.committed.size());
            return Some(Note::Committed(commit.watch, commit.committed));
        }
        let note = inside.notes.pop_front()?;
        inside.taken += 1;
        Some(note)
    }

    /// Takes the letters about commits out, in their order. Asked for after each operation: the others are not looked at.
    pub fn commits(&self) -> Vec<(u32, Arc<Committed>)> {
        let commits = {
            let mut inside = lock(&self.0);
            inside.size = 0;
            std::mem::take(&mut inside.commits)
        };
        commits.into_iter().map(|commit| (commit.watch, commit.committed)).collect()
    }

    /// Why a connection has been closed, if that has not been read yet. It stays where it is.
    pub fn version_change(&self, connection: u32) -> Option<Versions> {
        lock(&self.0).notes.iter().find_map(|note| match note {
            Note::VersionChange(id, versions) if *id == connection => Some(*versions),
            _ => None,
        })
    }

    pub fn is_empty(&self) -> bool {
        let inside = lock(&self.0);
        inside.notes.is_empty() && inside.commits.is_empty()
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

#[cfg(not(target_family = "wasm"))]
impl std::task::Wake for Inbox {
    fn wake(self: Arc<Self>) {
        Self::wake(&self);
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

    fn commit(watch: u32) -> Note {
        Note::Committed(watch, Arc::default())
    }

    #[test]
    fn notes_are_read_in_the_order_in_which_they_were_put() {
        let inbox = Inbox::default();
        let mut read = Vec::new();
        for note in [commit(1), Note::Run(2), Note::Run(3), commit(4), commit(5), Note::Run(6)] {
            inbox.put(note);
        }
        read.extend(inbox.next().map(|note| note.about()));
        read.extend(inbox.next().map(|note| note.about()));
        inbox.put(commit(7));
        read.extend(std::iter::from_fn(|| inbox.next()).map(|note| note.about()));
        assert_eq!(read, [1, 2, 3, 4, 5, 6, 7]);
        assert!(inbox.is_empty());
    }

    #[test]
    fn of_many_commits_that_nobody_reads_only_one_of_each_watch_is_kept() {
        let inbox = Inbox::default();
        inbox.put(Note::Run(1));
        for _ in 0..20_000 {
            inbox.put(commit(2));
            inbox.put(commit(3));
            assert!(lock(&inbox.0).commits.len() <= MOST_REPORTED);
        }
        inbox.put(Note::Run(4));
        let mut read: Vec<u32> = std::iter::from_fn(|| inbox.next()).map(|note| note.about()).collect();
        assert_eq!((read.first(), read.last()), (Some(&1), Some(&4)));
        read.dedup();
        assert!(read.starts_with(&[1, 2, 3]));
        assert_eq!(lock(&inbox.0).size, 0);
        // As many as are told one by one stay as they are.
        (0..MOST_REPORTED).for_each(|_| inbox.put(commit(2)));
        assert_eq!(inbox.commits().len(), MOST_REPORTED);
    }

    #[test]
    fn commits_are_read_before_other_notes_that_stay_as_they_are() {
        let inbox = Inbox::default();
        for note in [Note::Run(1), commit(2), Note::Run(3), commit(4)] {
            inbox.put(note);
        }
        let commits: Vec<u32> = inbox.commits().into_iter().map(|(watch, _)| watch).collect();
        assert_eq!(commits, [2, 4]);
        inbox.put(commit(5));
        let read: Vec<u32> = std::iter::from_fn(|| inbox.next()).map(|note| note.about()).collect();
        assert_eq!(read, [1, 3, 5]);
        assert!(inbox.commits().is_empty());
    }

    #[test]
    fn asking_for_commits_takes_no_longer_where_other_notes_wait() {
        let time = |notes: u32| {
            let inbox = Inbox::default();
            (0..notes).for_each(|id| inbox.put(Note::Run(id)));
            let ask = || {
                let begun = std::time::Instant::now();
                (0..100).for_each(|_| assert!(inbox.commits().is_empty()));
                begun.elapsed()
            };
            // What else the machine does takes time from some of them, not from all.
            (0..50).map(|_| ask()).min().unwrap_or_default()
        };
        // Longer by a factor of some thousand, if they were looked at.
        assert!(time(100_000) < time(10) * 100);
    }
}
