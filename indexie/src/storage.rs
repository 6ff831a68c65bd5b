//! Storage: what the engine asks of a database, as data; the trait that answers it; and one thread's view of what is under
//! way. Called by the engine only; calls the codec.

mod backend;
mod commit;
pub(crate) mod indexed_db;
pub(crate) mod memory;
pub(crate) mod runner;
mod thread;

pub(crate) use backend::{Backend, Connect, Event, Layout, OpenRequest, SchemaChange, StoreLayout, Versions};
pub(crate) use commit::{Changes, Commit, Image, Order, RowChange, StoreChange};
pub(crate) use thread::{Submitted, Thread, Waiter};

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use crate::codec::{Batch, CodecError, Finished, Known, Reader, Shape, read_key, tag, write_key};
use crate::key::AnyKey;
use crate::key::range::KeyRange;

/// Of so many changed rows a commit tells each one; of more, only that there are some.
pub(crate) const MOST_REPORTED: usize = 4_096;

/// One operation on one store. `index` counts from 0 in the order of the schema; none is the primary key.
#[derive(Debug)]
pub(crate) struct Request {
    pub store: u16,
    pub index: Option<u16>,
    pub operation: Operation,
    /// Of a scan: takes rows that are there before the others.
    pub sink: Option<Sink>,
}

/// Takes a part of what a read brings while the storage is still reading the rest. What it has been given is missing in the answer.
#[derive(Clone)]
pub(crate) struct Sink(pub Rc<dyn Fn(&Columns)>);

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sink")
    }
}

#[derive(Debug)]
pub(crate) enum Operation {
    /// Rows by key, in the order of the keys. With `park`, the storage keeps them for a [`Self::Merge`]; so it does with those of
    /// a scan that wants that.
    Get {
        keys: Vec<AnyKey>,
        park: bool,
    },
    Scan(Scan),
    Count(Vec<KeyRange>),
    Write(Write),
    Delete(Vec<AnyKey>),
    /// Deletes by primary key; answers how many rows there were.
    DeleteRanges(Vec<KeyRange>),
    Clear,
    Merge(Merge),
    /// Takes over what another store has; answers how many rows.
    Adopt(Adopt),
    /// Begins a part of the transaction that can be undone alone, under this number. Needs no request; neither does its end.
    Savepoint(u32),
    /// Ends that part, and all that have begun within it: what they did is done.
    Release(u32),
    /// Ends it and undoes what it did, but for the keys that were generated: those are not given out again.
    Rollback(u32),
}

impl Operation {
    pub fn writes(&self) -> bool {
        !matches!(self, Self::Get { .. } | Self::Scan(_) | Self::Count(_))
    }

    /// Whether requests of others can come between its own: a cursor goes on and on, and rows that fail together are taken
    /// back one by one.
    pub fn takes_several_requests(&self) -> bool {
        match self {
            Self::Scan(_) => true,
            Self::Write(write) => write.count > 1 && write.undone == Undone::Alone,
            _ => false,
        }
    }

    /// Whether the storage is to keep the rows.
    pub fn parks(&self) -> bool {
        match self {
            Self::Get { park, .. } => *park,
            Self::Scan(scan) => scan.want.park,
            _ => false,
        }
    }

    /// Which columns the answer has.
    fn want(&self) -> Want {
        match self {
            Self::Get { .. } => Want::ROWS,
            Self::Scan(scan) => scan.want,
            Self::Write(_) => Want::PRIMARY_KEYS,
            _ => Want::NOTHING,
        }
    }
}

/// Records of an index, in order.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    /// Sorted and disjoint.
    pub ranges: Vec<KeyRange>,
    pub reverse: bool,
    /// Each key once.
    pub unique: bool,
    pub offset: usize,
    pub limit: Option<usize>,
    /// Only what comes after this record.
    pub after: Option<Position>,
    pub want: Want,
}

/// A record's place in an index.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Position {
    pub key: AnyKey,
    pub primary_key: AnyKey,
}

/// Which columns a scan brings back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "a set")]
pub(crate) struct Want {
    pub rows: bool,
    pub primary_keys: bool,
    pub keys: bool,
    /// The storage keeps the rows for a [`Operation::Merge`].
    pub park: bool,
}

impl Want {
    pub const NOTHING: Self = Self { rows: false, primary_keys: false, keys: false, park: false };
    pub const ROWS: Self = Self { rows: true, ..Self::NOTHING };
    pub const PRIMARY_KEYS: Self = Self { primary_keys: true, ..Self::NOTHING };
    pub const KEYS: Self = Self { keys: true, ..Self::NOTHING };
    pub const BOTH_KEYS: Self = Self { primary_keys: true, ..Self::KEYS };
    pub const ENTRIES: Self = Self { rows: true, ..Self::PRIMARY_KEYS };
    pub const PARKED: Self = Self { park: true, ..Self::ENTRIES };
    pub const ALL: Self = Self { rows: true, ..Self::BOTH_KEYS };
}

/// Rows to add or to put.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "flags of a request")]
pub(crate) struct Write {
    pub put: bool,
    /// The rows, and after them their keys if those are apart.
    pub rows: Finished,
    pub count: usize,
    pub with_keys: bool,
    /// Whether the answer is to carry the keys.
    pub want_keys: bool,
    pub undone: Undone,
}

/// What undoes a write that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undone {
    /// It does so itself.
    Alone,
    /// Whatever it is a part of: it need not be able to undo its own, and the next part may be asked for before it is done.
    AsPart,
}

/// Changes of rows that a read has parked.
#[derive(Debug)]
pub(crate) struct Merge {
    pub parked: u32,
    /// For each row: its position, its key, its [`Move`], the row before, and the row after.
    pub changes: Finished,
    pub count: usize,
    /// A part leaves the rows parked for the other ones; and none of its rows leaves its place.
    pub undone: Undone,
}

impl Merge {
    /// Appends to `changes` what comes before the two rows of one change.
    #[allow(clippy::cast_possible_truncation, reason = "wasm memory ends at 2^32")]
    pub fn begin_change(changes: &mut Batch, parked_at: usize, key: &AnyKey, moves: Move) {
        changes.int(tag::U32);
        changes.int(parked_at as u32);
        changes.end_row();
        write_key(changes, key);
        changes.end_row();
        changes.int(tag::U32);
        changes.int(moves as u32);
        changes.end_row();
    }
}

/// What becomes of the place of a changed row. The numbers are those of `indexed_db.js`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    /// It has the same key.
    Stays = 0,
    /// It has another key: it leaves its place, and is added.
    Moves = 1,
    /// It has left its place before, and is added.
    HasLeft = 2,
}

impl Move {
    pub fn of(number: u32) -> Self {
        match number {
            1 => Self::Moves,
            2 => Self::HasLeft,
            _ => Self::Stays,
        }
    }
}

/// What a store takes over from another one, in an upgrade.
///
/// Where both generate keys, the generator goes on from where the other one's is. Rows, if they are taken over, are stored under
/// the key that this store's key path finds in them. Where it finds nothing, or where the key is outside of the row, they
/// keep the key that they have had, if that can be: a number, where keys are generated (a row with another one gets a
/// new key), and one from outside of the row, where the path is not for generated ones. A failure about a row names its old key.
#[derive(Clone, Debug)]
pub(crate) struct Adopt {
    pub from: String,
    pub rows: bool,
}

#[derive(Debug)]
pub(crate) enum Reply {
    Unit,
    Number(u64),
    Columns(Columns),
}

/// What a read brought: columns of the same length, in the order primary keys, keys, rows.
#[derive(Debug)]
pub(crate) struct Columns {
    pub batch: Batch,
    /// The rows, where they were written apart from the keys, as they were read.
    pub rows: Option<Box<Streamed>>,
    pub count: usize,
    pub want: Want,
    /// Names the rows that a read has parked.
    pub parked: u32,
    pub shapes: ShapeTable,
}

/// Rows that were written as they were read.
#[derive(Debug)]
pub(crate) struct Streamed {
    pub batch: Batch,
    /// How many rows there were before them, which a [`Sink`] has been given.
    pub given: usize,
}

/// The shapes that the storage's answers refer to.
#[derive(Clone, Debug, Default)]
pub(crate) struct ShapeTable(Rc<RefCell<Rc<Vec<Shape>>>>);

impl ShapeTable {
    /// The shapes up to now. Shared, and not borrowed: rows are decoded and changed by the app's code, which may panic
    /// without ever giving them back.
    pub fn borrow(&self) -> Rc<Vec<Shape>> {
        self.0.borrow().clone()
    }

    #[cfg_attr(not(target_family = "wasm"), allow(dead_code, reason = "only the browser's answers have shapes"))]
    pub fn push(&self, shape: Shape) {
        Rc::make_mut(&mut self.0.borrow_mut()).push(shape);
    }
}

/// Where rows are large, so many bytes of them are read at one time.
const READ_BYTES: usize = 4 << 20;

/// How many rows to read at one time, `most` at the most, where so many were of this size.
pub(crate) fn rows_at_one_time(most: usize, rows: usize, bytes: usize) -> usize {
    (READ_BYTES / (bytes / rows.max(1)).max(1)).clamp(1, most)
}

/// The columns, with the rows still undecoded.
pub(crate) struct Opened<'a> {
    pub primary_keys: Vec<AnyKey>,
    pub keys: Vec<AnyKey>,
    pub rows: RowReader<'a>,
}

pub(crate) struct RowReader<'a> {
    reader: Reader<'a>,
    left: usize,
}

impl Columns {
    pub fn empty(want: Want) -> Self {
        Self { batch: Batch::default(), rows: None, count: 0, want, parked: 0, shapes: ShapeTable::default() }
    }

    pub fn open<'a>(&'a self, shapes: &dyn Known) -> Opened<'a> {
        let mut reader = self.batch.reader();
        let mut column = |wanted: bool| {
            let count = if wanted { self.count } else { 0 };
            if let Some(numbers) = reader.numbers(count) {
                return numbers.iter().copied().map(AnyKey::Number).collect();
            }
            let mut keys = Vec::with_capacity(count);
            for _ in 0..count {
                // The storage gives no key that is none.
                keys.extend(read_key(&mut reader, shapes));
                reader.end_row();
            }
            keys
        };
        let primary_keys = column(self.want.primary_keys);
        let keys = column(self.want.keys);
        let (reader, given) = match &self.rows {
            Some(rows) => (rows.batch.reader(), rows.given),
            None => (reader, 0),
        };
        let left = if self.want.rows { self.count.saturating_sub(given) } else { 0 };
        Opened { primary_keys, keys, rows: RowReader { reader, left } }
    }

    /// About how many bytes they take.
    pub fn size(&self) -> usize {
        self.batch.size() + self.rows.as_ref().map_or(0, |rows| rows.batch.size())
    }

    /// The primary keys, alone.
    pub fn primary_keys(&self) -> Vec<AnyKey> {
        self.open(&*self.shapes.borrow()).primary_keys
    }

    /// The index keys, alone.
    pub fn keys(&self) -> Vec<AnyKey> {
        self.open(&*self.shapes.borrow()).keys
    }
}

impl<'a> RowReader<'a> {
    /// How many rows there are from here on.
    pub fn left(&self) -> usize {
        self.left
    }

    /// Where the next row begins.
    pub fn reader(&self) -> Reader<'a> {
        self.reader.clone()
    }

    /// The next row; `None` at the end, `Some(Ok(None))` where there is none for a key.
    pub fn next<T>(
        &mut self,
        decode: impl FnOnce(&mut Reader<'_>) -> Result<T, CodecError>,
    ) -> Option<Result<Option<T>, CodecError>> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let mut ahead = self.reader.clone();
        let row = if ahead.int() == tag::NULL {
            self.reader = ahead;
            Ok(None)
        } else {
            decode(&mut self.reader).map(Some)
        };
        self.reader.end_row();
        Some(row)
    }
}

/// What went wrong below, before it is known which table and key it was about.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub name: String,
    pub message: String,
    pub row: Option<usize>,
    /// The unique index that clashed; empty for the primary key.
    pub index: Option<String>,
    pub key: Option<AnyKey>,
    pub usage: Option<u64>,
    pub quota: Option<u64>,
}

impl Failure {
    /// The name of a failure to begin: the connection is closed, and nothing has been done.
    pub const NOT_STARTED: &'static str = "InvalidStateError";
    /// The name of a failure in the middle: the connection has been closed from outside.
    pub const LOST: &'static str = "ConnectionLost";
    /// Its upgrade was undone because the user has left the page; the next request for it waits for the user's return.
    pub const LEFT: &'static str = "PageLeft";

    pub fn is_not_started(&self) -> bool {
        self.name == Self::NOT_STARTED
    }

    /// One that says nothing but its name and a message.
    pub fn new(name: &str, message: &str) -> Self {
        Self {
            name: name.to_owned(),
            message: message.to_owned(),
            row: None,
            index: None,
            key: None,
            usage: None,
            quota: None,
        }
    }
}
