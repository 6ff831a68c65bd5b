//! `Net`: what a batch of changes comes to, row by row. Pure.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::columns::Columns;
use super::decode;
use super::machine::Item;
use super::message::{Change, Operation};
use super::rows::RowKind;
use super::tags::Tags;
use crate::error::Error;
use crate::key::AnyKey;

/// What becomes of one row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Net<'a> {
    /// It is this one, whatever was there before.
    Put(Cow<'a, str>),
    /// These are all of its columns; what else a row has that is there stays.
    Merge(Cow<'a, str>),
    /// Some of its columns are others.
    Patch(Cow<'a, str>),
    Delete,
    /// Columns of a row that is not there: what is stored cannot be what the server believes it to be.
    Lost,
}

/// The changes of a batch, by key.
#[derive(Debug, Default)]
pub(super) struct Changes<'a>(pub BTreeMap<AnyKey, Net<'a>>);

impl<'a> Changes<'a> {
    /// Folds changes that follow one another.
    pub fn of(
        items: &'a [Item],
        rows: &RowKind,
        columns: &Columns,
        tags: &mut Tags,
        changes_only: bool,
    ) -> Result<Self, Error> {
        let mut changes = Self::default();
        for item in items {
            match item {
                Item::Change(change) => {
                    let json = change.value.get();
                    let key = rows.key(&change.key, json, columns)?;
                    let before = old_key(change, rows, columns).filter(|before| *before != key);
                    if let Some(before) = &before {
                        tags.moved_to(before, &key);
                        changes.leave(before, json, columns);
                    }
                    tags.changed(&key, change);
                    if before.is_some() {
                        changes.0.insert(key, Net::Put(json.into()));
                    } else {
                        changes.add(key, change, columns, changes_only);
                    }
                }
                Item::Moved(moved) => {
                    for key in tags.moved(moved) {
                        changes.0.insert(key, Net::Delete);
                    }
                }
            }
        }
        Ok(changes)
    }

    /// A row has got another key, by which the server does not know it. Another row may have the one it had by now.
    fn leave(&mut self, before: &AnyKey, json: &str, columns: &Columns) {
        let name = |json: &str| decode::outside_key(json, columns).ok();
        let is_taken = matches!(self.0.get(before), Some(Net::Put(row) | Net::Merge(row)) if name(row) != name(json));
        if !is_taken {
            self.0.insert(before.clone(), Net::Delete);
        }
    }

    fn add(&mut self, key: AnyKey, change: &'a Change, columns: &Columns, changes_only: bool) {
        let json = change.value.get();
        let net = match change.operation {
            Operation::Insert => Net::Put(json.into()),
            Operation::Delete => Net::Delete,
            // Of a log that begins in the middle, what is not there is not to come by a change, even a complete one.
            Operation::Update if !changes_only && decode::is_complete(json, columns) => match self.0.get(&key) {
                None | Some(Net::Patch(_) | Net::Merge(_)) => Net::Merge(json.into()),
                Some(Net::Put(_) | Net::Delete | Net::Lost) => Net::Put(json.into()),
            },
            Operation::Update => match self.0.get(&key) {
                None => Net::Patch(json.into()),
                Some(Net::Put(before)) => Net::Put(decode::merged(before, json).into()),
                Some(Net::Merge(before)) => Net::Merge(decode::merged(before, json).into()),
                Some(Net::Patch(before)) => Net::Patch(decode::merged(before, json).into()),
                Some(Net::Delete) if changes_only => Net::Delete,
                Some(Net::Delete | Net::Lost) => Net::Lost,
            },
        };
        self.0.insert(key, net);
    }
}

/// The key that a row had before a change of all of it, if that tells. None that is stored has one that is none.
fn old_key(change: &Change, rows: &RowKind, columns: &Columns) -> Option<AnyKey> {
    let json = change.value.get();
    let old = change.old.as_ref().filter(|_| change.operation == Operation::Update)?;
    let is_whole = decode::is_complete(json, columns);
    is_whole.then(|| rows.key(&change.key, &decode::merged(json, old.get()), columns).ok()).flatten()
}
