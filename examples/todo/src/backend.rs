//! The backend, over HTTP. `hooks` and `sync` tell it of changes; the page's switch makes it fast, slow, failing or away.

use gloo_net::http::{Request, Response};

use crate::changes::Edit;
use crate::todos::Todo;

const TODOS: &str = "/api/todos";
const MODE: &str = "/api/mode";
const SHAPE: &str = "/api/shape";

pub type Result<T = (), E = Refused> = std::result::Result<T, E>;

/// Why a change is not to be stored.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("the backend answered with status {0}")]
    Status(u16),
    #[error("the backend cannot be reached: {0}")]
    Unreachable(#[from] gloo_net::Error),
    #[error("the backend answered without a transaction")]
    NoTransaction,
}

impl Refused {
    /// Whether there is no backend at the moment, which says nothing about the change.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Status(502..=504))
    }
}

/// How the backend behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    Fast,
    Slow,
    Failing,
    Away,
}

impl Mode {
    pub const ALL: [Self; 4] = [Self::Fast, Self::Slow, Self::Failing, Self::Away];

    /// As the backend calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Slow => "slow",
            Self::Failing => "failing",
            Self::Away => "away",
        }
    }
}

/// Each change is answered with the number of the database's transaction that has stored it.
pub async fn create(todo: &Todo) -> Result<u64> {
    transaction(Request::post(TODOS).json(todo)?).await
}

pub async fn replace(todo: &Todo) -> Result<u64> {
    transaction(Request::put(&address(&todo.uid)).json(todo)?).await
}

pub async fn change(uid: &str, edit: &Edit) -> Result<u64> {
    transaction(Request::patch(&address(uid)).json(edit)?).await
}

pub async fn remove(uid: &str) -> Result<u64> {
    transaction(Request::delete(&address(uid)).build()?).await
}

/// Where the backend's database can be followed.
pub async fn shape() -> Result<String> {
    Ok(send(Request::get(SHAPE).build()?).await?.text().await?)
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

fn address(uid: &str) -> String {
    format!("{TODOS}/{uid}")
}

async fn transaction(request: Request) -> Result<u64> {
    let answer = send(request).await?.text().await?;
    answer.parse().map_err(|_| Refused::NoTransaction)
}

async fn send(request: Request) -> Result<Response> {
    let response = request.send().await?;
    if response.ok() { Ok(response) } else { Err(Refused::Status(response.status())) }
}
