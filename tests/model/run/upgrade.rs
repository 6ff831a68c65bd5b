//! Upgrades: opens the newest version over the one before, whose function does what the program says.

mod ask;

use std::cell::RefCell;
use std::rc::Rc;

use futures::future::{LocalBoxFuture, pending};
use futures::{FutureExt, TryStreamExt};
use indexie::prelude::*;
use indexie::{AnyKey, UpgradeTable};

use super::read::{Seen, pages};
use crate::key::Key;
use crate::menu::{Age, Trio};
use crate::outcome::Outcome;
use crate::program::{Action, Change, Keys, Verb};
use crate::query::Terminal;
use crate::record::Record;
use crate::shape::Shape;
use crate::table::TableOf;
use crate::upgrade::{Ending, Part, Seat, Side, Upgrade as Described, name, seats};
use crate::value::Value;

type Body = Box<dyn FnOnce(Upgrade) -> LocalBoxFuture<'static, Result<()>>>;

thread_local! {
    /// What the next upgrade does: functions of a schema are given nothing but the upgrade.
    static BODY: RefCell<Option<Body>> = const { RefCell::new(None) };
}

/// The function of every schema of the menu.
pub async fn as_the_program_says(tx: Upgrade) -> Result<()> {
    match BODY.take() {
        Some(body) => body(tx).await,
        None => Err(Error::user("no program upgrades this database")),
    }
}

pub async fn upgrade<D: Age>(db: &D, upgrade: &Described) -> Outcome {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let running = Running { upgrade: upgrade.clone(), seats: seats::<D>(), seen: seen.clone() };
    BODY.set(Some(Box::new(move |tx| running.run::<D>(tx).boxed_local())));
    let opened = db.open().await;
    BODY.take();
    let end = opened.map_or_else(|error| Outcome::Failed((&error).into()), |()| Outcome::Done);
    Outcome::Body { steps: seen.take(), end: Box::new(end) }
}

struct Running {
    upgrade: Described,
    seats: Vec<TableOf>,
    seen: Rc<RefCell<Vec<Outcome>>>,
}

impl Running {
    async fn run<D: Age>(self, tx: Upgrade) -> Result<()> {
        for part in &self.upgrade.parts {
            let done = self.part::<D>(&tx, part).await;
            let outcome = done.as_ref().map_or_else(|error| Outcome::Failed(error.into()), Clone::clone);
            let failed = part.uncaught(&outcome);
            self.seen.borrow_mut().push(outcome);
            if failed.is_some() {
                // The error itself: what it becomes on its way is to be seen.
                return done.and_then(|_| Err(Error::user("enough")));
            }
        }
        match self.upgrade.end {
            Ending::Done => Ok(()),
            Ending::Fail => Err(Error::user("the program says so")),
            Ending::Stall => pending().await,
            Ending::Panic => std::panic::resume_unwind(Box::new(Panics)),
        }
    }

    async fn part<D: Age>(&self, tx: &Upgrade, part: &Part) -> Result<Outcome> {
        match part {
            Part::Do(action, _) => {
                let seat = Seat::of(action.table);
                match (seat.table, seat.rows) {
                    (0, Side::Old) => self.action::<D, <D::Past as Trio>::First>(tx, seat, action).await,
                    (1, Side::Old) => self.action::<D, <D::Past as Trio>::Second>(tx, seat, action).await,
                    (_, Side::Old) => self.action::<D, <D::Past as Trio>::Third>(tx, seat, action).await,
                    (0, Side::New) => self.action::<D, D::First>(tx, seat, action).await,
                    (1, Side::New) => self.action::<D, D::Second>(tx, seat, action).await,
                    (_, Side::New) => self.action::<D, D::Third>(tx, seat, action).await,
                }
            }
            Part::Migrate(table, change) => {
                let name = name::<D>(*table, Side::New);
                let count = match table {
                    0 => migrate::<<D::Past as Trio>::First, D::First>(tx, name, change).await,
                    1 => migrate::<<D::Past as Trio>::Second, D::Second>(tx, name, change).await,
                    _ => migrate::<<D::Past as Trio>::Third, D::Third>(tx, name, change).await,
                };
                count.map(Outcome::Count)
            }
            Part::Rename(table, _) => {
                tx.rename_store(name::<D>(*table, Side::Old), name::<D>(*table, Side::New))?;
                Ok(Outcome::Done)
            }
        }
    }

    async fn action<D: Age, R: Record>(&self, tx: &Upgrade, seat: Seat, action: &Action) -> Result<Outcome> {
        let table = tx.table::<R>(name::<D>(seat.table, seat.name))?;
        Asking { table, shape: &self.seats[action.table].shape, name: seat.name }.run(&action.verb).await
    }
}

/// What the upgrade's function panics with, if the program says so.
pub struct Panics;

fn migrate<Old: Record, New: Record>(tx: &Upgrade, table: &str, change: &Change) -> indexie::Op<usize> {
    let change = change.clone();
    tx.migrate::<Old, New>(table, move |old: Old| {
        New::of(&crate::upgrade::converted(&old.row(), New::MEMBERS, &change))
    })
}

/// A table of an upgrade, and what its columns are called.
struct Asking<'a, R> {
    table: UpgradeTable<R>,
    shape: &'a Shape,
    name: Side,
}

impl<R: Record> Asking<'_, R> {
    async fn run(&self, verb: &Verb) -> Result<Outcome> {
        let (table, seen) = (&self.table, Seen::default());
        Ok(match verb {
            Verb::Insert { put, many, keys, rows } => {
                let typed: Vec<R> = rows.iter().map(|(_, row)| R::of(row)).collect();
                let written = match (typed.as_slice(), many, put) {
                    (all, true, false) => table.bulk_add(all).await?,
                    (all, true, true) => table.bulk_put(all).await?,
                    ([row, ..], false, put) => {
                        vec![match (keys, put) {
                            (Keys::Beside, false) => table.add_with_key(row, any(&rows[0].0)).await?,
                            (Keys::Beside, true) => table.put_with_key(row, any(&rows[0].0)).await?,
                            (_, false) => table.add(row).await?,
                            (_, true) => table.put(row).await?,
                        }]
                    }
                    ([], false, _) => return Ok(Outcome::Broken("no row".to_owned())),
                };
                keys_of(&written)
            }
            Verb::Get(key) => Outcome::Row(table.get(any(key)).await?.map(|row| row.row())),
            Verb::GetMany(keys) => {
                let rows = table.bulk_get(keys.iter().map(any)).await?;
                Outcome::Found(rows.into_iter().map(|row| row.map(|row| row.row())).collect())
            }
            Verb::Update(key, change) => Outcome::Row(Some(table.update(any(key), changing(change)).await?.row())),
            Verb::Upsert(key, default, change) => {
                let default = R::of(default);
                Outcome::Row(Some(table.upsert(any(key), move || default, changing(change)).await?.row()))
            }
            Verb::Delete(key) => table.delete(any(key)).await.map(|()| Outcome::Done)?,
            Verb::DeleteMany(keys) => table.bulk_delete(keys.iter().map(any)).await.map(|()| Outcome::Done)?,
            Verb::Clear => table.clear().await.map(|()| Outcome::Done)?,
            Verb::DeleteFound(asked) => Outcome::Count(self.query(asked).delete().await?),
            Verb::Modify(asked, change) => Outcome::Count(self.query(asked).modify(changing(change)).await?),
            Verb::Read(asked, terminal) => {
                let query = self.query(asked);
                match *terminal {
                    Terminal::ToVec => rows_of(query.to_vec().await?),
                    Terminal::First => Outcome::Row(query.first().await?.map(|row| row.row())),
                    Terminal::Last => Outcome::Row(query.last().await?.map(|row| row.row())),
                    Terminal::Count => Outcome::Count(query.count().await?),
                    Terminal::IsEmpty => Outcome::Truth(query.is_empty().await?),
                    Terminal::Keys => keys_of(&query.keys().await?),
                    Terminal::UniqueKeys => keys_of(&query.unique_keys().await?),
                    Terminal::PrimaryKeys => keys_of(&query.primary_keys().await?),
                    Terminal::Entries => {
                        let entries = query.entries().await?;
                        Outcome::Entries(entries.iter().map(|(key, row)| (Key::from(key), row.row())).collect())
                    }
                    Terminal::Each => seen.after(query.each(seen.each(usize::MAX)).await)?,
                    Terminal::EachUntil(end) => seen.after(query.each(seen.each(end)).await)?,
                    Terminal::Stream => rows_of(query.stream().try_collect().await?),
                    Terminal::Chunks => seen.after(query.for_each_chunk(seen.chunks()).await)?,
                    Terminal::Pages(size) => {
                        pages(|after| match after {
                            None => query.page(size),
                            Some(cursor) => query.after(cursor).page(size),
                        })
                        .await?
                    }
                }
            }
            Verb::GetBy(..) | Verb::UpdateMany(_) => Outcome::Broken("tables of an upgrade cannot do that".to_owned()),
        })
    }
}

fn rows_of<R: Record>(rows: Vec<R>) -> Outcome {
    Outcome::Rows(rows.iter().map(Record::row).collect())
}

fn keys_of(keys: &[AnyKey]) -> Outcome {
    Outcome::Keys(keys.iter().map(Key::from).collect())
}

/// A key of whatever type; a number that is none is refused.
fn any(value: &Value) -> AnyKey {
    Key::of(value).map_or(AnyKey::Number(f64::NAN), |key| key.any())
}

fn changing<R: Record>(change: &Change) -> impl Fn(&mut R) + Clone + 'static {
    super::write::changing(change)
}
