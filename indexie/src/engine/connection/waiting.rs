//! Waiting for a connection that is being opened, together with all others who need it.

use std::future::Future;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

use futures::channel::oneshot;
use futures::future::FutureExt;

use super::{Phase, State, hang_up};
use crate::error::{Error, Result};

/// Resolves when the connection is open, or is not to be. When the last one has gone who has waited for it, it is given up:
/// an upgrade that nobody carries on would keep other threads waiting.
pub(super) struct Waiting {
    state: Weak<State>,
    answer: oneshot::Receiver<Result<u32>>,
    closed: Error,
}

impl Waiting {
    /// The answer is to be sent through the state.
    pub fn new(state: &Rc<State>, closed: Error) -> Self {
        let (answer, receiver) = oneshot::channel();
        drop(state.answer.replace(Some(answer)));
        Self { state: Rc::downgrade(state), answer: receiver, closed }
    }
}

impl Future for Waiting {
    type Output = Result<u32>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(answer) = self.answer.poll_unpin(context) {
            return Poll::Ready(answer.unwrap_or_else(|_| Err(self.closed.clone())));
        }
        if let Some(state) = self.state.upgrade() {
            let connection = state.opening();
            state.backend.turn(context.waker(), connection);
            if state.opening() != connection {
                // Another one has been asked for in its place, and nobody is watching that yet.
                context.waker().wake_by_ref();
            }
        }
        Poll::Pending
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let Some(state) = self.state.upgrade() else { return };
        let unanswered = |answer: &mut oneshot::Sender<_>| answer.is_connected_to(&self.answer);
        let answer = state.answer.borrow_mut().take_if(unanswered);
        if answer.is_some() {
            hang_up(&state, Phase::Idle);
        }
    }
}
