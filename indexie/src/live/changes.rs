//! Keyed differences: what has changed from one result of a live query to the next.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures::Stream;

use super::difference::{Given, steps};
use super::rows::Maintained;
use crate::error::Result;
use crate::key::{AnyKey, Key};
use crate::store::Store;

/// One step from a result to the next, before its type is known.
#[derive(Clone)]
pub(super) enum Step {
    Removed { at: usize, key: AnyKey },
    Moved { from: usize, to: usize, key: AnyKey },
    Inserted { at: usize, key: AnyKey, row: Rc<dyn Any> },
    Updated { at: usize, key: AnyKey, row: Rc<dyn Any> },
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Removed { at, key } => write!(f, "removed {key} at {at}"),
            Self::Moved { from, to, key } => write!(f, "moved {key} from {from} to {to}"),
            Self::Inserted { at, key, .. } => write!(f, "inserted {key} at {at}"),
            Self::Updated { at, key, .. } => write!(f, "updated {key} at {at}"),
        }
    }
}

impl Step {
    #[cfg(test)]
    pub fn apply(self, list: &mut Given) {
        match self {
            Self::Removed { at, .. } => {
                list.remove(at);
            }
            Self::Moved { from, to, .. } => {
                let row = list.remove(from);
                list.insert(to, row);
            }
            Self::Inserted { at, key, row } => list.insert(at, (key, row)),
            Self::Updated { at, row, .. } => list[at].1 = row,
        }
    }

    fn typed<T: Store>(self) -> Option<Change<T::Key, T>> {
        let typed = |row: Rc<dyn Any>| row.downcast::<T>().ok();
        Some(match self {
            Self::Removed { at, key } => Change::Removed { at, key: T::Key::from_any(&key)? },
            Self::Moved { from, to, key } => Change::Moved { from, to, key: T::Key::from_any(&key)? },
            Self::Inserted { at, key, row } => Change::Inserted { at, key: T::Key::from_any(&key)?, row: typed(row)? },
            Self::Updated { at, key, row } => Change::Updated { at, key: T::Key::from_any(&key)?, row: typed(row)? },
        })
    }
}

/// One step from a result to the next. Positions are those in the list as the steps before it have left it.
#[derive(Debug, PartialEq)]
pub enum Change<K, T> {
    /// The row at this position has gone.
    Removed {
        /// Where it was.
        at: usize,
        /// Its primary key.
        key: K,
    },
    /// A row is at another position: taken out at `from`, and put in at `to`.
    Moved {
        /// Where it was.
        from: usize,
        /// Where it is, with itself taken out.
        to: usize,
        /// Its primary key.
        key: K,
    },
    /// There is a new row at this position.
    Inserted {
        /// Where it is.
        at: usize,
        /// Its primary key.
        key: K,
        /// The row.
        row: Rc<T>,
    },
    /// The row at this position is another one with the same primary key, or it is the same row, which was pending under a
    /// temporary key and has got its own.
    Updated {
        /// Where it is.
        at: usize,
        /// Its primary key.
        key: K,
        /// The row as it is now.
        row: Rc<T>,
    },
}

impl<K: Clone, T> Clone for Change<K, T> {
    fn clone(&self) -> Self {
        match self {
            Self::Removed { at, key } => Self::Removed { at: *at, key: key.clone() },
            Self::Moved { from, to, key } => Self::Moved { from: *from, to: *to, key: key.clone() },
            Self::Inserted { at, key, row } => Self::Inserted { at: *at, key: key.clone(), row: row.clone() },
            Self::Updated { at, key, row } => Self::Updated { at: *at, key: key.clone(), row: row.clone() },
        }
    }
}

/// The steps from one result of a live query to the next, in order: first what has gone, then what has moved, then what is new or
/// different.
///
/// The first item of a stream leads from an empty list to the first result.
pub struct Changes<T: Store> {
    /// The steps.
    pub steps: Vec<Change<T::Key, T>>,
}

impl<T: Store> Clone for Changes<T> {
    fn clone(&self) -> Self {
        Self { steps: self.steps.clone() }
    }
}

impl<T: Store> fmt::Debug for Changes<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").field("steps", &self.steps.len()).finish()
    }
}

impl<T: Store> Changes<T> {
    /// Makes the next result of the one before. A list that is not that one is changed as far as the steps fit it.
    pub fn apply(&self, rows: &mut Vec<Rc<T>>) {
        for step in &self.steps {
            match step {
                Change::Removed { at, .. } if *at < rows.len() => {
                    rows.remove(*at);
                }
                Change::Moved { from, to, .. } if *from < rows.len() => {
                    let row = rows.remove(*from);
                    rows.insert((*to).min(rows.len()), row);
                }
                Change::Inserted { at, row, .. } => rows.insert((*at).min(rows.len()), row.clone()),
                Change::Updated { at, row, .. } if *at < rows.len() => rows[*at] = row.clone(),
                Change::Removed { .. } | Change::Moved { .. } | Change::Updated { .. } => {}
            }
        }
    }
}

/// The changes of a query's result, one item for each time it changes; see [`Query::live_changes`](crate::Query::live_changes).
#[must_use = "streams do nothing unless polled"]
pub struct LiveChanges<T: Store> {
    maintained: Maintained,
    before: Rc<Given>,
    of: PhantomData<fn() -> T>,
}

impl<T: Store> fmt::Debug for LiveChanges<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LiveChanges")
    }
}

impl<T: Store> LiveChanges<T> {
    pub(super) fn new(maintained: Maintained) -> Self {
        Self { maintained, before: Rc::default(), of: PhantomData }
    }
}

impl<T: Store> Stream for LiveChanges<T> {
    type Item = Result<Changes<T>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        #[cfg(not(target_family = "wasm"))]
        crate::tasks::attend(context.waker());
        let this = &mut *self;
        match this.maintained.poll_rows(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Some(Err(error))),
            Poll::Ready(Ok(now)) => {
                let before = this.maintained.renamed(&this.before, &now);
                let steps = steps(before.as_ref().unwrap_or(&this.before), &now)
                    .into_iter()
                    .filter_map(Step::typed::<T>)
                    .collect();
                this.before = now;
                Poll::Ready(Some(Ok(Changes { steps })))
            }
        }
    }
}
