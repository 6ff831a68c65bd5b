//! What is seen of overlays, and how live queries are told that it has changed.
//! Called by `roads`, `commit` and `transaction`; calls `stack` and the live queries.

use std::rc::Rc;
use std::task::Waker;

use super::frame::Stage;
use super::land::Landed;
use super::layer::{Base, Entry, Layer, same};
use super::over::Over;
use super::rebase::{Shows, View, restack, take_synced};
use super::stack::{Open, Purpose};
use crate::engine::Sight;
use crate::key::AnyKey;
use crate::order::{SortedMap, SortedSet};
use crate::storage::memory::evaluator::{Path, Row};

/// A change of what is seen in the place of one key: before, and after.
pub(super) type Seen = (AnyKey, Option<Row>, Option<Row>);

impl Over {
    /// Tells live queries of a change of what is seen. None of the rows: which, is not known.
    #[cfg_attr(
        not(feature = "live"),
        allow(
            unused_variables,
            clippy::unused_self,
            clippy::needless_pass_by_value,
            reason = "there are no live queries"
        )
    )]
    pub(super) fn show(&self, store: u16, rows: Option<Vec<Seen>>, sight: Sight) {
        #[cfg(feature = "live")]
        {
            let Some(shared) = self.shared.upgrade() else { return };
            let rows = rows.map(|rows| {
                let changed = rows.into_iter().filter(|(_, old, new)| !same(old.as_ref(), new.as_ref()));
                changed.collect::<Vec<_>>()
            });
            if rows.as_ref().is_some_and(Vec::is_empty) {
                return;
            }
            crate::live::show(&shared, store, rows.and_then(|rows| changes(&rows)), Some(sight));
        }
    }

    /// Tells live queries that have asked that these rows are not pending any more.
    fn settled(&self, store: u16, layer: &Layer) {
        let settled = layer.entries().iter().filter(|(_, entry)| entry.is_change());
        let rows: Vec<Seen> =
            settled.map(|(key, entry)| (key.clone(), entry.beneath.clone(), entry.now.clone())).collect();
        self.turned(store, &rows);
    }

    /// Tells live queries that have asked that it is another answer whether these rows are pending.
    #[cfg_attr(
        not(feature = "live"),
        allow(unused_variables, clippy::unused_self, reason = "there are no live queries")
    )]
    pub(super) fn turned(&self, store: u16, rows: &[Seen]) {
        #[cfg(feature = "live")]
        {
            let Some(shared) = self.shared.upgrade() else { return };
            if !rows.is_empty() {
                crate::live::show(&shared, store, changes(rows), None);
            }
        }
    }

    /// Takes over what an operation has written into an overlay.
    pub(super) fn take(&self, number: u32, store: u16, stage: &Stage) {
        let Some(own) = stage.own() else { return };
        let meanwhile = self.meanwhile.take();
        if self.is_synced(store) {
            drop(own);
            let shows = {
                let mut overlays = self.overlays.borrow_mut();
                let Some(at) = overlays.iter().position(|open| open.number == number) else { return };
                take_synced(&mut overlays, at, store, stage, &meanwhile)
            };
            return shows.tell(self, store);
        }
        let mut shows = Shows::default();
        {
            let mut overlays = self.overlays.borrow_mut();
            let Some(at) = overlays.iter().position(|open| open.number == number) else { return };
            overlays[at].extend(store, &own);
            let mut is_known = true;
            for key in own.entries().keys().filter(|key| meanwhile.has_changed(key)) {
                for layer in overlays[at].versions(store) {
                    Rc::make_mut(layer).change(key, |entry| entry.stored = Base::Unknown);
                }
                is_known = false;
            }
            if is_known {
                for diff in stage.diffs() {
                    for viewer in viewers(Some(&overlays[at]), &overlays[at + 1..], store, &diff.key) {
                        let (old, new) = (Base::Known(diff.old.clone()), Base::Known(diff.new.clone()));
                        shows.push(viewer, &diff.key, old, new, false);
                    }
                }
            } else {
                shows.forget((overlays[at].purpose != Purpose::Shown).then_some(number));
            }
        }
        shows.tell(self, store);
    }

    /// Puts an overlay back to what it was before.
    pub(super) fn put_back(&self, number: u32, before: &SortedMap<u16, Rc<Layer>>) {
        let mut told = Vec::new();
        {
            let mut overlays = self.overlays.borrow_mut();
            let Some(at) = overlays.iter().position(|open| open.number == number) else { return };
            let mut seen: SortedMap<u16, SortedMap<AnyKey, (Base, View)>> = SortedMap::new();
            let layers = before.iter().chain(&overlays[at].layers).filter(|(store, _)| self.is_synced(**store));
            for (store, layer) in layers {
                let view = |(key, entry): (&AnyKey, &Entry)| {
                    (key.clone(), (entry.stored.clone(), View::of(&overlays, *store, key)))
                };
                seen.entry(*store).or_default().extend(layer.entries().iter().map(view));
            }
            let after = std::mem::replace(&mut overlays[at].layers, before.clone());
            for (store, seen) in seen {
                let mut shows = Shows::default();
                for (key, (stored, before)) in seen {
                    restack(&mut overlays, store, &key, &stored);
                    shows.note(&key, before, View::of(&overlays, store, &key), &stored, &stored);
                }
                told.push((store, shows));
            }
            for (store, layer) in after {
                let before = before.get(&store);
                if self.is_synced(store) || before.is_some_and(|before| Rc::ptr_eq(before, &layer)) {
                    continue;
                }
                let mut keys: SortedSet<&AnyKey> = layer.entries().keys().collect();
                keys.extend(before.iter().flat_map(|before| before.entries().keys()));
                let mut shows = Shows::default();
                for key in keys {
                    let entry = layer.get(key);
                    let now = entry.and_then(|entry| entry.now.clone());
                    let old = match (before.and_then(|before| before.get(key)), entry) {
                        (Some(entry), _) => Base::Known(entry.now.clone()),
                        (None, Some(entry)) => what_is_beneath(&overlays[..at], store, key, &entry.stored),
                        (None, None) => Base::Unknown,
                    };
                    for viewer in viewers(Some(&overlays[at]), &overlays[at + 1..], store, key) {
                        shows.push(viewer, key, Base::Known(now.clone()), old.clone(), false);
                    }
                }
                told.push((store, shows));
            }
        }
        for (store, shows) in told {
            shows.tell(self, store);
        }
    }

    /// Ends an overlay without storing it. What is being stored is not stopped.
    pub(super) fn roll_back(&self, number: u32) {
        if self.landing.borrow().as_ref().is_some_and(|landing| landing.overlay == number) {
            return;
        }
        let layers = self.with_overlay(number, |open| open.layers.clone()).unwrap_or_default();
        self.put_back(number, &SortedMap::new());
        let gone: Vec<Open> = self.overlays.borrow_mut().extract_if(.., |open| open.number == number).collect();
        if gone.iter().any(|open| open.purpose == Purpose::Shown) {
            for (store, layer) in &layers {
                self.settled(*store, layer);
            }
        }
        self.waiting.take().into_iter().for_each(Waker::wake);
    }

    /// A visible row has got its own key.
    pub(super) fn note_renamed(&self, store: u16, pending: &AnyKey, key: &AnyKey) {
        let mut renamed = self.renamed.borrow_mut();
        let renamed = renamed.entry(store).or_default();
        renamed.keys.insert(pending.clone(), key.clone());
        renamed.pending.insert(key.clone(), pending.clone());
    }

    /// Where in its rows a table has their keys.
    pub(super) fn key_path(&self, store: u16) -> Path {
        self.shared.upgrade().map_or(Path::None, |shared| shared.schema(store).key.path.into())
    }

    /// What has been heard of a row since it was stored as this one.
    pub(super) fn heard_since(&self, store: u16, key: &AnyKey, landed: Option<&Row>) -> Option<Row> {
        let landing = self.landing.borrow();
        let heard = landing.as_ref().and_then(|landing| landing.keys.get(&store)?.get(key));
        match heard {
            Some(Base::Known(heard)) => heard.clone(),
            Some(Base::Unknown) | None => landed.cloned(),
        }
    }

    /// Ends an overlay whose rows are stored now, under their own keys.
    pub(super) fn landed(&self, number: u32, landed: &SortedMap<u16, Vec<Landed>>) {
        let mut told = Vec::new();
        let gone = {
            let mut overlays = self.overlays.borrow_mut();
            let Some(at) = overlays.iter().position(|open| open.number == number) else { return };
            let synced = overlays[at].layers.iter().filter(|(store, _)| self.is_synced(**store));
            let seen: SortedMap<u16, Vec<View>> = synced
                .map(|(store, layer)| {
                    (*store, layer.entries().keys().map(|key| View::of(&overlays, *store, key)).collect())
                })
                .collect();
            let open = overlays.remove(at);
            for (store, seen) in seen {
                let of_store = landed.get(&store).map_or(&[][..], Vec::as_slice);
                told.push((store, self.landed_synced(&mut overlays, at, store, &open, seen, of_store)));
            }
            let (lower, upper) = overlays.split_at_mut(at);
            for (store, layer) in open.layers.iter().filter(|(store, _)| !self.is_synced(**store)) {
                let empty = Vec::new();
                let of_store = landed.get(store).unwrap_or(&empty);
                let path = self.key_path(*store);
                let mut shows = Shows::default();
                for Landed { pending, key, new, .. } in of_store {
                    let now = layer.get(pending).and_then(|entry| entry.now.clone());
                    if pending == key {
                        let after = what_is_beneath(lower, *store, key, &Base::Known(new.clone()));
                        for viewer in viewers(None, upper, *store, key) {
                            shows.push(viewer, key, Base::Known(now.clone()), after.clone(), false);
                        }
                    } else {
                        if open.purpose == Purpose::Shown {
                            self.note_renamed(*store, pending, key);
                        }
                        let old = topmost(upper, *store, pending).map_or(now, |entry| entry.now.clone());
                        rekey(upper, *store, &path, pending, key);
                        let after = topmost(upper, *store, key).map_or_else(|| new.clone(), |entry| entry.now.clone());
                        shows.push(None, pending, Base::Known(old), Base::Known(None), false);
                        shows.push(None, key, Base::Known(None), Base::Known(after), false);
                    }
                    for open in upper.iter_mut() {
                        for layer in open.versions(*store).filter(|layer| layer.touches(key)) {
                            Rc::make_mut(layer).change(key, |entry| entry.stored = Base::Known(new.clone()));
                        }
                    }
                }
                let stored: SortedSet<&AnyKey> =
                    of_store.iter().flat_map(|landed| [&landed.pending, &landed.key]).collect();
                for (key, entry) in layer.entries().iter().filter(|(key, _)| !stored.contains(key)) {
                    let after = what_is_beneath(lower, *store, key, &entry.stored);
                    for viewer in viewers(None, upper, *store, key) {
                        shows.push(viewer, key, Base::Known(entry.now.clone()), after.clone(), false);
                    }
                }
                if open.purpose == Purpose::Shown {
                    told.push((*store, shows));
                }
            }
            open
        };
        for (store, shows) in told {
            shows.tell(self, store);
        }
        if gone.purpose == Purpose::Shown {
            for (store, layer) in &gone.layers {
                self.settled(*store, layer);
            }
        }
    }
}

/// Adds a change to what is to be told; if it is not known what is seen now, it is not known what has changed.
pub(super) fn push(rows: &mut Option<Vec<Seen>>, key: &AnyKey, old: Option<Row>, new: Base) {
    match (rows.as_mut(), new) {
        (Some(told), Base::Known(new)) => told.push((key.clone(), old, new)),
        (Some(_), Base::Unknown) => *rows = None,
        (None, _) => {}
    }
}

/// Who sees what an overlay has in the place of a key, beneath these later ones: everyone, or, where one of them hides it, who looks
/// through those before that. The overlay is none of them if it is gone.
fn viewers(own: Option<&Open>, upper: &[Open], store: u16, key: &AnyKey) -> Vec<Option<u32>> {
    let hides =
        |open: &Open| open.purpose == Purpose::Shown && open.layers.get(&store).is_some_and(|layer| layer.touches(key));
    let beneath = match own.filter(|own| own.purpose != Purpose::Shown) {
        Some(_) => Some(0),
        None => upper.iter().position(hides),
    };
    let through = |beneath| own.into_iter().chain(&upper[..beneath]).map(|open| Some(open.number)).collect();
    beneath.map_or_else(|| vec![None], through)
}

/// What the highest of these overlays shows in the place of a key.
pub(super) fn topmost<'a>(overlays: &'a [Open], store: u16, key: &AnyKey) -> Option<&'a Entry> {
    let mut shown = overlays.iter().rev().filter(|open| open.purpose == Purpose::Shown);
    shown.find_map(|open| open.layers.get(&store)?.get(key))
}

/// What is seen in the place of a key where these overlays are the highest ones.
pub(super) fn what_is_beneath(lower: &[Open], store: u16, key: &AnyKey, stored: &Base) -> Base {
    topmost(lower, store, key).map_or_else(|| stored.clone(), |entry| Base::Known(entry.now.clone()))
}

/// A row that was pending under a temporary key has got its own: whoever has touched it meanwhile goes by that.
pub(super) fn rekey(upper: &mut [Open], store: u16, path: &Path, pending: &AnyKey, key: &AnyKey) {
    for layer in upper.iter_mut().flat_map(|open| open.versions(store)).filter(|layer| layer.touches(pending)) {
        Rc::make_mut(layer).rekey(path, pending, key);
    }
}

#[cfg(feature = "live")]
fn changes(rows: &[Seen]) -> Option<Vec<crate::storage::RowChange>> {
    use crate::codec::Batch;
    use crate::storage::memory::evaluator::write_changes;
    use crate::storage::{Changes, MOST_REPORTED, ShapeTable};

    let count = rows.len();
    if count > MOST_REPORTED {
        return None;
    }
    let mut batch = Batch::default();
    write_changes(&mut batch, rows.iter().map(|(key, old, new)| (key, old.as_ref(), new.as_ref())));
    Some(Changes::new(batch.sealed(), ShapeTable::default()).rows(count))
}
