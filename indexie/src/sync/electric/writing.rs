//! `Writing`: the rows of a batch on their way into the table, within its transaction.

use std::any::Any;
use std::collections::BTreeSet;
use std::mem::replace;
use std::pin::Pin;

use futures::future::{Future, MaybeDone, maybe_done, poll_immediate};

use super::columns::Columns;
use super::local::{self, LocalRow};
use super::net::{Changes, Net};
use super::rows::RowKind;
use crate::codec::{Batch, write_key};
use crate::engine::Session;
use crate::error::{Error, Result};
use crate::key::AnyKey;
use crate::key::range::KeyRange;
use crate::storage::memory::evaluator::Row;
use crate::storage::{Operation, Undone, Write};
use crate::table::{Change, change};

/// Rows that are written with one request.
const ROWS: usize = 2_000;
/// Of so many it pays to ask whether there are others.
const MANY: usize = 100;

pub(super) struct Writing<'a> {
    /// Of the transaction.
    pub session: &'a Session,
    pub rows: &'a RowKind,
    pub columns: &'a Columns,
}

/// How rows come into the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Where there is none.
    Add,
    Put,
}

/// Columns of a row, as JSON.
type Given<'a> = (&'a AnyKey, &'a str);

/// Rows that are written.
#[derive(Default)]
struct Planned<'a> {
    /// Some columns of rows that are there.
    patches: Vec<Given<'a>>,
    /// All columns of rows that may be there.
    merges: Vec<Given<'a>>,
    /// Whole rows.
    puts: Vec<Given<'a>>,
    /// Rows that were written here as well, as they are now.
    local: Vec<(&'a AnyKey, &'a Row)>,
}

impl Writing<'_> {
    /// Writes what changes come to, and rows that are to be as they are here. Answers false if a row is missing that is to be changed,
    /// unless rows may be missing.
    pub async fn all(&self, changes: &Changes<'_>, local: &[LocalRow], may_lack_rows: bool) -> Result<bool> {
        let (mut deleted, mut planned) = (Vec::new(), Planned::default());
        for (key, net) in &changes.0 {
            match net {
                Net::Put(json) => planned.puts.push((key, &**json)),
                Net::Merge(json) => planned.merges.push((key, &**json)),
                Net::Patch(json) => planned.patches.push((key, &**json)),
                Net::Delete => deleted.push(key.clone()),
                Net::Lost => return Ok(false),
            }
        }
        for (key, row) in local {
            match row {
                Some(row) => planned.local.push((key, row)),
                None => deleted.push(key.clone()),
            }
        }
        self.delete(deleted).await?;
        let lacks_rows = match self.in_place(&planned).await {
            // Rows may be changing places in a unique index: then they leave before they come.
            Err(Error::Constraint { .. }) => self.by_leaving(&planned).await?,
            written => written?,
        };
        Ok(may_lack_rows || !lacks_rows)
    }

    pub async fn delete(&self, keys: Vec<AnyKey>) -> Result<()> {
        if !keys.is_empty() {
            self.session.run(self.rows.store, None, Operation::Delete(keys)).await?;
        }
        Ok(())
    }

    /// Answers whether a row is missing.
    async fn in_place(&self, planned: &Planned<'_>) -> Result<bool> {
        let mut lacks_rows = false;
        for patches in planned.patches.chunks(ROWS) {
            let rows = self.patch(patches).await?;
            lacks_rows |= rows.iter().any(Option::is_none);
        }
        let mut puts = planned.puts.clone();
        for merges in planned.merges.chunks(ROWS) {
            let rows = self.patch(merges).await?;
            puts.extend(merges.iter().zip(rows).filter(|(_, row)| row.is_none()).map(|(given, _)| *given));
        }
        self.put(&puts).await?;
        self.put_local(planned).await?;
        Ok(lacks_rows)
    }

    /// Writes whole rows. While the database stores some of them, the next ones are decoded.
    async fn put(&self, puts: &[Given<'_>]) -> Result<()> {
        // What replaces rows reads them first, in order to bring them back should it fail. Added rows are only taken away again.
        let way = if puts.len() >= MANY && self.is_empty().await? { Way::Add } else { Way::Put };
        let mut before = None;
        for puts in puts.chunks(ROWS) {
            let mut encoded = Encoded::default();
            let encoding = puts.iter().try_for_each(|(key, json)| self.encode(&mut encoded, key, json));
            let mut writing = encoding.is_ok().then(|| Box::pin(maybe_done(self.write(encoded, way))));
            if let Some(writing) = &mut writing {
                // Begins, as it is behind the one before.
                let _ = poll_immediate(writing.as_mut()).await;
            }
            if let Err(error) = finished(replace(&mut before, writing)).await.and(encoding) {
                // What has begun takes its turn in any case.
                let _ = finished(before).await;
                return Err(error);
            }
        }
        finished(before).await
    }

    /// Changes rows that are there; answers them as they are now.
    async fn patch(&self, patches: &[Given<'_>]) -> Result<Vec<Option<Box<dyn Any>>>> {
        let Self { session, rows, columns } = self;
        let keys = patches.iter().map(|(key, _)| (*key).clone()).collect();
        let mut unfit = None;
        let mut apply = |at: usize, row: &mut dyn Any| {
            let (key, json) = patches[at];
            if let Err(error) = rows.patch(key, row, json, columns) {
                unfit.get_or_insert(error);
            }
        };
        let changed = change(session, rows.store, rows.row_type, keys, &mut apply).await;
        match unfit {
            Some(error) => Err(error),
            None => changed.map(|Change { rows, .. }| rows),
        }
    }

    /// Answers whether a row is missing.
    async fn by_leaving(&self, planned: &Planned<'_>) -> Result<bool> {
        let Planned { patches, merges, puts, local } = planned;
        let (changed, merged) = (self.patched(patches).await?, self.patched(merges).await?);
        let lacks_rows = changed.keys.len() < patches.len();
        let there: BTreeSet<&AnyKey> = merged.keys.iter().collect();
        let absent = merges.iter().filter(|(key, _)| !there.contains(key));
        let new: Vec<Given<'_>> = absent.chain(puts).copied().collect();
        let given = [patches, merges, puts].into_iter().flatten().map(|(key, _)| *key);
        self.delete(given.chain(local.iter().map(|(key, _)| *key)).cloned().collect()).await?;
        self.write(changed, Way::Put).await?;
        self.write(merged, Way::Put).await?;
        self.put(&new).await?;
        self.put_local(planned).await.map(|()| lacks_rows)
    }

    async fn put_local(&self, planned: &Planned<'_>) -> Result<()> {
        local::put_local(self.session, self.rows.store, planned.local.iter().copied()).await
    }

    /// Rows as they are once they have been changed.
    async fn patched(&self, patches: &[Given<'_>]) -> Result<Encoded> {
        let Self { session, rows, columns } = self;
        let mut encoded = Encoded::default();
        let keys: Vec<AnyKey> = patches.iter().map(|(key, _)| (*key).clone()).collect();
        if keys.is_empty() {
            return Ok(encoded);
        }
        let found = session.columns(rows.store, None, Operation::Get { keys, park: false }).await?;
        let shapes = found.shapes.borrow();
        let mut found = found.open(&*shapes).rows;
        for (key, json) in patches {
            let row = found.next(|reader| (rows.row_type.decode)(reader, &*shapes)).transpose();
            let row = row.map_err(|error| Error::decode(rows.table, Some((*key).clone()), error))?;
            let Some(mut row) = row.flatten() else { continue };
            rows.patch(key, &mut *row, json, columns)?;
            let written = rows.row_type.encode(&*row, &mut encoded.batch);
            written.map_err(|error| Error::encode(rows.table, Some((*key).clone()), None, error))?;
            encoded.keys.push((*key).clone());
        }
        Ok(encoded)
    }

    fn encode(&self, encoded: &mut Encoded, key: &AnyKey, json: &str) -> Result<()> {
        self.rows.write(key, json, self.columns, &mut encoded.batch)?;
        encoded.keys.push(key.clone());
        Ok(())
    }

    async fn is_empty(&self) -> Result<bool> {
        let count = Operation::Count(vec![KeyRange::all()]);
        self.session.number(self.rows.store, None, count).await.map(|count| count == 0)
    }

    async fn write(&self, encoded: Encoded, way: Way) -> Result<()> {
        let Encoded { mut batch, keys } = encoded;
        if keys.is_empty() {
            return Ok(());
        }
        let with_keys = self.rows.is_outbound();
        if with_keys {
            for key in &keys {
                write_key(&mut batch, key);
                batch.end_row();
            }
        }
        let (put, rows, count) = (way == Way::Put, batch.finish(), keys.len());
        let write = Write { put, rows, count, with_keys, want_keys: false, undone: Undone::Alone };
        self.session.run(self.rows.store, None, Operation::Write(write)).await.map(|_| ())
    }
}

/// Waits for the end of what has begun.
async fn finished<F: Future<Output = Result<()>>>(writing: Option<Pin<Box<MaybeDone<F>>>>) -> Result<()> {
    let Some(mut writing) = writing else { return Ok(()) };
    writing.as_mut().await;
    writing.as_mut().take_output().unwrap_or(Ok(()))
}

/// Rows that are to be written.
#[derive(Default)]
struct Encoded {
    batch: Batch,
    keys: Vec<AnyKey>,
}
