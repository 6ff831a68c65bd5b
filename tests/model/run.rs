//! The runner: carries a program out with the library, and notes what its steps come to.

mod ask;
mod read;
mod transact;
mod write;

use std::rc::Rc;

use futures::FutureExt;
use futures::future::{LocalBoxFuture, join_all};
use indexie::prelude::*;
use indexie::{Access, Auto, Read, ReadWrite, Writable};

use crate::key::Key;
use crate::menu::Trio;
use crate::outcome::{Fault, Outcome};
use crate::program::{Action, Program, Step, Verb};
use crate::record::Record;

/// Carries the program out in a database of this name, which it empties first.
pub async fn run<D: Trio>(program: Rc<Program>, name: &str) -> Vec<Outcome> {
    let db = indexie::Builder::<D>::new().name(name).build();
    if let Err(error) = db.delete().await {
        return vec![Outcome::Failed((&error).into())];
    }
    let mut outcomes = Vec::new();
    for step in &program.steps {
        outcomes.push(self::step(db.clone(), step.clone()).await);
    }
    db.close();
    outcomes
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
            Error::Aborted { .. } => Self::Aborted,
            Error::Unsupported { .. } => Self::Unsupported,
            Error::User(_) => Self::User,
            other => Self::Other(format!("{other:?}")),
        }
    }
}
