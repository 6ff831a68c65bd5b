//! Hooks: what an app wants to hear of its own changes, and guards, which look at them before they are made.
//!
//! - `event`: one change, as the app's functions get it;
//! - `error`: how a hook fails, and what is told of that;
//! - `registry`: the hooks of one database object on this thread;
//! - `queue`: how they are called in the background.
//!
//! Called by app code, and by overlays when something has been written; calls the background tasks.

mod error;
mod event;
mod queue;
mod registry;

pub use error::{HookError, HookFailure};
pub(crate) use event::Event;
pub use event::{Added, Deleted, HookOutput, Mutation, Updated};
pub(crate) use queue::{calling, due};
#[cfg_attr(not(feature = "electric"), allow(unused_imports, reason = "only a sync asks"))]
pub(crate) use registry::InFlight;
pub(crate) use registry::{Hooked, call};

use std::fmt;
use std::rc::Rc;

use futures::FutureExt;

use crate::codec::{Batch, from_value, with_shapes, write_row};
use crate::database::Indexie;
use crate::engine::Shared;
use crate::error::{Error, Result};
use crate::key::AnyKey;
use crate::op::Op;
use crate::overlay::{existing, over};
use crate::storage::memory::evaluator::{Row, Value, Values, merge};
use crate::store::{Insert, Store};
use crate::strategy::Strategy;
use crate::table::Table;

/// Names a hook or a guard, to [remove](Hooks::remove) it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HookId(pub(crate) u64);

/// The hooks of a table: `db.users.hook()`.
///
/// A hook hears of every change that is made through this database object on this thread: of each row that `add`, `put`, `update`,
/// `upsert`, `modify`, `delete`, `clear` and their bulk forms change, in transactions and overlay transactions too. It does not hear
/// of other tabs' changes, nor of what sync brings, nor of a write that leaves a row as it was. A row whose key changes is told as a
/// row that is deleted and one that is added, never as an update: a row is known by its key. In a
/// [transaction](Indexie::transaction) each operation counts, and hooks hear of them once it is committed; of an
/// [overlay transaction](crate::OverlayTransaction) they hear what it comes to in the end, row by row.
///
/// Several hooks for the same event are called in the order of their registration, one after the other. One that panics has failed. A
/// function that holds the database object keeps it alive until the hook is removed. A table without hooks and guards costs nothing;
/// with one, each write reads the rows that it replaces.
///
/// When the hooks are called is the table's [`Strategy`].
///
/// ```
/// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
/// # use {app::*, indexie::prelude::*};
/// # async fn post(path: &str, user: &User) -> std::result::Result<(), std::io::Error> { Ok(()) }
/// # fn example(db: AppDb) {
/// db.users.hook().on_add(async |e: Added<User>| {
///     post("/users", &e.item).await?;
///     Ok(())
/// });
/// # }
/// ```
pub struct Hooks<T: Store> {
    table: Table<T>,
}

impl<T: Store> fmt::Debug for Hooks<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").field("table", &self.table).finish()
    }
}

impl<T: Store> Table<T> {
    /// The table's hooks and guards, to add some or to remove them.
    #[must_use]
    pub fn hook(&self) -> Hooks<T> {
        Hooks { table: self.clone() }
    }

    /// Says when the table's hooks are called: from now on, through this database object, on this thread. Writes that are under way
    /// go on as they have begun.
    pub fn set_strategy(&self, strategy: Strategy) {
        over(&self.shared).hooked.set_strategy(self.store, strategy);
    }

    /// When the table's hooks are called.
    #[must_use]
    pub fn strategy(&self) -> Strategy {
        existing(self.shared.id).map_or_else(Strategy::default, |over| over.hooked.strategy(self.store))
    }
}

impl Indexie {
    /// Has `handler` called when a hook fails that was called after its change had been stored (see [`Strategy::LocalFirst`]), on
    /// the thread that calls this. There is one handler at a time. Without one, failures go to the console, or to
    /// standard error.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # fn example(db: AppDb) {
    /// db.on_hook_error(|failure: HookFailure| {
    ///     eprintln!("row {:?} of {} has not been sent: {}", failure.key(), failure.table(), failure.error());
    /// });
    /// # }
    /// ```
    pub fn on_hook_error(&self, handler: impl Fn(HookFailure) + 'static) {
        over(&self.shared).hooked.set_handler(Rc::new(handler));
    }

    /// Resolves when all hooks have been called that are due now: those of changes that are stored already. In a hook that is called in
    /// the background, those that were due before it: later ones may have to wait for it.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # async fn example(db: AppDb) -> Result<()> {
    /// db.hooks_settled().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] in a hook of a [network-first](Strategy::NetworkFirst) write for whose rows one of those hooks waits: each
    /// would wait for the other.
    pub fn hooks_settled(&self) -> Op<()> {
        let over = over(&self.shared);
        let shared = self.shared.clone();
        Op::new(async move { over.hooks_settled(&shared).await })
    }
}

impl<T: Store> Hooks<T> {
    /// Has `hook` called for each row that is added.
    ///
    /// Where the table is [network first](Strategy::NetworkFirst), or the row is of an overlay transaction, `Ok(row)` stores that row in
    /// place of the one that was added: the server's, and where keys are generated, with the key that the server has given it. If another
    /// row has that key, nothing is stored, and it is [`Error::Constraint`](crate::Error::Constraint); but a table that follows the
    /// server by [`sync_electric`](crate::Table::sync_electric) may have the row sooner. A key that the app has given stays.
    ///
    /// In such a table, a hook had better return the server's row: otherwise what was written here wins over columns that the server
    /// has filled in, where the row has come before the hook is done.
    ///
    /// Any other row of a table that is [local first](Strategy::LocalFirst), the default, is stored already when the hook is called, and
    /// the row that it returns is dropped: to store that, write it.
    ///
    /// Where [`Added::key`] is `None`, the key in the row is a temporary one. A server is not to be sent it, but to give the key:
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # async fn post(path: &str, key: Option<u32>, user: &NewUser) -> std::result::Result<User, std::io::Error> { Err(std::io::ErrorKind::NotConnected.into()) }
    /// # fn example(db: AppDb) {
    /// db.users.hook().on_add(async |e: Added<User>| {
    ///     let User { email, name, age, tags, .. } = e.item;
    ///     let stored: User = post("/users", e.key, &NewUser { email, name, age, tags }).await?;
    ///     Ok(stored)
    /// });
    /// # }
    /// ```
    pub fn on_add<O, F>(&self, hook: F) -> HookId
    where
        O: HookOutput<T>,
        F: AsyncFn(Added<T>) -> Result<O, HookError> + 'static,
    {
        let hook = Rc::new(hook);
        self.on(Mutation::Add, move |event, table| {
            let (hook, added) = (hook.clone(), Added::of(event, table));
            async move { row_of::<T, O>(hook(added?).await?, table) }.boxed_local()
        })
    }

    /// Has `hook` called for each row that is changed, or replaced by one that differs.
    ///
    /// As in [`on_add`](Self::on_add), `Ok(row)` may store another row, with the same key; of a local-first write it is dropped.
    pub fn on_update<O, F>(&self, hook: F) -> HookId
    where
        O: HookOutput<T>,
        F: AsyncFn(Updated<T>) -> Result<O, HookError> + 'static,
    {
        let hook = Rc::new(hook);
        self.on(Mutation::Update, move |event, table| {
            let (hook, updated) = (hook.clone(), Updated::of(event, table));
            async move { row_of::<T, O>(hook(updated?).await?, table) }.boxed_local()
        })
    }

    /// Has `hook` called for each row that is deleted.
    pub fn on_delete<F>(&self, hook: F) -> HookId
    where
        F: AsyncFn(Deleted<T>) -> Result<(), HookError> + 'static,
    {
        let hook = Rc::new(hook);
        self.on(Mutation::Delete, move |event, table| {
            let (hook, deleted) = (hook.clone(), Deleted::of(event, table));
            async move { hook(deleted?).await.map(|()| None) }.boxed_local()
        })
    }

    /// Has `guard` look at each row before it is added, inside of the write's transaction. It may change the row, but for its
    /// primary key, or refuse it: then the operation fails with the error that it returns, and nothing of the operation is done.
    ///
    /// `R` is what the table takes: the record, or its `New…` type. In an overlay transaction, guards are called when a row is
    /// written into it.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # fn example(db: AppDb) {
    /// db.users.hook().before_add(|user: &mut NewUser| {
    ///     user.email = user.email.to_lowercase();
    ///     if !user.email.contains('@') {
    ///         return Err(Error::user("an e-mail address has an @"));
    ///     }
    ///     Ok(())
    /// });
    /// # }
    /// ```
    pub fn before_add<R: Insert<T> + 'static>(&self, guard: impl Fn(&mut R) -> Result<()> + 'static) -> HookId {
        let table = self.table.clone();
        self.before(Mutation::Add, move |key, temporary, _, new| {
            let Some(new) = new else { return Ok(None) };
            let of_row = |row: &Row| -> Result<R> {
                R::of_row(decoded::<T>(&table, key, row)?).ok_or_else(|| Error::Unsupported {
                    what: format!(
                        "table `{}` cannot tell what was added as `{}`",
                        table.name(),
                        std::any::type_name::<R>()
                    ),
                })
            };
            altered(&table, key, temporary, new, of_row(new)?, |row| guard(row))
        })
    }

    /// Has `guard` look at each row as it is to be after a change, as [`before_add`](Self::before_add) does.
    pub fn before_update(&self, guard: impl Fn(&mut T) -> Result<()> + 'static) -> HookId {
        self.before_update_from(move |_, row| guard(row))
    }

    /// The same, and `guard` also gets the row as it is stored, as its first argument.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # fn example(db: AppDb) {
    /// db.users.hook().before_update_from(|old: &User, new: &mut User| {
    ///     if new.age < old.age { Err(Error::user("nobody gets younger")) } else { Ok(()) }
    /// });
    /// # }
    /// ```
    pub fn before_update_from(&self, guard: impl Fn(&T, &mut T) -> Result<()> + 'static) -> HookId {
        let table = self.table.clone();
        self.before(Mutation::Update, move |key, temporary, old, new| {
            let (Some(old), Some(new)) = (old, new) else { return Ok(None) };
            let (old, row) = (decoded::<T>(&table, key, old)?, decoded::<T>(&table, key, new)?);
            altered(&table, key, temporary, new, row, |row| guard(&old, row))
        })
    }

    /// Has `guard` look at each row before it is deleted, as [`before_add`](Self::before_add) does.
    pub fn before_delete(&self, guard: impl Fn(&T) -> Result<()> + 'static) -> HookId {
        let table = self.table.clone();
        self.before(Mutation::Delete, move |key, _, old, _| {
            let Some(old) = old else { return Ok(None) };
            guard(&decoded::<T>(&table, key, old)?).map(|()| None)
        })
    }

    /// Removes a hook or a guard. Calls that are under way go on, and in a table that is local first a hook is still called for what was
    /// committed before: [`hooks_settled`](Indexie::hooks_settled) waits for that. Returns whether it was there.
    #[allow(clippy::must_use_candidate, reason = "whoever removes it may not care")]
    pub fn remove(&self, id: HookId) -> bool {
        over(&self.table.shared).hooked.remove(self.table.store, id)
    }

    fn on(&self, mutation: Mutation, hook: impl Fn(&Event, &'static str) -> registry::Calling + 'static) -> HookId {
        let table = self.table.name();
        over(&self.table.shared).hooked.on(self.table.store, mutation, Rc::new(move |event| hook(event, table)))
    }

    fn before(
        &self,
        mutation: Mutation,
        guard: impl Fn(&AnyKey, bool, Option<&Row>, Option<&Row>) -> Result<Option<Row>> + 'static,
    ) -> HookId {
        over(&self.table.shared).hooked.before(self.table.store, mutation, Rc::new(guard))
    }
}

/// What has been written to a table through this database object, local first, of which the hooks have not been called to their
/// end, by key.
#[cfg_attr(not(feature = "electric"), allow(dead_code, reason = "only a sync asks"))]
pub(crate) fn in_flight(shared: &Shared, store: u16) -> Vec<InFlight> {
    existing(shared.id).map(|over| over.hooked.in_flight(store)).unwrap_or_default()
}

/// The row that a hook has returned, as it would be stored.
fn row_of<T: Store, O: HookOutput<T>>(output: O, table: &'static str) -> Result<Option<Row>, HookError> {
    let Some(row) = output.into_row() else { return Ok(None) };
    Ok(Some(Row::new(encoded::<T>(table, None, &row)?)))
}

/// A row as it would be stored.
fn encoded<T: Store>(table: &str, key: Option<&AnyKey>, row: &impl serde::Serialize) -> Result<Value> {
    let mut batch = Batch::default();
    with_shapes(|shapes| write_row(&mut batch, shapes, T::FIELDS, row))
        .map_err(|error| Error::encode(table, key.cloned(), None, error))?;
    let batch = batch.finish();
    Ok(with_shapes(|shapes| Values::new(&batch, &*shapes).row()))
}

/// What becomes of a row that a guard looks at as `row`: what that does not know of it stays.
fn altered<T: Store, R: serde::Serialize>(
    table: &Table<T>,
    key: &AnyKey,
    temporary: bool,
    stored: &Row,
    mut row: R,
    guard: impl FnOnce(&mut R) -> Result<()>,
) -> Result<Option<Row>> {
    let named = (!temporary).then_some(key);
    let before = encoded::<T>(table.name(), named, &row)?;
    guard(&mut row)?;
    let row = merge(stored, &before, encoded::<T>(table.name(), named, &row)?);
    same_key(table, key, temporary, &row)?;
    Ok(Some(Row::new(row)))
}

fn decoded<T: Store>(table: &Table<T>, key: &AnyKey, row: &Row) -> Result<T> {
    typed(row).map_err(|error| Error::decode(table.name(), Some(key.clone()), error))
}

/// A row as its Rust type.
fn typed<T: Store>(row: &Row) -> Result<T, crate::codec::CodecError> {
    let batch = crate::storage::memory::evaluator::written(row);
    with_shapes(|shapes| from_value::<T>(&mut batch.reader(), &*shapes))
}

/// Refuses a row that a guard has given another key.
fn same_key<T: Store>(table: &Table<T>, key: &AnyKey, temporary: bool, row: &Value) -> Result<()> {
    use crate::storage::memory::evaluator::{At, Path};

    let now = match Path::from(T::SCHEMA.key.path) {
        Path::None => return Ok(()),
        path => path.key(row),
    };
    if now == At::Key(key.clone()) {
        return Ok(());
    }
    let key = (!temporary).then(|| key.clone());
    let message = "a guard has changed the row's primary key".to_owned();
    Err(Error::Data { table: table.name().to_owned(), key, row: None, message })
}
