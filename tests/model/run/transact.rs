//! Transactions: the body is interpreted step by step with the handles that it gets.

use std::cell::RefCell;
use std::rc::Rc;

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::{Either, LocalBoxFuture, join_all, pending, select};
use indexie::prelude::*;
use indexie::{InTransaction, TxMode};

use super::Acts;
use crate::menu::Trio;
use crate::outcome::{Fault, Outcome};
use crate::program::{Action, End, Inner, Savepoint, Transaction};

/// The handles of a body: of the tables that are in its scope.
struct Handles<D: Trio, M> {
    db: D,
    first: Option<Table<D::First, M>>,
    second: Option<Table<D::Second, M>>,
    third: Option<Table<D::Third, M>>,
}

impl<D: Trio, M: TxMode + Acts + InTransaction> Handles<D, M> {
    async fn act(&self, Action { table, verb }: &Action) -> Outcome {
        match (table, &self.first, &self.second, &self.third) {
            (0, Some(table), ..) => M::act(table, verb).await,
            (1, _, Some(table), _) => M::act(table, verb).await,
            (2, .., Some(table)) => M::act(table, verb).await,
            _ => Outcome::Broken("the table is not in the scope".to_owned()),
        }
    }

    /// The transaction, by whichever handle there is.
    fn transaction(&self) -> Option<indexie::Transaction<M>> {
        let first = self.first.as_ref().map(Table::transaction);
        let second = || self.second.as_ref().map(Table::transaction);
        first.or_else(second).or_else(|| self.third.as_ref().map(Table::transaction))
    }

    fn step<'a>(&'a self, step: &'a Inner) -> LocalBoxFuture<'a, Outcome> {
        match step {
            Inner::Do(action, _) => self.act(action).boxed_local(),
            Inner::Together(steps) => {
                let steps = join_all(steps.iter().map(|step| self.step(step)));
                steps.map(Outcome::Together).boxed_local()
            }
            Inner::Savepoint(savepoint) => self.savepoint(savepoint).boxed_local(),
            Inner::Unbound(table) => async move {
                let count = match table {
                    0 => self.db.first().count().await,
                    1 => self.db.second().count().await,
                    _ => self.db.third().count().await,
                };
                count.map_or_else(|error| Outcome::Failed((&error).into()), Outcome::Count)
            }
            .boxed_local(),
        }
    }

    async fn savepoint(&self, Savepoint { steps, fails, .. }: &Savepoint) -> Outcome {
        let Some(transaction) = self.transaction() else {
            return Outcome::Broken("the scope is empty".to_owned());
        };
        let seen = RefCell::new(Vec::new());
        let body = async || {
            self.steps(steps, &seen).await?;
            if *fails { Err(Error::user("the program says so")) } else { Ok(()) }
        };
        let end = transaction.savepoint(body).await;
        let end = end.map_or_else(|error| Outcome::Failed(fault(&error)), |()| Outcome::Done);
        Outcome::Body { steps: seen.take(), end: Box::new(end) }
    }

    /// Step after step, up to the first error that is not caught.
    async fn steps(&self, steps: &[Inner], seen: &RefCell<Vec<Outcome>>) -> Result<()> {
        for step in steps {
            let outcome = self.step(step).await;
            let failed = step.uncaught(&outcome);
            seen.borrow_mut().push(outcome);
            if let Some(fault) = failed {
                return Err(Error::user(Ended(fault)));
            }
        }
        Ok(())
    }
}

/// What the body leaves behind for who waits for the transaction.
struct Body {
    transaction: Transaction,
    seen: Rc<RefCell<Vec<Outcome>>>,
    dropping: Option<oneshot::Sender<()>>,
}

impl Body {
    async fn run<D: Trio, M: TxMode + Acts + InTransaction>(self, handles: Handles<D, M>) -> Result<()> {
        handles.steps(&self.transaction.steps, &self.seen).await?;
        let no = || Err(Error::user("the program says so"));
        match (self.transaction.end, handles.transaction()) {
            (End::Abort, Some(transaction)) => {
                transaction.abort();
                Ok(())
            }
            (End::CommitAndFail, Some(transaction)) => {
                transaction.commit().await?;
                no()
            }
            (End::Drop, _) => {
                if let Some(dropping) = self.dropping {
                    // Whoever waits hears it.
                    let _ = dropping.send(());
                }
                pending().await
            }
            (End::Fail, _) => no(),
            _ => Ok(()),
        }
    }
}

/// An operation's error, on its way out of the body.
#[derive(Debug)]
struct Ended(Fault);

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::error::Error for Ended {}

pub async fn transact<D: Trio>(db: D, transaction: Transaction) -> Outcome {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let (dropping, dropped) = oneshot::channel();
    let drops = transaction.end == End::Drop;
    let write = transaction.write;
    let body = Body { transaction, seen: seen.clone(), dropping: Some(dropping) };
    let done = if write { start(&db, Mode::ReadWrite, body) } else { start(&db, Mode::Read, body) };
    let end = match select(done, dropped).await {
        Either::Left((Ok(()), _)) => Outcome::Done,
        // Stalled: the body waits for nobody to wait for it any more.
        Either::Left((Err(Error::Stalled), _)) if drops => Outcome::Dropped,
        Either::Left((Err(error), _)) => Outcome::Failed(fault(&error)),
        Either::Right((Ok(()), _)) => Outcome::Dropped,
        Either::Right((Err(_), done)) => match done.await {
            Ok(()) => Outcome::Done,
            Err(error) => Outcome::Failed(fault(&error)),
        },
    };
    let steps = seen.take();
    Outcome::Body { steps, end: Box::new(end) }
}

fn fault(error: &Error) -> Fault {
    if let Error::User(own) = error
        && let Some(Ended(fault)) = own.downcast_ref()
    {
        return fault.clone();
    }
    error.into()
}

/// Opens the transaction over the tables of its scope.
fn start<D: Trio, M: TxMode + Acts + InTransaction>(db: &D, mode: M, body: Body) -> indexie::Op<()> {
    let scope: Vec<bool> = (0..3).map(|table| body.transaction.scope.contains(&table)).collect();
    let (a, b, c, of) = (db.first(), db.second(), db.third(), db.clone());
    match scope.as_slice() {
        [true, false, false] => db.transaction(mode, a, async move |a| {
            body.run(Handles { db: of, first: Some(a), second: None, third: None }).await
        }),
        [false, true, false] => db.transaction(mode, b, async move |b| {
            body.run(Handles { db: of, first: None, second: Some(b), third: None }).await
        }),
        [false, false, true] => db.transaction(mode, c, async move |c| {
            body.run(Handles { db: of, first: None, second: None, third: Some(c) }).await
        }),
        [true, true, false] => db.transaction(mode, (a, b), async move |(a, b)| {
            body.run(Handles { db: of, first: Some(a), second: Some(b), third: None }).await
        }),
        [true, false, true] => db.transaction(mode, (a, c), async move |(a, c)| {
            body.run(Handles { db: of, first: Some(a), second: None, third: Some(c) }).await
        }),
        [false, true, true] => db.transaction(mode, (b, c), async move |(b, c)| {
            body.run(Handles { db: of, first: None, second: Some(b), third: Some(c) }).await
        }),
        _ => db.transaction(mode, (a, b, c), async move |(a, b, c)| {
            body.run(Handles { db: of, first: Some(a), second: Some(b), third: Some(c) }).await
        }),
    }
}
