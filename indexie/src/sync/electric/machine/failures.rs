//! What goes wrong: how long to wait, and where to go on.

use std::time::Duration;

use super::{Machine, Mode, Now, Position, REFETCH_WINDOW, REFETCHES, REFETCHES_OF_CONCERN, STALE_TRIES, Step};
use crate::sync::electric::backoff;
use crate::sync::electric::error::SyncError;

impl Machine {
    /// The network failed, or what came was not what was asked for.
    pub fn failed(&mut self, error: SyncError, retry_after: Option<Duration>, now: Now) -> Step {
        self.streaming = None;
        Step::Wait(self.pause(retry_after, now), Some(error))
    }

    /// How long to wait after one failure more: at least as long as the server asks.
    fn pause(&mut self, retry_after: Option<Duration>, now: Now) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let failures = self.failures.max(self.live_failures);
        backoff::after_failures(failures, now.random).max(retry_after.unwrap_or_default())
    }

    /// Nothing has come for too long.
    pub fn silent(&mut self, mode: Mode, now: Now) -> Step {
        let message = "the server has sent nothing for too long".to_owned();
        self.cut_off(mode, SyncError::Network { message }, now)
    }

    /// No answer, or none of this server's. The next request is one that is answered at once: it shows whether the server is there.
    /// If it is, and streams fail all the same, then it is the streams that do not come through. It may also be a cache that has
    /// answered: the pause grows until one that waits has come.
    pub fn cut_off(&mut self, mode: Mode, error: SyncError, now: Now) -> Step {
        if mode == Mode::Stream {
            self.drop_torn();
            self.stream.has_failed(now.millis);
        }
        if mode != Mode::Page {
            self.is_current = false;
            if now.millis - self.asked < backoff::LONGEST.into() {
                self.live_failures = self.live_failures.saturating_add(1);
            }
        }
        self.failed(error, None, now)
    }

    /// The server has refused, and is asked again: the pause before, which is none the first time.
    pub fn refused(&mut self, now: Now) -> Duration {
        let before = self.refusals;
        self.refusals = before.saturating_add(1);
        if before == 0 { Duration::ZERO } else { backoff::after_failures(before, now.random) }
    }

    pub fn refusals(&self) -> u32 {
        self.refusals
    }

    /// What was gathered could not be stored: goes on from what is, after the pause that this answers. Answers that come well in
    /// between do not make it shorter: what they bring may be too much again.
    pub fn not_stored(&mut self, now: Now) -> Duration {
        self.roll_back();
        self.unstored = self.unstored.saturating_add(1);
        backoff::after_failures(self.unstored, now.random)
    }

    /// A batch has been stored.
    pub fn stored(&mut self) {
        self.unstored = 0;
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
        self.live_failures = 0;
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

    pub(super) fn bust(&mut self, now: Now) {
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
    pub(super) fn stale(&mut self, what: &str, now: Now) -> Step {
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
}
