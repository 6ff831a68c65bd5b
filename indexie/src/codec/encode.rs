//! Rows into the streams: a serde serializer whose result is the tag of what it wrote.

use serde::ser::{self, Serialize};

mod containers;

use containers::{Around, Map, Object, Sequence, wrap};

use super::{Batch, CodecError, MAX_DEPTH, Shapes, tag};
use crate::float::MAX_SAFE;
use crate::key::{FieldForm, Form, date};

/// Appends one row, tag first. After an error the batch is of no use any more.
pub(crate) fn write_row<T: Serialize + ?Sized>(
    batch: &mut Batch,
    shapes: &mut Shapes,
    forms: Forms,
    row: &T,
) -> Result<(), CodecError> {
    let at = batch.ints.len();
    batch.int(tag::NULL);
    batch.depth = 0;
    let tag = row.serialize(Encoder { batch, shapes, place: Place::Inside(forms, 0) })?;
    batch.ints[at] = settled(tag);
    batch.end_row();
    Ok(())
}

/// The key fields of a row type.
pub(crate) type Forms = &'static [FieldForm];

/// Where in a row a value stands, as far as keys are concerned.
#[derive(Clone, Copy)]
enum Place {
    /// Not part of a key, and nothing below it is.
    Free,
    /// On the way to these key fields, of which so many path segments have been walked.
    Inside(Forms, usize),
    /// A key field: `bool` is a number here, and integers must fit one.
    Key(Form),
    /// A multi-entry field, whose elements are keys.
    Keys(Form),
    /// Part of a key of several parts, whatever its own type is.
    Part,
}

impl Place {
    fn is_key(self) -> bool {
        matches!(self, Self::Key(_) | Self::Keys(_) | Self::Part)
    }

    /// The place of a property. Key paths may share their first segments: all of them are walked together.
    fn field(self, name: &str) -> Self {
        let Self::Inside(forms, depth) = self else {
            return if self.is_key() { self } else { Self::Free };
        };
        // The first one is on the path walked so far; others between it and the last may be on another.
        let walked = forms.first().and_then(|form| form.path.get(..depth));
        let mut inside: Option<(usize, usize)> = None;
        for (at, form) in forms.iter().enumerate() {
            let here = form.path.get(depth).is_some_and(|segment| *segment == name);
            if here && form.path.get(..depth) == walked {
                if form.path.len() == depth + 1 {
                    return if form.each { Self::Keys(form.form) } else { Self::Key(form.form) };
                }
                let (first, _) = inside.unwrap_or((at, at));
                inside = Some((first, at));
            }
        }
        inside.map_or(Self::Free, |(first, last)| Self::Inside(&forms[first..=last], depth + 1))
    }
}

/// A `u8`: written like any integer, but a sequence of nothing else is binary.
const BYTE: u32 = 100;
/// `()`: null, but unlike `None` it is written.
const UNIT: u32 = 101;

fn settled(tag: u32) -> u32 {
    match tag {
        BYTE => tag::U32,
        UNIT => tag::NULL,
        _ => tag,
    }
}

struct Encoder<'a> {
    batch: &'a mut Batch,
    shapes: &'a mut Shapes,
    place: Place,
}

impl Encoder<'_> {
    /// What the record has besides its fields, if it is the row itself.
    fn besides(&self) -> &'static [&'static str] {
        if self.batch.depth == 1 { self.shapes.besides } else { &[] }
    }

    /// Goes into a list or a record, with what stands around it.
    fn enter(&mut self, around: Around) -> Result<(), CodecError> {
        self.batch.depth += around.levels();
        if self.batch.depth > MAX_DEPTH {
            return Err(ser::Error::custom(format_args!("it is more than {MAX_DEPTH} levels deep")));
        }
        Ok(())
    }

    /// Comes out again.
    fn leave(&mut self, around: Around) {
        self.batch.depth = self.batch.depth.saturating_sub(around.levels());
    }

    #[allow(clippy::cast_precision_loss, reason = "checked to be within 2^53")]
    fn integer(self, value: i128) -> Result<u32, CodecError> {
        if let Ok(small) = u32::try_from(value) {
            self.batch.int(small);
            Ok(tag::U32)
        } else if value.unsigned_abs() <= u128::from(MAX_SAFE) {
            self.batch.float(value as f64);
            Ok(tag::F64)
        } else if self.place.is_key() {
            Err(ser::Error::custom(format_args!(
                "{value} is beyond 2^53: a JavaScript number cannot hold it, and IndexedDB has no other integer keys"
            )))
        } else {
            self.batch.text(&value.to_string());
            Ok(tag::BIGINT)
        }
    }
}

type Written = Result<u32, CodecError>;

impl<'a> ser::Serializer for Encoder<'a> {
    type Ok = u32;
    type Error = CodecError;
    type SerializeSeq = Sequence<'a>;
    type SerializeTuple = Sequence<'a>;
    type SerializeTupleStruct = Sequence<'a>;
    type SerializeTupleVariant = Sequence<'a>;
    type SerializeMap = Map<'a>;
    type SerializeStruct = Object<'a>;
    type SerializeStructVariant = Object<'a>;

    fn serialize_bool(self, value: bool) -> Written {
        self.batch.int(u32::from(value));
        Ok(if self.place.is_key() { tag::U32 } else { tag::BOOL })
    }

    fn serialize_i8(self, value: i8) -> Written {
        self.integer(value.into())
    }

    fn serialize_i16(self, value: i16) -> Written {
        self.integer(value.into())
    }

    fn serialize_i32(self, value: i32) -> Written {
        self.integer(value.into())
    }

    fn serialize_i64(self, value: i64) -> Written {
        self.integer(value.into())
    }

    fn serialize_i128(self, value: i128) -> Written {
        self.integer(value)
    }

    fn serialize_u8(self, value: u8) -> Written {
        self.batch.int(value.into());
        Ok(BYTE)
    }

    fn serialize_u16(self, value: u16) -> Written {
        self.serialize_u32(value.into())
    }

    fn serialize_u32(self, value: u32) -> Written {
        self.batch.int(value);
        Ok(tag::U32)
    }

    fn serialize_u64(self, value: u64) -> Written {
        self.integer(value.into())
    }

    fn serialize_u128(self, value: u128) -> Written {
        if let Ok(value) = i128::try_from(value) {
            return self.integer(value);
        }
        self.batch.text(&value.to_string());
        Ok(tag::BIGINT)
    }

    fn serialize_f32(self, value: f32) -> Written {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Written {
        self.batch.float(value);
        Ok(tag::F64)
    }

    fn serialize_char(self, value: char) -> Written {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Written {
        self.batch.text(value);
        Ok(tag::TEXT)
    }

    fn serialize_bytes(mut self, value: &[u8]) -> Written {
        self.enter(Around::Nothing)?;
        self.leave(Around::Nothing);
        self.batch.binary(value);
        Ok(tag::BYTES)
    }

    fn serialize_none(self) -> Written {
        Ok(tag::NULL)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Written {
        Ok(UNIT)
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Written {
        Ok(UNIT)
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Written {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(mut self, name: &'static str, value: &T) -> Written {
        if name != date::NAME {
            return value.serialize(self);
        }
        self.enter(Around::Nothing)?;
        self.leave(Around::Nothing);
        let Self { batch, shapes, place } = self;
        let tag = settled(value.serialize(Encoder { batch, shapes, place })?);
        if tag == tag::U32 {
            let millis = batch.ints.pop().unwrap_or_default();
            batch.float(millis.into());
        }
        Ok(tag::DATE)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Written {
        let content = self.shapes.next_object();
        let mut object = Object::new(self, name, Around::Nothing, content)?;
        ser::SerializeStruct::serialize_field(&mut object, variant, value)?;
        if object.count == 0 {
            // It holds `None`, and is the variant all the same.
            ser::SerializeStruct::serialize_field(&mut object, variant, &())?;
        }
        ser::SerializeStruct::end(object)
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Sequence<'a>, CodecError> {
        Sequence::new(self, Around::Nothing, true)
    }

    fn serialize_tuple(self, _len: usize) -> Result<Sequence<'a>, CodecError> {
        Sequence::new(self, Around::Nothing, false)
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<Sequence<'a>, CodecError> {
        Sequence::new(self, Around::Nothing, false)
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Sequence<'a>, CodecError> {
        let around = wrap(self.batch, self.shapes, name, variant, tag::ARRAY);
        Sequence::new(self, around, false)
    }

    fn serialize_map(mut self, _len: Option<usize>) -> Result<Map<'a>, CodecError> {
        self.enter(Around::Nothing)?;
        let at = self.batch.ints.len();
        self.batch.int(0);
        Ok(Map { encoder: self, at, count: 0, key: String::new(), of_field: false })
    }

    fn serialize_struct(self, name: &'static str, _len: usize) -> Result<Object<'a>, CodecError> {
        let content = self.shapes.next_object();
        Object::new(self, name, Around::Nothing, content)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Object<'a>, CodecError> {
        // Decided once: the shape around the content may be the last one there is room for.
        let content = self.shapes.next_object();
        let around = wrap(self.batch, self.shapes, name, variant, content);
        Object::new(self, variant, around, content)
    }
}
