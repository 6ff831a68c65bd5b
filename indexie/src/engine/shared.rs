//! What all handles of one database object share, on whatever thread they are.

use std::fmt;
use std::rc::Rc;
#[cfg(feature = "electric")]
use std::sync::atomic::AtomicBool;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::upgrade::Upgrades;
use crate::database::Durability;
#[cfg(feature = "electric")]
use crate::schema::RECORDS;
use crate::schema::{Definition, KeyPath, KeySchema, Rules, StoreSchema};
use crate::storage::{Backend, Connect, Layout, StoreLayout, Versions};

/// A database object: its declaration and its settings. The connection is each thread's own.
#[derive(Debug)]
pub(crate) struct Shared {
    pub id: u64,
    pub name: String,
    pub definition: &'static Definition,
    /// The stores of the newest version; a table's number is its position.
    pub stores: Vec<(&'static str, StoreSchema)>,
    pub durability: Durability,
    pub storage: Arc<dyn Connect>,
    pub rules: Rules,
    /// Set where a stored database may have to be changed.
    upgrades: OnceLock<&'static dyn Upgrades>,
    /// Whether the database is to have the store [`RECORDS`].
    #[cfg(feature = "electric")]
    pub keeps_records: AtomicBool,
}

impl Shared {
    pub fn new(
        definition: &'static Definition,
        name: String,
        durability: Durability,
        storage: Arc<dyn Connect>,
        rules: Rules,
    ) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            id,
            name,
            definition,
            stores: definition.stores(),
            durability,
            storage,
            rules,
            upgrades: OnceLock::new(),
            #[cfg(feature = "electric")]
            keeps_records: AtomicBool::new(false),
        }
    }

    /// The same database in the middle of an upgrade, with the stores that it has then.
    pub fn during(&self, stores: Vec<(&'static str, StoreSchema)>) -> Self {
        let (name, storage) = (self.name.clone(), self.storage.clone());
        let mut shared = Self::new(self.definition, name, Durability::Default, storage, self.rules);
        shared.stores = stores;
        shared
    }

    pub fn upgrades(&self) -> Option<&'static dyn Upgrades> {
        self.upgrades.get().copied()
    }

    /// A stored database may have to be changed.
    pub fn with_upgrades(&self, upgrades: &'static dyn Upgrades) {
        // Set before, it is the same.
        let _ = self.upgrades.set(upgrades);
    }

    /// The browser's number of the newest version.
    pub fn newest(&self) -> u32 {
        self.rules.numbering.native(self.definition.newest())
    }

    /// Versions as they are declared.
    pub fn declared(&self, versions: Versions) -> Versions {
        let numbering = self.rules.numbering;
        Versions { old: numbering.declared(versions.old), new: numbering.declared(versions.new), ..versions }
    }

    /// This thread's side of the storage.
    pub fn backend(&self) -> Rc<dyn Backend> {
        self.storage.backend()
    }

    /// What the numbers of stores and indexes mean.
    pub fn layout(&self) -> Layout {
        let tables = self.stores.iter().map(|(name, schema)| StoreLayout {
            name: (*name).to_owned(),
            indexes: schema.indexes.iter().map(|index| index.name.to_owned()).collect(),
            last_key: schema.last_generated(),
        });
        #[cfg(feature = "electric")]
        let tables = tables.chain([StoreLayout { name: RECORDS.to_owned(), indexes: Vec::new(), last_key: None }]);
        tables.collect()
    }

    /// The number of the store [`RECORDS`]: it follows the tables.
    #[cfg(feature = "electric")]
    #[allow(clippy::cast_possible_truncation, reason = "a schema has fewer than 65,536 tables")]
    pub fn records(&self) -> u16 {
        self.stores.len() as u16
    }

    pub fn table_name(&self, store: u16) -> &'static str {
        #[cfg(feature = "electric")]
        const OTHER: &str = RECORDS;
        #[cfg(not(feature = "electric"))]
        const OTHER: &str = "";
        self.stores.get(usize::from(store)).map_or(OTHER, |(name, _)| name)
    }

    pub fn schema(&self, store: u16) -> StoreSchema {
        const NONE: StoreSchema = StoreSchema {
            key: KeySchema { path: KeyPath::None, auto: false },
            indexes: &[],
            fields: &[],
            last_key: 0.0,
        };
        self.stores.get(usize::from(store)).map_or(NONE, |(_, schema)| *schema)
    }

    #[allow(clippy::cast_possible_truncation, reason = "a schema has fewer than 65,536 tables")]
    pub fn store_number(&self, table: &str) -> Option<u16> {
        self.stores.iter().position(|(name, _)| *name == table).map(|at| at as u16)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        super::forget(self.id);
    }
}

/// What the app wants to hear of a connection.
#[derive(Clone, Default)]
pub(crate) struct Handlers {
    pub blocked: Option<Rc<dyn Fn(crate::database::Blocked)>>,
    pub version_change: Option<Rc<dyn Fn(crate::database::VersionChange)>>,
    pub upgrade_progress: Option<Rc<dyn Fn(crate::database::UpgradeProgress)>>,
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handlers")
    }
}
