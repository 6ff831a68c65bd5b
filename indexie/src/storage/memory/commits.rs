//! Telling what has been committed to those who watch, on whatever thread they are. All commits of a database have one order.
//! Called by `engine` and `task`; calls `undo`, and [`Thread`].

use std::sync::Arc;

use super::database::{Database, Realm, State};
use super::engine::Engine;
use super::inbox::{Inbox, Note};
use super::streams::write_changes;
use super::undo::{Change, Log, Stores};
use super::value::Row;
use crate::codec::Batch;
use crate::key::AnyKey;
use crate::order::{SortedMap, SortedSet};
use crate::storage::{Changes, Commit, MOST_REPORTED, Order, ShapeTable, StoreChange, Thread};

/// Somebody who wants to hear of commits.
#[derive(Debug)]
pub(super) struct Watch {
    pub id: u32,
    pub inbox: Arc<Inbox>,
    pub stores: SortedSet<String>,
}

/// A commit on its way to another thread.
#[derive(Debug, Default)]
pub(super) struct Committed {
    number: u64,
    stores: Vec<(Arc<str>, Option<Rows>)>,
}

/// Rows by their keys: before the commit, and after it.
type Rows = SortedMap<AnyKey, (Option<Row>, Option<Row>)>;

impl Log {
    /// What has become of the rows of a store; none if that would be too much to tell.
    fn rows(&self, store: &Arc<str>, stores: &Stores) -> Option<Rows> {
        let mut olds: SortedMap<&AnyKey, Option<&Row>> = SortedMap::new();
        for change in self.changes() {
            match change {
                Change::Row { store: of, key, old } if of == store => {
                    olds.entry(key).or_insert(old.as_ref());
                }
                Change::Cleared { store: of, contents } if of == store => {
                    if contents.rows().len() > MOST_REPORTED {
                        return None;
                    }
                    for (key, old) in contents.rows() {
                        olds.entry(key).or_insert(Some(old));
                    }
                }
                _ => {}
            }
            if olds.len() > MOST_REPORTED {
                return None;
            }
        }
        let now = stores.get(&**store)?.rows();
        Some(olds.into_iter().map(|(key, old)| (key.clone(), (old.cloned(), now.get(key).cloned()))).collect())
    }

    fn touched(&self) -> SortedSet<Arc<str>> {
        let store = |change: &Change| match change {
            Change::Row { store, .. } | Change::Cleared { store, .. } => Some(store.clone()),
            _ => None,
        };
        self.changes().filter_map(store).collect()
    }
}

impl State {
    /// What the log says is stored from now on.
    pub fn committed(&mut self, log: &Log) {
        let touched = log.touched();
        if touched.is_empty() {
            return;
        }
        self.commits += 1;
        let number = self.commits;
        let watched: Vec<_> = touched
            .into_iter()
            .filter(|store| self.watches.iter().any(|watch| watch.stores.contains(&**store)))
            .map(|store| {
                let rows = log.rows(&store, &self.stores);
                (store, rows)
            })
            .collect();
        if watched.is_empty() {
            return;
        }
        let committed = Arc::new(Committed { number, stores: watched });
        for watch in &self.watches {
            if committed.stores.iter().any(|(store, _)| watch.stores.contains(&**store)) {
                self.letters.push(watch.inbox.clone(), Note::Committed(watch.id, committed.clone()));
            }
        }
    }
}

impl Committed {
    /// How many rows it tells of, and one for itself.
    pub fn size(&self) -> usize {
        1 + self.stores.iter().filter_map(|(_, rows)| rows.as_ref()).map(SortedMap::len).sum::<usize>()
    }

    /// Takes another one in, which has come later: of both, only the stores are told.
    pub fn absorb(&mut self, other: &Self) {
        self.number = other.number;
        for (store, _) in &other.stores {
            if !self.stores.iter().any(|(known, _)| known == store) {
                self.stores.push((store.clone(), None));
            }
        }
    }

    fn encoded(&self) -> Commit {
        let mut batch = Batch::default();
        for rows in self.stores.iter().filter_map(|(_, rows)| rows.as_ref()) {
            write_changes(&mut batch, rows.iter().map(|(key, (old, new))| (key, old.as_ref(), new.as_ref())));
        }
        let mut changes = Changes::new(batch.sealed(), ShapeTable::default());
        let store = |(store, rows): &(Arc<str>, Option<Rows>)| StoreChange {
            store: store.to_string(),
            rows: rows.as_ref().map(|rows| changes.rows(rows.len())),
            whole: true,
        };
        Commit { order: Order::Number(self.number), stores: self.stores.iter().map(store).collect() }
    }
}

impl Engine {
    pub fn watch(&self, realm: &Arc<Realm>, id: u32, name: &str, stores: &[String]) {
        let stores: SortedSet<String> = stores.iter().cloned().collect();
        let goes = stores.is_empty();
        let inbox = self.inbox.clone();
        let (database, receivers) = realm.ask(name, |state| {
            state.watches.retain(|watch| watch.id != id);
            if !goes {
                state.watches.push(Watch { id, inbox, stores });
            }
        });
        self.wake(receivers);
        if goes {
            self.watched.borrow_mut().remove(&id);
        } else {
            self.watched.borrow_mut().insert(id, database);
        }
    }

    /// Reads the letters about commits before any others: whoever hears of his own has heard of all that came before it.
    pub fn hear(&self) {
        for (watch, committed) in self.inbox.commits() {
            self.heard(watch, &committed);
        }
    }

    #[allow(clippy::unused_self, reason = "called as its neighbours")]
    pub fn heard(&self, watch: u32, committed: &Committed) {
        Thread::get().committed(|| (watch, committed.encoded()));
    }

    /// The thread ends: nobody listens any more.
    pub fn unwatch_all(&self) {
        for (id, database) in self.watched.take() {
            let ((), receivers) = database.change(|state: &mut State| state.watches.retain(|watch| watch.id != id));
            self.wake(receivers);
        }
    }
}

/// Databases that this thread watches, by the number of the watch.
pub(super) type Watched = std::collections::HashMap<u32, Arc<Database>>;
