//! On this machine: panics are caught, and a program that waits for nothing is told at once.

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use futures::FutureExt;
use indexie::Storage;

/// How often a program is polled, at most. Those that end are polled some hundred times.
const MOST_POLLS: usize = 1_000_000;

thread_local! {
    /// Programs that broke: they may leave behind what the next one must not find.
    static BROKEN: Cell<usize> = const { Cell::new(0) };
}

/// Panics are caught, and know their seed.
pub fn mark(_: u64) {}

pub fn storages() -> [Storage; 1] {
    [Storage::Memory]
}

/// The database in which programs run.
pub fn name() -> String {
    format!("model {}", BROKEN.get())
}

/// Waits for a program, or tells what happened to it.
pub async fn watched(running: impl Future<Output = ()>) -> Result<(), String> {
    let mut running = pin!(AssertUnwindSafe(running).catch_unwind());
    // The memory has nobody to wait for: what is pending goes on when it is polled again, or never.
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..MOST_POLLS {
        match running.as_mut().poll(&mut context) {
            Poll::Ready(Ok(())) => return Ok(()),
            Poll::Ready(Err(panic)) => return Err(broken(message(&*panic))),
            Poll::Pending => {}
        }
    }
    Err(broken("it never answers".to_owned()))
}

fn broken(why: String) -> String {
    BROKEN.set(BROKEN.get() + 1);
    why
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panics".to_owned())
}
