//! `SyncStatus`: how a sync stands, for whoever wants to show it; and values that are watched.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures::Stream;

use crate::error::Error;
use crate::key::Date;

/// How a sync stands; see [`ElectricSync::status`](crate::ElectricSync::status).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SyncStatus {
    /// It is beginning, and has not heard from the server yet.
    Connecting,
    /// Rows are coming, which are not stored yet: they are once all have come.
    Syncing {
        /// So many changes up to now.
        rows: usize,
    },
    /// The table is what the server has, and follows it.
    Live,
    /// Another tab syncs the table; this one reads what that one stores.
    Following,
    /// The page is hidden. It goes on when the page is shown.
    Paused,
    /// The browser has no network. It goes on when there is one.
    Offline,
    /// Something has failed, and is tried again.
    Retrying {
        /// When. While [`on_error`](crate::Electric::on_error) decides: since when it does.
        at: Date,
        /// What has failed.
        error: Error,
    },
    /// Nothing more is tried until [`retry`](crate::ElectricSync::retry) is called. The table keeps its rows.
    Failed {
        /// Why.
        error: Error,
    },
    /// It has been stopped.
    Stopped,
}

/// A value that can be watched.
pub(super) struct Watched<T> {
    value: RefCell<T>,
    version: Cell<u64>,
    wakers: RefCell<Vec<Waker>>,
}

impl<T: Clone> Watched<T> {
    pub fn new(value: T) -> Self {
        Self { value: RefCell::new(value), version: Cell::new(1), wakers: RefCell::default() }
    }

    pub fn get(&self) -> T {
        self.value.borrow().clone()
    }

    pub fn with<R>(&self, see: impl FnOnce(&T) -> R) -> R {
        see(&self.value.borrow())
    }

    pub fn version(&self) -> u64 {
        self.version.get()
    }

    pub fn set(&self, value: T) {
        // Dropped outside of the borrow: it may hold the app's own values.
        let before = self.value.replace(value);
        self.touch();
        drop(before);
    }

    /// Tells everyone that something has changed.
    pub fn touch(&self) {
        self.version.set(self.version.get() + 1);
        self.wakers.take().into_iter().for_each(Waker::wake);
    }

    pub fn poll_changed(&self, since: u64, context: &mut Context<'_>) -> Poll<u64> {
        #[cfg(not(target_family = "wasm"))]
        crate::tasks::attend(context.waker());
        let version = self.version.get();
        if version != since {
            return Poll::Ready(version);
        }
        let mut wakers = self.wakers.borrow_mut();
        if !wakers.iter().any(|known| known.will_wake(context.waker())) {
            wakers.push(context.waker().clone());
        }
        Poll::Pending
    }

    /// Resolves when something is the case, with what is asked for then.
    pub async fn until<R>(&self, see: impl Fn(&T) -> Option<R>) -> R {
        loop {
            let version = self.version();
            if let Some(seen) = self.with(&see) {
                return seen;
            }
            self.changed(version).await;
        }
    }

    /// Resolves when it has changed since it had this version.
    pub async fn changed(&self, since: u64) -> u64 {
        poll_fn(|context| self.poll_changed(since, context)).await
    }
}

/// What a sync's status becomes, beginning with what it is: [`ElectricSync::statuses`](crate::ElectricSync::statuses). Of
/// statuses that follow one another quickly, only the last one is given. It ends when the sync has been stopped.
pub struct SyncStatuses {
    pub(super) of: Rc<Watched<SyncStatus>>,
    pub(super) seen: u64,
    pub(super) over: bool,
}

impl fmt::Debug for SyncStatuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SyncStatuses")
    }
}

impl Stream for SyncStatuses {
    type Item = SyncStatus;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<SyncStatus>> {
        if self.over {
            return Poll::Ready(None);
        }
        let Poll::Ready(version) = self.of.poll_changed(self.seen, context) else { return Poll::Pending };
        self.seen = version;
        let status = self.of.get();
        self.over = matches!(status, SyncStatus::Stopped);
        Poll::Ready(Some(status))
    }
}
