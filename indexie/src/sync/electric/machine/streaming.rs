//! Streams of events: one that is open, and whether to open another (`electric.md` §0 rules 3 to 6).

use crate::sync::electric::offset::Offset;

/// One that ends sooner, and empty, is short.
const SHORT: f64 = 1_000.0;
/// After so many in a row there is something between the server and here that does not let streams through.
const MOST_FAILURES: u32 = 3;
/// For how long it is done without them.
const WITHOUT: f64 = 300_000.0;

/// Whether streams work here.
#[derive(Debug)]
pub(super) struct Stream {
    /// Neither wanted nor possible.
    disabled: bool,
    shorts: u32,
    failures: u32,
    /// Not before this moment.
    not_before: f64,
}

impl Stream {
    pub fn new(wanted: bool) -> Self {
        Self { disabled: !wanted, shorts: 0, failures: 0, not_before: 0.0 }
    }

    pub fn is_open(&self, now: f64) -> bool {
        !self.disabled && now >= self.not_before
    }

    pub fn disable(&mut self) {
        self.disabled = true;
    }

    pub fn is_well(&mut self) {
        self.shorts = 0;
        self.failures = 0;
    }

    /// Another log: what was wrong with the last one's streams may not be with this one's.
    pub fn begin_again(&mut self) {
        self.is_well();
        self.not_before = 0.0;
    }

    /// One did not come through: there was no answer, another one, or silence.
    pub fn has_failed(&mut self, now: f64) {
        self.failures += 1;
        if self.failures >= MOST_FAILURES {
            self.give_up_for_a_while(now);
        }
    }

    /// One has ended without a message; answers how many have in a row, if it was short.
    pub fn ended_empty(&mut self, begun: f64, now: f64) -> Option<u32> {
        if now - begun >= SHORT {
            self.shorts = 0;
            return None;
        }
        self.shorts += 1;
        let shorts = self.shorts;
        if shorts >= MOST_FAILURES {
            self.give_up_for_a_while(now);
        }
        Some(shorts)
    }

    fn give_up_for_a_while(&mut self, now: f64) {
        self.is_well();
        self.not_before = now + WITHOUT;
    }
}

/// A stream that is open.
#[derive(Debug)]
pub(super) struct Streaming {
    /// What the head says of where it leads: true once all of it has come, not before.
    header: Offset,
    pub begun: f64,
    /// Nothing has come.
    pub is_empty: bool,
    /// What has come since all was there.
    pub pending: usize,
    up_to_dates: u32,
    last: Option<(u64, u64)>,
}

impl Streaming {
    pub fn new(header: Offset, begun: f64) -> Self {
        Self { header, begun, is_empty: true, pending: 0, up_to_dates: 0, last: None }
    }

    /// Whether a change does not come before those that were sent before it.
    pub fn goes_on(&mut self, at: (u64, u64)) -> bool {
        self.last.replace(at).is_none_or(|before| at >= before)
    }

    /// All is there; answers where that is.
    pub fn up_to_date(&mut self, before: &Offset) -> Offset {
        let last = self.last.map(|(lsn, operation)| Offset::of(lsn, operation));
        let header = (self.up_to_dates == 0).then(|| self.header.clone());
        self.up_to_dates += 1;
        self.pending = 0;
        self.is_empty = false;
        last.into_iter().chain(header).fold(before.clone(), Ord::max)
    }

    /// The end of the chunk that the stream has brought, if it is one that ends in the middle of the log and is whole.
    pub fn whole_chunk(&self, clean: bool) -> Option<Offset> {
        let last = self.last.map(|(lsn, operation)| Offset::of(lsn, operation));
        let is_whole = clean && self.up_to_dates == 0 && self.pending > 0 && last.as_ref() == Some(&self.header);
        is_whole.then(|| self.header.clone())
    }
}
