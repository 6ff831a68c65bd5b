//! The way from the library into its live queries. What is behind it enters when it is first needed. In a program without live
//! queries nothing ever enters: the compiler sees that, and leaves out all that would go through here.
//! Called by the engine for every operation, by the storage, and by overlays; calls `mark` and `hub`, unseen.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use crate::engine::{Session, Shared, Sight};
use crate::error::Result;
use crate::key::AnyKey;
use crate::storage::{Commit, Reply, Request};

/// What is called when something has happened.
#[derive(Clone, Copy)]
pub(super) struct Hears {
    pub committed: fn(u32, &Rc<Commit>),
    pub refresh: fn(&Shared),
}

/// What is called when something is about to be done, which a live query that is being polled may have asked for.
#[derive(Clone, Copy)]
pub(super) struct Notes {
    pub reads: fn(&Session, &Request) -> Result<NotedRead>,
    pub asks: fn(&Arc<Shared>, u16, &AnyKey),
    pub begins: fn(&Arc<Shared>, &[u16], bool, Sight) -> Result<NotedTransaction>,
    #[cfg_attr(target_family = "wasm", allow(dead_code, reason = "tasks are the browser's there"))]
    pub is_tracking: fn() -> bool,
}

/// A read that is under way.
pub(crate) trait Reads {
    /// Notes what it has read.
    fn done(self: Box<Self>, request: &Request, reply: &Reply, shown: u64);
}

/// A read that is about to be started, if it is one of a live query.
pub(crate) type NotedRead = Option<Box<dyn Reads>>;

/// A transaction of a live query; tracked for as long as the value lives.
pub(crate) trait Begins {
    /// It has begun, and has this number.
    fn begun(&mut self, transaction: u32);
}

/// A transaction that is about to be begun, if it is one of a live query.
pub(crate) type NotedTransaction = Option<Box<dyn Begins>>;

thread_local! {
    static HEARS: Cell<Option<Hears>> = const { Cell::new(None) };
    static NOTES: Cell<Option<Notes>> = const { Cell::new(None) };
}

/// Has what happens told from now on.
pub(super) fn hear(hears: Hears) {
    HEARS.set(Some(hears));
}

/// Has what is asked for told from now on.
pub(super) fn note(notes: Notes) {
    NOTES.set(Some(notes));
}

fn hears() -> Option<Hears> {
    HEARS.try_with(Cell::get).ok().flatten()
}

fn notes() -> Option<Notes> {
    NOTES.try_with(Cell::get).ok().flatten()
}

/// Something that is watched is stored; it is only read if anybody hears of it.
pub(crate) fn committed(read: impl FnOnce() -> (u32, Commit)) {
    if let Some(hears) = hears() {
        let (watch, commit) = read();
        (hears.committed)(watch, &Rc::new(commit));
    }
}

/// All of a database may be different: it has been opened anew.
pub(crate) fn refresh(shared: &Shared) {
    if let Some(hears) = hears() {
        (hears.refresh)(shared);
    }
}

/// Notes that an operation is about to be started. A live query only reads.
pub(crate) fn reads(session: &Session, request: &Request) -> Result<NotedRead> {
    notes().map_or(Ok(None), |notes| (notes.reads)(session, request))
}

/// Notes that it is asked whether a row is pending.
pub(crate) fn asks(shared: &Arc<Shared>, store: u16, key: &AnyKey) {
    if let Some(notes) = notes() {
        (notes.asks)(shared, store, key);
    }
}

/// Who is to be told of what a transaction reads, if it is one of a live query; an error if it is to write.
pub(crate) fn begins(shared: &Arc<Shared>, stores: &[u16], writes: bool, sight: Sight) -> Result<NotedTransaction> {
    notes().map_or(Ok(None), |notes| (notes.begins)(shared, stores, writes, sight))
}

/// Whether a live query is being polled.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn is_tracking() -> bool {
    NOTES.try_with(Cell::get).map_or(true, |notes| notes.is_some_and(|notes| (notes.is_tracking)()))
}
