//! Sends a body as the faults met let it: split, cut, stalled or late. `http` hands every body to [`send`].

use std::convert::Infallible;
use std::task::Context;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use tokio::sync::mpsc;

use super::{FaultKind, Spot};
use crate::connection::Busy;

/// What a body is made of: whole frames, in order.
#[derive(Debug)]
pub(crate) enum Frames {
    Ready(Vec<Bytes>),
    Coming(mpsc::Receiver<Bytes>),
}

/// Long enough for what was sent to leave before the connection is dropped.
const PARTING: Duration = Duration::from_millis(30);

/// How the bytes go out.
#[derive(Debug, Default)]
struct Plan {
    split: Option<(usize, Duration)>,
    stop: Option<(Spot, bool)>,
    truncate: Option<usize>,
}

impl Plan {
    fn of(faults: &[FaultKind]) -> Self {
        let mut plan = Self::default();
        for fault in faults {
            match fault {
                FaultKind::Split { bytes, pause_ms } => {
                    plan.split = Some(((*bytes).max(1), Duration::from_millis(*pause_ms)));
                }
                FaultKind::Cut { at } => plan.stop = Some((*at, true)),
                FaultKind::Stall { at } => plan.stop = Some((*at, false)),
                FaultKind::Truncate { bytes } => plan.truncate = Some(*bytes),
                _ => {}
            }
        }
        plan
    }
}

/// The body of the response.
pub(crate) fn send(frames: Frames, faults: &[FaultKind], connection: Busy) -> Body {
    let plan = Plan::of(faults);
    let harmless = plan.split.is_none() && plan.stop.is_none() && plan.truncate.is_none();
    match frames {
        Frames::Ready(frames) if harmless => Body::from_stream(stream::iter(frames).map(holding(connection))),
        Frames::Coming(frames) if harmless => received(frames, connection),
        frames => {
            let (sender, receiver) = mpsc::channel(1);
            tokio::spawn(spoil(frames, plan, sender, connection));
            received(receiver, Busy::default())
        }
    }
}

/// Frames that come, and the connection held until the last has.
fn received(mut frames: mpsc::Receiver<Bytes>, connection: Busy) -> Body {
    let next = move |context: &mut Context<'_>| frames.poll_recv(context);
    Body::from_stream(stream::poll_fn(next).map(holding(connection)))
}

/// Lets frames pass; as long as there may be another, the connection is busy.
fn holding(connection: Busy) -> impl FnMut(Bytes) -> Result<Bytes, Infallible> {
    move |frame| {
        let _ = &connection;
        Ok(frame)
    }
}

async fn spoil(mut frames: Frames, plan: Plan, sender: mpsc::Sender<Bytes>, connection: Busy) {
    let (mut sent, mut count) = (0, 0);
    let mut ready = match &mut frames {
        Frames::Ready(frames) => std::mem::take(frames),
        Frames::Coming(_) => Vec::new(),
    }
    .into_iter();
    loop {
        let next = match &mut frames {
            Frames::Ready(_) => ready.next(),
            Frames::Coming(frames) => tokio::select! {
                frame = frames.recv() => frame,
                () = sender.closed() => None,
            },
        };
        let Some(frame) = next else { break };
        let stop = plan.stop.and_then(|(spot, kills)| Some((stop_in(spot, &frame, sent, count)?, kills)));
        let truncated = plan.truncate.map(|limit| limit.saturating_sub(sent)).filter(|left| *left < frame.len());
        let end = stop.map(|(at, _)| at).or(truncated).unwrap_or(frame.len());
        if pieces(frame.slice(..end), &plan, &sender).await.is_none() {
            return;
        }
        if let Some((_, kills)) = stop {
            return part(kills, &sender, &connection).await;
        }
        if truncated.is_some() {
            return;
        }
        sent += frame.len();
        count += 1;
    }
    // Shorter than the place where it should have stopped: it stops at its end.
    if let Some((_, kills)) = plan.stop {
        part(kills, &sender, &connection).await;
    }
}

/// Where in this frame the body stops, if it does.
fn stop_in(spot: Spot, frame: &Bytes, sent: usize, count: usize) -> Option<usize> {
    match spot {
        Spot::Byte(byte) => byte.checked_sub(sent).filter(|at| *at < frame.len()),
        Spot::Frame(number) => (number == count).then_some(frame.len() / 2),
        Spot::Between(number) => (number == count).then_some(0),
        Spot::Character => frame.iter().position(|byte| !byte.is_ascii()).map(|at| at + 1),
    }
}

async fn pieces(frame: Bytes, plan: &Plan, sender: &mpsc::Sender<Bytes>) -> Option<()> {
    let Some((length, pause)) = plan.split else {
        return if frame.is_empty() { Some(()) } else { sender.send(frame).await.ok() };
    };
    let mut at = 0;
    while at < frame.len() {
        let end = frame.len().min(at + length);
        sender.send(frame.slice(at..end)).await.ok()?;
        tokio::time::sleep(pause).await;
        at = end;
    }
    Some(())
}

async fn part(kills: bool, sender: &mpsc::Sender<Bytes>, connection: &Busy) {
    if kills {
        tokio::time::sleep(PARTING).await;
        connection.drop_connection();
    }
    sender.closed().await;
}
