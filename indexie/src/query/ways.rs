//! What the storage does not do alone: rows that are tested, that stand under several keys, or that are gathered and put in order
//! here. A query is given this when it asks for it, so that a program whose queries never do has none of it.
//! Called by the executor, unseen; calls `gather` and `rest`.

use std::rc::Rc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::execute::{Execution, Found, Rows};
use super::gather::Each;
use super::plan::{Plan, Walk};
use super::rest::Rest;
use super::spec::{Branch, Spec};
use crate::engine::unexpected;
use crate::error::Result;
use crate::key::AnyKey;
use crate::order::distinct_by;
use crate::storage::{Position, Scan, Want};
use crate::store::Store;

/// How plans are carried out that are more than one walk through an index.
pub(crate) trait Ways {
    fn rows<'a>(&self, query: &'a Execution, plan: Plan, want: Want) -> LocalBoxFuture<'a, Result<Rows>>;
    fn primary_keys<'a>(&self, query: &'a Execution, plan: Plan) -> LocalBoxFuture<'a, Result<Vec<AnyKey>>>;
    /// The keys of the ordering index.
    fn keys<'a>(&self, query: &'a Execution, plan: Plan) -> LocalBoxFuture<'a, Result<Vec<AnyKey>>>;
    /// The last row of those that stand under several keys.
    fn last<'a>(&self, query: &'a Execution, walk: Walk) -> LocalBoxFuture<'a, Result<Rows>>;
}

/// All of them.
pub(crate) const IN_MEMORY: &dyn Ways = &InMemory;

/// Those that each query of a table may need: where rows can stand under several keys.
pub(super) const fn of<T: Store>() -> Option<&'static dyn Ways> {
    let mut at = 0;
    while at < T::SCHEMA.indexes.len() {
        if T::SCHEMA.indexes[at].multi {
            return Some(IN_MEMORY);
        }
        at += 1;
    }
    None
}

/// Of an index in which rows repeat, so many entries are read first.
const FEW_ENTRIES: usize = 16;
/// Where more are needed, all of them are.
const MANY_ENTRIES: usize = 1_024;

/// What is wanted of the rows that pass.
#[derive(Clone, Copy, PartialEq)]
enum Keep {
    Rows,
    Keys,
}

struct InMemory;

impl Ways for InMemory {
    fn rows<'a>(&self, query: &'a Execution, plan: Plan, want: Want) -> LocalBoxFuture<'a, Result<Rows>> {
        async move {
            match plan {
                Plan::Distinct(walk) if want == Want::ROWS => {
                    let rows = |this: Execution| async move { this.distinct_rows(&walk).await };
                    query.as_one(|this| rows(this).boxed_local()).await
                }
                Plan::Distinct(walk) => {
                    let rows = |this: Execution| async move { this.distinct(&walk).await };
                    query.as_one(|this| rows(this).boxed_local()).await.map(Rows::Found)
                }
                Plan::Filtered(walk) => query.filtered(&walk).await.map(Rows::Found),
                // A window over several walks: which rows are in it, their keys tell.
                Plan::Gather(walks) if want == Want::ROWS && query.spec.limit.is_some() && query.keys_suffice() => {
                    let rows = |this: Execution| async move { this.get(this.gather_keys(&walks).await?).await };
                    query.as_one(|this| rows(this).boxed_local()).await.map(Rows::Encoded)
                }
                Plan::Gather(walks) => query.gather(&walks).await.map(Rows::Found),
                Plan::Native(_) => Err(unexpected()),
            }
        }
        .boxed_local()
    }

    fn primary_keys<'a>(&self, query: &'a Execution, plan: Plan) -> LocalBoxFuture<'a, Result<Vec<AnyKey>>> {
        async move {
            let found = match plan {
                Plan::Distinct(walk) => return Ok(query.distinct_primary_keys(&walk).await?.0),
                Plan::Gather(walks) if query.keys_suffice() => return query.gather_keys(&walks).await,
                // Of the rows only their keys are kept: there may be many.
                Plan::Filtered(walk) => query.filtered_keeping(&walk, Keep::Keys).await?,
                Plan::Gather(walks) => query.gather(&walks).await?,
                Plan::Native(_) => return Err(unexpected()),
            };
            Ok(found.into_iter().map(|found| found.primary_key).collect())
        }
        .boxed_local()
    }

    fn keys<'a>(&self, query: &'a Execution, plan: Plan) -> LocalBoxFuture<'a, Result<Vec<AnyKey>>> {
        async move {
            Ok(match plan {
                Plan::Filtered(walk) => {
                    let found = query.filtered_keeping(&walk, Keep::Keys).await?;
                    found.into_iter().map(|found| found.key).collect()
                }
                Plan::Gather(walks) => {
                    query.gathered(&walks, Each::Entry).await?.places.into_iter().map(|(key, _)| key).collect()
                }
                Plan::Native(_) | Plan::Distinct(_) => return Err(unexpected()),
            })
        }
        .boxed_local()
    }

    /// Backwards, a row stands at the last of its entries, which says nothing of the order by the first ones.
    fn last<'a>(&self, query: &'a Execution, walk: Walk) -> LocalBoxFuture<'a, Result<Rows>> {
        async move {
            let row = |this: Execution| async move {
                let last = this.distinct_primary_keys(&walk).await?.0.pop();
                this.get(last.into_iter().collect()).await
            };
            query.as_one(|this| row(this).boxed_local()).await.map(Rows::Encoded)
        }
        .boxed_local()
    }
}

impl Execution {
    /// Each row's first place in a multi-entry index.
    async fn distinct_keys(&self, walk: &Walk) -> Result<Vec<Position>> {
        let scan = Scan { offset: 0, limit: None, after: None, ..self.native_scan(walk, Want::BOTH_KEYS) };
        let columns = self.scan(walk, scan).await?;
        let opened = columns.open(&*columns.shapes.borrow());
        let entries = opened.keys.into_iter().zip(opened.primary_keys);
        let positions = entries.map(|(key, primary_key)| Position { key, primary_key }).collect();
        Ok(distinct_by(positions, |position| &position.primary_key))
    }

    /// The rows of the window, in order.
    async fn distinct_rows(&self, walk: &Walk) -> Result<Rows> {
        let (keys, entries) = self.distinct_primary_keys(walk).await?;
        // A browser reads the rows of all entries sooner than each row for itself, as long as they do not repeat much.
        if self.spec.is_windowed() || entries > keys.len().saturating_mul(2) {
            return self.get(keys).await.map(Rows::Encoded);
        }
        let columns = self.scan(walk, self.native_scan(walk, Want::ENTRIES)).await?;
        let found = self.decode(&columns, &Self::collector())?.0;
        Ok(Rows::Found(distinct_by(found, |found| &found.primary_key)))
    }

    /// The primary keys of the rows of the window, in order, and how many entries were looked at for them. A browser has those of
    /// all entries in one answer, and those together with the index's keys only one by one.
    async fn distinct_primary_keys(&self, walk: &Walk) -> Result<(Vec<AnyKey>, usize)> {
        if self.spec.after.is_some() {
            let positions = self.window(self.distinct_keys(walk).await?);
            let keys: Vec<AnyKey> = positions.into_iter().map(|position| position.primary_key).collect();
            let entries = keys.len();
            return Ok((keys, entries));
        }
        let Spec { offset, limit, .. } = *self.spec;
        let end = limit.map_or(usize::MAX, |limit| limit.saturating_add(offset));
        // How often rows repeat is not known: of a small window twice as many entries, then more, then all.
        let mut entries = end.saturating_mul(2).max(FEW_ENTRIES);
        loop {
            let limit = (entries <= MANY_ENTRIES).then_some(entries);
            let scan = Scan { offset: 0, limit, ..self.native_scan(walk, Want::PRIMARY_KEYS) };
            let keys = self.scan(walk, scan).await?.primary_keys();
            let found = keys.len();
            let are_all = limit.is_none_or(|limit| found < limit);
            let distinct = distinct_by(keys, |key| key);
            if are_all || distinct.len() >= end {
                return Ok((distinct.into_iter().take(end).skip(offset).collect(), found));
            }
            entries = entries.saturating_mul(8);
        }
    }

    async fn distinct(&self, walk: &Walk) -> Result<Vec<Found>> {
        let positions = self.window(self.distinct_keys(walk).await?);
        let columns = self.get(positions.iter().map(|position| position.primary_key.clone()).collect()).await?;
        let shapes = columns.shapes.borrow();
        let mut rows = columns.open(&*shapes).rows;
        let mut found = Vec::with_capacity(positions.len());
        for Position { key, primary_key } in positions {
            match rows.next(|reader| (self.row_type.decode)(reader, &*shapes)) {
                Some(Ok(Some(row))) => found.push(Found { row, key, primary_key, order: Vec::new() }),
                Some(Err(error)) => return Err(self.undecodable(error, Some(primary_key))),
                Some(Ok(None)) | None => {}
            }
        }
        Ok(found)
    }

    /// Cuts the window out of everything, in order.
    pub(super) fn window(&self, positions: Vec<Position>) -> Vec<Position> {
        let Spec { offset, limit, .. } = *self.spec;
        positions
            .into_iter()
            .filter(|position| self.spec.is_after(&position.key, &position.primary_key))
            .skip(offset)
            .take(limit.unwrap_or(usize::MAX))
            .collect()
    }

    /// Whether a row passes what its branch asks of it besides the range.
    pub(super) fn passes(branch: &Branch, found: &Found) -> bool {
        branch.residual.as_ref().is_none_or(|_| branch.admits(&found.key))
            && branch.filters.iter().all(|filter| filter(&*found.row))
    }

    pub(super) async fn filtered(&self, walk: &Walk) -> Result<Vec<Found>> {
        self.filtered_keeping(walk, Keep::Rows).await
    }

    async fn filtered_keeping(&self, walk: &Walk, keep: Keep) -> Result<Vec<Found>> {
        let walk = walk.clone();
        let chunks = move |this: Self| async move {
            let mut rest = Rest::whole(&this);
            let this = Rc::new(this);
            let mut kept = Vec::new();
            while let Some(mut rows) = rest.next(&this, &walk).await? {
                if keep == Keep::Keys {
                    for found in &mut rows {
                        found.row = Box::new(());
                    }
                }
                kept.extend(rows);
            }
            Ok(kept)
        };
        self.as_one(|this| chunks(this).boxed_local()).await
    }
}
