//! `Hub`: what live queries of one database watch on this thread. A commit is told to those whose ranges it touches, and to
//! nobody else.
//! Called by `tracking` and `rows`, and by the storage, by way of `gate`, when something is committed; calls `intervals` and the backend.

mod guards;
mod member;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;

pub(in crate::live) use guards::{Interest, Reading, Watching};
pub(in crate::live) use member::{Audience, Hit, Looks, Member};

use super::gate::{Hears, hear};
use super::intervals::Intervals;
use crate::engine::{Shared, Sight, above};
use crate::key::range::KeyRange;
use crate::order::{SortedMap, SortedSet};
use crate::schema::StoreSchema;
use crate::storage::{Backend, Commit, Order, RowChange, StoreChange, Thread, Waiter};

/// Clocks of two threads that are read in the same moment differ by no more, in milliseconds.
const SKEW: f64 = 20.0;

thread_local!(static HUBS: RefCell<Hubs> = RefCell::default());

/// This thread's hubs.
#[derive(Default)]
struct Hubs {
    by_number: SortedMap<u32, Rc<Hub>>,
    /// By the storage and the database's name.
    numbers: SortedMap<(usize, String), u32>,
}

/// The live queries of one database.
pub(super) struct Hub {
    number: u32,
    storage: usize,
    name: String,
    pub backend: Rc<dyn Backend>,
    /// How many watch each store, by the database object.
    stores: RefCell<SortedMap<(&'static str, u64), usize>>,
    tables: RefCell<Vec<Table>>,
    members: RefCell<SortedMap<u64, Weak<Member>>>,
    /// Who is reading, through which database object, and from which store: these get every commit to it, for they do not know yet
    /// whether they have seen it.
    reading: RefCell<SortedSet<(u64, u64, &'static str)>>,
    /// How many changes of overlays have been shown.
    shown: Cell<u64>,
    /// When the last own commit was heard of, and the last one of each other sender.
    own: Cell<f64>,
    others: RefCell<Vec<(u64, f64)>>,
}

/// Who is interested in a store. Two declarations of it, which may number its indexes differently, are two tables, and so are two
/// database objects, which may show different rows.
struct Table {
    number: u32,
    database: u64,
    store: &'static str,
    schema: StoreSchema,
    /// By the number of the key or index.
    indexes: Vec<Intervals>,
    /// Everyone, with the number of their interests.
    members: SortedMap<u64, usize>,
}

impl Table {
    /// Whether it is that of the store as one declaration has it: with the indexes numbered in the same way.
    fn is_for(&self, database: u64, store: &str, schema: &StoreSchema) -> bool {
        let is_same = self.schema.key == schema.key && self.schema.indexes == schema.indexes;
        self.database == database && self.store == store && is_same
    }
}

/// The hub of a database.
pub(super) fn hub(shared: &Arc<Shared>) -> Rc<Hub> {
    let backend = shared.backend();
    let place = (shared.storage.place(), shared.name.clone());
    HUBS.with_borrow_mut(|hubs| {
        if let Some(hub) = hubs.numbers.get(&place).and_then(|number| hubs.by_number.get(number)) {
            return hub.clone();
        }
        hear(Hears { committed, refresh });
        let number = Thread::get().number();
        let hub = Rc::new(Hub {
            number,
            storage: place.0,
            name: place.1.clone(),
            backend,
            stores: RefCell::default(),
            tables: RefCell::default(),
            members: RefCell::default(),
            reading: RefCell::default(),
            shown: Cell::new(0),
            own: Cell::new(0.0),
            others: RefCell::default(),
        });
        hubs.numbers.insert(place, number);
        hubs.by_number.insert(number, hub.clone());
        hub
    })
}

/// Something is stored.
fn committed(number: u32, commit: &Rc<Commit>) {
    let hub = HUBS.try_with(|hubs| hubs.borrow().by_number.get(&number).cloned()).ok().flatten();
    if let Some(hub) = hub {
        hub.committed(commit);
    }
}

/// All of a database may be different: it has been opened anew.
fn refresh(shared: &Shared) {
    if let Some(hub) = existing(shared) {
        hub.refresh();
    }
}

/// The hub of a database, if there is one.
fn existing(shared: &Shared) -> Option<Rc<Hub>> {
    let place = (shared.storage.place(), shared.name.clone());
    let hub = HUBS.try_with(|hubs| {
        let hubs = hubs.borrow();
        hubs.numbers.get(&place).and_then(|number| hubs.by_number.get(number)).cloned()
    });
    hub.ok().flatten()
}

/// What overlays of a database object show has changed: rows of a store, each with what is seen in its place before and after.
/// `sight` says who sees it; if nobody does, it is no more than that these rows are not pending any more. None of the rows: which, is
/// not known.
pub(crate) fn show(shared: &Shared, store: u16, rows: Option<Vec<RowChange>>, sight: Option<Sight>) {
    let Some(hub) = existing(shared) else { return };
    hub.shown.set(hub.shown.get() + 1);
    let change = StoreChange { store: shared.table_name(store).to_owned(), rows, whole: true };
    let commit = Rc::new(Commit { order: Order::Shown(hub.shown.get()), stores: vec![change] });
    let rows = commit.stores[0].rows.as_ref().map_or(0, Vec::len);
    let hit = |rows| Hit {
        commit: commit.clone(),
        store: 0,
        rows,
        in_order: true,
        database: shared.id,
        audience: sight.map_or(Audience::Askers, Audience::Only),
    };
    hub.route(&hit, (0..rows).collect());
}

/// How many changes of overlays have been shown so far.
pub(crate) fn shown(shared: &Shared) -> u64 {
    existing(shared).map_or(0, |hub| hub.shown.get())
}

/// Has what is committed to a store reported, for as long as the value lives, to overlays.
pub(crate) fn overhear(shared: &Arc<Shared>, store: u16) -> Overheard {
    let member = Member::new();
    let watching = hub(shared).watch(shared.id, shared.table_name(store), &member);
    Overheard { _watching: watching, _member: member }
}

/// A store that overlays are about.
pub(crate) struct Overheard {
    _watching: Watching,
    _member: Rc<Member>,
}

/// How many live queries there are on this thread that watch something.
#[must_use]
pub fn subscriptions() -> usize {
    let count = |hubs: &RefCell<Hubs>| {
        let members = |hub: &Rc<Hub>| hub.members.borrow().keys().copied().collect::<Vec<_>>();
        hubs.borrow().by_number.values().flat_map(members).collect::<SortedSet<_>>().len()
    };
    HUBS.try_with(count).unwrap_or_default()
}

/// A live query has ended. At the end of a thread its hubs may be gone already.
fn leave(member: u64) {
    let _ = HUBS.try_with(|hubs| hubs.borrow().by_number.values().for_each(|hub| hub.leave(member)));
}

impl Hub {
    /// Has what is committed to a store reported for as long as the value lives.
    pub fn watch(self: &Rc<Self>, database: u64, store: &'static str, member: &Rc<Member>) -> Watching {
        let is_new = {
            let mut stores = self.stores.borrow_mut();
            let is_new = !stores.keys().any(|(watched, _)| *watched == store);
            *stores.entry((store, database)).or_default() += 1;
            is_new
        };
        self.members.borrow_mut().insert(member.number, Rc::downgrade(member));
        if is_new {
            self.tell_backend();
        }
        Watching { hub: self.clone(), database, store, waiter: Rc::new(Waiter::new(self.backend.clone())) }
    }

    fn tell_backend(&self) {
        let stores: SortedSet<String> = self.stores.borrow().keys().map(|(store, _)| (*store).to_owned()).collect();
        let stores: Vec<String> = stores.into_iter().collect();
        self.backend.watch(self.number, &self.name, &stores);
    }

    /// Has every commit to a store told to a member for as long as the value lives.
    pub fn reading(self: &Rc<Self>, database: u64, store: &'static str, member: &Member) -> Reading {
        self.reading.borrow_mut().insert((member.number, database, store));
        Reading { hub: self.clone(), database, store, member: member.number }
    }

    /// Has commits told to a member that touch these ranges, for as long as the value lives.
    pub fn interest(
        self: &Rc<Self>,
        database: u64,
        member: &Member,
        store: &'static str,
        schema: StoreSchema,
        entry: u16,
        ranges: Vec<KeyRange>,
    ) -> Interest {
        let mut tables = self.tables.borrow_mut();
        let at = tables.iter().position(|table| table.is_for(database, store, &schema)).unwrap_or_else(|| {
            let number = Thread::get().number();
            tables.push(Table { number, database, store, schema, indexes: Vec::new(), members: SortedMap::new() });
            tables.len() - 1
        });
        let table = &mut tables[at];
        *table.members.entry(member.number).or_default() += 1;
        let entry = usize::from(entry);
        if table.indexes.len() <= entry {
            table.indexes.resize_with(entry + 1, Intervals::default);
        }
        for range in &ranges {
            table.indexes[entry].insert(range, member.number);
        }
        Interest { hub: self.clone(), table: table.number, member: member.number, entry, ranges }
    }

    fn member(&self, number: u64) -> Option<Rc<Member>> {
        self.members.borrow().get(&number)?.upgrade()
    }

    fn refresh(&self) {
        let databases: SortedSet<u64> = self.stores.borrow().keys().map(|(_, database)| *database).collect();
        for above in databases.into_iter().filter_map(above) {
            above.missed();
        }
        let members: Vec<_> = self.members.borrow().values().filter_map(Weak::upgrade).collect();
        for member in members {
            member.refresh();
        }
    }

    fn committed(&self, commit: &Rc<Commit>) {
        let in_order = self.follows(commit.order);
        let watched: Vec<(&str, u64)> = self.stores.borrow().keys().copied().collect();
        for (store, change) in commit.stores.iter().enumerate() {
            let databases = watched.iter().filter(|(watched, _)| *watched == change.store);
            for database in databases.map(|(_, database)| *database) {
                let hit =
                    |audience| move |rows| Hit { commit: commit.clone(), store, rows, in_order, database, audience };
                let all: Vec<usize> = (0..change.rows.as_ref().map_or(0, Vec::len)).collect();
                let hidden = above(database).map(|above| above.heard(change, in_order)).unwrap_or_default();
                if hidden.is_empty() {
                    self.route(&hit(Audience::Everyone), all);
                    continue;
                }
                self.route(&hit(Audience::Only(Sight::Committed)), hidden.clone());
                let plain: Vec<usize> = all.into_iter().filter(|row| !hidden.contains(row)).collect();
                if !plain.is_empty() {
                    self.route(&hit(Audience::Everyone), plain);
                }
            }
        }
    }

    /// Tells of some rows of a change whomever they concern.
    fn route(&self, hit: &dyn Fn(Vec<usize>) -> Hit, rows: Vec<usize>) {
        let whole = hit(rows);
        let is_reading = |reading: &&(u64, u64, &str)| reading.1 == whole.database && reading.2 == whole.store().store;
        let reading: SortedSet<u64> =
            self.reading.borrow().iter().filter(is_reading).map(|(member, ..)| *member).collect();
        let touched = self.touched(&whole);
        // Told outside of the borrow: who is woken may come and go.
        for number in &reading {
            if let Some(member) = self.member(*number) {
                member.hit(whole.clone());
            }
        }
        for (number, rows) in touched {
            if let Some(member) = self.member(number).filter(|_| !reading.contains(&number)) {
                member.hit(Hit { rows, ..whole.clone() });
            }
        }
    }

    /// Whom a change concerns, and which of its rows.
    fn touched(&self, hit: &Hit) -> SortedMap<u64, Vec<usize>> {
        let mut touched: SortedMap<u64, Vec<usize>> = SortedMap::new();
        let change = hit.store();
        let is_about = |table: &&Table| table.database == hit.database && table.store == change.store;
        for table in self.tables.borrow().iter().filter(is_about) {
            let Some(rows) = &change.rows else {
                touched.extend(table.members.keys().map(|number| (*number, Vec::new())));
                continue;
            };
            for at in &hit.rows {
                let Some(row) = rows.get(*at) else { continue };
                let mut note = |number: u64| {
                    let rows = touched.entry(number).or_default();
                    if rows.last() != Some(at) {
                        rows.push(*at);
                    }
                };
                for (entry, intervals) in (0..).zip(&table.indexes).filter(|(_, intervals)| !intervals.is_empty()) {
                    for image in [&row.old, &row.new].into_iter().flatten() {
                        for key in row.keys(image, &table.schema, entry) {
                            intervals.at(&key, &mut note);
                        }
                    }
                }
            }
        }
        touched
    }

    /// Notes a commit, and says whether it is known to come after all that were noted before.
    fn follows(&self, order: Order) -> bool {
        match order {
            Order::Shown(_) => true,
            Order::Number(_) => {
                let now = crate::Date::now().as_f64();
                self.own.set(now);
                // What another tab has said may have come before the end of a transaction that was stored before.
                self.others.borrow().iter().all(|(_, to)| now > to + SKEW)
            }
            Order::Elsewhere { sender, from, to } => {
                let mut others = self.others.borrow_mut();
                let before = |(other, to): &(u64, f64)| *other == sender || from > to + SKEW;
                let in_order = from > self.own.get() + SKEW && others.iter().all(before);
                others.retain(|(other, until)| *other != sender && until + 10.0 * SKEW > from);
                others.push((sender, to));
                in_order
            }
        }
    }

    fn leave(&self, number: u64) {
        self.members.borrow_mut().remove(&number);
        self.reading.borrow_mut().retain(|(member, ..)| *member != number);
    }

    /// Nobody watches any more.
    fn end(&self) {
        self.tell_backend();
        let _hub = HUBS.try_with(|hubs| {
            let mut hubs = hubs.borrow_mut();
            hubs.numbers.remove(&(self.storage, self.name.clone()));
            hubs.by_number.remove(&self.number)
        });
    }
}

/// What a read has seen: all commits with a number up to one, and all changes of overlays up to one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub commits: u64,
    pub shown: u64,
}

impl Order {
    /// Whether a read that has seen so many commits, and was over at this moment, came before it. Of another sender's that is
    /// not always known: then neither is said.
    pub(super) fn follows(self, seen: Seen, over: f64) -> Option<bool> {
        match self {
            Self::Number(number) => Some(number > seen.commits),
            Self::Shown(number) => Some(number > seen.shown),
            Self::Elsewhere { from, .. } => (from > over + SKEW).then_some(true),
        }
    }
}
