//! What is asked of the browser before what was asked before it is done, so that it is never without work.
//! Called by imports and by changes of many rows; calls nothing.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use futures::future::{FutureExt, LocalBoxFuture, MaybeDone, maybe_done};

use crate::error::Result;

/// An operation that has been asked for, and is not waited for yet.
pub(super) struct Started<R>(Pin<Box<MaybeDone<LocalBoxFuture<'static, Result<R>>>>>);

impl<R> Started<R> {
    pub async fn new(operation: LocalBoxFuture<'static, Result<R>>) -> Self {
        let mut operation = Box::pin(maybe_done(operation));
        poll_fn(|context| Poll::Ready(operation.poll_unpin(context).is_ready())).await;
        Self(operation)
    }

    /// What it has come to; nothing where that has been asked for before.
    pub async fn end(mut self) -> Result<Option<R>> {
        self.0.as_mut().await;
        self.0.as_mut().take_output().transpose()
    }
}

/// Operations of which each is asked for before the one ahead of it is done.
pub(super) struct OneAhead<R>(Option<Started<R>>);

impl<R> Default for OneAhead<R> {
    fn default() -> Self {
        Self(None)
    }
}

impl<R> OneAhead<R> {
    /// Asks for the next one; answers what the one ahead of it has come to.
    pub async fn next(&mut self, operation: LocalBoxFuture<'static, Result<R>>) -> Result<Option<R>> {
        let next = Started::new(operation).await;
        let ahead = self.0.replace(next);
        Self(ahead).last().await
    }

    /// What the last one has come to.
    pub async fn last(self) -> Result<Option<R>> {
        match self.0 {
            Some(last) => last.end().await,
            None => Ok(None),
        }
    }
}
