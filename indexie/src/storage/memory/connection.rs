//! One thread's connection to a database, and what the numbers of stores and indexes mean on it.
//! Called by `engine`, `pump` and `task`; calls `database`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use super::database::Database;
use super::write::no_store;
use crate::Date;
use crate::schema::InstalledStore;
use crate::storage::{Failure, Layout, StoreLayout, Versions};

/// A connection, from the moment it is asked for; also a deletion, which waits in the same way.
pub(super) struct Connection {
    pub id: u32,
    pub database: Arc<Database>,
    layout: RefCell<Vec<Table>>,
    /// The version that has been asked for, 0 for whichever there is.
    pub asked: u32,
    pub versions: Cell<Versions>,
    /// Since when others keep it waiting.
    pub blocked: Cell<Option<Date>>,
    pub failure: RefCell<Option<Failure>>,
    /// What has been opened, as it was then.
    pub opened: RefCell<Option<Opened>>,
}

/// What is stored, once a connection is open. It is kept: another thread may have begun to change it when the owner of the
/// connection comes to look.
#[derive(Clone)]
pub(super) struct Opened {
    pub version: (u32, Option<u32>),
    pub stores: Vec<InstalledStore>,
}

/// What the number of a store means.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub name: Arc<str>,
    pub indexes: Arc<[String]>,
    pub last_key: Option<u32>,
}

impl Connection {
    pub fn new(id: u32, database: Arc<Database>, layout: &Layout, asked: u32) -> Rc<Self> {
        let connection = Self {
            id,
            database,
            asked,
            layout: RefCell::default(),
            versions: Cell::default(),
            blocked: Cell::default(),
            failure: RefCell::default(),
            opened: RefCell::default(),
        };
        connection.relayout(layout);
        Rc::new(connection)
    }

    /// The same connection, asked for once more.
    pub fn again(&self, database: Arc<Database>) -> Rc<Self> {
        let again = Self::new(self.id, database, &Layout::new(), self.asked);
        again.layout.replace(self.layout.borrow().clone());
        again.blocked.set(self.blocked.get());
        again
    }

    pub fn relayout(&self, layout: &Layout) {
        let table = |StoreLayout { name, indexes, last_key }: &StoreLayout| Table {
            name: name.as_str().into(),
            indexes: indexes.as_slice().into(),
            last_key: *last_key,
        };
        self.layout.replace(layout.iter().map(table).collect());
    }

    /// What is stored: what was opened, or, in an upgrade, what there is by now.
    pub fn stored(&self) -> Opened {
        let opened = self.opened.borrow().clone();
        opened.unwrap_or_else(|| self.database.look(|state| state.stored()))
    }

    pub fn table(&self, store: u16) -> Result<Table, Failure> {
        self.layout.borrow().get(usize::from(store)).cloned().ok_or_else(|| no_store(""))
    }
}
