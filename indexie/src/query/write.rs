//! The writing terminals: deleting and changing what a query finds.

use std::any::Any;

use futures::future::{FutureExt, LocalBoxFuture};

use super::plan::{Plan, is_multi};
use super::{Cursor, Execution, Query};
use crate::engine::{Access as Mode, Footprint, Session, savepoint};
use crate::error::{Error, Result};
use crate::key::AnyKey;
use crate::op::Op;
use crate::storage::{Operation, Scan, Undone, Want};
use crate::store::Store;
use crate::table::{Access, Change, OneAhead, Started, Taken, Writable, change_part, change_taken};

/// Rows that `modify` has in memory at one time.
const CHUNK: usize = 1_024;
/// Of fewer rows than that none is written before all are changed.
const FEW: usize = 192;
/// The same in an upgrade, which changes all the rows there are: the page has its turn between two parts.
const UPGRADE_CHUNK: usize = 500;
/// In an upgrade, of more rows than that there is no going on after a failure in a later chunk.
const MOST_UNDONE: usize = 5_000;
/// Keys that an upgrade reads at a time.
const KEYS: usize = 5_000;

impl Execution {
    /// The first rows of the query, at most so many, kept by the storage to be changed; and the keys of all, if they had to be
    /// asked for.
    fn take(&self, most: usize) -> LocalBoxFuture<'_, Result<(Taken, Option<Vec<AnyKey>>)>> {
        async move {
            match self.plan()? {
                // One walk brings them, without asking for their keys first.
                Plan::Native(walk) if !is_multi(&self.session.shared.schema(self.store), walk.column) => {
                    let limit = Some(self.spec.limit.map_or(most, |limit| limit.min(most)));
                    let columns = self.scan(&walk, Scan { limit, ..self.native_scan(&walk, Want::PARKED) }).await?;
                    Ok((Taken::found(&self.session, columns), None))
                }
                _ => {
                    let keys = self.primary_keys().await?;
                    let first = keys[..keys.len().min(most)].to_vec();
                    Ok((Taken::by_keys(&self.session, self.store, first).await?, Some(keys)))
                }
            }
        }
        .boxed_local()
    }

    /// Deletes what the query finds; answers how many rows there were.
    pub async fn delete(&self) -> Result<usize> {
        let spec = &self.spec;
        if let Plan::Native(walk) = self.plan()?
            && walk.column.entry == 0
            && !spec.is_windowed()
        {
            if walk.ranges.is_empty() {
                return Ok(0);
            }
            return self.session.number(self.store, None, Operation::DeleteRanges(walk.ranges)).await;
        }
        let store = self.store;
        let this = self.clone();
        self.session
            .atomically(store, Mode::ReadWrite, Footprint::Whole, move |session| {
                async move {
                    let keys = this.within(session.clone()).primary_keys().await?;
                    let count = keys.len();
                    if count > 0 {
                        session.run(store, None, Operation::Delete(keys)).await?;
                    }
                    Ok(count)
                }
                .boxed_local()
            })
            .await
    }
}

impl<T: Store, A: Access> Query<T, A> {
    /// Deletes the rows. Returns how many there were.
    pub fn delete(&self) -> Op<usize>
    where
        A: Writable,
    {
        let execution = self.execution();
        Op::new(async move { execution.delete().await })
    }

    /// Changes each row, all of them or none, in one transaction. Returns how many rows are different now; those that
    /// `change` leaves as they were are not written.
    ///
    /// Properties of a stored row that its type does not have stay as they are.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`](crate::Error::Constraint) if a changed row clashes with another one; then no row is changed.
    pub fn modify(&self, change: impl FnMut(&mut T) + 'static) -> Op<usize>
    where
        A: Writable,
    {
        let execution = self.execution();
        Op::new(modify_rows(execution, change))
    }
}

/// Changes every row that a query finds, all of them or none.
pub(crate) async fn modify_rows<T: 'static>(
    execution: Execution,
    change: impl FnMut(&mut T) + 'static,
) -> Result<usize> {
    // Inside a transaction that goes on, a later chunk's failure could not take back an earlier one.
    let chunk = if execution.session.transaction.is_some() { usize::MAX } else { CHUNK };
    modify_in_chunks(execution, chunk, change).await
}

/// What an upgrade wants to know of a `modify` in parts.
pub(crate) enum Part<'a> {
    /// So many rows are done, of so many.
    Done(usize, usize),
    /// A part failed after others had been done, which nobody has undone: then all of the upgrade has to be.
    Failed(&'a Error),
}

/// The same in an upgrade, in parts: a task each.
pub(crate) async fn modify_rows_of_upgrade<T: 'static>(
    execution: Execution,
    mut change: impl FnMut(&mut T) + 'static,
    told: impl Fn(Part<'_>) + 'static,
) -> Result<usize> {
    let (session, store) = (execution.session.clone(), execution.store);
    let shared = session.shared.clone();
    let body = move |session: Session| {
        async move {
            let transaction = session.transaction.unwrap_or_default();
            let execution = execution.within(session);
            let keys = execution.keys_in_pages().await?;
            let all = keys.len();
            told(Part::Done(0, all));
            if all <= UPGRADE_CHUNK {
                let changed =
                    modify(&execution, Taken::by_keys(&execution.session, store, keys).await?, &mut change).await?;
                told(Part::Done(all, all));
                return Ok(changed);
            }
            if all > MOST_UNDONE {
                return modify_in_parts(&execution, None, &keys, How::in_upgrade(told), &mut change).await;
            }
            let only_done = |part: Part<'_>| {
                if let Part::Done(..) = part {
                    told(part);
                }
            };
            let how = How::in_upgrade(only_done);
            let parts = async || modify_in_parts(&execution, None, &keys, how, &mut change).await;
            savepoint(&shared, store, transaction, parts).await
        }
        .boxed_local()
    };
    session.atomically(store, Mode::ReadWrite, Footprint::Whole, body).await
}

impl Execution {
    /// The primary keys of what is found; where they are the order of it, page after page.
    async fn keys_in_pages(&self) -> Result<Vec<AnyKey>> {
        let Plan::Native(walk) = self.plan()? else { return self.primary_keys().await };
        if walk.column.entry != 0 || self.spec.is_windowed() {
            return self.primary_keys().await;
        }
        let mut keys: Vec<AnyKey> = Vec::new();
        loop {
            let after = keys.last().map(|key| Cursor { key: key.clone(), primary_key: key.clone() });
            let page = self.with(|spec| (spec.limit, spec.after) = (Some(KEYS), after)).primary_keys().await?;
            let last = page.len() < KEYS;
            keys.extend(page);
            if last {
                return Ok(keys);
            }
        }
    }
}

async fn modify_in_chunks<T: 'static>(
    execution: Execution,
    chunk: usize,
    mut change: impl FnMut(&mut T) + 'static,
) -> Result<usize> {
    let (session, store) = (execution.session.clone(), execution.store);
    session
        .atomically(store, Mode::ReadWrite, Footprint::Whole, move |session| {
            async move {
                let execution = execution.within(session);
                let (first, keys) = execution.take(chunk).await?;
                // In memory each write looks at what those before it have left.
                let ahead = chunk != usize::MAX && execution.session.frame.is_none();
                let found = first.keys().len();
                if found < if ahead { FEW } else { chunk } {
                    return modify(&execution, first, &mut change).await;
                }
                // All are known before one is changed, which may bring it into the query again.
                let keys = match keys {
                    Some(keys) => keys,
                    None if found < chunk => first.keys().to_vec(),
                    None => execution.primary_keys().await?,
                };
                let how = How { chunk, ahead, told: |_: Part<'_>| {} };
                modify_in_parts(&execution, Some(first), &keys, how, &mut change).await
            }
            .boxed_local()
        })
        .await
}

/// How many rows are changed.
struct How<F> {
    /// So many are in memory at one time.
    chunk: usize,
    /// Whether they are written while the next ones are being changed. A failure leaves those before it changed.
    ahead: bool,
    told: F,
}

impl<F> How<F> {
    fn in_upgrade(told: F) -> Self {
        Self { chunk: UPGRADE_CHUNK, ahead: false, told }
    }
}

/// Part after part, and at the end the rows that move: a row's new key may be the old one of a row in a later part.
async fn modify_in_parts<T: 'static>(
    execution: &Execution,
    first: Option<Taken>,
    keys: &[AnyKey],
    How { chunk, ahead, told }: How<impl Fn(Part<'_>)>,
    apply: &mut impl FnMut(&mut T),
) -> Result<usize> {
    let Execution { session, store, row_type, .. } = execution;
    let (mut changed, mut moving, mut done) = (0, Vec::new(), 0);
    let all = keys.len();
    let failed = |error: Error, done: usize| {
        if done > 0 {
            told(Part::Failed(&error));
        }
        error
    };
    let take = |keys: &[AnyKey]| {
        let (session, keys) = (session.clone(), keys.to_vec());
        let store = *store;
        async move { Taken::by_keys(&session, store, keys).await }.boxed_local()
    };
    let mut writes = ahead.then(OneAhead::default);
    let mut chunks = keys.chunks(chunk).peekable();
    let mut taken = first;
    while let Some(keys) = chunks.next() {
        let rows = match taken.take() {
            Some(taken) => taken,
            None => take(keys).await.map_err(|error| failed(error, done))?,
        };
        // Read ahead of the writes, which it would have to wait for.
        let next = match chunks.peek() {
            Some(next) if ahead => Some(Started::new(take(next)).await),
            _ => None,
        };
        let part = change_part(session, *store, *row_type, rows, done, &mut untyped(apply), writes.as_mut()).await;
        let (count, moved) = part.map_err(|error| failed(error, done))?;
        changed += count;
        moving.extend(moved);
        done += keys.len();
        told(Part::Done(done, all));
        if let Some(next) = next {
            taken = next.end().await?;
        }
    }
    if let Some(writes) = writes {
        writes.last().await?;
    }
    for mut moved in moving {
        moved.write(session, *store, Undone::Alone).await.inspect_err(|error| told(Part::Failed(error)))?;
    }
    Ok(changed)
}

async fn modify<T: 'static>(execution: &Execution, taken: Taken, apply: &mut impl FnMut(&mut T)) -> Result<usize> {
    let Execution { session, store, row_type, .. } = execution;
    let Change { changed, .. } = change_taken(session, *store, *row_type, taken, &mut untyped(apply)).await?;
    Ok(changed)
}

fn untyped<T: 'static>(apply: &mut impl FnMut(&mut T)) -> impl FnMut(usize, &mut dyn Any) {
    |_, row| {
        if let Some(row) = row.downcast_mut::<T>() {
            apply(row);
        }
    }
}
