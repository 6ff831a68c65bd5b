//! What a storage has to do: the trait that the browser's IndexedDB and the memory both implement.
//! Called by `thread` and `runner`, which it tells what has happened; calls nothing of the engine.

use std::fmt;
use std::rc::Rc;
use std::task::Waker;
use std::time::Duration;

use super::{Failure, Reply, Request, Want};
use crate::database::Durability;
use crate::schema::{IndexSchema, InstalledStore, KeySchema};

/// Where a database is stored, on whatever thread: gives each thread its backend.
pub(crate) trait Connect: fmt::Debug + Send + Sync {
    fn backend(&self) -> Rc<dyn Backend>;
    /// Tells storages apart: databases of one name are the same one where this is.
    fn place(&self) -> usize;
}

/// Stores by name: operations use their positions.
pub(crate) type Layout = Vec<StoreLayout>;

/// A store and its indexes.
#[derive(Clone, Debug)]
pub(crate) struct StoreLayout {
    pub name: String,
    pub indexes: Vec<String>,
    /// The greatest number that a generated key may be; none where the key's type has all that there are.
    pub last_key: Option<u32>,
}

/// Which database is to be opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenRequest<'a> {
    pub name: &'a str,
    /// The number that it is to have; 0 is whichever there is.
    pub version: u32,
    pub layout: &'a Layout,
    /// How long the browser is not asked yet.
    #[cfg_attr(not(target_family = "wasm"), allow(dead_code, reason = "the memory has nothing to wait for"))]
    pub pause: Duration,
}

/// What happens to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// An older database is there, or none: its transaction, which has the connection's number, waits for a body.
    Upgrade,
    Opened,
    OpenFailed,
    /// Another connection keeps an older version open. Repeated while that lasts.
    Blocked,
    /// Another connection wants to upgrade or to delete the database.
    VersionChange,
    /// It has been closed from outside.
    #[cfg_attr(not(target_family = "wasm"), allow(dead_code, reason = "the memory closes none"))]
    Closed,
}

/// The versions that an event of a connection is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Versions {
    pub old: u32,
    /// 0 where the database is to be deleted.
    pub new: u32,
    /// For how long it has been waiting.
    pub waited: Duration,
}

/// A change of stores and indexes, possible in the transaction of an upgrade only.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SchemaChange<'a> {
    CreateStore { store: &'a str, key: KeySchema },
    DeleteStore { store: &'a str },
    RenameStore { store: &'a str, to: &'a str },
    CreateIndex { store: &'a str, index: IndexSchema },
    DeleteIndex { store: &'a str, index: &'a str },
    RenameIndex { store: &'a str, index: &'a str, to: &'a str },
}

/// A storage, as one thread sees it.
///
/// Connections, transactions and operations go by numbers that the caller gives them. What happens is reported to
/// [`Thread`](super::thread::Thread): `settled` for an operation, `ended` for a transaction, `happened` for a connection.
/// An operation's report comes while its transaction is active, so that the transaction's body can go on at once.
pub(crate) trait Backend {
    // --- connections

    /// Begins to open a database. [`Event::Opened`] or [`Event::OpenFailed`] follows, possibly before this returns.
    fn open(&self, connection: u32, request: &OpenRequest<'_>);
    /// Whether stores and indexes of an upgrade are shown that is still being taken back.
    fn shows_unfinished_upgrades(&self) -> bool {
        false
    }
    /// Says what the numbers of stores and indexes mean from here on.
    fn relayout(&self, connection: u32, layout: &Layout);
    /// Closes a connection, or gives up opening it. Its transactions are finished first.
    fn close(&self, connection: u32);
    /// What the last event was about; of a deletion, by its slot.
    fn versions(&self, connection: u32) -> Versions;
    /// The version of an open database: the number that it has been given, and what its marker says (see
    /// [`MARKER`](crate::schema::MARKER)).
    fn stored_version(&self, connection: u32) -> (u32, Option<u32>);
    /// What the open database looks like.
    fn installed(&self, connection: u32) -> Vec<InstalledStore>;
    fn alter(&self, connection: u32, change: SchemaChange<'_>) -> Result<(), Failure>;
    /// Why opening failed.
    fn failure(&self, connection: u32) -> Failure;
    /// Reports [`Event::Blocked`] for the slot while other connections do not close.
    fn delete_database(&self, slot: u32, name: &str);
    /// Answers with the names as primary keys.
    fn database_names(&self, slot: u32);

    // --- transactions

    /// Fails with [`Failure::NOT_STARTED`] if the connection is closed.
    fn begin(
        &self,
        transaction: u32,
        connection: u32,
        stores: &[u16],
        write: bool,
        durability: Durability,
    ) -> Result<(), Failure>;
    /// Nothing more will be asked of the transaction.
    fn commit(&self, transaction: u32);
    fn abort(&self, transaction: u32);

    // --- operations

    /// Starts an operation, in a transaction or (0) alone. Those of a transaction take effect in the order in which they are
    /// started, each as a whole or, where it fails, not at all. Returns true if it has ended before this call does: that is not
    /// reported. One that cannot be started because its connection is closed fails with [`Failure::NOT_STARTED`].
    fn submit(
        &self,
        slot: u32,
        connection: u32,
        transaction: u32,
        durability: Durability,
        request: &Rc<Request>,
    ) -> bool;
    /// Hands over what a settled operation came to. Rows are encoded only now.
    fn take(&self, slot: u32, want: Want) -> Result<Reply, Failure>;
    /// Nobody wants to know what an operation came to.
    fn forget(&self, slot: u32);
    /// Nobody waits any more for an operation of its own, a deletion, or a transaction that is to be committed, and this
    /// thread may not come back: others are not to wait for that. A browser goes on by itself, but for what is only read.
    fn abandon(&self, _id: u32) {}
    /// Lets go of rows that a Get has parked.
    fn unpark(&self, parked: u32);

    // --- commits

    /// Reports what is committed to these stores of a database, on whatever thread, to
    /// [`Thread::committed`](super::thread::Thread::committed) under this number, from now on and in place of those that were
    /// watched under it before. Without stores nothing more is reported. Own commits are reported before whoever waits for
    /// them is told.
    fn watch(&self, watch: u32, database: &str, stores: &[String]);
    /// What the operation that was last taken has seen: all commits with a number up to this one, and none with a greater one.
    fn seen(&self) -> u64;

    // --- time

    /// Calls `runner::waited` with this transaction after one turn of the queue of ready tasks.
    fn later(&self, transaction: u32);
    /// Whether an operation's end may be reported while a body is being polled. Where it may not, one that is reported then
    /// says that the poll never returned: the body has panicked, in a program that does not unwind.
    fn reports_during_polls(&self) -> bool {
        true
    }
    /// A future with this number waits for this storage until `waits` is false, though for no connection, transaction or operation of
    /// its own.
    fn waits(&self, _future: u32, _waits: bool) {}
    /// Does what is due. Called at each poll of a future that waits for this storage, with that future's own number; `waker` is
    /// woken if there is more to do soon.
    fn turn(&self, waker: &Waker, future: u32);
}
