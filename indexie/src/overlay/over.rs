//! `Over`: what lies above one database object's storage on this thread: its open overlays, and its hooks.
//! Called by the engine, as [`Above`]; calls its neighbours and the hooks.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::Waker;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::layer::Base;
use super::stack::{Landing, Open, Purpose, seen_by};
use crate::codec::with_shapes;
use crate::engine::{Above, Access, Footprint, KeyFor, Shared, Sight, Task, set_above};
use crate::error::Result;
use crate::hooks::{Event, Hooked};
use crate::key::AnyKey;
use crate::order::{SortedMap, SortedSet};
use crate::storage::memory::evaluator::{At, Path, Value, Values};
use crate::storage::{Operation, StoreChange, Thread, Write};
use crate::strategy::{Strategy, Turns};

pub(crate) struct Over {
    database: u64,
    pub(super) shared: std::sync::Weak<Shared>,
    pub(super) overlays: RefCell<Vec<Open>>,
    /// The overlay that is being stored right now, and the keys that its rows get.
    pub(super) landing: RefCell<Option<Landing>>,
    pub(super) waiting: RefCell<Vec<Waker>>,
    /// The line in which writes into overlays and landings follow one another.
    pub(super) line: u32,
    /// What has been heard of since the write began that is under way.
    pub(super) meanwhile: RefCell<Meanwhile>,
    /// By store: the next temporary key.
    pub(super) temporary: RefCell<SortedMap<u16, Rc<Cell<f64>>>>,
    /// By store: the keys that rows have got in place of temporary ones, and the other way round.
    pub(super) renamed: RefCell<SortedMap<u16, Renamed>>,
    pub hooked: Hooked,
    pub(super) network: Turns,
    /// What has happened in transactions that are not over.
    pub(super) events: RefCell<SortedMap<u32, Vec<Event>>>,
    /// The stores that follow a server, each as often as it does.
    pub(super) synced: RefCell<SortedMap<u16, usize>>,
    /// How often something was heard of.
    pub(super) hearings: Cell<u64>,
}

/// Rows of one store that may be others than a write into an overlay has found.
#[derive(Default)]
pub(super) struct Meanwhile {
    store: Option<u16>,
    keys: SortedSet<AnyKey>,
    /// Any of them.
    all: bool,
}

impl Meanwhile {
    /// Listens from now on, to what concerns a store.
    pub fn of(store: u16) -> Self {
        Self { store: Some(store), ..Self::default() }
    }

    pub fn has_changed(&self, key: &AnyKey) -> bool {
        self.all || self.keys.contains(key)
    }
}

#[derive(Default)]
pub(super) struct Renamed {
    pub keys: SortedMap<AnyKey, AnyKey>,
    pub pending: SortedMap<AnyKey, AnyKey>,
}

thread_local!(static OVERS: RefCell<SortedMap<u64, Weak<Over>>> = const { RefCell::new(SortedMap::new()) });

/// What lies above a database object, made if there is nothing yet.
pub(crate) fn over(shared: &Arc<Shared>) -> Rc<Over> {
    if let Some(over) = existing(shared.id) {
        return over;
    }
    let over = Rc::new(Over {
        database: shared.id,
        shared: Arc::downgrade(shared),
        overlays: RefCell::default(),
        landing: RefCell::default(),
        waiting: RefCell::default(),
        line: Thread::get().number(),
        meanwhile: RefCell::default(),
        temporary: RefCell::default(),
        renamed: RefCell::default(),
        hooked: Hooked::default(),
        network: Turns::default(),
        events: RefCell::default(),
        synced: RefCell::default(),
        hearings: Cell::default(),
    });
    OVERS.with_borrow_mut(|all| {
        all.retain(|_, over| over.strong_count() > 0);
        all.insert(shared.id, Rc::downgrade(&over));
    });
    set_above(shared.id, over.clone());
    over
}

pub(crate) fn existing(database: u64) -> Option<Rc<Over>> {
    OVERS.try_with(|all| all.borrow().get(&database).and_then(Weak::upgrade)).ok().flatten()
}

impl Above for Over {
    fn shows(&self, store: u16) -> bool {
        let overlays = self.overlays.borrow();
        seen_by(&overlays, Sight::Shown).any(|open| open.layers.get(&store).is_some_and(|layer| !layer.is_empty()))
    }

    fn attends(&self, store: u16) -> bool {
        self.hooked.attends(store)
    }

    fn footprint(&self, store: u16, operation: &Operation) -> Footprint {
        if self.hooked.strategy(store) != Strategy::NetworkFirst {
            // Nobody waits for anybody, so nobody asks.
            return Footprint::Whole;
        }
        match operation {
            Operation::Delete(keys) => Footprint::Keys(keys.clone()),
            Operation::Write(write) => {
                Footprint::Keys(keys_of(&self.key_path(store), write).into_iter().flatten().collect())
            }
            _ => Footprint::Whole,
        }
    }

    fn admit(&self, sight: Sight, store: u16, write: &Write) -> Result<()> {
        // Rows without keys are to get their own.
        if write.want_keys || !self.gives_keys(sight, store) {
            return Ok(());
        }
        self.admit_each(sight, store, keys_of(&self.key_path(store), write), KeyFor::Storing)
    }

    fn admit_keys(&self, sight: Sight, store: u16, keys: &[AnyKey], purpose: KeyFor) -> Result<()> {
        if !self.gives_keys(sight, store) {
            return Ok(());
        }
        self.admit_each(sight, store, keys.iter().cloned().map(Some).collect(), purpose)
    }

    fn run(self: Rc<Self>, task: Task) -> LocalBoxFuture<'static, Result<Box<dyn Any>>> {
        match (task.session.sight, task.access) {
            (_, Access::Read) => self.read(task).boxed_local(),
            (Sight::Overlay(number), Access::ReadWrite) => self.write_pending(number, task).boxed_local(),
            (Sight::Committed, Access::ReadWrite) => self.write_within(task).boxed_local(),
            // It is never asked to go through here.
            #[cfg(feature = "electric")]
            (Sight::Stored, Access::ReadWrite) => self.write_within(task).boxed_local(),
            (Sight::Shown, Access::ReadWrite) => match self.hooked.strategy(task.store) {
                Strategy::LocalFirst => self.write_through(task).boxed_local(),
                Strategy::NetworkFirst => self.write_after_network(task).boxed_local(),
            },
        }
    }

    fn heard(&self, change: &StoreChange, in_order: bool) -> Vec<usize> {
        self.hearings.set(self.hearings.get() + 1);
        let Some(store) = self.shared.upgrade().and_then(|shared| shared.store_number(&change.store)) else {
            return Vec::new();
        };
        {
            let mut meanwhile = self.meanwhile.borrow_mut();
            if meanwhile.store == Some(store) {
                meanwhile.all |= change.rows.is_none();
                meanwhile.keys.extend(change.rows.iter().flatten().map(|row| row.key.clone()));
            }
        }
        let mut hidden = Vec::new();
        let Some(rows) = &change.rows else {
            forget(&mut self.overlays.borrow_mut(), Some(store));
            return hidden;
        };
        if self.is_synced(store) {
            return self.heard_of_synced(store, rows, in_order && change.whole);
        }
        let mut overlays = self.overlays.borrow_mut();
        let landing = self.landing.borrow();
        for (at, row) in rows.iter().enumerate() {
            let lands = landing.as_ref().and_then(|landing| landing.keys.get(&store)?.get(&row.key));
            let mut hides = lands.is_some();
            for open in overlays.iter_mut() {
                for layer in open.versions(store).filter(|layer| layer.touches(&row.key)) {
                    Rc::make_mut(layer).change(&row.key, |entry| entry.stored = Base::Unknown);
                }
                let touches = open.layers.get(&store).is_some_and(|layer| layer.touches(&row.key));
                hides |= touches && open.purpose == Purpose::Shown;
            }
            if hides {
                hidden.push(at);
            }
        }
        hidden
    }

    fn is_orphaned(&self) -> bool {
        self.shared.strong_count() == 0
    }

    fn missed(&self) {
        self.hearings.set(self.hearings.get() + 1);
        self.meanwhile.borrow_mut().all = true;
        forget(&mut self.overlays.borrow_mut(), None);
    }

    fn renamed(&self, store: u16, pending: &AnyKey) -> Option<AnyKey> {
        self.renamed.borrow().get(&store)?.keys.get(pending).cloned()
    }

    fn mark(&self, transaction: u32) -> usize {
        self.events.borrow().get(&transaction).map_or(0, Vec::len)
    }

    fn undone(&self, transaction: u32, mark: usize) {
        if let Some(events) = self.events.borrow_mut().get_mut(&transaction) {
            events.truncate(mark);
        }
    }
}

/// The keys that rows are to be written under, as far as they have any.
fn keys_of(path: &Path, write: &Write) -> Vec<Option<AnyKey>> {
    with_shapes(|shapes| {
        let mut values = Values::new(&write.rows, &*shapes);
        let rows = values.rows(write.count);
        if *path == Path::None {
            let keys = if write.with_keys { values.rows(write.count) } else { Vec::new() };
            return keys.iter().map(Value::key).collect();
        }
        let key = |row| match path.key(row) {
            At::Key(key) => Some(key),
            At::NoKey | At::Nothing => None,
        };
        rows.iter().map(key).collect()
    })
}

/// What is stored beneath the rows of a store, or of all, may be anything from now on.
pub(super) fn forget(overlays: &mut [Open], of: Option<u16>) {
    for open in overlays {
        for (_, layer) in open.all_versions().filter(|(store, _)| of.is_none_or(|of| of == **store)) {
            let keys: Vec<AnyKey> = layer.entries().keys().cloned().collect();
            let layer = Rc::make_mut(layer);
            for key in &keys {
                layer.change(key, |entry| entry.stored = Base::Unknown);
            }
        }
    }
}

impl std::fmt::Debug for Over {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Over").field("database", &self.database).finish_non_exhaustive()
    }
}
