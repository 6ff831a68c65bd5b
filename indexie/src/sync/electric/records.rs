//! `Records`: what is known of a table's shape, kept beside its rows in the library's own store, and changed in the same
//! transactions as they are.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::message::Snapshot;
use crate::codec::from_value;
use crate::engine::{RowType, Session};
use crate::error::{Error, Result};
use crate::key::range::KeyRange;
use crate::key::{AnyKey, Entry};
use crate::schema::RECORDS;
use crate::storage::memory::evaluator::{Row, put_of, rows_of};
use crate::storage::{Columns, Operation, Scan, Want};
use crate::table::{Rows, Rowwise, Target};

/// How far a table has followed its shape.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Progress {
    /// What tells the shape from others.
    pub shape: String,
    pub handle: String,
    pub offset: String,
    /// The columns, as the server has listed them.
    pub schema: String,
    /// The last transactions that have come back.
    pub txids: Vec<u64>,
    /// Which ones the snapshot had.
    pub snapshot: Option<Snapshot>,
    /// When all that there was had come, in milliseconds since 1970.
    pub up_to_date: f64,
    /// How many lists of keys there are.
    pub lists: u32,
    /// The columns that fields of the rows have been filled from, if that is known.
    pub fields: Option<Vec<String>>,
}

/// Keys of rows that have come, and of such as have gone again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Keys {
    /// As JSON: one text is stored faster than thousands of small objects.
    pub come: String,
    pub gone: String,
}

/// The parts of the store, each for one purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Progress,
    Keys,
    /// What makes a row of a shape with subqueries visible.
    Tags,
    /// Rows that were written here and wait for the server, and what it has of them.
    Awaited,
    Base,
    /// Changes that are not rows yet.
    Staged,
}

impl Part {
    const ALL: [Self; 6] = [Self::Progress, Self::Keys, Self::Tags, Self::Awaited, Self::Base, Self::Staged];

    fn name(self) -> &'static str {
        match self {
            Self::Progress => "progress",
            Self::Keys => "keys",
            Self::Tags => "tags",
            Self::Awaited => "awaited",
            Self::Base => "base",
            Self::Staged => "staged",
        }
    }
}

/// The records of one table.
#[derive(Clone, Debug)]
pub(crate) struct Records {
    session: Session,
    /// The number of the library's own store.
    store: u16,
    table: String,
}

impl Records {
    pub(super) fn new(session: &Session, table: &str) -> Self {
        Self::within(session, session.shared.records(), table)
    }

    /// Where the library's own store has another number than usual.
    pub fn within(session: &Session, store: u16, table: &str) -> Self {
        Self { session: session.clone(), store, table: table.to_owned() }
    }

    fn target<R: Serialize + DeserializeOwned + 'static>(&self) -> Target {
        Target { session: self.session.clone(), store: self.store, row_type: RowType::keyless::<R>(&[]) }
    }

    fn key(&self, part: Part, rest: Option<AnyKey>) -> AnyKey {
        let mut key = vec![part.name().into(), self.table.as_str().into()];
        key.extend(rest);
        AnyKey::Array(key)
    }

    fn range(&self, part: Part) -> KeyRange {
        KeyRange::with_prefix(&[part.name().into(), self.table.as_str().into()])
    }

    pub(super) async fn get<R>(&self, part: Part, rest: Option<AnyKey>) -> Result<Option<R>>
    where
        R: Serialize + DeserializeOwned + 'static,
    {
        let found = self.target::<R>().get::<R>(None, Ok(vec![self.key(part, rest)])).await?;
        Ok(found.into_iter().next().flatten())
    }

    pub(super) async fn put<R>(&self, part: Part, records: Vec<(Option<AnyKey>, R)>) -> Result<()>
    where
        R: Serialize + DeserializeOwned + 'static,
    {
        let (keys, records): (Vec<_>, Vec<R>) =
            records.into_iter().map(|(rest, record)| (Ok(self.key(part, rest)), record)).unzip();
        let rows = Rows::encode(RECORDS, &[], &records, Rowwise::Many, |_| Entry::none());
        let rows = rows.and_then(|rows| rows.under(RECORDS, keys, Rowwise::Many));
        self.target::<R>().write(rows, true, Rowwise::Many).await.map(|_| ())
    }

    /// Stores rows as they are.
    pub(super) async fn put_rows(&self, part: Part, rows: Vec<(AnyKey, Row)>) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let rows: Vec<(AnyKey, Row)> = rows.into_iter().map(|(key, row)| (self.key(part, Some(key)), row)).collect();
        let write = put_of(rows.iter().map(|(key, row)| (key, row)), true);
        self.session.run(self.store, None, Operation::Write(write)).await.map(|_| ())
    }

    pub(super) async fn delete(&self, part: Part, rest: Vec<AnyKey>) -> Result<()> {
        let keys = rest.into_iter().map(|rest| self.key(part, Some(rest))).collect();
        self.target::<u32>().delete(Ok(keys)).await
    }

    pub(super) async fn delete_all(&self, part: Part) -> Result<()> {
        let ranges = Operation::DeleteRanges(vec![self.range(part)]);
        self.session.run(self.store, None, ranges).await.map(|_| ())
    }

    /// All records of a part, as they are stored.
    async fn scan(&self, part: Part) -> Result<Columns> {
        let scan = Scan {
            ranges: vec![self.range(part)],
            reverse: false,
            unique: false,
            offset: 0,
            limit: None,
            after: None,
            want: Want::ENTRIES,
        };
        self.session.columns(self.store, None, Operation::Scan(scan)).await
    }

    /// All rows of a part, with the rest of their keys.
    pub(super) async fn rows(&self, part: Part) -> Result<Vec<(AnyKey, Row)>> {
        let columns = self.scan(part).await?;
        let (keys, rows) = (columns.primary_keys(), rows_of(&columns));
        Ok(keys.iter().zip(rows).filter_map(|(key, row)| rest_of(key).zip(row)).collect())
    }

    /// All records of a part, with the rest of their keys.
    pub(super) async fn all<R: DeserializeOwned>(&self, part: Part) -> Result<Vec<(AnyKey, R)>> {
        let columns = self.scan(part).await?;
        let shapes = columns.shapes.borrow();
        let mut opened = columns.open(&*shapes);
        let mut all = Vec::with_capacity(columns.count);
        for key in opened.primary_keys {
            let rest = rest_of(&key);
            let record = opened.rows.next(|reader| from_value::<R>(reader, &*shapes)).transpose();
            let record = record.map_err(|error| Error::decode(RECORDS, Some(key), error))?;
            all.extend(rest.zip(record.flatten()));
        }
        Ok(all)
    }

    // --- what upgrades do with tables

    /// The table is gone, or another one that begins anew.
    pub async fn forget(&self) -> Result<()> {
        for part in Part::ALL {
            self.delete_all(part).await?;
        }
        Ok(())
    }

    /// The table has another name.
    pub async fn rename(&self, to: &str) -> Result<()> {
        let new = Self::within(&self.session, self.store, to);
        if let Some(progress) = self.get::<Progress>(Part::Progress, Progress::KEY).await? {
            new.put(Part::Progress, vec![(Progress::KEY, progress)]).await?;
        }
        for part in [Part::Keys, Part::Tags, Part::Awaited, Part::Base] {
            self.hand_on(part, &new).await?;
        }
        self.forget().await
    }

    /// Another table has the same rows in another form: which of them are the server's is still known, and no more than that.
    pub async fn replaced_by(&self, table: &str) -> Result<()> {
        self.hand_on(Part::Keys, &Self::within(&self.session, self.store, table)).await
    }

    async fn hand_on(&self, part: Part, to: &Self) -> Result<()> {
        to.put_rows(part, self.rows(part).await?).await
    }

    // --- which rows have come from the server

    /// The keys of all rows that have come and not gone.
    pub(super) async fn keys(&self) -> Result<BTreeSet<AnyKey>> {
        let mut keys = BTreeSet::new();
        for (_, Keys { come, gone }) in self.all::<Keys>(Part::Keys).await? {
            for key in read_keys(&gone)? {
                keys.remove(&key);
            }
            keys.extend(read_keys(&come)?);
        }
        Ok(keys)
    }
}

/// What of a record's key tells it from others of its part.
fn rest_of(key: &AnyKey) -> Option<AnyKey> {
    match key {
        AnyKey::Array(parts) => parts.last().cloned(),
        _ => None,
    }
}

/// A list of keys as it is stored.
pub(super) fn write_keys<'a>(keys: impl IntoIterator<Item = &'a AnyKey>) -> String {
    let keys: Vec<&AnyKey> = keys.into_iter().collect();
    // Keys are made of what JSON can hold.
    if keys.is_empty() { String::new() } else { serde_json::to_string(&keys).unwrap_or_default() }
}

fn read_keys(list: &str) -> Result<Vec<AnyKey>> {
    if list.is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_str(list).map_err(|error| Error::Decode {
        table: RECORDS.to_owned(),
        key: None,
        path: Part::Keys.name().to_owned(),
        message: error.to_string(),
    })
}

impl Progress {
    pub const KEY: Option<AnyKey> = None;

    /// Whether rows that have come are without some of these columns, for which records had no fields then.
    pub fn lacks(&self, fields: Option<&[String]>) -> bool {
        let Some((known, fields)) = self.fields.as_ref().zip(fields) else { return false };
        fields.iter().any(|field| !known.contains(field))
    }

    /// Whether a transaction of PostgreSQL's has come.
    pub fn has(&self, txid: u64) -> bool {
        self.txids.iter().any(|known| same(*known, txid))
            || self.snapshot.as_ref().is_some_and(|snapshot| snapshot.has(txid))
    }
}

/// Changes carry the lower 32 bits of a transaction's number.
fn same(a: u64, b: u64) -> bool {
    a & 0xffff_ffff == b & 0xffff_ffff
}

impl Snapshot {
    /// Whether it has seen a transaction, whose number may be the lower 32 bits only.
    pub fn has(&self, txid: u64) -> bool {
        let txid = if txid > 0xffff_ffff { txid } else { self.whole(txid) };
        txid < self.xmin || (txid < self.xmax && !self.xip.contains(&txid))
    }

    /// The whole number of a transaction that is not far from the snapshot.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "the difference wraps, as the numbers do"
    )]
    fn whole(&self, txid: u64) -> u64 {
        let difference = (txid as u32).wrapping_sub(self.xmax as u32) as i32;
        self.xmax.saturating_add_signed(difference.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_has_what_was_done_before_it() {
        let snapshot = Snapshot { xmin: 754, xmax: 757, xip: vec![755] };
        let has = |txid| snapshot.has(txid);
        assert_eq!([753, 754, 755, 756, 757, 758].map(has), [true, true, false, true, false, false]);
    }

    #[test]
    fn numbers_of_transactions_wrap() {
        let snapshot = Snapshot { xmin: (1 << 32) + 5, xmax: (1 << 32) + 10, xip: vec![] };
        assert!(snapshot.has(u64::from(u32::MAX)), "just before they wrapped");
        assert!(snapshot.has(9));
        assert!(!snapshot.has(11));
        assert!(!snapshot.has((1 << 32) + 11));
        let progress = Progress { txids: vec![7], ..Progress::default() };
        assert!(progress.has((1 << 32) + 7) && progress.has(7) && !progress.has(8));
    }

    #[test]
    fn rows_lack_what_records_had_no_fields_for() {
        let columns = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let progress = |fields| Progress { fields, ..Progress::default() };
        let two = progress(Some(columns(&["id", "name"])));
        assert!(two.lacks(Some(&columns(&["age", "id", "name"]))));
        assert!(!two.lacks(Some(&columns(&["id", "name"]))));
        assert!(!two.lacks(Some(&columns(&["name"]))), "one has gone");
        assert!(!two.lacks(None) && !progress(None).lacks(Some(&columns(&["id"]))), "nobody knows");
    }

    #[test]
    fn lists_of_keys_come_back() {
        let keys = [AnyKey::from(1), AnyKey::from("a\"b"), AnyKey::Array(vec![AnyKey::from("x"), AnyKey::Date(5.0)])];
        assert_eq!(read_keys(&write_keys(&keys)).expect("a list"), keys);
        assert_eq!(read_keys(&write_keys(&[])).expect("a list"), []);
    }
}
