//! Earlier responses, kept to be served again as a cache would. `http` adds to it; the fault `replay` reads it.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::app::App;
use crate::http::reply::{Content, Event, Reply};
use crate::requests::RequestKind;

/// How many responses are kept of one kind and stream.
const KEPT: usize = 32;

/// A kind of request of one stream: of one definition of a shape, whatever its handle.
pub(crate) type Source = (RequestKind, String);

#[derive(Debug, Default)]
pub(crate) struct History {
    by_source: HashMap<Source, Vec<Reply>>,
}

impl History {
    /// The response `back` before the next: 1 is the last one. The oldest kept where it goes back too far.
    pub(crate) fn earlier(&self, source: &Source, back: usize) -> Option<Reply> {
        let replies = self.by_source.get(source)?;
        replies.get(replies.len().saturating_sub(back.max(1)))?.copy()
    }

    fn add(&mut self, source: Source, reply: Reply) {
        let replies = self.by_source.entry(source).or_default();
        if replies.len() == KEPT {
            replies.remove(0);
        }
        replies.push(reply);
    }
}

/// Keeps a response; one that is still coming, when it has come to its end.
pub(crate) fn keep(app: &Arc<App>, source: Source, mut reply: Reply) -> Reply {
    if let Some(copy) = reply.copy() {
        app.lock().history.add(source, copy);
        return reply;
    }
    let copy = Reply { headers: reply.headers.clone(), ..Reply::new(reply.status, Content::Events(Vec::new())) };
    let (sender, receiver) = mpsc::channel(1);
    if let Content::Live(events) = std::mem::replace(&mut reply.body, Content::Live(receiver)) {
        tokio::spawn(keep_events(app.clone(), source, copy, events, sender));
    }
    reply
}

async fn keep_events(
    app: Arc<App>,
    source: Source,
    copy: Reply,
    mut events: mpsc::Receiver<Event>,
    sender: mpsc::Sender<Event>,
) {
    let mut messages = Vec::new();
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = sender.closed() => return,
        };
        let Some(event) = event else { break };
        if let Event::Message(message) = &event {
            messages.push(message.clone());
        }
        if sender.send(event).await.is_err() {
            return;
        }
    }
    app.lock().history.add(source, Reply { body: Content::Events(messages), ..copy });
}
