//! The way of an overlay into the database: first the hooks, then one transaction. Nothing is stored if either fails.
//! Called by `over` and `transaction`; calls `land` and the hooks.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use futures::FutureExt;

use super::land::{Landed, check, land};
use super::layer::{Base, Entry, Layer};
use super::over::Over;
use super::stack::ended;
use crate::engine::{self, Access, Session, Shared};
use crate::error::{Error, Result};
use crate::hooks::{Event, Mutation};
use crate::key::AnyKey;
use crate::storage::Thread;
use crate::storage::memory::evaluator::{At, Path, Row};

type Layers = BTreeMap<u16, Rc<Layer>>;

/// What was stored, by store.
pub(super) type Stored = BTreeMap<u16, Vec<Landed>>;

impl Over {
    /// Commits an overlay. Without `overwrite`, only if the rows that it is about are as it found them. Where it fails, the overlay
    /// is still there, and is to be rolled back.
    pub(super) async fn commit(self: Rc<Self>, shared: Arc<Shared>, number: u32, overwrite: bool) -> Result<Stored> {
        let layers = {
            // What is being written into it comes first.
            let _turn = self.turn.lock().await;
            self.active(number)?;
            self.with_overlay(number, |open| {
                open.closing = true;
                open.layers.clone()
            })
            .ok_or_else(ended)?
        };
        let stores: Vec<u16> = layers.iter().filter(|(_, layer)| has_changes(layer)).map(|(store, _)| *store).collect();
        if stores.is_empty() {
            self.roll_back(number);
            return Ok(Stored::new());
        }
        if !overwrite {
            // The hooks are not to tell a server of what cannot be stored.
            checked(&shared, &stores, &layers).await?;
        }
        let heard = self.hear(&shared, &layers).await?;
        if self.with_overlay(number, |_| ()).is_none() {
            return Err(ended());
        }
        let _turn = self.turn.lock().await;
        self.store(&shared, number, stores, heard, !overwrite).await
    }

    /// Has the hooks called, and takes what they return.
    async fn hear(&self, shared: &Arc<Shared>, layers: &Layers) -> Result<Heard> {
        let mut heard = Heard { layers: layers.clone(), renamed: BTreeMap::new() };
        let mut due: Vec<(u16, &AnyKey, &Entry)> = Vec::new();
        for (store, layer) in layers {
            let changed = layer.entries().iter().filter(|(_, entry)| entry.is_change());
            due.extend(changed.map(|(key, entry)| (*store, key, entry)));
        }
        due.sort_by_key(|(_, _, entry)| entry.sequence);
        for (store, key, entry) in due {
            let mutation = Mutation::of(entry.beneath.as_ref(), entry.now.as_ref());
            let known = (!entry.temporary).then(|| key.clone());
            let event = Event::new(store, known, entry.beneath.clone(), entry.now.clone());
            for hook in self.hooked.hooks(store, mutation) {
                let row = hook(&event)
                    .await
                    .map_err(|error| error.into_error(shared.table_name(store), event.key.as_ref(), mutation))?;
                if let Some(row) = row
                    && mutation != Mutation::Delete
                {
                    heard.take(shared, store, key, entry, row)?;
                }
            }
        }
        Ok(heard)
    }

    /// Stores the rows, in one transaction.
    async fn store(
        self: &Rc<Self>,
        shared: &Arc<Shared>,
        number: u32,
        stores: Vec<u16>,
        heard: Heard,
        check: bool,
    ) -> Result<Stored> {
        let landing = Landing { over: self.clone(), begun: Rc::default() };
        self.begin_landing(number);
        let result: Rc<RefCell<Stored>> = Rc::default();
        let (this, slot, begun) = (self.clone(), result.clone(), landing.begun.clone());
        let of_body = stores.clone();
        let body = move |base: Session| {
            async move {
                begun.set(true);
                let (over, landed) = (this.clone(), slot.clone());
                if let Some(transaction) = base.transaction {
                    Thread::get().at_end(transaction, move |complete| {
                        if complete {
                            over.landed(number, &landed.borrow());
                        }
                        over.end_landing();
                        if !complete {
                            over.roll_back(number);
                        }
                    });
                }
                for store in of_body {
                    let Some(layer) = heard.layers.get(&store) else { continue };
                    let mut rows = land(&base, store, layer, check).await?;
                    for row in &mut rows {
                        if let Some(pending) = heard.renamed.get(&(store, row.key.clone())) {
                            row.pending = pending.clone();
                        }
                    }
                    this.gets_keys(store, &rows);
                    slot.borrow_mut().insert(store, rows);
                }
                Ok(())
            }
            .boxed_local()
        };
        engine::transact(shared.clone(), stores, Access::ReadWrite, None, body).await?;
        drop(landing);
        Ok(result.take())
    }
}

/// Reads wait until it is over. Once its transaction has begun, that says when.
struct Landing {
    over: Rc<Over>,
    begun: Rc<Cell<bool>>,
}

impl Drop for Landing {
    fn drop(&mut self) {
        if !self.begun.get() {
            self.over.end_landing();
        }
    }
}

fn has_changes(layer: &Layer) -> bool {
    layer.entries().values().any(Entry::is_change)
}

async fn checked(shared: &Arc<Shared>, stores: &[u16], layers: &Layers) -> Result<()> {
    let (of_body, layers) = (stores.to_vec(), layers.clone());
    let body = move |base: Session| {
        async move {
            for store in of_body {
                if let Some(layer) = layers.get(&store) {
                    check(&base, store, layer).await?;
                }
            }
            Ok(())
        }
        .boxed_local()
    };
    engine::transact(shared.clone(), stores.to_vec(), Access::Read, None, body).await
}

/// What is to be stored, once the hooks have been called.
struct Heard {
    layers: Layers,
    /// Rows that have got their key from a hook: the key that they had before.
    renamed: BTreeMap<(u16, AnyKey), AnyKey>,
}

impl Heard {
    /// Takes the row that a hook has returned in place of the one that is pending.
    fn take(&mut self, shared: &Shared, store: u16, pending: &AnyKey, entry: &Entry, row: Row) -> Result<()> {
        let path = Path::from(shared.schema(store).key.path);
        let Some(layer) = self.layers.get_mut(&store).map(Rc::make_mut) else { return Ok(()) };
        let key = match path.key(&row) {
            At::Key(key) => key,
            At::NoKey | At::Nothing => pending.clone(),
        };
        if key == *pending {
            // Several hooks may return a row: the last one counts.
            layer.change(pending, |entry| {
                entry.now = Some(row);
                entry.replaced = true;
            });
            return Ok(());
        }
        if !entry.temporary {
            return Err(Error::Data {
                table: shared.table_name(store).to_owned(),
                key: Some(pending.clone()),
                row: None,
                message: format!("a hook has returned a row with another key, {key}"),
            });
        }
        let before = self.renamed.iter().find(|((of, _), was)| *of == store && *was == pending);
        let before = before.map_or_else(|| pending.clone(), |((_, renamed), _)| renamed.clone());
        layer.remove(&before);
        self.renamed.remove(&(store, before));
        let entry = Entry {
            beneath: None,
            stored: Base::Unknown,
            now: Some(row),
            temporary: false,
            replaced: true,
            forced: true,
            sequence: entry.sequence,
        };
        layer.set(key.clone(), entry);
        self.renamed.insert((store, key), pending.clone());
        Ok(())
    }
}
