//! Keys: what IndexedDB can order, as dynamic values ([`AnyKey`]), as Rust types ([`Key`]), and as ranges.
//! Called by tables, queries and the generated code; calls nothing else in the crate.

mod any;
pub(crate) mod case;
pub(crate) mod date;
mod entry;
mod impls;
mod into_any;
mod into_key;
pub(crate) mod number;
pub(crate) mod quoted;
pub(crate) mod range;

pub use any::AnyKey;
pub use date::Date;
pub use entry::Entry;
pub use into_any::{IntoAnyKey, IntoAnyRange};
pub use into_key::{IntoKey, IntoRange, Prefix};

use std::fmt;

/// A Rust type that IndexedDB can use as a key.
///
/// Implemented for `u8` to `u64`, `i8` to `i64`, `f32`, `f64`, `bool` (stored as 0 and 1), `char`, `String`, `Vec<u8>` (binary),
/// [`Date`], tuples of up to eight keys and vectors of keys, for `Uuid` and `Ulid` with their features, and by `#[derive(Key)]` for newtypes
/// and for enums without data. An enum is stored as the name that serde gives its variant: one that is stored as a number (`serde_repr`)
/// is refused when the database is opened.
///
/// `usize`, `isize`, `u128` and `i128` are no keys: the first two have another size on the web than elsewhere, and the others go far
/// beyond 2<sup>53</sup>, up to which a JavaScript number holds every integer. A `u64` or an `i64` beyond that is refused in a key by
/// [`Error::Data`](crate::Error::Data), and so is NaN.
///
/// Keys sort as the [specification](https://w3c.github.io/IndexedDB/#compare-two-keys) says: numbers, then dates,
/// then strings by UTF-16 code units, then binary, then arrays.
///
/// ```
/// use indexie::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Key, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// pub struct UserId(u32);
/// ```
#[diagnostic::on_unimplemented(
    message = "IndexedDB cannot use `{Self}` as a key",
    label = "not a key",
    note = "keys are numbers (u8 to u64, i8 to i64, f32 and f64), text, `bool`, `Vec<u8>`, `indexie::Date`, tuples and `Vec`s of those, and types with `#[derive(Key)]`",
    note = "for a time, use `indexie::Date`: the text form of chrono and time types sorts wrongly"
)]
pub trait Key: Clone + 'static {
    #[doc(hidden)]
    const FORM: Form;
    /// The greatest number of the type, or the greatest that a generator gives.
    #[doc(hidden)]
    const LAST: f64 = 9_007_199_254_740_992.0;
    #[doc(hidden)]
    fn to_any(&self) -> Result<AnyKey, KeyError>;
    #[doc(hidden)]
    fn from_any(key: &AnyKey) -> Option<Self>;
}

/// A key type that the browser can generate for a `++` store.
#[diagnostic::on_unimplemented(
    message = "IndexedDB cannot generate keys of type `{Self}`",
    label = "`++` needs a number",
    note = "use u8 to u64, i32, i64 or f64, or drop the `++` and give the keys yourself"
)]
pub trait AutoKey: Key {}

/// A key type that is text: what `starts_with` and the clauses that ignore case need.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not text",
    label = "this clause needs a text index",
    note = "`starts_with` and the clauses that ignore case work on `String` keys; numbers have `between`"
)]
pub trait Text: Key {}

/// How values of a key type are stored.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A number.
    Number,
    /// A number; a vector of these is binary.
    Byte,
    /// A number, 0 or 1, since IndexedDB has no boolean keys.
    Bool,
    /// A number, where the Rust type is wider than a JavaScript number's 53 bits.
    Wide,
    /// A JavaScript `Date`.
    Date,
    /// A string.
    Text,
    /// A `Uint8Array`.
    Binary,
    /// An array of keys that are stored as serde stores them.
    Array,
}

impl Form {
    /// Whether keys of both are stored alike, though not all of one may fit the other.
    pub(crate) fn is_like(self, other: Self) -> bool {
        self.plural() == other.plural()
    }

    /// Whether this may be a stored key of a field of this form: a date is also read from a number, and bytes from an array.
    pub(crate) fn may_be(self, key: &AnyKey) -> bool {
        match self {
            Self::Number | Self::Byte | Self::Bool | Self::Wide | Self::Date => {
                matches!(key, AnyKey::Number(_) | AnyKey::Date(_))
            }
            Self::Text => matches!(key, AnyKey::Text(_)),
            Self::Binary | Self::Array => matches!(key, AnyKey::Binary(_) | AnyKey::Array(_)),
        }
    }

    /// What its keys are called.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Number | Self::Byte | Self::Wide => "numbers",
            Self::Bool => "booleans",
            Self::Date => "dates",
            Self::Text => "strings",
            Self::Binary => "binary keys",
            Self::Array => "arrays",
        }
    }
}

/// A value of a key type that is no key: NaN, or an integer that a JavaScript number cannot hold.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyError(pub(crate) String);

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The stored form of a key field, where serde's own form is not the key's.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct FieldForm {
    pub(crate) path: &'static [&'static str],
    pub(crate) form: Form,
    /// The field is a collection, and each of its elements has this form.
    pub(crate) each: bool,
    /// Whether serde stores what is nested under its Rust names.
    pub(crate) kept: Option<fn() -> bool>,
    /// Of a type that is to be stored as text: whether it is read from a number.
    pub(crate) from_number: Option<fn() -> bool>,
}

impl FieldForm {
    /// For a type whose form was asked through a `Probe`.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(path: &'static [&'static str], form: Form) -> Self {
        Self { path, form, each: false, kept: None, from_number: None }
    }

    /// The same of the elements of a multi-entry field.
    #[doc(hidden)]
    #[must_use]
    pub const fn each(self) -> Self {
        Self { each: true, ..self }
    }

    /// The same of a nested field, with what finds out whether it is stored under its Rust names.
    #[doc(hidden)]
    #[must_use]
    pub const fn nested(self, kept: fn() -> bool) -> Self {
        Self { kept: Some(kept), ..self }
    }

    /// The same of a type of the app's, with what finds out whether it is read from a number.
    #[doc(hidden)]
    #[must_use]
    pub const fn read(self, from_number: fn() -> bool) -> Self {
        let from_number = if matches!(self.form, Form::Text) { Some(from_number) } else { None };
        Self { from_number, ..self }
    }
}
