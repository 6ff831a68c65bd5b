//! What the hooks of a commit have said: keys and rows in place of the pending ones.
//! Called by `commit`; calls `layer`.

use std::rc::Rc;

use super::commit::Layers;
use super::layer::{Base, Entry, KnownBy, rekeyed};
use super::over::Over;
use crate::engine::Shared;
use crate::error::{Error, Result};
use crate::key::AnyKey;
use crate::order::{SortedMap, SortedSet};
use crate::storage::memory::evaluator::{At, Path, Row};

/// What is to be stored, once the hooks have been called.
pub(super) struct Heard {
    pub layers: Layers,
    /// Rows that have got their key from a hook: the key that they had before.
    pub renamed: SortedMap<(u16, AnyKey), AnyKey>,
    /// The other way round.
    given: SortedMap<(u16, AnyKey), AnyKey>,
    /// Rows that are as a hook has returned them.
    pub returned: SortedSet<(u16, AnyKey)>,
}

impl Heard {
    pub fn of(layers: Layers) -> Self {
        Self { layers, renamed: SortedMap::new(), given: SortedMap::new(), returned: SortedSet::new() }
    }

    /// Takes what an overlay has pending now of a table that follows a server, but for what hooks have returned.
    pub fn refresh(&mut self, over: &Over, number: u32, store: u16) {
        let now = over.with_overlay(number, |open| open.layers.get(&store).cloned()).flatten();
        let Some(heard) = self.layers.get_mut(&store) else { return };
        let Some(mut now) = now else { return };
        let of_store = |key: &&(u16, AnyKey)| key.0 == store;
        if self.returned.iter().any(|key| key.0 == store) {
            let layer = Rc::make_mut(&mut now);
            for (_, pending) in self.renamed.iter().filter(|(key, _)| of_store(key)) {
                layer.remove(pending);
            }
            for (_, key) in self.returned.iter().filter(of_store) {
                if let Some(entry) = heard.get(key) {
                    layer.set(key.clone(), entry.clone());
                }
            }
        }
        *heard = now;
    }

    /// Takes the row that a hook has returned in place of the one that is pending.
    pub fn take(&mut self, shared: &Shared, store: u16, pending: &AnyKey, entry: &Entry, mut row: Row) -> Result<()> {
        let path = Path::from(shared.schema(store).key.path);
        let Some(layer) = self.layers.get_mut(&store).map(Rc::make_mut) else { return Ok(()) };
        // A hook before it may have given the row its key, of which this one knows nothing.
        let before = self.given.get(&(store, pending.clone())).unwrap_or(pending).clone();
        let key = match path.key(&row) {
            At::Key(key) if key != *pending => key,
            At::Key(_) | At::NoKey | At::Nothing => before.clone(),
        };
        if key == before {
            if before != *pending {
                row = rekeyed(&path, &row, &key);
            }
            // Several hooks may return a row: the last one counts.
            layer.change(&key, |entry| {
                entry.now = Some(row);
                entry.replaced = true;
                entry.gone = None;
            });
            self.returned.insert((store, key));
            return Ok(());
        }
        let refused = |key: &AnyKey, message: String| Error::Data {
            table: shared.table_name(store).to_owned(),
            key: Some(key.clone()),
            row: None,
            message,
        };
        if !entry.is_temporary() {
            return Err(refused(pending, format!("a hook has returned a row with another key, {key}")));
        }
        if layer.get(&key).is_some_and(|other| other.now.is_some()) {
            return Err(refused(
                &key,
                "a hook has returned a row with the key that another pending row has".to_owned(),
            ));
        }
        // The key of a row that goes may be given again.
        let beneath = layer.get(&key).and_then(|gone| gone.beneath.clone());
        layer.remove(&before);
        self.renamed.remove(&(store, before.clone()));
        self.returned.remove(&(store, before));
        self.returned.insert((store, key.clone()));
        let entry = Entry {
            beneath,
            stored: Base::Unknown,
            now: Some(row),
            known_by: KnownBy::Own,
            replaced: true,
            gone: None,
            forced: true,
            sequence: entry.sequence,
        };
        layer.set(key.clone(), entry);
        self.given.insert((store, pending.clone()), key.clone());
        self.renamed.insert((store, key), pending.clone());
        Ok(())
    }
}
