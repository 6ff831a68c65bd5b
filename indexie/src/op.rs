//! The futures that operations return.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::future::LocalBoxFuture;

use crate::error::Result;

macro_rules! operation {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[must_use = "an operation does nothing unless it is awaited"]
        pub struct $name<R>(LocalBoxFuture<'static, Result<R>>);

        impl<R> $name<R> {
            pub(crate) fn new(future: impl Future<Output = Result<R>> + 'static) -> Self {
                Self(Box::pin(future))
            }
        }

        impl<R> Future for $name<R> {
            type Output = Result<R>;

            fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<R>> {
                self.0.as_mut().poll(context)
            }
        }

        impl<R> fmt::Debug for $name<R> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

operation! {
    /// A write, or another operation that is done once: a future that owns all it needs.
    ///
    /// Rows are encoded when the method is called, so the row may change or go before the future is awaited. Nothing
    /// is stored until then.
    ///
    /// # Cancellation
    ///
    /// Dropped before its first poll, it does nothing. Dropped later, a write of its own may still be committed, as a
    /// whole or not at all; an operation of several steps (`update`, `modify`) is rolled back.
    Op
}

operation! {
    /// A read: a future of its result.
    ///
    /// # Cancellation
    ///
    /// Dropped, the result is thrown away unread.
    Fetch
}
