//! The backend, over HTTP. `hooks` tells it of changes; the page's switch makes it fast, slow or failing.

use gloo_net::http::{Request, Response};

use crate::todos::Todo;

const TODOS: &str = "/api/todos";
const MODE: &str = "/api/mode";

pub type Result<T = (), E = Refused> = std::result::Result<T, E>;

/// Why a change is not to be stored.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("the backend answered with status {0}")]
    Status(u16),
    #[error("the backend cannot be reached: {0}")]
    Unreachable(#[from] gloo_net::Error),
}

/// How the backend behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    Fast,
    Slow,
    Failing,
}

impl Mode {
    pub const ALL: [Self; 3] = [Self::Fast, Self::Slow, Self::Failing];

    /// As the backend calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Slow => "slow",
            Self::Failing => "failing",
        }
    }
}

pub async fn create(todo: &Todo) -> Result {
    send(Request::post(TODOS).json(todo)?).await.map(drop)
}

pub async fn replace(todo: &Todo) -> Result {
    send(Request::put(&address(todo)).json(todo)?).await.map(drop)
}

pub async fn remove(todo: &Todo) -> Result {
    send(Request::delete(&address(todo)).build()?).await.map(drop)
}

/// How the backend behaves now; `None` if it behaves in a way that this page does not know.
pub async fn mode() -> Result<Option<Mode>> {
    let name = send(Request::get(MODE).build()?).await?.text().await?;
    Ok(Mode::ALL.into_iter().find(|mode| mode.name() == name))
}

/// Makes the backend behave in another way.
pub async fn switch_to(mode: Mode) -> Result {
    send(Request::put(MODE).body(mode.name())?).await.map(drop)
}

fn address(todo: &Todo) -> String {
    format!("{TODOS}/{}", todo.uid)
}

async fn send(request: Request) -> Result<Response> {
    let response = request.send().await?;
    if response.ok() { Ok(response) } else { Err(Refused::Status(response.status())) }
}
