//! A database: what `schema!` makes, its settings, opening and closing it.

mod other_tabs;
mod upgrading;

pub use other_tabs::{Blocked, VersionChange};
pub use upgrading::UpgradeProgress;

use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

use crate::engine::{self, Handlers, Shared, UPGRADES, Upgrades};
use crate::error::{Error, Result};
use crate::op::Op;
use crate::schema::{Definition, Numbering, Rules};
use crate::storage::Connect;
use crate::storage::indexed_db::IndexedDb;
use crate::storage::memory::Memory;
use crate::store::Store;
use crate::table::Table;

/// A type that `schema!` has made.
pub trait Database: Sized {
    #[doc(hidden)]
    const DEFINITION: &'static Definition;
    #[doc(hidden)]
    fn from_indexie(db: Indexie) -> Self;
    /// What the body of a transaction over all tables gets: a struct with a handle for each, of the same names. See
    /// [`Tables`](crate::Tables).
    type Tables<M: 'static>: 'static;
    #[doc(hidden)]
    fn bind<M: 'static>(&self, transaction: u32) -> Self::Tables<M>;
    #[doc(hidden)]
    fn indexie(&self) -> &Indexie;
}

/// What all databases can do; the type that `schema!` makes derefs to it.
///
/// Cheap to clone, and free to cross threads; each thread has a connection of its own.
#[derive(Clone)]
pub struct Indexie {
    pub(crate) shared: Arc<Shared>,
}

impl fmt::Debug for Indexie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Indexie").field("name", &self.shared.name).finish_non_exhaustive()
    }
}

impl Indexie {
    /// The name of the stored database.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Opens the database, and creates it if it does not exist. The first operation does so by itself; this is for who wants to
    /// know beforehand, and for opening again after [`close`](Self::close).
    ///
    /// # Errors
    ///
    /// Any first operation opens the database, and so may fail with each of these.
    ///
    /// [`Error::NewerVersion`] if the stored database is newer than this program, [`Error::SchemaMismatch`] if it has the same
    /// version and lacks stores or indexes. [`Error::Upgrade`] if an upgrade fails, or the function that fills a new database.
    /// [`Error::Blocked`] if [`on_blocked`](Builder::on_blocked) has given up. [`Error::Closed`] if the database is closed or deleted
    /// while it is being opened. [`Error::Unsupported`] where there is no such storage, or the schema names a field that serde stores
    /// otherwise. Besides, what the browser reports.
    pub fn open(&self) -> Op<()> {
        Op::new(engine::open(self.shared.clone()))
    }

    /// Closes the database on this thread. Operations and transactions that are under way are finished; an upgrade is given up, and
    /// the old version is there as it was. What waits for the opening, and later operations, fail with [`Error::Closed`]
    /// until [`open`](Self::open) is called.
    pub fn close(&self) {
        engine::close(&self.shared);
    }

    /// Whether the database is open on this thread.
    #[must_use]
    pub fn is_open(&self) -> bool {
        engine::is_open(&self.shared)
    }

    /// Deletes the stored database with all its rows. Connections of other tabs are asked to close first. The next operation
    /// makes a new, empty database, also after an earlier [`close`](Self::close), which this lifts. What waits for the database to be
    /// opened fails with [`Error::Closed`].
    ///
    /// Live queries read again, and by that open the database, and so make it again, at once; those of other tabs do, too. For a
    /// database that is to stay away, drop the subscriptions first, or call [`close`](Self::close) right after: live queries then
    /// keep the rows that they have shown.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// async fn log_out(db: &AppDb) -> Result<()> {
    ///     db.delete().await?;
    ///     db.close();
    ///     Ok(())
    /// }
    /// # fn main() -> Result<()> { futures::executor::block_on(async {
    /// # let db = AppDb::new();
    /// # let mut all = db.users.to_vec().live();
    /// # let first = futures::StreamExt::next(&mut all).await;
    /// # log_out(&db).await?;
    /// # assert!(futures::FutureExt::now_or_never(futures::StreamExt::next(&mut all)).is_none());
    /// # assert!(!AppDb::exists().await?);
    /// # db.delete().await?;
    /// # assert!(!AppDb::exists().await?);
    /// # assert!(futures::FutureExt::now_or_never(futures::StreamExt::next(&mut all)).is_none());
    /// # assert!(AppDb::exists().await?, "the live query has made it again");
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::OutsideTransaction`] inside the body of a transaction of this database; [`Error::Blocked`] if
    /// [`on_blocked`](Builder::on_blocked) gives up, which does not call the deletion off: see [`Blocked::give_up`].
    pub fn delete(&self) -> Op<()> {
        Op::new(engine::delete(self.shared.clone()))
    }

    /// A table by its name, for records of type `T`.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTable`] if there is none. [`Error::SchemaMismatch`] if `T` has another schema, or lists the same indexes in
    /// another order: a typed handle is a place in that list.
    pub fn table<T: Store>(&self, name: &str) -> Result<Table<T>> {
        let Some(store) = self.shared.store_number(name) else {
            return Err(Error::UnknownTable { table: name.to_owned() });
        };
        let (has, wants) = (self.shared.schema(store), T::SCHEMA);
        if has.key == wants.key && has.indexes == wants.indexes {
            return Ok(Table::new(self.shared.clone(), store));
        }
        let record = std::any::type_name::<T>();
        let reordered = has.key == wants.key
            && has.indexes.len() == wants.indexes.len()
            && has.indexes.iter().all(|index| wants.indexes.contains(index));
        let difference = if reordered {
            format!("table `{name}` has the indexes of `{record}` in another order")
        } else {
            format!("table `{name}` has not the schema of `{record}`")
        };
        Err(Error::SchemaMismatch { database: self.shared.name.clone(), differences: vec![difference] })
    }

    /// A table that the generated code knows to exist.
    #[doc(hidden)]
    #[must_use]
    pub fn bind<T: Store>(&self, table: &'static str) -> Table<T> {
        // A number beyond every store fails in the storage, by name.
        Table::new(self.shared.clone(), self.shared.store_number(table).unwrap_or(u16::MAX))
    }
}

/// Where a database is stored: `AppDb::builder().storage(Storage::Memory)`.
///
/// # Memory
///
/// The memory keeps everything as IndexedDB does (the order of keys, generated keys, indexes and uniqueness, transactions that
/// wait for one another, upgrades that wait for other connections), so what works on one works on the other. It is gone with
/// the program.
///
/// What is kept belongs to the thread that makes the database object: two objects of the same name that are made on one thread
/// are like two tabs of one origin, and share their rows; two that are made on different threads know nothing of one another,
/// so tests that run side by side do not disturb each other. An object works on whatever thread it is sent to, and finds the
/// same rows there. They stay until they are [deleted](Indexie::delete), or until the thread and all objects that were made on it
/// are gone.
///
/// There is no event loop off the web: a database moves on whenever one of its futures is polled, in any executor. A future that
/// is kept without being polled, a transaction's above all, keeps others waiting.
///
/// ```
/// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
/// # use {app::*, indexie::prelude::*};
/// # fn main() -> Result<()> {
/// # futures::executor::block_on(async {
/// let db = AppDb::builder().storage(Storage::Memory).build();
/// let alice = NewUser { email: "alice@example.com".into(), name: "Alice".into(), age: 30, tags: vec![] };
/// assert_eq!(db.users.add(&alice).await?, 1);
/// let other_tab = AppDb::builder().storage(Storage::Memory).build();
/// assert_eq!(other_tab.users.count().await?, 1);
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Storage {
    /// The browser's IndexedDB: the default in a browser. Elsewhere, opening fails with [`Error::Unsupported`].
    IndexedDb,
    /// This program's memory: the default elsewhere.
    Memory,
}

impl Storage {
    fn connect(self) -> Arc<dyn Connect> {
        match self {
            Self::IndexedDb => Arc::new(IndexedDb),
            Self::Memory => Arc::new(Memory::here()),
        }
    }
}

/// How hard the browser tries to have a write on the disk before it says that it is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// As the browser thinks right; today's browsers are relaxed.
    #[default]
    Default,
    /// Done once the operating system has it: fast, and lost only if that crashes.
    Relaxed,
    /// Done once it is on the disk: 1.2 to 1.5 times as slow for bulk writes.
    Strict,
}

/// Settings of a database, before it is made: `AppDb::builder()`.
#[must_use = "call `build` to make the database"]
pub struct Builder<D> {
    name: String,
    durability: Durability,
    storage: Arc<dyn Connect>,
    handlers: Handlers,
    rules: Rules,
    upgrades: Option<&'static dyn Upgrades>,
    of: PhantomData<fn() -> D>,
}

impl<D> fmt::Debug for Builder<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("name", &self.name)
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}

impl<D: Database> Default for Builder<D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<D: Database> Builder<D> {
    /// The settings that `AppDb::new()` has.
    pub fn new() -> Self {
        Self {
            name: D::DEFINITION.name.to_owned(),
            durability: Durability::default(),
            storage: default_storage(),
            handlers: Handlers::default(),
            rules: Rules::default(),
            upgrades: None,
            of: PhantomData,
        }
    }

    /// Another name than the schema's, for a database per user, say.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Where the database is stored, if not where it usually is: see [`Storage`].
    pub fn storage(mut self, storage: Storage) -> Self {
        self.storage = storage.connect();
        self
    }

    /// How hard the browser tries to have writes on the disk.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Numbers versions as Dexie does, so that both can use the same database: version `n` has the browser's number `10 · n`.
    ///
    /// Dexie stores a boolean as it is, also under an index, which such a row is then not part of. Here it is 0 or 1, and an upgrade
    /// rewrites the rows of before: what Dexie has stored is found by a boolean index after the next version, and not sooner. Where
    /// both write to a table side by side, have no index on its booleans, or have Dexie's side write 0 and 1.
    ///
    /// To be decided before the first release: of a database that was numbered plainly up to version 9 this is still told, and it goes
    /// on from there; a later number would be taken for Dexie's.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use app::*;
    /// let db = AppDb::builder().dexie_compatible(true).build();
    /// ```
    pub fn dexie_compatible(mut self, compatible: bool) -> Self {
        self.upgrades = Some(UPGRADES);
        self.rules.numbering = if compatible { Numbering::Dexie } else { Numbering::Plain };
        self
    }

    /// Adds stores and indexes that the schema declares and the stored database lacks although it has the newest version, in
    /// place of failing with [`Error::SchemaMismatch`]: for development, where a schema changes without a new version, and for
    /// databases that another program has made. What is there in another way (another key path, unique or not) is a mismatch
    /// all the same, and what is not declared stays.
    ///
    /// A repair takes a number of the browser's, for the browser changes stores and indexes in an upgrade only; the version stays.
    /// A store named `$meta` says so for as long as the two differ: every program that uses this crate finds the version
    /// there, repairing or not, and the next real version runs its upgrade as ever. `$meta` goes when that version's number
    /// is its own again.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use app::*;
    /// let db = AppDb::builder().repair_schema(cfg!(debug_assertions)).build();
    /// ```
    pub fn repair_schema(mut self, repair: bool) -> Self {
        self.upgrades = Some(UPGRADES);
        self.rules.repair = repair;
        self
    }

    /// Opens a stored database of a later version than the newest that the schema declares, in place of failing with
    /// [`Error::NewerVersion`], if every declared store and index is there as it is declared; else opening fails with
    /// [`Error::SchemaMismatch`], which lists what is not. Rows that no longer fit their type fail when they are read.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use app::*;
    /// let db = AppDb::builder().allow_newer(true).build();
    /// ```
    pub fn allow_newer(mut self, allow: bool) -> Self {
        self.rules.newer = allow;
        self
    }

    /// Called while another tab keeps the database open and opening or deleting it has to wait; on the thread that calls
    /// `build`. Without a handler nothing is said: what needs the database waits until the other tab gives way.
    pub fn on_blocked(mut self, handler: impl Fn(Blocked) + 'static) -> Self {
        self.handlers.blocked = Some(Rc::new(handler));
        self
    }

    /// Called when another tab wants to upgrade or to delete the database, on the thread that calls `build`.
    pub fn on_version_change(mut self, handler: impl Fn(VersionChange) + 'static) -> Self {
        self.handlers.version_change = Some(Rc::new(handler));
        self
    }

    /// Called while a stored database is carried to a later version, after each few hundred rows: see [`UpgradeProgress`]. On the
    /// thread that calls `build`.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use app::*;
    /// let db = AppDb::builder()
    ///     .on_upgrade_progress(|progress| {
    ///         println!("version {}: {} of {:?} {}", progress.version, progress.done, progress.total, progress.table);
    ///     })
    ///     .build();
    /// ```
    pub fn on_upgrade_progress(mut self, handler: impl Fn(UpgradeProgress) + 'static) -> Self {
        self.handlers.upgrade_progress = Some(Rc::new(handler));
        self
    }

    /// Makes the database. Touches no storage: that is what opening does.
    #[must_use]
    pub fn build(self) -> D {
        let shared = Arc::new(Shared::new(D::DEFINITION, self.name, self.durability, self.storage, self.rules));
        if let Some(upgrades) = self.upgrades.or(const { engine::needed(D::DEFINITION) }) {
            shared.with_upgrades(upgrades);
        }
        engine::handlers(&shared, self.handlers);
        D::from_indexie(Indexie { shared })
    }
}

/// Where a database is stored that does not say: in a program for the browser, nothing else is linked.
fn default_storage() -> Arc<dyn Connect> {
    #[cfg(target_family = "wasm")]
    {
        Arc::new(IndexedDb)
    }
    #[cfg(not(target_family = "wasm"))]
    {
        Arc::new(Memory::here())
    }
}

/// The names of the databases that are stored where a database usually is.
///
/// In a browser these are all IndexedDB databases of the page's origin, whoever made them; what is in the memory by
/// [`Storage::Memory`] is not among them. Elsewhere they are the databases in the memory that belong to the thread that calls this.
/// A database is there once it has been opened, and its name is what [`Builder::name`] said, if it did.
///
/// ```
/// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
/// # use {app::*, indexie::prelude::*};
/// # fn main() -> Result<()> {
/// # futures::executor::block_on(async {
/// let db = AppDb::builder().name("of Ada").build();
/// assert!(!indexie::database_names().await?.contains(&"of Ada".to_owned()));
/// db.open().await?;
/// assert!(indexie::database_names().await?.contains(&"of Ada".to_owned()));
/// assert!(!AppDb::exists().await?, "that asks for the name in the schema");
/// # Ok(())
/// # })
/// # }
/// ```
///
/// # Errors
///
/// What the browser reports.
pub fn database_names() -> Op<Vec<String>> {
    Op::new(engine::database_names(default_storage()))
}

/// Whether a database of this name is stored.
#[doc(hidden)]
pub fn exists(name: &'static str) -> Op<bool> {
    Op::new(async move { Ok(engine::database_names(default_storage()).await?.iter().any(|stored| stored == name)) })
}
