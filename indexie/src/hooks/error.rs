//! How a hook fails, and what the app is told of a failure in the background.

use std::error::Error as StdError;
use std::fmt;
use std::rc::Rc;

use super::event::{Event, Mutation};
use super::registry::Hook;
use crate::error::Error;
use crate::key::AnyKey;
use crate::op::Op;
use crate::store::Store;

/// Why a hook has failed: any error, by way of `?`.
///
/// [`on_hook_error`](crate::Indexie::on_hook_error) gets it as it is: [`HookFailure::error`], and
/// [`downcast_ref`](Self::downcast_ref) for an error of the app's own. A write that waits for its hooks fails with
/// [`Error::Hook`], which has the text alone.
///
/// ```
/// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
/// # use {app::*, indexie::prelude::*};
/// # fn example(db: AppDb) {
/// db.users.hook().on_add(async |e: Added<User>| {
///     if e.item.name.is_empty() {
///         return Err(HookError::new("the server wants a name"));
///     }
///     Ok(())
/// });
/// # }
/// ```
pub struct HookError(Box<dyn StdError>);

/// Words.
#[derive(Debug)]
struct Message(String);

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Message {}

impl HookError {
    /// A failure that is no error of any type.
    pub fn new(message: impl fmt::Display) -> Self {
        Self(Box::new(Message(message.to_string())))
    }

    /// The error, if it is of this type.
    #[must_use]
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }

    pub(crate) fn into_error(self, table: &str, key: Option<&AnyKey>, mutation: Mutation) -> Error {
        Error::Hook { table: table.to_owned(), key: key.cloned(), mutation, message: self.to_string() }
    }
}

impl<E: StdError + 'static> From<E> for HookError {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Display for HookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for HookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A hook that has failed after its change had been stored; see [`on_hook_error`](crate::Indexie::on_hook_error).
///
/// The change stays. What it was is here, and so is a way to call the hook again.
pub struct HookFailure {
    pub(super) table: &'static str,
    pub(super) event: Event,
    pub(super) error: HookError,
    pub(super) hook: Hook,
}

impl fmt::Debug for HookFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookFailure")
            .field("table", &self.table)
            .field("mutation", &self.event.mutation)
            .field("key", &self.event.key)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl HookFailure {
    /// The table of the row.
    #[must_use]
    pub fn table(&self) -> &'static str {
        self.table
    }

    /// The row's key.
    #[must_use]
    pub fn key(&self) -> Option<&AnyKey> {
        self.event.key.as_ref()
    }

    /// What was done to the row.
    #[must_use]
    pub fn mutation(&self) -> Mutation {
        self.event.mutation
    }

    /// What the hook has returned.
    #[must_use]
    pub fn error(&self) -> &HookError {
        &self.error
    }

    /// The row as it was before the change; `None` if there was none, or if it is no `T`.
    #[must_use]
    pub fn old<T: Store>(&self) -> Option<T> {
        self.event.old.as_ref().and_then(|row| super::typed(row).ok())
    }

    /// The row as it is after the change; `None` if there is none, or if it is no `T`.
    #[must_use]
    pub fn row<T: Store>(&self) -> Option<T> {
        self.event.new.as_ref().and_then(|row| super::typed(row).ok())
    }

    /// Calls the hook again, with the same change, whatever has become of the row since.
    ///
    /// # Errors
    ///
    /// [`Error::Hook`] if it fails again; `on_hook_error` is not called for that.
    pub fn retry(&self) -> Op<()> {
        let (hook, event, table): (Rc<_>, _, _) = (self.hook.clone(), self.event.clone(), self.table);
        Op::new(async move {
            let called = hook(&event).await;
            called.map(|_| ()).map_err(|error| error.into_error(table, event.key.as_ref(), event.mutation))
        })
    }
}
