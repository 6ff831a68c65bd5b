//! A server that is a script: it gives one answer after the other, and keeps what it was asked.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use futures::channel::{mpsc, oneshot};
use futures::future::LocalBoxFuture;
use futures::{FutureExt, StreamExt, stream};
use indexie::{Electric, HttpClient, HttpError, HttpRequest, HttpResponse};

use crate::fixtures::PATIENCE;

/// Where the script is, as far as the sync knows.
pub const URL: &str = "https://electric.example/v1/shape";
pub const H1: &str = "76514523-1795361888193033";
pub const H2: &str = "92170320-1795362091156488";
pub const SCHEMA: &str = r#"{"active":{"type":"bool"},"age":{"type":"int8"},"id":{"type":"int4","not_null":true,"pk_index":0},"name":{"type":"text","not_null":true}}"#;
pub const UP_TO_DATE: &str = r#"{"headers":{"control":"up-to-date","global_last_seen_lsn":"26624216"}}"#;
pub const SNAPSHOT_END: &str = r#"{"headers":{"control":"snapshot-end","xip_list":[],"xmax":"754","xmin":"754"}}"#;
pub const MUST_REFETCH: &str = r#"{"headers":{"control":"must-refetch"}}"#;

/// A row of the snapshot.
pub fn row(id: i32, name: &str) -> String {
    format!(
        r#"{{"key":"\"public\".\"users\"/\"{id}\"","value":{{"active":"true","age":"30","id":"{id}","name":"{name}"}},"headers":{{"relation":["public","users"],"operation":"insert"}}}}"#
    )
}

/// A change of the log: its columns as JSON, and its place.
pub fn change(operation: &str, id: i32, columns: &str, lsn: u64, position: u64) -> String {
    format!(
        r#"{{"value":{columns},"key":"\"public\".\"users\"/\"{id}\"","headers":{{"relation":["public","users"],"lsn":"{lsn}","txids":[{}],"operation":"{operation}","op_position":{position}}}}}"#,
        lsn % 1_000
    )
}

pub fn insert(id: i32, name: &str, lsn: u64, position: u64) -> String {
    change("insert", id, &format!(r#"{{"active":"t","age":"5","id":"{id}","name":"{name}"}}"#), lsn, position)
}

pub fn rename(id: i32, name: &str, lsn: u64, position: u64) -> String {
    change("update", id, &format!(r#"{{"id":"{id}","name":"{name}"}}"#), lsn, position)
}

pub fn delete(id: i32, lsn: u64, position: u64) -> String {
    change("delete", id, &format!(r#"{{"id":"{id}"}}"#), lsn, position)
}

/// Messages as the body of a response.
pub fn body(messages: &[impl AsRef<str>]) -> String {
    format!("[{}]", messages.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(","))
}

/// Messages as events of a stream.
pub fn frames(messages: &[impl AsRef<str>]) -> String {
    messages.iter().flat_map(|message| ["data: ", message.as_ref(), "\n\n"]).collect()
}

/// An answer of the server's.
pub enum Answer {
    Response(HttpResponse),
    /// When the test says so.
    Later(oneshot::Receiver<HttpResponse>),
    /// The connection fails.
    Refused,
    /// Nothing comes.
    Silence,
}

impl From<HttpResponse> for Answer {
    fn from(response: HttpResponse) -> Self {
        Self::Response(response)
    }
}

/// A page of a shape's log.
pub fn page(handle: &str, offset: &str, messages: &[impl AsRef<str>]) -> HttpResponse {
    HttpResponse::new(200)
        .header("content-type", "application/json; charset=utf-8")
        .header("electric-handle", handle)
        .header("electric-offset", offset)
        .header("electric-schema", SCHEMA)
        .body(body(messages))
}

/// An answer to a request that has waited: without the columns.
pub fn polled(handle: &str, offset: &str, cursor: &str, messages: &[impl AsRef<str>]) -> HttpResponse {
    HttpResponse::new(200)
        .header("content-type", "application/json; charset=utf-8")
        .header("electric-handle", handle)
        .header("electric-offset", offset)
        .header("electric-cursor", cursor)
        .body(body(messages))
}

/// How a stream goes on after its pieces.
#[derive(Clone, Copy, PartialEq)]
pub enum Then {
    /// It ends, as it should.
    Ends,
    /// The connection is cut.
    Breaks,
    /// Nothing more comes.
    Stays,
}

/// A stream of events, in pieces.
pub fn streamed(handle: &str, offset: &str, pieces: &[impl AsRef<[u8]>], then: Then) -> HttpResponse {
    let pieces: Vec<Result<Vec<u8>, HttpError>> = pieces.iter().map(|piece| Ok(piece.as_ref().to_vec())).collect();
    let end = match then {
        Then::Ends => stream::empty().boxed_local(),
        Then::Breaks => stream::iter([Err(HttpError::new("the connection was reset"))]).boxed_local(),
        Then::Stays => stream::pending().boxed_local(),
    };
    HttpResponse::new(200)
        .header("content-type", "text/event-stream")
        .header("electric-handle", handle)
        .header("electric-offset", offset)
        .header("electric-cursor", "66929940")
        .stream(stream::iter(pieces).chain(end))
}

/// A stream of events that the test writes.
pub fn written(handle: &str, offset: &str) -> (mpsc::UnboundedSender<String>, HttpResponse) {
    let (write, body) = mpsc::unbounded::<String>();
    let response = streamed(handle, offset, &[""], Then::Ends);
    (write, response.stream(body.map(|text| Ok(text.into_bytes()))))
}

/// An answer that comes when the test sends it.
pub fn later() -> (oneshot::Sender<HttpResponse>, Answer) {
    let (send, response) = oneshot::channel();
    (send, Answer::Later(response))
}

/// The same answer, but of a table with these columns.
pub fn with_columns(mut response: HttpResponse, schema: &str) -> HttpResponse {
    response.headers.retain(|(name, _)| name != "electric-schema");
    response.header("electric-schema", schema)
}

/// The same answer without a header.
pub fn without(mut response: HttpResponse, header: &str) -> HttpResponse {
    response.headers.retain(|(name, _)| name != header);
    response
}

/// A change of any table: its key and columns as JSON, and what else its headers have.
pub fn message(operation: &str, key: &str, columns: &str, more: &str) -> String {
    format!(r#"{{"key":{},"value":{columns},"headers":{{"operation":"{operation}"{more}}}}}"#, quoted(key))
}

/// The same change, with what its columns were before.
pub fn with_old(message: &str, columns: &str) -> String {
    message.replacen('{', &format!(r#"{{"old_value":{columns},"#), 1)
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A refusal, and why.
pub fn refusal(status: u16, text: &str) -> HttpResponse {
    HttpResponse::new(status).header("content-type", "application/json; charset=utf-8").body(text)
}

/// The log has ended; its successor is known or not.
pub fn conflict(handle: Option<&str>) -> HttpResponse {
    let response = HttpResponse::new(409).header("content-type", "application/json; charset=utf-8");
    let response = handle.into_iter().fold(response, |response, handle| response.header("electric-handle", handle));
    response.body(body(&[MUST_REFETCH]))
}

#[derive(Default)]
struct State {
    answers: RefCell<VecDeque<Answer>>,
    asked: RefCell<Vec<HttpRequest>>,
    open: Cell<usize>,
    /// A connection that falls silent is soon given up.
    hasty: Cell<bool>,
    /// Another program syncs.
    follows: Cell<bool>,
    /// Once the answers are given, a stream is opened.
    streams: Cell<bool>,
    stream: RefCell<Option<mpsc::UnboundedSender<Vec<u8>>>>,
}

/// The script, and what it was asked.
#[derive(Clone, Default)]
pub struct Script(Rc<State>);

/// A request that is under way.
struct Open(Rc<State>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
    }
}

impl HttpClient for Script {
    fn send(&self, request: HttpRequest) -> LocalBoxFuture<'static, Result<HttpResponse, HttpError>> {
        self.0.asked.borrow_mut().push(request);
        self.0.open.set(self.0.open.get() + 1);
        let open = Open(self.0.clone());
        let answer = self.0.answers.borrow_mut().pop_front().or_else(|| self.open_stream());
        async move {
            let _open = open;
            match answer {
                Some(Answer::Response(response)) => Ok(response),
                Some(Answer::Later(response)) => response.await.map_err(|_| HttpError::new("the server has gone")),
                Some(Answer::Refused) => Err(HttpError::new("connection refused")),
                Some(Answer::Silence) | None => futures::future::pending().await,
            }
        }
        .boxed_local()
    }
}

impl Script {
    /// One that gives the snapshot of two users, Ann and Bob, and then goes on as it is told to.
    pub fn of_two_users() -> Self {
        Self::default().then(page(H1, "0_0", &[row(1, "Ann"), row(2, "Bob"), SNAPSHOT_END.into()])).then(page(
            H1,
            "0_inf",
            &[UP_TO_DATE],
        ))
    }

    pub fn answers(self, answers: impl IntoIterator<Item = impl Into<Answer>>) -> Self {
        self.0.answers.borrow_mut().extend(answers.into_iter().map(Into::into));
        self
    }

    /// Once it has given its answers, it opens a stream, which [`push`](Self::push) goes on with.
    pub fn streaming() -> Self {
        let script = Self::default();
        script.0.streams.set(true);
        script
    }

    /// One whose silences are soon taken for a dead connection. Nothing but such a silence may be what the test waits for: a slow
    /// machine is silent too.
    pub fn hasty(self) -> Self {
        self.0.hasty.set(true);
        self
    }

    /// One that is asked when another program has stopped to sync. Only such a program soon takes it that another one syncs: on a slow
    /// machine it takes a while to know that none does.
    pub fn second(self) -> Self {
        self.0.follows.set(true);
        self
    }

    fn open_stream(&self) -> Option<Answer> {
        if !self.0.streams.get() {
            return None;
        }
        let (sender, receiver) = mpsc::unbounded();
        *self.0.stream.borrow_mut() = Some(sender);
        let response = HttpResponse::new(200)
            .header("content-type", "text/event-stream")
            .header("electric-handle", H1)
            .header("electric-offset", "0_inf")
            .header("electric-cursor", "1");
        Some(response.stream(receiver.map(Ok)).into())
    }

    /// Sends something down the stream that is open.
    pub fn push(&self, text: &str) {
        let stream = self.0.stream.borrow();
        let stream = stream.as_ref().expect("a stream is open");
        stream.unbounded_send(text.as_bytes().to_vec()).expect("somebody listens");
    }

    pub fn then(self, answer: impl Into<Answer>) -> Self {
        self.0.answers.borrow_mut().push_back(answer.into());
        self
    }

    /// A shape that this script answers for.
    pub fn shape(&self) -> Electric {
        self.shape_of("users")
    }

    pub fn shape_of(&self, table: &str) -> Electric {
        let shape = Electric::shape(URL).table(table).http_client(self.clone()).pace(0.005);
        let shape = if self.0.hasty.get() { shape.silence(Duration::from_millis(200)) } else { shape };
        if self.0.follows.get() { shape } else { shape.turn(PATIENCE) }
    }

    pub fn asked(&self) -> usize {
        self.0.asked.borrow().len()
    }

    /// What request number `at` asked for, without what is the same in all of them and without what is made up.
    pub fn query(&self, at: usize) -> String {
        let asked = self.0.asked.borrow();
        let Some(request) = asked.get(at) else { return format!("(only {} requests)", asked.len()) };
        let query = request.url.strip_prefix(URL).unwrap_or(&request.url).trim_start_matches('?');
        let known = |pair: &&str| !["log=full", "table=users"].contains(pair);
        let plain =
            |pair: &str| if pair.starts_with("cache-buster=") { "cache-buster".to_owned() } else { pair.to_owned() };
        query.split('&').filter(known).map(plain).collect::<Vec<_>>().join("&")
    }

    pub fn queries(&self) -> Vec<String> {
        (0..self.asked()).map(|at| self.query(at)).collect()
    }

    pub fn url(&self, at: usize) -> String {
        self.0.asked.borrow()[at].url.clone()
    }

    /// A header of a request.
    pub fn header(&self, at: usize, name: &str) -> Option<String> {
        let asked = self.0.asked.borrow();
        let found = asked[at].headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone())
    }

    /// Whether anybody else has it: a sync that is not over, say.
    pub fn is_held(&self) -> bool {
        Rc::strong_count(&self.0) > 1
    }

    /// How many requests are under way.
    pub fn open(&self) -> usize {
        self.0.open.get()
    }
}
