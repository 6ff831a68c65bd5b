//! The engine of one thread: its JavaScript half, behind [`Backend`].

use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::task::Waker;
use std::time::Duration;

use wasm_bindgen::prelude::*;

use super::bindings::Engine;
use super::request::{Encoded, encode};
use crate::codec::{Batch, Shape, read_key, with_shapes};
use crate::database::Durability;
use crate::schema::{InstalledStore, parse_installed};
use crate::storage::{
    Backend, Changes, Columns, Commit, Event, Failure, Layout, OpenRequest, Order, Reply, Request, SchemaChange,
    ShapeTable, StoreChange, StoreLayout, Streamed, Thread, Versions, Want, runner,
};

// What JavaScript reports. The numbers are those of `indexed_db.js`.
const SETTLED: u32 = 0;
const DONE: u32 = 1;
const ABORTED: u32 = 2;
const UPGRADE: u32 = 3;
const OPENED: u32 = 4;
const OPEN_FAILED: u32 = 5;
const BLOCKED: u32 = 6;
const VERSION_CHANGE: u32 = 7;
const WAITED: u32 = 9;
const COMMITTED: u32 = 10;
const ARRIVED: u32 = 11;
const PANICKED: u32 = 12;

// What comes with columns.
const NEW_SHAPES: u32 = 8;
/// The rows are written apart.
const STREAMED: u32 = 16;
/// It fits into the words that were given.
const SMALL: u32 = 32;
/// How many words are given: enough for a row or a few, which then take one crossing.
const SMALL_WORDS: usize = 1_024;

struct IndexedDbEngine {
    js: Engine,
    /// Kept for as long as JavaScript may call it: the life of the thread.
    _wake: Closure<dyn Fn(u32, u32)>,
    /// How many of this thread's shapes JavaScript knows.
    sent: Cell<usize>,
    received: ShapeTable,
    /// Where a small result is put. Absent while that is being done.
    words: Cell<Box<[u32]>>,
}

/// This thread's engine, made when it is first needed.
pub(super) fn this_thread() -> Rc<dyn Backend> {
    engine()
}

fn engine() -> Rc<IndexedDbEngine> {
    thread_local!(static ENGINE: OnceCell<Rc<IndexedDbEngine>> = const { OnceCell::new() });
    ENGINE.with(|cell| {
        cell.get_or_init(|| {
            let wake = Closure::<dyn Fn(u32, u32)>::new(woken);
            Rc::new(IndexedDbEngine {
                js: Engine::new(&wake),
                _wake: wake,
                sent: Cell::new(0),
                received: ShapeTable::default(),
                words: Cell::new(vec![0; SMALL_WORDS].into()),
            })
        })
        .clone()
    })
}

/// JavaScript says that something has happened to an operation, a transaction or a connection.
fn woken(event: u32, id: u32) {
    let thread = Thread::get();
    match event {
        SETTLED => thread.settled(id),
        DONE => thread.ended(id, Ok(())),
        ABORTED => thread.ended(id, Err(engine().failed())),
        UPGRADE => thread.happened(id, Event::Upgrade),
        OPENED => thread.happened(id, Event::Opened),
        OPEN_FAILED => thread.happened(id, Event::OpenFailed),
        BLOCKED => thread.happened(id, Event::Blocked),
        VERSION_CHANGE => thread.happened(id, Event::VersionChange),
        WAITED => runner::waited(id),
        COMMITTED => thread.committed(|| engine().commit_told()),
        ARRIVED => thread.arrived(id, &engine().arrived()),
        PANICKED => runner::panicked(),
        _ => thread.happened(id, Event::Closed),
    }
}

impl IndexedDbEngine {
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
            self.received.push(Shape {
                names: names.iter().map(|name| name.as_string().unwrap_or_default()).collect(),
                tags: tags.iter().map(|tag| int(&tag).unwrap_or_default()).collect(),
            });
        }
    }

    fn received(&self) -> Batch {
        Batch::received(self.js.take_ints(), self.js.take_floats(), self.js.take_bytes(), self.js.take_sections())
    }

    /// The rows that have come before the others.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of rows")]
    fn arrived(&self) -> Columns {
        self.receive_shapes();
        Columns {
            rows: Some(Box::new(Streamed { batch: self.received(), given: 0 })),
            count: self.js.number() as usize,
            shapes: self.received.clone(),
            ..Columns::empty(Want::ROWS)
        }
    }

    /// What went wrong last.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sizes in bytes, whole and positive")]
    fn failed(&self) -> Failure {
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

    /// What is stored that is watched, and by whom.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "numbers that count from 1")]
    fn commit_told(&self) -> (u32, Commit) {
        let told = self.js.take_commit();
        self.receive_shapes();
        let number = |at| told.get(at).as_f64().unwrap_or_default();
        let mut changes = Changes::new(self.received(), self.received.clone());
        let order = match number(1) as u64 {
            0 => Order::Elsewhere { sender: number(2) as u64, from: number(3), to: number(4) },
            number => Order::Number(number),
        };
        let stores = (5..told.length()).step_by(3).map(|at| {
            let count = number(at + 1);
            StoreChange {
                store: told.get(at).as_string().unwrap_or_default(),
                rows: (count >= 0.0).then(|| changes.rows(count as usize)),
                whole: told.get(at + 2).is_truthy(),
            }
        });
        (number(0) as u32, Commit { order, stores: stores.collect() })
    }

    fn checked(&self, done: bool) -> Result<(), Failure> {
        if done { Ok(()) } else { Err(self.failed()) }
    }
}

impl Backend for IndexedDbEngine {
    fn open(&self, connection: u32, request: &OpenRequest<'_>) {
        let OpenRequest { name, version, layout, pause } = *request;
        self.js.open(connection, name, version.into(), &layout_text(layout), pause.as_secs_f64() * 1000.0);
    }

    fn relayout(&self, connection: u32, layout: &Layout) {
        self.js.relayout(connection, &layout_text(layout));
    }

    fn close(&self, connection: u32) {
        self.js.close(connection);
    }

    fn shows_unfinished_upgrades(&self) -> bool {
        self.js.shows_unfinished_upgrades()
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "versions are small whole numbers here")]
    fn versions(&self, connection: u32) -> Versions {
        Versions {
            old: self.js.old_version(connection) as u32,
            new: self.js.new_version(connection) as u32,
            waited: Duration::from_millis(self.js.waited(connection) as u64),
        }
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "versions are small whole numbers here")]
    fn stored_version(&self, connection: u32) -> (u32, Option<u32>) {
        let marked = self.js.marked(connection);
        (self.js.version(connection) as u32, (marked >= 0.0).then_some(marked as u32))
    }

    fn installed(&self, connection: u32) -> Vec<InstalledStore> {
        parse_installed(&self.js.installed(connection))
    }

    fn alter(&self, connection: u32, change: SchemaChange<'_>) -> Result<(), Failure> {
        let js = &self.js;
        self.checked(match change {
            SchemaChange::CreateStore { store, key } => js.create_store(connection, store, &key.path.text(), key.auto),
            SchemaChange::DeleteStore { store } => js.delete_store(connection, store),
            SchemaChange::RenameStore { store, to } => js.rename_store(connection, store, to),
            SchemaChange::CreateIndex { store, index } => {
                js.create_index(connection, store, index.name, &index.path.text(), index.unique, index.multi)
            }
            SchemaChange::DeleteIndex { store, index } => js.delete_index(connection, store, index),
            SchemaChange::RenameIndex { store, index, to } => js.rename_index(connection, store, index, to),
        })
    }

    fn failure(&self, connection: u32) -> Failure {
        self.js.connection_failure(connection);
        self.failed()
    }

    fn delete_database(&self, slot: u32, name: &str) {
        self.js.delete_database(slot, name);
    }

    fn database_names(&self, slot: u32) {
        self.js.database_names(slot);
    }

    fn begin(
        &self,
        transaction: u32,
        connection: u32,
        stores: &[u16],
        write: bool,
        durability: Durability,
    ) -> Result<(), Failure> {
        self.checked(self.js.begin(transaction, connection, stores, write, number_of(durability)))
    }

    fn commit(&self, transaction: u32) {
        self.js.commit(transaction);
    }

    fn abort(&self, transaction: u32) {
        self.js.abort(transaction);
    }

    fn submit(
        &self,
        slot: u32,
        connection: u32,
        transaction: u32,
        durability: Durability,
        request: &Rc<Request>,
    ) -> bool {
        let Encoded { operation, a, b, batch } = encode(request);
        self.send_shapes();
        self.js.submit(
            slot,
            connection,
            transaction,
            operation,
            request.store.into(),
            request.index.map_or(-1, i32::from),
            a,
            b,
            number_of(durability),
            &batch.ints,
            &batch.floats,
            &batch.bytes,
            &batch.sections,
        )
    }

    fn take(&self, slot: u32, want: Want) -> Result<Reply, Failure> {
        let mut words = self.words.take();
        let kind = self.js.take(slot, &mut words);
        let small = (kind & SMALL != 0).then(|| small(&words));
        self.words.set(words);
        match kind & 7 {
            1 => Ok(Reply::Unit),
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of rows")]
            2 => Ok(Reply::Number(self.js.number() as u64)),
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of rows")]
            3 => {
                if kind & NEW_SHAPES != 0 {
                    self.receive_shapes();
                }
                let (count, batch) = small.unwrap_or_else(|| (self.js.number() as usize, self.received()));
                let rows = (kind & STREAMED != 0).then(|| {
                    let given = self.js.turn_to_stream() as usize;
                    Box::new(Streamed { batch: self.received(), given })
                });
                Ok(Reply::Columns(Columns { batch, rows, count, want, parked: slot, shapes: self.received.clone() }))
            }
            _ => Err(self.failed()),
        }
    }

    fn forget(&self, slot: u32) {
        self.js.forget(slot);
    }

    fn abandon(&self, id: u32) {
        self.js.abandon(id);
    }

    fn unpark(&self, parked: u32) {
        self.js.unpark(parked);
    }

    fn watch(&self, watch: u32, database: &str, stores: &[String]) {
        self.js.watch(watch, database, stores.to_vec());
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "numbers that count from 1")]
    fn seen(&self) -> u64 {
        self.js.seen() as u64
    }

    fn later(&self, transaction: u32) {
        self.js.later(transaction);
    }

    /// They come from the browser's own loop.
    fn reports_during_polls(&self) -> bool {
        false
    }

    /// The browser's own loop calls back.
    fn turn(&self, _waker: &Waker, _future: u32) {}
}

fn number_of(durability: Durability) -> u32 {
    match durability {
        Durability::Default => 0,
        Durability::Relaxed => 1,
        Durability::Strict => 2,
    }
}

/// What JavaScript has put into words: how many values there are of each kind, and those.
fn small(words: &[u32]) -> (usize, Batch) {
    let [count, ints, sections, floats, bytes, words @ ..] = words else { return (0, Batch::default()) };
    let [count, ints, sections, floats, bytes] = [count, ints, sections, floats, bytes].map(|number| *number as usize);
    let mut rest = words;
    let mut part = |length: usize| {
        let (part, behind) = rest.split_at(length.min(rest.len()));
        rest = behind;
        part
    };
    let (ints, sections) = (part(ints).to_vec(), part(sections).to_vec());
    let float = |bits: &[u32; 2]| f64::from_bits(u64::from(bits[1]) << 32 | u64::from(bits[0]));
    let floats = part(2 * floats).as_chunks().0.iter().map(float).collect();
    let mut text = Vec::with_capacity(bytes.next_multiple_of(4));
    for word in part(bytes.div_ceil(4)) {
        text.extend_from_slice(&word.to_le_bytes());
    }
    text.truncate(bytes);
    (count, Batch::received(ints, floats, text, sections))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "written by indexed_db.js as a u32")]
fn int(value: &JsValue) -> Option<u32> {
    value.as_f64().map(|number| number as u32)
}

/// A line per store, its name and those of its indexes, separated by tabs.
fn layout_text(layout: &Layout) -> String {
    let line = |StoreLayout { name, indexes, last_key }: &StoreLayout| {
        let last_key = last_key.map_or_else(String::new, |last| last.to_string());
        [name, &last_key].into_iter().chain(indexes).map(String::as_str).collect::<Vec<_>>().join("\t")
    };
    layout.iter().map(line).collect::<Vec<_>>().join("\n")
}
