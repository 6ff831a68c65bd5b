//! A server on a thread of its own, so that any test can use it. [`Server::start`] begins here; dropping it ends
//! the thread and all connections.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::oneshot;

use crate::app::App;
use crate::config::Config;
use crate::connection;
use crate::db::table::TableSpec;
use crate::db::transaction::Transaction;
use crate::faults::Fault;
use crate::http;
use crate::requests::Request;

/// How often the service looks for tables that were dropped.
const SWEEP: Duration = Duration::from_millis(50);

/// A running server.
#[derive(Debug)]
pub struct Server {
    app: Arc<App>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server on 127.0.0.1.
    ///
    /// # Panics
    ///
    /// Where the port is taken, or the system refuses a thread.
    #[must_use]
    pub fn start(config: Config) -> Self {
        Self::try_start(config).expect("the server starts")
    }

    /// As [`Server::start`].
    ///
    /// # Errors
    ///
    /// Where the port is taken, or the system refuses a thread.
    pub fn try_start(config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let app = Arc::new(App::new(config));
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let served = app.clone();
        let thread = thread::Builder::new().name("electric-server".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = serve(listener, served) => {}
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Self { app, address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where shapes are served: `http://127.0.0.1:port/v1/shape`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/v1/shape", self.address)
    }

    /// Where commands are taken: `http://127.0.0.1:port/control`.
    #[must_use]
    pub fn control_url(&self) -> String {
        format!("http://{}/control", self.address)
    }

    /// The address listened on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The database behind it.
    #[must_use]
    pub fn db(&self) -> Db {
        Db { app: self.app.clone() }
    }

    /// What can go wrong.
    #[must_use]
    pub fn faults(&self) -> FaultsOf<'_> {
        FaultsOf { app: &self.app }
    }

    /// Drops the shapes of a table, or, with `None`, all: whoever follows them has to fetch again.
    ///
    /// # Panics
    ///
    /// Where there is no such table.
    pub fn rotate(&self, table: Option<&str>) {
        self.app.rotate(table).unwrap_or_else(|message| panic!("{message}"));
    }

    /// Drops all connections and forgets the shapes with subqueries, as a restart of the service does.
    pub fn restart(&self) {
        self.app.restart();
    }

    /// From now on only requests with `authorization: Bearer {token}` are answered, as by a proxy in front.
    pub fn require_bearer(&self, token: Option<&str>) {
        self.app.lock().bearer = token.map(ToOwned::to_owned);
    }

    /// All requests for shapes so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.app.lock().requests.all().to_vec()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.app.lock().requests.clear();
    }

    /// Waits until the server is stopped from outside of the program.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let (Some(stop), Some(thread)) = (self.stop.take(), self.thread.take()) {
            let _ = stop.send(());
            let _ = thread.join();
        }
    }
}

/// The database of a [`Server`]. Clones are of the same database.
#[derive(Debug, Clone)]
pub struct Db {
    app: Arc<App>,
}

impl Db {
    /// Creates a table.
    ///
    /// # Panics
    ///
    /// Where there is one of that name, or the columns make no table.
    pub fn create_table(&self, spec: TableSpec) {
        self.app.create_table(spec).unwrap_or_else(|message| panic!("{message}"));
    }

    /// Commits what `record` records; gives the transaction's number.
    ///
    /// # Panics
    ///
    /// Where an operation fails. Nothing is committed then.
    pub fn transact(&self, record: impl FnOnce(&mut Transaction)) -> u64 {
        let mut transaction = Transaction::default();
        record(&mut transaction);
        self.commit(transaction).unwrap_or_else(|message| panic!("{message}"))
    }

    /// Commits a transaction; gives its number.
    ///
    /// # Errors
    ///
    /// Where an operation fails. Nothing is committed then.
    pub fn commit(&self, transaction: Transaction) -> Result<u64, String> {
        self.app.commit(transaction).map(|(_, txid)| txid)
    }

    /// The rows of a table as a snapshot would tell them: each column a string or `null`.
    ///
    /// # Panics
    ///
    /// Where there is no such table.
    #[must_use]
    pub fn rows(&self, table: &str) -> Vec<Map<String, Value>> {
        self.app.rows(table).unwrap_or_else(|message| panic!("{message}"))
    }

    /// The position of the last commit.
    #[must_use]
    pub fn lsn(&self) -> u64 {
        self.app.lock().db.lsn()
    }
}

/// The faults of a [`Server`].
#[derive(Debug, Clone, Copy)]
pub struct FaultsOf<'s> {
    app: &'s App,
}

impl FaultsOf<'_> {
    /// Adds a fault to those that are set.
    pub fn add(&self, fault: Fault) {
        self.app.lock().faults.add(fault);
    }

    /// Sets the faults there are.
    pub fn set(&self, faults: Vec<Fault>) {
        self.app.lock().faults.set(faults);
    }

    /// Nothing goes wrong any more.
    pub fn clear(&self) {
        self.set(Vec::new());
    }
}

async fn serve(listener: TcpListener, app: Arc<App>) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let router = http::router(app.clone());
    let mut sweep = tokio::time::interval(SWEEP);
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    tokio::spawn(connection::serve(stream, router.clone(), app.clone()));
                }
            }
            _ = sweep.tick() => app.sweep(),
        }
    }
}
