//! One shape: the pages of its snapshot, frozen when it was made, and its log since. `Shapes` makes it and has
//! it follow the commits; `http` reads pages.

use serde_json::{Map, Value};

use super::definition::{Definition, Log};
use super::message::{Message, Tags, Writer, snapshot_end};
use super::offset::{Offset, Op};
use super::positions::Views;
use crate::db::Database;
use crate::db::table::{Row, Table};

#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) handle: String,
    pub(crate) identity: String,
    pub(crate) definition: Definition,
    /// The value of `electric-schema`; it cannot change, as the shape would be dropped.
    pub(crate) schema: String,
    pages: Vec<Vec<Message>>,
    log: Vec<Entry>,
    /// What the log's last, unfinished chunk has in bytes.
    open_chunk: usize,
    chunk_bytes: usize,
    pub(super) views: Views,
}

#[derive(Debug)]
struct Entry {
    offset: Offset,
    message: Message,
    ends_chunk: bool,
}

/// What one response has of a shape.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) messages: Vec<Message>,
    /// Where it ends: the next request's offset.
    pub(crate) end: Offset,
    /// Whether there is nothing behind it.
    pub(crate) complete: bool,
    /// What the last offset says of a commit; of a move-in that is an earlier one than it was caused by.
    pub(crate) lsn: Option<u64>,
}

impl Shape {
    /// Takes the snapshot.
    pub(super) fn take(
        handle: String,
        identity: String,
        definition: Definition,
        chunk_bytes: usize,
        db: &Database,
    ) -> Self {
        let table = db.table_by_oid(definition.oid).expect("the definition was read from this database");
        let views = definition.positions.as_ref().map(|positions| positions.views(db)).unwrap_or_default();
        let mut shape = Self {
            schema: definition.schema(table),
            handle,
            identity,
            definition,
            pages: Vec::new(),
            log: Vec::new(),
            open_chunk: 0,
            chunk_bytes,
            views,
        };
        shape.pages = shape.snapshot(table, db);
        shape
    }

    /// The rows selected, a page closed by the row that fills it, and how the snapshot ends.
    fn snapshot(&self, table: &Table, db: &Database) -> Vec<Vec<Message>> {
        let writer = Writer { definition: &self.definition, table };
        let (mut pages, mut page, mut bytes) = (Vec::new(), Vec::new(), 0);
        let whole = self.definition.log == Log::Full;
        for row in table.rows().filter(|row| whole && self.selects(row, &self.views, db)) {
            let tags = self.tags(row, &self.views, db);
            let message: Message = writer.row(row, tags.as_ref(), Map::new()).to_string().into();
            bytes += message.len();
            page.push(message);
            if bytes >= self.chunk_bytes {
                pages.push(std::mem::take(&mut page));
                bytes = 0;
            }
        }
        page.push(snapshot_end(db.next_txid()).to_string().into());
        pages.push(page);
        pages
    }

    /// Where the log ends now.
    pub(crate) fn end(&self) -> Offset {
        self.log.last().map_or(Offset::SNAPSHOT_END, |entry| entry.offset)
    }

    /// The first page of the snapshot.
    pub(crate) fn first_page(&self) -> Page {
        self.snapshot_page(0)
    }

    /// What follows `offset`; no messages where nothing does.
    pub(crate) fn after(&self, offset: Offset) -> Page {
        if let Offset { tx: 0, op: Op::At(page) } = offset
            && let Ok(next) = usize::try_from(page.saturating_add(1))
            && next < self.pages.len()
        {
            return self.snapshot_page(next);
        }
        let start = self.log.partition_point(|entry| entry.offset <= offset);
        let rest = &self.log[start..];
        let length = rest.iter().position(|entry| entry.ends_chunk).map_or(rest.len(), |at| at + 1);
        let chunk = &rest[..length];
        Page {
            messages: chunk.iter().map(|entry| entry.message.clone()).collect(),
            end: chunk.last().map_or_else(|| self.end(), |entry| entry.offset),
            complete: length == rest.len(),
            lsn: chunk.last().map(|entry| entry.offset.tx),
        }
    }

    /// Writes a message at the end of the log.
    pub(super) fn append(&mut self, offset: Offset, message: &Value) {
        let message: Message = message.to_string().into();
        self.open_chunk += message.len();
        let ends_chunk = self.open_chunk >= self.chunk_bytes;
        if ends_chunk {
            self.open_chunk = 0;
        }
        self.log.push(Entry { offset, message, ends_chunk });
    }

    /// Whether a row is in the shape, given what its subqueries select.
    pub(crate) fn selects(&self, row: &Row, views: &Views, db: &Database) -> bool {
        match &self.definition.positions {
            Some(positions) => positions.selects(row, views, db),
            None => self.definition.selects(row, db),
        }
    }

    /// The tags of a row, of a shape that has some.
    pub(super) fn tags(&self, row: &Row, views: &Views, db: &Database) -> Option<Tags> {
        let positions = self.definition.positions.as_ref()?;
        Some(Tags { active: positions.active(row, views, db), tags: positions.tags(row, &self.handle) })
    }

    fn snapshot_page(&self, page: usize) -> Page {
        Page { messages: self.pages[page].clone(), end: Offset::new(0, page as u64), complete: false, lsn: None }
    }
}
