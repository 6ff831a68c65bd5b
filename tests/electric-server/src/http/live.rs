//! Live requests: the long poll, and server-sent events with both ways to start. `shape` hands them over once the
//! handle and the offset are good.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::reply::{Content, Event, Reply};
use super::shape::{conditional, must_refetch, nothing_new, page_reply, uncached};
use super::{Asked, cursor};
use crate::app::App;
use crate::shapes::message::up_to_date;
use crate::shapes::offset::Offset;
use crate::shapes::shape::Page;

/// Waits for something after `after`.
pub(super) async fn poll(app: &App, asked: &Asked, handle: &str, after: Offset) -> Reply {
    let timeout = Instant::now() + app.config.long_poll;
    let mut changes = app.changes();
    loop {
        changes.borrow_and_update();
        let Some((page, lsn)) = page(app, handle, after) else { return uncached(asked, must_refetch(None)) };
        let timed_out = Instant::now() >= timeout;
        if !page.messages.is_empty() || timed_out {
            let empty = page.messages.is_empty();
            let mut reply =
                page_reply(app, asked, (handle, ""), page, lsn).with("electric-cursor", next_cursor(app, asked));
            if empty {
                nothing_new(&mut reply);
                reply.timed_out = true;
            }
            return conditional(asked, reply);
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = sleep_until(timeout) => {}
        }
    }
}

/// What is there already, and then the end; or, where nothing is, everything that comes until time is up.
pub(super) fn events(app: &Arc<App>, asked: &Asked, handle: &str, after: Offset) -> Reply {
    // Subscribed before the look, so that nothing falls in between.
    let changes = app.changes();
    let Some((page, lsn)) = page(app, handle, after) else { return uncached(asked, must_refetch(None)) };
    let behind = !page.messages.is_empty();
    let mut reply = page_reply(app, asked, (handle, ""), page, lsn);
    if behind {
        reply.body = match reply.body {
            Content::Array(messages) => Content::Events(messages),
            other => other,
        };
    } else {
        let (sender, receiver) = mpsc::channel(1);
        let stream = Stream { app: app.clone(), handle: handle.to_owned(), after, changes, sender };
        tokio::spawn(stream.run());
        reply.body = Content::Live(receiver);
    }
    reply.headers.retain(|(name, _)| name != "content-type");
    reply
        .with("content-type", "text/event-stream")
        .with("connection", "keep-alive")
        .with("electric-cursor", next_cursor(app, asked))
}

fn page(app: &App, handle: &str, after: Offset) -> Option<(Page, u64)> {
    let guard = app.lock();
    Some((guard.shapes.get(handle)?.after(after), guard.db.lsn()))
}

fn next_cursor(app: &App, asked: &Asked) -> String {
    let previous = asked.query.get("cursor").and_then(|cursor| cursor.parse().ok());
    let (now, random) = cursor::now();
    cursor::after(previous, app.config.long_poll, now, random).to_string()
}

/// An open stream of events.
struct Stream {
    app: Arc<App>,
    handle: String,
    after: Offset,
    changes: watch::Receiver<()>,
    sender: mpsc::Sender<Event>,
}

impl Stream {
    /// Until time is up, the client is gone, or the shape: of that the stream says nothing.
    async fn run(mut self) {
        let end = Instant::now() + self.app.config.sse;
        let mut quiet = self.quiet_until();
        loop {
            self.changes.borrow_and_update();
            let Some((page, _)) = page(&self.app, &self.handle, self.after) else { return };
            if !page.messages.is_empty() {
                if self.send(page).await.is_none() {
                    return;
                }
                quiet = self.quiet_until();
                continue;
            }
            tokio::select! {
                _ = self.changes.changed() => {}
                () = sleep_until(end) => return,
                () = self.sender.closed() => return,
                () = sleep_until(quiet) => {
                    if self.sender.send(Event::KeepAlive).await.is_err() {
                        return;
                    }
                    quiet = self.quiet_until();
                }
            }
        }
    }

    async fn send(&mut self, page: Page) -> Option<()> {
        let up_to_date = page.lsn.filter(|_| page.complete).map(up_to_date);
        for message in page.messages.into_iter().chain(up_to_date) {
            self.sender.send(Event::Message(message)).await.ok()?;
        }
        self.after = page.end;
        Some(())
    }

    fn quiet_until(&self) -> Instant {
        Instant::now() + self.app.config.keep_alive.max(Duration::from_millis(1))
    }
}
