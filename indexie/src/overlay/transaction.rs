//! `OverlayTransaction`: what the app holds of an overlay.

use std::cell::Cell;
use std::fmt;
use std::future::ready;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::commit::{Extra, Stored};
use super::over::{Over, existing, over};
use super::stack::{Purpose, ended};
use crate::database::Indexie;
use crate::engine::{Shared, Sight};
use crate::error::{Error, Result};
use crate::hooks::Mutation;
use crate::key::{AnyKey, Key};
use crate::op::Op;
use crate::store::Store;
use crate::table::{Binding, Pending, Table};
use crate::transaction::{Scope, Tables};

/// Who sees what an overlay transaction has pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlay {
    /// Everyone who reads through the same database object on the same thread: at once, as if it were stored. Live queries, `get`,
    /// queries, counts and pages.
    Optimistic,
    /// Nobody but the overlay transaction itself.
    Standard,
}

/// Writes that are collected, and stored together: `db.users.start_transaction(Overlay::Optimistic)`.
///
/// It derefs to the table's handle, or, of several tables, to their handles, as [`tables`](Self::tables) gives them. What is
/// written through these is kept in memory. Reads through them see it, over what is stored and what earlier optimistic overlays
/// show. [`commit`](Self::commit) calls the tables' hooks, and then stores everything in one transaction;
/// [`rollback`](Self::rollback), or dropping it, leaves no trace.
///
/// It may last: unlike [`transaction`](Indexie::transaction) it locks nothing, and anything may be awaited. What others store
/// meanwhile is seen beneath it; where that changes a row which the overlay has touched, the commit fails with
/// [`Error::Conflict`]. Where the table follows a server, what comes from there goes beneath what is pending instead: changed
/// fields stay changed, the others are the server's, and nothing conflicts.
///
/// Unique keys and primary keys are checked when a row is written, against all that the overlay sees. Rows whose key is to be
/// generated have a temporary one until they are stored, counted down from the greatest number of the key's type. Such a row is
/// changed through the overlay transaction, or a later one; every other write that names the key (`put`, `update`, `delete`, a query
/// for it) is refused with [`Error::Data`] for as long as the row is pending.
///
/// ```
/// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
/// # use {app::*, indexie::prelude::*};
/// # fn main() -> Result<()> { futures::executor::block_on(async {
/// let db = AppDb::new();
/// let tx = db.users.start_transaction(Overlay::Optimistic);
/// let alice = NewUser { email: "alice@example.com".into(), name: "Alice".into(), age: 30, tags: vec![] };
/// let temporary = tx.add(&alice).await?;
/// assert_eq!(db.users.count().await?, 1, "it is seen");
/// assert!(db.users.is_pending(&temporary));
///
/// let committed = tx.commit().await?;
/// assert_eq!(committed.key(&db.users, &temporary), Some(1));
/// assert_eq!(db.users.get(1).await?.map(|user| user.name), Some("Alice".to_owned()));
/// # Ok(()) }) }
/// ```
///
/// It stays on the thread that it was started on, and so does what it shows. Of a tab that is closed before the commit, nothing
/// is stored.
#[must_use = "dropping it rolls back"]
pub struct OverlayTransaction<H> {
    handles: H,
    shared: Arc<Shared>,
    pub(super) over: Rc<Over>,
    pub(super) number: u32,
    /// A commit has been asked for, which ends it.
    committing: Cell<bool>,
}

impl<H> fmt::Debug for OverlayTransaction<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OverlayTransaction").field("database", &self.shared.name).finish_non_exhaustive()
    }
}

impl<H> Deref for OverlayTransaction<H> {
    type Target = H;

    fn deref(&self) -> &H {
        &self.handles
    }
}

impl<T: Store> Table<T> {
    /// Starts an overlay transaction on this table; see [`OverlayTransaction`].
    pub fn start_transaction(&self, overlay: Overlay) -> OverlayTransaction<Table<T, Pending>> {
        OverlayTransaction::start(&self.shared, overlay, Scope::<Pending>::tables(self))
    }

    /// Whether a row is pending: changed, added or deleted by an optimistic overlay that is neither committed nor rolled back.
    ///
    /// A [`live_query`](crate::live_query) that asks is run again when the answer has changed, so a mark on a page comes and goes by
    /// itself:
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # fn example(db: AppDb) {
    /// let marked = live_query(clone!(db => async move || {
    ///     let users = db.users.to_vec().await?;
    ///     Ok(users.into_iter().map(|user| (db.users.is_pending(&user.id), user)).collect::<Vec<_>>())
    /// }));
    /// # }
    /// ```
    #[must_use]
    pub fn is_pending(&self, key: &T::Key) -> bool {
        is_pending(self, Sight::Shown, key)
    }
}

impl<T: Store, A> Table<T, A> {
    /// The key under which a row was first seen through this database object on this thread: the temporary one, if it has been
    /// pending in an optimistic overlay, or else its own. It stays the same when the row is stored, so a list on a page that is
    /// keyed by it keeps the row's element.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # async fn example(db: AppDb, alice: NewUser) -> Result<()> {
    /// let tx = db.users.start_transaction(Overlay::Optimistic);
    /// let temporary = tx.add(&alice).await?;
    /// let committed = tx.commit().await?;
    /// let id = committed.key(&db.users, &temporary).unwrap_or(temporary);
    /// assert_eq!(db.users.first_key(&id), temporary);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn first_key(&self, key: &T::Key) -> T::Key {
        let first = || existing(self.shared.id)?.first_seen(self.store, &key.to_any().ok()?);
        first().and_then(|key| T::Key::from_any(&key)).unwrap_or_else(|| key.clone())
    }
}

impl<T: Store> Table<T, Pending> {
    /// Whether a row is pending in what this handle sees: in its own overlay, or in an earlier optimistic one.
    #[must_use]
    pub fn is_pending(&self, key: &T::Key) -> bool {
        match self.binding {
            Binding::Overlay(number) => is_pending(self, Sight::Overlay(number), key),
            Binding::Alone | Binding::Transaction(_) => false,
        }
    }
}

fn is_pending<T: Store, A>(table: &Table<T, A>, sight: Sight, key: &T::Key) -> bool {
    let Ok(key) = key.to_any() else { return false };
    #[cfg(feature = "live")]
    crate::live::asks(&table.shared, table.store, &key);
    existing(table.shared.id).is_some_and(|over| over.is_pending(sight, table.store, &key))
}

impl Indexie {
    /// Starts an overlay transaction over several tables: `(&db.users, &db.logs)`, or `db.all()`; see [`OverlayTransaction`].
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # async fn example(db: AppDb, alice: NewUser) -> Result<()> {
    /// let tx = db.start_transaction(Overlay::Standard, (&db.users, &db.logs));
    /// let (users, logs) = tx.tables();
    /// users.add(&alice).await?;
    /// logs.add(&NewLog { action: "added".into() }).await?;
    /// tx.commit().await?;
    /// # Ok(()) }
    /// ```
    pub fn start_transaction<S: Scope<Pending>>(&self, overlay: Overlay, scope: S) -> OverlayTransaction<S::Handles> {
        OverlayTransaction::start(&self.shared, overlay, scope.tables())
    }
}

impl<H> OverlayTransaction<H> {
    fn start(shared: &Arc<Shared>, overlay: Overlay, tables: Tables<H>) -> Self {
        let Tables { database, stores, bind } = tables;
        let over = over(shared);
        let purpose = match overlay {
            Overlay::Optimistic => Purpose::Shown,
            Overlay::Standard => Purpose::Hidden,
        };
        // A number that no overlay has: whatever is done with it fails.
        let number = if database == shared.id { over.start(shared, purpose, &stores) } else { 0 };
        Self { handles: bind(number), shared: shared.clone(), over, number, committing: Cell::new(false) }
    }

    /// The handles of its tables, as the scope lists them: `let (users, logs) = tx.tables();`.
    pub fn tables(&self) -> &H {
        &self.handles
    }

    /// Calls the hooks, and then stores everything in one transaction. Returns the keys that rows have got in place of temporary
    /// ones; references to those in other rows are the app's to mend.
    ///
    /// The hooks are called under both strategies, in the order in which the rows were first touched, each with what has become of
    /// its row in the end; a row that a hook returns is stored in place of the pending one. Local-first hooks that are still due for
    /// the same rows come before; a commit in a hook does not wait for those that may have to wait for that hook. If the tab is closed
    /// after the hooks were successful and before everything is stored, or storing fails then, the server has the change and this
    /// database has not. Conflicts are looked for before the hooks are called, and again when everything is stored. Where it changes a
    /// row that an earlier overlay has added, and that one is being committed, the row's key is waited for first; in the hooks of that
    /// one it is [`Error::Conflict`].
    ///
    /// Live queries go from the pending rows to the stored ones in one step.
    ///
    /// # Errors
    ///
    /// [`Error::Hook`] if a hook fails; [`Error::Conflict`] if a row has been changed underneath;
    /// [`Error::Constraint`] if a unique key has been taken meanwhile; [`Error::Aborted`] if it has been committed or rolled back
    /// already, or is called in the body of a [`savepoint`](Self::savepoint); [`Error::QuotaExceeded`]. Whatever it is, everything
    /// has been rolled back.
    ///
    /// # Cancellation
    ///
    /// Dropped, it rolls back, unless the transaction that stores everything is under way.
    pub fn commit(&self) -> Op<Committed> {
        self.ending(|over, shared, number| over.commit(shared, number, false).boxed_local())
    }

    /// The same, whatever others have done meanwhile to the rows that it is about: changed fields are written over theirs, deleted
    /// rows come back, and added ones are replaced.
    ///
    /// # Errors
    ///
    /// As [`commit`](Self::commit). [`Error::Conflict`] is left for what builds on a row that was pending in an earlier overlay: where
    /// that one is gone without having stored it, there is no row to write over; and in a hook of that one's commit.
    pub fn commit_overwriting(&self) -> Op<Committed> {
        self.ending(|over, shared, number| over.commit(shared, number, true).boxed_local())
    }

    /// The database object, and the stores that have something pending.
    #[cfg(feature = "electric")]
    pub(crate) fn about(&self) -> (Arc<Shared>, Vec<u16>) {
        let stores = self.over.with_overlay(self.number, |open| open.layers.keys().copied().collect());
        (self.shared.clone(), stores.unwrap_or_default())
    }

    /// The same as [`commit_overwriting`](Self::commit_overwriting) without the hooks, for who has told the server himself: then `extra`
    /// runs in the transaction that stores everything, which covers `extra_stores` too, and is given the rows that have been stored.
    #[cfg_attr(not(feature = "electric"), allow(dead_code, reason = "only a sync asks"))]
    pub(crate) fn ending_with(&self, extra_stores: Vec<u16>, extra: Extra) -> Op<Committed> {
        self.ending(|over, shared, number| over.commit_synced(shared, number, extra, extra_stores).boxed_local())
    }

    fn ending(
        &self,
        commit: impl FnOnce(Rc<Over>, Arc<Shared>, u32) -> LocalBoxFuture<'static, Result<Stored>> + 'static,
    ) -> Op<Committed> {
        if self.number == 0 {
            let message = "the scope of an overlay transaction holds tables of another database object".to_owned();
            return Op::new(ready(Err(Error::InvalidArgument { message })));
        }
        if self.committing.replace(true) {
            // The first one decides.
            return Op::new(ready(Err(ended())));
        }
        let ending = Ending { over: self.over.clone(), number: self.number };
        let shared = self.shared.clone();
        Op::new(async move {
            let database = shared.id;
            let stored = commit(ending.over.clone(), shared, ending.number).await;
            drop(ending);
            Ok(Committed::of(database, &stored?))
        })
    }

    /// Ends it: nothing is stored, and live queries show what they have shown before. After a commit, failed or not, it does
    /// nothing.
    pub fn rollback(&self) {
        if !self.committing.get() {
            self.over.roll_back(self.number);
        }
    }

    /// What is pending, table by table in the order of the keys.
    #[must_use]
    pub fn pending(&self) -> Vec<PendingChange> {
        let pending = self.over.with_overlay(self.number, |open| {
            let mut pending = Vec::new();
            for (store, layer) in &open.layers {
                for (key, entry) in layer.entries().iter().filter(|(_, entry)| entry.is_change()) {
                    pending.push(PendingChange {
                        table: self.shared.table_name(*store),
                        key: key.clone(),
                        is_temporary: entry.is_temporary(),
                        mutation: Mutation::of(entry.beneath.as_ref(), entry.now.as_ref()),
                    });
                }
            }
            pending
        });
        pending.unwrap_or_default()
    }
}

impl<H> Drop for OverlayTransaction<H> {
    fn drop(&mut self) {
        self.rollback();
    }
}

/// A commit; when it is over, so is the overlay.
struct Ending {
    over: Rc<Over>,
    number: u32,
}

impl Drop for Ending {
    fn drop(&mut self) {
        // Nothing is left to be rolled back once it is stored.
        self.over.roll_back(self.number);
    }
}

/// One row that an overlay transaction has pending.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PendingChange {
    /// The table.
    pub table: &'static str,
    /// The row's key.
    pub key: AnyKey,
    /// Whether the key is a temporary one, in place of which the row gets another when it is stored.
    pub is_temporary: bool,
    /// What is to be done to the row.
    pub mutation: Mutation,
}

/// What has come of an overlay transaction: the keys that its rows have got.
///
/// Two are equal if the same rows have got the same keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Committed {
    /// Whose tables the keys are of; 0 if there are none.
    database: u64,
    keys: Vec<(u16, AnyKey, AnyKey)>,
}

impl Committed {
    fn of(database: u64, stored: &Stored) -> Self {
        let mut keys = Vec::new();
        for (store, landed) in stored {
            let renamed = landed.iter().filter(|landed| landed.pending != landed.key);
            keys.extend(renamed.map(|landed| (*store, landed.pending.clone(), landed.key.clone())));
        }
        Self { database: if keys.is_empty() { 0 } else { database }, keys }
    }

    /// The key that the row has got in place of this temporary one; `None` if it was none.
    #[must_use]
    pub fn key<T: Store, A>(&self, table: &Table<T, A>, temporary: &T::Key) -> Option<T::Key> {
        let temporary = temporary.to_any().ok()?;
        let of_table = |(store, pending, _): &&(u16, AnyKey, AnyKey)| *store == table.store && *pending == temporary;
        let (.., key) = self.keys.iter().filter(|_| self.database == table.shared.id).find(of_table)?;
        T::Key::from_any(key)
    }

    /// All of a table's: the temporary key, and the one in place of it, in the order in which the rows were added.
    #[must_use]
    pub fn keys<T: Store, A>(&self, table: &Table<T, A>) -> Vec<(T::Key, T::Key)> {
        let of_table = self.keys.iter().filter(|(store, ..)| *store == table.store && self.database == table.shared.id);
        of_table.filter_map(|(_, pending, key)| Some((T::Key::from_any(pending)?, T::Key::from_any(key)?))).collect()
    }
}
