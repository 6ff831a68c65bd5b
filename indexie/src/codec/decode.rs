//! Rows out of the streams: a serde deserializer that checks every number it narrows and says where it failed.

mod access;
mod integer;

use serde::de::{self, DeserializeOwned, Deserializer, Unexpected, Visitor};

use access::{Byte, Elements, Fields, Of, Variant};
use integer::{Integer, Number, Wide, number, too_wide};

use super::names::Name;
use super::{CodecError, Known, Reader, tag};
use crate::key::date;

pub(crate) type Decoded<T> = Result<T, CodecError>;

/// Reads one value that carries its tag.
pub(crate) fn from_value<T: DeserializeOwned>(reader: &mut Reader<'_>, shapes: &dyn Known) -> Decoded<T> {
    T::deserialize(decoder(reader, shapes))
}

/// What reads it, for whoever wants to come in between.
pub(crate) fn decoder<'de, 'r, 'b>(
    reader: &'r mut Reader<'b>,
    shapes: &'r dyn Known,
) -> impl Deserializer<'de, Error = CodecError> + use<'de, 'r, 'b> {
    let tag = reader.int();
    Decoder { reader, shapes, tag }
}

/// Walks over a value.
pub(crate) fn skip(reader: &mut Reader<'_>, shapes: &dyn Known, tag: u32) {
    match tag {
        tag::BOOL | tag::U32 => {
            reader.int();
        }
        tag::F64 | tag::DATE => {
            reader.float();
        }
        tag::TEXT | tag::BIGINT | tag::OTHER => {
            reader.text();
        }
        tag::BYTES => {
            reader.binary();
        }
        tag::ARRAY => {
            let (count, of) = (reader.int(), reader.int());
            for _ in 0..count {
                let tag = if of == tag::MIXED { reader.int() } else { of };
                skip(reader, shapes, tag);
            }
        }
        tag::OBJECT => {
            let number = reader.int();
            for tag in shapes.shape(number).map_or(&[][..], |shape| &shape.tags) {
                skip(reader, shapes, *tag);
            }
        }
        tag::MAP => {
            for _ in 0..reader.int() {
                reader.text();
                let tag = reader.int();
                skip(reader, shapes, tag);
            }
        }
        _ => {}
    }
}

struct Decoder<'r, 'b> {
    reader: &'r mut Reader<'b>,
    shapes: &'r dyn Known,
    tag: u32,
}

impl Decoder<'_, '_> {
    fn read_number(&mut self) -> Option<f64> {
        match self.tag {
            tag::U32 => Some(self.reader.int().into()),
            tag::F64 => Some(self.reader.float()),
            _ => None,
        }
    }

    /// For the types that are integers: numbers, big integers, nothing else.
    fn integer<'de, V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        if self.tag == tag::BIGINT {
            let digits = self.reader.text();
            return match Integer::of(digits) {
                Some(integer) => integer.visit(visitor),
                None => Wide::of(digits)?.visit(visitor),
            };
        }
        self.narrow_integer(visitor)
    }

    /// The same for those of up to 64 bits, of which there are many.
    fn narrow_integer<'de, V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        // Nearly all there are.
        if self.tag == tag::U32 {
            return visitor.visit_u64(self.reader.int().into());
        }
        self.any_integer(&visitor)?.visit(visitor)
    }

    fn any_integer(mut self, expected: &dyn de::Expected) -> Decoded<Integer> {
        if self.tag == tag::BIGINT {
            let digits = self.reader.text();
            return Integer::of(digits).ok_or_else(|| too_wide(digits, expected));
        }
        match self.read_number().map(number) {
            Some(Number::Natural(value)) => Ok(Integer::Natural(value)),
            Some(Number::Negative(value)) => Ok(Integer::Negative(value)),
            // Minus zero.
            Some(Number::Float(0.0)) => Ok(Integer::Natural(0)),
            Some(Number::Float(value)) => Err(de::Error::invalid_value(Unexpected::Float(value), expected)),
            None => Err(self.unexpected(expected)),
        }
    }

    /// What stands here, for the error message.
    #[cold]
    fn unexpected(self, expected: &dyn de::Expected) -> CodecError {
        let found = match self.tag {
            tag::NULL => "null",
            tag::BOOL => "a boolean",
            tag::U32 | tag::F64 => "a number",
            tag::TEXT => {
                let text = self.reader.text();
                return de::Error::invalid_type(Unexpected::Str(text), expected);
            }
            tag::DATE => "a Date",
            tag::BYTES => "a Uint8Array",
            tag::BIGINT => "a BigInt",
            tag::ARRAY => "an array",
            tag::OBJECT | tag::MAP => "an object",
            tag::OTHER => self.reader.text(),
            _ => "something unreadable",
        };
        de::Error::invalid_type(Unexpected::Other(found), expected)
    }

    fn seq<'de, V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        match self.tag {
            tag::ARRAY => {
                let (left, of) = (self.reader.int(), self.reader.int());
                let mut elements = Elements { reader: self.reader, shapes: self.shapes, left, of, at: 0 };
                let value = visitor.visit_seq(&mut elements)?;
                if elements.left > 0 {
                    return Err(de::Error::invalid_length((elements.at + elements.left) as usize, &"fewer elements"));
                }
                Ok(value)
            }
            tag::BYTES => {
                let bytes = self.reader.binary();
                visitor.visit_seq(de::value::SeqDeserializer::new(bytes.iter().copied().map(Byte)))
            }
            _ => Err(self.unexpected(&visitor)),
        }
    }

    fn map<'de, V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        let (reader, shapes) = (self.reader, self.shapes);
        let of = match self.tag {
            tag::OBJECT => {
                let number = reader.int();
                let Some(shape) = shapes.shape(number) else {
                    return Err(de::Error::custom("an object of an unknown shape"));
                };
                Of::Shape { shape, at: 0 }
            }
            tag::MAP => Of::Map { left: reader.int(), name: "" },
            tag => return Err(Decoder { reader, shapes, tag }.unexpected(&visitor)),
        };
        let mut fields = Fields { reader, shapes, of };
        let value = visitor.visit_map(&mut fields)?;
        fields.end();
        Ok(value)
    }
}

impl<'de> Deserializer<'de> for Decoder<'_, '_> {
    type Error = CodecError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        match self.tag {
            tag::NULL => visitor.visit_unit(),
            tag::BOOL => visitor.visit_bool(self.reader.int() != 0),
            tag::U32 => visitor.visit_u64(self.reader.int().into()),
            tag::F64 => match number(self.reader.float()) {
                Number::Natural(value) => visitor.visit_u64(value),
                Number::Negative(value) => visitor.visit_i64(value),
                Number::Float(value) => visitor.visit_f64(value),
            },
            tag::BIGINT => self.integer(visitor),
            tag::TEXT => visitor.visit_str(self.reader.text()),
            tag::DATE => visitor.visit_f64(self.reader.float()),
            tag::ARRAY | tag::BYTES => self.seq(visitor),
            tag::OBJECT | tag::MAP => self.map(visitor),
            _ => Err(self.unexpected(&visitor)),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(mut self, visitor: V) -> Decoded<V::Value> {
        match self.tag {
            tag::BOOL => visitor.visit_bool(self.reader.int() != 0),
            // How a boolean under an index is stored.
            tag::U32 | tag::F64 => match self.read_number() {
                Some(0.0) => visitor.visit_bool(false),
                Some(1.0) => visitor.visit_bool(true),
                other => Err(de::Error::invalid_value(Unexpected::Float(other.unwrap_or_default()), &visitor)),
            },
            _ => Err(self.unexpected(&visitor)),
        }
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.narrow_integer(visitor)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.narrow_integer(visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.narrow_integer(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.narrow_integer(visitor)
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.integer(visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.narrow_integer(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.narrow_integer(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.narrow_integer(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.narrow_integer(visitor)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.integer(visitor)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(mut self, visitor: V) -> Decoded<V::Value> {
        if self.tag == tag::F64 {
            return visitor.visit_f64(self.reader.float());
        }
        match self.read_number() {
            Some(value) => visitor.visit_f64(value),
            None => Err(self.unexpected(&visitor)),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        match self.tag {
            tag::TEXT => visitor.visit_str(self.reader.text()),
            _ => Err(self.unexpected(&visitor)),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        match self.tag {
            tag::BYTES => visitor.visit_bytes(self.reader.binary()),
            _ => self.seq(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        match self.tag {
            tag::NULL => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        match self.tag {
            tag::NULL => visitor.visit_unit(),
            _ => Err(self.unexpected(&visitor)),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Decoded<V::Value> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Decoded<V::Value> {
        if name == date::NAME && !matches!(self.tag, tag::DATE | tag::U32 | tag::F64) {
            return Err(self.unexpected(&visitor));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.seq(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Decoded<V::Value> {
        self.seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Decoded<V::Value> {
        self.seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.map(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Decoded<V::Value> {
        // Never as an array: code for that would be in every program once more for each of its structs.
        self.map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Decoded<V::Value> {
        let (reader, shapes) = (self.reader, self.shapes);
        match self.tag {
            tag::TEXT => visitor.visit_enum(Name(reader.text())),
            tag::OBJECT => {
                let number = reader.int();
                match shapes.shape(number) {
                    Some(shape) if shape.names.len() == 1 => {
                        let content = Decoder { reader, shapes, tag: shape.tags[0] };
                        visitor.visit_enum(Variant { name: &shape.names[0], content })
                    }
                    _ => Err(de::Error::custom("expected an object with one property, the variant's name")),
                }
            }
            tag::MAP => {
                if reader.int() != 1 {
                    return Err(de::Error::custom("expected an object with one property, the variant's name"));
                }
                let (name, tag) = (reader.text(), reader.int());
                visitor.visit_enum(Variant { name, content: Decoder { reader, shapes, tag } })
            }
            tag => Err(Decoder { reader, shapes, tag }.unexpected(&visitor)),
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.deserialize_any(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        skip(self.reader, self.shapes, self.tag);
        visitor.visit_unit()
    }
}
