//! The futures that operations return.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures::future::{FutureExt, LocalBoxFuture};

use crate::codec::Batch;
use crate::error::{Error, Result};
use crate::key::AnyKey;
#[cfg(feature = "live")]
use crate::live::{self, LiveQuery};
use crate::query::{Execution, Terminal};
use crate::table::Target;

/// A write, or another operation that is done once: a future that owns all it needs.
///
/// Rows are encoded when the method is called, so the row may change or go before the future is awaited. Nothing
/// is stored until then.
///
/// # Cancellation
///
/// Dropped before its first poll, it does nothing. Dropped later, a write of its own may still be committed, as a
/// whole or not at all; an operation of several steps (`update`, `modify`) is rolled back.
#[must_use = "an operation does nothing unless it is awaited"]
pub struct Op<R>(LocalBoxFuture<'static, Result<R>>);

impl<R> Op<R> {
    pub(crate) fn new(future: impl Future<Output = Result<R>> + 'static) -> Self {
        Self(Box::pin(future))
    }
}

impl<R> Future for Op<R> {
    type Output = Result<R>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<R>> {
        self.0.as_mut().poll(context)
    }
}

impl<R> fmt::Debug for Op<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Op")
    }
}

/// A read: a future of its result, or, with [`live`](Self::live), a live query of it.
///
/// # Cancellation
///
/// Dropped, the result is thrown away unread.
#[must_use = "an operation does nothing unless it is awaited"]
pub struct Fetch<R> {
    read: Reads<R>,
    reading: Option<LocalBoxFuture<'static, Result<R>>>,
    kept: Kept<R>,
}

/// A read whose result gets its type when it comes: of that, as little as can be is in a program once for each type.
pub(crate) struct Typed<U, R> {
    read: LocalBoxFuture<'static, Result<U>>,
    typed: fn(U) -> Result<R>,
}

impl<U, R> Typed<U, R> {
    pub fn new(read: LocalBoxFuture<'static, Result<U>>, typed: fn(U) -> Result<R>) -> Self {
        Self { read, typed }
    }
}

impl<U, R> Future for Typed<U, R> {
    type Output = Result<R>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<R>> {
        let typed = self.typed;
        self.read.as_mut().poll(context).map(|result| result.and_then(typed))
    }
}

/// Begins a read, as often as it is called.
pub(crate) type Reads<R> = Rc<dyn Fn() -> LocalBoxFuture<'static, Result<R>>>;

/// How the result of a read is kept up to date. Small functions only: what makes a live query of them is in no program that has
/// none.
pub(crate) enum Kept<R> {
    /// By patching the rows of a query.
    Rows {
        execution: Execution,
        terminal: Terminal,
        shape: fn(Vec<Box<dyn Any>>) -> R,
    },
    /// By patching the one row with a key.
    Row {
        target: Target,
        index: Option<u16>,
        key: AnyKey,
        shape: fn(Vec<Box<dyn Any>>) -> R,
    },
    Count {
        execution: Execution,
        shape: fn(usize) -> R,
        same: fn(&R, &R) -> bool,
    },
    /// By reading it again; what is printed is compared.
    Again {
        print: fn(&R, &mut Batch),
    },
}

impl<R: 'static> Fetch<R> {
    pub(crate) fn new<F: Future<Output = Result<R>> + 'static>(kept: Kept<R>, read: impl Fn() -> F + 'static) -> Self {
        Self { read: Rc::new(move || read().boxed_local()), reading: None, kept }
    }

    /// A read of an upgrade, which is over before anything could change.
    pub(crate) fn once(future: impl Future<Output = Result<R>> + 'static) -> Self {
        let not_again = || Error::Unsupported { what: "a read of an upgrade cannot be kept up to date".to_owned() };
        Self {
            read: Rc::new(move || std::future::ready(Err(not_again())).boxed_local()),
            reading: Some(future.boxed_local()),
            kept: Kept::Again { print: |_, _| {} },
        }
    }

    /// The same read as a live query: its result now, and again whenever that has changed.
    ///
    /// Make it with a table of the database's. One that is made with a handle of a transaction reads in that transaction, and tells of
    /// [`Error::Aborted`] once that has ended.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # fn main() -> Result<()> { futures::executor::block_on(async {
    /// use futures::StreamExt;
    ///
    /// let db = AppDb::new();
    /// let mut count = db.users.count().live();
    /// assert_eq!(count.next().await.transpose()?, Some(0));
    /// db.users.add(&NewUser { email: "a@b.c".into(), name: "Ann".into(), age: 33, tags: vec![] }).await?;
    /// assert_eq!(count.next().await.transpose()?, Some(1));
    /// # Ok(()) }) }
    /// ```
    #[cfg(feature = "live")]
    pub fn live(self) -> LiveQuery<R> {
        match self.kept {
            Kept::Rows { execution, terminal, shape } => live::maintained(execution, terminal, shape),
            Kept::Row { target, index, key, shape } => {
                live::maintained(Execution::of_key(&target, index, key), Terminal::First, shape)
            }
            Kept::Count { execution, shape, same } => live::live_count(execution, shape, same),
            Kept::Again { print } => live::reread(self.read, print),
        }
    }
}

impl<R> Future for Fetch<R> {
    type Output = Result<R>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<R>> {
        let Self { read, reading, .. } = &mut *self;
        reading.get_or_insert_with(|| read()).poll_unpin(context)
    }
}

impl<R> fmt::Debug for Fetch<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fetch")
    }
}
