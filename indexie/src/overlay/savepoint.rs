//! Savepoints of overlay transactions: parts that are undone alone. Each open one has what its overlay would be without it.
//! Called by `transaction`, `commit` and `shown`; calls `over`.

use std::cell::RefCell;
use std::rc::Rc;

use super::layer::Layer;
use super::over::Over;
use super::stack::{Open, ended};
use super::transaction::OverlayTransaction;
use crate::engine::turn_in;
use crate::error::{Error, Result};
use crate::key::AnyKey;
use crate::order::SortedMap;
use crate::storage::Thread;
use crate::within::within;

/// A savepoint that has begun and not ended.
pub(super) struct Savepoint {
    /// Also the line in which those within it follow one another.
    id: u32,
    /// What its overlay would have, by store, had its body written nothing.
    without: SortedMap<u16, Rc<Layer>>,
}

thread_local! {
    /// The savepoints whose bodies are being polled right now, the outermost first: what is written is part of each.
    pub(crate) static WITHIN: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

impl Open {
    /// The line of a savepoint that is started now: with those in the same body, or outside of all.
    fn savepoint_line(&self) -> u32 {
        WITHIN.with_borrow(|within| {
            let around = self.savepoints.iter().rfind(|savepoint| within.contains(&savepoint.id));
            around.map_or(self.number, |savepoint| savepoint.id)
        })
    }

    /// The line of a commit: with those that have begun. In the body of one of them it would wait for itself.
    pub(super) fn commit_line(&self) -> Result<u32> {
        let is_within = |savepoint: &Savepoint| WITHIN.with_borrow(|within| within.contains(&savepoint.id));
        if self.savepoints.iter().any(is_within) {
            let reason = "`commit` was called in the body of a savepoint of the overlay transaction".to_owned();
            return Err(Error::Aborted { reason });
        }
        Ok(self.number)
    }

    /// What it has pending in a store: with all that has been written, and without each savepoint that is open.
    pub(super) fn versions(&mut self, store: u16) -> impl Iterator<Item = &mut Rc<Layer>> {
        self.of_all().filter_map(move |layers| layers.get_mut(&store))
    }

    /// Whether it has something pending under a key, or would have without a savepoint.
    pub(super) fn touches(&self, store: u16, key: &AnyKey) -> bool {
        let without = self.savepoints.iter().map(|savepoint| &savepoint.without);
        without.chain([&self.layers]).any(|layers| layers.get(&store).is_some_and(|layer| layer.touches(key)))
    }

    /// The same of all stores.
    pub(super) fn all_versions(&mut self) -> impl Iterator<Item = (&u16, &mut Rc<Layer>)> {
        self.of_all().flat_map(SortedMap::iter_mut)
    }

    fn of_all(&mut self) -> impl Iterator<Item = &mut SortedMap<u16, Rc<Layer>>> {
        let without = self.savepoints.iter_mut().map(|savepoint| &mut savepoint.without);
        without.chain([&mut self.layers])
    }

    /// Takes over what has just been written: also in place of what is there without a savepoint, unless that has written it.
    pub(super) fn extend(&mut self, store: u16, written: &Layer) {
        let beside = WITHIN.with_borrow(|within| {
            let savepoints = self.savepoints.iter_mut().filter(|savepoint| !within.contains(&savepoint.id));
            savepoints.map(|savepoint| &mut savepoint.without).collect::<Vec<_>>()
        });
        for layers in beside.into_iter().chain([&mut self.layers]) {
            let layer = layers.entry(store).or_insert_with(|| Rc::new(written.emptied()));
            Rc::make_mut(layer).extend(written);
        }
    }
}

impl<H> OverlayTransaction<H> {
    /// Runs a part that is undone alone: if `body` returns `Err`, what it has written into the overlay is taken back, the error is
    /// returned, and the overlay transaction goes on. They nest. The body may borrow.
    ///
    /// What is written beside it, by others or by a task that the body has spawned, is not part of it, and stays: a row that was changed
    /// beside it last stays as that change has left it. Savepoints that are started together follow one another, and a commit that
    /// is called meanwhile waits for them.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # async fn example(db: AppDb, lines: Vec<NewUser>) -> Result<()> {
    /// let tx = db.users.start_transaction(Overlay::Optimistic);
    /// let all = tx.savepoint(async || tx.bulk_add(&lines).await).await;
    /// if all.is_err() {
    ///     tx.add(&lines[0]).await?;
    /// }
    /// tx.commit().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The body's own, or [`Error::Aborted`](crate::Error::Aborted) if the overlay transaction is over.
    ///
    /// # Cancellation
    ///
    /// Dropped half-way, what it has written is taken back.
    pub async fn savepoint<R, F: AsyncFnOnce() -> Result<R>>(&self, body: F) -> Result<R> {
        let line = self.over.with_overlay(self.number, |open| open.savepoint_line()).ok_or_else(ended)?;
        let _turn = turn_in(line).await;
        let id = Thread::get().number();
        let begin = |open: &mut Open| {
            open.savepoints.push(Savepoint { id, without: open.layers.clone() });
        };
        self.over.with_overlay(self.number, begin).ok_or_else(ended)?;
        let mut part = Part { over: &self.over, number: self.number, id, is_done: false };
        let value = within(&WITHIN, id, body()).await?;
        part.is_done = true;
        Ok(value)
    }
}

/// A savepoint; taken back unless its body has succeeded.
struct Part<'a> {
    over: &'a Over,
    number: u32,
    id: u32,
    is_done: bool,
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        let savepoint = self.over.with_overlay(self.number, |open| {
            let at = open.savepoints.iter().position(|savepoint| savepoint.id == self.id)?;
            Some(open.savepoints.remove(at))
        });
        if let Some(savepoint) = savepoint.flatten().filter(|_| !self.is_done) {
            self.over.put_back(self.number, &savepoint.without);
        }
    }
}
