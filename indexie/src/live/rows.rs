//! `Maintained`: a query whose result is patched in memory when something is committed. It is read again only where that is not
//! enough: when a window has run out of rows, or when it is not known what has changed.
//! Called by `query` and `changes`; calls the executor, `tracking`, `place` and `window`.

use std::any::Any;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::difference::{Given, renewed};
use super::faults::{Fault, Faults};
use super::hub::{Hit, Interest, Looks, Member, Seen};
use super::place::{Standing, compare, standing};
use super::rerun::MOST_OVERTAKEN;
use super::tracking::Tracker;
use super::window::{Shown, Stale, Window};
use crate::codec::Batch;
use crate::engine::{Sight, above};
use crate::error::Result;
use crate::key::AnyKey;
use crate::key::range::{KeyRange, RangeSet};
use crate::order::SortedSet;
use crate::query::spec::Spec;
use crate::query::{Execution, Found, Plan};
use crate::schema::StoreSchema;
use crate::storage::{Image, RowChange};

/// How many rows may be moved in memory to make place for what a change brings; beyond that, reading again is sooner done.
const MOST_MOVES: usize = 1 << 24;

/// What is asked of the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Rows,
    Count,
}

/// The result, as it is kept.
enum State {
    Rows(Window),
    /// How many rows there are, without regard to offset and limit.
    Count(usize),
}

#[allow(clippy::struct_excessive_bools, reason = "they are independent of one another")]
pub(super) struct Maintained {
    execution: Execution,
    schema: StoreSchema,
    asked: Asked,
    shown: Shown,
    /// Whether a row alone tells whether it is in the result.
    patchable: bool,
    member: Rc<Member>,
    /// Keeps the store watched.
    tracker: Option<Rc<Tracker>>,
    interests: Vec<Interest>,
    reading: Option<(Rc<Tracker>, LocalBoxFuture<'static, Result<State>>)>,
    state: Option<State>,
    /// Reading has failed: nothing is done until something has happened.
    waits: bool,
    seen: Seen,
    over: f64,
    /// Whether something has been worked in since it was read.
    patched: bool,
    changed: bool,
    /// How many reads were overtaken by changes since a result was given.
    overtaken: u32,
    faults: Faults,
    rows: Option<Rc<Given>>,
    count: Option<usize>,
}

impl Maintained {
    pub fn new(execution: Execution, asked: Asked) -> Self {
        let Spec { offset, limit, ref until, .. } = *execution.spec;
        let patchable = until.is_none();
        let shown = match (patchable, limit) {
            (true, limit) => Shown { offset, limit: limit.unwrap_or(usize::MAX) },
            (false, _) => Shown { offset: 0, limit: usize::MAX },
        };
        Self {
            schema: execution.session.shared.schema(execution.store),
            execution,
            asked,
            shown,
            patchable,
            member: Member::new(),
            tracker: None,
            interests: Vec::new(),
            reading: None,
            state: None,
            waits: false,
            seen: Seen::default(),
            over: 0.0,
            patched: false,
            changed: false,
            overtaken: 0,
            faults: Faults::default(),
            rows: None,
            count: None,
        }
    }

    /// The rows that are shown, the next time that they are others.
    pub fn poll_rows(&mut self, context: &mut Context<'_>) -> Poll<Result<Rc<Given>>> {
        loop {
            match self.poll_changed(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Ready(Ok(())) => {}
            }
            let Some(State::Rows(window)) = &mut self.state else { return Poll::Pending };
            let Some(now) = window.shown(self.shown) else {
                self.read();
                continue;
            };
            let row_type = self.execution.row_type;
            let given = match &self.rows {
                None => Some(now.iter().map(|row| (row.primary_key.clone(), row.row.clone())).collect()),
                Some(before) => renewed(before, now, |a, b| is_same(row_type, a, b)),
            }
            .map(Rc::new);
            window.trim(self.shown);
            self.changed = false;
            let recovered = self.faults.overcome();
            if let Some(given) = given.or_else(|| self.rows.clone().filter(|_| recovered)) {
                self.rows = Some(given.clone());
                return Poll::Ready(Ok(given));
            }
        }
    }

    /// The rows that were shown before, those that have got their own keys meanwhile under these; none if there are none of that kind.
    pub fn renamed(&self, before: &Given, now: &Given) -> Option<Given> {
        let above = above(self.execution.session.shared.id)?;
        let store = self.execution.store;
        if !before.iter().any(|(key, _)| above.renamed(store, key).is_some()) {
            return None;
        }
        let now: SortedSet<&AnyKey> = now.iter().map(|(key, _)| key).collect();
        let key_now = |key: &AnyKey| above.renamed(store, key).filter(|key| now.contains(key));
        Some(before.iter().map(|(key, row)| (key_now(key).unwrap_or_else(|| key.clone()), row.clone())).collect())
    }

    /// How many rows are shown, the next time that it is another number.
    pub fn poll_count(&mut self, context: &mut Context<'_>) -> Poll<Result<usize>> {
        loop {
            match self.poll_changed(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Ready(Ok(())) => {}
            }
            let Some(State::Count(all)) = self.state else { return Poll::Pending };
            let count = all.saturating_sub(self.shown.offset).min(self.shown.limit);
            self.changed = false;
            let recovered = self.faults.overcome();
            if self.count.replace(count) != Some(count) || recovered {
                return Poll::Ready(Ok(count));
            }
        }
    }

    /// Ready when the state is that of the database, and may be another one than before.
    fn poll_changed(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        loop {
            if let Some((tracker, reading)) = &mut self.reading {
                let Poll::Ready(result) = tracker.poll(reading.as_mut(), context) else { return Poll::Pending };
                let told = self.has_read(result);
                let is_due = self.changed && self.state.is_some() && self.overtaken > MOST_OVERTAKEN;
                if told.is_err() || is_due {
                    self.overtaken = 0;
                    return Poll::Ready(told);
                }
                continue;
            }
            if self.state.is_none() && !self.waits {
                self.read();
                continue;
            }
            if let Some(tracker) = &self.tracker {
                tracker.turn(context);
            }
            let mail = self.member.mail(context.waker());
            if mail.refresh || mail.hits.iter().try_for_each(|hit| self.apply(hit)).is_err() {
                self.overtaken += 1;
                self.read();
                continue;
            }
            if !self.changed || self.state.is_none() {
                return Poll::Pending;
            }
            self.overtaken = 0;
            return Poll::Ready(Ok(()));
        }
    }

    /// Reads the result again.
    fn read(&mut self) {
        let execution = self.execution.clone();
        let (asked, patchable, shown) = (self.asked, self.patchable, self.shown);
        let reading = async move {
            match (asked, patchable) {
                (Asked::Count, true) => {
                    let all = execution.with(|spec| (spec.offset, spec.limit) = (0, None));
                    all.count().await.map(State::Count)
                }
                (Asked::Count, false) => execution.count().await.map(State::Count),
                (Asked::Rows, _) => window(&execution, patchable, shown).await.map(State::Rows),
            }
        };
        self.waits = false;
        self.member.forget();
        self.reading = Some((Tracker::new(&self.member), reading.boxed_local()));
    }

    /// An error is one that is to be told.
    fn has_read(&mut self, result: Result<State>) -> Result<()> {
        let Some((tracker, _)) = self.reading.take() else { return Ok(()) };
        (self.seen, self.over) = (tracker.seen(), crate::Date::now().as_f64());
        self.patched = false;
        if self.interests.is_empty() {
            self.interests = self.all_interests(&tracker);
        }
        tracker.rests();
        self.tracker = Some(tracker);
        self.state = None;
        match result {
            Ok(state) => {
                self.state = Some(state);
                self.changed = true;
            }
            Err(error) => {
                let given = self.rows.is_some() || self.count.is_some();
                match self.faults.meet(&error, given) {
                    Fault::Again => self.read(),
                    Fault::Wait => self.waits = true,
                    Fault::Tell => {
                        self.waits = true;
                        return Err(error);
                    }
                }
            }
        }
        Ok(())
    }

    /// The ranges in which the query looks for rows.
    fn all_interests(&self, tracker: &Tracker) -> Vec<Interest> {
        let Some(hub) = tracker.hub() else { return Vec::new() };
        let database = self.execution.session.shared.id;
        let interest = |entry: u16, ranges: Vec<KeyRange>| {
            hub.interest(database, &self.member, self.execution.table(), self.schema, entry, ranges)
        };
        let spec = &self.execution.spec;
        if spec.branches.is_empty() {
            return vec![interest(spec.order_column().entry, vec![KeyRange::all()])];
        }
        let of_branch = |ranges: &RangeSet| ranges.ranges().to_vec();
        let branches = spec.branches.iter();
        branches
            .map(|branch| interest(branch.column.entry, branch.ranges.as_ref().map(of_branch).unwrap_or_default()))
            .collect()
    }

    /// Patches the state with what has been committed.
    fn apply(&mut self, hit: &Hit) -> Result<(), Stale> {
        let Some(state) = &mut self.state else { return Err(Stale) };
        let sight = self.execution.session.sight;
        // What one overlay sees is read again: what lies beneath it and what is its own do not come in one order.
        let in_overlay = matches!(sight, Sight::Overlay(_));
        match hit.commit.order.follows(self.seen, self.over) {
            // It is told of other tables that are watched for it.
            _ if hit.store().store != self.execution.table() => return Ok(()),
            _ if !hit.concerns(self.execution.session.shared.id, Looks::At(sight)) => return Ok(()),
            // It has come after something that was worked in, and was read before that: commits and overlays have overtaken one
            // another.
            Some(false) if self.patched => return Err(Stale),
            Some(false) => return Ok(()),
            Some(true) if hit.in_order && hit.store().whole && self.patchable && !in_overlay => {}
            _ => return Err(Stale),
        }
        if let State::Rows(window) = state
            && hit.rows.len().saturating_mul(window.rows.len()) > MOST_MOVES
        {
            return Err(Stale);
        }
        self.patched = true;
        let Self { execution, schema, changed, .. } = self;
        let spec = &execution.spec;
        let side = |change: &RowChange, image: Option<&Image>| -> Result<Option<Standing>, Stale> {
            let Some(image) = image else { return Ok(None) };
            // One that is no row of this type, reading again names.
            let row = image.row(execution.row_type.decode).map_err(|_| Stale)?;
            Ok(standing(spec, schema, change, image, row))
        };
        for change in hit.rows().ok_or(Stale)? {
            let (old, new) = (side(change, change.old.as_ref())?, side(change, change.new.as_ref())?);
            if old.is_none() && new.is_none() {
                continue;
            }
            *changed = true;
            match state {
                State::Rows(window) => window.replace(old.as_ref(), new, |a, b| compare(spec, a, b))?,
                State::Count(count) => {
                    *count =
                        (*count + usize::from(new.is_some())).checked_sub(usize::from(old.is_some())).ok_or(Stale)?;
                }
            }
        }
        Ok(())
    }
}

/// Whether two rows are stored as the same.
fn is_same(row_type: crate::engine::RowType, a: &dyn Any, b: &dyn Any) -> bool {
    let encoded = |row| {
        let mut batch = Batch::default();
        row_type.encode(row, &mut batch).ok().map(|()| batch)
    };
    encoded(a).is_some_and(|a| encoded(b).as_ref() == Some(&a))
}

/// Reads what is shown, with some rows around it where the rest need not be known.
async fn window(execution: &Execution, patchable: bool, shown: Shown) -> Result<Window> {
    let standing = |found: Found| Standing { key: found.key, primary_key: found.primary_key, row: Rc::from(found.row) };
    let held = |found: Vec<Found>| found.into_iter().map(standing).collect::<Vec<_>>();
    if !patchable {
        return Ok(Window { rows: held(execution.found().await?), before: 0, more: false, in_parts: false });
    }
    let in_parts = matches!(execution.plan()?, Plan::Native(_) | Plan::Filtered(_));
    if in_parts && shown.limit < usize::MAX {
        let margin = shown.margin();
        let before = shown.offset.saturating_sub(margin);
        let limit = (shown.offset - before).saturating_add(shown.limit).saturating_add(margin);
        let part = execution.with(|spec| (spec.offset, spec.limit) = (before, Some(limit)));
        let rows = held(part.found().await?);
        // Where there is none, it is not known how many there are before it.
        if before == 0 || !rows.is_empty() {
            let more = rows.len() == limit;
            return Ok(Window { rows, before, more, in_parts });
        }
        let limit = before.saturating_add(limit);
        let rows = held(execution.with(|spec| (spec.offset, spec.limit) = (0, Some(limit))).found().await?);
        let more = rows.len() == limit;
        return Ok(Window { rows, before: 0, more, in_parts });
    }
    let all = execution.with(|spec| (spec.offset, spec.limit) = (0, None));
    Ok(Window { rows: held(all.found().await?), before: 0, more: false, in_parts: false })
}
