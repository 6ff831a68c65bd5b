//! An answer before it is a response: status, headers, messages. `shape`, `live` and `subset` make them, `history`
//! keeps copies, and only here they turn into HTTP.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::connection::Busy;
use crate::faults::FaultKind;
use crate::faults::body::{Frames, send};
use crate::http::cursor;
use crate::shapes::message::{Message, must_refetch};

pub(crate) const JSON: &str = "application/json; charset=utf-8";
/// What the framework below the service says where the service says nothing.
pub(crate) const FRAMEWORK: &str = "max-age=0, private, must-revalidate";

const EXPOSED: &str = "electric-cursor,electric-handle,electric-has-data,electric-offset,electric-schema,\
electric-up-to-date,electric-internal-known-error,retry-after";

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Content,
    /// A live poll in which nothing happened.
    pub(crate) timed_out: bool,
}

#[derive(Debug)]
pub(crate) enum Content {
    Text(String),
    /// A JSON array.
    Array(Vec<Message>),
    /// Server-sent events that are all there.
    Events(Vec<Message>),
    /// Server-sent events, and comments, as they come.
    Live(mpsc::Receiver<Event>),
}

#[derive(Debug, Clone)]
pub(crate) enum Event {
    Message(Message),
    KeepAlive,
}

impl Event {
    fn frame(&self) -> Bytes {
        match self {
            Self::Message(message) => format!("data: {message}\n\n").into(),
            Self::KeepAlive => ": keep-alive\n\n".into(),
        }
    }
}

impl Reply {
    pub(crate) fn new(status: u16, body: Content) -> Self {
        Self { status, headers: Vec::new(), body, timed_out: false }
    }

    pub(crate) fn text(status: u16, text: &str) -> Self {
        Self::new(status, Content::Text(text.to_owned()))
    }

    pub(crate) fn json(status: u16, value: &Value) -> Self {
        Self::text(status, &value.to_string()).with("content-type", JSON)
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn with_some(self, name: &str, value: Option<String>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// A copy to be served later, of a body that is all there.
    pub(crate) fn copy(&self) -> Option<Self> {
        let body = match &self.body {
            Content::Text(text) => Content::Text(text.clone()),
            Content::Array(messages) => Content::Array(messages.clone()),
            Content::Events(messages) => Content::Events(messages.clone()),
            Content::Live(_) => return None,
        };
        Some(Self { status: self.status, headers: self.headers.clone(), body, timed_out: self.timed_out })
    }

    /// As servers before 1.0 answered a poll that timed out.
    pub(crate) fn without_content(mut self) -> Self {
        self.headers.retain(|(name, _)| name != "content-type");
        Self { status: 204, body: Content::Text(String::new()), ..self }
    }

    /// Only `after` of its messages, then `must-refetch`.
    pub(crate) fn refetch_after(mut self, after: usize) -> Self {
        self.body = match self.body {
            Content::Text(text) => Content::Text(text),
            Content::Array(messages) => Content::Array(cut(messages, after)),
            Content::Events(messages) => Content::Events(cut(messages, after)),
            Content::Live(mut events) => {
                let (sender, receiver) = mpsc::channel(1);
                tokio::spawn(async move {
                    for _ in 0..after {
                        let Some(event) = events.recv().await else { return };
                        if sender.send(event).await.is_err() {
                            return;
                        }
                    }
                    let _ = sender.send(Event::Message(must_refetch())).await;
                });
                Content::Live(receiver)
            }
        };
        self
    }

    /// Waits for the end of a body that is still coming.
    pub(crate) async fn collected(mut self) -> Self {
        if let Content::Live(events) = &mut self.body {
            let mut messages = Vec::new();
            while let Some(event) = events.recv().await {
                if let Event::Message(message) = event {
                    messages.push(message);
                }
            }
            self.body = Content::Events(messages);
        }
        self
    }

    pub(crate) fn into_response(self, origin: &str) -> Response {
        self.into_spoiled_response(origin, &[], Busy::default())
    }

    pub(crate) fn into_spoiled_response(self, origin: &str, faults: &[FaultKind], connection: Busy) -> Response {
        let mut headers = self.common_headers(origin);
        for fault in faults {
            match fault {
                FaultKind::StripHeaders { names } => headers.retain(|(name, _)| !names.contains(name)),
                FaultKind::SetHeaders { headers: set } => {
                    headers.retain(|(name, _)| !set.contains_key(name));
                    headers.extend(set.clone());
                }
                _ => {}
            }
        }
        let mut response = Response::new(self.body.into_body(self.status, faults, connection));
        *response.status_mut() = self.status.try_into().unwrap_or_default();
        for (name, value) in headers {
            // As bytes: the schema may have names that are not ASCII.
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes())) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }

    /// The reply's own headers and those that all have.
    fn common_headers(&self, origin: &str) -> Vec<(String, String)> {
        let mut headers = self.headers.clone();
        let mut add = |name: &str, value: &str| headers.push((name.to_owned(), value.to_owned()));
        let (seconds, micros) = cursor::now();
        add("electric-server", "ElectricSQL/1.7.12");
        add("x-request-id", &format!("F{seconds:x}{micros:05x}"));
        add("vary", "accept-encoding");
        // A request that is not authorised is refused before the service thinks of browsers.
        if !self.headers.iter().any(|(name, _)| name == NO_CORS) {
            add("access-control-allow-origin", origin);
            add("access-control-expose-headers", EXPOSED);
            add("access-control-allow-methods", "GET, POST, HEAD, DELETE, OPTIONS");
        }
        headers.retain(|(name, _)| name != NO_CORS);
        headers
    }
}

/// Marks a reply that browsers are not to see; never sent.
pub(crate) const NO_CORS: &str = "no-cors";

impl Content {
    fn into_body(self, status: u16, faults: &[FaultKind], connection: Busy) -> Body {
        let harmless = !faults.iter().any(|fault| {
            matches!(
                fault,
                FaultKind::Cut { .. } | FaultKind::Stall { .. } | FaultKind::Split { .. } | FaultKind::Truncate { .. }
            )
        });
        let frames = match self {
            // An answer that is no part of a stream has its length told.
            Self::Text(text) if harmless => return Body::from(text),
            Self::Text(text) => Frames::Ready(vec![text.into()]),
            Self::Array(messages) if harmless && status != 200 => return Body::from(array(&messages).concat()),
            Self::Array(messages) if harmless => Frames::Ready(vec![array(&messages).concat().into()]),
            Self::Array(messages) => Frames::Ready(array(&messages)),
            Self::Events(messages) => {
                Frames::Ready(messages.into_iter().map(|message| Event::Message(message).frame()).collect())
            }
            Self::Live(events) => Frames::Coming(framed(events)),
        };
        send(frames, faults, connection)
    }
}

/// An array, each element a frame.
fn array(messages: &[Message]) -> Vec<Bytes> {
    let separator = |index| if index == 0 { "[" } else { "," };
    let mut frames: Vec<Bytes> =
        messages.iter().enumerate().map(|(index, message)| format!("{}{message}", separator(index)).into()).collect();
    frames.push(if messages.is_empty() { "[]".into() } else { "]".into() });
    frames
}

fn framed(mut events: mpsc::Receiver<Event>) -> mpsc::Receiver<Bytes> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(event) if sender.send(event.frame()).await.is_ok() => {}
                    _ => return,
                },
                () = sender.closed() => return,
            }
        }
    });
    receiver
}

fn cut(mut messages: Vec<Message>, after: usize) -> Vec<Message> {
    messages.truncate(after);
    messages.push(must_refetch());
    messages
}
