//! The transaction itself, as its body has it: savepoints, and ending it by hand.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use crate::engine::{self, Shared};
use crate::error::Result;
use crate::store::Store;
use crate::table::{Binding, InTransaction, Table};

/// The transaction that a table handle belongs to: `let tx = users.transaction();`.
///
/// Cheap to clone. It is of no use after the transaction's end, nor on another thread.
pub struct Transaction<A> {
    shared: Arc<Shared>,
    store: u16,
    number: u32,
    of: PhantomData<fn() -> A>,
}

impl<A> Clone for Transaction<A> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), ..*self }
    }
}

impl<A> fmt::Debug for Transaction<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("database", &self.shared.name).finish_non_exhaustive()
    }
}

impl<T: Store, A> Table<T, A> {
    /// The transaction that this handle belongs to, for savepoints and to end it by hand.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # async fn example(db: AppDb) -> Result<()> {
    /// db.transaction(Mode::ReadWrite, &db.users, async |users| {
    ///     let tx = users.transaction();
    ///     let cleared = tx.savepoint(async || users.clear().await).await;
    ///     cleared
    /// }).await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn transaction(&self) -> Transaction<A>
    where
        A: InTransaction,
    {
        Transaction {
            shared: self.shared.clone(),
            store: self.store,
            // Only a handle that a transaction's body has got is of such a type.
            number: match self.binding {
                Binding::Transaction(number) => number,
                Binding::Alone | Binding::Overlay(_) => 0,
            },
            of: PhantomData,
        }
    }
}

impl<A> Transaction<A> {
    /// Runs a part of the transaction that is undone alone: if `body` returns `Err`, what it did is undone, the error is
    /// returned, and the transaction goes on. If it returns `Ok`, what it did is part of the transaction, or of the savepoint
    /// that it stands in: they nest. The body may borrow.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # async fn example(db: AppDb, lines: Vec<NewUser>) -> Result<()> {
    /// let skipped = db.transaction(Mode::ReadWrite, (&db.users, &db.logs), async move |(users, logs)| {
    ///     let tx = users.transaction();
    ///     let mut skipped = Vec::new();
    ///     for line in &lines {
    ///         let added = tx.savepoint(async || {
    ///             logs.add(&NewLog { action: format!("adds {}", line.name) }).await?;
    ///             users.add(line).await
    ///         });
    ///         // Where the user cannot be added, there is no log of it either.
    ///         if let Err(error) = added.await {
    ///             skipped.push((line.email.clone(), error));
    ///         }
    ///     }
    ///     Ok(skipped)
    /// }).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// A savepoint is one operation: what is started beside it, by `join` for instance, comes before it or after it. All that the
    /// transaction does inside of it is undone, whichever handle it goes through. Keys that were generated in it are not given
    /// out again. As long as it is open, writes read what they replace, which undoing takes; in a transaction that only
    /// reads there is nothing to undo.
    ///
    /// # Errors
    ///
    /// The body's own. Where undoing itself fails (the disk is full, say), its error is returned, and the whole transaction is
    /// aborted for it.
    ///
    /// # Cancellation
    ///
    /// Dropped half-way, by `select!` or a timeout, it is undone before anything else of the transaction goes on.
    pub async fn savepoint<R, F: AsyncFnOnce() -> Result<R>>(&self, body: F) -> Result<R> {
        engine::savepoint(&self.shared, self.store, self.number, body).await
    }

    /// Aborts the transaction: nothing of it is stored, and its future resolves with
    /// [`Error::Aborted`](crate::Error::Aborted), unless the body returns an error of its own. Later operations fail with the
    /// same error. To abort twice, or after the end, does nothing.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # async fn example(db: AppDb) {
    /// let done = db.transaction(Mode::ReadWrite, &db.users, async |users| {
    ///     if users.where_(|u| u.age).below(18).delete().await? > 100 {
    ///         users.transaction().abort();
    ///     }
    ///     Ok(())
    /// }).await;
    /// # let _ = done; }
    /// ```
    pub fn abort(&self) {
        engine::abort(self.number);
    }

    /// Commits now what the transaction has been asked to do so far, without waiting for the end of its body. That is done
    /// whether the returned future is awaited or not; awaited, it resolves when everything is stored.
    ///
    /// Later operations fail with [`Error::Aborted`](crate::Error::Aborted). What the body returns is still the result of the
    /// transaction's future, an `Err` too: but it undoes nothing any more. Once everything is stored the body may wait for
    /// anything, and use the database as any other code. Open savepoints are committed as they are. After
    /// [`abort`](Self::abort) this does nothing.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # async fn send(log: u32) {}
    /// # async fn example(db: AppDb) -> Result<()> {
    /// db.transaction(Mode::ReadWrite, &db.logs, async |logs| {
    ///     let id = logs.add(&NewLog { action: "paid".into() }).await?;
    ///     logs.transaction().commit().await?;
    ///     send(id).await;
    ///     Ok(())
    /// }).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Aborted`](crate::Error::Aborted) if the transaction has ended already. Where the commit fails, the body does not
    /// go on: the transaction's future says why.
    #[allow(clippy::must_use_candidate, reason = "it is done whether the future is awaited or not")]
    pub fn commit(&self) -> Commit {
        Commit(engine::commit(self.number))
    }
}

/// Resolves when a transaction that was committed by hand is stored; see [`Transaction::commit`].
pub struct Commit(LocalBoxFuture<'static, Result<()>>);

impl Future for Commit {
    type Output = Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.0.poll_unpin(context)
    }
}

impl fmt::Debug for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Commit")
    }
}
