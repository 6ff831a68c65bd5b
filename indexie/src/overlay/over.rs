//! `Over`: what lies above one database object's storage on this thread: its open overlays in the order of their start, and
//! its hooks. Here each operation on a table that has some takes its way.
//! Called by the engine, as [`Above`]; calls `frame`, `land` and the hooks.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Poll, Waker};

use futures::FutureExt;
use futures::future::{LocalBoxFuture, ready};
use futures::lock::Mutex;

use super::frame::Stage;
use super::land::{Landed, land};
use super::layer::{Layer, same};
use crate::codec::with_shapes;
use crate::engine::{self, Above, Access, Footprint, Session, Shared, Sight, Task, set_above};
use crate::error::{Error, Result};
use crate::hooks::{Event, Hooked, Mutation};
use crate::key::AnyKey;
use crate::storage::memory::evaluator::{At, Path, Row, Values};
use crate::storage::{Columns, Operation, Reply, StoreChange, Thread};
use crate::strategy::{Strategy, Turns};

#[cfg(feature = "live")]
type Heard = crate::live::Overheard;
#[cfg(not(feature = "live"))]
type Heard = ();

pub(crate) struct Over {
    database: u64,
    shared: std::sync::Weak<Shared>,
    overlays: RefCell<Vec<Open>>,
    /// The overlay that is being stored right now, and the keys that its rows get.
    landing: RefCell<Option<Landing>>,
    waiting: RefCell<Vec<Waker>>,
    /// Writes into overlays and landings follow one another.
    pub(super) turn: Mutex<()>,
    /// By store: the next temporary key.
    temporary: RefCell<HashMap<u16, Rc<Cell<f64>>>>,
    /// By store: the keys that rows have got in place of temporary ones, and the other way round.
    renamed: RefCell<HashMap<u16, Renamed>>,
    pub hooked: Hooked,
    network: Turns,
    /// What has happened in transactions that are not over.
    events: RefCell<HashMap<u32, Vec<Event>>>,
}

#[derive(Default)]
struct Renamed {
    keys: BTreeMap<AnyKey, AnyKey>,
    pending: BTreeMap<AnyKey, AnyKey>,
}

/// Whom an overlay is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Everyone who reads through the database object.
    Shown,
    /// Who has the overlay transaction.
    Hidden,
    /// One write, which waits for its hooks.
    Network,
}

/// An overlay that has been started, and is not over.
pub(super) struct Open {
    pub number: u32,
    pub purpose: Purpose,
    pub layers: BTreeMap<u16, Rc<Layer>>,
    /// It takes no more writes.
    pub closing: bool,
    sequence: Rc<Cell<u64>>,
    _heard: Vec<Heard>,
}

struct Landing {
    overlay: u32,
    keys: BTreeMap<u16, BTreeSet<AnyKey>>,
}

thread_local!(static OVERS: RefCell<HashMap<u64, Weak<Over>>> = RefCell::default());

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
        turn: Mutex::default(),
        temporary: RefCell::default(),
        renamed: RefCell::default(),
        hooked: Hooked::default(),
        network: Turns::default(),
        events: RefCell::default(),
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

/// The error of what is asked of an overlay transaction that is over.
pub(super) fn ended() -> Error {
    Error::Aborted { reason: "the overlay transaction has been committed or rolled back".to_owned() }
}

// --- the stack

impl Over {
    /// Starts an overlay over these stores.
    #[cfg_attr(not(feature = "live"), allow(unused_variables, reason = "only live queries want to know"))]
    pub(super) fn start(&self, shared: &Arc<Shared>, purpose: Purpose, stores: &[u16]) -> u32 {
        let number = Thread::get().number();
        // So that it is known whether a row is still what it was when the overlay found it.
        #[cfg(feature = "live")]
        let heard = match purpose {
            Purpose::Shown => stores.iter().map(|store| crate::live::overhear(shared, *store)).collect(),
            Purpose::Hidden | Purpose::Network => Vec::new(),
        };
        #[cfg(not(feature = "live"))]
        let heard = Vec::new();
        self.overlays.borrow_mut().push(Open {
            number,
            purpose,
            layers: BTreeMap::new(),
            closing: false,
            sequence: Rc::default(),
            _heard: heard,
        });
        number
    }

    pub(super) fn with_overlay<R>(&self, number: u32, f: impl FnOnce(&mut Open) -> R) -> Option<R> {
        self.overlays.borrow_mut().iter_mut().find(|open| open.number == number).map(f)
    }

    /// Fails if the overlay takes no more writes.
    pub(super) fn active(&self, number: u32) -> Result<()> {
        match self.with_overlay(number, |open| open.closing) {
            Some(false) => Ok(()),
            Some(true) => {
                Err(Error::Aborted { reason: "the overlay transaction is being committed".to_owned() })
            }
            None => Err(ended()),
        }
    }

    /// Whether a key is pending in a store, as who has this sight sees it.
    pub(super) fn is_pending(&self, sight: Sight, store: u16, key: &AnyKey) -> bool {
        let overlays = self.overlays.borrow();
        seen_by(&overlays, sight).any(|open| {
            open.layers.get(&store).and_then(|layer| layer.get(key)).is_some_and(super::layer::Entry::is_change)
        })
    }

    /// The key under which a row was seen first.
    pub(super) fn first_seen(&self, store: u16, key: &AnyKey) -> Option<AnyKey> {
        self.renamed.borrow().get(&store)?.pending.get(key).cloned()
    }

    /// What who has this sight sees over the stored rows.
    fn layer(&self, sight: Sight, store: u16) -> Option<Layer> {
        let overlays = self.overlays.borrow();
        Layer::flat(seen_by(&overlays, sight).filter_map(|open| open.layers.get(&store)).map(|layer| &**layer))
    }

    /// What lies beneath an overlay.
    fn beneath(&self, number: u32, store: u16) -> Option<Layer> {
        let overlays = self.overlays.borrow();
        let layers = overlays
            .iter()
            .take_while(|open| open.number != number)
            .filter(|open| open.purpose == Purpose::Shown)
            .filter_map(|open| open.layers.get(&store));
        let network = overlays.iter().any(|open| open.number == number && open.purpose == Purpose::Network);
        // A direct write goes by what is committed.
        if network { None } else { Layer::flat(layers.map(|layer| &**layer)) }
    }

    /// Resolves when nothing is being stored that is seen already.
    fn no_landing(&self) -> impl Future<Output = ()> + '_ {
        std::future::poll_fn(|context| {
            let Some(overlay) = self.landing.borrow().as_ref().map(|landing| landing.overlay) else {
                return Poll::Ready(());
            };
            self.waiting.borrow_mut().push(context.waker().clone());
            if let Some(shared) = self.shared.upgrade() {
                shared.backend().turn(context.waker(), overlay);
            }
            Poll::Pending
        })
    }

    fn stage(&self, shared: &Arc<Shared>, store: u16, beneath: Option<Layer>) -> Stage {
        Stage::new(store, shared.schema(store), beneath, shown(shared))
    }

    fn temporary(&self, shared: &Arc<Shared>, store: u16) -> Rc<Cell<f64>> {
        let first = || Rc::new(Cell::new(shared.schema(store).last_key));
        self.temporary.borrow_mut().entry(store).or_insert_with(first).clone()
    }
}

/// The overlays that who has this sight sees, the first one lowest.
fn seen_by(overlays: &[Open], sight: Sight) -> impl Iterator<Item = &Open> {
    let (own, until) = match sight {
        Sight::Committed => (None, 0),
        Sight::Shown => (None, overlays.len()),
        Sight::Overlay(number) => {
            (Some(number), overlays.iter().position(|open| open.number == number).map_or(0, |at| at + 1))
        }
    };
    overlays[..until].iter().filter(move |open| open.purpose == Purpose::Shown || own == Some(open.number))
}

#[cfg(feature = "live")]
fn shown(shared: &Shared) -> u64 {
    crate::live::shown(shared)
}

#[cfg(not(feature = "live"))]
fn shown(_shared: &Shared) -> u64 {
    0
}

// --- what is shown

/// A change of what is seen in the place of one key: before, and after.
type Seen = (AnyKey, Option<Row>, Option<Row>);

impl Over {
    /// Tells live queries of a change of what is seen. None of the rows: which, is not known.
    #[cfg_attr(not(feature = "live"), allow(unused_variables, clippy::unused_self, reason = "there are no live queries"))]
    fn show(&self, store: u16, rows: Option<Vec<Seen>>, sight: Sight) {
        #[cfg(feature = "live")]
        {
            let Some(shared) = self.shared.upgrade() else { return };
            let rows = rows.map(|rows| {
                let changed = rows.into_iter().filter(|(_, old, new)| !same(old.as_ref(), new.as_ref()));
                changed.collect::<Vec<_>>()
            });
            if rows.as_ref().is_some_and(Vec::is_empty) {
                return;
            }
            crate::live::show(&shared, store, rows.and_then(changes), sight);
        }
    }

    /// Takes over what an operation has written into an overlay.
    fn take(&self, number: u32, store: u16, stage: &Stage) {
        let Some(own) = stage.own().map(|own| own.clone()) else { return };
        let diffs = stage.diffs();
        let rows: Vec<Seen> = {
            let mut overlays = self.overlays.borrow_mut();
            let Some(at) = overlays.iter().position(|open| open.number == number) else { return };
            overlays[at].layers.insert(store, Rc::new(own));
            let covered = |key: &AnyKey| is_covered(&overlays[at + 1..], store, key);
            diffs.into_iter().filter(|diff| !covered(&diff.key)).map(|diff| (diff.key, diff.old, diff.new)).collect()
        };
        let sight = match self.with_overlay(number, |open| open.purpose) {
            Some(Purpose::Shown) => Sight::Shown,
            _ => Sight::Overlay(number),
        };
        self.show(store, Some(rows), sight);
    }

    /// Puts an overlay back to what it was before.
    pub(super) fn put_back(&self, number: u32, before: BTreeMap<u16, Rc<Layer>>) {
        let mut shows = Vec::new();
        {
            let mut overlays = self.overlays.borrow_mut();
            let Some(at) = overlays.iter().position(|open| open.number == number) else { return };
            let after = std::mem::replace(&mut overlays[at].layers, before.clone());
            for (store, layer) in after {
                let before = before.get(&store);
                if before.is_some_and(|before| Rc::ptr_eq(before, &layer)) {
                    continue;
                }
                let mut keys: BTreeSet<&AnyKey> = layer.entries().keys().collect();
                keys.extend(before.iter().flat_map(|before| before.entries().keys()));
                let mut rows = Some(Vec::new());
                for key in keys.into_iter().filter(|key| !is_covered(&overlays[at + 1..], store, key)) {
                    let entry = layer.get(key);
                    let now = entry.and_then(|entry| entry.now.clone());
                    let old = match before.and_then(|before| before.get(key)) {
                        Some(entry) => Some(entry.now.clone()),
                        None => what_is_beneath(
                            &overlays[..at],
                            store,
                            key,
                            entry.and_then(|entry| entry.stored.clone()),
                        ),
                    };
                    rows = rows.zip(old).map(|(mut rows, old)| {
                        rows.push((key.clone(), now, old));
                        rows
                    });
                }
                let purpose = overlays[at].purpose;
                shows.push((store, rows, if purpose == Purpose::Shown { Sight::Shown } else { Sight::Overlay(number) }));
            }
        }
        for (store, rows, sight) in shows {
            self.show(store, rows, sight);
        }
    }

    /// Ends an overlay without storing it. What is being stored is not stopped.
    pub(super) fn roll_back(&self, number: u32) {
        if self.landing.borrow().as_ref().is_some_and(|landing| landing.overlay == number) {
            return;
        }
        self.put_back(number, BTreeMap::new());
        let gone: Vec<Open> = self.overlays.borrow_mut().extract_if(.., |open| open.number == number).collect();
        drop(gone);
    }

    /// Ends an overlay whose rows are stored now, under their own keys.
    pub(super) fn landed(&self, number: u32, landed: &BTreeMap<u16, Vec<Landed>>) {
        let mut shows = Vec::new();
        let gone = {
            let mut overlays = self.overlays.borrow_mut();
            let Some(at) = overlays.iter().position(|open| open.number == number) else { return };
            let open = overlays.remove(at);
            let (lower, upper) = overlays.split_at_mut(at);
            for (store, layer) in &open.layers {
                let empty = Vec::new();
                let of_store = landed.get(store).unwrap_or(&empty);
                let schema = self.shared.upgrade().map(|shared| shared.schema(*store));
                let path = schema.map_or(Path::None, |schema| schema.key.path.into());
                let mut rows = Some(Vec::new());
                let mut push = |seen: Option<Seen>| {
                    rows = rows.take().zip(seen).map(|(mut rows, seen)| {
                        rows.push(seen);
                        rows
                    });
                };
                for Landed { pending, key, new, .. } in of_store {
                    let now = layer.get(pending).and_then(|entry| entry.now.clone());
                    let covered = is_covered(upper, *store, pending);
                    if pending == key {
                        if !covered {
                            push(Some((key.clone(), now, new.clone())));
                        }
                    } else {
                        if open.purpose == Purpose::Shown {
                            let mut renamed = self.renamed.borrow_mut();
                            let renamed = renamed.entry(*store).or_default();
                            renamed.keys.insert(pending.clone(), key.clone());
                            renamed.pending.insert(key.clone(), pending.clone());
                        }
                        let shown = topmost(upper, *store, pending).map_or(now, |entry| entry.now.clone());
                        rekey(upper, *store, &path, pending, key);
                        let after = topmost(upper, *store, key).map_or_else(|| new.clone(), |entry| entry.now.clone());
                        push(Some((pending.clone(), shown, None)));
                        push(Some((key.clone(), None, after)));
                    }
                    for open in upper.iter_mut() {
                        if let Some(layer) = open.layers.get_mut(store)
                            && layer.touches(key)
                        {
                            Rc::make_mut(layer).change(key, |entry| entry.stored = Some(new.clone()));
                        }
                    }
                }
                let stored: BTreeSet<&AnyKey> = of_store.iter().map(|landed| &landed.pending).collect();
                for (key, entry) in layer.entries().iter().filter(|(key, _)| !stored.contains(key)) {
                    if !is_covered(upper, *store, key) {
                        let after = what_is_beneath(lower, *store, key, entry.stored.clone());
                        push(after.map(|after| (key.clone(), entry.now.clone(), after)));
                    }
                }
                if open.purpose == Purpose::Shown {
                    shows.push((*store, rows));
                }
            }
            open
        };
        for (store, rows) in shows {
            self.show(store, rows, Sight::Shown);
        }
        drop(gone);
    }

    // --- landing

    pub(super) fn begin_landing(&self, number: u32) {
        let shown = self.with_overlay(number, |open| open.purpose == Purpose::Shown).unwrap_or_default();
        if shown {
            *self.landing.borrow_mut() = Some(Landing { overlay: number, keys: BTreeMap::new() });
        }
    }

    /// The keys under which its rows are going to be stored.
    pub(super) fn gets_keys(&self, store: u16, landed: &[Landed]) {
        if let Some(landing) = &mut *self.landing.borrow_mut() {
            landing.keys.entry(store).or_default().extend(landed.iter().map(|landed| landed.key.clone()));
        }
    }

    pub(super) fn end_landing(&self) {
        self.landing.borrow_mut().take();
        let waiting = self.waiting.take();
        waiting.into_iter().for_each(Waker::wake);
    }
}

fn is_covered(upper: &[Open], store: u16, key: &AnyKey) -> bool {
    topmost(upper, store, key).is_some()
}

/// What the highest of these overlays shows in the place of a key.
fn topmost<'a>(overlays: &'a [Open], store: u16, key: &AnyKey) -> Option<&'a super::layer::Entry> {
    let shown = overlays.iter().rev().filter(|open| open.purpose == Purpose::Shown);
    shown.filter_map(|open| open.layers.get(&store)?.get(key)).next()
}

/// What is seen in the place of a key where these overlays are the highest ones; none if that is not known.
fn what_is_beneath(lower: &[Open], store: u16, key: &AnyKey, stored: Option<Option<Row>>) -> Option<Option<Row>> {
    topmost(lower, store, key).map_or(stored, |entry| Some(entry.now.clone()))
}

/// A row that was pending under a temporary key has got its own: whoever has touched it meanwhile goes by that.
fn rekey(upper: &mut [Open], store: u16, path: &Path, pending: &AnyKey, key: &AnyKey) {
    for open in upper {
        let Some(layer) = open.layers.get_mut(&store).filter(|layer| layer.touches(pending)) else { continue };
        let layer = Rc::make_mut(layer);
        if let Some(mut entry) = layer.remove(pending) {
            let rekeyed = |row: &Row| super::land::rekeyed(path, row, key);
            entry.beneath = entry.beneath.as_ref().map(rekeyed);
            entry.now = entry.now.as_ref().map(rekeyed);
            entry.temporary = false;
            layer.set(key.clone(), entry);
        }
    }
}

#[cfg(feature = "live")]
fn changes(rows: Vec<Seen>) -> Option<Vec<crate::storage::RowChange>> {
    use crate::codec::{Batch, write_key};
    use crate::storage::memory::evaluator::write_row;
    use crate::storage::{Changes, MOST_REPORTED, ShapeTable};

    let count = rows.len();
    if count > MOST_REPORTED {
        return None;
    }
    let mut batch = Batch::default();
    for (key, _, _) in &rows {
        write_key(&mut batch, key);
        batch.end_row();
    }
    rows.iter().for_each(|(_, old, _)| write_row(&mut batch, old.as_ref()));
    rows.iter().for_each(|(_, _, new)| write_row(&mut batch, new.as_ref()));
    Some(Changes::new(batch.sealed(), ShapeTable::default()).rows(count))
}

// --- the ways of an operation

impl Over {
    async fn read(self: Rc<Self>, task: Task) -> Result<Box<dyn Any>> {
        let Task { session, store, steps, .. } = task;
        let steps = Rc::new(Cell::new(Some(steps)));
        loop {
            self.no_landing().await;
            let again = Rc::new(Cell::new(false));
            let (this, sight, shared) = (self.clone(), session.sight, session.shared.clone());
            let (tried, mine) = (again.clone(), steps.clone());
            let body = move |base: Session| {
                // What is being stored would be there twice, or not at all.
                if this.landing.borrow().is_some() {
                    tried.set(true);
                    return ready(Err(ended())).boxed_local();
                }
                if let Sight::Overlay(number) = sight
                    && this.with_overlay(number, |_| ()).is_none()
                {
                    return ready(Err(ended())).boxed_local();
                }
                let stage = this.stage(&shared, store, this.layer(sight, store));
                let session = Session { sight, frame: Some(Rc::new(stage)), ..base };
                match mine.take() {
                    Some(steps) => steps(session),
                    None => ready(Err(ended())).boxed_local(),
                }
            };
            let done = engine::transact(session.shared.clone(), vec![store], Access::Read, None, body).await;
            if !again.get() {
                return done;
            }
        }
    }

    /// Writes into an overlay.
    async fn write_pending(self: Rc<Self>, number: u32, task: Task) -> Result<Box<dyn Any>> {
        let Task { session, store, steps, .. } = task;
        let _turn = self.turn.lock().await;
        self.active(number)?;
        let (this, shared) = (self.clone(), session.shared.clone());
        let body = move |base: Session| {
            let own = this.with_overlay(number, |open| {
                let own = open.layers.get(&store).map(|layer| (**layer).clone());
                (own, open.sequence.clone())
            });
            let Some((own, sequence)) = own else { return ready(Err(ended())).boxed_local() };
            let own = own.unwrap_or_else(|| Layer::new(&shared.schema(store)));
            let stage = this.stage(&shared, store, this.beneath(number, store));
            let stage = Rc::new(stage.writing(own, this.temporary(&shared, store), sequence));
            let session = Session { sight: Sight::Overlay(number), frame: Some(stage.clone()), ..base };
            async move {
                let value = steps(session.clone()).await?;
                this.guard(&session, &stage, store).await?;
                Ok((value, stage))
            }
            .boxed_local()
        };
        let (value, stage) = engine::transact(session.shared, vec![store], Access::Read, None, body).await?;
        self.active(number)?;
        self.take(number, store, &stage);
        Ok(value)
    }

    /// Works out a write over what is stored, and stores it, in a transaction.
    async fn write_stored(
        self: Rc<Self>,
        base: Session,
        store: u16,
        steps: engine::Steps,
    ) -> Result<(Box<dyn Any>, Vec<Landed>)> {
        let shared = base.shared.clone();
        let stage = self.stage(&shared, store, None);
        let own = Layer::new(&shared.schema(store));
        let stage = Rc::new(stage.writing(own, self.temporary(&shared, store), Rc::default()));
        let session = Session { frame: Some(stage.clone()), ..base.clone() };
        let value = steps(session.clone()).await?;
        self.guard(&session, &stage, store).await?;
        let own = stage.own().map(|own| own.clone());
        let landed = match own {
            Some(own) => land(&base, store, &own, false).await?,
            None => Vec::new(),
        };
        Ok((with_keys(value, &landed), landed))
    }

    /// A direct write: local first.
    async fn write_through(self: Rc<Self>, task: Task) -> Result<Box<dyn Any>> {
        let Task { session, store, steps, .. } = task;
        let this = self.clone();
        let body = move |base: Session| {
            async move {
                let transaction = base.transaction;
                let (value, landed) = this.clone().write_stored(base, store, steps).await?;
                this.happened(transaction, store, landed);
                Ok(value)
            }
            .boxed_local()
        };
        engine::transact(session.shared, vec![store], Access::ReadWrite, None, body).await
    }

    /// A write in a transaction.
    async fn write_within(self: Rc<Self>, task: Task) -> Result<Box<dyn Any>> {
        let Task { session, store, steps, .. } = task;
        if self.hooked.strategy(store) == Strategy::NetworkFirst {
            let table = session.shared.table_name(store);
            return Err(Error::Unsupported {
                what: format!(
                    "table `{table}` is network first, and a transaction of IndexedDB cannot wait for a network: use `start_transaction` in place of `transaction`"
                ),
            });
        }
        let this = self.clone();
        let body = move |base: Session| {
            async move {
                let transaction = base.transaction;
                let shared = base.shared.clone();
                // Several requests, all or none.
                let write = async || this.clone().write_stored(base, store, steps).await;
                let (value, landed) =
                    engine::savepoint(&shared, store, transaction.unwrap_or_default(), write).await?;
                this.happened(transaction, store, landed);
                Ok(value)
            }
            .boxed_local()
        };
        session.as_one(store, Access::ReadWrite, body).await
    }

    /// A direct write: network first.
    async fn write_after_network(self: Rc<Self>, task: Task) -> Result<Box<dyn Any>> {
        let Task { session, store, footprint, steps, access } = task;
        let _turn = self.network.reached(store, footprint.clone()).await;
        let number = self.start(&session.shared, Purpose::Network, &[store]);
        let overlay = Started { over: self.clone(), number };
        let inner = Session::of_overlay(session.shared.clone(), number);
        let task = Task { session: inner, store, access, footprint, steps };
        let value = self.clone().write_pending(number, task).await?;
        let landed = self.clone().commit(session.shared, number, true).await?;
        drop(overlay);
        Ok(with_keys(value, landed.get(&store).map_or(&[][..], Vec::as_slice)))
    }

    /// Has the guards look at what was written.
    async fn guard(&self, session: &Session, stage: &Stage, store: u16) -> Result<()> {
        if !self.hooked.has_guards(store) {
            return Ok(());
        }
        for diff in stage.diffs() {
            let temporary = stage.is_temporary(&diff.key);
            let mut new = diff.new.clone();
            for guard in self.hooked.guards(store, Mutation::of(diff.old.as_ref(), diff.new.as_ref())) {
                let altered = guard(&diff.key, temporary, diff.old.as_ref(), new.as_ref())?;
                new = altered.or(new);
            }
            if let Some(row) = &new
                && !same(Some(row), diff.new.as_ref())
            {
                stage.replace(session, &diff.key, (**row).clone()).await?;
            }
        }
        Ok(())
    }

    /// Notes what a transaction has done; hooks hear of it when that is committed.
    fn happened(self: &Rc<Self>, transaction: Option<u32>, store: u16, landed: Vec<Landed>) {
        let Some(transaction) = transaction else { return };
        let events: Vec<Event> = landed
            .into_iter()
            .filter(|landed| !same(landed.old.as_ref(), landed.new.as_ref()))
            .map(|landed| Event::new(store, Some(landed.key), landed.old, landed.new))
            .filter(|event| self.hooked.has_hooks(store, event.mutation))
            .collect();
        if events.is_empty() {
            return;
        }
        let is_first = !self.events.borrow().contains_key(&transaction);
        self.events.borrow_mut().entry(transaction).or_default().extend(events);
        if is_first {
            let this = Rc::downgrade(self);
            Thread::get().at_end(transaction, move |complete| {
                let Some(this) = this.upgrade() else { return };
                let events = this.events.borrow_mut().remove(&transaction).unwrap_or_default();
                if complete && let Some(shared) = this.shared.upgrade() {
                    this.hooked.enqueue(&shared, events);
                }
            });
        }
    }
}

/// An overlay of one write; dropped early, nothing is left of it.
struct Started {
    over: Rc<Over>,
    number: u32,
}

impl Drop for Started {
    fn drop(&mut self) {
        self.over.roll_back(self.number);
    }
}

/// The answer of a write, with the keys that its rows have got in place of temporary ones.
fn with_keys(value: Box<dyn Any>, landed: &[Landed]) -> Box<dyn Any> {
    let reply = match value.downcast::<Reply>() {
        Ok(reply) => reply,
        Err(value) => return value,
    };
    let Reply::Columns(columns) = *reply else { return reply };
    let keys: BTreeMap<&AnyKey, &AnyKey> = landed.iter().map(|landed| (&landed.pending, &landed.key)).collect();
    let mut batch = crate::codec::Batch::default();
    for key in columns.primary_keys() {
        crate::codec::write_key(&mut batch, keys.get(&key).copied().unwrap_or(&key));
        batch.end_row();
    }
    Box::new(Reply::Columns(Columns { batch: batch.sealed(), ..columns }))
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
        match operation {
            Operation::Delete(keys) => Footprint::Keys(keys.clone()),
            Operation::Write(write) => {
                let Some(shared) = self.shared.upgrade() else { return Footprint::Whole };
                let path = Path::from(shared.schema(store).key.path);
                with_shapes(|shapes| {
                    let mut values = Values::new(&write.rows, &*shapes);
                    let rows = values.rows(write.count);
                    if path == Path::None {
                        let keys = if write.with_keys { values.rows(write.count) } else { Vec::new() };
                        return Footprint::Keys(keys.iter().filter_map(crate::storage::memory::evaluator::Value::key).collect());
                    }
                    let key = |row| match path.key(row) {
                        At::Key(key) => Some(key),
                        At::NoKey | At::Nothing => None,
                    };
                    Footprint::Keys(rows.iter().filter_map(key).collect())
                })
            }
            _ => Footprint::Whole,
        }
    }

    fn run(self: Rc<Self>, task: Task) -> LocalBoxFuture<'static, Result<Box<dyn Any>>> {
        match (task.session.sight, task.access) {
            (_, Access::Read) => self.read(task).boxed_local(),
            (Sight::Overlay(number), Access::ReadWrite) => self.write_pending(number, task).boxed_local(),
            (Sight::Committed, Access::ReadWrite) => self.write_within(task).boxed_local(),
            (Sight::Shown, Access::ReadWrite) => match self.hooked.strategy(task.store) {
                Strategy::LocalFirst => self.write_through(task).boxed_local(),
                Strategy::NetworkFirst => self.write_after_network(task).boxed_local(),
            },
        }
    }

    fn heard(&self, change: &StoreChange) -> Vec<usize> {
        let Some(store) = self.shared.upgrade().and_then(|shared| shared.store_number(&change.store)) else {
            return Vec::new();
        };
        let mut hidden = Vec::new();
        let mut overlays = self.overlays.borrow_mut();
        let Some(rows) = &change.rows else {
            for open in overlays.iter_mut() {
                if let Some(layer) = open.layers.get_mut(&store) {
                    let keys: Vec<AnyKey> = layer.entries().keys().cloned().collect();
                    let layer = Rc::make_mut(layer);
                    keys.iter().for_each(|key| layer.change(key, |entry| entry.stored = None));
                }
            }
            return hidden;
        };
        let landing = self.landing.borrow();
        for (at, row) in rows.iter().enumerate() {
            let lands = landing.as_ref().and_then(|landing| landing.keys.get(&store)?.get(&row.key));
            let mut hides = lands.is_some();
            for open in overlays.iter_mut() {
                let Some(layer) = open.layers.get_mut(&store).filter(|layer| layer.touches(&row.key)) else { continue };
                Rc::make_mut(layer).change(&row.key, |entry| entry.stored = None);
                hides |= open.purpose == Purpose::Shown;
            }
            if hides {
                hidden.push(at);
            }
        }
        hidden
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

impl std::fmt::Debug for Over {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Over").field("database", &self.database).finish_non_exhaustive()
    }
}
