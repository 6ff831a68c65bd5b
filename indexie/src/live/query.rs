//! `LiveQuery`: a query as a stream of its results.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use futures::stream::LocalBoxStream;
use futures::{FutureExt, Stream, StreamExt};

use super::changes::LiveChanges;
use super::difference::Given;
use super::rerun::{Differs, Rerun};
use super::rows::{Asked, Maintained};
use super::subscription::{Subscription, subscribe};
use crate::codec::Batch;
use crate::error::{Error, Result};
use crate::key::AnyKey;
use crate::op::Reads;
use crate::query::{Execution, Plan, Terminal};
use crate::store::Store;

type Make<R> = Rc<dyn Fn() -> LocalBoxStream<'static, Result<R>>>;

/// A query whose result is kept up to date: a stream of results, which does not end.
///
/// Made by `live()` on a query, a table or a read, and by [`live_query`]. It begins when it is first polled, opens the database if
/// need be, and gives the first result; after that it gives a result whenever that is another one, and of several changes in between
/// only the last. What it gives has been the state of the database. It sees what is written on this thread, in workers and
/// in other tabs.
///
/// Once an awaited write has returned, the next item shows it.
///
/// # Errors
///
/// An error is an item, and not the end: the query goes on as soon as something has changed that it has read, or the database has
/// been opened anew.
///
/// # Cancellation
///
/// Dropped, it is unsubscribed at once, and holds nothing any more. A clone is a query of its own that begins anew.
#[must_use = "streams do nothing unless polled"]
pub struct LiveQuery<R> {
    make: Make<R>,
    active: Option<LocalBoxStream<'static, Result<R>>>,
}

impl<R> Clone for LiveQuery<R> {
    fn clone(&self) -> Self {
        Self { make: self.make.clone(), active: None }
    }
}

impl<R> fmt::Debug for LiveQuery<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveQuery").field("active", &self.active.is_some()).finish_non_exhaustive()
    }
}

impl<R> Stream for LiveQuery<R> {
    type Item = Result<R>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<R>>> {
        #[cfg(not(target_family = "wasm"))]
        crate::tasks::attend(context.waker());
        let Self { make, active } = &mut *self;
        active.get_or_insert_with(|| make()).poll_next_unpin(context)
    }
}

impl<R: 'static> LiveQuery<R> {
    fn new(make: impl Fn() -> LocalBoxStream<'static, Result<R>> + 'static) -> Self {
        Self { make: Rc::new(make), active: None }
    }

    /// Calls `each` with the first result, and again whenever it is another one, for as long as the returned value lives.
    ///
    /// In a browser the callback runs in a task of its own. Elsewhere it runs while something of this crate is awaited on this
    /// thread, for which a single operation may not take long enough.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # fn render(rows: &[std::rc::Rc<User>]) {}
    /// # fn example(db: AppDb) -> indexie::Subscription {
    /// let adults = db.users.where_(|u| u.age).above(18).live();
    /// let subscription = adults.subscribe(|rows| match rows {
    ///     Ok(rows) => render(&rows),
    ///     Err(error) => eprintln!("{error}"),
    /// });
    /// # subscription }
    /// ```
    pub fn subscribe(&self, mut each: impl FnMut(Result<R>) + 'static) -> Subscription {
        let mut query = self.clone();
        subscribe(
            async move {
                while let Some(result) = query.next().await {
                    each(result);
                }
            }
            .boxed_local(),
        )
    }
}

/// Runs a function of reads, and runs it again whenever something that it has read has changed: several tables, other databases, and
/// whatever is computed between the reads.
///
/// What is read while the function's future is polled is noted, with the ranges and the rows that were looked at; a change elsewhere
/// does not run it. Reads in a task that it spawns are not noted. A result that has been overtaken by a change is not given, but for one
/// now and then where the changes never stop; it may be of reads between which something has changed, and is followed by another.
///
/// A result is kept, to be compared with the next one: that is what it has to be `Clone` for.
///
/// ```
/// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
/// # use {app::*, indexie::prelude::*};
/// # fn main() -> Result<()> { futures::executor::block_on(async {
/// use futures::StreamExt;
///
/// let db = AppDb::new();
/// let mut adults = live_query(clone!(db => async move || db.users.where_(|u| u.age).above(18).count().await));
/// assert_eq!(adults.next().await.transpose()?, Some(0));
/// db.users.add(&NewUser { email: "a@b.c".into(), name: "Ann".into(), age: 33, tags: vec![] }).await?;
/// assert_eq!(adults.next().await.transpose()?, Some(1));
/// # Ok(()) }) }
/// ```
///
/// # Errors
///
/// As items: what the function returns, and [`Error::ReadOnly`](crate::Error::ReadOnly) if it writes.
pub fn live_query<R, F>(f: F) -> LiveQuery<R>
where
    R: PartialEq + Clone + 'static,
    F: AsyncFn() -> Result<R> + 'static,
{
    let f = Rc::new(f);
    let run: Reads<R> = Rc::new(move || {
        let f = f.clone();
        async move { f().await }.boxed_local()
    });
    LiveQuery::new(move || {
        let mut before = None;
        rerun(run.clone(), Box::new(move |now: &R| before.replace(now.clone()).as_ref() != Some(now)))
    })
}

fn rerun<R: 'static>(run: Reads<R>, differs: Differs<R>) -> LocalBoxStream<'static, Result<R>> {
    let mut rerun = Rerun::new(run, differs);
    futures::stream::poll_fn(move |context| rerun.poll(context).map(Some)).boxed_local()
}

/// A read that is run again; `print` writes what of its result is compared.
pub(crate) fn reread<R: 'static>(run: Reads<R>, print: fn(&R, &mut Batch)) -> LiveQuery<R> {
    LiveQuery::new(move || {
        let mut before = None;
        let differs = move |now: &R| {
            let mut printed = Batch::default();
            print(now, &mut printed);
            let differs = before.as_ref() != Some(&printed);
            before = Some(printed);
            differs
        };
        rerun(run.clone(), Box::new(differs))
    })
}

/// The query whose result has what is wanted, and whether that is its last row.
fn asked(execution: &Execution, terminal: Terminal) -> (Execution, bool) {
    match terminal {
        Terminal::All => (execution.clone(), false),
        Terminal::First => (execution.with(|spec| spec.limit(1)), false),
        Terminal::Last => {
            let simple = matches!(execution.plan(), Ok(Plan::Native(_) | Plan::Filtered(_)));
            if simple && !execution.spec.is_windowed() {
                return (execution.with(|spec| (spec.reverse, spec.limit) = (!spec.reverse, Some(1))), false);
            }
            (execution.clone(), true)
        }
    }
}

/// Rows that are shared with the query: those that have not changed stay the same ones.
pub(crate) fn live_rows<T: Store>(execution: Execution) -> LiveQuery<Vec<Rc<T>>> {
    let typed = |rows: Rc<Given>| rows.iter().filter_map(|(_, row)| row.clone().downcast::<T>().ok()).collect();
    LiveQuery::new(move || {
        let mut maintained = Maintained::new(execution.clone(), Asked::Rows);
        futures::stream::poll_fn(move |context| maintained.poll_rows(context).map(|rows| Some(rows.map(typed))))
            .boxed_local()
    })
}

/// The same as steps from one result to the next.
pub(crate) fn live_changes<T: Store>(execution: Execution) -> LiveChanges<T> {
    LiveChanges::new(Maintained::new(execution, Asked::Rows))
}

/// Rows that the app owns; `shape` makes of them what is given.
pub(crate) fn maintained<R: 'static>(
    execution: Execution,
    terminal: Terminal,
    shape: fn(Vec<Box<dyn Any>>) -> R,
) -> LiveQuery<R> {
    LiveQuery::new(move || {
        let (asked, only_last) = asked(&execution, terminal);
        let (row_type, table) = (asked.row_type, asked.table());
        let mut maintained = Maintained::new(asked, Asked::Rows);
        // The last row that was given, or that there was none; absent before the first one, and after an error.
        let mut last: Option<Option<Rc<dyn Any>>> = None;
        let mut next = move |context: &mut Context<'_>| loop {
            let rows = match ready!(maintained.poll_rows(context)) {
                Ok(rows) => rows,
                Err(error) => {
                    last = None;
                    return Poll::Ready(Err(error));
                }
            };
            let wanted = &rows[if only_last { rows.len().saturating_sub(1) } else { 0 }..];
            if only_last {
                let now = wanted.first().map(|(_, row)| row.clone());
                let pointer = |row: &Option<Rc<dyn Any>>| row.as_ref().map(|row| Rc::as_ptr(row).cast::<()>());
                if last.as_ref().is_some_and(|before| pointer(before) == pointer(&now)) {
                    continue;
                }
                last = Some(now);
            }
            let copy = |(key, row): &(AnyKey, Rc<dyn Any>)| {
                row_type.copy(&**row).map_err(|error| Error::decode(table, Some(key.clone()), error))
            };
            return Poll::Ready(wanted.iter().map(copy).collect::<Result<_>>().map(shape));
        };
        futures::stream::poll_fn(move |context| next(context).map(Some)).boxed_local()
    })
}

/// How many rows there are; `shape` makes of that what is given.
pub(crate) fn live_count<R: 'static>(
    execution: Execution,
    shape: fn(usize) -> R,
    same: fn(&R, &R) -> bool,
) -> LiveQuery<R> {
    LiveQuery::new(move || {
        let mut maintained = Maintained::new(execution.clone(), Asked::Count);
        let mut before = None;
        let mut next = move |context: &mut Context<'_>| loop {
            let count = match ready!(maintained.poll_count(context)) {
                Ok(count) => count,
                Err(error) => {
                    before = None;
                    return Poll::Ready(Err(error));
                }
            };
            if before.replace(count).is_none_or(|before| !same(&shape(before), &shape(count))) {
                return Poll::Ready(Ok(shape(count)));
            }
        };
        futures::stream::poll_fn(move |context| next(context).map(Some)).boxed_local()
    })
}
