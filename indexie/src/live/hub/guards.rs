//! What a live query holds while it wants to be told: when it is let go, so is its place in the hub.

use std::rc::Rc;

use super::Hub;
use crate::key::range::KeyRange;
use crate::storage::Waiter;

/// A store that is watched.
pub(in crate::live) struct Watching {
    pub hub: Rc<Hub>,
    pub(super) database: u64,
    pub(super) store: &'static str,
    pub waiter: Rc<Waiter>,
}

impl Watching {
    pub fn is_of(&self, hub: &Rc<Hub>, database: u64, store: &str) -> bool {
        Rc::ptr_eq(&self.hub, hub) && self.database == database && self.store == store
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let (gone, none) = {
            let mut stores = self.hub.stores.borrow_mut();
            let watched = (self.store, self.database);
            if let Some(count) = stores.get_mut(&watched) {
                *count -= 1;
                if *count == 0 {
                    stores.remove(&watched);
                }
            }
            (!stores.keys().any(|(store, _)| *store == self.store), stores.is_empty())
        };
        if none {
            self.hub.end();
        } else if gone {
            self.hub.tell_backend();
        }
    }
}

/// A member that is reading from a store.
pub(in crate::live) struct Reading {
    pub(super) hub: Rc<Hub>,
    pub(super) database: u64,
    pub(super) store: &'static str,
    pub(super) member: u64,
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.hub.reading.borrow_mut().remove(&(self.member, self.database, self.store));
    }
}

/// Ranges that a member is interested in.
pub(in crate::live) struct Interest {
    pub(super) hub: Rc<Hub>,
    pub(super) table: u32,
    pub(super) member: u64,
    pub(super) entry: usize,
    pub(super) ranges: Vec<KeyRange>,
}

impl Drop for Interest {
    fn drop(&mut self) {
        let mut tables = self.hub.tables.borrow_mut();
        let Some(table) = tables.iter_mut().find(|table| table.number == self.table) else { return };
        for range in &self.ranges {
            if let Some(intervals) = table.indexes.get_mut(self.entry) {
                intervals.remove(range, self.member);
            }
        }
        if let Some(count) = table.members.get_mut(&self.member) {
            *count -= 1;
            if *count == 0 {
                table.members.remove(&self.member);
            }
        }
        if table.members.is_empty() {
            tables.retain(|table| !table.members.is_empty());
        }
    }
}
