//! `Rebuild`: a database in the middle of an upgrade, with the stores that it has right now. Called by the steps, and by
//! `ask`, which does what upgrade functions ask for; calls the storage.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::forms::Sweep;
use super::kept::kept;
use super::reached::Reached;
#[cfg(feature = "electric")]
use super::records::Fate;
use crate::engine::{RowType, Session, Shared};
use crate::error::{Error, Result};
use crate::order::sort_by;
use crate::schema::{
    Alteration, Fit, IndexSchema, InstalledStore, KeyField, KeySchema, Numbering, StoreSchema, fit, key_fields,
    unknown_fields,
};
use crate::storage::{Backend, SchemaChange};
use crate::table::Target;

pub(crate) struct Rebuild {
    backend: Rc<dyn Backend>,
    /// Of the connection, and of its transaction.
    pub(super) number: u32,
    reached: Rc<Reached>,
    newest: u32,
    /// What this version declares.
    declared: RefCell<Vec<(&'static str, StoreSchema)>>,
    /// What it drops, once its function has run.
    drops: RefCell<Vec<&'static str>>,
    /// What there is. A store's number is its position; numbers are not used again.
    stores: RefCell<Vec<Standing>>,
    shared: RefCell<Arc<Shared>>,
    /// Sweeps that the upgrade function waits for, and that have not begun.
    pub(super) sweeps: RefCell<Vec<Sweep>>,
    /// What failed although the upgrade function may not have noticed: then the upgrade fails.
    fault: RefCell<Option<Error>>,
    /// What has become of tables, for what is known of their shapes.
    #[cfg(feature = "electric")]
    pub(super) fates: RefCell<Vec<Fate>>,
}

/// A store, or what has been one.
#[derive(Debug)]
pub(super) struct Standing {
    /// Empty once it is gone.
    pub name: &'static str,
    pub installed: InstalledStore,
    /// Created in this upgrade, and nothing has been written to it.
    pub blank: bool,
    /// Fields that may not be stored yet as keys need them.
    pub unswept: Vec<KeyField>,
    /// Another program may have written to it, which does not know how keys are stored.
    pub foreign: bool,
    /// Indexes that have got another name: the old one, and the new one.
    pub renamed: Vec<(String, &'static str)>,
}

impl Rebuild {
    pub fn new(shared: &Shared, connection: u32, reached: Rc<Reached>) -> Rc<Self> {
        let rebuild = Self {
            backend: shared.backend(),
            number: connection,
            reached,
            newest: shared.definition.newest(),
            declared: RefCell::default(),
            drops: RefCell::default(),
            stores: RefCell::default(),
            shared: RefCell::new(Arc::new(shared.during(Vec::new()))),
            sweeps: RefCell::default(),
            fault: RefCell::default(),
            #[cfg(feature = "electric")]
            fates: RefCell::default(),
        };
        rebuild.look();
        let with_dexie = shared.rules.numbering == Numbering::Dexie;
        rebuild.stores.borrow_mut().iter_mut().for_each(|store| store.foreign = with_dexie);
        Rc::new(rebuild)
    }

    pub fn version(&self) -> u32 {
        self.reached.version()
    }

    pub fn reached(&self) -> &Reached {
        &self.reached
    }

    /// The upgrade function uses a store.
    pub fn uses(&self, store: u16) {
        self.reached.uses(self.name(store));
    }

    /// Goes on to a version: what it has, and what it drops.
    pub fn enter(&self, version: u32, declared: Vec<(&'static str, StoreSchema)>, drops: Vec<&'static str>) {
        self.reached.enter(version);
        self.declared.replace(declared);
        self.drops.replace(drops);
    }

    pub fn declared(&self) -> Vec<(&'static str, StoreSchema)> {
        self.declared.borrow().clone()
    }

    pub fn wanted(&self, name: &str) -> Option<StoreSchema> {
        self.declared.borrow().iter().find(|(declared, _)| *declared == name).map(|(_, schema)| *schema)
    }

    pub fn drops(&self) -> Vec<&'static str> {
        self.drops.borrow().clone()
    }

    /// Where operations run, and what a store's number means to them.
    pub fn session(&self) -> Session {
        Session::within(self.shared.borrow().clone(), self.number)
    }

    /// A store for rows of type `R`.
    pub fn target<R: Serialize + DeserializeOwned + 'static>(&self, store: u16) -> Target {
        let session = self.session();
        let row_type = RowType::keyless::<R>(session.shared.schema(store).fields);
        Target { session, store, row_type }
    }

    /// So many rows of a store are done.
    pub fn told(&self, store: u16, done: usize, total: Option<usize>) {
        self.reached.told(self.session().shared.table_name(store), done, total);
    }

    /// Remembers what failed, however the upgrade function takes it.
    pub fn doom(&self, error: &Error) {
        self.fault.borrow_mut().get_or_insert_with(|| error.clone());
    }

    pub fn fault(&self) -> Option<Error> {
        self.fault.borrow_mut().take()
    }

    // --- what there is

    /// The number of a store that is there.
    #[allow(clippy::cast_possible_truncation, reason = "a database has fewer than 65,536 stores")]
    pub fn number_of(&self, name: &str) -> Result<u16> {
        let at = self.stores.borrow().iter().position(|store| !name.is_empty() && store.name == name);
        at.map(|at| at as u16).ok_or_else(|| Error::UnknownTable { table: name.to_owned() })
    }

    pub(super) fn with<R>(&self, store: u16, see: impl FnOnce(&mut Standing) -> R) -> R {
        see(&mut self.stores.borrow_mut()[usize::from(store)])
    }

    pub fn name(&self, store: u16) -> &'static str {
        self.with(store, |store| store.name)
    }

    /// What a store lacks of what this version declares.
    pub fn fit(&self, name: &str, wanted: &StoreSchema) -> Fit {
        let stores = self.stores.borrow();
        fit(stores.iter().find(|store| store.name == name).map(|store| &store.installed), wanted)
    }

    /// Looks at what is stored now.
    pub fn look(&self) {
        let mut stores = self.stores.borrow_mut();
        let mut found = self.backend.installed(self.number);
        for store in &mut *stores {
            match found.iter().position(|found| found.name == store.name) {
                Some(at) => store.installed = found.swap_remove(at),
                None => store.name = "",
            }
        }
        // In the order of their names, whatever the storage's is.
        sort_by(&mut found, |a, b| a.name.cmp(&b.name));
        stores.extend(found.into_iter().map(|installed| Standing {
            name: kept(&installed).0,
            installed,
            blank: false,
            foreign: false,
            unswept: Vec::new(),
            renamed: Vec::new(),
        }));
        let schemas = stores.iter().map(|store| {
            let (_, schema) = kept(&store.installed);
            let fields = self.wanted(store.name).map_or(&[][..], |wanted| wanted.fields);
            (store.name, StoreSchema { fields, ..schema })
        });
        let shared = Arc::new(self.shared.borrow().during(schemas.collect()));
        self.backend.relayout(self.number, &shared.layout());
        self.shared.replace(shared);
    }

    // --- changes; `look` shows them

    pub fn alter(&self, store: &str, change: SchemaChange<'_>) -> Result<()> {
        self.backend.alter(self.number, change).map_err(|failure| failure.into_error(store))
    }

    /// Creates a store with all its indexes.
    pub fn create(&self, name: &str, key: KeySchema, indexes: impl IntoIterator<Item = IndexSchema>) -> Result<()> {
        self.alter(name, SchemaChange::CreateStore { store: name, key })?;
        for index in indexes {
            self.alter(name, SchemaChange::CreateIndex { store: name, index })?;
        }
        #[cfg(feature = "electric")]
        self.remember(Fate::Gone(name.to_owned()));
        self.look();
        Ok(())
    }

    pub fn delete(&self, name: &str) -> Result<()> {
        self.alter(name, SchemaChange::DeleteStore { store: name })?;
        #[cfg(feature = "electric")]
        self.remember(Fate::Gone(name.to_owned()));
        self.look();
        Ok(())
    }

    /// The store keeps its number under its new name. No other store has that name.
    pub fn rename(&self, name: &str, to: &str) -> Result<()> {
        let store = self.number_of(name)?;
        self.alter(name, SchemaChange::RenameStore { store: name, to })?;
        #[cfg(feature = "electric")]
        self.remember(Fate::Renamed(name.to_owned(), to.to_owned()));
        self.with(store, |store| {
            to.clone_into(&mut store.installed.name);
            store.name = kept(&store.installed).0;
        });
        self.look();
        Ok(())
    }

    /// Makes what can be made before the upgrade function, or while it runs.
    pub fn approach(&self, name: &str, wanted: &StoreSchema) -> Result<()> {
        let fit = self.fit(name, wanted);
        if fit.create {
            self.create(name, wanted.key, wanted.indexes.iter().copied())?;
            self.with(self.number_of(name)?, |store| store.blank = true);
            return Ok(());
        }
        let store = self.number_of(name)?;
        for change in &fit.before {
            let change = match change {
                Alteration::Delete(index) => SchemaChange::DeleteIndex { store: name, index },
                Alteration::Rename(index, to) => {
                    self.with(store, |store| store.renamed.push((index.clone(), to)));
                    SchemaChange::RenameIndex { store: name, index, to }
                }
                Alteration::Create(index) => {
                    let index = IndexSchema { unique: false, ..*index };
                    SchemaChange::CreateIndex { store: name, index }
                }
            };
            self.alter(name, change)?;
        }
        self.expect_forms(store, wanted, &fit.new_indexes().collect::<Vec<_>>(), fit.rekey);
        self.look();
        Ok(())
    }

    /// Rows that were stored before a key or an index read them may hold what is no key, or another one.
    pub fn expect_forms(&self, store: u16, wanted: &StoreSchema, indexes: &[&str], primary: bool) {
        let mut fields = key_fields(wanted, indexes, primary);
        if self.version() < self.newest {
            fields.extend(unknown_fields(wanted, indexes, primary));
        }
        self.with(store, |store| {
            for field in fields {
                if !store.unswept.contains(&field) {
                    store.unswept.push(field);
                }
            }
        });
    }
}
