//! `Writing`: the rows of a batch on their way into the table, within its transaction.

use std::any::Any;

use super::columns::Columns;
use super::net::{Changes, Net};
use super::rows::RowKind;
use crate::codec::{Batch, write_key};
use crate::engine::Session;
use crate::error::{Error, Result};
use crate::key::AnyKey;
use crate::storage::{Operation, Write};
use crate::table::{Change, change};

/// Rows that are written with one request.
const ROWS: usize = 2_000;

pub(super) struct Writing<'a> {
    /// Of the transaction.
    pub session: &'a Session,
    pub rows: &'a RowKind,
    pub columns: &'a Columns,
}

/// Columns of a row, as JSON.
type Given<'a> = (&'a AnyKey, &'a str);

impl Writing<'_> {
    /// Writes what changes come to. Answers false if a row is missing that is to be changed, unless rows may be missing.
    pub async fn all(&self, changes: &Changes<'_>, may_lack_rows: bool) -> Result<bool> {
        let (mut deleted, mut patches, mut puts) = (Vec::new(), Vec::new(), Vec::new());
        for (key, net) in &changes.0 {
            match net {
                Net::Put(json) => puts.push((key, &**json)),
                Net::Patch(json) => patches.push((key, &**json)),
                Net::Delete => deleted.push(key.clone()),
                Net::Lost => return Ok(false),
            }
        }
        self.delete(deleted).await?;
        match self.in_place(&patches, &puts).await {
            Ok(lacks_rows) => Ok(may_lack_rows || !lacks_rows),
            // Rows may be changing places in a unique index: then they leave before they come.
            Err(Error::Constraint { .. }) => self.by_leaving(&patches, &puts).await.map(|()| true),
            Err(error) => Err(error),
        }
    }

    pub async fn delete(&self, keys: Vec<AnyKey>) -> Result<()> {
        if !keys.is_empty() {
            self.session.run(self.rows.store, None, Operation::Delete(keys)).await?;
        }
        Ok(())
    }

    /// Answers whether a row is missing.
    async fn in_place(&self, patches: &[Given<'_>], puts: &[Given<'_>]) -> Result<bool> {
        let mut lacks_rows = false;
        for patches in patches.chunks(ROWS) {
            let rows = self.patch(patches).await?;
            lacks_rows |= rows.iter().any(Option::is_none);
        }
        for puts in puts.chunks(ROWS) {
            let mut encoded = Encoded::default();
            for (key, json) in puts {
                self.encode(&mut encoded, key, json)?;
            }
            self.write(encoded).await?;
        }
        Ok(lacks_rows)
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

    async fn by_leaving(&self, patches: &[Given<'_>], puts: &[Given<'_>]) -> Result<()> {
        let changed = self.patched(patches).await?;
        let keys: Vec<AnyKey> = patches.iter().chain(puts).map(|(key, _)| (*key).clone()).collect();
        self.delete(keys).await?;
        self.write(changed).await?;
        self.in_place(&[], puts).await.map(|_| ())
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
            rows.row_type.encode(&*row, &mut encoded.batch).map_err(|error| Error::encode(rows.table, None, error))?;
            encoded.keys.push((*key).clone());
        }
        Ok(encoded)
    }

    fn encode(&self, encoded: &mut Encoded, key: &AnyKey, json: &str) -> Result<()> {
        self.rows.write(key, json, self.columns, &mut encoded.batch)?;
        encoded.keys.push(key.clone());
        Ok(())
    }

    async fn write(&self, encoded: Encoded) -> Result<()> {
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
        let write = Write { put: true, rows: batch.finish(), count: keys.len(), with_keys, want_keys: false };
        self.session.run(self.rows.store, None, Operation::Write(write)).await.map(|_| ())
    }
}

/// Rows that are to be written.
#[derive(Default)]
struct Encoded {
    batch: Batch,
    keys: Vec<AnyKey>,
}
