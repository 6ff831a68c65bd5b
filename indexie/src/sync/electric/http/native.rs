//! Requests off the web: reqwest, on a runtime of its own, for what awaits them may be driven by any executor.
//! Called by the sync through `HttpClient`.

#[cfg(test)]
mod tests;

use std::error::Error;
use std::sync::LazyLock;

use futures::channel::{mpsc, oneshot};
use futures::future::LocalBoxFuture;
use futures::stream::{self, LocalBoxStream};
use futures::{FutureExt, SinkExt, StreamExt};
use reqwest::Client;
use tokio::runtime::{Builder, Runtime};
use tokio::task::AbortHandle;

use super::{HttpClient, HttpError, HttpRequest, HttpResponse};

/// How many pieces of a body may wait to be read before the server has to wait.
const PIECES: usize = 8;

static RUNTIME: LazyLock<Result<Runtime, HttpError>> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("indexie-http")
        .enable_all()
        .build()
        .map_err(|error| describe(&error))
});

/// One for all, so that connections are used again.
static CLIENT: LazyLock<Result<Client, HttpError>> =
    LazyLock::new(|| Client::builder().no_proxy().build().map_err(|error| describe(&error)));

/// Sends requests with reqwest.
///
/// Any executor may drive what awaits the responses; the requests themselves run on a thread that is started for them.
///
/// For a proxy, certificates or time limits of one's own there is `ReqwestClient::from(client)`; without, no proxy is used.
/// Time limits of a client should be longer than a live request, which a server holds for up to a minute.
#[derive(Clone, Debug)]
pub struct ReqwestClient {
    client: Result<Client, HttpError>,
}

impl ReqwestClient {
    /// The client that is used without another. If it cannot be made, its requests fail.
    #[must_use]
    pub fn new() -> ReqwestClient {
        ReqwestClient { client: CLIENT.clone() }
    }
}

impl Default for ReqwestClient {
    fn default() -> ReqwestClient {
        ReqwestClient::new()
    }
}

impl From<Client> for ReqwestClient {
    fn from(client: Client) -> ReqwestClient {
        ReqwestClient { client: Ok(client) }
    }
}

impl HttpClient for ReqwestClient {
    fn send(&self, request: HttpRequest) -> LocalBoxFuture<'static, Result<HttpResponse, HttpError>> {
        let client = self.client.clone();
        async move {
            let runtime = RUNTIME.as_ref().map_err(Clone::clone)?;
            let (head, arrived) = oneshot::channel();
            let task = runtime.spawn(exchange(client?, request, head));
            let running = Running(task.abort_handle());
            let (Head { status, headers }, pieces) = arrived.await.map_err(|_| broken_off())??;
            Ok(HttpResponse { status, headers, body: body(pieces, running) })
        }
        .boxed_local()
    }
}

/// Aborts the request when it is dropped; one that is over takes no notice.
struct Running(AbortHandle);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Of a body. The end is told too: a channel also ends when the task is no more.
enum Piece {
    Data(Vec<u8>),
    End,
}

type Pieces = mpsc::Receiver<Result<Piece, HttpError>>;

/// The head of a response, without its body.
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
}

/// What runs on the thread for requests.
async fn exchange(client: Client, request: HttpRequest, head: oneshot::Sender<Result<(Head, Pieces), HttpError>>) {
    let asked = request.headers.iter().fold(client.get(&request.url), |asked, (name, value)| asked.header(name, value));
    let mut response = match asked.send().await {
        Ok(response) => response,
        Err(error) => {
            let _ = head.send(Err(describe(&error.without_url())));
            return;
        }
    };
    let (mut pieces, receiver) = mpsc::channel(PIECES);
    if head.send(Ok((read_head(&response), receiver))).is_err() {
        return;
    }
    loop {
        let piece = match response.chunk().await {
            Ok(Some(bytes)) => Ok(Piece::Data(bytes.into())),
            Ok(None) => Ok(Piece::End),
            Err(error) => Err(describe(&error.without_url())),
        };
        let last = !matches!(piece, Ok(Piece::Data(_)));
        if pieces.send(piece).await.is_err() || last {
            return;
        }
    }
}

fn read_head(response: &reqwest::Response) -> Head {
    let headers = response.headers().iter().map(|(name, value)| {
        // Names are in lower case already.
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    Head { status: response.status().as_u16(), headers: headers.collect() }
}

fn body(pieces: Pieces, running: Running) -> LocalBoxStream<'static, Result<Vec<u8>, HttpError>> {
    stream::unfold(Some((pieces, running)), async |reading| {
        let (mut pieces, running) = reading?;
        match pieces.next().await {
            Some(Ok(Piece::Data(bytes))) => Some((Ok(bytes), Some((pieces, running)))),
            Some(Ok(Piece::End)) => None,
            Some(Err(error)) => Some((Err(error), None)),
            None => Some((Err(broken_off()), None)),
        }
    })
    .boxed_local()
}

fn broken_off() -> HttpError {
    HttpError::new("the request was broken off")
}

/// The error, and what is behind it: reqwest's own message tells little.
fn describe(error: &dyn Error) -> HttpError {
    let mut message = error.to_string();
    let mut behind = error.source();
    while let Some(cause) = behind {
        message = format!("{message}: {cause}");
        behind = cause.source();
    }
    HttpError::new(message)
}
