//! `POST /control`: what [`crate::Db`] and [`crate::Server`] do, for tests that run in a browser.
//!
//! The crate's documentation lists the commands; `http` routes here.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderValue, Method};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::db::table::TableSpec;
use crate::db::transaction::Transaction;
use crate::faults::Fault;

/// A command, as `{"do": "…", …}`.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Command {
    CreateTable(TableSpec),
    Transact(Transaction),
    Rows {
        table: String,
    },
    Rotate {
        #[serde(default)]
        table: Option<String>,
    },
    Restart,
    SetFaults {
        faults: Vec<Fault>,
    },
    AddFault(Fault),
    ClearFaults,
    Requests,
    ClearRequests,
    RequireBearer {
        #[serde(default)]
        token: Option<String>,
    },
}

pub(crate) async fn control(State(app): State<Arc<App>>, request: HttpRequest) -> Response {
    let (parts, body) = request.into_parts();
    let (status, answer) = match parts.method {
        Method::OPTIONS => (204, None),
        Method::POST => match to_bytes(body, usize::MAX).await {
            Ok(body) => match carry_out(&app, &body) {
                Ok(answer) => (200, Some(answer)),
                Err(message) => (400, Some(json!({"error": message}))),
            },
            Err(error) => (400, Some(json!({"error": error.to_string()}))),
        },
        _ => (405, Some(json!({"error": "POST a command"}))),
    };
    let mut response = Response::new(answer.map_or_else(Body::empty, |answer| Body::from(answer.to_string())));
    *response.status_mut() = status.try_into().unwrap_or_default();
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-type", "application/json"),
        ("cache-control", "no-store"),
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "POST, OPTIONS"),
        ("access-control-allow-headers", "content-type"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn carry_out(app: &App, body: &[u8]) -> Result<Value, String> {
    let command: Command = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    match command {
        Command::CreateTable(table) => app.create_table(table)?,
        Command::Transact(transaction) => {
            let (lsn, txid) = app.commit(transaction)?;
            return Ok(json!({"txid": txid, "lsn": lsn.to_string()}));
        }
        Command::Rows { table } => return Ok(json!({"rows": app.rows(&table)?})),
        Command::Rotate { table } => app.rotate(table.as_deref())?,
        Command::Restart => app.restart(),
        Command::SetFaults { faults } => app.lock().faults.set(faults),
        Command::AddFault(fault) => app.lock().faults.add(fault),
        Command::ClearFaults => app.lock().faults.set(Vec::new()),
        Command::Requests => return Ok(json!({"requests": app.lock().requests.all()})),
        Command::ClearRequests => app.lock().requests.clear(),
        Command::RequireBearer { token } => app.lock().bearer = token,
    }
    Ok(json!({}))
}
