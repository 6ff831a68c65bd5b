//! `Rerun`: a live query of anything: the app's own function, run again whenever something that it has read has changed.
//! Called by `query`; calls `tracking`.

use std::rc::Rc;
use std::task::{Context, Poll};

use futures::future::LocalBoxFuture;

use super::faults::{Fault, Faults};
use super::hub::{Interest, Member};
use super::tracking::Tracker;
use crate::error::Result;
use crate::op::Reads;

/// So many reads in a row may be overtaken by changes; the result of the next one is given all the same, for there may be no end to them.
pub(super) const MOST_OVERTAKEN: u32 = 16;

/// Whether a result differs from the one before, which it has been told of in the same way.
pub(super) type Differs<R> = Box<dyn FnMut(&R) -> bool>;

pub(super) struct Rerun<R> {
    run: Reads<R>,
    differs: Differs<R>,
    member: Rc<Member>,
    /// What the last run has read.
    tracker: Option<Rc<Tracker>>,
    interests: Vec<Interest>,
    running: Option<(Rc<Tracker>, LocalBoxFuture<'static, Result<R>>)>,
    /// How many runs were overtaken since a result was given.
    overtaken: u32,
    given: bool,
    faults: Faults,
}

impl<R> Rerun<R> {
    pub fn new(run: Reads<R>, differs: Differs<R>) -> Self {
        Self {
            run,
            differs,
            member: Member::new(),
            tracker: None,
            interests: Vec::new(),
            running: None,
            overtaken: 0,
            given: false,
            faults: Faults::default(),
        }
    }

    /// The next result that differs from the one before.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<R>> {
        loop {
            if let Some((tracker, run)) = &mut self.running {
                let Poll::Ready(result) = tracker.poll(run.as_mut(), context) else { return Poll::Pending };
                if let Some(told) = self.has_run(result, context) {
                    return Poll::Ready(told);
                }
                continue;
            }
            let Some(tracker) = self.tracker.clone().filter(|_| self.overtaken == 0) else {
                self.start();
                continue;
            };
            tracker.turn(context);
            let mail = self.member.mail(context.waker());
            if !mail.refresh && !mail.hits.iter().any(|hit| tracker.is_hit(hit)) {
                return Poll::Pending;
            }
            self.start();
        }
    }

    fn start(&mut self) {
        self.interests.clear();
        self.member.forget();
        self.running = Some((Tracker::new(&self.member), (self.run)()));
    }

    /// Returns what is to be told.
    fn has_run(&mut self, result: Result<R>, context: &Context<'_>) -> Option<Result<R>> {
        let (tracker, run) = self.running.take()?;
        drop(run);
        let mail = self.member.mail(context.waker());
        self.interests = tracker.interests();
        let overtaken = tracker.ends(&mail.hits) || mail.refresh;
        self.tracker = Some(tracker);
        self.overtaken = if overtaken { self.overtaken + 1 } else { 0 };
        if overtaken && (result.is_err() || self.overtaken <= MOST_OVERTAKEN) {
            // What it has read is not what is stored any more, or was not all stored at one time.
            return None;
        }
        match result {
            Ok(result) => {
                self.overtaken = u32::from(overtaken);
                let differs = (self.differs)(&result);
                let recovered = self.faults.overcome();
                let first = !std::mem::replace(&mut self.given, true);
                (differs || recovered || first).then_some(Ok(result))
            }
            Err(error) => match self.faults.meet(&error, self.given) {
                Fault::Again => {
                    self.start();
                    None
                }
                Fault::Wait => None,
                Fault::Tell => Some(Err(error)),
            },
        }
    }
}
