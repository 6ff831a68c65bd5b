//! The sync: while it is on, the list follows the backend's database. Own changes take the road `tell`, which waits for a backend
//! that is away; `page::syncing` is its switch.

use std::rc::Rc;
use std::time::Duration;

use futures::channel::oneshot;
use futures::{FutureExt, StreamExt};
use indexie::{Date, Electric, ElectricSync, Error, Result, SyncStatus};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::backend::{self, Refused};
use crate::changes::{Change, Road};
use crate::todos::TodoDb;

/// The table as the backend's database calls it.
const TABLE: &str = "todos";

/// When a backend that is away is asked again.
const AGAIN: Duration = Duration::from_secs(1);

/// Whether the list follows the backend's database, and how that stands.
#[derive(Clone, Copy)]
pub struct ListSync {
    db: StoredValue<TodoDb, LocalStorage>,
    running: RwSignal<Option<ElectricSync>, LocalStorage>,
    is_on: RwSignal<bool>,
    standing: RwSignal<Standing>,
}

/// How the sync stands, as the page says it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    pub words: String,
    /// Whether there is something to be tried again.
    pub can_retry: bool,
}

impl ListSync {
    pub fn new(db: TodoDb) -> Self {
        Self {
            db: StoredValue::new_local(db),
            running: RwSignal::new_local(None),
            is_on: RwSignal::new(false),
            standing: RwSignal::new(Standing::default()),
        }
    }

    pub fn is_on(self) -> bool {
        self.is_on.get()
    }

    pub fn standing(self) -> Standing {
        self.standing.get()
    }

    /// How changes are stored from now on.
    pub fn road(self) -> Road {
        if self.is_on.get_untracked() { Road::Sync(Rc::new(|change| tell(change).boxed_local())) } else { Road::Hooks }
    }

    pub fn start(self) {
        self.is_on.set(true);
        self.standing.set(Standing { words: "connecting".to_owned(), can_retry: false });
        spawn_local(async move {
            match self.begin().await {
                Ok(sync) if self.is_on.get_untracked() => self.follow(sync).await,
                Ok(_) => {}
                Err(why) => self.standing.set(Standing { words: format!("failed: {why}"), can_retry: true }),
            }
        });
    }

    /// Stops it. The list stays as it is.
    pub fn stop(self) {
        self.is_on.set(false);
        self.running.set(None);
        self.standing.set(Standing::default());
    }

    pub fn retry(self) {
        match self.running.get_untracked() {
            Some(sync) => sync.retry(),
            None => self.start(),
        }
    }

    async fn begin(self) -> Result<ElectricSync> {
        let shape = backend::shape().await.map_err(|refused| Error::user(refused.to_string()))?;
        self.db.with_value(|db| db.todos.sync_electric(Electric::shape(shape).table(TABLE))).await
    }

    /// Says how it stands until it has been stopped.
    async fn follow(self, sync: ElectricSync) {
        let mut statuses = sync.statuses();
        // Held by the page from here on: once it lets go, the sync stops.
        self.running.set(Some(sync));
        while let Some(status) = statuses.next().await {
            if !matches!(status, SyncStatus::Stopped) {
                self.standing.set(Standing::of(&status));
            }
        }
    }
}

impl Standing {
    fn of(status: &SyncStatus) -> Self {
        let can_retry = matches!(status, SyncStatus::Retrying { .. } | SyncStatus::Failed { .. });
        let words = match status {
            SyncStatus::Connecting => "connecting".to_owned(),
            SyncStatus::Syncing { rows: 1 } => "1 row coming".to_owned(),
            SyncStatus::Syncing { rows } => format!("{rows} rows coming"),
            SyncStatus::Live => "live".to_owned(),
            SyncStatus::Following => "another tab syncs".to_owned(),
            SyncStatus::Paused => "paused".to_owned(),
            SyncStatus::Offline => "offline".to_owned(),
            SyncStatus::Retrying { at, .. } => format!("trying again at {}", time(*at)),
            SyncStatus::Failed { error } => format!("failed: {error}"),
            _ => "off".to_owned(),
        };
        Self { words, can_retry }
    }
}

/// The time of day, as this browser writes it.
fn time(at: Date) -> String {
    #[allow(clippy::cast_precision_loss, reason = "dates of today")]
    let at = js_sys::Date::new(&(at.millis() as f64).into());
    at.to_locale_time_string("en-GB").into()
}

/// Tells the backend of a change, as soon as there is one: until then, the change stays pending.
async fn tell(change: Change) -> Result<u64> {
    loop {
        match tell_once(&change).await {
            Err(refused) if refused.is_away() => pause(AGAIN).await,
            told => return told.map_err(|refused| Error::user(refused.to_string())),
        }
    }
}

async fn tell_once(change: &Change) -> backend::Result<u64> {
    match change {
        Change::Add(todo) => backend::create(todo).await,
        Change::Edit(todo, edit) => match backend::change(&todo.uid, edit).await {
            // One from before the sync, that this backend has not heard of.
            Err(Refused::Status(404)) => backend::create(todo).await,
            told => told,
        },
        Change::Delete(uid) => backend::remove(uid).await,
    }
}

async fn pause(pause: Duration) {
    let (tell, told) = oneshot::channel();
    set_timeout(move || _ = tell.send(()), pause);
    // It can only fail if the page goes.
    let _ = told.await;
}
