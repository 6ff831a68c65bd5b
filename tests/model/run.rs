//! The runner: carries a program out with the library, and notes what its steps come to.

mod ask;
mod read;
mod transact;
pub mod upgrade;
mod write;

use std::cell::RefCell;
use std::rc::Rc;

use futures::FutureExt;
use futures::future::{LocalBoxFuture, join_all};
use indexie::prelude::*;
use indexie::{Access, Auto, Read, ReadWrite, Storage, Writable};

use crate::key::Key;
use crate::menu::{Age, Trio};
use crate::outcome::{Fault, Outcome};
use crate::program::{Action, Program, Step, Verb};
use crate::record::Record;

/// Carries the program out in a database of this name, which it empties first. What its steps come to is noted as they do: who
/// waits may not see the end.
pub async fn run<D: Age>(program: Rc<Program>, name: String, storage: Storage, outcomes: Rc<RefCell<Vec<Outcome>>>) {
    if let Err(error) = carried_out::<D>(&program, &name, storage, &outcomes).await {
        outcomes.borrow_mut().push(Outcome::Failed((&error).into()));
    }
}

async fn carried_out<D: Age>(
    program: &Program,
    name: &str,
    storage: Storage,
    outcomes: &RefCell<Vec<Outcome>>,
) -> Result<()> {
    let (old, new) = (built::<D::Past>(name, storage), built::<D>(name, storage));
    new.delete().await?;
    if let Some(past) = &program.past {
        // Without any step it is there nevertheless.
        old.open().await?;
        steps(&old, &past.steps, outcomes).await;
        old.close();
        let upgraded = upgrade::upgrade(&new, &past.upgrade).await;
        let fails = upgraded.has_failed();
        outcomes.borrow_mut().push(upgraded);
        if fails {
            new.close();
            old.open().await?;
            steps(&old, &past.otherwise, outcomes).await;
            old.close();
            return Ok(());
        }
    }
    steps(&new, &program.steps, outcomes).await;
    new.close();
    Ok(())
}

fn built<D: Trio>(name: &str, storage: Storage) -> D {
    indexie::Builder::<D>::new().name(name).storage(storage).build()
}

async fn steps<D: Trio>(db: &D, steps: &[Step], outcomes: &RefCell<Vec<Outcome>>) {
    for step in steps {
        let outcome = self::step(db.clone(), step.clone()).await;
        outcomes.borrow_mut().push(outcome);
    }
}

fn step<D: Trio>(db: D, step: Step) -> LocalBoxFuture<'static, Outcome> {
    match step {
        Step::Do(action) => async move { self::action(&db, &action).await }.boxed_local(),
        Step::Together(steps) => {
            let steps: Vec<_> = steps.into_iter().map(|step| self::step(db.clone(), step)).collect();
            async move {
                // In transactions of their own they follow one another only once there is a connection.
                if let Err(error) = db.open().await {
                    return Outcome::Failed((&error).into());
                }
                Outcome::Together(join_all(steps).await)
            }
            .boxed_local()
        }
        Step::Transact(transaction) => transact::transact(db, transaction).boxed_local(),
        Step::Reopen => async move {
            db.close();
            db.open().await.map_or_else(|error| Outcome::Failed((&error).into()), |()| Outcome::Done)
        }
        .boxed_local(),
    }
}

async fn action<D: Trio>(db: &D, Action { table, verb }: &Action) -> Outcome {
    match table {
        0 => Auto::act(db.first(), verb).await,
        1 => Auto::act(db.second(), verb).await,
        _ => Auto::act(db.third(), verb).await,
    }
}

/// A handle that carries out what it may.
trait Acts: Access {
    async fn act<T: Record>(table: &Table<T, Self>, verb: &Verb) -> Outcome;
}

impl Acts for Auto {
    async fn act<T: Record>(table: &Table<T, Self>, verb: &Verb) -> Outcome {
        any(table, verb).await
    }
}

impl Acts for ReadWrite {
    async fn act<T: Record>(table: &Table<T, Self>, verb: &Verb) -> Outcome {
        any(table, verb).await
    }
}

impl Acts for Read {
    async fn act<T: Record>(table: &Table<T, Self>, verb: &Verb) -> Outcome {
        told(read::read(table, verb).await)
    }
}

async fn any<T: Record, A: Writable>(table: &Table<T, A>, verb: &Verb) -> Outcome {
    told(if verb.writes() { write::write(table, verb).await } else { read::read(table, verb).await })
}

fn told(result: Result<Outcome>) -> Outcome {
    result.unwrap_or_else(|error| Outcome::Failed((&error).into()))
}

impl From<&Error> for Fault {
    fn from(error: &Error) -> Self {
        match error {
            Error::Constraint { table, index, key, row } => Self::Constraint {
                table: table.clone(),
                index: index.clone(),
                key: key.as_ref().map(Key::from),
                row: *row,
            },
            Error::NotFound { table, key } => Self::NotFound { table: table.clone(), key: key.into() },
            Error::Data { table, key, row, .. } => {
                Self::Data { table: table.clone(), key: key.as_ref().map(Key::from), row: *row }
            }
            Error::OutsideTransaction { table } => Self::OutsideTransaction { table: table.clone() },
            Error::UnknownTable { table } => Self::UnknownTable { table: table.clone() },
            Error::Upgrade { version, table, key, source } => Self::Upgrade {
                version: *version,
                table: table.clone(),
                key: key.as_ref().map(Key::from),
                source: Box::new((&**source).into()),
            },
            Error::InvalidArgument { .. } => Self::InvalidArgument,
            Error::Aborted { .. } => Self::Aborted,
            Error::Stalled => Self::Stalled,
            Error::Unsupported { .. } => Self::Unsupported,
            Error::User(_) => Self::User,
            other => Self::Other(format!("{other:?}")),
        }
    }
}
