//! Rebasing: where a table follows a server, what comes from there goes beneath what is pending. A pending change is made anew on
//! top of the row that is stored now, in each overlay from the lowest one up, and what is seen of it is told once.
//! Called by `over`, `roads`, `shown` and `commit`, and by a sync, which says what tables follow a server; calls `layer` and
//! `stack`.

#[cfg(all(test, feature = "live"))]
mod commits;
#[cfg(all(test, feature = "live"))]
mod elsewhere;
#[cfg(all(test, feature = "live"))]
mod model;
#[cfg(all(test, feature = "live"))]
mod tests;
#[cfg(all(test, not(feature = "live")))]
mod unheard;

use std::rc::Rc;
use std::sync::Arc;

use futures::FutureExt;

use super::frame::Stage;
use super::land::Landed;
use super::layer::{Base, Entry, KnownBy};
use super::merged::Below;
use super::over::{Meanwhile, Over, existing, forget, over};
use super::shown::{Seen, push, rekey, topmost, what_is_beneath};
use super::stack::{Open, Purpose, overhear};
use crate::engine::{self, Access, Session, Shared, Sight};
use crate::error::Result;
use crate::key::AnyKey;
use crate::order::{self, SortedMap};
use crate::storage::memory::evaluator::Row;
use crate::storage::{Image, RowChange};

/// How often rows are read again because something was heard of meanwhile.
const TRIES: u32 = 4;

/// Says that a table follows a server from now on, or does not any more. Several syncs may say so; it does for as long as one of
/// them has not taken it back.
#[cfg_attr(not(feature = "electric"), allow(dead_code, reason = "only a sync asks"))]
pub(crate) fn set_synced(shared: &Arc<Shared>, store: u16, synced: bool) {
    if synced {
        over(shared).begins_to_follow(shared, store);
    } else if let Some(over) = existing(shared.id) {
        let mut synced = over.synced.borrow_mut();
        if let Some(count) = synced.get_mut(&store) {
            *count -= 1;
            if *count == 0 {
                synced.remove(&store);
            }
        }
    }
}

impl Over {
    /// Whether a table follows a server.
    pub(super) fn is_synced(&self, store: u16) -> bool {
        cfg!(any(feature = "electric", test)) && self.synced.borrow().contains_key(&store)
    }

    #[cfg_attr(not(feature = "electric"), allow(dead_code, reason = "only a sync asks"))]
    fn begins_to_follow(&self, shared: &Arc<Shared>, store: u16) {
        let count = {
            let mut synced = self.synced.borrow_mut();
            let count = synced.entry(store).or_default();
            *count += 1;
            *count
        };
        if count > 1 {
            return;
        }
        {
            let mut overlays = self.overlays.borrow_mut();
            for open in overlays.iter_mut() {
                if let Some(heard) = open.heard.get_mut(&store) {
                    heard.get_or_insert_with(|| overhear(shared, store));
                }
            }
            // Some have not heard of what has come beneath them, and none have been put on it.
            forget(&mut overlays, Some(store));
        }
        if !self.doubtful(store).is_empty() {
            self.show(store, None, Sight::Shown);
        }
    }

    /// Rows of a table that follows a server are committed. Returns the positions of those that nobody sees who sees the overlays.
    pub(super) fn heard_of_synced(&self, store: u16, rows: &[RowChange], is_exact: bool) -> Vec<usize> {
        let mut hidden = Vec::new();
        let mut shows = Shows::default();
        {
            let mut overlays = self.overlays.borrow_mut();
            let mut landing = self.landing.borrow_mut();
            for (at, row) in rows.iter().enumerate() {
                let now = || row.new.as_ref().map(Image::value);
                let landing = landing.as_mut().and_then(|landing| landing.keys.get_mut(&store)?.get_mut(&row.key));
                let lands = landing.is_some();
                if let Some(heard) = landing.filter(|_| is_exact) {
                    *heard = Base::Known(now());
                }
                if lands || topmost(&overlays, store, &row.key).is_some() {
                    hidden.push(at);
                }
                if !overlays.iter().any(|open| open.layers.get(&store).is_some_and(|layer| layer.touches(&row.key))) {
                    continue;
                }
                // What was read may be newer than what is heard of: then it is not known what is stored.
                let old = row.old.as_ref().filter(|_| is_exact).map(Image::value);
                let follows = is_exact && is_taken_for(&overlays, store, &row.key, old.as_ref());
                let stored = if follows { Base::Known(now()) } else { Base::Unknown };
                shows.restack(&mut overlays, store, &row.key, &stored);
            }
        }
        shows.tell(self, store);
        hidden
    }

    /// The pending rows of which it is not known what is stored in their place.
    pub(super) fn doubtful(&self, store: u16) -> Vec<AnyKey> {
        if !self.is_synced(store) {
            return Vec::new();
        }
        let overlays = self.overlays.borrow();
        // Where nothing is heard of, nothing is known for long.
        let in_doubt =
            |entry: &Entry| entry.known_by == KnownBy::Own && (!cfg!(feature = "live") || entry.stored.is_unknown());
        let mut keys: Vec<AnyKey> = Vec::new();
        for layer in overlays.iter().filter_map(|open| open.layers.get(&store)) {
            let of_layer = layer.entries().iter().filter(|(_, entry)| in_doubt(entry));
            keys.extend(of_layer.map(|(key, _)| key.clone()));
        }
        order::sort_keys(&mut keys);
        keys
    }

    /// Reads again what is stored in the place of pending rows, where that is not known, and puts these on top of it.
    pub(super) async fn renew(&self, base: &Session, store: u16) -> Result<()> {
        for _ in 0..TRIES {
            let keys = self.doubtful(store);
            if keys.is_empty() {
                return Ok(());
            }
            let hearings = self.hearings.get();
            let rows = Below { session: base, store }.get(keys.clone()).await?;
            if self.hearings.get() != hearings {
                continue;
            }
            let mut shows = Shows::default();
            for (key, row) in keys.iter().zip(rows) {
                shows.restack(&mut self.overlays.borrow_mut(), store, key, &Base::Known(row));
            }
            shows.tell(self, store);
            return Ok(());
        }
        Ok(())
    }

    /// The same, of several tables, in a transaction of its own.
    pub(super) async fn renew_all(self: &Rc<Self>, shared: &Arc<Shared>, stores: &[u16]) -> Result<()> {
        let in_doubt = stores.iter().copied().filter(|store| !self.doubtful(*store).is_empty());
        let stores: Vec<u16> = in_doubt.collect();
        if stores.is_empty() {
            return Ok(());
        }
        let (this, of_body) = (self.clone(), stores.clone());
        let body = move |base: Session| {
            async move {
                for store in of_body {
                    this.renew(&base, store).await?;
                }
                Ok(())
            }
            .boxed_local()
        };
        engine::transact(shared.clone(), stores, Access::Read, None, body).await
    }

    /// Of a table that follows a server, an overlay is stored and gone, which was at this place. `seen` is what was seen before, row by
    /// row.
    pub(super) fn landed_synced(
        &self,
        overlays: &mut [Open],
        at: usize,
        store: u16,
        gone: &Open,
        seen: Vec<View>,
        landed: &[Landed],
    ) -> Shows {
        let mut shows = Shows::default();
        let Some(layer) = gone.layers.get(&store) else { return shows };
        let landed: SortedMap<&AnyKey, &Landed> = landed.iter().map(|landed| (&landed.pending, landed)).collect();
        let path = self.key_path(store);
        let none = Base::Known(None);
        for ((pending, entry), before) in layer.entries().iter().zip(seen) {
            let Some(Landed { key, old, new, .. }) = landed.get(pending).filter(|landed| landed.key != *pending) else {
                let stored = match landed.get(pending) {
                    Some(landed) => Base::Known(self.heard_since(store, pending, landed.new.as_ref())),
                    None => entry.stored.clone(),
                };
                restack(overlays, store, pending, &stored);
                shows.note(pending, before, View::of(overlays, store, pending), &stored, &stored);
                continue;
            };
            let stored = Base::Known(self.heard_since(store, key, new.as_ref()));
            rekey(&mut overlays[at..], store, &path, pending, key);
            restack(overlays, store, key, &stored);
            shows.note(pending, before, View::of(overlays, store, pending), &none, &none);
            if gone.purpose == Purpose::Shown {
                self.note_renamed(store, pending, key);
                let now = View::of(overlays, store, key).shown.or(&stored);
                shows.push(None, key, Base::Known(old.clone()), now, false);
            }
        }
        shows
    }
}

/// Takes over what an operation has written into an overlay of a table that follows a server.
pub(super) fn take_synced(overlays: &mut [Open], at: usize, store: u16, stage: &Stage, meanwhile: &Meanwhile) -> Shows {
    let mut shows = Shows::default();
    let Some(own) = stage.own() else { return shows };
    let found: SortedMap<AnyKey, Option<Row>> = stage.diffs().into_iter().map(|diff| (diff.key, diff.old)).collect();
    let before: Vec<View> = own.entries().keys().map(|key| View::of(overlays, store, key)).collect();
    overlays[at].extend(store, &own);
    for ((key, entry), before) in own.entries().iter().zip(before) {
        let stored = if meanwhile.has_changed(key) { Base::Unknown } else { entry.stored.clone() };
        restack(overlays, store, key, &stored);
        let was = Base::Known(found.get(key).unwrap_or(&entry.now).clone());
        shows.note(key, before, View::of(overlays, store, key), &was, &stored);
    }
    shows
}

/// Puts what the overlays have pending of a row on what is stored now, from the lowest of them up.
pub(super) fn restack(overlays: &mut [Open], store: u16, key: &AnyKey, stored: &Base) {
    for at in 0..overlays.len() {
        let (lower, upper) = overlays.split_at_mut(at);
        let Some(open) = upper.first_mut() else { continue };
        let beneath = match open.purpose {
            Purpose::Network => stored.clone(),
            Purpose::Shown | Purpose::Hidden => what_is_beneath(lower, store, key, stored),
        };
        // What was built on a row that has never been stored, and is gone, has nothing to be put on.
        let is_gone = beneath.is(None);
        for layer in open.versions(store).filter(|layer| layer.touches(key)) {
            Rc::make_mut(layer).change(key, |entry| {
                entry.stored = stored.clone();
                if let Base::Known(row) = &beneath
                    && !(is_gone && entry.is_on_sand())
                    && !entry.is_temporary()
                {
                    entry.rebase(row.as_ref());
                }
            });
        }
    }
}

/// Whether all overlays that have touched a row take this one for what is stored in its place.
fn is_taken_for(overlays: &[Open], store: u16, key: &AnyKey, row: Option<&Row>) -> bool {
    let mut entries = overlays.iter().filter_map(|open| open.layers.get(&store)?.get(key));
    entries.all(|entry| entry.stored.is(row))
}

/// What is seen in the place of a key.
pub(super) struct View {
    /// By everyone, if a visible overlay has touched the row; else it is not known.
    shown: Base,
    /// By who looks through each overlay that has, or lies above one that has, unless it is what everyone sees.
    own: SortedMap<u32, Option<Row>>,
    is_pending: bool,
}

impl View {
    pub fn of(overlays: &[Open], store: u16, key: &AnyKey) -> Self {
        let mut view = Self { shown: Base::Unknown, own: SortedMap::new(), is_pending: false };
        for (at, open) in overlays.iter().enumerate().rev() {
            let is_hidden = !view.shown.is_unknown();
            let Some(entry) = open.layers.get(&store).and_then(|layer| layer.get(key)) else {
                // It lets see what is beneath it, which a later one hides from the others.
                if is_hidden && let Some(entry) = topmost(&overlays[..at], store, key) {
                    view.own.insert(open.number, entry.now.clone());
                }
                continue;
            };
            let is_shown = open.purpose == Purpose::Shown;
            view.is_pending |= is_shown && entry.is_change();
            if is_shown && !is_hidden {
                view.shown = Base::Known(entry.now.clone());
            } else {
                view.own.insert(open.number, entry.now.clone());
            }
        }
        view
    }
}

/// What live queries are to be told, once all is as it is to be.
#[derive(Default)]
pub(super) struct Shows {
    /// For everyone, and for each overlay; none of the rows where it is not known which.
    rows: SortedMap<Option<u32>, Option<Vec<Seen>>>,
    /// Rows that are pending now and were not, or the other way round.
    turned: Vec<Seen>,
}

impl Shows {
    fn restack(&mut self, overlays: &mut [Open], store: u16, key: &AnyKey, stored: &Base) {
        let before = View::of(overlays, store, key);
        restack(overlays, store, key, stored);
        self.note(key, before, View::of(overlays, store, key), stored, stored);
    }

    /// Notes what has become of a row; `was` and `is` are seen where no overlay has touched it.
    pub fn note(&mut self, key: &AnyKey, before: View, after: View, was: &Base, is: &Base) {
        let in_doubt = is.is_unknown();
        let is_shown = !before.shown.is_unknown() || !after.shown.is_unknown();
        let (old, new) = (before.shown.or(was), after.shown.or(is));
        if before.is_pending != after.is_pending
            && let (Base::Known(old), Base::Known(new)) = (&old, &new)
        {
            self.turned.push((key.clone(), old.clone(), new.clone()));
        }
        for (number, now) in &after.own {
            let before = before.own.get(number).map_or_else(|| was.clone(), |row| Base::Known(row.clone()));
            self.push(Some(*number), key, before, Base::Known(now.clone()), in_doubt);
        }
        for number in before.own.keys().copied() {
            if !after.own.contains_key(&number) {
                self.forget(Some(number));
            }
        }
        if is_shown {
            self.push(None, key, old, new, in_doubt);
        }
    }

    /// What who looks through this overlay sees, or everyone, may be anything.
    pub fn forget(&mut self, overlay: Option<u32>) {
        self.rows.insert(overlay, None);
    }

    pub fn push(&mut self, overlay: Option<u32>, key: &AnyKey, old: Base, new: Base, in_doubt: bool) {
        let rows = self.rows.entry(overlay).or_insert_with(|| Some(Vec::new()));
        match old {
            Base::Known(old) if !in_doubt => push(rows, key, old, new),
            _ => *rows = None,
        }
    }

    pub fn tell(self, over: &Over, store: u16) {
        for (overlay, rows) in self.rows {
            over.show(store, rows, overlay.map_or(Sight::Shown, Sight::Overlay));
        }
        over.turned(store, &self.turned);
    }
}
