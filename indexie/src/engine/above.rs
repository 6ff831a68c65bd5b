//! What lies between the tables and the storage of a database object, on this thread: overlays, hooks and guards. The engine
//! knows them by these traits only, so a program that has none of them has none of their code.
//! Called by the engine and by live queries; implemented by `overlay`.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::future::LocalBoxFuture;

use super::{Access, Session};
use crate::error::Result;
use crate::key::AnyKey;
use crate::order::SortedMap;
use crate::storage::{Operation, Reply, Request, StoreChange, Write};

/// Which rows a read sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// What is committed.
    Committed,
    /// That, and what the optimistic overlays of the database object have pending.
    Shown,
    /// What the overlay with this number sees.
    Overlay(u32),
    /// What is stored, and writes that nobody attends: those of a sync.
    #[cfg(feature = "electric")]
    Stored,
}

/// Which rows an operation is going to write, as far as that is known beforehand.
#[derive(Clone, Debug)]
pub(crate) enum Footprint {
    /// Rows with these keys, besides such as are not there yet and get keys of their own.
    Keys(Vec<AnyKey>),
    /// Any.
    Whole,
}

/// What a write has a key for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyFor {
    /// A row is stored under it.
    Storing,
    /// The row that has it is changed, or deleted.
    Finding,
}

/// What an operation does, in the session that it is given.
pub(crate) type Steps = Box<dyn FnOnce(Session) -> LocalBoxFuture<'static, Result<Box<dyn Any>>>>;

/// An operation on one store.
pub(crate) struct Task {
    pub session: Session,
    pub store: u16,
    pub access: Access,
    pub footprint: Footprint,
    pub steps: Steps,
}

/// What lies above one database object's storage.
pub(crate) trait Above {
    /// Whether reads of the store have to go through here.
    fn shows(&self, store: u16) -> bool;
    /// Whether writes to the store have to go through here.
    fn attends(&self, store: u16) -> bool;
    fn footprint(&self, store: u16, operation: &Operation) -> Footprint;
    /// Fails if one of these rows is pending, and not for who writes with this sight: it would be stored under its temporary key.
    fn admit(&self, sight: Sight, store: u16, write: &Write) -> Result<()>;
    /// The same for rows that are known by their keys.
    fn admit_keys(&self, sight: Sight, store: u16, keys: &[AnyKey], purpose: KeyFor) -> Result<()>;
    fn run(self: Rc<Self>, task: Task) -> LocalBoxFuture<'static, Result<Box<dyn Any>>>;
    /// Something is committed; `in_order` if it is known to have come after all that was heard of before. Returns the positions of
    /// the rows that nobody sees who sees the overlays.
    #[cfg_attr(not(feature = "live"), allow(dead_code, reason = "only live queries want to know"))]
    fn heard(&self, change: &StoreChange, in_order: bool) -> Vec<usize>;
    /// Whether the last handle of the database object was dropped, on another thread.
    fn is_orphaned(&self) -> bool;
    /// Anything may have been committed that was not heard of.
    #[cfg_attr(not(feature = "live"), allow(dead_code, reason = "only live queries want to know"))]
    fn missed(&self);
    /// The key that a row has got in place of this temporary one.
    #[cfg_attr(not(feature = "live"), allow(dead_code, reason = "only live queries want to know"))]
    fn renamed(&self, store: u16, pending: &AnyKey) -> Option<AnyKey>;
    /// A part of a transaction begins that can be undone alone; what it has done so far is a number.
    fn mark(&self, transaction: u32) -> usize;
    /// It is undone.
    fn undone(&self, transaction: u32, mark: usize);
}

/// The rows that one operation sees, fixed for as long as it lasts.
pub(crate) trait Frame {
    fn run<'a>(&'a self, session: &'a Session, request: &'a Request) -> LocalBoxFuture<'a, Result<Reply>>;
    fn unpark(&self, parked: u32);
    /// How many changes of overlays its rows include.
    #[cfg_attr(not(feature = "live"), allow(dead_code, reason = "only live queries want to know"))]
    fn shown(&self) -> u64;
}

thread_local! {
    static ABOVE: RefCell<SortedMap<u64, Rc<dyn Above>>> = const { RefCell::new(SortedMap::new()) };
    /// Whether anything has ever lain above a database object. In a program that has nothing of the kind nothing sets it: the compiler
    /// sees that, and leaves out all that would go through here.
    static IS_ANY: Cell<bool> = const { Cell::new(false) };
}

/// What lies above the database object with this number.
pub(crate) fn above(database: u64) -> Option<Rc<dyn Above>> {
    if !IS_ANY.try_with(Cell::get).unwrap_or(false) {
        return None;
    }
    ABOVE.try_with(|all| all.borrow().get(&database).cloned()).ok().flatten()
}

pub(crate) fn set_above(database: u64, above: Rc<dyn Above>) {
    IS_ANY.set(true);
    let gone: Vec<_> = ABOVE.with_borrow_mut(|all| {
        all.insert(database, above);
        all.extract_if(|_, above| above.is_orphaned())
    });
    // Dropped outside of the borrow: hooks hold the app's own values.
    drop(gone);
}

/// The last handle of the database object is gone.
pub(super) fn forget(database: u64) {
    let above = ABOVE.try_with(|all| all.borrow_mut().remove(&database)).ok().flatten();
    drop(above);
}
