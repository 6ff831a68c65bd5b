//! What holds other values: the elements, properties and variants that the deserializer hands out one by one.

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::{CodecError, Decoded, Decoder, skip};
use crate::codec::names::{Name, no_data};
use crate::codec::{Known, Reader, Shape, tag};

pub(super) struct Elements<'r, 'b> {
    pub(super) reader: &'r mut Reader<'b>,
    pub(super) shapes: &'r dyn Known,
    pub(super) left: u32,
    pub(super) of: u32,
    pub(super) at: u32,
}

impl<'de> SeqAccess<'de> for &mut Elements<'_, '_> {
    type Error = CodecError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Decoded<Option<T::Value>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        self.at += 1;
        let tag = if self.of == tag::MIXED { self.reader.int() } else { self.of };
        seed.deserialize(Decoder { reader: self.reader, shapes: self.shapes, tag })
            .map(Some)
            .map_err(|error| error.at_element(self.at as usize - 1))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left as usize)
    }
}

/// One of several bytes that are read as a sequence of numbers.
pub(super) struct Byte(pub(super) u8);

impl IntoDeserializer<'_, CodecError> for Byte {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Byte {
    type Error = CodecError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        visitor.visit_u8(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Decoded<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// The properties of an object. One type for all there are, for there is code for each in every program for each of its types.
pub(super) struct Fields<'r, 'b> {
    pub(super) reader: &'r mut Reader<'b>,
    pub(super) shapes: &'r dyn Known,
    pub(super) of: Of<'r>,
}

/// Where the names are: in the object's shape, or each before its value.
pub(super) enum Of<'r> {
    Shape { shape: &'r Shape, at: usize },
    Map { left: u32, name: &'r str },
}

impl<'r, 'b: 'r> Fields<'r, 'b> {
    fn next_name(&mut self) -> Option<&'r str> {
        match &mut self.of {
            Of::Shape { shape, at } => shape.names.get(*at).map(String::as_str),
            Of::Map { left: 0, .. } => None,
            Of::Map { left, name } => {
                *left -= 1;
                *name = self.reader.text();
                Some(name)
            }
        }
    }

    fn next_tag(&mut self) -> u32 {
        match &mut self.of {
            Of::Shape { shape, at } => {
                *at += 1;
                shape.tags.get(*at - 1).copied().unwrap_or(tag::NULL)
            }
            Of::Map { .. } => self.reader.int(),
        }
    }

    /// Passes over what nobody has asked for: what follows the object comes behind it.
    pub(super) fn end(mut self) {
        while self.next_name().is_some() {
            let tag = self.next_tag();
            skip(self.reader, self.shapes, tag);
        }
    }

    /// Of a value that did not decode: where it is.
    #[cold]
    fn at_last(&self, error: CodecError) -> CodecError {
        error.at(match self.of {
            Of::Shape { shape, at } => shape.names.get(at.wrapping_sub(1)).map_or("", String::as_str),
            Of::Map { name, .. } => name,
        })
    }
}

impl<'de, 'r, 'b: 'r> MapAccess<'de> for &mut Fields<'r, 'b> {
    type Error = CodecError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Decoded<Option<K::Value>> {
        match self.next_name() {
            Some(name) => seed.deserialize(Name(name)).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Decoded<V::Value> {
        let tag = self.next_tag();
        let value = seed.deserialize(Decoder { reader: self.reader, shapes: self.shapes, tag });
        value.map_err(|error| self.at_last(error))
    }

    fn size_hint(&self) -> Option<usize> {
        match self.of {
            Of::Shape { shape, at } => Some(shape.names.len() - at),
            Of::Map { left, .. } => Some(left as usize),
        }
    }
}

pub(super) struct Variant<'n, 'r, 'b> {
    pub(super) name: &'n str,
    pub(super) content: Decoder<'r, 'b>,
}

impl<'de, 'r, 'b> EnumAccess<'de> for Variant<'_, 'r, 'b> {
    type Error = CodecError;
    type Variant = Content<'r, 'b>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Decoded<(V::Value, Content<'r, 'b>)> {
        Ok((seed.deserialize(self.name.into_deserializer())?, Content(self.content)))
    }
}

pub(super) struct Content<'r, 'b>(Decoder<'r, 'b>);

impl<'de> VariantAccess<'de> for Content<'_, '_> {
    type Error = CodecError;

    fn unit_variant(self) -> Decoded<()> {
        skip(self.0.reader, self.0.shapes, self.0.tag);
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Decoded<T::Value> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Decoded<V::Value> {
        self.0.seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _fields: &'static [&'static str], visitor: V) -> Decoded<V::Value> {
        match self.0.tag {
            tag::NULL => Err(no_data()),
            _ => self.0.map(visitor),
        }
    }
}
