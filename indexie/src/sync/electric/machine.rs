//! `Machine`: where a sync stands in its shape's log, what it asks for next, and what an answer means (`electric.md` §0 to §2).
//! Pure: no clock, no network, no database. Driven by `follow`.

mod position;
mod streaming;
#[cfg(test)]
mod tests;

pub(crate) use position::Position;

use std::rc::Rc;
use std::time::Duration;

use self::streaming::{Stream, Streaming};
use super::backoff;
use super::columns::Columns;
use super::error::SyncError;
use super::message::{Change, Message, Moved, Snapshot};
use super::offset::Offset;

/// How often an answer that a cache has kept too long is asked for anew.
const STALE_TRIES: u32 = 3;
/// So many logs may end within [`REFETCH_WINDOW`] before there is a pause between them.
const REFETCHES: usize = 5;
/// After so many it is said that something is wrong.
const REFETCHES_OF_CONCERN: usize = 10;
const REFETCH_WINDOW: f64 = 10_000.0;
/// So many pages may bring nothing before there is a pause between them.
const IDLE_PAGES: u32 = 5;
/// An answer that should have waited for something to happen, and has come so soon with nothing, has not waited.
const AT_ONCE: f64 = 250.0;
/// So many of those may follow one another before there is a pause between them.
const HASTY_ANSWERS: u32 = 5;

/// What kind of request comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A page of the snapshot, or of the log.
    Page,
    /// One that the server answers when something has happened, or after a while.
    Poll,
    /// A stream of events.
    Stream,
}

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ask {
    pub mode: Mode,
    pub params: Vec<(&'static str, String)>,
}

/// What happened outside, and when: what a pure function cannot know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// Milliseconds since 1970.
    pub millis: f64,
    /// Between 0 and 1.
    pub random: f64,
}

/// What to do next.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Ask again.
    Ask,
    /// Ask again after a pause; the error says why, if there is something to be said.
    Wait(Duration, Option<SyncError>),
    /// Store what has been gathered.
    Commit,
    /// The server refuses: other credentials may help.
    Refused(SyncError),
    /// Nothing will help until somebody does something about it.
    Fail(SyncError),
}

/// What the head of a response says.
#[derive(Clone, Debug)]
pub(crate) enum Head {
    /// What follows is messages.
    Json(Accepted),
    Events,
    /// What follows does not matter.
    Done(Step),
}

/// A response that is good so far; what it says of the log counts once its body is there.
#[derive(Clone, Debug)]
pub(crate) struct Accepted {
    handle: Option<String>,
    offset: Offset,
    cursor: Option<String>,
    columns: Option<(String, Rc<Columns>)>,
    mode: Mode,
}

/// The headers of a response, by their lower-case names.
pub(crate) trait Headers {
    fn get(&self, name: &str) -> Option<&str>;
}

/// Something that is to be stored.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    Change(Box<Change>),
    Moved(Moved),
}

/// What belongs together: stored as a whole, with the place in the log that it leads to.
#[derive(Debug)]
pub(crate) struct Batch {
    /// So many parts have been put aside before these.
    pub staged: u32,
    pub items: Vec<Item>,
    pub position: Position,
    pub columns: Rc<Columns>,
    /// All that was stored of the shape before is replaced.
    pub replaces: bool,
    pub txids: Vec<u64>,
    pub snapshot: Option<Snapshot>,
}

#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each says something of its own")]
pub(crate) struct Machine {
    /// Where the next request goes on.
    position: Position,
    /// What is stored.
    committed: Position,
    items: Vec<Item>,
    /// What those take, in bytes of JSON.
    weight: usize,
    /// How many parts have been put aside, and how many items those are.
    staged: (u32, usize),
    txids: Vec<u64>,
    snapshot: Option<Snapshot>,
    /// What is gathered replaces what is stored.
    replaces: bool,
    /// All that there was has been seen: the next request may wait for more.
    is_current: bool,
    changes_only: bool,
    /// A log that is no more: caches may still have it.
    expired: Option<String>,
    /// Makes the next request one that no cache knows.
    buster: Option<String>,
    stale: u32,
    /// What a cache gives is taken, whatever it is.
    takes_stale: bool,
    refetches: Vec<f64>,
    idle: u32,
    /// How many answers in a row should have waited, and have not.
    hasty: u32,
    /// When the last request was made.
    asked: f64,
    failures: u32,
    stream: Stream,
    streaming: Option<Streaming>,
}

impl Machine {
    /// Goes on from what is stored. `replaces` if that is of another shape.
    pub fn new(committed: Position, changes_only: bool, streams: bool) -> Self {
        Self {
            position: committed.clone(),
            committed,
            items: Vec::new(),
            weight: 0,
            staged: (0, 0),
            txids: Vec::new(),
            snapshot: None,
            replaces: false,
            is_current: false,
            changes_only,
            expired: None,
            buster: None,
            stale: 0,
            takes_stale: false,
            refetches: Vec::new(),
            idle: 0,
            hasty: 0,
            asked: 0.0,
            failures: 0,
            stream: Stream::new(streams),
            streaming: None,
        }
    }

    /// What is stored is of another shape: it is replaced.
    pub fn replacing(mut self) -> Self {
        self.replaces = true;
        self
    }

    /// How many rows are waiting to be stored.
    pub fn gathered(&self) -> usize {
        self.staged.1 + self.items.len()
    }

    pub fn is_current(&self) -> bool {
        self.is_current
    }

    /// After a pause: looks before it waits. What kept streams away may have been the network that was there before.
    pub fn resume(&mut self) {
        self.stream.begin_again();
        self.roll_back();
    }

    /// The next request.
    pub fn ask(&mut self, now: Now) -> Ask {
        self.asked = now.millis;
        let mode = match self.is_current {
            false => Mode::Page,
            true if self.stream.is_open(now.millis) => Mode::Stream,
            true => Mode::Poll,
        };
        let log = if self.changes_only { "changes_only" } else { "full" };
        let from_now_on = self.changes_only && self.position.offset.is_start();
        let offset = if from_now_on { "now" } else { self.position.offset.as_str() };
        let mut params = vec![("log", log.to_owned()), ("offset", offset.to_owned())];
        if let Some(handle) = &self.position.handle {
            params.push(("handle", handle.clone()));
        }
        if mode != Mode::Page {
            params.push(("cursor", self.position.cursor.clone()));
            params.push(("live", "true".to_owned()));
        }
        if mode == Mode::Stream {
            params.push(("live_sse", "true".to_owned()));
        }
        if let Some(buster) = &self.buster {
            params.push(("cache-buster", buster.clone()));
        }
        if let Some(expired) = self.expired.as_ref().filter(|_| !self.takes_stale) {
            params.push(("expired_handle", expired.clone()));
        }
        Ask { mode, params }
    }

    // --- what goes wrong

    /// The network failed, or what came was not what was asked for.
    pub fn failed(&mut self, error: SyncError, retry_after: Option<Duration>, now: Now) -> Step {
        self.streaming = None;
        self.failures = self.failures.saturating_add(1);
        let pause = backoff::after_failures(self.failures, now.random).max(retry_after.unwrap_or_default());
        Step::Wait(pause, Some(error))
    }

    /// Nothing has come for too long.
    pub fn silent(&mut self, mode: Mode, now: Now) -> Step {
        let message = "the server has sent nothing for too long".to_owned();
        self.cut_off(mode, SyncError::Network { message }, now)
    }

    /// No answer, or none of this server's. The next request is one that is answered at once: it shows whether the server is there.
    /// If it is, and streams fail all the same, then it is the streams that do not come through.
    pub fn cut_off(&mut self, mode: Mode, error: SyncError, now: Now) -> Step {
        if mode == Mode::Stream {
            self.drop_torn();
            self.stream.has_failed(now.millis);
        }
        if mode != Mode::Page {
            self.is_current = false;
        }
        self.failed(error, None, now)
    }

    /// What was gathered could not be stored, or is not to be: goes on from what is; from the beginning, if that is to be replaced.
    pub fn roll_back(&mut self) {
        self.drop_torn();
        self.position = if self.replaces {
            Position::default()
        } else {
            Position { cursor: self.position.cursor.clone(), ..self.committed.clone() }
        };
        self.is_current = false;
    }

    /// What is stored does not fit the log: begins again. The log is still there, and may answer.
    pub fn start_over(&mut self, now: Now) -> Step {
        self.position.handle = None;
        self.must_refetch(None, now)
    }

    /// The log is no more: begins again, with the handle of the new log if that is known.
    pub fn must_refetch(&mut self, handle: Option<String>, now: Now) -> Step {
        self.drop_torn();
        self.expired = self.position.handle.take().or_else(|| self.expired.take());
        let handle = handle.filter(|handle| self.expired.as_ref() != Some(handle));
        self.position = Position { handle, ..Position::default() };
        self.replaces = true;
        self.is_current = false;
        self.takes_stale = false;
        self.stale = 0;
        self.idle = 0;
        self.stream.begin_again();
        self.bust(now);
        self.refetches.retain(|before| now.millis - before < REFETCH_WINDOW);
        self.refetches.push(now.millis);
        let times = self.refetches.len();
        if times <= REFETCHES {
            return Step::Ask;
        }
        #[allow(clippy::cast_possible_truncation, reason = "a few")]
        let pause = backoff::shortly((times - REFETCHES) as u32, now.random);
        let message = format!("the server has ended the log {times} times within ten seconds");
        Step::Wait(pause, (times > REFETCHES_OF_CONCERN).then_some(SyncError::Protocol { message }))
    }

    fn bust(&mut self, now: Now) {
        const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
        let mut random = now.random;
        let digit = |()| {
            random = (random * 36.0).fract();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 36")]
            char::from(DIGITS[(random * 36.0) as usize % 36])
        };
        let digits: String = std::iter::repeat_n((), 7).map(digit).collect();
        self.buster = Some(format!("{:.0}-{digits}", now.millis));
    }

    /// A cache has answered with what is no more.
    fn stale(&mut self, what: &str, now: Now) -> Step {
        if self.stale < STALE_TRIES {
            self.stale += 1;
            self.bust(now);
            return Step::Ask;
        }
        self.stale = 0;
        if self.takes_stale || self.expired.is_none() {
            self.bust(now);
            let message = format!("a cache keeps answering with {what}");
            return self.failed(SyncError::Protocol { message }, None, now);
        }
        // Once without a word of the old log: what comes is taken.
        let expired = self.expired.clone();
        let step = self.must_refetch(None, now);
        self.expired = expired;
        self.takes_stale = true;
        self.buster = None;
        let message = format!("a cache keeps answering with {what}: whatever it has is taken once");
        match step {
            Step::Ask => Step::Wait(Duration::ZERO, Some(SyncError::Protocol { message })),
            step => step,
        }
    }

    // --- answers

    /// The head of a response has come.
    pub fn head(&mut self, mode: Mode, status: u16, headers: &dyn Headers, now: Now) -> Head {
        let retry_after = headers.get("retry-after").and_then(|header| backoff::asked(header, now.millis));
        Head::Done(match status {
            200 => match self.accept(mode, headers, now) {
                Ok(head) => return head,
                Err(step) => step,
            },
            204 => self.no_content(headers, now),
            409 => self.must_refetch(headers.get("electric-handle").map(str::to_owned), now),
            429 | 503 => self.failed(SyncError::status(status), retry_after, now),
            500..=599 if retry_after.is_none() => self.cut_off(mode, SyncError::status(status), now),
            500..=599 => self.failed(SyncError::status(status), retry_after, now),
            401 => Step::Refused(SyncError::status(status)),
            400..=499 => Step::Fail(SyncError::status(status)),
            _ => {
                self.bust(now);
                self.failed(SyncError::status(status), retry_after, now)
            }
        })
    }

    /// A 400 that says that there is no such place in the log.
    pub fn out_of_bounds(&mut self, now: Now) -> Step {
        self.start_over(now)
    }

    fn no_content(&mut self, headers: &dyn Headers, now: Now) -> Step {
        if self.position.offset.is_start() || self.position.columns.is_none() {
            // There is always something at the beginning of a log.
            return self.failed(SyncError::status(204), None, now);
        }
        if let Some(cursor) = headers.get("electric-cursor") {
            cursor.clone_into(&mut self.position.cursor);
        }
        self.well();
        // Servers of its time have no streams.
        self.stream.disable();
        self.is_current = true;
        self.unhurried(now)
    }

    /// Stores what has come. Answers that bring nothing are to come late: if many come at once, one after the other, a cache may have
    /// given them, and there is a pause.
    fn unhurried(&mut self, now: Now) -> Step {
        let has_waited = now.millis - self.asked >= AT_ONCE;
        self.hasty = if has_waited || !self.is_stored() { 0 } else { self.hasty.saturating_add(1) };
        if self.hasty <= HASTY_ANSWERS {
            return Step::Commit;
        }
        self.bust(now);
        Step::Wait(backoff::shortly(self.hasty - HASTY_ANSWERS, now.random), None)
    }

    /// Whether there is nothing that is worth storing.
    fn is_stored(&self) -> bool {
        let Self { position, committed, .. } = self;
        self.gathered() == 0
            && !self.replaces
            && (&position.handle, &position.offset) == (&committed.handle, &committed.offset)
    }

    fn accept(&mut self, mode: Mode, headers: &dyn Headers, now: Now) -> Result<Head, Step> {
        let handle = headers.get("electric-handle").map(str::to_owned);
        let offset = headers.get("electric-offset");
        let schema = headers.get("electric-schema");
        let mut missing = Vec::new();
        if handle.is_none() {
            missing.push("electric-handle");
        }
        if offset.is_none() {
            missing.push("electric-offset");
        }
        if schema.is_none() && self.position.columns.is_none() {
            missing.push("electric-schema");
        }
        let kind = headers.get("content-type").unwrap_or("application/json").to_ascii_lowercase();
        let (is_json, is_stream) = (kind.contains("json"), kind.contains("text/event-stream"));
        let is_expected = is_json || if mode == Mode::Stream { is_stream } else { !kind.contains("html") };
        if !is_expected {
            let message = format!("the answer is {kind}, and no messages");
            return Err(self.cut_off(mode, SyncError::Protocol { message }, now));
        }
        let (Some(offset), true) = (offset, missing.is_empty()) else {
            let headers = missing.into_iter().map(str::to_owned).collect();
            return Err(Step::Fail(SyncError::MissingHeaders { headers }));
        };
        let Some(offset) = Offset::parse(offset) else {
            let message = format!("`{offset}` is no offset");
            return Err(self.failed(SyncError::Protocol { message }, None, now));
        };
        if handle.is_some() && handle == self.expired && !self.takes_stale {
            return Err(self.stale("a log that is no more", now));
        }
        let known = self.position.handle.as_ref().filter(|_| !self.position.offset.is_start());
        if known.is_some() && known != handle.as_ref() {
            return Err(self.stale_of_another_log(handle, now));
        }
        let columns = match schema {
            Some(schema) => match Columns::parse(schema) {
                Ok(columns) => Some((schema.to_owned(), Rc::new(columns))),
                Err(message) => return Err(self.failed(SyncError::Protocol { message }, None, now)),
            },
            None => None,
        };
        let cursor = headers.get("electric-cursor").map(str::to_owned);
        let accepted = Accepted { handle, offset, cursor, columns, mode };
        if !is_stream || mode != Mode::Stream {
            if mode == Mode::Stream {
                self.stream.disable();
            }
            return Ok(Head::Json(accepted));
        }
        if accepted.offset < self.position.offset {
            return Err(self.stale("an older part of the log", now));
        }
        self.streaming = Some(Streaming::new(accepted.offset.clone(), now.millis));
        self.take_head(&accepted);
        Ok(Head::Events)
    }

    /// Another log than the one asked for has answered: it is a cache that has mixed them up, or the log is no more.
    fn stale_of_another_log(&mut self, handle: Option<String>, now: Now) -> Step {
        if self.stale < STALE_TRIES { self.stale("another log", now) } else { self.must_refetch(handle, now) }
    }

    fn take_head(&mut self, accepted: &Accepted) {
        self.position.handle.clone_from(&accepted.handle);
        if let Some(cursor) = &accepted.cursor {
            self.position.cursor.clone_from(cursor);
        }
        if let Some(columns) = &accepted.columns {
            self.position.columns = Some(columns.clone());
        }
    }

    /// Something is as it should be.
    fn well(&mut self) {
        self.failures = 0;
        self.stale = 0;
        self.buster = None;
    }

    /// A body of messages has come, whole.
    pub fn page(&mut self, accepted: &Accepted, messages: Vec<Message>, now: Now) -> Step {
        if messages.iter().any(|message| matches!(message, Message::MustRefetch)) {
            return self.must_refetch(None, now);
        }
        let ends = messages.iter().rev().find(|message| !matches!(message, Message::Unknown));
        let is_current = matches!(ends, Some(Message::UpToDate));
        if accepted.offset < self.position.offset {
            let is_empty = !messages.iter().any(|message| matches!(message, Message::Change(_) | Message::Moved(_)));
            if is_current && is_empty {
                // The server has lost what it once had.
                return self.start_over(now);
            }
            return self.stale("an older part of the log", now);
        }
        let before = self.position.offset.clone();
        let new = messages.iter().filter_map(|message| match message {
            Message::Change(change) => change.offset().filter(|at| *at > before),
            _ => None,
        });
        if !new.is_sorted() {
            return self.stale("a log out of order", now);
        }
        let progress = accepted.offset > before || is_current;
        self.take_head(accepted);
        for message in messages {
            self.gather(message, &before);
        }
        self.position.offset = accepted.offset.clone();
        self.well();
        self.is_current = is_current;
        if is_current {
            self.idle = 0;
            return if accepted.mode == Mode::Page { Step::Commit } else { self.unhurried(now) };
        }
        self.idle = if progress { 0 } else { self.idle + 1 };
        if self.idle < IDLE_PAGES {
            return Step::Ask;
        }
        self.bust(now);
        let message = "the server keeps answering with nothing new".to_owned();
        let error = (self.idle > 2 * IDLE_PAGES).then_some(SyncError::Protocol { message });
        Step::Wait(backoff::shortly(self.idle - IDLE_PAGES, now.random), error)
    }

    /// Keeps what is to be stored, unless it is already.
    fn gather(&mut self, message: Message, after: &Offset) {
        match message {
            Message::Change(change) => {
                if change.offset().is_some_and(|at| at <= *after) {
                    return;
                }
                for txid in &change.txids {
                    // Of many changes of one transaction, one number is enough.
                    if self.txids.last() != Some(txid) {
                        self.txids.push(*txid);
                    }
                }
                self.weight += change.key.len() + change.value.get().len();
                self.items.push(Item::Change(change));
            }
            Message::Moved(moved) => self.items.push(Item::Moved(moved)),
            Message::SnapshotEnd(snapshot) => self.snapshot = Some(snapshot),
            Message::UpToDate | Message::MustRefetch | Message::Unknown => {}
        }
    }

    /// A message of a stream has come; tells what to do, if there is something to be done at once.
    pub fn event(&mut self, message: Message, now: Now) -> Option<Step> {
        let Some(streaming) = &mut self.streaming else { return Some(Step::Ask) };
        match &message {
            Message::MustRefetch => return Some(self.must_refetch(None, now)),
            Message::UpToDate => {
                let offset = streaming.up_to_date(&self.position.offset);
                if offset > self.position.offset {
                    self.hasty = 0;
                }
                self.position.offset = offset;
                self.stream.is_well();
                self.well();
                return Some(Step::Commit);
            }
            Message::Change(change) => {
                streaming.is_empty = false;
                if change.offset().is_some_and(|at| at <= self.position.offset) {
                    // It has come before.
                    return None;
                }
                if let Some(at) = change.at
                    && !streaming.goes_on(at)
                {
                    self.drop_torn();
                    self.is_current = false;
                    return Some(self.stale("a log out of order", now));
                }
                streaming.pending += 1;
            }
            Message::Moved(_) | Message::SnapshotEnd(_) => streaming.pending += 1,
            Message::Unknown => {}
        }
        streaming.is_empty = false;
        let after = self.position.offset.clone();
        self.gather(message, &after);
        None
    }

    /// A stream has ended: as it should, or torn off.
    pub fn ended(&mut self, clean: bool, now: Now) -> Step {
        let Some(streaming) = self.streaming.take() else { return Step::Ask };
        if let Some(offset) = streaming.whole_chunk(clean) {
            // More than one chunk behind: the next one follows.
            self.position.offset = offset;
            self.is_current = false;
            self.well();
            return Step::Ask;
        }
        if streaming.pending > 0 {
            self.drop_torn();
            self.is_current = false;
            let message = "the stream was torn off".to_owned();
            return self.failed(SyncError::Network { message }, None, now);
        }
        if !streaming.is_empty && clean {
            // What it has brought is stored already.
            return match self.unhurried(now) {
                Step::Commit => Step::Ask,
                step => step,
            };
        }
        if streaming.is_empty
            && let Some(shorts) = self.stream.ended_empty(streaming.begun, now.millis)
        {
            return Step::Wait(backoff::shortly(shorts, now.random), None);
        }
        if clean {
            return Step::Ask;
        }
        let message = "the stream was torn off".to_owned();
        self.failed(SyncError::Network { message }, None, now)
    }

    /// Forgets what has come since all was there.
    fn drop_torn(&mut self) {
        self.streaming = None;
        self.items.clear();
        self.weight = 0;
        self.staged = (0, 0);
        self.txids.clear();
        self.snapshot = None;
    }

    // --- storing

    /// What is to be put aside, as which part, if what is gathered takes more than this.
    pub fn heavy(&mut self, most: usize) -> Option<(u32, Vec<Item>)> {
        if self.weight <= most {
            return None;
        }
        self.weight = 0;
        let (parts, items) = self.staged;
        self.staged = (parts + 1, items + self.items.len());
        Some((parts, std::mem::take(&mut self.items)))
    }

    /// What is to be stored now; none if there is nothing that is worth it.
    pub fn batch(&mut self) -> Option<Batch> {
        let (_, columns) = self.position.columns.clone()?;
        if self.is_stored() {
            return None;
        }
        self.weight = 0;
        Some(Batch {
            staged: std::mem::take(&mut self.staged).0,
            items: std::mem::take(&mut self.items),
            position: self.position.clone(),
            columns,
            replaces: self.replaces,
            txids: std::mem::take(&mut self.txids),
            snapshot: self.snapshot.take(),
        })
    }

    /// All that was gathered is stored.
    pub fn committed(&mut self) {
        self.committed = self.position.clone();
        self.replaces = false;
        self.is_current = true;
        self.expired = None;
        self.takes_stale = false;
    }
}
