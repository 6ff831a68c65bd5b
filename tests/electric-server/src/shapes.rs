//! The shapes served: which there are, under which handles, and how each follows the log. `http` asks for them,
//! every commit of the database comes through [`Shapes::follow`].

pub(crate) mod definition;
mod follow;
mod key;
pub(crate) mod message;
pub(crate) mod offset;
mod positions;
pub(crate) mod shape;
pub(crate) mod subset;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::db::{Commit, Database};
use definition::Definition;
use shape::Shape;

/// All shapes by handle.
#[derive(Debug)]
pub(crate) struct Shapes {
    by_handle: BTreeMap<String, Shape>,
    chunk_bytes: usize,
    last_handle: u128,
}

impl Shapes {
    pub(crate) fn new(chunk_bytes: usize) -> Self {
        Self { by_handle: BTreeMap::new(), chunk_bytes, last_handle: 0 }
    }

    pub(crate) fn get(&self, handle: &str) -> Option<&Shape> {
        self.by_handle.get(handle)
    }

    /// The shape of this definition; taken from the database now where there is none yet.
    pub(crate) fn of(&mut self, definition: &Definition, db: &Database) -> &Shape {
        let identity = definition.identity();
        let known = self.by_handle.values().find(|shape| shape.identity == identity);
        let handle = known.map(|shape| shape.handle.clone());
        let handle = handle.unwrap_or_else(|| {
            let handle = self.new_handle(&identity);
            let shape = Shape::take(handle.clone(), identity, definition.clone(), self.chunk_bytes, db);
            self.by_handle.insert(handle.clone(), shape);
            handle
        });
        &self.by_handle[&handle]
    }

    /// Writes a commit into the logs of the shapes it concerns and drops those it makes useless.
    pub(crate) fn follow(&mut self, commit: &Commit, db: &Database) {
        self.drop_tables(&commit.invalidated);
        for shape in self.by_handle.values_mut() {
            shape.follow(commit, db);
        }
    }

    /// Drops all shapes on these tables, also those that only ask them in a subquery.
    pub(crate) fn drop_tables(&mut self, oids: &BTreeSet<u32>) {
        self.by_handle.retain(|_, shape| {
            let definition = &shape.definition;
            !oids.contains(&definition.oid) && definition.dependencies().is_disjoint(oids)
        });
    }

    /// Drops one shape; whether there was one.
    pub(crate) fn drop(&mut self, handle: &str) -> bool {
        self.by_handle.remove(handle).is_some()
    }

    pub(crate) fn drop_all(&mut self) {
        self.by_handle.clear();
    }

    /// What a restart of the service does: shapes with subqueries are not kept.
    pub(crate) fn forget_subqueries(&mut self) {
        self.by_handle.retain(|_, shape| shape.definition.dependencies().is_empty());
    }

    /// `{hash of the definition}-{microseconds}`, never the same again.
    fn new_handle(&mut self, identity: &str) -> String {
        let hash =
            identity.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
        self.last_handle = now.max(self.last_handle + 1);
        format!("{}-{}", hash >> 5, self.last_handle)
    }
}
