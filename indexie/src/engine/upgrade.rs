//! Carries a database from its installed version to the newest one, inside the browser's versionchange transaction.
//!
//! Each version in turn: first what its function can need (`rebuild`), then the function, then what only fits the rows as the
//! function leaves them (`settle`). All in one transaction: whatever fails, nothing has happened.

mod ask;
mod convert;
mod forms;
mod fresh;
mod kept;
mod reached;
mod rebuild;
#[cfg(feature = "electric")]
mod records;
mod rekey;
mod settle;

pub(crate) use fresh::needed;
pub(super) use reached::Reached;
pub(crate) use rebuild::Rebuild;

use std::panic::AssertUnwindSafe;
use std::rc::Rc;
#[cfg(feature = "electric")]
use std::sync::atomic::Ordering;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::Shared;
use crate::error::{Error, Result};
use crate::key::Entry;
#[cfg(feature = "electric")]
use crate::schema::RECORDS;
use crate::schema::{KeyPath, KeySchema, MARKER, MARKER_KEY, Step, StoreSchema, steps};
use crate::storage::{Versions, runner};
use crate::table::{Rows, Rowwise};
use crate::upgrade::Upgrade;

/// Begins the upgrade: its first steps are done when this returns, the rest in the callbacks of its requests. `reached` is told
/// how far it comes.
pub(super) fn begin(shared: &Shared, connection: u32, reached: Rc<Reached>) -> LocalBoxFuture<'static, Result<()>> {
    match shared.upgrades() {
        Some(upgrades) => upgrades.begin(shared, connection, reached),
        None => fresh::begin(shared, connection, reached),
    }
}

/// What carries a stored database from one version to another, in the programs that have it.
pub(crate) trait Upgrades: std::fmt::Debug + Sync {
    fn begin(&self, shared: &Shared, connection: u32, reached: Rc<Reached>) -> LocalBoxFuture<'static, Result<()>>;
}

pub(crate) const UPGRADES: &dyn Upgrades = &InSteps;

#[derive(Debug)]
struct InSteps;

impl Upgrades for InSteps {
    fn begin(&self, shared: &Shared, connection: u32, reached: Rc<Reached>) -> LocalBoxFuture<'static, Result<()>> {
        begin_steps(shared, connection, reached)
    }
}

fn begin_steps(shared: &Shared, connection: u32, reached: Rc<Reached>) -> LocalBoxFuture<'static, Result<()>> {
    let backend = shared.backend();
    let Versions { old, new, .. } = backend.versions(connection);
    let (_, marked) = backend.stored_version(connection);
    let newest = shared.definition.newest();
    #[cfg(feature = "electric")]
    let keeps_records = shared.keeps_records.load(Ordering::Relaxed);
    let numbering = shared.rules.numbering;
    let installed = numbering.installed(old, marked);
    let repairs = installed == newest && shared.rules.repair;
    let way = if repairs { Way::Repair } else { Way::Steps(steps(shared.definition, installed)) };
    let (stores, layout) = (shared.stores.clone(), shared.layout());
    let rebuild = Rebuild::new(shared, connection, reached.clone());
    let upgraded = runner::adopt(backend.clone(), shared.id, connection, true, move |_| {
        async move {
            match way {
                Way::Repair => rebuild.repair(newest, stores).await?,
                Way::Steps(steps) => {
                    for step in steps {
                        rebuild.walk(step).await?;
                    }
                }
            }
            #[cfg(feature = "electric")]
            {
                rebuild.settle_records().await?;
                if keeps_records {
                    rebuild.keep_records()?;
                }
            }
            // A database of a later version than this program's stays one.
            let version = installed.max(newest);
            rebuild.mark(version, numbering.declared(new) == version, marked.is_some()).await?;
            backend.relayout(connection, &layout);
            Ok(())
        }
        .boxed_local()
    });
    async move {
        // A panic is for who wrote the upgrade, and not for whoever happens to be opening the database.
        let panicked = |_| Err(Error::Aborted { reason: "its function panicked".to_owned() });
        let upgraded = AssertUnwindSafe(upgraded).catch_unwind().await.unwrap_or_else(panicked);
        upgraded.map_err(|error| reached.failed(error))
    }
    .boxed_local()
}

/// What an upgrade of the browser's is for.
enum Way {
    Steps(Vec<Step>),
    /// The version is there, but not all of its stores and indexes.
    Repair,
}

impl Rebuild {
    async fn walk(self: &Rc<Self>, step: Step) -> Result<()> {
        let Step { version, stores, drops, run } = step;
        self.enter(version, stores, drops);
        if let Some(run) = run {
            self.prepare().await?;
            self.run(run(Upgrade::new(self.clone()))).await?;
            self.reached().leave();
            if let Some(fault) = self.fault() {
                return Err(fault);
            }
        }
        self.settle().await
    }

    /// Adds what is missing, and changes nothing else.
    async fn repair(&self, version: u32, stores: Vec<(&'static str, StoreSchema)>) -> Result<()> {
        self.enter(version, stores, Vec::new());
        self.add_missing().await
    }

    /// Adds the store for the library's own records.
    #[cfg(feature = "electric")]
    fn keep_records(&self) -> Result<()> {
        if self.number_of(RECORDS).is_ok() {
            return Ok(());
        }
        self.create(RECORDS, KeySchema { path: KeyPath::None, auto: false }, [])
    }

    /// Sees to it that the database says which version it has: by the browser's number, or by the marker. A store of the marker's
    /// name that is none (`marked`) is somebody else's.
    async fn mark(&self, version: u32, by_number: bool, marked: bool) -> Result<()> {
        let there = self.number_of(MARKER).is_ok();
        if by_number {
            return if there && marked { self.delete(MARKER) } else { Ok(()) };
        }
        if there && !marked {
            return Err(Error::SchemaMismatch {
                database: self.session().shared.name.clone(),
                differences: vec![format!("store `{MARKER}` is not the one that says which version a database has")],
            });
        }
        if !there {
            let key = KeySchema { path: KeyPath::None, auto: false };
            self.create(MARKER, key, [])?;
        }
        let rows = Rows::encode(MARKER, &[], [&version], Rowwise::One, |_| Entry::none());
        let rows = rows.and_then(|rows| rows.under(MARKER, [Ok(MARKER_KEY.into())], Rowwise::One));
        self.target::<u32>(self.number_of(MARKER)?).write_one(rows, true).await.map(|_| ())
    }
}
