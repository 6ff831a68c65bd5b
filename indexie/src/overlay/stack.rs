//! The stack of the overlays that are open, in the order of their start: what of it is seen by whom, and what is being stored.
//! Called by `over` and its neighbours; calls `layer`.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};

use super::land::Landed;
use super::layer::{Base, Entry, Layer, Layers};
use super::over::Over;
use super::savepoint::Savepoint;
use crate::engine::{KeyFor, Shared, Sight};
use crate::error::{Error, Result};
use crate::key::AnyKey;
use crate::order::SortedMap;
use crate::storage::{Thread, Waiter};

#[cfg(feature = "live")]
pub(super) type Heard = crate::live::Overheard;
#[cfg(not(feature = "live"))]
pub(super) type Heard = ();

/// Has what is committed to a store told to overlays.
#[cfg(feature = "live")]
pub(super) fn overhear(shared: &Arc<Shared>, store: u16) -> Heard {
    crate::live::overhear(shared, store)
}

/// Nobody tells.
#[cfg(not(feature = "live"))]
pub(super) fn overhear(_shared: &Arc<Shared>, _store: u16) -> Heard {}

/// Whom an overlay is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Everyone who reads through the database object.
    Shown,
    /// Who has the overlay transaction.
    Hidden,
    /// One write, which waits for its hooks.
    Network,
}

/// An overlay that has been started, and is not over.
pub(super) struct Open {
    /// Also the line in which its outermost savepoints, and its commit, follow one another.
    pub number: u32,
    pub purpose: Purpose,
    pub layers: SortedMap<u16, Rc<Layer>>,
    /// It takes no more writes.
    pub closing: bool,
    pub sequence: Rc<Cell<u64>>,
    /// Those that are open, each within the one before it.
    pub savepoints: Vec<Savepoint>,
    /// The stores that it is about, each with what has it told of commits.
    pub heard: SortedMap<u16, Option<Heard>>,
}

impl Open {
    /// Whether it has a row pending under a temporary key, which it has given it.
    pub fn gives(&self, store: u16, key: &AnyKey) -> bool {
        self.layers.get(&store).and_then(|layer| layer.get(key)).is_some_and(Entry::is_temporary)
    }
}

/// An overlay that is being stored.
pub(super) struct Landing {
    pub overlay: u32,
    /// By whom it is seen already.
    purpose: Purpose,
    /// The keys that its rows get, by store, each with what has been heard of the row since: of one that everyone sees.
    pub keys: SortedMap<u16, SortedMap<AnyKey, Base>>,
}

/// The error of what is asked of an overlay transaction that is over.
pub(super) fn ended() -> Error {
    Error::Aborted { reason: "the overlay transaction has been committed or rolled back".to_owned() }
}

impl Over {
    /// Starts an overlay over these stores.
    pub(super) fn start(&self, shared: &Arc<Shared>, purpose: Purpose, stores: &[u16]) -> u32 {
        let number = Thread::get().number();
        // So that it is known whether a row is still what it was when the overlay found it.
        let of_store = |store: &u16| {
            let listens = purpose == Purpose::Shown || self.is_synced(*store);
            (*store, listens.then(|| overhear(shared, *store)))
        };
        let heard = stores.iter().map(of_store).collect();
        self.overlays.borrow_mut().push(Open {
            number,
            purpose,
            layers: SortedMap::new(),
            closing: false,
            sequence: Rc::default(),
            savepoints: Vec::new(),
            heard,
        });
        number
    }

    pub(super) fn with_overlay<R>(&self, number: u32, f: impl FnOnce(&mut Open) -> R) -> Option<R> {
        self.overlays.borrow_mut().iter_mut().find(|open| open.number == number).map(f)
    }

    /// Fails if the overlay takes no more writes.
    pub(super) fn active(&self, number: u32) -> Result<()> {
        match self.with_overlay(number, |open| open.closing) {
            Some(false) => Ok(()),
            Some(true) => Err(Error::Aborted { reason: "the overlay transaction is being committed".to_owned() }),
            None => Err(ended()),
        }
    }

    /// Whether a key is pending in a store, as who has this sight sees it.
    pub(super) fn is_pending(&self, sight: Sight, store: u16, key: &AnyKey) -> bool {
        let overlays = self.overlays.borrow();
        seen_by(&overlays, sight)
            .any(|open| open.layers.get(&store).and_then(|layer| layer.get(key)).is_some_and(Entry::is_change))
    }

    /// The key under which a row was seen first.
    pub(super) fn first_seen(&self, store: u16, key: &AnyKey) -> Option<AnyKey> {
        self.renamed.borrow().get(&store)?.pending.get(key).cloned()
    }

    /// What who has this sight sees over the stored rows.
    pub(super) fn layers(&self, sight: Sight, store: u16) -> Layers {
        let overlays = self.overlays.borrow();
        Layers::new(seen_by(&overlays, sight).filter_map(|open| open.layers.get(&store).cloned()))
    }

    /// What lies beneath an overlay.
    pub(super) fn beneath(&self, number: u32, store: u16) -> Layers {
        let overlays = self.overlays.borrow();
        if overlays.iter().any(|open| open.number == number && open.purpose == Purpose::Network) {
            // A direct write goes by what is committed.
            return Layers::default();
        }
        let beneath = overlays.iter().take_while(|open| open.number != number);
        let shown = beneath.filter(|open| open.purpose == Purpose::Shown);
        Layers::new(shown.filter_map(|open| open.layers.get(&store).cloned()))
    }

    /// Whether an overlay is being stored right now that who has this sight sees already.
    pub(super) fn lands(&self, sight: Sight) -> bool {
        let is_seen = |Landing { overlay, purpose, .. }: &Landing| {
            *purpose == Purpose::Shown || sight == Sight::Overlay(*overlay)
        };
        self.landing.borrow().as_ref().is_some_and(is_seen)
    }

    /// Resolves when nothing is being stored that who has this sight sees already.
    pub(super) fn no_landing(&self, sight: Sight) -> impl Future<Output = ()> + '_ {
        let mut waiter = None;
        std::future::poll_fn(move |context| {
            if !self.lands(sight) {
                return Poll::Ready(());
            }
            self.waiting.borrow_mut().push(context.waker().clone());
            if let Some(shared) = self.shared.upgrade() {
                waiter.get_or_insert_with(|| Waiter::new(shared.backend())).turn(context.waker());
            }
            Poll::Pending
        })
    }

    /// The next temporary key of the rows that go into overlays.
    pub(super) fn temporary(&self, shared: &Arc<Shared>, store: u16) -> Rc<Cell<f64>> {
        self.temporary.borrow_mut().entry(store).or_insert_with(|| first_temporary(shared, store)).clone()
    }

    /// Whether a temporary key may be given to a row: no other one is pending under it. Nobody goes by the row that had it before.
    pub(super) fn claim(&self, store: u16, key: &AnyKey) -> bool {
        if self.overlays.borrow().iter().any(|open| open.touches(store, key)) {
            return false;
        }
        if let Some(renamed) = self.renamed.borrow_mut().get_mut(&store)
            && let Some(own) = renamed.keys.remove(key)
        {
            renamed.pending.remove(&own);
        }
        true
    }

    /// The temporary keys that an overlay has given to rows of a store: the lowest, and the highest.
    pub(super) fn given(&self, number: u32, store: u16) -> Option<(f64, f64)> {
        let overlays = self.overlays.borrow();
        let layer = overlays.iter().find(|open| open.number == number)?.layers.get(&store)?;
        let mut given = layer.entries().iter().filter(|(_, entry)| entry.is_temporary()).map(|(key, _)| key);
        match (given.next()?, given.next_back()) {
            (AnyKey::Number(lowest), Some(AnyKey::Number(highest))) => Some((*lowest, *highest)),
            (AnyKey::Number(only), None) => Some((*only, *only)),
            _ => None,
        }
    }

    /// Nobody knows rows by these temporary keys any more. They are given again, unless others have been given since: a small type
    /// has few of them.
    pub(super) fn give_back(&self, store: u16, (lowest, highest): (f64, f64)) {
        if let Some(next) =
            self.temporary.borrow().get(&store).filter(|next| next.get().total_cmp(&(lowest - 1.0)).is_eq())
        {
            next.set(highest);
        }
    }
}

impl Over {
    /// Whether rows of a store have got temporary keys that are not for who has this sight.
    pub(super) fn gives_keys(&self, sight: Sight, store: u16) -> bool {
        match sight {
            // The keys of a server's rows are the server's.
            #[cfg(feature = "electric")]
            Sight::Stored => false,
            Sight::Committed | Sight::Shown | Sight::Overlay(_) => self.temporary.borrow().contains_key(&store),
        }
    }

    /// Fails if one of the keys may not be had for this purpose by who has this sight.
    pub(super) fn admit_each(
        &self,
        sight: Sight,
        store: u16,
        keys: Vec<Option<AnyKey>>,
        purpose: KeyFor,
    ) -> Result<()> {
        for (at, key) in keys.into_iter().enumerate().filter_map(|(at, key)| Some((at, key?))) {
            if let Some(message) = self.refusal(sight, store, &key, purpose) {
                let table = self.shared.upgrade().map_or("", |shared| shared.table_name(store)).to_owned();
                return Err(Error::Data { table, key: Some(key), row: Some(at), message });
            }
        }
        Ok(())
    }

    /// Why a key may not be had for this purpose by who has this sight, if it may not: it is a temporary one.
    fn refusal(&self, sight: Sight, store: u16, key: &AnyKey, purpose: KeyFor) -> Option<String> {
        let AnyKey::Number(number) = key else { return None };
        let overlays = self.overlays.borrow();
        let is_pending = overlays.iter().any(|open| open.gives(store, key));
        // A type of many keys never comes to those at its end by itself; a small one may.
        let has_been_given = || {
            // There is no such row, and nothing comes of it.
            if purpose == KeyFor::Finding {
                return None;
            }
            let last = self.shared.upgrade()?.schema(store).last_key;
            let next = self.temporary.borrow().get(&store)?.get();
            Some(last >= MANY_KEYS && next < *number && *number <= last)
        };
        if !is_pending && !has_been_given().unwrap_or_default() {
            return None;
        }
        // A direct write sees no overlay, also where it waits for its hooks.
        let is_overlay = |open: &Open| sight == Sight::Overlay(open.number) && open.purpose != Purpose::Network;
        let touches = |open: &Open| open.layers.get(&store).is_some_and(|layer| layer.touches(key));
        if overlays.iter().any(is_overlay) && seen_by(&overlays, sight).any(touches) {
            return None;
        }
        let renamed = self.renamed.borrow();
        Some(match renamed.get(&store).and_then(|renamed| renamed.keys.get(key)) {
            _ if is_pending => {
                "the row is pending under this temporary key: write it through its overlay transaction, or after the commit of that"
                    .to_owned()
            }
            Some(key) => format!("this was the row's temporary key, and it is stored under {key}"),
            None => "this was the temporary key of a row that is not pending any more".to_owned(),
        })
    }
}

/// A key type that has so many keys does not run out of them.
const MANY_KEYS: f64 = 2_147_483_647.0;

/// Temporary keys count down from the last one that the key's type has.
pub(super) fn first_temporary(shared: &Shared, store: u16) -> Rc<Cell<f64>> {
    Rc::new(Cell::new(shared.schema(store).last_key))
}

/// The overlays that who has this sight sees, the first one lowest.
pub(super) fn seen_by(overlays: &[Open], sight: Sight) -> impl Iterator<Item = &Open> {
    let (own, until) = match sight {
        Sight::Committed => (None, 0),
        #[cfg(feature = "electric")]
        Sight::Stored => (None, 0),
        Sight::Shown => (None, overlays.len()),
        Sight::Overlay(number) => {
            (Some(number), overlays.iter().position(|open| open.number == number).map_or(0, |at| at + 1))
        }
    };
    overlays[..until].iter().filter(move |open| open.purpose == Purpose::Shown || own == Some(open.number))
}

impl Over {
    pub(super) fn begin_landing(&self, number: u32) {
        let purpose = self.with_overlay(number, |open| open.purpose);
        if let Some(purpose) = purpose.filter(|purpose| *purpose != Purpose::Network) {
            *self.landing.borrow_mut() = Some(Landing { overlay: number, purpose, keys: SortedMap::new() });
        }
    }

    /// The keys under which its rows are going to be stored.
    pub(super) fn gets_keys(&self, store: u16, landed: &[Landed]) {
        if let Some(landing) = &mut *self.landing.borrow_mut()
            && landing.purpose == Purpose::Shown
        {
            landing
                .keys
                .entry(store)
                .or_default()
                .extend(landed.iter().map(|landed| (landed.key.clone(), Base::Unknown)));
        }
    }

    pub(super) fn end_landing(&self, number: u32) {
        self.landing.borrow_mut().take_if(|landing| landing.overlay == number);
        let waiting = self.waiting.take();
        waiting.into_iter().for_each(Waker::wake);
    }
}
