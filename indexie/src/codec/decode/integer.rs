//! Numbers that are integers, and big integers.

use serde::de::{self, Unexpected, Visitor};

use super::{CodecError, Decoded};
use crate::float::natural;

/// A number that is an integer, in the widest type that cannot lose it.
pub(super) enum Number {
    Natural(u64),
    Negative(i64),
    Float(f64),
}

pub(super) fn number(value: f64) -> Number {
    if let Some(natural) = natural(value) {
        return Number::Natural(natural);
    }
    match natural(-value) {
        Some(positive @ 1..) => Number::Negative(-positive.cast_signed()),
        // Minus zero is not the integer 0.
        _ => Number::Float(value),
    }
}

/// An integer of up to 64 bits.
pub(super) enum Integer {
    Natural(u64),
    Negative(i64),
}

impl Integer {
    pub(super) fn of(digits: &str) -> Option<Self> {
        let natural = digits.parse().ok().map(Self::Natural);
        natural.or_else(|| digits.parse().ok().map(Self::Negative))
    }

    pub(super) fn visit<'de, V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        match self {
            Self::Natural(value) => visitor.visit_u64(value),
            Self::Negative(value) => visitor.visit_i64(value),
        }
    }
}

/// One of more. Apart from the others, for the text of these takes much of a page's program.
pub(super) enum Wide {
    Negative(i128),
    Natural(u128),
}

impl Wide {
    pub(super) fn of(digits: &str) -> Decoded<Self> {
        let negative = digits.parse().ok().map(Self::Negative);
        let integer = negative.or_else(|| digits.parse().ok().map(Self::Natural));
        integer.ok_or_else(|| de::Error::custom(format_args!("the big integer {digits} is too large")))
    }

    pub(super) fn visit<'de, V: Visitor<'de>>(self, visitor: V) -> Decoded<V::Value> {
        match self {
            Self::Negative(value) => visitor.visit_i128(value),
            Self::Natural(value) => visitor.visit_u128(value),
        }
    }
}

#[cold]
pub(super) fn too_wide(digits: &str, expected: &dyn de::Expected) -> CodecError {
    de::Error::invalid_type(Unexpected::Other(&format!("integer `{digits}`")), expected)
}
