//! Savepoints: a part of a transaction that can be undone alone. The storage keeps what undoing takes for as long as one is
//! open.
//! Called by transactions.

use std::rc::Rc;

use super::{Shared, above, run, turns};
use crate::error::{Error, Result};
use crate::storage::{Operation, Request, Submitted, Thread, runner};

/// Runs `body` as one operation of a transaction, and undoes what it did if it fails, or is dropped half-way.
pub(crate) async fn savepoint<R>(
    shared: &Shared,
    store: u16,
    transaction: u32,
    body: impl AsyncFnOnce() -> Result<R>,
) -> Result<R> {
    if turns::is_closing(transaction) {
        return Err(runner::committing());
    }
    let steps = async {
        let mark = above(shared.id).map_or(0, |above| above.mark(transaction));
        let mut open = Open { shared, store, transaction, id: Thread::get().number(), mark, armed: true };
        open.run(open.start(Operation::Savepoint)).await?;
        let result = body().await;
        // The body may have decided about all of the transaction.
        if runner::over(transaction).is_some() {
            open.armed = false;
            return result;
        }
        match result {
            Ok(value) => open.end(Operation::Release).await.map(|()| value),
            Err(error) => match open.undo().await {
                Ok(()) | Err(Error::Aborted { .. }) => Err(error),
                // Nothing of the transaction is left: that weighs more than why the savepoint was to be undone.
                Err(undoing) => Err(undoing),
            },
        }
    };
    turns::as_one(transaction, turns::Kind::Writes, steps).await
}

/// A savepoint that has begun and not ended.
struct Open<'a> {
    shared: &'a Shared,
    store: u16,
    transaction: u32,
    id: u32,
    /// What hooks are going to hear of that came before it.
    mark: usize,
    armed: bool,
}

impl Open<'_> {
    /// At once: what the body has left behind does not hold it up.
    fn start(&self, operation: impl FnOnce(u32) -> Operation) -> Result<Submitted> {
        let request = Request { store: self.store, index: None, operation: operation(self.id), sink: None };
        run::start(self.shared, self.transaction, &Rc::new(request))
    }

    async fn run(&self, submitted: Result<Submitted>) -> Result<()> {
        let done = submitted?.await;
        done.map(|_| ()).map_err(|failure| run::named(failure, self.shared, self.shared.table_name(self.store)))
    }

    async fn undo(&mut self) -> Result<()> {
        self.forget();
        self.end(Operation::Rollback).await
    }

    /// Hooks do not hear of what is undone.
    fn forget(&self) {
        if let Some(above) = above(self.shared.id) {
            above.undone(self.transaction, self.mark);
        }
    }

    async fn end(&mut self, operation: impl FnOnce(u32) -> Operation) -> Result<()> {
        let submitted = self.start(operation);
        self.armed = false;
        self.run(submitted).await
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if self.armed {
            self.forget();
            // Nobody waits for it any more; the storage does it ahead of all that is asked for later.
            drop(self.start(Operation::Rollback));
        }
    }
}
