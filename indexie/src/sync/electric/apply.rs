//! Storing what has come: one transaction holds the rows and the place in the log that they lead to (`electric.md` §0 rule 1).
//! Nobody attends it: live queries hear of it, hooks do not.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use futures::FutureExt;

use super::local::{Local, Place};
use super::machine::{Batch, Item, Position};
use super::net::{Changes, Net};
use super::records::{Keys, Part, Progress, Records, write_keys};
use super::rows::RowKind;
use super::staged;
use super::tags::{RowTags, Tags};
use super::writing::Writing;
use crate::engine::{self, Access, Session, Shared};
use crate::error::{Error, Result};
use crate::hooks::in_flight;
use crate::key::AnyKey;

/// Keys in one list of those that have come.
const KEYS: usize = 10_000;
/// So many lists are made one again.
const LISTS: u32 = 200;
/// So many transactions are remembered; of a batch that has more of them, all are until the next one comes.
const TXIDS: usize = 1_000;

/// What has come of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Applied {
    Stored {
        /// Rows were written here whose hooks were under way.
        in_flight: bool,
    },
    /// What is stored lacks a row that the server takes for granted. Nothing was stored.
    Lost,
    /// Another tab has gone on meanwhile. Nothing was stored.
    Overtaken,
}

/// A batch, and the shape that it is of.
pub(super) struct Task {
    pub rows: RowKind,
    pub shape: Rc<str>,
    pub batch: Batch,
    /// Whose parts those are that have been put aside.
    pub owner: f64,
    /// Where the table is believed to be.
    pub from: Progress,
    pub changes_only: bool,
    pub now: f64,
}

/// Stores a batch: all of it, or nothing.
pub(super) async fn apply(shared: &Arc<Shared>, task: Task) -> Result<(Applied, Progress)> {
    let stores = vec![task.rows.store, shared.records()];
    let applied = Rc::new(Cell::new(Applied::Stored { in_flight: false }));
    let told = applied.clone();
    let body = move |session: Session| async move { task.run(&session.silent(), &told).await }.boxed_local();
    let result = engine::transact(shared.clone(), stores, Access::ReadWrite, None, body).await;
    match applied.get() {
        ended @ Applied::Stored { .. } => result.map(|progress| (ended, progress)),
        why => Ok((why, Progress::default())),
    }
}

impl Task {
    async fn run(&self, session: &Session, applied: &Cell<Applied>) -> Result<Progress> {
        let Self { rows, batch, .. } = self;
        let not_to_be = |why| {
            applied.set(why);
            Err(Error::Aborted { reason: "it is not to be stored".to_owned() })
        };
        let records = Records::new(session, rows.table);
        let before = records.get::<Progress>(Part::Progress, Progress::KEY).await?.unwrap_or_default();
        if (&before.shape, &before.handle, &before.offset) != (&self.from.shape, &self.from.handle, &self.from.offset) {
            return not_to_be(Applied::Overtaken);
        }
        let mut tags = self.tags(&records).await?;
        let place = Place { session, store: rows.store, records: &records };
        let in_flight = in_flight(&session.shared, rows.store);
        applied.set(Applied::Stored { in_flight: !in_flight.is_empty() });
        let mut parts = Parts {
            task: self,
            local: Local::load(place, in_flight).await?,
            writing: Writing { session, rows, columns: &batch.columns },
            place,
            progress: self.progress(before, &self.shape),
        };
        if batch.staged > 0 {
            parts.clear_old_rows().await?;
            for at in 0..batch.staged {
                // Another program has cleared them away.
                let Some(items) = staged::get(&records, self.owner, at).await? else {
                    return not_to_be(Applied::Overtaken);
                };
                if !parts.store(&items, &mut tags).await? {
                    return not_to_be(Applied::Lost);
                }
            }
            records.delete_all(Part::Staged).await?;
        }
        if !parts.store(&batch.items, &mut tags).await? {
            return not_to_be(Applied::Lost);
        }
        let progress = parts.progress;
        store_tags(&records, tags, batch.replaces).await?;
        records.put(Part::Progress, vec![(Progress::KEY, progress.clone())]).await?;
        Ok(progress)
    }

    /// The tags that are known, where they are needed.
    async fn tags(&self, records: &Records) -> Result<Tags> {
        let needs = |item: &Item| match item {
            Item::Change(change) => Tags::are_needed(change),
            Item::Moved(_) => true,
        };
        if self.batch.replaces || (self.batch.staged == 0 && !self.batch.items.iter().any(needs)) {
            return Ok(Tags::default());
        }
        Ok(Tags::new(records.all::<RowTags>(Part::Tags).await?))
    }

    fn progress(&self, before: Progress, shape: &str) -> Progress {
        let Batch { position, columns, replaces, txids, snapshot, .. } = &self.batch;
        // All of the batch's stay: rows may wait for any of them, and so may whoever learns of the batch from what is stored.
        let mut known = before.txids;
        known.drain(..(known.len() + txids.len()).saturating_sub(TXIDS).min(known.len()));
        known.extend(txids);
        let Position { handle, offset, .. } = position;
        Progress {
            shape: shape.to_owned(),
            handle: handle.clone().unwrap_or_default(),
            offset: offset.to_string(),
            schema: position.columns.as_ref().map(|(schema, _)| schema.clone()).unwrap_or_default(),
            txids: known,
            // What a later one has seen, the earlier ones have not contradicted.
            snapshot: snapshot.clone().or(before.snapshot.filter(|_| !replaces)),
            up_to_date: self.now,
            lists: if *replaces { 0 } else { before.lists },
            fields: self.rows.fields(columns),
        }
    }
}

/// A batch that is stored part by part: what has been put aside, and what is left.
struct Parts<'a> {
    task: &'a Task,
    local: Local,
    writing: Writing<'a>,
    place: Place<'a>,
    progress: Progress,
}

impl Parts<'_> {
    /// Of a new generation that comes in parts, the old one's rows go first: they could stand in the way in unique indexes.
    async fn clear_old_rows(&mut self) -> Result<()> {
        if !self.task.batch.replaces {
            return Ok(());
        }
        let keys = self.place.records.keys().await?;
        self.place.records.delete_all(Part::Keys).await?;
        let changes = Changes(keys.into_iter().map(|key| (key, Net::Delete)).collect());
        self.write(changes).await.map(drop)
    }

    /// Stores changes; answers false if they do not fit what is stored.
    async fn store(&mut self, items: &[Item], tags: &mut Tags) -> Result<bool> {
        let Task { rows, batch, changes_only, .. } = self.task;
        let mut changes = Changes::of(items, rows, &batch.columns, tags, *changes_only)?;
        let replaces = batch.replaces && batch.staged == 0;
        if replaces && !changes_only && changes.0.values().any(|net| matches!(net, Net::Patch(_))) {
            // Of a row that the new generation does not have: the old one's is not meant.
            return Ok(false);
        }
        self.remember(&mut changes, replaces).await?;
        self.write(changes).await
    }

    async fn write(&mut self, mut changes: Changes<'_>) -> Result<bool> {
        let (Task { rows, batch, changes_only, .. }, place) = (self.task, self.place);
        let taken = self.local.take(place, rows, &batch.columns, &mut changes, &self.progress, *changes_only);
        let Some(stored) = taken.await? else { return Ok(false) };
        let fits = self.writing.all(&changes, &stored.rows, *changes_only).await?;
        stored.note(place).await.map(|()| fits)
    }

    /// Keeps account of the rows that are the server's; of a new generation, those of the old one go that are not in it.
    async fn remember(&mut self, changes: &mut Changes<'_>, replaces: bool) -> Result<()> {
        let (records, progress) = (self.place.records, &mut self.progress);
        let with = |changes: &Changes<'_>, wanted: fn(&Net<'_>) -> bool| -> Vec<AnyKey> {
            changes.0.iter().filter(|(_, net)| wanted(net)).map(|(key, _)| key.clone()).collect()
        };
        let come = with(changes, |net| matches!(net, Net::Put(_) | Net::Merge(_)));
        let gone = with(changes, |net| matches!(net, Net::Delete));
        if replaces {
            for key in records.keys().await? {
                changes.0.entry(key).or_insert(Net::Delete);
            }
            records.delete_all(Part::Keys).await?;
            return list(records, &come, &[], progress).await;
        }
        if progress.lists < LISTS {
            return list(records, &come, &gone, progress).await;
        }
        let mut keys = records.keys().await?;
        for key in &gone {
            keys.remove(key);
        }
        keys.extend(come);
        records.delete_all(Part::Keys).await?;
        progress.lists = 0;
        list(records, &keys.into_iter().collect::<Vec<_>>(), &[], progress).await
    }
}

/// Appends lists of keys.
async fn list(records: &Records, come: &[AnyKey], gone: &[AnyKey], progress: &mut Progress) -> Result<()> {
    let mut lists = Vec::new();
    let mut push = |keys: Keys| {
        lists.push((Some(progress.lists.into()), keys));
        progress.lists += 1;
    };
    if !gone.is_empty() {
        push(Keys { come: String::new(), gone: write_keys(gone) });
    }
    for come in come.chunks(KEYS) {
        push(Keys { come: write_keys(come), gone: String::new() });
    }
    if lists.is_empty() { Ok(()) } else { records.put(Part::Keys, lists).await }
}

async fn store_tags(records: &Records, tags: Tags, replaces: bool) -> Result<()> {
    if replaces {
        records.delete_all(Part::Tags).await?;
    }
    let (stored, deleted) = tags.into_changes();
    if !deleted.is_empty() {
        records.delete(Part::Tags, deleted).await?;
    }
    if !stored.is_empty() {
        records.put(Part::Tags, stored.into_iter().map(|(key, tags)| (Some(key), tags)).collect()).await?;
    }
    Ok(())
}
