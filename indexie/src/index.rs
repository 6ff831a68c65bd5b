//! Typed handles of keys and indexes: what `|u| u.age` returns.

use std::fmt;
use std::marker::PhantomData;

/// A handle of a key or an index of the record type `T`, whose keys are `K`.
///
/// The constants are made by `#[derive(Store)]`: `User::INDEX.age` is an `Index<User, u32>`. Unique indexes and the primary
/// key are marked by `Kind`.
pub struct Index<T, K, Kind = Plain> {
    pub(crate) column: Column,
    of: PhantomData<Of<T, K, Kind>>,
}

/// A handle holds neither a record nor a key.
type Of<T, K, Kind> = fn() -> (T, K, Kind);

/// Which index a handle means: its position in the schema, and whether only the first column of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// 0 is the primary key, `n` is index `n - 1`.
    pub entry: u16,
    /// Only the first part of a compound key.
    pub first: bool,
}

impl Column {
    pub const PRIMARY: Self = Self { entry: 0, first: false };
}

impl<T, K, Kind> Index<T, K, Kind> {
    #[doc(hidden)]
    #[must_use]
    pub const fn entry(entry: u16) -> Self {
        Self { column: Column { entry, first: false }, of: PhantomData }
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn first_of(entry: u16) -> Self {
        Self { column: Column { entry, first: true }, of: PhantomData }
    }
}

impl<T, K, Kind> Clone for Index<T, K, Kind> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, K, Kind> Copy for Index<T, K, Kind> {}

impl<T, K, Kind> fmt::Debug for Index<T, K, Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Index").field(&self.column.entry).finish()
    }
}

/// An index in which several rows may have one key.
#[derive(Debug)]
pub enum Plain {}
/// An index in which a key belongs to one row.
#[derive(Debug)]
pub enum Unique {}
/// The primary key.
#[derive(Debug)]
pub enum Primary {}

/// A kind of index in which a key belongs to one row: unique ones, and the primary key.
#[diagnostic::on_unimplemented(
    message = "this index is not unique",
    label = "several rows may have the same key here",
    note = "declare the index as `&name` in the schema, or use `where_(..).equals(..).first()`"
)]
pub trait IsUnique {}

impl IsUnique for Unique {}
impl IsUnique for Primary {}
