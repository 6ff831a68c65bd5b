//! Access modes: what a table handle may do, as a type.

/// What a table handle may do.
pub trait Access: Copy + 'static {}

/// A handle that may write: a database's own, or one of a read-write transaction.
#[diagnostic::on_unimplemented(
    message = "this table handle can only read",
    label = "writing needs `Mode::ReadWrite`",
    note = "open the transaction with `Mode::ReadWrite`"
)]
pub trait Writable: Access {}

/// What a transaction may be opened for.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no transaction mode",
    label = "expected `Mode::Read` or `Mode::ReadWrite`"
)]
pub trait TxMode: Access {
    #[doc(hidden)]
    const WRITES: bool;
}

/// A handle outside of transactions: each operation has its own.
#[derive(Clone, Copy, Debug)]
pub struct Auto;

/// A handle of a transaction that only reads.
#[derive(Clone, Copy, Debug)]
pub struct Read;

/// A handle of a transaction that reads and writes.
#[derive(Clone, Copy, Debug)]
pub struct ReadWrite;

impl Access for Auto {}
impl Access for Read {}
impl Access for ReadWrite {}
impl Writable for Auto {}
impl Writable for ReadWrite {}

impl TxMode for Read {
    const WRITES: bool = false;
}

impl TxMode for ReadWrite {
    const WRITES: bool = true;
}
