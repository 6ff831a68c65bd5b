//! Reading a large result piece by piece: never more than a chunk of rows in memory.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures::Stream;
use futures::StreamExt;
use futures::stream::LocalBoxStream;

use super::execute::Found;
use super::plan::Plan;
use super::read::owned;
use super::rest::Rest;
use super::{Execution, Query};
use crate::error::Result;
use crate::op::Op;
use crate::storage::Want;
use crate::store::Store;
use crate::table::Access;

/// The rows of a query, one after the other; see [`Query::stream`].
#[must_use = "streams do nothing unless polled"]
pub struct RowStream<T>(LocalBoxStream<'static, Result<T>>);

impl<T> Stream for RowStream<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        self.0.poll_next_unpin(context)
    }
}

impl<T: 'static> RowStream<T> {
    pub(crate) fn new(execution: Execution) -> Self {
        let state = (Chunks::new(execution), VecDeque::new());
        let rows = futures::stream::try_unfold(state, |(mut chunks, mut ready): (Chunks, VecDeque<T>)| async move {
            loop {
                if let Some(row) = ready.pop_front() {
                    return Ok(Some((row, (chunks, ready))));
                }
                match chunks.next().await? {
                    Some(found) => ready.extend(owned::<T>(found)),
                    None => return Ok(None),
                }
            }
        });
        Self(rows.boxed_local())
    }
}

impl<T> fmt::Debug for RowStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RowStream")
    }
}

/// A query on its way through its rows.
pub(crate) struct Chunks {
    execution: Rc<Execution>,
    plan: Option<Plan>,
    rest: Rest,
}

impl Chunks {
    pub fn new(execution: Execution) -> Self {
        Self { rest: Rest::new(&execution), execution: Rc::new(execution), plan: None }
    }

    /// The next rows; none at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<Found>>> {
        if self.plan.is_none() {
            let plan = self.execution.plan()?;
            if !matches!(plan, Plan::Native(_) | Plan::Filtered(_)) {
                // Ordered in memory: there is no reading it in pieces.
                self.plan = Some(Plan::Gather(Vec::new()));
                return self.execution.found().await.map(Some);
            }
            self.plan = Some(plan);
        }
        match &self.plan {
            Some(Plan::Native(walk) | Plan::Filtered(walk)) => self.rest.next(&self.execution, walk).await,
            _ => Ok(None),
        }
    }
}

impl Execution {
    pub async fn for_each_chunk<T, F, O>(self, mut body: F) -> Result<()>
    where
        T: 'static,
        F: AsyncFnMut(Vec<T>) -> O + 'static,
        O: super::EachOutput,
    {
        let mut chunks = Chunks::new(self);
        while let Some(found) = chunks.next().await? {
            let rows = owned::<T>(found);
            if !rows.is_empty() {
                body(rows).await.into_result()?;
            }
        }
        Ok(())
    }

    pub async fn each<T, F, O>(self, mut body: F) -> Result<()>
    where
        T: 'static,
        F: AsyncFnMut(T) -> O + 'static,
        O: super::EachOutput,
    {
        let mut chunks = Chunks::new(self);
        while let Some(found) = chunks.next().await? {
            for row in owned::<T>(found) {
                body(row).await.into_result()?;
            }
        }
        Ok(())
    }

    /// The rows with the keys by which they were found.
    pub async fn found(&self) -> Result<Vec<Found>> {
        match self.plan()? {
            Plan::Native(walk) => {
                let columns = self.scan(&walk, self.native_scan(&walk, walk.with_keys())).await?;
                let in_order = |found: Found| Found { key: self.ordering_key(&walk, found.key), ..found };
                let found = self.decode(&columns, &Self::collector())?.0;
                if found.len() < columns.count {
                    // Some records have no row that could be given, and may have used up the limit.
                    return self.filtered(&walk).await;
                }
                Ok(found.into_iter().map(in_order).collect())
            }
            Plan::Filtered(walk) => self.filtered(&walk).await,
            _ => match self.rows(Want::ALL).await? {
                super::execute::Rows::Found(found) => Ok(found),
                super::execute::Rows::Encoded(_) => Ok(Vec::new()),
            },
        }
    }
}

impl<T: Store, A: Access> Query<T, A> {
    /// The rows one after the other, read in chunks: what is in memory at one time does not grow with the result.
    ///
    /// Each chunk is read in a transaction of its own, so whatever is awaited between two rows may take its time; rows that
    /// are added, moved or removed meanwhile may or may not be seen. A query that is ordered in memory (`or`,
    /// `sort_by_key`, `order_by` on another index than the clause's) is gathered first.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # async fn example(db: AppDb) -> Result<()> {
    /// use futures::TryStreamExt;
    ///
    /// let mut rows = db.users.where_(|u| u.age).above(18).stream();
    /// while let Some(user) = rows.try_next().await? {
    ///     println!("{}", user.name);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn stream(&self) -> RowStream<T> {
        RowStream::new(self.execution())
    }

    /// Calls `body` with a chunk of rows at a time, in order. An `Err` stops it and is returned.
    pub fn for_each_chunk<F, O>(&self, body: F) -> Op<()>
    where
        F: AsyncFnMut(Vec<T>) -> O + 'static,
        O: super::EachOutput,
    {
        Op::new(self.execution().for_each_chunk(body))
    }
}
