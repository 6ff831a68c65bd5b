//! The writing terminals: deleting and changing what a query finds.

use std::ops::Bound;

use futures::future::{FutureExt, LocalBoxFuture};

use super::plan::{Plan, is_multi};
use super::{Cursor, Execution, Query};
use crate::engine::{Access as Mode, Footprint, KeyFor, Session, savepoint};
use crate::error::{Error, Result};
use crate::key::AnyKey;
use crate::key::range::{KeyRange, RangeSet};
use crate::op::Op;
use crate::storage::{Operation, Scan, Want};
use crate::store::Store;
use crate::table::{Access, Apply, Change, Part, Parts, Taken, UPGRADE_CHUNK, Writable, change_taken};

/// In an upgrade, of more rows than that there is no going on after a failure in a later chunk.
const MOST_UNDONE: usize = 5_000;
/// Keys that an upgrade reads at a time.
const KEYS: usize = 5_000;
/// Of fewer rows each is deleted by its key.
const FEW: usize = 8;

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

    /// Fails if the query asks for the temporary key of a pending row, which it would not find.
    fn admit(&self) -> Result<()> {
        let by_key = self.spec.branches.iter().filter(|branch| branch.column.entry == 0);
        let ranges = by_key.filter_map(|branch| branch.ranges.as_ref().ok()).flat_map(RangeSet::ranges);
        let keys: Vec<AnyKey> = ranges.filter_map(KeyRange::single).cloned().collect();
        self.session.admit_keys(self.store, &keys, KeyFor::Finding).map_err(Error::of_one_row)
    }

    /// Deletes what the query finds; answers how many rows there were.
    pub async fn delete(&self) -> Result<usize> {
        let spec = &self.spec;
        let in_order = match self.plan()? {
            Plan::Native(walk) if walk.column.entry == 0 => Some(walk.ranges),
            _ => None,
        };
        self.admit()?;
        if let Some(ranges) = &in_order
            && !spec.is_windowed()
        {
            if ranges.is_empty() {
                return Ok(0);
            }
            return self.session.number(self.store, None, Operation::DeleteRanges(ranges.clone())).await;
        }
        let store = self.store;
        let this = self.clone();
        self.session
            .atomically(store, Mode::ReadWrite, Footprint::Whole, move |session| {
                async move {
                    let keys = this.within(session.clone()).primary_keys().await?;
                    let count = keys.len();
                    if count == 0 {
                        return Ok(0);
                    }
                    // Between the first and the last one there are no others in these ranges.
                    let gone = match in_order {
                        Some(ranges) if count >= FEW => Operation::DeleteRanges(between(ranges, &keys)),
                        _ => Operation::Delete(keys),
                    };
                    session.run(store, None, gone).await?;
                    Ok(count)
                }
                .boxed_local()
            })
            .await
    }
}

/// The part of these ranges from the first key to the last one, or the other way round.
fn between(ranges: Vec<KeyRange>, keys: &[AnyKey]) -> Vec<KeyRange> {
    let [first, .., last] = keys else { return Vec::new() };
    let (first, last) = if first > last { (last, first) } else { (first, last) };
    let whole = KeyRange { lower: Bound::Included(first.clone()), upper: Bound::Included(last.clone()) };
    RangeSet::union(ranges).within(&whole).ranges().to_vec()
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
        Op::new(modify_rows(self.execution(), untyped(change)))
    }
}

/// A change of rows of this type, which the rest need not know of.
pub(crate) fn untyped<T: 'static>(mut change: impl FnMut(&mut T) + 'static) -> Apply {
    Box::new(move |_, row| {
        if let Some(row) = row.downcast_mut::<T>() {
            change(row);
        }
    })
}

/// Changes every row that a query finds, all of them or none.
async fn modify_rows(execution: Execution, mut change: Apply) -> Result<usize> {
    execution.admit()?;
    let (session, store) = (execution.session.clone(), execution.store);
    let goes_on = session.transaction.is_some();
    session
        .atomically(store, Mode::ReadWrite, Footprint::Whole, move |session| {
            async move {
                let execution = execution.within(session);
                let Execution { session, store, row_type, .. } = &execution;
                let parts = Parts::of_transaction(session, *store, *row_type, goes_on);
                let (first, keys) = execution.take(parts.chunk).await?;
                let found = first.keys().len();
                if parts.are_one(found) {
                    return Ok(change_taken(session, *store, *row_type, first, &mut *change).await?.changed);
                }
                // All are known before one is changed, which may bring it into the query again.
                let keys = match keys {
                    Some(keys) => keys,
                    None if found < parts.chunk => first.keys().to_vec(),
                    None => execution.primary_keys().await?,
                };
                parts.change(Some(first), &keys, &mut *change).await
            }
            .boxed_local()
        })
        .await
}

/// The same in an upgrade, in parts: a task each.
pub(crate) async fn modify_rows_of_upgrade(
    execution: Execution,
    mut change: Apply,
    told: impl Fn(Part<'_>) + 'static,
) -> Result<usize> {
    let (session, store) = (execution.session.clone(), execution.store);
    let shared = session.shared.clone();
    let body = move |session: Session| {
        async move {
            let transaction = session.transaction.unwrap_or_default();
            let execution = execution.within(session);
            let Execution { session, store, row_type, .. } = &execution;
            let keys = execution.keys_in_pages().await?;
            let all = keys.len();
            told(Part::Done(0, all));
            if all <= UPGRADE_CHUNK {
                let taken = Taken::by_keys(session, *store, keys).await?;
                let Change { changed, .. } = change_taken(session, *store, *row_type, taken, &mut *change).await?;
                told(Part::Done(all, all));
                return Ok(changed);
            }
            if all > MOST_UNDONE {
                let parts = Parts::of_upgrade(session, *store, *row_type, &told);
                return parts.change(None, &keys, &mut *change).await;
            }
            let only_done = |part: Part<'_>| {
                if let Part::Done(..) = part {
                    told(part);
                }
            };
            let parts = Parts::of_upgrade(session, *store, *row_type, &only_done);
            savepoint(&shared, *store, transaction, async || parts.change(None, &keys, &mut *change).await).await
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
