//! `AnyKey`: a key of any type, ordered exactly as IndexedDB orders keys.

use std::cmp::Ordering;
use std::fmt;

use super::number::Written;
use super::quoted::Quoted;
use crate::float;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// A key whose type is known only at run time: what errors, cursors and change sets carry.
///
/// `Ord` is IndexedDB's order: number < date < string (by UTF-16 code units) < binary < array.
///
/// ```
/// use indexie::AnyKey;
///
/// assert!(AnyKey::from(1) < AnyKey::from("a"));
/// assert!(AnyKey::from("\u{ff5e}") > AnyKey::from("\u{1f600}"), "UTF-16 order, not UTF-8 order");
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum AnyKey {
    /// A number; never NaN.
    Number(f64),
    /// A date, in milliseconds since 1970.
    Date(f64),
    /// A string.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// An array of keys.
    Array(Vec<AnyKey>),
}

impl AnyKey {
    /// The text of a text key.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a number key.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// Whether IndexedDB takes it: no part of it is NaN.
    pub(crate) fn is_valid(&self) -> bool {
        match self {
            Self::Number(number) | Self::Date(number) => !float::is_nan(*number),
            Self::Text(_) | Self::Binary(_) => true,
            Self::Array(parts) => parts.iter().all(Self::is_valid),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Number(_) => 0,
            Self::Date(_) => 1,
            Self::Text(_) => 2,
            Self::Binary(_) => 3,
            Self::Array(_) => 4,
        }
    }
}

/// Compares strings by UTF-16 code units, as JavaScript does. UTF-8 order differs only where a
/// surrogate pair meets U+E000..U+FFFF.
pub(crate) fn compare_utf16(a: &str, b: &str) -> Ordering {
    let (left, right) = (a.as_bytes(), b.as_bytes());
    let Some(at) = left.iter().zip(right).position(|(a, b)| a != b) else {
        return left.len().cmp(&right.len());
    };
    // Lead bytes 0xEE and 0xEF (U+E000..U+FFFF) sort above the four-byte lead 0xF0.. in UTF-16.
    let rank = |byte: u8| if byte >= 0xee { if byte >= 0xf0 { 0xee } else { byte + 8 } } else { byte };
    let (left, right) = (left[at], right[at]);
    if left >= 0xf0 && right >= 0xf0 { left.cmp(&right) } else { rank(left).cmp(&rank(right)) }
}

impl Ord for AnyKey {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) | (Self::Date(a), Self::Date(b)) => float::compare(*a, *b),
            (Self::Text(a), Self::Text(b)) => compare_utf16(a, b),
            (Self::Binary(a), Self::Binary(b)) => a.cmp(b),
            (Self::Array(a), Self::Array(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for AnyKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for AnyKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for AnyKey {}

impl fmt::Debug for AnyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, value): (_, &dyn fmt::Debug) = match self {
            Self::Number(number) => ("Number", &Written(*number)),
            Self::Date(millis) => ("Date", &Written(*millis)),
            Self::Text(text) => ("Text", text),
            Self::Binary(bytes) => ("Binary", bytes),
            Self::Array(parts) => ("Array", parts),
        };
        f.debug_tuple(name).field(value).finish()
    }
}

impl fmt::Display for AnyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{}", Written(*number)),
            Self::Date(millis) => write!(f, "Date({})", Written(*millis)),
            Self::Text(text) => write!(f, "{}", Quoted(text)),
            Self::Binary(bytes) => write_list(f, bytes, |f, byte| write!(f, "{byte:02x}")),
            Self::Array(parts) => write_list(f, parts, |f, part| write!(f, "{part}")),
        }
    }
}

fn write_list<T>(
    f: &mut fmt::Formatter<'_>,
    list: &[T],
    write: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    f.write_str("[")?;
    for (at, item) in list.iter().enumerate() {
        if at > 0 {
            f.write_str(", ")?;
        }
        write(f, item)?;
    }
    f.write_str("]")
}

impl From<&str> for AnyKey {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for AnyKey {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i32> for AnyKey {
    fn from(number: i32) -> Self {
        Self::Number(f64::from(number))
    }
}

impl From<u32> for AnyKey {
    fn from(number: u32) -> Self {
        Self::Number(f64::from(number))
    }
}

// A cursor travels through URLs and storage: one short tag per key, and no float that JSON cannot hold.
impl Serialize for AnyKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::Number(number) if number.is_finite() => map.serialize_entry("n", number)?,
            Self::Number(number) => map.serialize_entry("i", &(*number > 0.0))?,
            Self::Date(millis) => map.serialize_entry("d", millis)?,
            Self::Text(text) => map.serialize_entry("s", text)?,
            Self::Binary(bytes) => map.serialize_entry("b", bytes)?,
            Self::Array(parts) => map.serialize_entry("a", parts)?,
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for AnyKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = AnyKey;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key, as `{tag: value}`")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<AnyKey, M::Error> {
                let Some(tag) = map.next_key::<String>()? else {
                    return Err(de::Error::custom("an empty object is no key"));
                };
                Ok(match tag.as_str() {
                    "n" => {
                        let number: f64 = map.next_value()?;
                        if number.is_nan() {
                            return Err(de::Error::custom("NaN is no key"));
                        }
                        AnyKey::Number(number)
                    }
                    "i" if map.next_value()? => AnyKey::Number(f64::INFINITY),
                    "i" => AnyKey::Number(f64::NEG_INFINITY),
                    "d" => AnyKey::Date(map.next_value()?),
                    "s" => AnyKey::Text(map.next_value()?),
                    "b" => AnyKey::Binary(map.next_value()?),
                    "a" => AnyKey::Array(map.next_value()?),
                    other => return Err(de::Error::unknown_variant(other, &["n", "i", "d", "s", "b", "a"])),
                })
            }
        }

        deserializer.deserialize_map(KeyVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_sort_as_indexeddb_sorts_them() {
        let sorted = [
            AnyKey::Number(f64::NEG_INFINITY),
            AnyKey::Number(1.0),
            AnyKey::Number(f64::INFINITY),
            AnyKey::Date(0.0),
            AnyKey::from(""),
            AnyKey::from("A"),
            AnyKey::from("B"),
            AnyKey::Binary(vec![]),
            AnyKey::Binary(vec![0, 0]),
            AnyKey::Binary(vec![1]),
            AnyKey::Array(vec![]),
            AnyKey::Array(vec![AnyKey::from(-1)]),
            AnyKey::Array(vec![AnyKey::from(1)]),
            AnyKey::Array(vec![AnyKey::from(1), AnyKey::from(0)]),
        ];
        for (at, key) in sorted.iter().enumerate() {
            for (other_at, other) in sorted.iter().enumerate() {
                assert_eq!(key.cmp(other), at.cmp(&other_at), "{key} against {other}");
            }
        }
        assert_eq!(AnyKey::Number(-0.0), AnyKey::Number(0.0));
    }

    #[test]
    fn text_sorts_by_utf16_code_units() {
        let mut texts = ["a", "", "\u{ff5e}", "\u{1f600}", "\u{1f601}", "\u{e000}", "\u{d7ff}", "é", "z", "ab"];
        texts.sort_by(|a, b| compare_utf16(a, b));
        let mut expected = texts;
        expected.sort_by_key(|text| text.encode_utf16().collect::<Vec<_>>());
        assert_eq!(texts, expected);
    }
}
