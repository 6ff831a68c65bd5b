//! The HTTP face of the service: routes, and the road of a request to `/v1/shape` from its text to its response:
//! `query` reads it, `shape` answers it, `reply` dresses the answer, `faults` spoils it.

mod cursor;
mod live;
mod query;
pub(crate) mod reply;
mod shape;
mod subset;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use axum::routing::{any, get};
use serde_json::json;

use crate::app::App;
use crate::connection::{Busy, Line};
use crate::control;
use crate::faults::FaultKind;
use crate::history;
use crate::requests::{Request, RequestKind};
use query::Query;
use reply::Reply;

/// What the request line may have at most.
const LONGEST_URL: usize = 10_000;
const LARGEST_BODY: usize = 8 * 1024 * 1024;

pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(|| async { "" }))
        .route("/v1/health", get(health))
        .route("/v1/shape", any(shape))
        .route("/control", any(control::control))
        .fallback(not_found)
        .with_state(app)
}

async fn health() -> Response {
    Reply::json(200, &json!({"status": "active"})).into_response("*")
}

async fn not_found() -> Response {
    Reply::text(404, "Not found").with("cache-control", reply::FRAMEWORK).into_response("*")
}

/// A request as all that answer it need it.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) query: Query,
    /// The POST body.
    pub(crate) body: bytes::Bytes,
}

impl Asked {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

async fn shape(State(app): State<Arc<App>>, request: HttpRequest) -> Response {
    let (parts, body) = request.into_parts();
    let url = parts.uri.path_and_query().map_or_else(String::new, ToString::to_string);
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let connection = parts.extensions.get::<Line>().map(Line::busy).unwrap_or_default();
    let kind = kind(&parts.method, &query);
    let (number, faults) = {
        let mut state = app.lock();
        let faults = state.faults.take(kind, &url);
        let request = record(&parts.method, url.clone(), kind, &parts.headers, &faults);
        (state.requests.came(request), faults)
    };
    let origin = parts.headers.get("origin").and_then(|origin| origin.to_str().ok()).unwrap_or("*").to_owned();
    let reply = if url.len() > LONGEST_URL {
        Reply::text(414, "Request-URI Too Long")
    } else {
        match to_bytes(body, LARGEST_BODY).await {
            Err(_) => Reply::json(413, &json!({"error": "Request body too large"})),
            Ok(body) => {
                let asked = Asked { method: parts.method, headers: parts.headers, query, body };
                spoiled(&app, asked, kind, &faults, &connection).await
            }
        }
    };
    app.lock().requests.answered(number, reply.status);
    reply.into_spoiled_response(&origin, &faults, connection)
}

fn kind(method: &Method, query: &Query) -> RequestKind {
    if *method == Method::OPTIONS || *method == Method::DELETE {
        RequestKind::Other
    } else if *method == Method::POST || query.is_subset() {
        RequestKind::Subset
    } else if query.get("offset") == Some("-1") {
        RequestKind::Initial
    } else if query.live() && query.live_sse() {
        RequestKind::Sse
    } else if query.live() {
        RequestKind::LongPoll
    } else {
        RequestKind::CatchUp
    }
}

fn record(method: &Method, url: String, kind: RequestKind, headers: &HeaderMap, faults: &[FaultKind]) -> Request {
    let header = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    Request {
        method: method.to_string(),
        url,
        kind,
        headers: headers.iter().map(header).collect(),
        at_ms: 0,
        status: None,
        faults: faults.iter().map(FaultKind::name).collect(),
    }
}

/// The answer, changed by the faults that do not wait for its body.
async fn spoiled(
    app: &Arc<App>,
    mut asked: Asked,
    kind: RequestKind,
    faults: &[FaultKind],
    connection: &Busy,
) -> Reply {
    for fault in faults {
        match fault {
            FaultKind::HangUp => {
                connection.drop_connection();
                std::future::pending::<()>().await;
            }
            FaultKind::Delay { ms } => tokio::time::sleep(Duration::from_millis(*ms)).await,
            FaultKind::SseAsJson if kind == RequestKind::Sse => asked.query.forget_sse(),
            _ => {}
        }
    }
    let source = (kind, asked.query.stream());
    for fault in faults {
        match fault {
            FaultKind::Status { status, retry_after, body } => {
                let text = body.clone().unwrap_or_else(|| json!({"message": format!("fault {status}")}).to_string());
                let reply =
                    Reply::text(*status, &text).with("content-type", reply::JSON).with("cache-control", "no-store");
                return reply.with_some("retry-after", retry_after.clone());
            }
            FaultKind::Html => {
                let page = "<!doctype html><html><body>It works!</body></html>";
                return Reply::text(200, page).with("content-type", "text/html; charset=utf-8");
            }
            FaultKind::Conflict { handle } => return shape::must_refetch(handle.as_deref()),
            FaultKind::Replay { back } => {
                if let Some(earlier) = app.lock().history.earlier(&source, *back) {
                    return earlier;
                }
            }
            _ => {}
        }
    }
    let mut reply = shape::answer(app, asked).await;
    if reply.status == 200 {
        reply = history::keep(app, source, reply);
    }
    for fault in faults {
        match fault {
            FaultKind::NoContent if reply.timed_out => reply = reply.without_content(),
            FaultKind::MustRefetch { after } => reply = reply.refetch_after(*after),
            FaultKind::BufferSse if kind == RequestKind::Sse => reply = reply.collected().await,
            _ => {}
        }
    }
    reply
}
