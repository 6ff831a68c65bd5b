//! Results that are put together in memory: several clauses, or another order than that of the index walked.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use futures::future::{FutureExt, LocalBoxFuture};

use super::collect::Collector;
use super::execute::{Execution, Found};
use super::plan::{Walk, is_multi};
use super::spec::Spec;
use crate::error::Result;
use crate::index::Column;
use crate::key::AnyKey;
use crate::order::{ranks, sort_by, sort_keys};
use crate::storage::{Columns, Position, Scan, Sink, Want};

/// What a result has one of.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Each {
    Row,
    /// Of the ordering index, where a row may have several.
    Entry,
}

/// Rows, each once, and their places: the key in the ordering index, and which row it is.
pub(super) struct Gathered {
    rows: Vec<Found>,
    pub places: Vec<(AnyKey, usize)>,
}

impl Execution {
    /// Whether several walks can be combined without looking at a row: nothing tests rows, and keys are their order.
    pub(super) fn keys_suffice(&self) -> bool {
        let spec = &self.spec;
        spec.filters.is_empty()
            && spec.until.is_none()
            && spec.sort.is_none()
            && spec.order_column() == Column::PRIMARY
            && spec.branches.iter().all(|branch| branch.filters.is_empty() && branch.residual.is_none())
    }

    /// All that the walks find, asked for at once: the browser reads one while this thread unpacks another. The sinks are given rows
    /// before. Of several, nothing is written in between: a row that moved from one to the other would be found by neither.
    async fn scans(&self, walks: Vec<(Walk, Want, Option<Sink>)>) -> Result<Vec<Columns>> {
        let several = walks.len() > 1;
        let scans = move |this: Self| async move {
            let scan = |(walk, want, sink): (Walk, Want, _)| {
                let this = &this;
                async move {
                    let scan = Scan { offset: 0, limit: None, after: None, ..this.native_scan(&walk, want) };
                    this.scan_into(&walk, scan, sink).await
                }
                .boxed_local()
            };
            all(walks.into_iter().map(scan).collect()).await
        };
        if several { self.as_one(|this| scans(this).boxed_local()).await } else { scans(self.clone()).await }
    }

    pub(super) async fn gather_keys(&self, walks: &[Walk]) -> Result<Vec<AnyKey>> {
        let mut keys = Vec::new();
        let walks = walks.iter().map(|walk| (walk.clone(), Want::PRIMARY_KEYS, None)).collect();
        for columns in self.scans(walks).await? {
            keys.extend(columns.primary_keys());
        }
        sort_keys(&mut keys);
        let mut positions: Vec<Position> =
            keys.into_iter().map(|key| Position { key: key.clone(), primary_key: key }).collect();
        if self.spec.reverse {
            positions.reverse();
        }
        Ok(self.window(positions).into_iter().map(|position| position.primary_key).collect())
    }

    pub(super) async fn gather(&self, walks: &[Walk]) -> Result<Vec<Found>> {
        let Gathered { rows, places } = self.gathered(walks, Each::Row).await?;
        let mut rows: Vec<Option<Found>> = rows.into_iter().map(Some).collect();
        let at_place = |(key, at): (AnyKey, usize)| Some(Found { key, ..rows.get_mut(at)?.take()? });
        Ok(places.into_iter().filter_map(at_place).collect())
    }

    /// What the walks find together, in order.
    pub(super) async fn gathered(&self, walks: &[Walk], each: Each) -> Result<Gathered> {
        let Spec { branches, sort, until, reverse, offset, limit, .. } = &*self.spec;
        let schema = self.session.shared.schema(self.store);
        let order = self.spec.order_column();
        let mut rows: Vec<Found> = Vec::new();
        let mut places: Vec<(AnyKey, usize)> = Vec::new();
        let collectors: Vec<Collector> = walks.iter().map(|_| Self::collector()).collect();
        let this = Rc::new(self.clone());
        // Keys of another index than the ordering one are looked at by what a clause leaves to be tested, and by nothing else.
        let wanted = |((at, walk), collector): ((usize, &Walk), &Collector)| {
            let tested = branches.get(at).is_some_and(|branch| branch.residual.is_some());
            let looked_at = tested || walk.column.entry == order.entry;
            let want = if looked_at { walk.with_keys() } else { Want::ENTRIES };
            (walk.clone(), want, Some(collector.sink(this.clone())))
        };
        let found_by = self.scans(walks.iter().enumerate().zip(&collectors).map(wanted).collect()).await?;
        let found_by = found_by
            .iter()
            .zip(&collectors)
            .map(|(columns, collector)| Ok(self.decode(columns, collector)?.0))
            .collect::<Result<Vec<_>>>()?;
        let keys: Vec<&AnyKey> = found_by.iter().flatten().map(|found| &found.primary_key).collect();
        // The row that has been found for a key, by the key's rank.
        let mut at_rank: Vec<Option<usize>> = vec![None; keys.len()];
        let mut ranks = ranks(&keys).into_iter();
        for (at, (walk, found_by)) in walks.iter().zip(found_by).enumerate() {
            let branch = branches.get(at);
            // The ordering index brings the places itself. But of several elements of a row, different clauses may have
            // found different ones: then all of them count.
            let in_place = walk.column.entry == order.entry && (walks.len() == 1 || !is_multi(&schema, order));
            let repeats = each == Each::Entry && in_place && walks.len() == 1;
            for (found, rank) in found_by.into_iter().zip(&mut ranks) {
                let seen = at_rank[rank];
                if seen.is_some() && !repeats {
                    continue;
                }
                // A row that another branch also finds is looked at there, if it does not pass here.
                if !branch.is_none_or(|branch| Self::passes(branch, &found)) {
                    continue;
                }
                let row = seen.unwrap_or(rows.len());
                if in_place {
                    places.push((found.key.clone(), row));
                } else {
                    let keys = self.order_keys(&found, order, each);
                    if keys.is_empty() {
                        // Not in the ordering index.
                        continue;
                    }
                    places.extend(keys.into_iter().map(|key| (key, row)));
                }
                if seen.is_none() {
                    at_rank[rank] = Some(row);
                    rows.push(found);
                }
            }
        }
        let ranks = sort.as_ref().map(|sort| sort(&rows.iter().map(|found| &*found.row).collect::<Vec<_>>()));
        sort_by(&mut places, |(key, at), (other_key, other_at)| {
            let (row, other) = (&rows[*at], &rows[*other_at]);
            let by_key = || key.cmp(other_key).then_with(|| row.primary_key.cmp(&other.primary_key));
            let order = match &ranks {
                Some(ranks) => ranks[*at].cmp(&ranks[*other_at]).then_with(by_key),
                None => by_key(),
            };
            if *reverse { order.reverse() } else { order }
        });
        let places = places
            .into_iter()
            .take_while(|(_, row)| until.as_ref().is_none_or(|until| !until(&*rows[*row].row)))
            .filter(|(key, row)| self.spec.is_after(key, &rows[*row].primary_key))
            .skip(*offset)
            .take(limit.unwrap_or(usize::MAX))
            .collect();
        Ok(Gathered { rows, places })
    }

    /// Where a row stands in the ordering index: at all of its keys, or at the one that comes first.
    fn order_keys(&self, found: &Found, order: Column, each: Each) -> Vec<AnyKey> {
        if order.entry == 0 {
            return vec![found.primary_key.clone()];
        }
        let mut keys = match self.row_type.entry {
            Some(entry) => entry(&*found.row, usize::from(order.entry)).into_keys(),
            None => found.order.clone(),
        };
        if each == Each::Row && keys.len() > 1 {
            let first = if self.spec.reverse { keys.len() - 1 } else { 0 };
            keys = vec![keys.swap_remove(first)];
        }
        keys
    }
}

/// Awaits a few reads at once, and asks all of them whenever one has come: `try_join_all` takes six kilobytes of a page's program
/// to do better with many.
async fn all(mut reads: Vec<LocalBoxFuture<'_, Result<Columns>>>) -> Result<Vec<Columns>> {
    let mut done: Vec<Option<Columns>> = reads.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (read, done) in reads.iter_mut().zip(&mut done) {
            if done.is_none()
                && let Poll::Ready(columns) = read.as_mut().poll(context)
            {
                match columns {
                    Ok(columns) => *done = Some(columns),
                    Err(error) => return Poll::Ready(Err(error)),
                }
            }
        }
        if done.iter().all(Option::is_some) { Poll::Ready(Ok(())) } else { Poll::Pending }
    })
    .await?;
    Ok(done.into_iter().flatten().collect())
}
