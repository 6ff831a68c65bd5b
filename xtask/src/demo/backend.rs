//! The backend of the todo page: it keeps what it is sent as long as it runs, and can be told to be slow, or to fail.
//! A program for a page to talk to; it knows nothing of the page but the `uid` of its todos.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tiny_http::Method;

use crate::server::api::{Answer, Api, Call};

const MODE: &str = "/api/mode";
const TODOS: &str = "/api/todos";

/// Long enough for a person to see what is pending.
const SLOW: Duration = Duration::from_millis(1500);
/// Long enough for a person to see what is then taken back.
const FAILURE: Duration = Duration::from_millis(700);

/// The todos, by their `uid`, and how they are served.
#[derive(Debug, Default)]
pub struct Backend(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    mode: Mode,
    todos: BTreeMap<String, Value>,
}

/// How the backend behaves.
#[derive(Clone, Copy, Debug, Default)]
enum Mode {
    #[default]
    Fast,
    Slow,
    Failing,
}

impl Api for Backend {
    fn answer(&self, call: &Call) -> Option<Answer> {
        if call.path == MODE {
            return Some(self.state().answer_about_mode(call));
        }
        let rest = call.path.strip_prefix(TODOS)?;
        let uid = rest.strip_prefix('/').or(rest.is_empty().then_some(""))?;
        Some(self.state().answer_about_todos(call, uid))
    }
}

impl Backend {
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
                    said(204, "")
                }
                None => said(400, "the mode is fast, slow or failing"),
            },
            _ => said(405, ""),
        }
    }

    fn answer_about_todos(&mut self, call: &Call, uid: &str) -> Answer {
        let answer = match (&call.method, self.mode) {
            // Reading is never refused: it shows what has become of the rest.
            (Method::Get, _) => return self.read(uid),
            (_, Mode::Failing) => said(500, "this backend is failing, as it was told"),
            (Method::Post, _) if uid.is_empty() => self.keep(None, &call.body),
            (Method::Put, _) if !uid.is_empty() => self.keep(Some(uid), &call.body),
            (Method::Delete, _) if !uid.is_empty() => {
                // Gone is what it shall be: one that was kept by an earlier run is gone as well.
                self.todos.remove(uid);
                said(204, "")
            }
            _ => said(405, ""),
        };
        Answer { after: self.mode.delay(), ..answer }
    }

    fn read(&self, uid: &str) -> Answer {
        if uid.is_empty() {
            return said(200, &json!(self.todos.values().collect::<Vec<_>>()).to_string());
        }
        match self.todos.get(uid) {
            Some(todo) => said(200, &todo.to_string()),
            None => said(404, ""),
        }
    }

    /// Keeps a todo, whether it is new or known: the page remembers more than this program, which forgets all when it ends.
    fn keep(&mut self, wanted: Option<&str>, body: &str) -> Answer {
        let todo: Value = serde_json::from_str(body).unwrap_or_default();
        match todo["uid"].as_str().map(str::to_owned) {
            Some(uid) if !uid.is_empty() && wanted.is_none_or(|wanted| wanted == uid) => {
                let status = if self.todos.insert(uid, todo).is_none() { 201 } else { 200 };
                said(status, "")
            }
            _ => said(400, "a todo is an object with a uid"),
        }
    }
}

impl Mode {
    const ALL: [Self; 3] = [Self::Fast, Self::Slow, Self::Failing];

    fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Slow => "slow",
            Self::Failing => "failing",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    fn delay(self) -> Duration {
        match self {
            Self::Fast => Duration::ZERO,
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

    const MILK: &str = r#"{"title":"Milk","uid":"m"}"#;
    const OAT_MILK: &str = r#"{"title":"Oat milk","uid":"m"}"#;

    fn ask(backend: &Backend, method: Method, path: &str, body: &str) -> Option<Answer> {
        backend.answer(&Call { method, path, body: body.to_owned() })
    }

    fn status(backend: &Backend, method: Method, path: &str, body: &str) -> Option<u16> {
        ask(backend, method, path, body).map(|answer| answer.status)
    }

    fn kept(backend: &Backend) -> String {
        ask(backend, Method::Get, TODOS, "").map(|answer| answer.body).unwrap_or_default()
    }

    #[test]
    fn a_todo_is_kept_replaced_and_forgotten() {
        let backend = Backend::default();

        assert_eq!(status(&backend, Method::Post, TODOS, MILK), Some(201));
        assert_eq!(kept(&backend), format!("[{MILK}]"));
        assert_eq!(status(&backend, Method::Put, "/api/todos/m", OAT_MILK), Some(200));
        assert_eq!(kept(&backend), format!("[{OAT_MILK}]"));
        assert_eq!(status(&backend, Method::Delete, "/api/todos/m", ""), Some(204));
        assert_eq!(kept(&backend), "[]");
    }

    #[test]
    fn a_todo_of_an_earlier_run_can_be_replaced_and_forgotten() {
        let backend = Backend::default();

        assert_eq!(status(&backend, Method::Delete, "/api/todos/m", ""), Some(204));
        assert_eq!(status(&backend, Method::Put, "/api/todos/m", MILK), Some(201));
        assert_eq!(kept(&backend), format!("[{MILK}]"));
    }

    #[test]
    fn a_failing_backend_keeps_what_it_has_and_takes_nothing() {
        let backend = Backend::default();
        status(&backend, Method::Post, TODOS, MILK);

        assert_eq!(status(&backend, Method::Put, MODE, "failing"), Some(204));
        let refused = ask(&backend, Method::Put, "/api/todos/m", OAT_MILK);

        assert_eq!(refused.map(|answer| (answer.status, answer.after)), Some((500, FAILURE)));
        assert_eq!(status(&backend, Method::Post, TODOS, r#"{"uid":"b"}"#), Some(500));
        assert_eq!(status(&backend, Method::Delete, "/api/todos/m", ""), Some(500));
        assert_eq!(kept(&backend), format!("[{MILK}]"));
    }

    #[test]
    fn a_slow_backend_answers_the_same_later() {
        let backend = Backend::default();
        status(&backend, Method::Put, MODE, "slow");

        let answer = ask(&backend, Method::Post, TODOS, MILK);

        assert_eq!(answer.map(|answer| (answer.status, answer.after)), Some((201, SLOW)));
        assert_eq!(ask(&backend, Method::Get, MODE, ""), Some(said(200, "slow")));
    }

    #[test]
    fn what_is_no_todo_is_refused() {
        let backend = Backend::default();

        assert_eq!(status(&backend, Method::Post, TODOS, "milk"), Some(400));
        assert_eq!(status(&backend, Method::Put, "/api/todos/b", MILK), Some(400));
        assert_eq!(status(&backend, Method::Put, MODE, "fussy"), Some(400));
        assert_eq!(status(&backend, Method::Post, "/api/todos/m", MILK), Some(405));
        assert_eq!(kept(&backend), "[]");
    }

    #[test]
    fn pages_are_not_for_the_backend() {
        let backend = Backend::default();

        assert_eq!(ask(&backend, Method::Get, "/todo/", ""), None);
        assert_eq!(ask(&backend, Method::Get, "/api/todosx", ""), None);
    }
}
