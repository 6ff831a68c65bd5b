//! Heads of answers: whether what follows is messages of the log that was asked for.

use std::rc::Rc;

use super::streaming::Streaming;
use super::{AT_ONCE, Accepted, HASTY_ANSWERS, Head, Headers, Machine, Mode, Now, STALE_TRIES, Step};
use crate::sync::electric::backoff;
use crate::sync::electric::columns::Columns;
use crate::sync::electric::error::SyncError;
use crate::sync::electric::offset::Offset;

impl Machine {
    /// The head of a response has come.
    pub fn head(&mut self, mode: Mode, status: u16, headers: &dyn Headers, now: Now) -> Head {
        let retry_after = headers.get("retry-after").and_then(|header| backoff::asked(header, now.millis));
        Head::Done(match status {
            200 => match self.accept(mode, headers, now) {
                Ok(head) => return head,
                Err(step) => step,
            },
            204 => self.no_content(mode, headers, now),
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

    pub(super) fn no_content(&mut self, mode: Mode, headers: &dyn Headers, now: Now) -> Step {
        if self.position.offset.is_start() || self.position.columns.is_none() {
            // There is always something at the beginning of a log.
            return self.failed(SyncError::status(204), None, now);
        }
        if let Some(cursor) = headers.get("electric-cursor") {
            cursor.clone_into(&mut self.position.cursor);
        }
        self.well();
        self.has_come(mode);
        // Servers of its time have no streams.
        self.stream.disable();
        self.is_current = true;
        self.unhurried(now)
    }

    /// Stores what has come. Answers that bring nothing are to come late: if many come at once, one after the other, a cache may have
    /// given them, and there is a pause.
    pub(super) fn unhurried(&mut self, now: Now) -> Step {
        let has_waited = now.millis - self.asked >= AT_ONCE;
        self.hasty = if has_waited || !self.is_stored() { 0 } else { self.hasty.saturating_add(1) };
        if self.hasty <= HASTY_ANSWERS {
            return Step::Commit;
        }
        self.bust(now);
        Step::Wait(backoff::shortly(self.hasty - HASTY_ANSWERS, now.random), None)
    }

    /// Whether there is nothing that is worth storing.
    pub(super) fn is_stored(&self) -> bool {
        let Self { position, committed, .. } = self;
        self.gathered() == 0
            && !self.replaces
            && (&position.handle, &position.offset) == (&committed.handle, &committed.offset)
    }

    pub(super) fn accept(&mut self, mode: Mode, headers: &dyn Headers, now: Now) -> Result<Head, Step> {
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
    pub(super) fn stale_of_another_log(&mut self, handle: Option<String>, now: Now) -> Step {
        if self.stale < STALE_TRIES { self.stale("another log", now) } else { self.must_refetch(handle, now) }
    }

    pub(super) fn take_head(&mut self, accepted: &Accepted) {
        self.position.handle.clone_from(&accepted.handle);
        if let Some(cursor) = &accepted.cursor {
            self.position.cursor.clone_from(cursor);
        }
        if let Some(columns) = &accepted.columns {
            self.position.columns = Some(columns.clone());
        }
    }

    /// An answer has come, whole.
    pub(super) fn has_come(&mut self, mode: Mode) {
        if mode != Mode::Page {
            self.live_failures = 0;
        }
    }

    /// Something is as it should be.
    pub(super) fn well(&mut self) {
        self.failures = 0;
        self.stale = 0;
        self.buster = None;
    }
}
