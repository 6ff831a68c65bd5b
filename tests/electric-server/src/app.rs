//! What all requests share: the database, its shapes, the faults and what was asked so far. `http` and `control`
//! work on it for requests, [`crate::Db`] and [`crate::Server`] for Rust tests.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::{Map, Value};
use tokio::sync::watch;

use crate::config::Config;
use crate::db::Database;
use crate::db::table::TableSpec;
use crate::db::transaction::Transaction;
use crate::faults::Faults;
use crate::history::History;
use crate::name::TableName;
use crate::requests::Requests;
use crate::shapes::Shapes;

#[derive(Debug)]
pub(crate) struct App {
    pub(crate) config: Config,
    state: Mutex<State>,
    /// Sent to after everything a waiting request has to look at.
    changed: watch::Sender<()>,
    /// Sent to when all connections are to be dropped.
    restarted: watch::Sender<()>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) db: Database,
    pub(crate) shapes: Shapes,
    pub(crate) faults: Faults,
    pub(crate) history: History,
    pub(crate) requests: Requests,
    /// The token a proxy in front would want; none is wanted by default.
    pub(crate) bearer: Option<String>,
}

impl App {
    pub(crate) fn new(config: Config) -> Self {
        let state = State {
            db: Database::new(),
            shapes: Shapes::new(config.chunk_bytes),
            faults: Faults::new(config.seed),
            history: History::default(),
            requests: Requests::new(),
            bearer: None,
        };
        let (changed, restarted) = (watch::Sender::new(()), watch::Sender::new(()));
        Self { config, state: Mutex::new(state), changed, restarted }
    }

    /// A test that panics in a closure leaves the state as whole as any other.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    pub(crate) fn restarts(&self) -> watch::Receiver<()> {
        self.restarted.subscribe()
    }

    pub(crate) fn create_table(&self, spec: TableSpec) -> Result<(), String> {
        self.lock().db.create_table(spec)
    }

    /// Commits; the position and the number it has.
    pub(crate) fn commit(&self, transaction: Transaction) -> Result<(u64, u64), String> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let commit = state.db.commit(transaction)?;
        state.shapes.follow(&commit, &state.db);
        drop(guard);
        self.changed.send_replace(());
        Ok((commit.lsn, commit.txid))
    }

    pub(crate) fn rows(&self, table: &str) -> Result<Vec<Map<String, Value>>, String> {
        self.lock().db.rows(table)
    }

    /// Drops the shapes of a table, or all.
    pub(crate) fn rotate(&self, table: Option<&str>) -> Result<(), String> {
        let mut guard = self.lock();
        let state = &mut *guard;
        match table {
            None => state.shapes.drop_all(),
            Some(name) => {
                let parsed = TableName::parse(name).and_then(|name| state.db.table(&name));
                let oid = parsed.ok_or_else(|| format!("relation {name} does not exist"))?.oid;
                state.shapes.drop_tables(&BTreeSet::from([oid]));
            }
        }
        drop(guard);
        self.changed.send_replace(());
        Ok(())
    }

    /// Drops one shape; whether there was one.
    pub(crate) fn drop_shape(&self, handle: &str) -> bool {
        let dropped = self.lock().shapes.drop(handle);
        self.changed.send_replace(());
        dropped
    }

    /// Drops all connections and the shapes a restart does not keep.
    pub(crate) fn restart(&self) {
        self.lock().shapes.forget_subqueries();
        self.restarted.send_replace(());
        self.changed.send_replace(());
    }

    /// Notices tables that were dropped long enough ago.
    pub(crate) fn sweep(&self) {
        let Some(noticed) = Instant::now().checked_sub(self.config.drop_table_notice) else { return };
        let mut guard = self.lock();
        let oids = guard.db.sweep(noticed);
        if !oids.is_empty() {
            guard.shapes.drop_tables(&oids.into_iter().collect());
            drop(guard);
            self.changed.send_replace(());
        }
    }
}
