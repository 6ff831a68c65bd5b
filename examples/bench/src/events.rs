//! The rows of `cargo xtask bench scale`: made from their ids alone, so that `scale/events.js` makes the same ones.

use indexie::prelude::*;
use serde::{Deserialize, Serialize};

/// An entry of a log: small, because there are a million of them.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, at, kind")]
pub struct Event {
    pub id: u32,
    /// All different, and evenly spread over all numbers; in another order than the ids.
    pub at: u32,
    /// One of ten.
    pub kind: u32,
    pub amount: f64,
    pub note: String,
}

schema! {
    pub struct ScaleDb("scale");

    version 1 {
        events: Event,
    }
}

pub fn event(id: u32) -> Event {
    Event {
        id,
        // An odd factor passes through every number once; this one, of the golden ratio, leaves no large gaps.
        at: id.wrapping_mul(2_654_435_769),
        kind: id % 10,
        amount: f64::from(id % 1_000) / 8.0,
        note: format!("What has happened as number {id}, in a few words."),
    }
}
