//! The engine of one thread: its JavaScript half, and who waits for what.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use wasm_bindgen::prelude::*;

use super::bindings::Engine;
use super::request::{Encoded, encode};
use super::runner;
use crate::codec::{Batch, Shape, read_key, with_shapes};
use crate::storage::{Columns, Failure, Reply, Request, ShapeTable, Want};

/// What JavaScript reports besides the end of an operation. The numbers are those of `indexed_db.js`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Upgrade,
    Opened,
    OpenFailed,
    Blocked,
    VersionChange,
    Closed,
}

const SETTLED: u32 = 0;
const DONE: u32 = 1;
const ABORTED: u32 = 2;

/// A store and its indexes, by name: operations use their positions.
pub(crate) type Layout = Vec<(String, Vec<String>)>;

/// Reacts to what happens to a connection.
type Listener = Rc<dyn Fn(Event)>;

pub(crate) struct Thread {
    js: Engine,
    /// Kept for as long as JavaScript may call it: the life of the thread.
    _wake: Closure<dyn Fn(u32, u32)>,
    next: Cell<u32>,
    slots: RefCell<HashMap<u32, Slot>>,
    listeners: RefCell<HashMap<u32, Listener>>,
    /// How many of this thread's shapes JavaScript knows.
    sent: Cell<usize>,
    received: ShapeTable,
}

struct Slot {
    transaction: u32,
    settled: bool,
    /// Nobody waits any more; the slot goes when its operation ends.
    abandoned: bool,
    waker: Option<Waker>,
}

impl Thread {
    /// This thread's engine, made when it is first needed.
    pub fn get() -> Rc<Self> {
        thread_local!(static THREAD: OnceCell<Rc<Thread>> = const { OnceCell::new() });
        THREAD.with(|cell| {
            cell.get_or_init(|| {
                let wake = Closure::<dyn Fn(u32, u32)>::new(|event, id| Thread::get().woken(event, id));
                Rc::new(Self {
                    js: Engine::new(&wake),
                    _wake: wake,
                    next: Cell::new(0),
                    slots: RefCell::default(),
                    listeners: RefCell::default(),
                    sent: Cell::new(0),
                    received: ShapeTable::default(),
                })
            })
            .clone()
        })
    }

    /// A number for a slot, a transaction or a connection; never 0.
    pub fn number(&self) -> u32 {
        let next = self.next.get().wrapping_add(1).max(1);
        self.next.set(next);
        next
    }

    fn woken(&self, event: u32, id: u32) {
        match event {
            SETTLED => {
                let (transaction, waker) = {
                    let mut slots = self.slots.borrow_mut();
                    let Some(slot) = slots.get_mut(&id) else { return };
                    slot.settled = true;
                    let (transaction, waker) = (slot.transaction, slot.waker.take());
                    if slot.abandoned {
                        slots.remove(&id);
                        self.js.forget(id);
                    }
                    (transaction, waker)
                };
                if let Some(waker) = waker {
                    waker.wake();
                }
                if transaction != 0 {
                    runner::answered(transaction);
                }
            }
            DONE => runner::ended(id, Ok(())),
            ABORTED => runner::ended(id, Err(self.failure())),
            _ => {
                let event = match event {
                    3 => Event::Upgrade,
                    4 => Event::Opened,
                    5 => Event::OpenFailed,
                    6 => Event::Blocked,
                    7 => Event::VersionChange,
                    _ => Event::Closed,
                };
                let listener = self.listeners.borrow().get(&id).cloned();
                if let Some(listener) = listener {
                    listener(event);
                }
            }
        }
    }

    // --- connections

    /// Begins to open a database; the listener hears how that goes, and of the connection's later life.
    pub fn open(&self, id: u32, name: &str, version: u32, layout: &Layout, listener: Listener) {
        self.listeners.borrow_mut().insert(id, listener);
        self.js.open(id, name, version.into(), &layout_text(layout));
    }

    /// Says what the numbers of stores and indexes mean from here on.
    pub fn relayout(&self, id: u32, layout: &Layout) {
        self.js.relayout(id, &layout_text(layout));
    }

    pub fn close(&self, id: u32) {
        self.listeners.borrow_mut().remove(&id);
        self.js.close(id);
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "versions are small whole numbers here")]
    pub fn old_version(&self, id: u32) -> u32 {
        self.js.old_version(id) as u32
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "versions are small whole numbers here")]
    pub fn new_version(&self, id: u32) -> u32 {
        self.js.new_version(id) as u32
    }

    pub fn installed(&self, id: u32) -> String {
        self.js.installed(id)
    }

    pub fn create_store(&self, id: u32, name: &str, key_path: &str, auto: bool) -> Result<(), Failure> {
        if self.js.create_store(id, name, key_path, auto) { Ok(()) } else { Err(self.failure()) }
    }

    pub fn create_index(&self, id: u32, store: &str, index: &crate::schema::IndexSchema) -> Result<(), Failure> {
        let path = index.path.text();
        if self.js.create_index(id, store, index.name, &path, index.unique, index.multi) {
            Ok(())
        } else {
            Err(self.failure())
        }
    }

    pub fn delete_store(&self, id: u32, name: &str) -> Result<(), Failure> {
        if self.js.delete_store(id, name) { Ok(()) } else { Err(self.failure()) }
    }

    pub fn delete_index(&self, id: u32, store: &str, name: &str) -> Result<(), Failure> {
        if self.js.delete_index(id, store, name) { Ok(()) } else { Err(self.failure()) }
    }

    pub fn connection_failure(&self, id: u32) -> Failure {
        self.js.connection_failure(id);
        self.failure()
    }

    pub fn delete_database(self: &Rc<Self>, name: &str) -> Submitted {
        let slot = self.slot(0);
        self.js.delete_database(slot, name);
        Submitted { thread: self.clone(), slot, want: Want::ROWS, taken: false }
    }

    pub fn database_names(self: &Rc<Self>) -> Submitted {
        let slot = self.slot(0);
        self.js.database_names(slot);
        Submitted { thread: self.clone(), slot, want: Want::PRIMARY_KEYS, taken: false }
    }

    // --- transactions

    pub fn begin(&self, connection: u32, stores: &[u16], write: bool, durability: &str) -> Result<u32, Failure> {
        let id = self.number();
        if self.js.begin(id, connection, stores, write, durability) { Ok(id) } else { Err(self.failure()) }
    }

    pub fn commit(&self, transaction: u32) {
        self.js.commit(transaction);
    }

    pub fn abort(&self, transaction: u32) {
        self.js.abort(transaction);
    }

    pub fn unpark(&self, parked: u32) {
        self.js.unpark(parked);
    }

    // --- operations

    fn slot(&self, transaction: u32) -> u32 {
        let slot = self.number();
        self.slots.borrow_mut().insert(slot, Slot { transaction, settled: false, abandoned: false, waker: None });
        slot
    }

    /// Starts an operation, in a transaction or (0) alone.
    pub fn submit(self: &Rc<Self>, connection: u32, transaction: u32, durability: &str, request: Request) -> Submitted {
        let Encoded { operation, a, b, batch, want } = encode(request.operation);
        self.send_shapes();
        let slot = self.slot(transaction);
        let settled = self.js.submit(
            slot,
            connection,
            transaction,
            operation,
            request.store.into(),
            request.index.map_or(-1, i32::from),
            a,
            b,
            durability,
            &batch.ints,
            &batch.floats,
            &batch.bytes,
            &batch.sections,
        );
        if settled && let Some(slot) = self.slots.borrow_mut().get_mut(&slot) {
            slot.settled = true;
        }
        if transaction != 0 && !settled {
            runner::submitted(transaction);
        }
        Submitted { thread: self.clone(), slot, want, taken: false }
    }

    fn send_shapes(&self) {
        with_shapes(|shapes| {
            let new = shapes.since(self.sent.get());
            for shape in new {
                self.js.define(shape.names.clone(), &shape.tags);
            }
            self.sent.set(self.sent.get() + new.len());
        });
    }

    fn receive_shapes(&self) {
        for entry in self.js.take_shapes().iter() {
            let entry = js_sys::Array::from(&entry);
            let (names, tags) = (js_sys::Array::from(&entry.get(0)), js_sys::Array::from(&entry.get(1)));
            self.received.borrow_mut().push(Shape {
                names: names.iter().map(|name| name.as_string().unwrap_or_default()).collect(),
                tags: tags.iter().map(|tag| int(&tag).unwrap_or_default()).collect(),
            });
        }
    }

    fn received(&self) -> Batch {
        Batch::received(self.js.take_ints(), self.js.take_floats(), self.js.take_bytes(), self.js.take_sections())
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sizes in bytes, whole and positive")]
    fn failure(&self) -> Failure {
        let fields = self.js.take_failure();
        self.receive_shapes();
        let text = |at| fields.get(at).as_string();
        let size = |at| fields.get(at).as_f64().map(|size| size as u64);
        let batch = self.received();
        Failure {
            name: text(0).unwrap_or_default(),
            message: text(1).unwrap_or_default(),
            row: fields.get(2).as_f64().filter(|row| *row >= 0.0).map(|row| row as usize),
            index: text(3),
            key: read_key(&mut batch.reader(), &*self.received.borrow()),
            usage: size(4),
            quota: size(5),
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "written by indexed_db.js as a u32")]
fn int(value: &JsValue) -> Option<u32> {
    value.as_f64().map(|number| number as u32)
}

/// A line per store, its name and those of its indexes, separated by tabs.
fn layout_text(layout: &Layout) -> String {
    let line = |(store, indexes): &(String, Vec<String>)| {
        std::iter::once(store.as_str()).chain(indexes.iter().map(String::as_str)).collect::<Vec<_>>().join("\t")
    };
    layout.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// An operation that has been started. Dropped early, its result is thrown away unread; a write goes on.
#[must_use = "futures do nothing unless awaited"]
pub(crate) struct Submitted {
    thread: Rc<Thread>,
    slot: u32,
    want: Want,
    taken: bool,
}

impl Future for Submitted {
    type Output = Result<Reply, Failure>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let thread = self.thread.clone();
        {
            let mut slots = thread.slots.borrow_mut();
            let Some(slot) = slots.get_mut(&self.slot) else {
                // Taken already: polled after its end.
                return Poll::Pending;
            };
            if !slot.settled {
                slot.waker = Some(context.waker().clone());
                return Poll::Pending;
            }
            slots.remove(&self.slot);
        }
        self.taken = true;
        let kind = thread.js.take(self.slot);
        Poll::Ready(match kind & 7 {
            1 => Ok(Reply::Unit),
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of rows")]
            2 => Ok(Reply::Number(thread.js.number() as u64)),
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of rows")]
            3 => {
                if kind & 8 != 0 {
                    thread.receive_shapes();
                }
                Ok(Reply::Columns(Columns {
                    batch: thread.received(),
                    count: thread.js.number() as usize,
                    want: self.want,
                    parked: self.slot,
                    shapes: thread.received.clone(),
                }))
            }
            _ => Err(thread.failure()),
        })
    }
}

impl Drop for Submitted {
    fn drop(&mut self) {
        if self.taken {
            return;
        }
        let mut slots = self.thread.slots.borrow_mut();
        match slots.get_mut(&self.slot) {
            Some(slot) if !slot.settled => slot.abandoned = true,
            _ => {
                slots.remove(&self.slot);
                self.thread.js.forget(self.slot);
            }
        }
    }
}
