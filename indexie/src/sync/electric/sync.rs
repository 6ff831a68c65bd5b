//! `ElectricSync`: what the app holds of a sync, and what that shares with the task in the background.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use futures::channel::mpsc;
use futures::future::{self, FutureExt};
use futures::{Stream, StreamExt};

use super::clock;
use super::error::SyncError;
use super::follow;
use super::machine::Position;
use super::records::{Part, Progress, Records};
use super::rows::RowKind;
use super::shape::Electric;
use super::status::{SyncStatus, SyncStatuses, Watched};
use crate::engine::{self, Session, Shared};
use crate::error::{Error, Result};
use crate::key::range::KeyRange;
use crate::op::Op;
use crate::storage::Operation;
use crate::store::Store;
use crate::table::Table;
use crate::tasks;

/// How often a tab that does not sync itself looks how far the one is that does.
const LOOK: Duration = Duration::from_millis(250);

/// A table that follows a shape; made by [`Table::sync_electric`].
///
/// It goes on until the last clone of it is dropped, or [`stop`](Self::stop) is called; [`detach`](Self::detach) lets it go on for
/// as long as the page lives.
#[must_use = "dropping it stops the sync; `detach` lets it go on"]
#[derive(Clone)]
pub struct ElectricSync(Rc<Handle>);

/// Stops the sync when the last one of it is gone.
struct Handle(Rc<Inner>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// What the handles and the task share.
pub(super) struct Inner {
    pub shared: Arc<Shared>,
    pub rows: RowKind,
    pub electric: Electric,
    /// Drawn by chance: tells it from those of other tabs.
    pub number: f64,
    pub status: Rc<Watched<SyncStatus>>,
    /// How far the table is, as far as this tab knows.
    pub progress: Watched<Progress>,
    /// What the app wants: changes when it does.
    pub wishes: Watched<Wishes>,
    /// The table has been up to date since the sync began, or was tried again after a failure.
    pub has_caught_up: Cell<bool>,
    /// Rows are looked at once hooks are done.
    pub settles: Cell<bool>,
    /// It goes on without a handle.
    detached: Cell<bool>,
    /// So many wait for what another tab may do.
    waiting: Cell<usize>,
    errors: RefCell<Vec<mpsc::UnboundedSender<Error>>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wishes {
    pub stopped: bool,
    /// How often it has been asked to try again.
    pub retries: u64,
}

thread_local!(static SYNCS: RefCell<HashMap<(u64, u16), Weak<Handle>>> = RefCell::default());

impl fmt::Debug for ElectricSync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ElectricSync")
            .field("table", &self.0.0.rows.table)
            .field("status", &self.0.0.status.get())
            .finish_non_exhaustive()
    }
}

impl<T: Store> Table<T> {
    /// Keeps the table as a shape of ElectricSQL's has it: first all rows, then every change as it happens.
    ///
    /// Rows come in whole transactions of the server's, each stored as one with the place in the shape's log that it leads to; what
    /// is stored goes on from there after a reload, and offline it can be read as it is. Live queries hear of it; hooks do not,
    /// so nothing is sent back. Of all tabs of an origin one syncs, and another one takes over when it is gone. A hidden page does
    /// not sync. Off the web it is one of the threads that share a database.
    ///
    /// Where the server's log ends (a migration, say), the rows are fetched anew, and replace the old ones in one step. So they are
    /// where a sync begins and the table has lost all its rows, or the record has got a field that is a column of the shape's.
    ///
    /// ```no_run
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// use indexie::Electric;
    ///
    /// # async fn example(db: AppDb, token: String) -> Result<()> {
    /// let shape = Electric::shape("https://api.electric-sql.cloud/v1/shape")
    ///     .table("users")
    ///     .header("Authorization", token);
    /// let sync = db.users.sync_electric(shape).await?;
    /// sync.up_to_date().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// Own writes meet the server's on the way: what an optimistic overlay has pending, and what a hook is about to send, stays on top
    /// of the rows that come; see [`OverlayTransaction::commit_with_txid`](crate::OverlayTransaction::commit_with_txid).
    ///
    /// While a table is followed, another call with the same shape gives the same sync: headers, `http_client` and `on_error` are those
    /// of the first call, and what the later one says of them is dropped. Where a token changes, use [`headers`](Electric::headers). One
    /// that has [failed](crate::SyncStatus::Failed) is stopped, and begun anew as the later call says.
    ///
    /// The database keeps a store `$sync` beside the tables, which is added when it is first needed.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a shape that cannot be meant, and for a second shape while the table follows another one. What
    /// happens later is told by [`status`](ElectricSync::status) and [`errors`](ElectricSync::errors).
    pub fn sync_electric(&self, electric: Electric) -> Op<ElectricSync> {
        let (shared, rows) = (self.shared.clone(), RowKind::of::<T>(self.name(), self.store));
        Op::new(ElectricSync::begin(shared, rows, electric))
    }
}

impl ElectricSync {
    async fn begin(shared: Arc<Shared>, rows: RowKind, electric: Electric) -> Result<Self> {
        let invalid = |message| Error::InvalidArgument { message };
        if let Some(fault) = electric.fault() {
            return Err(invalid(fault));
        }
        Session::alone(shared.clone()).refuse_inside(rows.store)?;
        engine::keep_records(&shared).await?;
        let place = (shared.id, rows.store);
        let running = SYNCS.with_borrow(|syncs| syncs.get(&place).and_then(Weak::upgrade));
        let mut detached = false;
        if let Some(running) = running.filter(|handle| !handle.0.wishes.get().stopped) {
            if running.0.electric.identity() != electric.identity() {
                return Err(invalid(format!("table `{}` follows another shape: stop that one first", rows.table)));
            }
            if !running.0.has_failed() {
                return Ok(Self(running));
            }
            // What is asked for now may be asked for in another way: with a new token, say.
            running.0.stop();
            detached = running.0.detached.get();
        }
        let inner = Rc::new(Inner {
            shared,
            rows,
            electric,
            number: clock::random(),
            status: Rc::new(Watched::new(SyncStatus::Connecting)),
            progress: Watched::new(Progress::default()),
            wishes: Watched::new(Wishes::default()),
            has_caught_up: Cell::default(),
            settles: Cell::default(),
            detached: Cell::default(),
            waiting: Cell::default(),
            errors: RefCell::default(),
        });
        let handle = Rc::new(Handle(inner.clone()));
        SYNCS.with_borrow_mut(|syncs| syncs.insert(place, Rc::downgrade(&handle)));
        tasks::spawn(follow::run(inner).boxed_local());
        if detached {
            Self(handle.clone()).detach();
        }
        Ok(Self(handle))
    }

    /// Resolves once the table has caught up with the server since the sync began: all that there was is stored. In a tab that does not
    /// sync itself: once the table has been filled.
    ///
    /// It waits for as long as the server cannot be reached. After a failure, [`retry`](Self::retry) makes it a new beginning.
    ///
    /// # Errors
    ///
    /// [`Error::Sync`] once the sync has failed in a way that is not tried again, or has been stopped.
    pub fn up_to_date(&self) -> Op<()> {
        let inner = self.0.0.clone();
        Op::new(async move { inner.until(Inner::is_up_to_date).await })
    }

    /// Resolves when a transaction of PostgreSQL's has come back: its rows are stored. `txid` is what
    /// `pg_current_xact_id()::xid::text` says within that transaction; a server's answer to a write carries it along.
    ///
    /// Transactions are remembered for a while, also over reloads, so it does not matter which comes first, the rows or the answer.
    ///
    /// ```no_run
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # async fn send(user: &User) -> Result<u64> { Ok(0) }
    /// # async fn example(sync: indexie::ElectricSync, user: User) -> Result<()> {
    /// let txid = send(&user).await?;
    /// sync.await_txid(txid).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`up_to_date`](Self::up_to_date).
    pub fn await_txid(&self, txid: u64) -> Op<()> {
        let inner = self.0.0.clone();
        Op::new(async move { inner.until(|inner| inner.progress.with(|progress| progress.has(txid))).await })
    }

    /// The same, for so long at most.
    ///
    /// # Errors
    ///
    /// [`SyncError::Timeout`] when it takes longer; as [`up_to_date`](Self::up_to_date) otherwise.
    pub fn await_txid_within(&self, txid: u64, limit: Duration) -> Op<()> {
        let (waiting, rows) = (self.await_txid(txid), self.0.0.rows);
        Op::new(async move {
            let too_late = || Err(rows.error(SyncError::Timeout { txid }));
            clock::timeout(limit, waiting).await.unwrap_or_else(too_late)
        })
    }

    /// How it stands.
    #[must_use]
    pub fn status(&self) -> SyncStatus {
        self.0.0.status.get()
    }

    /// How it stands from here on, beginning with how it stands now.
    #[must_use]
    pub fn statuses(&self) -> SyncStatuses {
        let of = self.0.0.status.clone();
        SyncStatuses { of, seen: 0, over: false }
    }

    /// What goes wrong from here on, also what is tried again.
    pub fn errors(&self) -> impl Stream<Item = Error> + Unpin + use<> {
        let (sender, receiver) = mpsc::unbounded();
        self.0.0.errors.borrow_mut().push(sender);
        let status = self.0.0.status.clone();
        let mut receiver = receiver;
        futures::stream::poll_fn(move |context| {
            // Off the web, what is to go wrong is done by those who wait for it.
            let _ = status.poll_changed(status.version(), context);
            receiver.poll_next_unpin(context)
        })
    }

    /// Tries again at once: after a failure, or before the next try is due. One that has [failed](SyncStatus::Failed) is
    /// [connecting](SyncStatus::Connecting) from then on. One that is stopped stays so.
    pub fn retry(&self) {
        self.0.0.retry();
    }

    /// Stops it, and all clones of it: its status is [`Stopped`](SyncStatus::Stopped) from then on, and those who wait get
    /// [`SyncError::Stopped`]. The table keeps its rows, and a later sync of the same shape goes on from them.
    pub fn stop(&self) {
        self.0.0.stop();
    }

    /// Lets it go on without this value, for as long as the page lives.
    pub fn detach(self) {
        self.0.0.detached.set(true);
        // There is always one of it from here on; whoever asks for the same sync again gets it.
        std::mem::forget(self);
    }
}

impl Inner {
    fn stop(&self) {
        let wishes = self.wishes.get();
        if !wishes.stopped {
            // The task hears of it at its next turn; the app is not to wait for that.
            self.tell(SyncStatus::Stopped);
            self.wishes.set(Wishes { stopped: true, ..wishes });
        }
    }

    fn retry(&self) {
        if self.has_failed() {
            self.has_caught_up.set(false);
            self.tell(SyncStatus::Connecting);
        }
        let wishes = self.wishes.get();
        self.wishes.set(Wishes { retries: wishes.retries + 1, ..wishes });
    }

    fn has_failed(&self) -> bool {
        self.status.with(|status| matches!(status, SyncStatus::Failed { .. }))
    }

    /// What the task does after a stop is not told.
    pub fn tell(&self, status: SyncStatus) {
        if self.wishes.get().stopped {
            return;
        }
        tracing::debug!(target: "indexie::sync", table = self.rows.table, ?status);
        self.status.set(status);
    }

    /// The table has all that there is, or a stream is open that brings the rest.
    pub fn tell_live(&self) {
        if !self.status.with(|status| matches!(status, SyncStatus::Live)) {
            self.tell(SyncStatus::Live);
        }
    }

    pub fn complain(&self, error: &Error) {
        tracing::warn!(target: "indexie::sync", table = self.rows.table, %error);
        self.errors.borrow_mut().retain(|errors| errors.unbounded_send(error.clone()).is_ok());
    }

    /// How far the table is, as it is stored.
    pub async fn look(&self) -> Result<Progress> {
        let session = Session::alone(self.shared.clone()).silent();
        let progress = Records::new(&session, self.rows.table).get(Part::Progress, Progress::KEY).await?;
        Ok(progress.unwrap_or_default())
    }

    /// Whether rows have come, and the table has none at all any more: another program, or an upgrade, has emptied it. What is known of
    /// a log that begins in the middle says nothing of the rows that are to be there.
    pub async fn has_lost_its_rows(&self, progress: &Progress) -> Result<bool> {
        if progress.lists == 0 || self.electric.is_changes_only() {
            return Ok(false);
        }
        let session = Session::alone(self.shared.clone()).silent();
        let count = session.number(self.rows.store, None, Operation::Count(vec![KeyRange::all()])).await?;
        Ok(count == 0 && !Records::new(&session, self.rows.table).keys().await?.is_empty())
    }

    /// Whether the record has got fields since the rows have come. A log that begins in the middle does not tell them either.
    pub fn lacks_fields(&self, progress: &Progress, position: &Position) -> bool {
        let fields = position.columns.as_ref().and_then(|(_, columns)| self.rows.fields(columns));
        !self.electric.is_changes_only() && progress.lacks(fields.as_deref())
    }

    fn is_up_to_date(&self) -> bool {
        !self.wishes.get().stopped && (self.has_caught_up.get() || self.is_filled_elsewhere())
    }

    fn is_filled_elsewhere(&self) -> bool {
        self.status.with(|status| matches!(status, SyncStatus::Following))
            && self.progress.with(|progress| progress.up_to_date > 0.0 && *progress.shape == *self.electric.identity())
    }

    /// Waits for something that the sync brings about.
    async fn until(&self, done: impl Fn(&Self) -> bool) -> Result<()> {
        let _waiting = Waiting::new(&self.waiting, &self.wishes);
        loop {
            let versions = (self.status.version(), self.progress.version());
            if done(self) {
                return Ok(());
            }
            match self.status.get() {
                SyncStatus::Failed { error } => return Err(error),
                SyncStatus::Stopped => return Err(self.rows.error(SyncError::Stopped)),
                _ => {}
            }
            let (status, progress) = (self.status.changed(versions.0), self.progress.changed(versions.1));
            future::select(Box::pin(status), Box::pin(progress)).await;
        }
    }

    /// While another tab syncs: notes how far it has come, for those who wait for it.
    pub async fn watch_other_tab(&self) {
        loop {
            if self.waiting.get() > 0
                && let Ok(progress) = self.look().await
                && self.progress.with(|known| *known != progress)
            {
                self.progress.set(progress);
            }
            let called = self.wishes.changed(self.wishes.version());
            if self.waiting.get() == 0 {
                called.await;
            } else {
                let pause = clock::sleep(LOOK.mul_f64(self.electric.pace));
                future::select(Box::pin(pause), Box::pin(called)).await;
            }
        }
    }
}

/// Somebody waits, for as long as this lives.
struct Waiting<'a>(&'a Cell<usize>);

impl<'a> Waiting<'a> {
    fn new(count: &'a Cell<usize>, wishes: &Watched<Wishes>) -> Self {
        count.set(count.get() + 1);
        wishes.touch();
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
