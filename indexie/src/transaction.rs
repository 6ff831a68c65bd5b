//! Transactions: several operations, all or nothing. The body gets handles that are bound to the transaction.

mod own;
mod scope;

pub use own::{Commit, Transaction};
pub use scope::{All, Scope, Tables};

use std::fmt;

use futures::FutureExt;

use crate::database::Indexie;
use crate::engine::{self, Access};
use crate::error::{Error, Result};
use crate::op::Op;
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
    /// The scope is `&db.users`, or a tuple of up to 12 tables; the body gets a handle for each. It runs at most once. It may
    /// await its own operations and nothing else: IndexedDB does not wait. Operations that are awaited together (`join_all`)
    /// take effect one after the other, in the order in which they are first polled.
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
    /// # Errors
    ///
    /// The body's own error. [`Error::Stalled`] if the body awaited something else than its operations;
    /// [`Error::OutsideTransaction`] inside the body of another transaction of the same database.
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
            stores.sort_unstable();
            stores.dedup();
            let failed = std::rc::Rc::new(std::cell::RefCell::new(None));
            let slot = failed.clone();
            let done = engine::transact(shared, stores, access, mode.asked(), move |session| {
                let handles = bind(session.transaction.unwrap_or_default());
                async move {
                    match body(handles).await {
                        Ok(value) => Ok(value),
                        Err(error) => {
                            *slot.borrow_mut() = Some(error);
                            Err(Error::Aborted { reason: "its body failed".to_owned() })
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
