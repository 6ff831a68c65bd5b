//! Access modes: what a table handle may do, as a type.

use crate::database::Durability;

/// What a table handle may do.
pub trait Access: Copy + 'static {}

/// A handle that may write: a database's own, or one of a read-write transaction.
#[diagnostic::on_unimplemented(
    message = "this table handle can only read",
    label = "writing needs `Mode::ReadWrite`",
    note = "open the transaction with `Mode::ReadWrite`"
)]
pub trait Writable: Access {}

/// A handle that belongs to a transaction: one that its body has got.
#[diagnostic::on_unimplemented(
    message = "this table handle belongs to no transaction",
    label = "expected a handle that the body of `db.transaction` has got",
    note = "open a transaction with `db.transaction`, and ask the handle that its body gets"
)]
pub trait InTransaction: Access {}

/// What a transaction may be opened for.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no transaction mode",
    label = "expected `Mode::Read` or `Mode::ReadWrite`"
)]
pub trait TxMode: InTransaction {
    #[doc(hidden)]
    const WRITES: bool;
    #[doc(hidden)]
    fn asked(self) -> Option<Durability>;
}

/// A handle outside of transactions: each operation has its own.
#[derive(Clone, Copy, Debug)]
pub struct Auto;

/// A handle of a transaction that only reads.
#[derive(Clone, Copy, Debug)]
pub struct Read;

/// A handle of a transaction that reads and writes; as a value, [`Mode::ReadWrite`](crate::Mode::ReadWrite).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadWrite {
    durability: Option<Durability>,
}

impl ReadWrite {
    pub(crate) const MODE: Self = Self { durability: None };

    /// The same mode, with another durability than the database's for this one transaction.
    ///
    /// What a transaction may do is the mode's type, because the compiler is to check it; how hard the browser tries is a
    /// value of that type, because it changes nothing about the handles: a helper that takes `&Table<User, ReadWrite>` need
    /// not know.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # async fn example(db: AppDb) -> Result<()> {
    /// // Not lost even if the power fails right after it.
    /// db.transaction(Mode::ReadWrite.durability(Durability::Strict), &db.logs, async |logs| {
    ///     logs.add(&NewLog { action: "paid".into() }).await
    /// }).await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub const fn durability(self, durability: Durability) -> Self {
        Self { durability: Some(durability) }
    }
}

/// A handle of an overlay transaction; see [`OverlayTransaction`](crate::OverlayTransaction).
#[derive(Clone, Copy, Debug)]
pub struct Pending;

impl Access for Auto {}
impl Access for Pending {}
impl Writable for Pending {}
impl Access for Read {}
impl Access for ReadWrite {}
impl Writable for Auto {}
impl Writable for ReadWrite {}
impl InTransaction for Read {}
impl InTransaction for ReadWrite {}

impl TxMode for Read {
    const WRITES: bool = false;

    fn asked(self) -> Option<Durability> {
        None
    }
}

impl TxMode for ReadWrite {
    const WRITES: bool = true;

    fn asked(self) -> Option<Durability> {
        self.durability
    }
}
