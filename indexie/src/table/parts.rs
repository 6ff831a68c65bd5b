//! Changes of many rows, part after part. Called by queries and by bulk updates; calls the change of a part.

use std::any::Any;

use futures::future::{FutureExt, LocalBoxFuture};

use super::ahead::{OneAhead, Started};
use super::change::{Taken, change_part};
use crate::engine::{RowType, Session};
use crate::error::{Error, Result};
use crate::key::AnyKey;
use crate::storage::{Undone, rows_at_one_time};

/// Rows that are read at one time. Twice as many may be in memory: some are read while those before them are written.
const CHUNK: usize = 1_024;
/// Of fewer rows than that none is written before all are changed.
const FEW: usize = 192;
/// Rows that are read at one time in an upgrade, which changes all that there are: the page has its turn between two parts.
pub(crate) const UPGRADE_CHUNK: usize = 500;

/// What an upgrade wants to know of a change in parts.
pub(crate) enum Part<'a> {
    /// So many rows are done, of so many.
    Done(usize, usize),
    /// A part failed after others had been done, which nobody has undone: then all of the upgrade has to be.
    Failed(&'a Error),
}

/// How the rows of a store are changed in parts.
pub(crate) struct Parts<'a> {
    session: &'a Session,
    store: u16,
    row_type: RowType,
    /// Rows that are read at one time.
    pub chunk: usize,
    /// Rows are written while the next ones are being changed. A failure leaves those before it changed.
    ahead: bool,
    told: &'a dyn Fn(Part<'_>),
}

impl<'a> Parts<'a> {
    /// In a transaction that ends where something fails; in one that `goes_on` all rows are one part, since a later part's
    /// failure could not take back an earlier one.
    pub fn of_transaction(session: &'a Session, store: u16, row_type: RowType, goes_on: bool) -> Self {
        let chunk = if goes_on { usize::MAX } else { CHUNK };
        // In memory each write looks at what those before it have left.
        let ahead = !goes_on && session.frame().is_none();
        Self { session, store, row_type, chunk, ahead, told: &|_| {} }
    }

    pub fn of_upgrade(session: &'a Session, store: u16, row_type: RowType, told: &'a dyn Fn(Part<'_>)) -> Self {
        Self { session, store, row_type, chunk: UPGRADE_CHUNK, ahead: false, told }
    }

    /// Whether that many rows had better be changed together: they are so few, or nothing is won.
    pub fn are_one(&self, rows: usize) -> bool {
        rows < if self.ahead { FEW } else { self.chunk }
    }

    /// Changes the rows, of which the `first` ones may have been read, and at the end writes those that move: a row's new key
    /// may be the old one of a row in a later part. Returns how many are different now.
    pub fn change(
        self,
        first: Option<Taken>,
        keys: &'a [AnyKey],
        apply: &'a mut dyn FnMut(usize, &mut dyn Any),
    ) -> LocalBoxFuture<'a, Result<usize>> {
        let Self { session, store, row_type, chunk, ahead, told } = self;
        async move {
            let (mut changed, mut moving, mut done) = (0, Vec::new(), 0);
            let failed = |error: Error, done: usize| {
                if done > 0 {
                    told(Part::Failed(&error));
                }
                error
            };
            let take = |keys: &[AnyKey]| {
                let (session, keys) = (session.clone(), keys.to_vec());
                async move { Taken::by_keys(&session, store, keys).await }.boxed_local()
            };
            let mut writes = ahead.then(OneAhead::default);
            let mut taken = first;
            let mut size = taken.as_ref().map_or(chunk, |taken| taken.keys().len());
            let mut left = keys;
            while !left.is_empty() {
                let (part, later) = left.split_at(size.clamp(1, left.len()));
                let rows = match taken.take() {
                    Some(taken) => taken,
                    None => take(part).await.map_err(|error| failed(error, done))?,
                };
                left = later;
                size = rows_at_one_time(chunk, part.len(), rows.size());
                // Asked for before the writes, which it would have to wait for.
                let next = match &later[..size.min(later.len())] {
                    next if ahead && !next.is_empty() => Some(Started::new(take(next)).await),
                    _ => None,
                };
                let change = change_part(session, store, row_type, rows, done, &mut *apply, writes.as_mut());
                let (count, moved) = change.await.map_err(|error| failed(error, done))?;
                changed += count;
                moving.extend(moved);
                done += part.len();
                told(Part::Done(done, keys.len()));
                if let Some(next) = next {
                    taken = next.end().await?;
                }
            }
            if let Some(writes) = writes {
                writes.last().await?;
            }
            for mut moved in moving {
                moved.write(session, store, Undone::Alone).await.inspect_err(|error| told(Part::Failed(error)))?;
            }
            Ok(changed)
        }
        .boxed_local()
    }
}
