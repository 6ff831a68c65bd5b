//! Transactions: several operations, all or nothing. The body gets handles that are bound to the transaction.

mod own;
mod scope;

pub use own::{Commit, Transaction};
pub use scope::{All, Scope, Tables};

use std::any::Any;
use std::fmt;

use futures::FutureExt;

use crate::database::Indexie;
use crate::engine::{self, Access};
use crate::error::{Error, Result};
use crate::op::Op;
use crate::order::sort_by;
use crate::table::{Read, ReadWrite, TxMode};

/// What a transaction is opened for: `Mode::Read` or `Mode::ReadWrite`. Two constants of two types, so that writing through a
/// handle of a read transaction does not compile.
pub struct Mode;

impl Mode {
    /// Reads only; several such transactions can run at a time.
    #[allow(non_upper_case_globals, reason = "reads as the variant of an enum, as in the contract")]
    pub const Read: Read = Read;
    /// Reads and writes; waits for other transactions on the same tables.
    #[allow(non_upper_case_globals, reason = "reads as the variant of an enum, as in the contract")]
    pub const ReadWrite: ReadWrite = ReadWrite::MODE;
}

impl fmt::Debug for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mode")
    }
}

impl Indexie {
    /// Runs `body` in one transaction over the tables of `scope`: committed when it returns `Ok`, nothing of it when it
    /// returns `Err` or the future is dropped. The future resolves after the browser's `complete`.
    ///
    /// The scope is `&db.users`, a tuple of up to 12 tables, or [`db.all()`](crate::All); the body gets a handle for each. It
    /// runs at most once. Operations that are awaited together (`join_all`) take effect one after the other, in the order in
    /// which they are first polled; one that is only started, and not awaited, is part of the transaction too. An error that
    /// the body catches leaves the transaction as if the operation had never been asked for.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # async fn example(db: AppDb) -> Result<()> {
    /// db.transaction(Mode::ReadWrite, (&db.users, &db.logs), async |(users, logs)| {
    ///     users.update(1, |user| user.age += 1).await?;
    ///     logs.add(&NewLog { action: "birthday".into() }).await?;
    ///     Ok(())
    /// }).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// A handle leads to the [`Transaction`](crate::Transaction) itself, for savepoints and to end it by hand:
    /// `users.transaction()`. A durability for this transaction alone is part of its mode:
    /// [`Mode::ReadWrite.durability(..)`](crate::ReadWrite::durability).
    ///
    /// The body outlives the call, so it takes what it needs along: `async move |users| ..`, with clones of what is needed after it too
    /// ([`clone!`](crate::clone) makes them).
    ///
    /// # What the body may await
    ///
    /// Its own operations, and what is ready or becomes so within a few turns of the microtask queue: a resolved promise, a
    /// channel between two parts of the body. IndexedDB does not wait for timers, the network, or another database; whoever
    /// does has everything rolled back, and gets [`Error::Stalled`]. An unbound table of the same database, such as `db.users`,
    /// would wait for the transaction that it is used in, and is refused at once; a task that the body spawns is outside, and
    /// comes after the transaction.
    ///
    /// # Errors
    ///
    /// The body's own error. [`Error::Stalled`] if the body awaited something else than its operations;
    /// [`Error::OutsideTransaction`] inside the body of another transaction of the same database;
    /// [`Error::InvalidArgument`] if the scope holds tables of another database object, be it of the same name, or no table. As the
    /// first operation, it may fail as [`open`](Self::open) does.
    ///
    /// # Cancellation
    ///
    /// Dropped, by `select!`, a timeout or the end of a component, it aborts: nothing is stored. Once the body has returned
    /// `Ok`, or has called [`commit`](crate::Transaction::commit), it is committed all the same.
    ///
    /// # Panics
    ///
    /// If the body does. Nothing of it is stored, and other operations go on. Where panics unwind, the panic reaches whoever
    /// awaits the transaction; where they do not, as in wasm, he gets [`Error::Aborted`].
    pub fn transaction<M, S, R, F>(&self, mode: M, scope: S, body: F) -> Op<R>
    where
        M: TxMode,
        S: Scope<M>,
        R: 'static,
        F: AsyncFnOnce(S::Handles) -> Result<R> + 'static,
    {
        let run = self.run::<M, S, R, Error, F>(mode, scope, body);
        Op::new(async move { run.await? })
    }

    /// As [`transaction`](Self::transaction), with an error type of the app's own.
    ///
    /// # Errors
    ///
    /// The body's own error, or what [`transaction`](Self::transaction) says, converted.
    pub fn try_transaction<M, S, R, E, F>(
        &self,
        mode: M,
        scope: S,
        body: F,
    ) -> impl Future<Output = Result<R, E>> + 'static + use<M, S, R, E, F>
    where
        M: TxMode,
        S: Scope<M>,
        R: 'static,
        E: From<Error> + 'static,
        F: AsyncFnOnce(S::Handles) -> Result<R, E> + 'static,
    {
        let run = self.run::<M, S, R, E, F>(mode, scope, body);
        async move { run.await.map_err(E::from)? }
    }

    /// The body's result, once the transaction has ended accordingly; or why there is none.
    fn run<M, S, R, E, F>(
        &self,
        mode: M,
        scope: S,
        body: F,
    ) -> impl Future<Output = Result<Result<R, E>>> + 'static + use<M, S, R, E, F>
    where
        M: TxMode,
        S: Scope<M>,
        R: 'static,
        E: 'static,
        F: AsyncFnOnce(S::Handles) -> Result<R, E> + 'static,
    {
        let access = if M::WRITES { Access::ReadWrite } else { Access::Read };
        let tables = scope.tables();
        let shared = self.shared.clone();
        async move {
            let Tables { database, mut stores, bind } = tables;
            if database != shared.id {
                return Err(Error::InvalidArgument {
                    message: "the scope of a transaction holds tables of another database object".to_owned(),
                });
            }
            if stores.is_empty() {
                return Err(Error::InvalidArgument { message: "the scope of a transaction holds no table".to_owned() });
            }
            sort_by(&mut stores, u16::cmp);
            stores.dedup();
            let failed = std::rc::Rc::new(std::cell::RefCell::new(None));
            let slot = failed.clone();
            let done = engine::transact(shared, stores, access, mode.asked(), move |session| {
                let handles = bind(session.transaction.unwrap_or_default());
                async move {
                    match body(handles).await {
                        Ok(value) => Ok(value),
                        Err(error) => {
                            let cause = cause(&error);
                            *slot.borrow_mut() = Some(error);
                            Err(cause)
                        }
                    }
                }
                .boxed_local()
            })
            .await;
            match done {
                Ok(value) => Ok(Ok(value)),
                // What aborted the transaction under the body comes before what the body made of it.
                Err(error) => match failed.borrow_mut().take() {
                    Some(own) if matches!(error, Error::Aborted { .. }) => Ok(Err(own)),
                    _ => Err(error),
                },
            }
        }
    }
}

/// What the transaction is to know of why its body has failed: its end tells how full a disk is.
fn cause(error: &dyn Any) -> Error {
    match error.downcast_ref() {
        Some(full @ Error::QuotaExceeded { usage: None, .. }) => full.clone(),
        _ => Error::Aborted { reason: "its body failed".to_owned() },
    }
}
