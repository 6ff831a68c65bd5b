//! The task in the background: one request after the other, for as long as this tab is the one that syncs.
//! Started by `sync`; asks `machine` what to do, `exchange` to do it, and `apply` to store what comes.

use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{self, Either, Future};

use super::apply::{self, Applied};
use super::columns::Columns;
use super::error::SyncError;
use super::exchange::exchange;
use super::machine::{Machine, Now, Position, Step};
use super::offset::Offset;
use super::presence::Presence;
use super::records::Progress;
use super::shape::Recovery;
use super::status::SyncStatus;
use super::sync::Inner;
use super::{backoff, clock, local, lock, staged};
use crate::error::Error;
use crate::key::Date;
use crate::overlay::{self, set_synced};
use crate::tasks;

/// So often in a row a refusal is answered with other headers.
const REFUSALS: u32 = 5;

/// Syncs until it is told to stop.
pub(super) async fn run(inner: Rc<Inner>) {
    let presence = Presence::watch();
    set_synced(&inner.shared, inner.rows.store, true);
    loop {
        if inner.wishes.get().stopped {
            break;
        }
        if presence.is_hidden() {
            inner.tell(SyncStatus::Paused);
            unless_stopped(&inner, presence.changed()).await;
            continue;
        }
        let Some(held) = lead(&inner, &presence).await else { continue };
        let Err(end) = Leader { inner: &inner, presence: &presence }.run().await;
        // Another tab may take over: what has failed here may work there.
        drop(held);
        if let End::Failed(error) = end {
            inner.tell(SyncStatus::Failed { error });
            let retries = inner.wishes.get().retries;
            inner.wishes.until(|now| (now.stopped || now.retries != retries).then_some(())).await;
        }
    }
    set_synced(&inner.shared, inner.rows.store, false);
}

/// Waits until this tab is the one that syncs; none if it is not to be any more.
async fn lead(inner: &Rc<Inner>, presence: &Presence) -> Option<lock::Held> {
    let name = format!("indexie:electric:{}:{}", inner.shared.name, inner.rows.table);
    let mut waiting = Box::pin(lock::hold(inner.shared.storage.place(), &name));
    // Where nobody else has it, it comes at once; only then is another tab's turn worth a word.
    let at_once = clock::timeout(inner.electric.turn, &mut waiting).await;
    if at_once.is_some() {
        return at_once;
    }
    inner.tell(SyncStatus::Following);
    let watching = Box::pin(inner.watch_other_tab());
    let hiding = Box::pin(async {
        while !presence.is_hidden() {
            presence.changed().await;
        }
    });
    let meanwhile = future::select(watching, hiding);
    match unless_stopped(inner, future::select(waiting, meanwhile)).await {
        Some(Either::Left((held, _))) => Some(held),
        Some(Either::Right(_)) | None => None,
    }
}

/// Does something; none if the sync is stopped before it is done.
async fn unless_stopped<F: Future>(inner: &Inner, future: F) -> Option<F::Output> {
    let stopped = inner.wishes.until(|wishes| wishes.stopped.then_some(()));
    match future::select(Box::pin(stopped), Box::pin(future)).await {
        Either::Left(_) => None,
        Either::Right((done, _)) => Some(done),
    }
}

/// Why this tab does not sync any more.
enum End {
    Stopped,
    Hidden,
    Failed(Error),
}

/// What comes after a request.
pub(super) enum Next {
    Ask,
    Wait(Duration, Option<Error>),
    Refused(Error),
    Fail(Error),
    /// What has come fits no record; how long to wait if it is to be tried again.
    Unfit(Duration, Error),
    /// What is stored is not what this tab believes it to be.
    Reload,
}

impl Next {
    pub fn of(inner: &Inner, step: Step) -> Self {
        let error = |reason| inner.rows.error(reason);
        match step {
            // Whoever can commit has done so.
            Step::Ask | Step::Commit => Self::Ask,
            Step::Wait(pause, reason) => Self::Wait(pause, reason.map(error)),
            Step::Refused(reason) => Self::Refused(error(reason)),
            Step::Fail(reason) => Self::Fail(error(reason)),
        }
    }
}

pub(super) fn now() -> Now {
    Now { millis: clock::now_millis(), random: clock::random() }
}

struct Leader<'a> {
    inner: &'a Rc<Inner>,
    presence: &'a Presence,
}

impl Leader<'_> {
    async fn run(&self) -> Result<Infallible, End> {
        let inner = self.inner;
        inner.tell(SyncStatus::Connecting);
        self.persistently(|| self.prepare()).await?;
        let mut begins = true;
        loop {
            let shape = inner.electric.identity();
            let position = self.persistently(|| self.position(&shape, begins)).await?;
            begins = false;
            self.follow(&mut machine(position, inner), &shape).await?;
        }
    }

    /// Does something with the database; where that refuses, again and again, after longer and longer pauses.
    async fn persistently<T>(&self, mut what: impl AsyncFnMut() -> Result<T, Error>) -> Result<T, End> {
        let mut failures = 0_u32;
        loop {
            let error = match what().await {
                Ok(done) => return Ok(done),
                Err(error) if is_unfit(&error) => {
                    self.inner.complain(&error);
                    return Err(End::Failed(error));
                }
                Err(error) => error,
            };
            failures = failures.saturating_add(1);
            self.wait(backoff::after_failures(failures, clock::random()), Some(error)).await?;
        }
    }

    /// Sees to what a tab that is gone has left behind.
    async fn prepare(&self) -> Result<(), Error> {
        let Inner { shared, rows, .. } = &**self.inner;
        staged::clear(shared, rows.table).await?;
        local::settle(shared, rows.store).await
    }

    /// Where to go on; none if all is to be fetched anew.
    async fn position(&self, shape: &str, begins: bool) -> Result<Option<Position>, Error> {
        let inner = self.inner;
        let progress = inner.look().await?;
        inner.progress.set(progress.clone());
        // Of another shape, or by a program that wrote it in another way.
        let position = if progress.shape == shape { position(&progress) } else { None };
        let gone = begins && inner.has_lost_its_rows(&progress).await?;
        Ok(position.filter(|position| !gone && !inner.lacks_fields(&progress, position)))
    }

    /// Asks and asks, until it ends, or what is stored has to be looked at again.
    async fn follow(&self, machine: &mut Machine, shape: &Rc<str>) -> Result<(), End> {
        let inner = self.inner;
        loop {
            let next = self.uninterrupted(exchange(inner, machine, shape)).await?;
            let next = next.unwrap_or_else(|| {
                // Looks before it waits: the network was away.
                machine.resume();
                Next::Ask
            });
            match next {
                Next::Ask => {}
                Next::Reload => return Ok(()),
                Next::Fail(error) => {
                    let error = self.recover(error, Recovery::Stop).await?;
                    self.pause(machine.refused(now()), Some(error)).await?;
                }
                Next::Refused(error) => {
                    let may_help = inner.electric.may_change() && machine.refusals() < REFUSALS;
                    let error = self.recover(error, if may_help { Recovery::Retry } else { Recovery::Stop }).await?;
                    self.pause(machine.refused(now()), Some(error)).await?;
                }
                Next::Unfit(pause, error) => {
                    let error = self.recover(error, Recovery::Stop).await?;
                    self.pause(pause, Some(error)).await?;
                }
                Next::Wait(pause, error) => self.wait(pause, error).await?,
            }
        }
    }

    /// Says what has failed, and waits.
    async fn wait(&self, pause: Duration, error: Option<Error>) -> Result<(), End> {
        if let Some(error) = &error {
            self.inner.complain(error);
        }
        self.pause(pause, error).await
    }

    /// Waits after a failure that has been told.
    async fn pause(&self, pause: Duration, error: Option<Error>) -> Result<(), End> {
        if let Some(error) = error {
            self.tell_retrying(pause, error);
        }
        self.uninterrupted(clock::sleep(pause.mul_f64(self.inner.electric.pace))).await.map(drop)
    }

    fn tell_retrying(&self, pause: Duration, error: Error) {
        let at = Date::from_f64(clock::now_millis() + pause.as_secs_f64() * 1_000.0).unwrap_or_default();
        let away = !self.presence.is_online();
        self.inner.tell(if away { SyncStatus::Offline } else { SyncStatus::Retrying { at, error } });
    }

    /// A failure that another request alone does not mend: it is the end, unless it is to be tried again.
    async fn recover(&self, error: Error, otherwise: Recovery) -> Result<Error, End> {
        self.inner.complain(&error);
        let recovery = match &self.inner.electric.on_error {
            Some(decide) => {
                // It may ask the user, who takes his time.
                self.tell_retrying(Duration::ZERO, error.clone());
                self.uninterrupted(decide(error.clone())).await?.unwrap_or(Recovery::Retry)
            }
            None => otherwise,
        };
        match recovery {
            Recovery::Stop => Err(End::Failed(error)),
            Recovery::Retry => Ok(error),
        }
    }

    /// Does something, unless it is of no use any more; none if it is to be tried again at once.
    async fn uninterrupted<F: Future>(&self, future: F) -> Result<Option<F::Output>, End> {
        let retries = self.inner.wishes.with(|wishes| wishes.retries);
        let asked = self.inner.wishes.until(|now| {
            let retry = (now.retries != retries).then_some(Interruption::Retry);
            if now.stopped { Some(Interruption::Stopped) } else { retry }
        });
        let away = async {
            let mut was_online = self.presence.is_online();
            loop {
                if self.presence.is_hidden() {
                    return Interruption::Hidden;
                }
                let is_online = self.presence.is_online();
                if is_online && !was_online {
                    return Interruption::Retry;
                }
                if was_online && !is_online {
                    // What still comes says that it is not so bad.
                    self.inner.tell(SyncStatus::Offline);
                }
                was_online = is_online;
                self.presence.changed().await;
            }
        };
        let interrupted = future::select(Box::pin(asked), Box::pin(away));
        // First of all: what comes at the same moment would have the next request sent.
        match future::select(interrupted, Box::pin(future)).await {
            Either::Right((done, _)) => Ok(Some(done)),
            Either::Left((Either::Left((why, _)) | Either::Right((why, _)), _)) => match why {
                Interruption::Stopped => Err(End::Stopped),
                Interruption::Hidden => Err(End::Hidden),
                Interruption::Retry => Ok(None),
            },
        }
    }
}

enum Interruption {
    Stopped,
    Hidden,
    /// Somebody has asked for it, or the network is back.
    Retry,
}

/// Goes on from what is stored, or else begins anew.
fn machine(position: Option<Position>, inner: &Inner) -> Machine {
    let (changes_only, streams) = (inner.electric.is_changes_only(), inner.electric.streams);
    let begin = |position| Machine::new(position, changes_only, streams);
    // Rows of the server's may be there even if nothing else is known of it any more.
    position.map_or_else(|| begin(Position::default()).replacing(), begin)
}

fn position(progress: &Progress) -> Option<Position> {
    let columns = Rc::new(Columns::parse(&progress.schema).ok()?);
    Some(Position {
        handle: Some(progress.handle.clone()).filter(|handle| !handle.is_empty()),
        offset: Offset::parse(&progress.offset)?,
        cursor: String::new(),
        columns: Some((progress.schema.clone(), columns)),
    })
}

/// Once the hooks that are under way are done, rows may be what the server has made of them. They may be done already.
fn settle_later(inner: &Rc<Inner>) {
    let (store, shared) = (inner.rows.store, inner.shared.clone());
    let Some(over) = overlay::existing(shared.id) else { return };
    if inner.settles.replace(true) {
        return;
    }
    let inner = inner.clone();
    let settle = async move {
        loop {
            over.hooked.settled_in(store).await;
            // What is stored from here on may be too late to be seen now.
            inner.settles.set(false);
            if let Err(error) = local::settle(&shared, store).await {
                inner.complain(&error);
            }
            // Others have been written meanwhile, and may have been answered.
            if over.hooked.in_flight(store).is_empty() || inner.settles.replace(true) {
                return;
            }
        }
    };
    tasks::spawn(settle.boxed_local());
}

/// Whether only another program can read what there is, or another record.
fn is_unfit(error: &Error) -> bool {
    matches!(error, Error::Sync { .. } | Error::Encode { .. } | Error::Data { .. } | Error::Decode { .. })
}

/// The database has refused: tries again from what is stored, after a pause.
pub(super) fn could_not_store(machine: &mut Machine, error: Error) -> Next {
    Next::Wait(machine.not_stored(now()), Some(error))
}

/// Stores what the machine has gathered.
pub(super) async fn commit(inner: &Rc<Inner>, machine: &mut Machine, shape: &Rc<str>) -> Next {
    if let Some(batch) = machine.batch() {
        let task = apply::Task {
            rows: inner.rows,
            shape: shape.clone(),
            batch,
            owner: inner.number,
            from: inner.progress.get(),
            changes_only: inner.electric.is_changes_only(),
            now: clock::now_millis(),
        };
        match apply::apply(&inner.shared, task).await {
            Ok((Applied::Stored { in_flight }, progress)) => {
                machine.stored();
                inner.progress.set(progress);
                if in_flight {
                    settle_later(inner);
                }
            }
            Ok((Applied::Lost, _)) => {
                let message = "the server has changed a row that this table lacks: fetching all of it again".to_owned();
                inner.complain(&inner.rows.error(SyncError::Protocol { message }));
                return Next::of(inner, machine.start_over(now()));
            }
            Ok((Applied::Overtaken, _)) => return Next::Reload,
            Err(error) if is_unfit(&error) => return Next::Unfit(machine.not_stored(now()), error),
            Err(error) => return could_not_store(machine, error),
        }
    }
    machine.committed();
    inner.has_caught_up.set(true);
    inner.tell_live();
    Next::Ask
}
