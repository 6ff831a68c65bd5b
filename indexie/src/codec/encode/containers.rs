//! What holds other values: objects, sequences and maps on their way into the streams.

use serde::ser::{self, Serialize};

use super::{BYTE, CodecError, Encoder, Place, Written, settled};
use crate::codec::batch::Position;
use crate::codec::names::PropertyName;
use crate::codec::{Batch, Shapes, tag};
use crate::key::Form;

/// What stands around an object or an array.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Around {
    Nothing,
    /// `{ variant: … }`, already written.
    Variant,
    /// The same, as a map.
    NamedVariant,
}

impl Around {
    /// How many levels there are of it and what stands in it.
    pub(super) fn levels(self) -> u32 {
        if self == Self::Nothing { 1 } else { 2 }
    }

    /// The tag of the whole.
    fn tag(self, content: u32) -> u32 {
        match self {
            Self::Nothing => content,
            Self::Variant => tag::OBJECT,
            Self::NamedVariant => tag::MAP,
        }
    }
}

/// Opens the `{ variant: … }` around the content of an enum variant.
pub(super) fn wrap(
    batch: &mut Batch,
    shapes: &mut Shapes,
    name: &'static str,
    variant: &'static str,
    content: u32,
) -> Around {
    if shapes.next_object() == tag::MAP {
        batch.int(1);
        batch.text(variant);
        batch.int(content);
        return Around::NamedVariant;
    }
    let start = shapes.start(name);
    let node = shapes.step(start, variant, content);
    let shape = shapes.finish(node);
    batch.int(shape);
    Around::Variant
}

pub(in crate::codec) struct Object<'a> {
    encoder: Encoder<'a>,
    around: Around,
    /// Where the shape's number goes once it is known, or the number of properties.
    at: usize,
    /// How far the shape is known; none where there are too many, and names are written instead.
    node: Option<u32>,
    pub(super) count: u32,
}

impl<'a> Object<'a> {
    pub(super) fn new(
        mut encoder: Encoder<'a>,
        name: &'static str,
        around: Around,
        content: u32,
    ) -> Result<Self, CodecError> {
        encoder.enter(around)?;
        let node = (content == tag::OBJECT).then(|| encoder.shapes.start(name));
        let at = encoder.batch.ints.len();
        encoder.batch.int(0);
        Ok(Self { encoder, around, at, node, count: 0 })
    }
}

/// A field that is being written.
struct Field {
    place: Place,
    before: Position,
    /// Where its tag goes, if it is named.
    slot: usize,
}

impl Object<'_> {
    fn begin_field(&mut self, key: &'static str) -> Field {
        let Encoder { batch, place, .. } = &mut self.encoder;
        let before = batch.position();
        if self.node.is_none() {
            batch.text(key);
            batch.int(tag::NULL);
        }
        Field { place: place.field(key), before, slot: batch.ints.len().saturating_sub(1) }
    }

    fn end_field(&mut self, key: &'static str, field: &Field, tag: Written) -> Result<(), CodecError> {
        let Encoder { batch, shapes, .. } = &mut self.encoder;
        let tag = tag.map_err(|error| error.at(key))?;
        // `None` is an absent property: `null` would be no key, and not what Dexie stores.
        if tag == tag::NULL {
            batch.rewind(field.before);
            return Ok(());
        }
        self.count += 1;
        match &mut self.node {
            Some(node) => *node = shapes.step(*node, key, settled(tag)),
            None => batch.ints[field.slot] = settled(tag),
        }
        Ok(())
    }
}

impl ser::SerializeStruct for Object<'_> {
    type Ok = u32;
    type Error = CodecError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), CodecError> {
        let field = self.begin_field(key);
        let Encoder { batch, shapes, .. } = &mut self.encoder;
        let tag = value.serialize(Encoder { batch, shapes, place: field.place });
        self.end_field(key, &field, tag)
    }

    fn end(mut self) -> Written {
        for name in self.encoder.besides() {
            ser::SerializeStruct::serialize_field(&mut self, name, &true)?;
        }
        self.encoder.leave(self.around);
        let Encoder { batch, shapes, .. } = self.encoder;
        let content = if let Some(node) = self.node {
            batch.ints[self.at] = shapes.finish(node);
            tag::OBJECT
        } else {
            batch.ints[self.at] = self.count;
            tag::MAP
        };
        Ok(self.around.tag(content))
    }
}

impl ser::SerializeStructVariant for Object<'_> {
    type Ok = u32;
    type Error = CodecError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), CodecError> {
        ser::SerializeStruct::serialize_field(self, key, value)
    }

    fn end(self) -> Written {
        ser::SerializeStruct::end(self)
    }
}

pub(in crate::codec) struct Sequence<'a> {
    encoder: Encoder<'a>,
    around: Around,
    may_be_binary: bool,
    /// Where the number of elements goes, and their tag after it.
    at: usize,
    /// Where each element begins, and its tag.
    elements: Vec<(usize, u32)>,
}

impl<'a> Sequence<'a> {
    pub(super) fn new(mut encoder: Encoder<'a>, around: Around, may_be_binary: bool) -> Result<Self, CodecError> {
        encoder.enter(around)?;
        let may_be_binary = match encoder.place {
            Place::Key(form) => may_be_binary && form == Form::Binary,
            // A set of bytes under a multi-entry index is an array of numbers.
            Place::Keys(_) => false,
            _ => may_be_binary,
        };
        let at = encoder.batch.ints.len();
        encoder.batch.int(0);
        encoder.batch.int(tag::MIXED);
        Ok(Self { encoder, around, may_be_binary, at, elements: Vec::new() })
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CodecError> {
        let Encoder { batch, shapes, place } = &mut self.encoder;
        let start = batch.ints.len();
        let place = match *place {
            Place::Key(Form::Array) | Place::Part => Place::Part,
            Place::Key(form) | Place::Keys(form) => Place::Key(form),
            _ => Place::Free,
        };
        let tag = value.serialize(Encoder { batch, shapes, place });
        let tag = tag.map_err(|error| error.at_element(self.elements.len()))?;
        self.elements.push((start, tag));
        Ok(())
    }

    #[allow(clippy::cast_possible_truncation, reason = "wasm memory ends at 2^32, and a byte was written as one")]
    fn close(mut self) -> u32 {
        self.encoder.leave(self.around);
        let (batch, elements, at) = (self.encoder.batch, self.elements, self.at);
        let first = elements.first().map(|(_, tag)| *tag);
        let uniform = first.filter(|first| elements.iter().all(|(_, tag)| tag == first));
        let binary = self.may_be_binary
            && (uniform == Some(BYTE) || (elements.is_empty() && matches!(self.encoder.place, Place::Key(_))));
        let content = if binary {
            let bytes: Vec<u8> = batch.ints.drain(at + 2..).map(|byte| byte as u8).collect();
            batch.ints.truncate(at);
            batch.binary(&bytes);
            tag::BYTES
        } else {
            batch.ints[at] = elements.len() as u32;
            if let Some(uniform) = uniform {
                batch.ints[at + 1] = settled(uniform);
            } else if let Some((first, _)) = elements.first() {
                let written = batch.ints.split_off(*first);
                let ends = elements.iter().skip(1).map(|(start, _)| *start).chain([first + written.len()]);
                for ((start, tag), end) in elements.iter().zip(ends) {
                    batch.int(settled(*tag));
                    batch.ints.extend_from_slice(&written[start - first..end - first]);
                }
            }
            tag::ARRAY
        };
        self.around.tag(content)
    }
}

impl ser::SerializeSeq for Sequence<'_> {
    type Ok = u32;
    type Error = CodecError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CodecError> {
        self.element(value)
    }

    fn end(self) -> Written {
        Ok(self.close())
    }
}

impl ser::SerializeTuple for Sequence<'_> {
    type Ok = u32;
    type Error = CodecError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CodecError> {
        self.element(value)
    }

    fn end(self) -> Written {
        Ok(self.close())
    }
}

impl ser::SerializeTupleStruct for Sequence<'_> {
    type Ok = u32;
    type Error = CodecError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CodecError> {
        self.element(value)
    }

    fn end(self) -> Written {
        Ok(self.close())
    }
}

impl ser::SerializeTupleVariant for Sequence<'_> {
    type Ok = u32;
    type Error = CodecError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CodecError> {
        self.element(value)
    }

    fn end(self) -> Written {
        Ok(self.close())
    }
}

pub(in crate::codec) struct Map<'a> {
    pub(super) encoder: Encoder<'a>,
    /// Where the number of entries goes.
    pub(super) at: usize,
    pub(super) count: u32,
    pub(super) key: String,
    /// Whether this entry is a field of a flattened struct, or of one with flattened fields: `None` is absent there.
    pub(super) of_field: bool,
}

impl ser::SerializeMap for Map<'_> {
    type Ok = u32;
    type Error = CodecError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), CodecError> {
        self.key = key.serialize(PropertyName)?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CodecError> {
        let Encoder { batch, shapes, place } = &mut self.encoder;
        let before = batch.position();
        batch.text(&self.key);
        let slot = batch.ints.len();
        batch.int(tag::NULL);
        let place = place.field(&self.key);
        let tag = value.serialize(Encoder { batch, shapes, place });
        let tag = tag.map_err(|error| error.at(&self.key))?;
        if tag == tag::NULL && (self.of_field || place.is_key()) {
            batch.rewind(before);
            return Ok(());
        }
        batch.ints[slot] = settled(tag);
        self.count += 1;
        Ok(())
    }

    fn serialize_entry<K: Serialize + ?Sized, V: Serialize + ?Sized>(
        &mut self,
        key: &K,
        value: &V,
    ) -> Result<(), CodecError> {
        // Serde's derive gives a field's name as a bare `str`; the keys of a map are of a type with a size.
        self.of_field = size_of::<&K>() > size_of::<usize>();
        self.serialize_key(key)?;
        self.serialize_value(value)
    }

    fn end(mut self) -> Written {
        for name in self.encoder.besides() {
            self.serialize_entry(name, &true)?;
        }
        self.encoder.leave(Around::Nothing);
        self.encoder.batch.ints[self.at] = self.count;
        Ok(tag::MAP)
    }
}
