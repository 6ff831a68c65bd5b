//! The executor: carries out a plan against a session. Untyped; the typed surface decodes what comes out.

use std::any::Any;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::cursor::Cursor;
use super::gather::Each;
use super::plan::{Plan, Walk, is_multi, path_of, plan};
use super::rest::Rest;
use super::spec::{Branch, Spec};
use crate::codec::{DecodeError, key_by, keys_by};
use crate::engine::{Access, Footprint, RowType, Session};
use crate::error::{Error, Result};
use crate::index::Column;
use crate::key::AnyKey;
use crate::key::range::{KeyRange, RangeSet};
use crate::order::firsts;
use crate::storage::{Columns, Operation, Position, Scan, Want};
#[cfg(feature = "live")]
use crate::table::Target;

/// A query and where it runs.
#[derive(Clone)]
pub(crate) struct Execution {
    pub session: Session,
    pub store: u16,
    pub row_type: RowType,
    pub spec: Spec,
}

/// A row, decoded, with the keys by which it was found.
pub(crate) struct Found {
    pub row: Box<dyn Any>,
    /// In the ordering index.
    pub key: AnyKey,
    pub primary_key: AnyKey,
    /// Where the row's type does not tell: all its keys in the ordering index, ascending.
    pub order: Vec<AnyKey>,
}

/// Rows as they came, or rows that had to be looked at.
pub(crate) enum Rows {
    Encoded(Columns),
    Found(Vec<Found>),
}

impl Execution {
    /// The query for the one row with a key, of the store or of an index.
    #[cfg(feature = "live")]
    pub fn of_key(target: &Target, index: Option<u16>, key: AnyKey) -> Self {
        let column = Column { entry: index.map_or(0, |index| index + 1), first: false };
        let branch = Branch::new(column, Ok(RangeSet::one(KeyRange::only(key))));
        let Target { session, store, row_type } = target.clone();
        Self { session, store, row_type, spec: Spec { branches: vec![branch], ..Spec::default() } }
    }

    pub fn table(&self) -> &'static str {
        self.session.shared.table_name(self.store)
    }

    pub fn plan(&self) -> Result<Plan> {
        plan(&self.spec, &self.session.shared.schema(self.store), self.table())
    }

    pub(super) fn within(&self, session: Session) -> Self {
        Self { session, ..self.clone() }
    }

    /// Runs reads that follow one another as one: no write comes between them.
    pub(super) async fn as_one<R: 'static>(
        &self,
        reads: impl FnOnce(Self) -> LocalBoxFuture<'static, Result<R>> + 'static,
    ) -> Result<R> {
        let this = self.clone();
        let reads = move |session| reads(this.within(session));
        self.session.atomically(self.store, Access::Read, Footprint::Whole, reads).await
    }

    /// The same, with other windows or another direction.
    pub fn with(&self, change: impl FnOnce(&mut Spec)) -> Self {
        let mut changed = self.clone();
        change(&mut changed.spec);
        changed
    }

    pub(super) fn native_scan(&self, walk: &Walk, want: Want) -> Scan {
        Scan {
            ranges: walk.ranges.clone(),
            reverse: self.spec.reverse,
            unique: false,
            offset: self.spec.offset,
            limit: self.spec.limit,
            after: self.after_in(walk),
            want,
        }
    }

    /// Where to go on, as a place in the index that is walked.
    pub(super) fn after_in(&self, walk: &Walk) -> Option<Position> {
        let Position { key, primary_key } = self.spec.after.clone()?.into();
        Some(Position { key: self.walked_key(walk, key), primary_key })
    }

    /// A key of the ordering index as one of the index that is walked. They differ where a compound index of the clause's
    /// column and the ordering one stands in for both; cursors are to outlive such a choice.
    pub(super) fn walked_key(&self, walk: &Walk, key: AnyKey) -> AnyKey {
        let ranges = self.spec.branches.first().and_then(|branch| branch.ranges.as_ref().ok());
        match ranges.map(RangeSet::ranges) {
            Some([range]) if walk.column.entry != self.spec.order_column().entry => {
                AnyKey::Array(range.single().into_iter().cloned().chain([key]).collect())
            }
            _ => key,
        }
    }

    /// The other way round.
    pub(super) fn ordering_key(&self, walk: &Walk, key: AnyKey) -> AnyKey {
        match key {
            AnyKey::Array(mut parts) if walk.column.entry != self.spec.order_column().entry && parts.len() == 2 => {
                parts.swap_remove(1)
            }
            key => key,
        }
    }

    pub async fn scan(&self, walk: &Walk, scan: Scan) -> Result<Columns> {
        if scan.ranges.is_empty() || scan.limit == Some(0) {
            return Ok(Columns::empty(scan.want));
        }
        self.session.columns(self.store, walk.index(), Operation::Scan(scan)).await
    }

    pub(super) async fn get(&self, keys: Vec<AnyKey>) -> Result<Columns> {
        if keys.is_empty() {
            return Ok(Columns::empty(Want::ROWS));
        }
        self.session.columns(self.store, None, Operation::Get { keys, park: false }).await
    }

    /// The rows of the query, in order. `want` says which keys are needed beside encoded rows.
    pub fn rows(&self, want: Want) -> LocalBoxFuture<'_, Result<Rows>> {
        async move {
            match self.plan()? {
                Plan::Native(walk) => self.scan(&walk, self.native_scan(&walk, want)).await.map(Rows::Encoded),
                Plan::Distinct(walk) if want == Want::ROWS => {
                    let rows = |this: Self| async move {
                        let keys = this.window(this.distinct_keys(&walk).await?);
                        this.get(keys.into_iter().map(|position| position.primary_key).collect()).await
                    };
                    self.as_one(|this| rows(this).boxed_local()).await.map(Rows::Encoded)
                }
                Plan::Distinct(walk) => {
                    self.as_one(|this| async move { this.distinct(&walk).await }.boxed_local()).await.map(Rows::Found)
                }
                Plan::Filtered(walk) => self.filtered(&walk).await.map(Rows::Found),
                // A window over several walks: which rows are in it, their keys tell.
                Plan::Gather(walks) if want == Want::ROWS && self.spec.limit.is_some() && self.keys_suffice() => {
                    let rows = |this: Self| async move { this.get(this.gather_keys(&walks).await?).await };
                    self.as_one(|this| rows(this).boxed_local()).await.map(Rows::Encoded)
                }
                Plan::Gather(walks) => self.gather(&walks).await.map(Rows::Found),
            }
        }
        .boxed_local()
    }

    /// The primary keys of the query, in order, without their rows where those are not needed.
    pub fn primary_keys(&self) -> LocalBoxFuture<'_, Result<Vec<AnyKey>>> {
        async move {
            match self.plan()? {
                Plan::Native(walk) => {
                    let columns = self.scan(&walk, self.native_scan(&walk, Want::PRIMARY_KEYS)).await?;
                    Ok(columns.primary_keys())
                }
                Plan::Distinct(walk) => {
                    let keys = self.window(self.distinct_keys(&walk).await?);
                    Ok(keys.into_iter().map(|position| position.primary_key).collect())
                }
                Plan::Gather(walks) if self.keys_suffice() => self.gather_keys(&walks).await,
                Plan::Filtered(walk) => {
                    Ok(self.filtered(&walk).await?.into_iter().map(|found| found.primary_key).collect())
                }
                Plan::Gather(walks) => {
                    Ok(self.gather(&walks).await?.into_iter().map(|found| found.primary_key).collect())
                }
            }
        }
        .boxed_local()
    }

    /// How many rows the query has, counted by the storage where nothing has to be looked at.
    pub fn count(&self) -> LocalBoxFuture<'_, Result<usize>> {
        async move {
            match self.plan()? {
                Plan::Native(walk) if self.spec.after.is_none() => {
                    if walk.ranges.is_empty() {
                        return Ok(0);
                    }
                    let all = self.session.number(self.store, walk.index(), Operation::Count(walk.ranges)).await?;
                    Ok(all.saturating_sub(self.spec.offset).min(self.spec.limit.unwrap_or(usize::MAX)))
                }
                _ => Ok(self.primary_keys().await?.len()),
            }
        }
        .boxed_local()
    }

    /// The last row, at the end of what is given.
    pub fn last(&self) -> LocalBoxFuture<'_, Result<Rows>> {
        async move {
            match self.plan()? {
                // Backwards, a row stands at the last of its entries, which says nothing of the order by the first ones.
                Plan::Distinct(walk) => {
                    let row = |this: Self| async move {
                        let last = this.window(this.distinct_keys(&walk).await?).pop();
                        this.get(last.into_iter().map(|position| position.primary_key).collect()).await
                    };
                    self.as_one(|this| row(this).boxed_local()).await.map(Rows::Encoded)
                }
                Plan::Native(_) | Plan::Filtered(_) if !self.spec.is_windowed() => {
                    let backwards = self.with(|spec| (spec.reverse, spec.limit) = (!spec.reverse, Some(1)));
                    backwards.rows(Want::ROWS).await
                }
                _ => self.rows(Want::ROWS).await,
            }
        }
        .boxed_local()
    }

    /// The keys of the ordering index, one per entry and so with repeats.
    pub fn keys(&self) -> LocalBoxFuture<'_, Result<Vec<AnyKey>>> {
        async move {
            let keys: Vec<AnyKey> = match self.plan()? {
                Plan::Native(walk) | Plan::Distinct(walk) => {
                    let keys = self.scan(&walk, self.native_scan(&walk, Want::KEYS)).await?.keys();
                    keys.into_iter().map(|key| self.ordering_key(&walk, key)).collect()
                }
                Plan::Filtered(walk) => self.filtered(&walk).await?.into_iter().map(|found| found.key).collect(),
                Plan::Gather(walks) => {
                    self.gathered(&walks, Each::Entry).await?.places.into_iter().map(|(key, _)| key).collect()
                }
            };
            Ok(keys.into_iter().map(|key| self.first_column(key)).collect())
        }
        .boxed_local()
    }

    /// The keys of the ordering index, each once. The window is cut out of these: a browser would skip entries.
    pub fn unique_keys(&self) -> LocalBoxFuture<'_, Result<Vec<AnyKey>>> {
        async move {
            let all = self.with(|spec| (spec.offset, spec.limit) = (0, None));
            let keys: Vec<AnyKey> = match all.plan()? {
                Plan::Native(walk) | Plan::Distinct(walk) => {
                    let scan = Scan { unique: true, ..all.native_scan(&walk, Want::KEYS) };
                    let keys = all.scan(&walk, scan).await?.keys();
                    keys.into_iter().map(|key| all.first_column(all.ordering_key(&walk, key))).collect()
                }
                _ => all.keys().await?,
            };
            let firsts = firsts(&keys.iter().collect::<Vec<_>>());
            let unique = keys.into_iter().zip(firsts).filter_map(|(key, first)| first.then_some(key));
            Ok(unique.skip(self.spec.offset).take(self.spec.limit.unwrap_or(usize::MAX)).collect())
        }
        .boxed_local()
    }

    fn first_column(&self, key: AnyKey) -> AnyKey {
        match key {
            AnyKey::Array(mut parts) if self.spec.order_column().first && !parts.is_empty() => parts.swap_remove(0),
            key => key,
        }
    }

    /// Each row's first place in a multi-entry index.
    async fn distinct_keys(&self, walk: &Walk) -> Result<Vec<Position>> {
        let want = Want { rows: false, primary_keys: true, keys: true };
        let scan = Scan { offset: 0, limit: None, after: None, ..self.native_scan(walk, want) };
        let columns = self.scan(walk, scan).await?;
        let opened = columns.open(&*columns.shapes.borrow());
        let firsts = firsts(&opened.primary_keys.iter().collect::<Vec<_>>());
        Ok(opened
            .keys
            .into_iter()
            .zip(opened.primary_keys)
            .zip(firsts)
            .filter_map(|((key, primary_key), first)| first.then_some(Position { key, primary_key }))
            .collect())
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
        let Spec { offset, limit, .. } = self.spec;
        positions
            .into_iter()
            .filter(|position| self.spec.is_after(&position.key, &position.primary_key))
            .skip(offset)
            .take(limit.unwrap_or(usize::MAX))
            .collect()
    }

    /// One chunk of a walk, from a place on: its rows, each with its keys, untested.
    pub(super) async fn chunk(&self, walk: &Walk, after: Option<Position>, limit: usize) -> Result<Columns> {
        let scan = Scan { offset: 0, limit: Some(limit), after, ..self.native_scan(walk, Want::ALL) };
        self.scan(walk, scan).await
    }

    /// The rows of the columns, and the place of the last record: there need not be a row at it.
    pub(super) fn decode(&self, columns: &Columns) -> Result<(Vec<Found>, Option<Position>)> {
        let shapes = columns.shapes.borrow();
        let opened = columns.open(&*shapes);
        let mut rows = opened.rows;
        let mut found = Vec::with_capacity(columns.count);
        let keys = if columns.want.keys { opened.keys } else { opened.primary_keys.clone() };
        let last = keys.last().cloned().zip(opened.primary_keys.last().cloned());
        let (schema, order) = (self.session.shared.schema(self.store), self.spec.order_column());
        for (key, primary_key) in keys.into_iter().zip(opened.primary_keys) {
            let row = rows.next(|reader| {
                let order = match (self.row_type.entry, path_of(&schema, order)) {
                    (None, path) if is_multi(&schema, order) => keys_by(reader, &*shapes, path),
                    (None, path) => key_by(reader, &*shapes, path).into_iter().collect(),
                    (Some(_), _) => Vec::new(),
                };
                (self.row_type.decode)(reader, &*shapes).map(|row| (row, order))
            });
            match row {
                Some(Ok(Some((row, order)))) => found.push(Found { row, key, primary_key, order }),
                Some(Err(error)) => return Err(self.undecodable(error, Some(primary_key))),
                Some(Ok(None)) | None => {}
            }
        }
        Ok((found, last.map(|(key, primary_key)| Position { key, primary_key })))
    }

    pub fn undecodable(&self, error: DecodeError, key: Option<AnyKey>) -> Error {
        Error::decode(self.table(), key, error)
    }

    /// Whether a row passes what its branch asks of it besides the range.
    pub(super) fn passes(branch: &Branch, found: &Found) -> bool {
        branch.residual.as_ref().is_none_or(|_| branch.admits(&found.key))
            && branch.filters.iter().all(|filter| filter(&*found.row))
    }

    pub(super) async fn filtered(&self, walk: &Walk) -> Result<Vec<Found>> {
        let walk = walk.clone();
        let chunks = |this: Self| async move {
            let mut rest = Rest::new(&this);
            let mut kept = Vec::new();
            while let Some(rows) = rest.next(&this, &walk).await? {
                kept.extend(rows);
            }
            Ok(kept)
        };
        self.as_one(|this| chunks(this).boxed_local()).await
    }
}

impl Found {
    pub fn cursor(&self) -> Cursor {
        Cursor { key: self.key.clone(), primary_key: self.primary_key.clone() }
    }
}
