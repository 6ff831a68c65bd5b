//! Commits: what a transaction has changed, as the storages report it to those who watch.
//! Made by the backends; read by `live`.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use super::ShapeTable;
use super::memory::evaluator::{Row, Values};
use crate::codec::{Batch, CodecError, DecodeRow, Place, Reader, key_by, keys_by, read_key, skip, tag};
use crate::key::AnyKey;
use crate::schema::{KeyPath, StoreSchema};

/// What a committed transaction has changed in the stores that are watched.
#[derive(Debug)]
pub(crate) struct Commit {
    /// Its place in the order of this database's commits.
    pub order: Order,
    pub stores: Vec<StoreChange>,
}

/// When something was committed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Order {
    /// Nothing was committed: what overlays show has changed, for this many times.
    Shown(u64),
    /// Comparable with what an operation has [seen](super::Backend::seen).
    Number(u64),
    /// By someone else, who counts for himself: between these moments, in milliseconds since 1970.
    #[cfg_attr(not(target_family = "wasm"), allow(dead_code, reason = "the memory counts the commits of all threads"))]
    Elsewhere { sender: u64, from: f64, to: f64 },
}

/// What has changed in one store.
#[derive(Debug)]
pub(crate) struct StoreChange {
    pub store: String,
    /// Not known: all of it may have changed.
    pub rows: Option<Vec<RowChange>>,
    /// Whether its images are those of whole rows, or only of what their keys are made of.
    pub whole: bool,
}

/// One row, before a transaction and after it.
#[derive(Debug)]
pub(crate) struct RowChange {
    pub key: AnyKey,
    pub old: Option<Image>,
    pub new: Option<Image>,
}

/// A row as it was stored.
pub(crate) struct Image {
    of: Rc<Images>,
    at: Place,
    /// Decoded for whoever has asked first, with what tells his type.
    decoded: RefCell<Option<(usize, Rc<dyn Any>)>>,
}

/// Where images are: a batch of them.
#[derive(Debug)]
struct Images {
    batch: Batch,
    shapes: ShapeTable,
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Image")
    }
}

/// Reads the rows of a commit: of each store that many keys, as many rows before it, and as many after it.
pub(crate) struct Changes {
    images: Rc<Images>,
    at: Place,
}

impl Changes {
    pub fn new(batch: Batch, shapes: ShapeTable) -> Self {
        let at = batch.reader().place();
        Self { images: Rc::new(Images { batch, shapes }), at }
    }

    /// The next store's rows.
    pub fn rows(&mut self, count: usize) -> Vec<RowChange> {
        let shapes = self.images.shapes.borrow();
        let mut reader = self.images.batch.reader_at(self.at);
        let mut keys = Vec::with_capacity(count);
        for _ in 0..count {
            keys.push(read_key(&mut reader, &*shapes));
            reader.end_row();
        }
        let images = |reader: &mut Reader<'_>| {
            let image = |_| {
                let at = reader.place();
                let tag = reader.int();
                skip(reader, &*shapes, tag);
                reader.end_row();
                let image = || Image { of: self.images.clone(), at, decoded: RefCell::default() };
                (tag != tag::NULL).then(image)
            };
            (0..count).map(image).collect::<Vec<_>>()
        };
        let (olds, news) = (images(&mut reader), images(&mut reader));
        self.at = reader.place();
        let row = |((key, old), new): ((Option<AnyKey>, _), _)| Some(RowChange { key: key?, old, new });
        // The storage gives no key that is none.
        keys.into_iter().zip(olds).zip(news).filter_map(row).collect()
    }
}

impl Image {
    /// The row, decoded by this function, and only once.
    pub fn row(&self, decode: DecodeRow) -> Result<Rc<dyn Any>, CodecError> {
        let name = decode as usize;
        if let Some((of, row)) = &*self.decoded.borrow()
            && *of == name
        {
            return Ok(row.clone());
        }
        let shapes = self.of.shapes.borrow();
        let row: Rc<dyn Any> = Rc::from(decode(&mut self.of.batch.reader_at(self.at), &*shapes)?);
        self.decoded.borrow_mut().get_or_insert_with(|| (name, row.clone()));
        Ok(row)
    }

    /// The row, as the memory has rows.
    pub fn value(&self) -> Row {
        let shapes = self.of.shapes.borrow();
        Row::new(Values::at(self.of.batch.reader_at(self.at), &*shapes).row())
    }

    /// The keys of the row in an index (entry 0 is the primary key, if it is part of the row), ascending.
    pub fn keys(&self, schema: &StoreSchema, entry: u16) -> Vec<AnyKey> {
        let shapes = self.of.shapes.borrow();
        let reader = self.of.batch.reader_at(self.at);
        let single = |path: KeyPath| key_by(&reader, &*shapes, path).into_iter().collect();
        match entry.checked_sub(1) {
            None => single(schema.key.path),
            Some(at) => match schema.indexes.get(usize::from(at)) {
                Some(index) if index.multi => keys_by(&reader, &*shapes, index.path),
                Some(index) => single(index.path),
                None => Vec::new(),
            },
        }
    }
}

impl RowChange {
    /// The keys of one of its sides in an index.
    pub fn keys(&self, image: &Image, schema: &StoreSchema, entry: u16) -> Vec<AnyKey> {
        if entry == 0 { vec![self.key.clone()] } else { image.keys(schema, entry) }
    }
}
