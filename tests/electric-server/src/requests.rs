//! What was asked of the server and how it answered, for assertions. `http` writes it.

use std::time::Instant;

use serde::{Deserialize, Serialize};

/// What kind of request to `/v1/shape` one is; faults choose by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// `offset=-1`.
    Initial,
    /// Neither the first page nor live; also `offset=now`.
    CatchUp,
    /// `live=true`.
    LongPoll,
    /// `live=true` and `live_sse=true`.
    Sse,
    /// Anything with `subset__…`, or a POST.
    Subset,
    /// `OPTIONS` and `DELETE`.
    Other,
}

/// One request to `/v1/shape`.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path with the query, as sent.
    pub url: String,
    /// Its kind.
    pub kind: RequestKind,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// When it came, in milliseconds since the server started.
    pub at_ms: u64,
    /// The status sent; none as long as it waits, or where a fault hung up.
    pub status: Option<u16>,
    /// The faults it met.
    pub faults: Vec<String>,
}

impl Request {
    /// The value of a query parameter, decoded.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<String> {
        let (_, query) = self.url.split_once('?')?;
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Debug)]
pub(crate) struct Requests {
    started: Instant,
    all: Vec<Request>,
    /// How many were cleared away: numbers given out stay valid.
    cleared: usize,
}

impl Requests {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), all: Vec::new(), cleared: 0 }
    }

    pub(crate) fn all(&self) -> &[Request] {
        &self.all
    }

    pub(crate) fn clear(&mut self) {
        self.cleared += self.all.len();
        self.all.clear();
    }

    /// Records a request that has come; gives the number to answer it under.
    pub(crate) fn came(&mut self, mut request: Request) -> usize {
        request.at_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.all.push(request);
        self.cleared + self.all.len() - 1
    }

    pub(crate) fn answered(&mut self, number: usize, status: u16) {
        if let Some(request) = number.checked_sub(self.cleared).and_then(|index| self.all.get_mut(index)) {
            request.status = Some(status);
        }
    }
}
