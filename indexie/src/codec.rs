//! The codec: rows and keys as flat streams that cross between Rust and JavaScript in one piece.
//!
//! A [`Batch`] holds values one after the other: integers, lengths and tags in one stream of `u32`, other numbers in a
//! stream of `f64`, all text together, ASCII apart from the rest. The layout of an object (its property names and the
//! types of their values) is a *shape*, sent once and named by a number from then on.
//! Called by the storage and by the typed surface; knows nothing of IndexedDB. `storage/indexed_db/indexed_db.js` holds the other end.

mod batch;
mod decode;
mod encode;
mod error;
mod keys;
mod names;
mod shape;
#[cfg(test)]
mod tests;

pub(crate) use batch::{Batch, Finished, Place, Reader};
#[cfg(feature = "electric")]
pub(crate) use decode::decoder;
pub(crate) use decode::{Decoded, from_value, skip};
pub(crate) use encode::{Forms, write_row};
pub(crate) use error::{CodecError, Misfit};
pub(crate) use keys::{key_at_path, key_by, key_of, key_tagged, keys_by, read_key, tag_at_path, write_key};
/// Decodes a row of some type.
pub(crate) type DecodeRow = fn(&mut Reader<'_>, &dyn Known) -> Result<Box<dyn std::any::Any>, CodecError>;

pub(crate) use shape::{Known, Shape, Shapes, with_shapes};

/// What follows in the streams. The numbers are shared with the JavaScript end.
pub(crate) mod tag {
    pub const NULL: u32 = 0;
    pub const BOOL: u32 = 1;
    pub const U32: u32 = 2;
    pub const F64: u32 = 3;
    pub const TEXT: u32 = 4;
    pub const DATE: u32 = 5;
    pub const BYTES: u32 = 6;
    pub const BIGINT: u32 = 7;
    pub const ARRAY: u32 = 8;
    pub const OBJECT: u32 = 9;
    pub const MAP: u32 = 10;
    /// A value of a type that no Rust type stands for: a `Blob`, a `RegExp`.
    pub const OTHER: u32 = 11;
    /// In place of an array's element tag: each element carries its own.
    pub const MIXED: u32 = 12;
}

/// So many lists and records may be around a value that is one itself; JavaScript's end has the same number. What stands deeper is not
/// read: Rust's stack is small.
pub(crate) const MAX_DEPTH: u32 = 256;

/// Rows between two ends of the shared text: short enough that both ends work in the cache.
pub(crate) const ROWS_PER_SECTION: usize = 128;
