//! The way of an overlay into the database: first the hooks, then one transaction. Nothing is stored if either fails.
//! Called by `over` and `transaction`; calls `land` and the hooks.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::iter::successors;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::heard::Heard;
use super::land::{Landed, Meets, check, conflict, land};
use super::layer::{Entry, Layer, rekeyed, same};
use super::over::Over;
use super::stack::ended;
use crate::engine::{self, Access, Session, Shared, Turn, turn_in};
use crate::error::Result;
use crate::hooks::{Event, Mutation, call};
use crate::key::AnyKey;
use crate::order::{self, SortedMap, SortedSet};
use crate::storage::memory::evaluator::{At, Row};
use crate::storage::{Thread, Waiter};
use crate::strategy::in_turn;
use crate::within::within;

pub(super) type Layers = SortedMap<u16, Rc<Layer>>;

thread_local! {
    /// The overlays whose hooks are being polled right now, the outermost first.
    static HEARING: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// What was stored, by store.
pub(super) type Stored = SortedMap<u16, Vec<Landed>>;

/// What is done besides, in the transaction that stores an overlay.
pub(crate) type Extra = Box<dyn FnOnce(Session, Vec<LandedRow>) -> LocalBoxFuture<'static, Result<()>>>;

/// A row of an overlay that has been stored, or is gone.
#[derive(Clone, Debug)]
#[allow(dead_code, reason = "a sync asks for what it needs")]
pub(crate) struct LandedRow {
    pub store: u16,
    pub key: AnyKey,
    /// What was stored until now.
    pub before: Option<Row>,
    /// What is stored.
    pub after: Option<Row>,
}

impl LandedRow {
    /// Those that are others than before, table by table in the order in which they were first touched.
    fn all(stored: &Stored) -> Vec<Self> {
        let mut rows = Vec::new();
        for (store, landed) in stored {
            let changed = landed.iter().filter(|landed| !same(landed.old.as_ref(), landed.new.as_ref()));
            rows.extend(changed.map(|landed| Self {
                store: *store,
                key: landed.key.clone(),
                before: landed.old.clone(),
                after: landed.new.clone(),
            }));
        }
        rows
    }
}

impl Over {
    /// Commits an overlay. Without `overwrite`, only if the rows that it is about are as it found them, or are of tables that follow a
    /// server. Where it fails, the overlay is still there, and is to be rolled back.
    pub(super) async fn commit(self: Rc<Self>, shared: Arc<Shared>, number: u32, overwrite: bool) -> Result<Stored> {
        let layers = self.closed(&shared, number).await?;
        let stores = changed(&layers);
        if stores.is_empty() {
            self.roll_back(number);
            return Ok(Stored::new());
        }
        self.hooks_before(&layers).await;
        // The hooks are not to tell a server of what cannot be stored.
        self.on_ground(&shared, &layers)?;
        if !overwrite {
            let plain: Vec<u16> = stores.iter().copied().filter(|store| !self.is_synced(*store)).collect();
            self.clone().checked(&shared, plain, &layers).await?;
        }
        let heard = self.hear(&shared, number, &layers).await?;
        if self.with_overlay(number, |_| ()).is_none() {
            return Err(ended());
        }
        let turn = turn_in(self.line).await;
        let otherwise = if overwrite { Meets::Overwrite } else { Meets::Refuse };
        self.store(&shared, number, turn, heard, otherwise, None).await
    }

    /// The same without the hooks, whatever the rows have become. `extra` runs in the same transaction, which covers its stores too,
    /// with the rows that have been stored, if any have; it sees what is stored, and may store something else in their place.
    #[cfg_attr(not(feature = "electric"), allow(dead_code, reason = "only a sync asks"))]
    pub(super) async fn commit_synced(
        self: Rc<Self>,
        shared: Arc<Shared>,
        number: u32,
        extra: Extra,
        extra_stores: Vec<u16>,
    ) -> Result<Stored> {
        let heard = Heard::of(self.closed(&shared, number).await?);
        let turn = turn_in(self.line).await;
        self.store(&shared, number, turn, heard, Meets::Overwrite, Some((extra, extra_stores))).await
    }

    /// What an overlay has pending, to which nothing is added any more.
    async fn closed(self: &Rc<Self>, shared: &Arc<Shared>, number: u32) -> Result<Layers> {
        let savepoints = self.with_overlay(number, |open| open.commit_line()).ok_or_else(ended)??;
        let stores: Vec<u16> = {
            // One that has begun may fail yet.
            let _savepoints = turn_in(savepoints).await;
            // What is being written into it comes first.
            let _turn = turn_in(self.line).await;
            self.active(number)?;
            self.with_overlay(number, |open| {
                open.closing = true;
                open.layers.keys().copied().collect()
            })
            .ok_or_else(ended)?
        };
        self.keyed(shared, number).await?;
        self.renew_all(shared, &stores).await?;
        self.with_overlay(number, |open| open.layers.clone()).ok_or_else(ended)
    }

    /// Resolves when the rows on which an overlay has built have their keys, as far as those are given by overlays that are being
    /// committed: a server is not to be told temporary ones.
    async fn keyed(&self, shared: &Shared, number: u32) -> Result<()> {
        let mut waiter = None;
        poll_fn(|context| {
            let Some((store, key, giver)) = self.awaited(number) else { return Poll::Ready(Ok(())) };
            // In a hook of that one, or of one for which that one waits, it would wait for itself.
            let mut givers = successors(Some(giver), |giver| Some(self.awaited(*giver)?.2));
            if HEARING.with_borrow(|hearing| givers.any(|giver| hearing.contains(&giver))) {
                return Poll::Ready(Err(conflict(shared, store, &key)));
            }
            self.waiting.borrow_mut().push(context.waker().clone());
            waiter.get_or_insert_with(|| Waiter::new(shared.backend())).turn(context.waker());
            Poll::Pending
        })
        .await
    }

    /// A row that an overlay changes, and the overlay that is being committed and gives it its key.
    fn awaited(&self, number: u32) -> Option<(u16, AnyKey, u32)> {
        let overlays = self.overlays.borrow();
        for (store, layer) in &overlays.iter().find(|open| open.number == number)?.layers {
            for (key, _) in layer.entries().iter().filter(|(_, entry)| entry.is_on_sand() && entry.is_change()) {
                if let Some(giver) = overlays.iter().find(|open| open.closing && open.gives(*store, key)) {
                    return Some((*store, key.clone(), giver.number));
                }
            }
        }
        None
    }

    /// Resolves when the hooks have been called of what was committed before to the same rows. What holds its place meanwhile has waited
    /// for that already, or those hooks may wait for it.
    async fn hooks_before(&self, layers: &Layers) {
        if in_turn() {
            return;
        }
        let changes = |store: u16, key: &AnyKey| {
            layers.get(&store).and_then(|layer| layer.get(key)).is_some_and(Entry::is_change)
        };
        let is_meant = |store, key: &AnyKey| {
            changes(store, key) || self.first_seen(store, key).is_some_and(|pending| changes(store, &pending))
        };
        self.hooked.settled_of(is_meant).await;
    }

    /// Has the hooks called, and takes what they return.
    async fn hear(&self, shared: &Arc<Shared>, number: u32, layers: &Layers) -> Result<Heard> {
        let mut heard = Heard::of(layers.clone());
        let mut due: Vec<(u16, &AnyKey, &Entry)> = Vec::new();
        for (store, layer) in layers {
            let changed = layer.entries().iter().filter(|(_, entry)| entry.is_change());
            due.extend(changed.map(|(key, entry)| (*store, key, entry)));
        }
        order::sort_by(&mut due, |(_, _, a), (_, _, b)| a.sequence.cmp(&b.sequence));
        for (store, pending, entry) in due {
            let path = self.key_path(store);
            // While the hooks before it were called, its row may have got its own key, or come from the server.
            let key = &self.key_of(store, pending, entry).unwrap_or_else(|| pending.clone());
            let rekeyed_entry = (key != pending).then(|| entry.clone().under(&path, key));
            let rebased = self.rebased(number, store, key).or(rekeyed_entry);
            let entry = rebased.as_ref().unwrap_or(entry);
            if !entry.is_change() {
                continue;
            }
            if self.is_lost(store, pending, entry) {
                // What has never been stored may go, and nobody else knows it.
                if entry.now.is_none() {
                    continue;
                }
                return Err(conflict(shared, store, pending));
            }
            let mutation = Mutation::of(entry.beneath.as_ref(), entry.now.as_ref());
            let known = (!entry.is_temporary()).then(|| key.clone());
            let event = Event::new(store, known, entry.beneath.clone(), entry.now.clone());
            for hook in self.hooked.hooks(store, mutation) {
                let row = within(&HEARING, number, call(&hook, &event))
                    .await
                    .map_err(|error| error.into_error(shared.table_name(store), event.key.as_ref(), mutation))?;
                if let Some(mut row) = row
                    && mutation != Mutation::Delete
                {
                    if key != pending && path.key(&row) == At::Key(key.clone()) {
                        row = rekeyed(&path, &row, pending);
                    }
                    heard.take(shared, store, pending, entry, row)?;
                }
            }
        }
        Ok(heard)
    }

    /// What an overlay has pending of a row of a table that follows a server, as it is now.
    fn rebased(&self, number: u32, store: u16, key: &AnyKey) -> Option<Entry> {
        if !self.is_synced(store) {
            return None;
        }
        self.with_overlay(number, |open| open.layers.get(&store)?.get(key).cloned()).flatten()
    }

    /// The key that the row has got in place of a temporary one on which an overlay has built.
    fn key_of(&self, store: u16, pending: &AnyKey, entry: &Entry) -> Option<AnyKey> {
        if !entry.is_on_sand() {
            return None;
        }
        self.renamed.borrow().get(&store)?.keys.get(pending).cloned()
    }

    /// Goes by the keys that rows have got since in place of temporary ones. Returns which: what they had, and what they have.
    fn follow(&self, layers: &mut Layers) -> Vec<(u16, AnyKey, AnyKey)> {
        let mut moved = Vec::new();
        for (store, layer) in layers {
            let entries = layer.entries().iter();
            let keys: Vec<_> =
                entries.filter_map(|(key, entry)| Some((key.clone(), self.key_of(*store, key, entry)?))).collect();
            let path = self.key_path(*store);
            for (pending, key) in keys {
                Rc::make_mut(layer).rekey(&path, &pending, &key);
                moved.push((*store, pending, key));
            }
        }
        moved
    }

    /// Whether an entry is built on a row that was pending beneath, and is gone without ever having been stored.
    fn is_lost(&self, store: u16, key: &AnyKey, entry: &Entry) -> bool {
        entry.is_on_sand()
            && self.key_of(store, key, entry).is_none()
            && !self.overlays.borrow().iter().any(|open| open.gives(store, key))
    }

    /// Fails if an overlay is to change a row that is lost.
    fn on_ground(&self, shared: &Shared, layers: &Layers) -> Result<()> {
        for (store, layer) in layers {
            for (key, entry) in layer.entries().iter().filter(|(_, entry)| entry.now.is_some() && entry.is_change()) {
                if self.is_lost(*store, key, entry) {
                    return Err(conflict(shared, *store, key));
                }
            }
        }
        Ok(())
    }

    /// Fails if rows are others than those that an overlay has found.
    async fn checked(self: Rc<Self>, shared: &Arc<Shared>, stores: Vec<u16>, layers: &Layers) -> Result<()> {
        if stores.is_empty() {
            return Ok(());
        }
        let (of_body, mut layers) = (stores.clone(), layers.clone());
        let body = move |base: Session| {
            async move {
                self.follow(&mut layers);
                for store in of_body {
                    if let Some(layer) = layers.get(&store) {
                        check(&base, store, layer).await?;
                    }
                }
                Ok(())
            }
            .boxed_local()
        };
        engine::transact(shared.clone(), stores, Access::Read, None, body).await
    }

    /// Stores the rows, in one transaction. Its turn lasts until that is over, whether or not anybody waits for it.
    async fn store(
        self: &Rc<Self>,
        shared: &Arc<Shared>,
        number: u32,
        turn: Turn,
        mut heard: Heard,
        otherwise: Meets,
        extra: Option<(Extra, Vec<u16>)>,
    ) -> Result<Stored> {
        let of_body = changed(&heard.layers);
        let (extra, extra_stores) = extra.map_or_else(|| (None, Vec::new()), |(extra, stores)| (Some(extra), stores));
        let stores: SortedSet<u16> = of_body.iter().copied().chain(extra_stores).collect();
        if stores.is_empty() {
            self.roll_back(number);
            return Ok(Stored::new());
        }
        let landing = Landing { over: self.clone(), number, begun: Rc::default() };
        self.begin_landing(number);
        let result: Rc<RefCell<Stored>> = Rc::default();
        let (this, slot, begun) = (self.clone(), result.clone(), landing.begun.clone());
        let body = move |base: Session| {
            async move {
                begun.set(true);
                let (over, landed) = (this.clone(), slot.clone());
                if let Some(transaction) = base.transaction {
                    Thread::get().at_end(transaction, move |complete| {
                        if complete {
                            over.landed(number, &landed.borrow());
                        }
                        over.end_landing(number);
                        if !complete {
                            over.roll_back(number);
                        }
                        drop(turn);
                    });
                }
                for (store, pending, key) in this.follow(&mut heard.layers) {
                    if heard.returned.remove(&(store, pending)) {
                        heard.returned.insert((store, key));
                    }
                }
                for store in of_body {
                    let meets = if this.is_synced(store) {
                        heard.refresh(&this, number, store);
                        Meets::Rebase
                    } else {
                        otherwise
                    };
                    let Some(layer) = heard.layers.get(&store) else { continue };
                    let mut rows = land(&base, store, layer, meets).await?;
                    for row in &mut rows {
                        if let Some(pending) = heard.renamed.get(&(store, row.key.clone())) {
                            row.pending = pending.clone();
                        }
                    }
                    this.gets_keys(store, &rows);
                    slot.borrow_mut().insert(store, rows);
                }
                if let Some(extra) = extra {
                    let rows = LandedRow::all(&slot.borrow());
                    extra(base, rows).await?;
                }
                Ok(())
            }
            .boxed_local()
        };
        engine::transact(shared.clone(), stores.into_iter().collect(), Access::ReadWrite, None, body).await?;
        drop(landing);
        Ok(result.take())
    }
}

/// Reads wait until it is over. Once its transaction has begun, that says when.
struct Landing {
    over: Rc<Over>,
    number: u32,
    begun: Rc<Cell<bool>>,
}

impl Drop for Landing {
    fn drop(&mut self) {
        if !self.begun.get() {
            self.over.end_landing(self.number);
        }
    }
}

/// The stores that are to be others.
fn changed(layers: &Layers) -> Vec<u16> {
    let changed = layers.iter().filter(|(_, layer)| layer.entries().values().any(Entry::is_change));
    changed.map(|(store, _)| *store).collect()
}
