//! Keys, as the specification of IndexedDB orders them: <https://w3c.github.io/IndexedDB/#key-construct>.

use std::cmp::Ordering;
use std::fmt;

use indexie::AnyKey;

use crate::value::Value;

/// A valid key.
#[derive(Clone)]
pub enum Key {
    Number(f64),
    Date(i64),
    Text(String),
    Binary(Vec<u8>),
    Array(Vec<Key>),
    /// What the library gave and this model has never heard of.
    Unknown(String),
}

impl Key {
    /// The key that a value is, if it is one. Truth is stored as 0 and 1 where it is a key.
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(truth) => Some(Self::Number(f64::from(u8::from(*truth)))),
            Value::Number(number) if !number.is_nan() => Some(Self::Number(*number)),
            Value::Date(millis) => Some(Self::Date(*millis)),
            Value::Text(text) => Some(Self::Text(text.clone())),
            Value::Bytes(bytes) => Some(Self::Binary(bytes.clone())),
            Value::List(parts) => parts.iter().map(Self::of).collect::<Option<_>>().map(Self::Array),
            Value::Absent | Value::Number(_) | Value::Object(_) => None,
        }
    }

    /// The value that is this key.
    pub fn value(&self) -> Value {
        match self {
            Self::Number(number) => Value::Number(*number),
            Self::Date(millis) => Value::Date(*millis),
            Self::Text(text) | Self::Unknown(text) => Value::Text(text.clone()),
            Self::Binary(bytes) => Value::Bytes(bytes.clone()),
            Self::Array(parts) => Value::List(parts.iter().map(Self::value).collect()),
        }
    }

    /// As the library takes keys of any type.
    #[allow(clippy::cast_precision_loss, reason = "dates are far from 2^53 milliseconds")]
    pub fn any(&self) -> AnyKey {
        match self {
            Self::Number(number) => AnyKey::Number(*number),
            Self::Date(millis) => AnyKey::Date(*millis as f64),
            Self::Text(text) | Self::Unknown(text) => AnyKey::Text(text.clone()),
            Self::Binary(bytes) => AnyKey::Binary(bytes.clone()),
            Self::Array(parts) => AnyKey::Array(parts.iter().map(Self::any).collect()),
        }
    }

    /// Number, date, text, binary, array.
    fn rank(&self) -> u8 {
        match self {
            Self::Number(_) => 0,
            Self::Date(_) => 1,
            Self::Text(_) => 2,
            Self::Binary(_) => 3,
            Self::Array(_) => 4,
            Self::Unknown(_) => 5,
        }
    }

    pub fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.partial_cmp(b).unwrap_or(Ordering::Equal),
            (Self::Date(a), Self::Date(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.encode_utf16().cmp(b.encode_utf16()),
            (Self::Binary(a), Self::Binary(b)) => a.cmp(b),
            (Self::Array(a), Self::Array(b)) => {
                let first = a.iter().zip(b).map(|(a, b)| a.compare(b)).find(|order| order.is_ne());
                first.unwrap_or(a.len().cmp(&b.len()))
            }
            (Self::Unknown(a), Self::Unknown(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }

    /// The columns of a compound key.
    pub fn parts(&self) -> &[Key] {
        match self {
            Self::Array(parts) => parts,
            _ => &[],
        }
    }
}

// As the library shows it: printed programs compare texts.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.any().fmt(f)
    }
}

// Minus zero is zero.
impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.compare(other).is_eq()
    }
}

impl From<&AnyKey> for Key {
    #[allow(clippy::cast_possible_truncation, reason = "dates are whole milliseconds")]
    fn from(key: &AnyKey) -> Self {
        match key {
            AnyKey::Number(number) => Self::Number(*number),
            AnyKey::Date(millis) => Self::Date(*millis as i64),
            AnyKey::Text(text) => Self::Text(text.clone()),
            AnyKey::Binary(bytes) => Self::Binary(bytes.clone()),
            AnyKey::Array(parts) => Self::Array(parts.iter().map(Self::from).collect()),
            other => Self::Unknown(other.to_string()),
        }
    }
}
