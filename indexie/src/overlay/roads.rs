//! The roads that an operation may take: a read through overlays, a write into one, and direct writes to tables with hooks or
//! guards, local first, network first, or in a transaction.
//! Called by `over`; calls `frame`, `land`, `commit` and the hooks.

use std::any::Any;
use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;

use futures::FutureExt;
use futures::future::{Either, ready, select};

use super::frame::Stage;
use super::land::{Landed, Meets, land};
use super::layer::{Layers, same};
use super::over::{Meanwhile, Over};
use super::stack::{Purpose, ended, first_temporary};
use crate::codec::Batch;
use crate::engine::{self, Access, Session, Shared, Sight, Steps, Task, Written, turn_in};
use crate::error::{Error, Result};
use crate::hooks::{Event, Mutation, due};
use crate::key::AnyKey;
use crate::order::SortedMap;
use crate::storage::memory::evaluator::{Row, write_key, written};
use crate::storage::{Columns, Reply, Thread};
use crate::strategy::{Strategy, in_turn};

impl Over {
    pub(super) async fn read(self: Rc<Self>, task: Task) -> Result<Box<dyn Any>> {
        let Task { session, store, steps, .. } = task;
        let steps = Rc::new(Cell::new(Some(steps)));
        loop {
            let sight = session.sight;
            self.no_landing(sight).await;
            let again = Rc::new(Cell::new(false));
            let (this, shared) = (self.clone(), session.shared.clone());
            let (tried, mine) = (again.clone(), steps.clone());
            let body = move |base: Session| {
                // What is being stored would be there twice, or not at all.
                if this.lands(sight) {
                    tried.set(true);
                    return ready(Err(ended())).boxed_local();
                }
                if let Sight::Overlay(number) = sight
                    && this.with_overlay(number, |_| ()).is_none()
                {
                    return ready(Err(ended())).boxed_local();
                }
                let Some(steps) = mine.take() else { return ready(Err(ended())).boxed_local() };
                async move {
                    this.renew(&base, store).await?;
                    let stage = stage(&shared, store, this.layers(sight, store));
                    steps(base.on(sight, Rc::new(stage))).await
                }
                .boxed_local()
            };
            let done = engine::transact(session.shared.clone(), vec![store], Access::Read, None, body).await;
            if !again.get() {
                return done;
            }
        }
    }

    /// Writes into an overlay.
    pub(super) async fn write_pending(self: Rc<Self>, number: u32, task: Task) -> Result<Box<dyn Any>> {
        let Task { session, store, steps, .. } = task;
        let _turn = turn_in(self.line).await;
        self.active(number)?;
        let _listening = Listening(&self);
        let (this, shared) = (self.clone(), session.shared.clone());
        let body = move |base: Session| {
            async move {
                this.renew(&base, store).await?;
                let own = this.with_overlay(number, |open| {
                    let own = open.layers.get(&store).cloned();
                    (own, open.sequence.clone())
                });
                let (own, sequence) = own.ok_or_else(ended)?;
                *this.meanwhile.borrow_mut() = Meanwhile::of(store);
                let stage = stage(&shared, store, this.beneath(number, store));
                let stage = Rc::new(stage.writing(own, this.temporary(&shared, store), sequence).among(this.clone()));
                let session = base.on(Sight::Overlay(number), stage.clone());
                let value = steps(session.clone()).await?;
                let value = this.guard(&session, &stage, store, value).await?;
                Ok((value, stage))
            }
            .boxed_local()
        };
        let (value, mut stage) = engine::transact(session.shared, vec![store], Access::Read, None, body).await?;
        self.active(number)?;
        // What is pending is not copied, as long as nobody else looks at it.
        if let Some(stage) = Rc::get_mut(&mut stage) {
            stage.let_go();
        }
        self.take(number, store, &stage);
        Ok(value)
    }

    /// Works out a write over what is stored, and stores it, in a transaction.
    async fn write_stored(
        self: Rc<Self>,
        base: Session,
        store: u16,
        steps: Steps,
    ) -> Result<(Box<dyn Any>, Vec<Landed>)> {
        let shared = base.shared.clone();
        let stage = stage(&shared, store, Layers::default());
        // Nobody else sees its rows by their temporary keys.
        let stage = Rc::new(stage.writing(None, first_temporary(&shared, store), Rc::default()));
        let session = base.clone().on(base.sight, stage.clone());
        let value = steps(session.clone()).await?;
        let value = self.guard(&session, &stage, store, value).await?;
        let landed = match stage.own() {
            Some(own) => land(&base, store, &own, Meets::Overwrite).await?,
            None => Vec::new(),
        };
        Ok((with_keys(value, &landed), landed))
    }

    /// A direct write: local first.
    pub(super) async fn write_through(self: Rc<Self>, task: Task) -> Result<Box<dyn Any>> {
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
    pub(super) async fn write_within(self: Rc<Self>, task: Task) -> Result<Box<dyn Any>> {
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
                let (value, landed) = engine::savepoint(&shared, store, transaction.unwrap_or_default(), write).await?;
                this.happened(transaction, store, landed);
                Ok(value)
            }
            .boxed_local()
        };
        session.as_one(store, Access::ReadWrite, body).await
    }

    /// A direct write: network first.
    pub(super) async fn write_after_network(self: Rc<Self>, task: Task) -> Result<Box<dyn Any>> {
        let Task { session, store, footprint, steps, access } = task;
        let table = session.shared.table_name(store);
        // What was written local first, before, comes before. Who has the turn does not wait: those hooks may be waiting for that.
        if !in_turn() {
            self.hooked.settled_in(store).await;
        }
        let turn = self.network.reached(store, footprint.clone()).await.ok_or_else(|| Error::Unsupported {
            what: format!(
                "table `{table}` is network first, and a hook that writes the rows of which it is told, or of a hook that waits for it, would wait for itself: it may return the row as it is to be stored"
            ),
        })?;
        let number = self.start(&session.shared, Purpose::Network, &[store]);
        let mut overlay = Started { over: self.clone(), number, store, given: None };
        let inner = Session::of_overlay(session.shared.clone(), number);
        let task = Task { session: inner, store, access, footprint, steps };
        let value = self.clone().write_pending(number, task).await?;
        overlay.given = self.given(number, store);
        let landed = turn.around(self.clone().commit(session.shared, number, true)).await?;
        drop(overlay);
        let landed = landed.get(&store).map_or(&[][..], Vec::as_slice);
        let value = with_row(value, table, |key| landed.iter().find(|landed| landed.pending == *key)?.new.clone())?;
        Ok(with_keys(value, landed))
    }

    /// Resolves when all hooks that are due now have been called.
    pub(crate) async fn hooks_settled(&self, shared: &Shared) -> Result<()> {
        let until = due();
        let settled = pin!(self.hooked.settled(until));
        let held_up = pin!(self.network.held_up(|event| event < until && self.hooked.is_open(event)));
        match select(settled, held_up).await {
            Either::Left(_) => Ok(()),
            Either::Right((store, _)) => {
                let table = shared.table_name(store);
                Err(Error::Unsupported {
                    what: format!(
                        "table `{table}` is network first, and a hook of it that waits for `hooks_settled()` while another hook waits to write its row would wait for itself"
                    ),
                })
            }
        }
    }

    /// Has the guards look at what was written, and answers what the write does, with what they have made of its row.
    async fn guard(&self, session: &Session, stage: &Stage, store: u16, value: Box<dyn Any>) -> Result<Box<dyn Any>> {
        if !self.hooked.has_guards(store) {
            return Ok(value);
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
        with_row(value, session.shared.table_name(store), |key| stage.own()?.get(key)?.now.clone())
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

fn stage(shared: &Shared, store: u16, beneath: Layers) -> Stage {
    Stage::new(store, shared.schema(store), beneath, shown(shared))
}

#[cfg(feature = "live")]
fn shown(shared: &Shared) -> u64 {
    crate::live::shown(shared)
}

#[cfg(not(feature = "live"))]
fn shown(_shared: &Shared) -> u64 {
    0
}

/// A write into an overlay listens to what happens meanwhile. However it ends, nobody does any more.
struct Listening<'a>(&'a Over);

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        *self.0.meanwhile.borrow_mut() = Meanwhile::default();
    }
}

/// An overlay of one write; dropped early, nothing is left of it.
struct Started {
    over: Rc<Over>,
    number: u32,
    store: u16,
    /// The temporary keys that it has given.
    given: Option<(f64, f64)>,
}

impl Drop for Started {
    fn drop(&mut self) {
        self.over.roll_back(self.number);
        if let Some(given) = self.given {
            self.over.give_back(self.store, given);
        }
    }
}

/// The answer of a write, with the row that guards and hooks have made of the one that it answers.
fn with_row(mut value: Box<dyn Any>, table: &str, now: impl FnOnce(&AnyKey) -> Option<Row>) -> Result<Box<dyn Any>> {
    let answered = match value.downcast_mut::<Option<Written>>() {
        Some(answered) => answered.as_mut(),
        None => value.downcast_mut::<Written>(),
    };
    if let Some(answered) = answered
        && let Some(now) = now(&answered.key)
    {
        answered.read(table, &written(&now))?;
    }
    Ok(value)
}

/// The answer of a write, with the keys that its rows have got in place of temporary ones.
fn with_keys(value: Box<dyn Any>, landed: &[Landed]) -> Box<dyn Any> {
    let reply = match value.downcast::<Reply>() {
        Ok(reply) => reply,
        Err(value) => return value,
    };
    let Reply::Columns(columns) = *reply else { return reply };
    let keys: SortedMap<&AnyKey, &AnyKey> = landed.iter().map(|landed| (&landed.pending, &landed.key)).collect();
    let mut batch = Batch::default();
    for key in columns.primary_keys() {
        write_key(&mut batch, keys.get(&key).copied().unwrap_or(&key));
    }
    Box::new(Reply::Columns(Columns { batch: batch.sealed(), ..columns }))
}
