//! Numbers that are integers, and big integers.

use serde::de::{self, Unexpected};

use super::{CodecError, Decoded};

/// A number that is an integer, in the widest type that cannot lose it.
pub(super) enum Number {
    Natural(u64),
    Negative(i64),
    Float(f64),
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be integral and in range")]
pub(super) fn number(value: f64) -> Number {
    // Up to 2^53 every integer is exact; -0 is not the integer 0.
    if value.fract() != 0.0 || value.abs() > 9_007_199_254_740_992.0 || (value == 0.0 && value.is_sign_negative()) {
        Number::Float(value)
    } else if value < 0.0 {
        Number::Negative(value as i64)
    } else {
        Number::Natural(value as u64)
    }
}

/// An integer, in the narrowest of these types.
pub(super) enum Integer {
    Natural(u64),
    Negative(i64),
    Wide(i128),
    WideNatural(u128),
}

impl Integer {
    /// As serde says it of one that is too wide for a type.
    #[cold]
    pub(super) fn too_wide(self, expected: &dyn de::Expected) -> CodecError {
        let found = match self {
            Self::Natural(value) => return de::Error::invalid_type(Unexpected::Unsigned(value), expected),
            Self::Negative(value) => return de::Error::invalid_type(Unexpected::Signed(value), expected),
            Self::Wide(value) => format!("integer `{value}` as i128"),
            Self::WideNatural(value) => format!("integer `{value}` as u128"),
        };
        de::Error::invalid_type(Unexpected::Other(&found), expected)
    }
}

pub(super) fn big_integer(digits: &str) -> Decoded<Integer> {
    if let Ok(value) = digits.parse::<u64>() {
        Ok(Integer::Natural(value))
    } else if let Ok(value) = digits.parse::<i64>() {
        Ok(Integer::Negative(value))
    } else if let Ok(value) = digits.parse::<i128>() {
        Ok(Integer::Wide(value))
    } else if let Ok(value) = digits.parse::<u128>() {
        Ok(Integer::WideNatural(value))
    } else {
        Err(de::Error::custom(format_args!("the big integer {digits} is too large")))
    }
}
