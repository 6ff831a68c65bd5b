//! Why a value cannot be written or read, and where in its row.

use std::fmt::{self, Display};

use serde::de::{self, Unexpected};
use serde::ser;

use crate::key::number::Written;
use crate::key::quoted::Quoted;

/// Why a row could not be written, or why a stored value does not fit the type; and where in the row. One word long: it is handed on at
/// every field of every type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CodecError(Box<Misfit>);

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Misfit {
    /// From the outermost step inwards.
    pub path: Vec<String>,
    pub message: String,
}

impl CodecError {
    #[cold]
    pub(super) fn new(path: Vec<String>, message: String) -> Self {
        Self(Box::new(Misfit { path, message }))
    }

    #[cold]
    pub(super) fn at(mut self, step: &str) -> Self {
        self.0.path.insert(0, step.to_owned());
        self
    }

    #[cold]
    pub(super) fn at_element(self, at: usize) -> Self {
        self.at(&format!("[{at}]"))
    }

    pub fn into_misfit(self) -> Misfit {
        *self.0
    }
}

impl Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for CodecError {}

impl ser::Error for CodecError {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(Vec::new(), message.to_string())
    }
}

impl de::Error for CodecError {
    fn custom<T: Display>(message: T) -> Self {
        ser::Error::custom(message)
    }

    // As serde says it, but for numbers with a fraction, whose text takes much of a page's program.
    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        de::Error::custom(format_args!("invalid type: {}, expected {expected}", Met(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        de::Error::custom(format_args!("invalid value: {}, expected {expected}", Met(found)))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(vec![field.to_owned()], format!("missing field `{field}`"))
    }
}

/// What was found in place of what was expected.
struct Met<'a>(Unexpected<'a>);

impl Display for Met<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Unexpected::Bool(value) => write!(f, "boolean `{value}`"),
            Unexpected::Unsigned(number) => write!(f, "integer `{number}`"),
            Unexpected::Signed(number) => write!(f, "integer `{number}`"),
            Unexpected::Float(number) => write!(f, "floating point `{}`", Written(number)),
            Unexpected::Char(character) => write!(f, "character `{character}`"),
            Unexpected::Str(text) => write!(f, "string {}", Quoted(text)),
            Unexpected::Bytes(_) => f.write_str("byte array"),
            Unexpected::Unit => f.write_str("unit value"),
            Unexpected::Option => f.write_str("Option value"),
            Unexpected::NewtypeStruct => f.write_str("newtype struct"),
            Unexpected::Seq => f.write_str("sequence"),
            Unexpected::Map => f.write_str("map"),
            Unexpected::Enum => f.write_str("enum"),
            Unexpected::UnitVariant => f.write_str("unit variant"),
            Unexpected::NewtypeVariant => f.write_str("newtype variant"),
            Unexpected::TupleVariant => f.write_str("tuple variant"),
            Unexpected::StructVariant => f.write_str("struct variant"),
            Unexpected::Other(other) => f.write_str(other),
        }
    }
}
