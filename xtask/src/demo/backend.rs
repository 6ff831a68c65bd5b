//! The backend of the todo page: it keeps what it is sent in a database that the page can follow, and can be told to be slow, to
//! fail, or to be away.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use tiny_http::Method;

use super::database::Database;
use crate::server::api::{Answer, Api, Call};

const MODE: &str = "/api/mode";
const SHAPE: &str = "/api/shape";
const TODOS: &str = "/api/todos";

/// Long enough for a person to see what is pending.
const SLOW: Duration = Duration::from_millis(1500);
/// Long enough for a person to see what is then taken back.
const FAILURE: Duration = Duration::from_millis(700);

/// The todos, and how they are served.
#[derive(Debug)]
pub struct Backend(Mutex<State>);

#[derive(Debug)]
struct State {
    mode: Mode,
    database: Database,
}

/// How the backend behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Mode {
    #[default]
    Fast,
    Slow,
    Failing,
    /// As if nothing were there, the database included.
    Away,
}

impl Api for Backend {
    fn answer(&self, call: &Call) -> Option<Answer> {
        match call.path {
            MODE => return Some(self.state().answer_about_mode(call)),
            SHAPE => return Some(said(200, &self.state().database.shape())),
            _ => {}
        }
        let rest = call.path.strip_prefix(TODOS)?;
        let uid = rest.strip_prefix('/').or(rest.is_empty().then_some(""))?;
        Some(self.state().answer_about_todos(call, uid))
    }
}

impl Backend {
    /// Starts its database.
    pub fn start() -> Result<Self> {
        Ok(Self(Mutex::new(State { mode: Mode::default(), database: Database::start()? })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing is half done where a panic is possible.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn answer_about_mode(&mut self, call: &Call) -> Answer {
        match call.method {
            Method::Get => said(200, self.mode.name()),
            Method::Put => match Mode::named(&call.body) {
                Some(mode) => {
                    self.mode = mode;
                    self.database.set_reachable(mode != Mode::Away);
                    said(204, "")
                }
                None => said(400, "the mode is fast, slow, failing or away"),
            },
            _ => said(405, ""),
        }
    }

    fn answer_about_todos(&mut self, call: &Call, uid: &str) -> Answer {
        let answer = match (&call.method, self.mode) {
            // Reading is never refused: it shows what has become of the rest.
            (Method::Get, _) => return self.read(uid),
            (_, Mode::Failing) => said(500, "this backend is failing, as it was told"),
            // What a proxy says of a server that is not there.
            (_, Mode::Away) => said(503, "this backend is away, as it was told"),
            (Method::Post, _) if uid.is_empty() => self.keep(None, &call.body),
            (Method::Put, _) if !uid.is_empty() => self.keep(Some(uid), &call.body),
            (Method::Patch, _) if !uid.is_empty() => self.change(uid, &call.body),
            (Method::Delete, _) if !uid.is_empty() => {
                // Gone is what it shall be: one that was kept by an earlier run is gone as well.
                let deleted = self.database.delete(uid);
                self.stored(200, deleted)
            }
            _ => said(405, ""),
        };
        Answer { after: self.mode.delay(), ..answer }
    }

    fn read(&self, uid: &str) -> Answer {
        if uid.is_empty() {
            return said(200, &json!(self.database.rows()).to_string());
        }
        match self.database.row(uid) {
            Some(todo) => said(200, &json!(todo).to_string()),
            None => said(404, ""),
        }
    }

    /// Keeps a todo, whether it is new or known: the page remembers more than this program, which forgets all when it ends.
    fn keep(&mut self, wanted: Option<&str>, body: &str) -> Answer {
        let todo: Value = serde_json::from_str(body).unwrap_or_default();
        match todo["uid"].as_str() {
            Some(uid) if !uid.is_empty() && wanted.is_none_or(|wanted| wanted == uid) => {
                if self.database.row(uid).is_none() {
                    let inserted = self.database.insert(&todo);
                    self.stored(201, inserted)
                } else {
                    let updated = self.database.update(uid, &todo);
                    self.stored(200, updated)
                }
            }
            _ => said(400, "a todo is an object with a uid"),
        }
    }

    /// Changes what is given of a todo, and nothing else of it.
    fn change(&mut self, uid: &str, body: &str) -> Answer {
        if self.database.row(uid).is_none() {
            return said(404, "");
        }
        let changes: Value = serde_json::from_str(body).unwrap_or_default();
        let updated = self.database.update(uid, &changes);
        self.stored(200, updated)
    }

    /// Names the transaction in which something has been stored.
    fn stored(&self, status: u16, stored: Result<(), String>) -> Answer {
        match stored {
            Ok(()) => said(status, &self.database.last().to_string()),
            Err(message) => said(400, &message),
        }
    }
}

impl Mode {
    const ALL: [Self; 4] = [Self::Fast, Self::Slow, Self::Failing, Self::Away];

    fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Slow => "slow",
            Self::Failing => "failing",
            Self::Away => "away",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    fn delay(self) -> Duration {
        match self {
            Self::Fast | Self::Away => Duration::ZERO,
            Self::Slow => SLOW,
            Self::Failing => FAILURE,
        }
    }
}

fn said(status: u16, body: &str) -> Answer {
    Answer { status, body: body.to_owned(), after: Duration::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILK: &str = r#"{"title":"Milk","uid":"m","done":false,"created":0}"#;
    const OAT_MILK: &str = r#"{"title":"Oat milk","uid":"m","done":false,"created":0}"#;

    fn started() -> Backend {
        Backend::start().expect("a database")
    }

    fn ask(backend: &Backend, method: Method, path: &str, body: &str) -> Option<Answer> {
        backend.answer(&Call { method, path, body: body.to_owned() })
    }

    fn status(backend: &Backend, method: Method, path: &str, body: &str) -> Option<u16> {
        ask(backend, method, path, body).map(|answer| answer.status)
    }

    /// The titles of what is kept.
    fn kept(backend: &Backend) -> Vec<String> {
        let answer = ask(backend, Method::Get, TODOS, "").map(|answer| answer.body).unwrap_or_default();
        let todos: Vec<Value> = serde_json::from_str(&answer).unwrap_or_default();
        todos.iter().filter_map(|todo| todo["title"].as_str()).map(str::to_owned).collect()
    }

    #[test]
    fn a_todo_is_kept_replaced_and_forgotten() {
        let backend = started();

        assert_eq!(status(&backend, Method::Post, TODOS, MILK), Some(201));
        assert_eq!(kept(&backend), ["Milk"]);
        assert_eq!(status(&backend, Method::Put, "/api/todos/m", OAT_MILK), Some(200));
        assert_eq!(kept(&backend), ["Oat milk"]);
        assert_eq!(status(&backend, Method::Delete, "/api/todos/m", ""), Some(200));
        assert!(kept(&backend).is_empty());
    }

    #[test]
    fn what_is_given_of_a_todo_is_changed_and_the_transaction_named() {
        let backend = started();
        assert_eq!(status(&backend, Method::Patch, "/api/todos/m", r#"{"done":true}"#), Some(404));
        status(&backend, Method::Post, TODOS, MILK);

        let changed = ask(&backend, Method::Patch, "/api/todos/m", r#"{"title":"Oat milk"}"#);

        let last = backend.state().database.last().to_string();
        assert_eq!(changed, Some(said(200, &last)));
        assert_eq!(kept(&backend), ["Oat milk"]);
    }

    #[test]
    fn a_backend_that_is_away_takes_nothing_until_it_is_back() {
        let backend = started();

        assert_eq!(status(&backend, Method::Put, MODE, "away"), Some(204));
        assert_eq!(status(&backend, Method::Post, TODOS, MILK), Some(503));
        assert_eq!(status(&backend, Method::Put, MODE, "fast"), Some(204));
        assert_eq!(status(&backend, Method::Post, TODOS, MILK), Some(201));
    }

    #[test]
    fn a_todo_of_an_earlier_run_can_be_replaced_and_forgotten() {
        let backend = started();

        assert_eq!(status(&backend, Method::Delete, "/api/todos/m", ""), Some(200));
        assert_eq!(status(&backend, Method::Put, "/api/todos/m", MILK), Some(201));
        assert_eq!(kept(&backend), ["Milk"]);
    }

    #[test]
    fn a_failing_backend_keeps_what_it_has_and_takes_nothing() {
        let backend = started();
        status(&backend, Method::Post, TODOS, MILK);

        assert_eq!(status(&backend, Method::Put, MODE, "failing"), Some(204));
        let refused = ask(&backend, Method::Put, "/api/todos/m", OAT_MILK);

        assert_eq!(refused.map(|answer| (answer.status, answer.after)), Some((500, FAILURE)));
        assert_eq!(status(&backend, Method::Post, TODOS, r#"{"uid":"b"}"#), Some(500));
        assert_eq!(status(&backend, Method::Delete, "/api/todos/m", ""), Some(500));
        assert_eq!(kept(&backend), ["Milk"]);
    }

    #[test]
    fn a_slow_backend_answers_the_same_later() {
        let backend = started();
        status(&backend, Method::Put, MODE, "slow");

        let answer = ask(&backend, Method::Post, TODOS, MILK);

        assert_eq!(answer.map(|answer| (answer.status, answer.after)), Some((201, SLOW)));
        assert_eq!(ask(&backend, Method::Get, MODE, ""), Some(said(200, "slow")));
    }

    #[test]
    fn what_is_no_todo_is_refused() {
        let backend = started();

        assert_eq!(status(&backend, Method::Post, TODOS, "milk"), Some(400));
        assert_eq!(status(&backend, Method::Post, TODOS, r#"{"uid":"b"}"#), Some(400));
        assert_eq!(status(&backend, Method::Put, "/api/todos/b", MILK), Some(400));
        assert_eq!(status(&backend, Method::Put, MODE, "fussy"), Some(400));
        assert_eq!(status(&backend, Method::Post, "/api/todos/m", MILK), Some(405));
        assert!(kept(&backend).is_empty());
    }

    #[test]
    fn pages_are_not_for_the_backend() {
        let backend = started();

        assert_eq!(ask(&backend, Method::Get, "/todo/", ""), None);
        assert_eq!(ask(&backend, Method::Get, "/api/todosx", ""), None);
    }
}
