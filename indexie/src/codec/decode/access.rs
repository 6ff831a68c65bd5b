//! What holds other values: the elements, properties and variants that the deserializer hands out one by one.

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::{DecodeError, Decoded, Decoder, skip};
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
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Decoded<Option<T::Value>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        self.at += 1;
        let tag = if self.of == tag::MIXED { self.reader.int() } else { self.of };
        seed.deserialize(Decoder { reader: self.reader, shapes: self.shapes, tag })
            .map(Some)
            .map_err(|error| error.at(format_args!("[{}]", self.at - 1)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left as usize)
    }
}

/// One of several bytes that are read as a sequence of numbers.
pub(super) struct Byte(pub(super) u8);

impl IntoDeserializer<'_, DecodeError> for Byte {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Byte {
    type Error = DecodeError;

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

pub(super) struct Fields<'r, 'b> {
    pub(super) reader: &'r mut Reader<'b>,
    pub(super) shapes: &'r dyn Known,
    pub(super) shape: &'r Shape,
    pub(super) at: usize,
}

impl<'de> MapAccess<'de> for Fields<'_, '_> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Decoded<Option<K::Value>> {
        match self.shape.names.get(self.at) {
            Some(name) => seed.deserialize(Name(name)).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Decoded<V::Value> {
        let at = self.at;
        self.at += 1;
        let tag = self.shape.tags.get(at).copied().unwrap_or(tag::NULL);
        seed.deserialize(Decoder { reader: self.reader, shapes: self.shapes, tag })
            .map_err(|error| error.at(self.shape.names.get(at).map_or("", String::as_str)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.shape.names.len() - self.at)
    }
}

pub(super) struct Entries<'r, 'b> {
    pub(super) reader: &'r mut Reader<'b>,
    pub(super) shapes: &'r dyn Known,
    pub(super) left: u32,
    pub(super) name: &'r str,
}

impl<'de, 'r, 'b: 'r> MapAccess<'de> for Entries<'r, 'b> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Decoded<Option<K::Value>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        self.name = self.reader.text();
        seed.deserialize(Name(self.name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Decoded<V::Value> {
        let tag = self.reader.int();
        seed.deserialize(Decoder { reader: self.reader, shapes: self.shapes, tag }).map_err(|error| error.at(self.name))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left as usize)
    }
}

pub(super) struct Variant<'n, 'r, 'b> {
    pub(super) name: &'n str,
    pub(super) content: Decoder<'r, 'b>,
}

impl<'de, 'r, 'b> EnumAccess<'de> for Variant<'_, 'r, 'b> {
    type Error = DecodeError;
    type Variant = Content<'r, 'b>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Decoded<(V::Value, Content<'r, 'b>)> {
        Ok((seed.deserialize(self.name.into_deserializer())?, Content(self.content)))
    }
}

pub(super) struct Content<'r, 'b>(Decoder<'r, 'b>);

impl<'de> VariantAccess<'de> for Content<'_, '_> {
    type Error = DecodeError;

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
