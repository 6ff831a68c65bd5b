//! One request and its answer.
//! Called by `follow`; calls the HTTP client.

use std::rc::Rc;
use std::time::Duration;

use futures::{StreamExt, future};

use super::clock;
use super::error::SyncError;
use super::follow::{Next, commit, could_not_store, now};
use super::frames::Frames;
use super::http::{HttpRequest, HttpResponse};
use super::machine::{self, Accepted, Head, Machine, Mode, Step};
use super::message::Message;
use super::staged;
use super::status::SyncStatus;
use super::sync::Inner;

/// A body is believed to be of the length that its head tells, up to so many bytes.
const LARGE: usize = 16 * 1024 * 1024;
/// So much of what a server says of a refusal is told.
const WORDS: usize = 1_000;

impl machine::Headers for HttpResponse {
    fn get(&self, name: &str) -> Option<&str> {
        HttpResponse::get(self, name)
    }
}

/// Asks what the machine wants to know, and tells it the answer.
pub(super) async fn exchange(inner: &Rc<Inner>, machine: &mut Machine, shape: &Rc<str>) -> Next {
    let ask = machine.ask(now());
    let silence = inner.electric.silence;
    let (address, headers) = future::join(inner.electric.address(), inner.electric.all_headers()).await;
    let (address, headers) = match (address, headers) {
        (Ok(address), Ok(headers)) => (address, headers),
        (Err(reason), _) | (_, Err(reason)) => return Next::of(inner, machine.failed(reason, None, now())),
    };
    let mut request = HttpRequest::new(address.with(&ask.params));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    if ask.mode == Mode::Stream {
        request = request.header("accept", "text/event-stream");
    }
    tracing::trace!(target: "indexie::sync", table = inner.rows.table, url = %request.url, "asks");
    let response = match clock::timeout(silence, inner.electric.client.send(request)).await {
        Some(Ok(response)) => response,
        Some(Err(error)) => {
            let reason = SyncError::Network { message: error.to_string() };
            return Next::of(inner, machine.cut_off(ask.mode, reason, now()));
        }
        None => return Next::of(inner, machine.silent(ask.mode, now())),
    };
    match machine.head(ask.mode, response.status, &response, now()) {
        Head::Done(step) => {
            let step = explained(machine, step, response, silence).await;
            if matches!(step, Step::Commit) { commit(inner, machine, shape).await } else { Next::of(inner, step) }
        }
        Head::Json(accepted) => {
            let step = page(machine, &accepted, ask.mode, response, silence).await;
            match step {
                Step::Commit => commit(inner, machine, shape).await,
                step => {
                    if matches!(step, Step::Ask) && !machine.is_current() {
                        inner.tell(SyncStatus::Syncing { rows: machine.gathered() });
                        return put_aside(inner, machine).await;
                    }
                    Next::of(inner, step)
                }
            }
        }
        Head::Events => {
            inner.tell_live();
            events(inner, machine, shape, response, silence).await
        }
    }
}

/// Of what has come and belongs to more, memory holds so much only.
async fn put_aside(inner: &Rc<Inner>, machine: &mut Machine) -> Next {
    let Some((at, items)) = machine.heavy(inner.electric.most_in_memory) else { return Next::Ask };
    match staged::put(inner, at, &items).await {
        Ok(()) => Next::Ask,
        Err(error) => could_not_store(machine, error),
    }
}

/// What a refusal says in words.
async fn explained(machine: &mut Machine, step: Step, response: HttpResponse, silence: Duration) -> Step {
    let (Step::Fail(SyncError::Status { status, .. }) | Step::Refused(SyncError::Status { status, .. })) = &step else {
        return step;
    };
    let status = *status;
    let body = clock::timeout(silence, response.into_bytes()).await.and_then(Result::ok).unwrap_or_default();
    let message: String = String::from_utf8_lossy(&body).chars().take(WORDS).collect();
    if status == 400 && message.contains("out of bounds for this shape") {
        return machine.out_of_bounds(now());
    }
    let reason = SyncError::Status { status, message };
    if matches!(step, Step::Refused(_)) { Step::Refused(reason) } else { Step::Fail(reason) }
}

/// Reads a body of messages to its end.
async fn page(
    machine: &mut Machine,
    accepted: &Accepted,
    mode: Mode,
    response: HttpResponse,
    silence: Duration,
) -> Step {
    let length = response.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut bytes = Vec::with_capacity(usize::min(length, LARGE));
    let mut body = response.into_body();
    loop {
        match clock::timeout(silence, body.next()).await {
            Some(Some(Ok(part))) => bytes.extend_from_slice(&part),
            Some(Some(Err(error))) => {
                return machine.cut_off(mode, SyncError::Network { message: error.to_string() }, now());
            }
            Some(None) => break,
            None => return machine.silent(mode, now()),
        }
    }
    match Message::parse_all(&bytes) {
        Ok(messages) => machine.page(accepted, messages, now()),
        Err(message) => {
            let message = format!("the answer is not an array of messages: {message}");
            machine.failed(SyncError::Protocol { message }, None, now())
        }
    }
}

/// Reads a stream of events until it ends, storing what comes.
async fn events(
    inner: &Rc<Inner>,
    machine: &mut Machine,
    shape: &Rc<str>,
    response: HttpResponse,
    silence: Duration,
) -> Next {
    let (mut body, mut frames) = (response.into_body(), Frames::default());
    loop {
        let part = match clock::timeout(silence, body.next()).await {
            Some(Some(Ok(part))) => part,
            Some(Some(Err(_))) => return Next::of(inner, machine.ended(false, now())),
            Some(None) => return Next::of(inner, machine.ended(!frames.is_torn(), now())),
            None => return Next::of(inner, machine.silent(Mode::Stream, now())),
        };
        let mut messages = Vec::new();
        frames.push(&part, |data| messages.push(Message::parse(data)));
        for message in messages {
            let step = match message {
                Ok(message) => machine.event(message, now()),
                Err(message) => {
                    let message = format!("an event is no message: {message}");
                    machine.ended(false, now());
                    Some(machine.failed(SyncError::Protocol { message }, None, now()))
                }
            };
            let next = match step {
                None => continue,
                Some(Step::Commit) => commit(inner, machine, shape).await,
                Some(step) => return Next::of(inner, step),
            };
            if !matches!(next, Next::Ask) {
                return next;
            }
        }
    }
}
