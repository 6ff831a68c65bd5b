//! Keys in and out of the streams, and the key that a written row has at a key path.

use serde::Serialize;

use super::{Batch, Known, Reader, skip, tag, with_shapes, write_row};
use crate::float::{is_nan, natural};
use crate::key::AnyKey;
use crate::order::sort_keys;
use crate::schema::KeyPath;

#[allow(clippy::cast_possible_truncation, reason = "a key has few parts")]
pub(crate) fn write_key(batch: &mut Batch, key: &AnyKey) {
    match key {
        AnyKey::Number(number) => {
            if let Some(Ok(int)) = natural(*number).map(u32::try_from) {
                batch.int(tag::U32);
                batch.int(int);
            } else {
                batch.int(tag::F64);
                batch.float(*number);
            }
        }
        AnyKey::Date(millis) => {
            batch.int(tag::DATE);
            batch.float(*millis);
        }
        AnyKey::Text(text) => {
            batch.int(tag::TEXT);
            batch.text(text);
        }
        AnyKey::Binary(bytes) => {
            batch.int(tag::BYTES);
            batch.binary(bytes);
        }
        AnyKey::Array(parts) => {
            batch.int(tag::ARRAY);
            batch.int(parts.len() as u32);
            batch.int(tag::MIXED);
            for part in parts {
                write_key(batch, part);
            }
        }
    }
}

/// Reads a value that carries its tag; none if it is no key.
pub(crate) fn read_key(reader: &mut Reader<'_>, shapes: &dyn Known) -> Option<AnyKey> {
    let tag = reader.int();
    key_tagged(reader, shapes, tag)
}

/// The same of a value whose tag has been read.
pub(crate) fn key_tagged(reader: &mut Reader<'_>, shapes: &dyn Known, tag: u32) -> Option<AnyKey> {
    Some(match tag {
        tag::U32 => AnyKey::Number(f64::from(reader.int())),
        tag::F64 => AnyKey::Number(Some(reader.float()).filter(|number| !is_nan(*number))?),
        tag::DATE => AnyKey::Date(Some(reader.float()).filter(|millis| !is_nan(*millis))?),
        tag::TEXT => AnyKey::from(reader.text()),
        tag::BYTES => AnyKey::Binary(reader.binary().to_vec()),
        tag::ARRAY => {
            let (count, of) = (reader.int(), reader.int());
            let mut parts = Vec::with_capacity(count as usize);
            let mut valid = true;
            for _ in 0..count {
                let tag = if of == tag::MIXED { reader.int() } else { of };
                match key_tagged(reader, shapes, tag) {
                    Some(part) => parts.push(part),
                    None => valid = false,
                }
            }
            if !valid {
                return None;
            }
            AnyKey::Array(parts)
        }
        _ => {
            skip(reader, shapes, tag);
            return None;
        }
    })
}

/// The key at a dotted key path of the row that begins here.
pub(crate) fn key_at_path(reader: &mut Reader<'_>, shapes: &dyn Known, path: &[&str]) -> Option<AnyKey> {
    let tag = tag_at_path(reader, shapes, path)?;
    key_tagged(reader, shapes, tag)
}

/// The key that a row has, as it would be stored, by a key path of the schema. None, too, if it cannot be written: that is for
/// whoever writes it to say.
pub(crate) fn key_of<R: Serialize + ?Sized>(row: &R, path: KeyPath) -> Option<AnyKey> {
    let mut batch = Batch::default();
    with_shapes(|shapes| {
        write_row(&mut batch, shapes, &[], row).ok()?;
        key_by(&batch.finish().reader(), &*shapes, path)
    })
}

/// The key that the row which begins here has by a key path of the schema.
pub(crate) fn key_by(reader: &Reader<'_>, shapes: &dyn Known, path: KeyPath) -> Option<AnyKey> {
    let part = |path: &str| key_at_path(&mut reader.clone(), shapes, &path.split('.').collect::<Vec<_>>());
    match path {
        KeyPath::None => None,
        KeyPath::One(path) => part(path),
        KeyPath::Many(paths) => paths.iter().map(|path| part(path)).collect::<Option<_>>().map(AnyKey::Array),
    }
}

/// The keys that the row which begins here has in a multi-entry index, ascending: what is no key is passed over.
pub(crate) fn keys_by(reader: &Reader<'_>, shapes: &dyn Known, path: KeyPath) -> Vec<AnyKey> {
    let KeyPath::One(path) = path else { return key_by(reader, shapes, path).into_iter().collect() };
    let mut reader = reader.clone();
    let mut keys = match tag_at_path(&mut reader, shapes, &path.split('.').collect::<Vec<_>>()) {
        Some(tag::ARRAY) => {
            let (count, of) = (reader.int(), reader.int());
            let element = |_| {
                let tag = if of == tag::MIXED { reader.int() } else { of };
                key_tagged(&mut reader, shapes, tag)
            };
            (0..count).filter_map(element).collect()
        }
        Some(tag) => key_tagged(&mut reader, shapes, tag).into_iter().collect(),
        None => Vec::new(),
    };
    sort_keys(&mut keys);
    keys
}

/// Walks to the value at a dotted key path of the row that begins here.
pub(crate) fn tag_at_path(reader: &mut Reader<'_>, shapes: &dyn Known, path: &[&str]) -> Option<u32> {
    let mut tag = reader.int();
    for name in path {
        match tag {
            tag::OBJECT => {
                let number = reader.int();
                let shape = shapes.shape(number)?;
                let at = shape.names.iter().position(|field| field == name)?;
                for before in &shape.tags[..at] {
                    skip(reader, shapes, *before);
                }
                tag = shape.tags[at];
            }
            tag::MAP => {
                let mut left = reader.int();
                loop {
                    if left == 0 {
                        return None;
                    }
                    left -= 1;
                    let (field, value) = (reader.text(), reader.int());
                    if field == *name {
                        tag = value;
                        break;
                    }
                    skip(reader, shapes, value);
                }
            }
            _ => return None,
        }
    }
    Some(tag)
}
