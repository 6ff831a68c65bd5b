//! Tracking: while a live query's future is polled, the engine notes here what it reads, and what that has seen.
//! Called by `mark`, for the engine, and by `rows` and `rerun`; calls `hub` and `mark`.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::ops::Bound;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::gate::Reads;
use super::hub::{Hit, Hub, Interest, Looks, Member, Reading, Seen, Watching, hub, shown};
use super::mark::track;
use crate::engine::{Shared, Sight};
use crate::key::AnyKey;
use crate::key::range::KeyRange;
use crate::schema::StoreSchema;
use crate::storage::{Columns, Operation, Reply, Request, RowChange, Scan, Waiter};

/// Notes what the reads of one run depend on.
pub(super) struct Tracker {
    member: Rc<Member>,
    watching: RefCell<Vec<Watching>>,
    reading: RefCell<Vec<Reading>>,
    dependencies: RefCell<Vec<Dependency>>,
    /// What its reads have seen. Those whose results are put together are in one transaction, and have seen the same.
    seen: Cell<Seen>,
}

/// What one read depends on.
struct Dependency {
    hub: Rc<Hub>,
    database: u64,
    looks: Looks,
    store: &'static str,
    schema: StoreSchema,
    entry: u16,
    ranges: Vec<KeyRange>,
    /// Whether it is the rows themselves, and not only which there are.
    rows: bool,
    seen: Seen,
    over: f64,
}

/// A read that is under way.
struct Tracked {
    tracker: Rc<Tracker>,
    hub: Rc<Hub>,
    database: u64,
    looks: Looks,
    store: &'static str,
    schema: StoreSchema,
    noted: bool,
}

impl Tracker {
    pub fn new(member: &Rc<Member>) -> Rc<Self> {
        Rc::new(Self {
            member: member.clone(),
            watching: RefCell::default(),
            reading: RefCell::default(),
            dependencies: RefCell::default(),
            seen: Cell::default(),
        })
    }

    /// Polls a future whose reads are noted.
    pub fn poll<R>(
        self: &Rc<Self>,
        future: Pin<&mut (impl Future<Output = R> + ?Sized)>,
        context: &mut Context<'_>,
    ) -> Poll<R> {
        let _mark = track(self.clone());
        future.poll(context)
    }

    fn looks(self: &Rc<Self>, shared: &Arc<Shared>, looks: Looks, store: &'static str, schema: StoreSchema) -> Tracked {
        let (hub, database) = (hub(shared), shared.id);
        self.watch(&hub, database, store);
        Tracked { tracker: self.clone(), hub, database, looks, store, schema, noted: false }
    }

    /// Has all that is committed to a store told, from now until the end of the run.
    fn watch(&self, hub: &Rc<Hub>, database: u64, store: &'static str) {
        if !self.watching.borrow().iter().any(|watching| watching.is_of(hub, database, store)) {
            let watching = hub.watch(database, store, &self.member);
            self.watching.borrow_mut().push(watching);
            self.reading.borrow_mut().push(hub.reading(database, store, &self.member));
        }
    }

    /// What its reads have seen.
    pub fn seen(&self) -> Seen {
        self.seen.get()
    }

    /// Up to which commit its reads have seen those of one database.
    fn seen_of(&self, hub: &Rc<Hub>) -> u64 {
        let dependencies = self.dependencies.borrow();
        let own = dependencies.iter().filter(|dependency| Rc::ptr_eq(&dependency.hub, hub));
        own.map(|dependency| dependency.seen.commits).max().unwrap_or_default()
    }

    /// Ends the run. Returns whether something that it depends on has changed since it was read, by what was told meanwhile.
    pub fn ends(&self, told: &[Hit]) -> bool {
        self.reading.take();
        told.iter().any(|hit| self.is_hit(hit))
    }

    /// Ends the run, where what it has read is known otherwise.
    pub fn rests(&self) {
        self.reading.take();
        self.dependencies.take();
    }

    /// The database that was read.
    pub fn hub(&self) -> Option<Rc<Hub>> {
        self.watching.borrow().first().map(|watching| watching.hub.clone())
    }

    /// Whether what is told touches something that it depends on: more than that its ranges have changed.
    pub fn is_hit(&self, hit: &Hit) -> bool {
        self.dependencies.borrow().iter().any(|dependency| dependency.is_hit(hit))
    }

    /// Has the member told of commits from now on.
    pub fn interests(&self) -> Vec<Interest> {
        let interest = |dependency: &Dependency| {
            let Dependency { hub, database, store, schema, entry, ranges, .. } = dependency;
            hub.interest(*database, &self.member, store, *schema, *entry, ranges.clone())
        };
        self.dependencies.borrow().iter().map(interest).collect()
    }

    /// Where there may be something due that nothing else looks at.
    pub fn turn(&self, context: &Context<'_>) {
        let waiters: Vec<Rc<Waiter>> = self.watching.borrow().iter().map(|watching| watching.waiter.clone()).collect();
        for waiter in waiters {
            waiter.turn(context.waker());
        }
    }

    /// An operation on a store is about to be started.
    pub fn reads(
        self: &Rc<Self>,
        shared: &Arc<Shared>,
        sight: Sight,
        store: &'static str,
        schema: StoreSchema,
    ) -> Box<dyn Reads> {
        Box::new(self.looks(shared, Looks::At(sight), store, schema))
    }

    /// It is asked whether a row of a store is pending.
    pub fn asks(self: &Rc<Self>, shared: &Arc<Shared>, store: &'static str, schema: StoreSchema, key: &AnyKey) {
        let mut asked = self.looks(shared, Looks::Asks, store, schema);
        // What was read last may have been of another database.
        let commits = self.seen_of(&asked.hub);
        let seen = Seen { commits, shown: shown(shared) };
        asked.note(0, vec![KeyRange::only(key.clone())], true, seen);
    }

    /// A transaction over a store is about to be begun.
    pub fn begins(&self, shared: &Arc<Shared>, store: &'static str) {
        self.watch(&hub(shared), shared.id, store);
    }
}

impl Reads for Tracked {
    fn done(mut self: Box<Self>, request: &Request, reply: &Reply, shown: u64) {
        let seen = Seen { commits: self.hub.backend.seen(), shown };
        let (ranges, rows) = read(&request.operation, reply);
        self.note(request.index.map_or(0, |index| index + 1), ranges, rows, seen);
    }
}

impl Tracked {
    fn note(&mut self, entry: u16, ranges: Vec<KeyRange>, rows: bool, seen: Seen) {
        self.noted = true;
        let Self { tracker, hub, database, looks, store, schema, .. } = self;
        let before = tracker.seen.get();
        let commits = before.commits.max(seen.commits);
        tracker.seen.set(Seen { commits, shown: before.shown.max(seen.shown) });
        let over = crate::Date::now().as_f64();
        let (database, looks) = (*database, *looks);
        let dependency =
            Dependency { hub: hub.clone(), database, looks, store, schema: *schema, entry, ranges, rows, seen, over };
        tracker.dependencies.borrow_mut().push(dependency);
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        if !self.noted {
            // It has failed, or nobody has waited for it: whatever changes may be what it needed. What it has seen is not known.
            self.note(0, vec![KeyRange::all()], true, Seen::default());
        }
    }
}

impl Dependency {
    fn is_hit(&self, hit: &Hit) -> bool {
        let change = hit.store();
        if change.store != self.store || !hit.concerns(self.database, self.looks) {
            return false;
        }
        if hit.commit.order.follows(self.seen, self.over) == Some(false) {
            return false;
        }
        hit.rows().is_none_or(|mut rows| rows.any(|row| self.is_touched(row)))
    }

    fn is_touched(&self, row: &RowChange) -> bool {
        let keys = |image: &Option<crate::storage::Image>| {
            let keys = image.as_ref().map(|image| row.keys(image, &self.schema, self.entry)).unwrap_or_default();
            let inside = |key: &AnyKey| self.ranges.iter().any(|range| range.contains(key));
            keys.into_iter().filter(inside).collect::<Vec<_>>()
        };
        let (old, new) = (keys(&row.old), keys(&row.new));
        if self.rows { !old.is_empty() || !new.is_empty() } else { old != new }
    }
}

/// Which keys of its index a read has looked at, and whether also at their rows.
fn read(operation: &Operation, reply: &Reply) -> (Vec<KeyRange>, bool) {
    match operation {
        Operation::Get { keys, .. } => (keys.iter().cloned().map(KeyRange::only).collect(), true),
        Operation::Count(ranges) => (ranges.clone(), false),
        Operation::Scan(scan) => match reply {
            Reply::Columns(columns) => (scanned(scan, columns), scan.want.rows),
            Reply::Unit | Reply::Number(_) => (scan.ranges.clone(), true),
        },
        _ => (vec![KeyRange::all()], true),
    }
}

/// The ranges of a scan, up to where it has stopped.
fn scanned(scan: &Scan, columns: &Columns) -> Vec<KeyRange> {
    if scan.limit.is_none_or(|limit| columns.count < limit) {
        return scan.ranges.clone();
    }
    // Without its keys it is not known where it has stopped.
    let want = columns.want;
    let last = if want.keys { columns.keys().pop() } else { None };
    let Some(last) = last else { return scan.ranges.clone() };
    let up_to = if scan.reverse {
        KeyRange { lower: Bound::Included(last), upper: Bound::Unbounded }
    } else {
        KeyRange { lower: Bound::Unbounded, upper: Bound::Included(last) }
    };
    scan.ranges.iter().map(|range| range.intersect(&up_to)).filter(|range| !range.is_empty()).collect()
}
