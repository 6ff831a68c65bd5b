//! Answers a request to `/v1/shape`: who may ask, what is asked, and a page of the log. `live` and `subset` answer
//! the requests that are more than that.

use std::sync::Arc;

use axum::http::Method;
use serde_json::json;
use tokio::time::{Instant, sleep_until};

use super::reply::{Content, FRAMEWORK, JSON, NO_CORS, Reply};
use super::{Asked, live, subset};
use crate::app::{App, State};
use crate::shapes::definition::{Definition, Invalid};
use crate::shapes::message::{must_refetch as refetch_message, up_to_date};
use crate::shapes::offset::{Offset, Requested};
use crate::shapes::shape::Page;

/// The parts of a valid request.
#[derive(Debug)]
pub(super) struct Valid {
    pub(super) definition: Definition,
    pub(super) offset: Requested,
    pub(super) handle: Option<String>,
}

pub(super) async fn answer(app: &Arc<App>, mut asked: Asked) -> Reply {
    if asked.method == Method::OPTIONS {
        return preflight(app, &asked);
    }
    if let Some(refusal) = refuse(app, &asked) {
        return refusal;
    }
    let subset = if asked.method == Method::POST { subset::take_body(&mut asked) } else { Ok(()) };
    if let Err(message) = subset {
        return uncached(&asked, Reply::json(400, &json!({"error": message})));
    }
    match asked.method {
        Method::DELETE => uncached(&asked, delete(app, &asked)),
        Method::GET | Method::HEAD | Method::POST => match validate(app, &asked) {
            Ok(valid) => read(app, &asked, valid).await,
            Err(invalid) => uncached(&asked, bad_request(invalid)),
        },
        _ => Reply::text(404, "Not found").with("cache-control", FRAMEWORK),
    }
}

/// In the order the service looks: offset, handle, live, the shape, then the subset.
fn validate(app: &App, asked: &Asked) -> Result<Valid, Invalid> {
    let invalid = |param, message: &str| Err((param, message.to_owned()));
    let query = &asked.query;
    let Some(offset) = query.get("offset").filter(|offset| !offset.is_empty()) else {
        return invalid("offset", "can't be blank");
    };
    let Some(offset) = Requested::parse(offset) else {
        return invalid("offset", "has invalid format");
    };
    let mut handle = query.get("handle").filter(|handle| !handle.is_empty()).map(ToOwned::to_owned);
    match offset {
        Requested::After(_) if handle.is_none() => return invalid("handle", "can't be blank when offset != -1"),
        Requested::After(_) => {}
        Requested::Start if query.live() => return invalid("live", "can't be true when offset == -1"),
        Requested::Now if query.live() => return invalid("live", "can't be true when offset is 'now'"),
        Requested::Start | Requested::Now => handle = None,
    }
    if query.live_sse() && !query.live() {
        return invalid("live_sse", "can't be true unless live is also true");
    }
    let definition = Definition::read(&query.wanted(), &app.lock().db)?;
    Ok(Valid { definition, offset, handle })
}

async fn read(app: &Arc<App>, asked: &Asked, valid: Valid) -> Reply {
    let waiting = Instant::now() + app.config.long_poll / 2;
    let mut changes = app.changes();
    let (handle, after) = loop {
        changes.borrow_and_update();
        {
            let mut guard = app.lock();
            let State { shapes, db, .. } = &mut *guard;
            let shape = shapes.of(&valid.definition, db);
            if valid.handle.as_ref().is_some_and(|handle| *handle != shape.handle) {
                return uncached(asked, must_refetch(Some(&shape.handle)));
            }
            if asked.query.is_subset() {
                return uncached(asked, subset::answer(asked, shape, db));
            }
            match valid.offset {
                Requested::Start => {
                    let page = shape.first_page();
                    let reply = page_reply(app, asked, (&shape.handle, &shape.schema), page, db.lsn());
                    return conditional(asked, reply);
                }
                Requested::Now => {
                    let page = Page { messages: Vec::new(), end: shape.end(), complete: true, lsn: None };
                    let mut reply = page_reply(app, asked, (&shape.handle, &shape.schema), page, db.lsn());
                    nothing_new(&mut reply);
                    return reply;
                }
                Requested::After(after) if after <= shape.end() => break (shape.handle.clone(), after),
                // The service might be behind itself: it waits for the log to reach the offset.
                Requested::After(_) if Instant::now() >= waiting => {
                    return uncached(asked, bad_request(("offset", "out of bounds for this shape".to_owned())));
                }
                Requested::After(_) => {}
            }
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = sleep_until(waiting) => {}
        }
    };
    match (asked.query.live(), asked.query.live_sse()) {
        (true, true) => live::events(app, asked, &handle, after),
        (true, false) => live::poll(app, asked, &handle, after).await,
        (false, _) => catch_up(app, asked, &handle, after),
    }
}

fn catch_up(app: &App, asked: &Asked, handle: &str, after: Offset) -> Reply {
    let guard = app.lock();
    let Some(shape) = guard.shapes.get(handle) else { return uncached(asked, must_refetch(None)) };
    conditional(asked, page_reply(app, asked, (handle, &shape.schema), shape.after(after), guard.db.lsn()))
}

/// A page of a snapshot or of the log.
pub(super) fn page_reply(app: &App, asked: &Asked, (handle, schema): (&str, &str), page: Page, lsn: u64) -> Reply {
    let requested = asked.query.get("offset").unwrap_or_default();
    let complete = page.complete;
    let mut messages = page.messages;
    if complete {
        messages.push(up_to_date(if asked.query.live() { page.lsn.unwrap_or(lsn) } else { lsn }));
    }
    let reply = Reply::new(200, Content::Array(messages))
        .with("content-type", JSON)
        .with("electric-handle", handle)
        .with("electric-offset", page.end.to_string())
        .with("electric-has-data", "true")
        .with("etag", format!("\"{handle}:{requested}:{}\"", page.end));
    let reply = if complete { reply.with("electric-up-to-date", "") } else { reply };
    let reply = if asked.query.live() { reply } else { reply.with("electric-schema", schema) };
    let cache = match asked.query.get("offset") {
        _ if asked.query.live_sse() => format!("public, max-age={}", app.config.sse.as_secs().saturating_sub(1)),
        _ if asked.query.live() => "public, max-age=5, stale-while-revalidate=5".to_owned(),
        Some("-1") => "public, max-age=604800, s-maxage=3600, stale-while-revalidate=2629746".to_owned(),
        _ => "public, max-age=60, stale-while-revalidate=300".to_owned(),
    };
    reply.with("cache-control", if asked.method == Method::GET { &cache } else { "no-cache" })
}

/// Marks a reply that brings nothing: it has data all the same in a cache's eyes, so its tag is one of a kind.
pub(super) fn nothing_new(reply: &mut Reply) {
    let (seconds, micros) = super::cursor::now();
    for (name, value) in &mut reply.headers {
        match name.as_str() {
            "electric-has-data" => "false".clone_into(value),
            "etag" => *value = format!("{}:-{seconds}{micros:06}\"", value.trim_end_matches('"')),
            _ => {}
        }
    }
}

/// 304 where the client has this already.
pub(super) fn conditional(asked: &Asked, reply: Reply) -> Reply {
    let strip = |tag: &str| tag.trim().trim_start_matches("W/").trim_matches('"').to_owned();
    let tag = reply.headers.iter().find(|(name, _)| name == "etag").map(|(_, tag)| strip(tag));
    let known = asked.header("if-none-match").map(|tags| tags.split(',').map(strip).collect::<Vec<_>>());
    match (tag, known) {
        (Some(tag), Some(known)) if asked.method == Method::GET && known.contains(&tag) => {
            let mut unmodified = Reply { status: 304, body: Content::Text(String::new()), ..reply };
            unmodified.headers.retain(|(name, _)| name != "electric-schema" && name != "content-type");
            unmodified
        }
        _ => reply,
    }
}

/// 409, with the handle of what replaces the shape if there is such.
pub(super) fn must_refetch(handle: Option<&str>) -> Reply {
    let reply = Reply::new(409, Content::Array(vec![refetch_message()])).with("content-type", JSON);
    match handle {
        Some(handle) => reply
            .with("electric-handle", handle)
            .with("etag", format!("\"{handle}::\""))
            .with("cache-control", "public, max-age=60, must-revalidate"),
        None => reply.with("cache-control", "public, max-age=1, must-revalidate"),
    }
}

/// `cache-control` of everything that is no page.
pub(super) fn uncached(asked: &Asked, mut reply: Reply) -> Reply {
    if asked.method != Method::GET {
        reply.headers.retain(|(name, _)| name != "cache-control");
        reply.with("cache-control", "no-cache")
    } else if reply.status == 409 {
        reply
    } else if reply.status >= 400 {
        reply.with("cache-control", "no-store").with("surrogate-control", "no-store")
    } else {
        reply.with("cache-control", "no-cache")
    }
}

pub(super) fn bad_request((param, message): Invalid) -> Reply {
    Reply::json(400, &json!({"message": "Invalid request", "errors": {param: [message]}}))
}

fn refuse(app: &App, asked: &Asked) -> Option<Reply> {
    if let Some(secret) = &app.config.secret {
        let given = asked.query.get("secret").or_else(|| asked.query.get("api_secret"));
        if given != Some(secret) {
            let body = r#"{"message":"Unauthorized - Invalid API secret"}"#;
            return Some(Reply::text(401, body).with("cache-control", FRAMEWORK).with(NO_CORS, ""));
        }
    }
    let bearer = app.lock().bearer.clone()?;
    let given = asked.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
    (given != Some(&bearer)).then(|| Reply::json(401, &json!({"error": "expired"})).with("cache-control", "no-store"))
}

/// The service compares with the whole line: of a list it allows nothing.
fn preflight(app: &App, asked: &Asked) -> Reply {
    let wanted = asked.header("access-control-request-headers");
    let known = |names: &&str| app.config.allow_any_header || matches!(*names, "if-none-match" | "traceparent");
    Reply::text(204, "").with_some("access-control-allow-headers", wanted.filter(known).map(ToOwned::to_owned))
}

fn delete(app: &App, asked: &Asked) -> Reply {
    if !app.config.allow_delete {
        return Reply::json(405, &json!({"message": "DELETE not allowed"}));
    }
    let handle = if let Some(handle) = asked.query.get("handle") {
        handle.to_owned()
    } else {
        let mut guard = app.lock();
        let State { shapes, db, .. } = &mut *guard;
        match Definition::read(&asked.query.wanted(), db) {
            Ok(definition) => shapes.of(&definition, db).handle.clone(),
            Err(invalid) => return bad_request(invalid),
        }
    };
    app.drop_shape(&handle);
    Reply::text(202, "")
}
