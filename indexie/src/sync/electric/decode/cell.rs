//! One value: a deserializer of the text that came, led by the type of its column and by what the Rust type asks for.

use serde::de::value::SeqDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer, Unexpected, Visitor};

use super::array::Elements;
use super::moment;
use super::{ColumnError, Decoded};
use crate::float;
use crate::key::date;
use crate::sync::electric::columns::{Column, Kind};

#[derive(Clone, Copy)]
pub(super) struct Cell<'t> {
    /// None is null.
    pub text: Option<&'t str>,
    pub kind: Kind,
    /// An array of that kind.
    pub array: bool,
}

/// An integer, in the narrowest of the types that hold every other.
enum Integer {
    Natural(u64),
    Negative(i64),
    Wide(i128),
    Widest(u128),
}

impl<'t> Cell<'t> {
    /// A column that the shape does not list is text.
    pub fn new(column: Option<&Column>, text: Option<&'t str>) -> Self {
        let (kind, dims) = column.map_or((Kind::Text, 0), |column| (column.kind, column.dims));
        Self { text, kind, array: dims > 0 }
    }

    fn is(&self, kind: Kind) -> bool {
        !self.array && self.kind == kind
    }

    /// The text of what must not be null.
    fn some<'de, V: Visitor<'de>>(&self, visitor: &V) -> Decoded<&'t str> {
        self.text.ok_or_else(|| ColumnError::invalid_type(Unexpected::Other("null"), visitor))
    }

    /// What a `String` gets: what came, except that a boolean, which comes in two forms, has one.
    fn plain<'de, V: Visitor<'de>>(&self, visitor: &V) -> Decoded<&'t str> {
        let text = self.some(visitor)?;
        Ok(match text {
            "t" if self.is(Kind::Bool) => "true",
            "f" if self.is(Kind::Bool) => "false",
            _ => text,
        })
    }

    fn unexpected<'de, V: Visitor<'de>>(text: &str, visitor: &V) -> ColumnError {
        ColumnError::invalid_value(Unexpected::Str(text), visitor)
    }

    fn integer<'de, V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        let text = self.some(&visitor)?;
        let integer =
            if self.is(Kind::Bool) { boolean(text).map(|value| Integer::Natural(value.into())) } else { integer(text) };
        match integer {
            Some(Integer::Natural(value)) => visitor.visit_u64(value),
            Some(Integer::Negative(value)) => visitor.visit_i64(value),
            Some(Integer::Wide(value)) => visitor.visit_i128(value),
            Some(Integer::Widest(value)) => visitor.visit_u128(value),
            None => Err(Self::unexpected(text, &visitor)),
        }
    }

    fn seq<'de, V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        let text = self.some(&visitor)?;
        match text.as_bytes().first() {
            _ if self.is(Kind::Json) => json(text, |json| json.deserialize_seq(visitor)),
            _ if self.is(Kind::Bytea) => visitor.visit_seq(SeqDeserializer::new(bytes(text)?.into_iter())),
            Some(b'[') if !self.array => json(text, |json| json.deserialize_seq(visitor)),
            Some(b'{' | b'[') => {
                let mut elements = Elements::parse(text, self.kind)?;
                let value = visitor.visit_seq(&mut elements)?;
                elements.end()?;
                Ok(value)
            }
            _ => Err(Self::unexpected(text, &visitor)),
        }
    }

    /// What only JSON can be.
    fn object<'de, V: Visitor<'de>>(
        self,
        visitor: V,
        read: impl FnOnce(Json<'_, 't>, V) -> serde_json::Result<V::Value>,
    ) -> Decoded<V::Value> {
        let text = self.some(&visitor)?;
        if self.is(Kind::Json) || (!self.array && text.starts_with('{')) {
            return json(text, |json| read(json, visitor));
        }
        Err(Self::unexpected(text, &visitor))
    }

    fn binary<'de, V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        match self.text {
            Some(text) if self.is(Kind::Bytea) => visitor.visit_byte_buf(bytes(text)?),
            _ => self.seq(visitor),
        }
    }

    fn date<'de, V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        let text = self.some(&visitor)?;
        let millis = match self.kind {
            _ if self.array => return Err(Self::unexpected(text, &visitor)),
            Kind::Json if text.trim_start().starts_with('"') => {
                let text = json(text, |json| String::deserialize(json))?;
                moment::millis(&text).map_err(ColumnError::new)?
            }
            Kind::Int | Kind::Float | Kind::Numeric | Kind::Json => {
                let millis = text.parse::<f64>().map_err(|_| Self::unexpected(text, &visitor))?;
                return visitor.visit_newtype_struct(millis.into_deserializer());
            }
            _ => moment::millis(text).map_err(ColumnError::new)?,
        };
        visitor.visit_newtype_struct(millis.into_deserializer())
    }

    /// As those ask for text who read a form of their own out of it.
    fn formatted<'de, V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        let text = self.plain(&visitor)?;
        match self.kind {
            _ if self.array => visitor.visit_str(text),
            Kind::Timestamp | Kind::Timestamptz | Kind::Date | Kind::Timetz => visitor.visit_str(&moment::iso(text)),
            Kind::Json if text.trim_start().starts_with('"') => json(text, |json| json.deserialize_str(visitor)),
            _ => visitor.visit_str(text),
        }
    }
}

type Json<'j, 't> = &'j mut serde_json::Deserializer<serde_json::de::IoRead<&'t [u8]>>;

/// Reads JSON. What is read may outlive the text, so nothing is borrowed from it.
fn json<'t, T>(text: &'t str, read: impl FnOnce(Json<'_, 't>) -> serde_json::Result<T>) -> Decoded<T> {
    let mut json = serde_json::Deserializer::from_reader(text.as_bytes());
    let value = read(&mut json).map_err(ColumnError::new)?;
    json.end().map_err(ColumnError::new)?;
    Ok(value)
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "t" | "true" | "1" => Some(true),
        "f" | "false" | "0" => Some(false),
        _ => None,
    }
}

/// What is an integer, even if it is printed with a fraction.
fn integer(text: &str) -> Option<Integer> {
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|byte| byte == b'0') => whole,
        _ => text,
    };
    let parsed = whole.parse().map(Integer::Natural);
    let parsed = parsed.or_else(|_| whole.parse().map(Integer::Negative));
    let parsed = parsed.or_else(|_| whole.parse().map(Integer::Wide));
    let parsed = parsed.or_else(|_| whole.parse().map(Integer::Widest));
    parsed.ok().or_else(|| exponential(text))
}

/// As a `float8` prints large numbers, `1e+15`: exact as long as every integer is.
fn exponential(text: &str) -> Option<Integer> {
    let value = float::integer(text.parse().ok()?)?;
    Some(u64::try_from(value).map_or(Integer::Negative(value), Integer::Natural))
}

/// The bytes of `\xdeadbeef`.
fn bytes(text: &str) -> Decoded<Vec<u8>> {
    let wrong = || ColumnError::new("expected `\\x` and pairs of hexadecimal digits");
    let digits = text.strip_prefix("\\x").ok_or_else(wrong)?.as_bytes();
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = digits.chunks(2).map(|pair| match *pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    });
    pairs.collect::<Option<_>>().ok_or_else(wrong)
}

macro_rules! integers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
            self.integer(visitor)
        }
    )*};
}

macro_rules! floats {
    ($($method:ident: $type:ty, $visit:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
            let text = self.some(&visitor)?;
            match text.parse::<$type>() {
                // A number that the type cannot hold is no infinity.
                Ok(value) if value.is_infinite() && text.bytes().any(|byte| byte.is_ascii_digit()) => {
                    Err(Self::unexpected(text, &visitor))
                }
                Ok(value) => visitor.$visit(value),
                Err(_) => Err(Self::unexpected(text, &visitor)),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Cell<'_> {
    type Error = ColumnError;

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    floats! {
        deserialize_f32: f32, visit_f32;
        deserialize_f64: f64, visit_f64;
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        let Some(text) = self.text else { return visitor.visit_unit() };
        match self.kind {
            _ if self.array => self.seq(visitor),
            Kind::Bool => self.deserialize_bool(visitor),
            Kind::Int => self.integer(visitor),
            Kind::Float => self.deserialize_f64(visitor),
            Kind::Bytea => self.seq(visitor),
            Kind::Json => json(text, |json| json.deserialize_any(visitor)),
            _ => self.formatted(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        let text = self.some(&visitor)?;
        match boolean(text) {
            Some(value) => visitor.visit_bool(value),
            None => Err(Self::unexpected(text, &visitor)),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.deserialize_string(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.formatted(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        let text = self.plain(&visitor)?;
        visitor.visit_str(text)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.binary(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.binary(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        match self.text {
            None => visitor.visit_none(),
            Some(text) if self.is(Kind::Json) && text.trim() == "null" => visitor.visit_none(),
            Some(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        match self.text {
            None => visitor.visit_unit(),
            Some(text) if self.is(Kind::Json) && text.trim() == "null" => visitor.visit_unit(),
            Some(text) => Err(Self::unexpected(text, &visitor)),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Decoded<V::Value> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Decoded<V::Value> {
        if name == date::NAME { self.date(visitor) } else { visitor.visit_newtype_struct(self) }
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
        self.object(visitor, |json, visitor| json.deserialize_map(visitor))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Decoded<V::Value> {
        self.object(visitor, |json, visitor| json.deserialize_struct(name, fields, visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Decoded<V::Value> {
        let text = self.plain(&visitor)?;
        let of_json = self.is(Kind::Json) || text.starts_with(['{', '"']);
        if of_json && !self.array && !variants.contains(&text) {
            return json(text, |json| json.deserialize_enum(name, variants, visitor));
        }
        visitor.visit_enum(text.into_deserializer())
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        self.deserialize_string(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        visitor.visit_unit()
    }
}
