//! Earlier responses, kept to be served again as a cache would. `http` adds to it; the fault `replay` reads it.

use std::collections::HashMap;

use crate::http::reply::Reply;

/// How many responses are kept per stream.
const KEPT: usize = 32;

#[derive(Debug, Default)]
pub(crate) struct History {
    by_stream: HashMap<String, Vec<Reply>>,
}

impl History {
    /// Keeps a response of a stream: of one definition of a shape, whatever its handle.
    pub(crate) fn add(&mut self, stream: &str, reply: &Reply) {
        let Some(copy) = reply.copy() else { return };
        let replies = self.by_stream.entry(stream.to_owned()).or_default();
        if replies.len() == KEPT {
            replies.remove(0);
        }
        replies.push(copy);
    }

    /// The response `back` before the next: 1 is the last one. The oldest kept where it goes back too far.
    pub(crate) fn earlier(&self, stream: &str, back: usize) -> Option<Reply> {
        let replies = self.by_stream.get(stream)?;
        replies.get(replies.len().saturating_sub(back.max(1)))?.copy()
    }
}
