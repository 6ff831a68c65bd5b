//! Opening and deleting a database: one request at a time, each of which may have to wait until other connections have
//! closed.

use std::cmp::Ordering;
use std::sync::Arc;

use super::database::{Link, State};
use super::inbox::{Inbox, Note};
use super::schedule::Ticket;
use super::write::failure;
use crate::storage::{Failure, Versions};

/// Somebody wants to open the database, or to delete it.
#[derive(Debug)]
pub(super) struct Request {
    /// The number of the connection, or of the deletion's slot.
    pub id: u32,
    pub inbox: Arc<Inbox>,
    /// The version to open it at, 0 for whichever there is; none to delete it.
    version: Option<u32>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    New,
    /// The other connections are being asked to close.
    Asking,
    /// They have been asked, and some have not closed yet.
    Blocked,
    /// From this version.
    Upgrading(u32),
}

impl Request {
    pub fn open(id: u32, inbox: Arc<Inbox>, version: u32) -> Self {
        Self { id, inbox, version: Some(version), stage: Stage::New }
    }

    pub fn delete(id: u32, inbox: Arc<Inbox>) -> Self {
        Self { id, inbox, version: None, stage: Stage::New }
    }

    pub fn is_upgrading(&self) -> bool {
        matches!(self.stage, Stage::Upgrading(_))
    }
}

impl State {
    /// Goes a step further with the first request; returns whether there may be another one.
    pub fn advance(&mut self) -> bool {
        let Some(request) = self.requests.front() else { return false };
        let (id, inbox) = (request.id, request.inbox.clone());
        match (request.stage, request.version) {
            (Stage::New, Some(version)) => {
                let wanted = if version == 0 { self.version.max(1) } else { version };
                let versions = Versions { old: self.version, new: wanted, ..Versions::default() };
                match self.version.cmp(&wanted) {
                    Ordering::Greater => {
                        self.requests.pop_front();
                        self.letters.push(inbox, Note::OpenFailed(id, versions, newer()));
                    }
                    Ordering::Equal => {
                        self.requests.pop_front();
                        self.links.push(Link { id, inbox: inbox.clone(), closing: false });
                        self.letters.push(inbox, Note::Opened(id));
                    }
                    Ordering::Less => self.ask_to_close(versions),
                }
            }
            (Stage::New, None) if self.version == 0 => {
                self.requests.pop_front();
                self.letters.push(inbox, Note::Deleted(id));
            }
            (Stage::New, None) => {
                let versions = Versions { old: self.version, new: 0, ..Versions::default() };
                self.ask_to_close(versions);
            }
            (Stage::Asking | Stage::Blocked, _) if !self.links.is_empty() => return false,
            (Stage::Asking | Stage::Blocked, Some(version)) => self.begin_upgrade(version.max(1)),
            (Stage::Asking | Stage::Blocked, None) => {
                self.requests.pop_front();
                self.version = 0;
                self.stores.clear();
                self.letters.push(inbox, Note::Deleted(id));
            }
            (Stage::Upgrading(_), _) => return false,
        }
        true
    }

    /// Connections of the same thread are asked, and have answered when the thread has read its letters so far. Those of
    /// other threads are closed: all that a thread does when it is asked is to close, and one that is busy with something
    /// else, or with nothing at all, would never come to it.
    fn ask_to_close(&mut self, versions: Versions) {
        let Some(request) = self.requests.front_mut() else { return };
        request.stage = Stage::Asking;
        let mut asked = false;
        for link in self.links.iter_mut().filter(|link| !link.closing) {
            self.letters.push(link.inbox.clone(), Note::VersionChange(link.id, versions));
            link.closing = !Arc::ptr_eq(&link.inbox, &request.inbox);
            asked = true;
        }
        if asked || !self.links.is_empty() {
            self.letters.push(request.inbox.clone(), Note::Asked(request.id, versions));
        }
    }

    /// Whether a request still waits for others to close, although they have been asked.
    pub fn is_blocked(&mut self, id: u32) -> bool {
        match self.requests.front_mut() {
            Some(request) if request.id == id && matches!(request.stage, Stage::Asking | Stage::Blocked) => {
                request.stage = Stage::Blocked;
                true
            }
            _ => false,
        }
    }

    fn begin_upgrade(&mut self, version: u32) {
        let old = std::mem::replace(&mut self.version, version);
        let Some(request) = self.requests.front_mut() else { return };
        request.stage = Stage::Upgrading(old);
        let (id, inbox) = (request.id, request.inbox.clone());
        self.links.push(Link { id, inbox: inbox.clone(), closing: false });
        self.tickets.push(Ticket {
            id,
            connection: id,
            inbox: inbox.clone(),
            scope: Vec::new(),
            write: true,
            left: None,
        });
        self.tickets.start();
        self.letters.push(inbox, Note::Upgrade(id, Versions { old, new: version, ..Versions::default() }));
    }

    /// Whether this is the transaction of an upgrade.
    pub fn is_upgraded_by(&self, id: u32) -> bool {
        self.requests.front().is_some_and(|request| request.id == id && request.is_upgrading())
    }

    /// The transaction of an upgrade has ended: with the new version, or with what there was before. Returns whether it was
    /// one.
    pub fn end_upgrade(&mut self, id: u32, result: Result<(), Failure>) -> bool {
        let Some(request) = self.requests.pop_front_if(|request| request.id == id && request.is_upgrading()) else {
            return false;
        };
        self.tickets.remove(id);
        let note = match (result, request.stage) {
            (Err(failure), Stage::Upgrading(old)) => {
                let versions = Versions { old, new: std::mem::replace(&mut self.version, old), ..Versions::default() };
                self.links.retain(|link| link.id != id);
                Note::OpenFailed(id, versions, failure)
            }
            _ => Note::Opened(id),
        };
        self.letters.push(request.inbox, note);
        true
    }
}

fn newer() -> Failure {
    failure("VersionError", "the stored database is newer than the version that was asked for")
}
