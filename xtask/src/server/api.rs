//! What a site answers that is no file: a program's own answers to the calls of its pages.

use std::thread;
use std::time::Duration;

use tiny_http::{Method, Request, Response};

use super::{respond, with_header};

/// A program that answers calls.
pub trait Api: Send + Sync {
    /// The answer to a call; `None` if that is not for this program.
    fn answer(&self, call: &Call) -> Option<Answer>;
}

/// What a page asks for.
#[derive(Debug)]
pub struct Call<'a> {
    pub method: Method,
    pub path: &'a str,
    pub body: String,
}

/// What a page is told.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
    /// How long the page waits for it.
    pub after: Duration,
}

/// Lets the program answer a request, in the time that it takes for that; returns the request if it is not for the program.
pub fn answer(api: &dyn Api, mut request: Request) -> Option<Request> {
    let mut body = String::new();
    // A body that is no text is not for a program that takes text.
    let _ = request.as_reader().read_to_string(&mut body);
    let call = Call { method: request.method().clone(), path: request.url(), body };
    let Some(Answer { status, body, after }) = api.answer(&call) else {
        return Some(request);
    };
    // Whoever is answered late must not keep the others waiting.
    thread::spawn(move || {
        thread::sleep(after);
        let response = Response::from_string(body).with_status_code(status);
        // A browser that went away while it was being answered is no error.
        let _ = respond(request, with_header(response, "Cache-Control", "no-store"));
    });
    None
}
