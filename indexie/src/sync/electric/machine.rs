//! `Machine`: where a sync stands in its shape's log, what it asks for next, and what an answer means (`electric.md` §0 to §2).
//! Pure: no clock, no network, no database. Driven by `follow`.

mod bodies;
mod failures;
mod heads;
mod position;
mod streaming;
#[cfg(test)]
mod tests;

pub(crate) use position::Position;

use std::rc::Rc;
use std::time::Duration;

use self::streaming::{Stream, Streaming};
use super::columns::Columns;
use super::error::SyncError;
use super::message::{Change, Moved, Snapshot};
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
    /// How many requests in a row have failed soon that the server answers when something happens, whatever pages come in between.
    live_failures: u32,
    /// How often in a row what has come could not be stored.
    unstored: u32,
    /// How often the server has refused since all there was had come, or a stream has lasted.
    refusals: u32,
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
            live_failures: 0,
            unstored: 0,
            refusals: 0,
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
        self.live_failures = 0;
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
        self.refusals = 0;
    }
}
