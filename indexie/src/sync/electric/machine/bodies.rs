//! What answers are made of: pages, and streams of events.

use super::{Accepted, IDLE_PAGES, Item, Machine, Mode, Now, Step};
use crate::sync::electric::backoff;
use crate::sync::electric::error::SyncError;
use crate::sync::electric::message::Message;
use crate::sync::electric::offset::Offset;

impl Machine {
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
        self.has_come(accepted.mode);
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
    pub(super) fn gather(&mut self, message: Message, after: &Offset) {
        match message {
            Message::Change(change) => {
                if change.offset().is_some_and(|at| at <= *after) {
                    return;
                }
                self.note(&change.txids);
                let old = change.old.as_ref().map_or(0, |old| old.get().len());
                self.weight += change.key.len() + change.value.get().len() + old;
                self.items.push(Item::Change(change));
            }
            Message::Moved(moved) => {
                self.note(&moved.txids);
                self.items.push(Item::Moved(moved));
            }
            Message::SnapshotEnd(snapshot) => self.snapshot = Some(snapshot),
            Message::UpToDate | Message::MustRefetch | Message::Unknown => {}
        }
    }

    /// Transactions have come. Of many changes of one, one number is enough.
    fn note(&mut self, txids: &[u64]) {
        for txid in txids {
            if self.txids.last() != Some(txid) {
                self.txids.push(*txid);
            }
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
                self.has_come(Mode::Stream);
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
        if now.millis - streaming.begun > backoff::LONGEST.into() {
            // It came through, and nothing has happened: what has torn it off is not what has torn off the one before.
            self.well();
            self.has_come(Mode::Stream);
            self.refusals = 0;
        }
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
    pub(super) fn drop_torn(&mut self) {
        self.streaming = None;
        self.items.clear();
        self.weight = 0;
        self.staged = (0, 0);
        self.txids.clear();
        self.snapshot = None;
    }
}
