//! `Local`: rows that were written here and that the server has not answered yet, and how what comes from it goes beneath them.
//!
//! Of each such row the *base* is kept: the row as the server has it. What comes changes the base, and the row that is stored is
//! what was written here on top of that. Once the server has answered, the base is the row. Rows are here by two ways:
//! [`commit_with_txid`](crate::OverlayTransaction::commit_with_txid), until the transaction comes back; and writes, local first, whose
//! hooks have not been called to their end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::FutureExt;
use serde::{Deserialize, Serialize};

use super::columns::Columns;
use super::net::{Changes, Net};
use super::records::{Part, Progress, Records};
use super::rows::RowKind;
use crate::codec::{Batch, with_shapes};
use crate::engine::{self, Access, Session, Shared};
use crate::error::{Error, Result};
use crate::hooks::{InFlight, in_flight};
use crate::key::AnyKey;
use crate::overlay::LandedRow;
use crate::schema::KeyPath;
use crate::storage::Operation;
use crate::storage::memory::evaluator::{Object, Row, Value, Values, merge, put_of, rows_of, written};

/// What a row waits for, besides a hook that is under way, as it is stored. Its base is a record of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Awaiting {
    /// These transactions, which have not come back.
    txids: Vec<u64>,
    /// The server has said something about what was changed here: also that a transaction has come back.
    answered: bool,
}

/// One row.
#[derive(Clone, Debug)]
struct Pending {
    base: Option<Row>,
    awaiting: Awaiting,
    /// Its hook is under way.
    in_flight: bool,
    /// There are records of it.
    recorded: bool,
}

/// The rows of one table.
#[derive(Debug, Default)]
pub(super) struct Local(BTreeMap<AnyKey, Pending>);

/// Where the rows are.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub session: &'a Session,
    pub store: u16,
    pub records: &'a Records,
}

impl Local {
    pub async fn load(place: Place<'_>, in_flight: Vec<InFlight>) -> Result<Self> {
        let mut rows = BTreeMap::new();
        let awaiting = place.records.all::<Awaiting>(Part::Awaited).await?;
        if !awaiting.is_empty() {
            let mut bases: BTreeMap<AnyKey, Row> = place.records.rows(Part::Base).await?.into_iter().collect();
            for (key, awaiting) in awaiting {
                let base = bases.remove(&key);
                rows.insert(key, Pending { base, awaiting, in_flight: false, recorded: true });
            }
        }
        for InFlight { key, old, .. } in in_flight {
            let pending = || Pending { base: old, awaiting: Awaiting::default(), in_flight: true, recorded: false };
            rows.entry(key).or_insert_with(pending).in_flight = true;
        }
        Ok(Self(rows))
    }

    /// Takes out of the changes those that are about these rows; answers what comes of them. None if a row is missing that is to be
    /// changed, unless rows may be missing.
    pub async fn take(
        &mut self,
        place: Place<'_>,
        rows: &RowKind,
        columns: &Columns,
        changes: &mut Changes<'_>,
        progress: &Progress,
        may_lack_rows: bool,
    ) -> Result<Option<Stored>> {
        let mut stored = Stored::default();
        let touched: Vec<AnyKey> = self.0.keys().filter(|key| changes.0.contains_key(key)).cloned().collect();
        let current = place.rows(touched.clone()).await?;
        for (key, current) in touched.into_iter().zip(current) {
            let (Some(net), Some(pending)) = (changes.0.get(&key), self.0.get_mut(&key)) else { continue };
            let Some(base) = based(rows, columns, &key, pending.base.as_ref(), net)? else {
                if !may_lack_rows {
                    return Ok(None);
                }
                // What is there is only what was written here.
                changes.0.remove(&key);
                continue;
            };
            let row = pending.rebase(base, current);
            stored.rows.push((key.clone(), row));
            pending.hear_of(progress);
            if pending.recorded || !pending.is_done() {
                pending.recorded = true;
                stored.kept.push((key.clone(), pending.clone()));
            }
            changes.0.remove(&key);
        }
        let told: BTreeSet<AnyKey> = stored.rows.iter().map(|(key, _)| key.clone()).collect();
        self.finish(place, progress, &told, &mut stored).await?;
        Ok(Some(stored))
    }

    /// Of rows that wait for nothing any more, the base is what counts: for columns, as what is no column is not the server's.
    async fn finish(
        &mut self,
        place: Place<'_>,
        progress: &Progress,
        told: &BTreeSet<AnyKey>,
        stored: &mut Stored,
    ) -> Result<()> {
        let mut bases = Vec::new();
        for (key, pending) in &mut self.0 {
            let has_heard = pending.hear_of(progress);
            if !pending.is_done() || !(pending.recorded || told.contains(key)) {
                if has_heard {
                    stored.kept.push((key.clone(), pending.clone()));
                }
                continue;
            }
            stored.kept.retain(|(kept, _)| kept != key);
            stored.gone.push(key.clone());
            // What the server has counts more than what is stored, if it has said so.
            if pending.awaiting.answered {
                stored.rows.retain(|(row, _)| row != key);
                bases.push((key.clone(), pending.base.clone()));
            }
        }
        if let Some(columns) = &progress.fields {
            let current = place.rows(bases.iter().map(|(key, _)| key.clone()).collect()).await?;
            for ((_, base), current) in bases.iter_mut().zip(current) {
                if let (Some(base), Some(current)) = (base, current) {
                    *base = settled(base, &current, columns);
                }
            }
        }
        stored.rows.append(&mut bases);
        Ok(())
    }
}

/// The row as the server has it, with what else is stored.
fn settled(base: &Row, current: &Value, columns: &[String]) -> Row {
    let (Value::Object(theirs), Value::Object(own)) = (&**base, current) else { return base.clone() };
    let is_column = |name: &str| columns.iter().any(|column| column == name);
    let theirs = theirs.iter().filter(|(name, _)| is_column(name));
    let own = own.iter().filter(|(name, _)| !is_column(name));
    let properties = theirs.chain(own).map(|(name, value)| (name.clone(), value.clone()));
    Row::new(Value::Object(Object::new(properties.collect())))
}

impl Pending {
    /// Goes on to another base; answers the row that is to be stored.
    fn rebase(&mut self, base: Option<Row>, current: Option<Row>) -> Option<Row> {
        let before = std::mem::replace(&mut self.base, base);
        match (&self.base, before, current) {
            (Some(base), Some(before), Some(current)) => {
                // What it has said besides what was changed here, the row takes over.
                self.awaiting.answered |= meet(&before, base, &current);
                Some(Row::new(merge(base, &before, (*current).clone())))
            }
            // Deleted here: only that it is gone there, too, is an answer.
            (Some(_), _, None) => None,
            (_, _, current) => {
                self.awaiting.answered = true;
                current
            }
        }
    }

    /// Transactions have come back. Not all of them are remembered for as long as the row waits for another; answers whether it
    /// has waited for one of these.
    fn hear_of(&mut self, progress: &Progress) -> bool {
        let Awaiting { txids, answered } = &mut self.awaiting;
        let before = txids.len();
        txids.retain(|txid| !progress.has(*txid));
        let has_heard = txids.len() < before;
        *answered |= has_heard;
        has_heard
    }

    /// Whether nothing is waited for any more.
    fn is_done(&self) -> bool {
        !self.in_flight && self.awaiting.txids.is_empty()
    }
}

/// Whether the server has changed something of a row that was changed here as well.
fn meet(before: &Value, base: &Value, current: &Value) -> bool {
    let (Value::Object(before), Value::Object(base), Value::Object(current)) = (before, base, current) else {
        return true;
    };
    let differs = |a: Option<&Value>, b: Option<&Value>| match (a, b) {
        (Some(a), Some(b)) => !a.same(b),
        (None, None) => false,
        _ => true,
    };
    let names: BTreeSet<&str> =
        [before, base, current].iter().flat_map(|row| row.iter().map(|(name, _)| &**name)).collect();
    names.into_iter().any(|name| {
        let before = before.get(name);
        differs(before, base.get(name)) && differs(before, current.get(name))
    })
}

/// The base after a change; none if the change is about a row that is not there.
#[allow(clippy::option_option, reason = "a base may be that there is no row")]
fn based(
    rows: &RowKind,
    columns: &Columns,
    key: &AnyKey,
    base: Option<&Row>,
    net: &Net<'_>,
) -> Result<Option<Option<Row>>> {
    match (net, base) {
        (Net::Delete, _) => Ok(Some(None)),
        (Net::Put(json), _) | (Net::Merge(json), None) => {
            let mut batch = Batch::default();
            rows.write(key, json, columns, &mut batch)?;
            Ok(Some(Some(Row::new(value(batch)))))
        }
        (Net::Patch(json) | Net::Merge(json), Some(base)) => {
            let mut row = rows
                .row_type
                .read(&written(base))
                .map_err(|error| Error::decode(rows.table, Some(key.clone()), error))?;
            let encoded = |row: &dyn std::any::Any| {
                let mut batch = Batch::default();
                let encoded = rows.row_type.encode(row, &mut batch);
                encoded
                    .map(|()| value(batch))
                    .map_err(|error| Error::encode(rows.table, Some(key.clone()), None, error))
            };
            let before = encoded(&*row)?;
            rows.patch(key, &mut *row, json, columns)?;
            let after = encoded(&*row)?;
            Ok(Some(Some(Row::new(merge(base, &before, after)))))
        }
        (Net::Patch(_) | Net::Lost, _) => Ok(None),
    }
}

/// The only row of a batch.
fn value(batch: Batch) -> Value {
    let batch = batch.finish();
    with_shapes(|shapes| Values::new(&batch, &*shapes).row())
}

/// What is to be stored.
#[derive(Default)]
pub(super) struct Stored {
    pub rows: Vec<LocalRow>,
    kept: Vec<(AnyKey, Pending)>,
    /// Rows of which there are to be no records any more.
    gone: Vec<AnyKey>,
}

/// A row as it is to be; none if it is to be gone.
pub(super) type LocalRow = (AnyKey, Option<Row>);

impl Stored {
    async fn store(self, place: Place<'_>) -> Result<()> {
        match place.write(&self.rows).await {
            // Rows may be changing places in a unique index: then they leave before they come.
            Err(Error::Constraint { .. }) => {
                let keys = self.rows.iter().map(|(key, _)| key.clone()).collect();
                place.session.run(place.store, None, Operation::Delete(keys)).await?;
                place.write(&self.rows).await?;
            }
            written => written?,
        }
        self.note(place).await
    }

    /// Once the rows are stored: what they wait for.
    pub async fn note(self, place: Place<'_>) -> Result<()> {
        place.forget(self.gone).await?;
        place.keep(self.kept).await
    }
}

impl Place<'_> {
    async fn rows(&self, keys: Vec<AnyKey>) -> Result<Vec<Option<Row>>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let columns = self.session.columns(self.store, None, Operation::Get { keys, park: false }).await?;
        Ok(rows_of(&columns))
    }

    async fn write(&self, rows: &[LocalRow]) -> Result<()> {
        let deleted: Vec<AnyKey> = rows.iter().filter(|(_, row)| row.is_none()).map(|(key, _)| key.clone()).collect();
        if !deleted.is_empty() {
            self.session.run(self.store, None, Operation::Delete(deleted)).await?;
        }
        let rows = rows.iter().filter_map(|(key, row)| Some((key, row.as_ref()?)));
        put_local(self.session, self.store, rows).await
    }

    async fn forget(&self, keys: Vec<AnyKey>) -> Result<()> {
        if !keys.is_empty() {
            self.records.delete(Part::Awaited, keys.clone()).await?;
            self.records.delete(Part::Base, keys).await?;
        }
        Ok(())
    }

    async fn keep(&self, rows: Vec<(AnyKey, Pending)>) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let without: Vec<AnyKey> =
            rows.iter().filter(|(_, pending)| pending.base.is_none()).map(|(key, _)| key.clone()).collect();
        if !without.is_empty() {
            self.records.delete(Part::Base, without).await?;
        }
        let bases = rows.iter().filter_map(|(key, pending)| Some((key.clone(), pending.base.clone()?))).collect();
        self.records.put_rows(Part::Base, bases).await?;
        let awaiting = rows.into_iter().map(|(key, pending)| (Some(key), pending.awaiting)).collect();
        self.records.put(Part::Awaited, awaiting).await
    }
}

/// Puts rows as they are.
pub(super) async fn put_local<'a>(
    session: &Session,
    store: u16,
    rows: impl Iterator<Item = (&'a AnyKey, &'a Row)> + Clone,
) -> Result<()> {
    if rows.clone().next().is_none() {
        return Ok(());
    }
    let with_keys = session.shared.schema(store).key.path == KeyPath::None;
    session.run(store, None, Operation::Write(put_of(rows, with_keys))).await.map(|_| ())
}

/// Notes, in the transaction that has stored them, that rows wait for a transaction of the server's.
pub(super) async fn await_txid(session: &Session, landed: Vec<LandedRow>, txid: u64) -> Result<()> {
    let mut by_store: BTreeMap<u16, Vec<LandedRow>> = BTreeMap::new();
    for row in landed {
        by_store.entry(row.store).or_default().push(row);
    }
    for (store, landed) in by_store {
        let records = Records::new(session, session.shared.table_name(store));
        let place = Place { session, store, records: &records };
        let mut local = Local::load(place, Vec::new()).await?;
        let mut kept = Vec::new();
        for LandedRow { key, before, .. } in landed {
            let awaiting = Awaiting::default();
            let new = Pending { base: before, awaiting, in_flight: false, recorded: true };
            let mut pending = local.0.remove(&key).unwrap_or(new);
            if !pending.awaiting.txids.contains(&txid) {
                pending.awaiting.txids.push(txid);
            }
            kept.push((key, pending));
        }
        place.keep(kept).await?;
    }
    Ok(())
}

/// Looks whether rows of a table wait for something that has come already, or for hooks that are done.
pub(super) async fn settle(shared: &Arc<Shared>, store: u16) -> Result<()> {
    let stores = vec![store, shared.records()];
    let body = move |session: Session| {
        async move {
            let session = session.silent();
            let records = Records::new(&session, session.shared.table_name(store));
            let place = Place { session: &session, store, records: &records };
            let progress = records.get::<Progress>(Part::Progress, Progress::KEY).await?.unwrap_or_default();
            let mut local = Local::load(place, in_flight(&session.shared, store)).await?;
            let mut outcome = Stored::default();
            local.finish(place, &progress, &BTreeSet::new(), &mut outcome).await?;
            outcome.store(place).await
        }
        .boxed_local()
    };
    engine::transact(shared.clone(), stores, Access::ReadWrite, None, body).await
}
