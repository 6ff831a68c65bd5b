//! What can be made to go wrong between the service and a client: in the service, in proxies and caches, on the
//! wire. Tests set [`Fault`]s; `http` takes those a request meets and has `body` spoil the response.

pub(crate) mod body;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::requests::RequestKind;

/// A fault, with when it happens. Several can meet one request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fault {
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// The kinds of request it meets; none means all.
    #[serde(default)]
    pub on: Vec<RequestKind>,
    /// Only requests whose URL, as sent, contains this.
    #[serde(default)]
    pub url: Option<String>,
    /// How many such requests pass unharmed first.
    #[serde(default)]
    pub skip: u32,
    /// How many it meets; without limit where there is none.
    #[serde(default)]
    pub times: Option<u32>,
    /// How likely it is each time.
    #[serde(default = "certain")]
    pub probability: f64,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum FaultKind {
    /// The connection is dropped instead of a response.
    HangUp,
    /// The response waits.
    Delay {
        /// How long.
        ms: u64,
    },
    /// The connection is dropped in the middle of the body.
    Cut {
        /// Where.
        at: Spot,
    },
    /// The body stops coming while the connection stays open.
    Stall {
        /// Where.
        at: Spot,
    },
    /// The body comes in pieces that heed neither frames nor characters.
    Split {
        /// The length of each.
        bytes: usize,
        /// The time between two.
        #[serde(default = "one")]
        pause_ms: u64,
    },
    /// An earlier response to a request of the same kind and stream is served again.
    Replay {
        /// 1 is the last one.
        #[serde(default = "one_back")]
        back: usize,
    },
    /// A proxy removes headers.
    StripHeaders {
        /// Their names, in lower case.
        names: Vec<String>,
    },
    /// A proxy sets headers.
    SetHeaders {
        /// Names, in lower case, and values.
        headers: BTreeMap<String, String>,
    },
    /// A proxy keeps the response to an SSE request, headers and all, until its end.
    BufferSse,
    /// An SSE request is answered like a long poll.
    SseAsJson,
    /// The response is an error.
    Status {
        /// 401, 403, 429, 500, 502, 503, …
        status: u16,
        /// The header, as it is.
        #[serde(default)]
        retry_after: Option<String>,
        /// The body; by default `{"message":"…"}`.
        #[serde(default)]
        body: Option<String>,
    },
    /// 409, though the shape is as it was.
    Conflict {
        /// The new handle told, if any.
        #[serde(default)]
        handle: Option<String>,
    },
    /// The body ends early though the response is complete.
    Truncate {
        /// How many bytes are left.
        bytes: usize,
    },
    /// 200 with a page of HTML.
    Html,
    /// `must-refetch` among the messages of a 200.
    MustRefetch {
        /// After how many of its messages; the others are not sent.
        #[serde(default)]
        after: usize,
    },
    /// 204 for a live poll that timed out.
    NoContent,
}

/// A place in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spot {
    /// After so many bytes.
    Byte(usize),
    /// In the middle of a message, counted from 0.
    Frame(usize),
    /// After so many whole messages.
    Between(usize),
    /// Inside the first character that is more than one byte long.
    Character,
}

impl Fault {
    /// A fault that every request meets.
    #[must_use]
    pub fn new(kind: FaultKind) -> Self {
        Self { kind, on: Vec::new(), url: None, skip: 0, times: None, probability: 1.0 }
    }

    /// Only requests of this kind meet it; more than one can be named.
    #[must_use]
    pub fn on(mut self, kind: RequestKind) -> Self {
        self.on.push(kind);
        self
    }

    /// Only requests whose URL, as sent, contains this.
    #[must_use]
    pub fn url(self, part: &str) -> Self {
        Self { url: Some(part.to_owned()), ..self }
    }

    /// Only the next request meets it.
    #[must_use]
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// So many requests meet it.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    /// So many requests pass first.
    #[must_use]
    pub fn skip(self, requests: u32) -> Self {
        Self { skip: requests, ..self }
    }

    /// A request meets it with this probability.
    #[must_use]
    pub fn probability(self, probability: f64) -> Self {
        Self { probability, ..self }
    }

    fn concerns(&self, kind: RequestKind, url: &str) -> bool {
        let kinds = if self.on.is_empty() { kind != RequestKind::Other } else { self.on.contains(&kind) };
        kinds && self.url.as_ref().is_none_or(|part| url.contains(part)) && self.times != Some(0)
    }
}

impl FaultKind {
    /// How JSON names it.
    pub(crate) fn name(&self) -> String {
        let json = serde_json::to_value(self).unwrap_or_default();
        json["fault"].as_str().unwrap_or_default().to_owned()
    }
}

#[derive(Debug)]
pub(crate) struct Faults {
    all: Vec<Fault>,
    random: u64,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self { all: Vec::new(), random: seed }
    }

    pub(crate) fn set(&mut self, faults: Vec<Fault>) {
        self.all = faults;
    }

    pub(crate) fn add(&mut self, fault: Fault) {
        self.all.push(fault);
    }

    /// The faults a request meets; they count it.
    pub(crate) fn take(&mut self, kind: RequestKind, url: &str) -> Vec<FaultKind> {
        let mut met = Vec::new();
        for fault in self.all.iter_mut().filter(|fault| fault.concerns(kind, url)) {
            if fault.skip > 0 {
                fault.skip -= 1;
            } else if fault.probability >= 1.0 || chance(&mut self.random) < fault.probability {
                fault.times = fault.times.map(|times| times - 1);
                met.push(fault.kind.clone());
            }
        }
        met
    }
}

/// A number in 0..1, by splitmix64.
fn chance(random: &mut u64) -> f64 {
    *random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bits = *random;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    f64::from(u32::try_from((bits ^ (bits >> 31)) >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}

fn certain() -> f64 {
    1.0
}

fn one() -> u64 {
    1
}

fn one_back() -> usize {
    1
}
