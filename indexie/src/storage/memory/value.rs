//! `Value`: what a row is made of once it is stored. The browser would hold JavaScript objects.
//! Called by everything here; calls nothing.

use std::sync::Arc;

use crate::key::AnyKey;
use crate::order;

/// A stored value. What no Rust type writes (`undefined`, a `Blob`) is not among them.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    /// Milliseconds since 1970.
    Date(f64),
    Bytes(Vec<u8>),
    /// Its decimal digits.
    BigInt(String),
    /// A value of a type that no Rust type stands for, by what it is: nothing of it is known.
    Other(String),
    Array(Vec<Value>),
    Object(Object),
}

/// A row that is stored. Transactions and answers share it.
pub(crate) type Row = Arc<Value>;

impl From<&AnyKey> for Value {
    fn from(key: &AnyKey) -> Self {
        match key {
            AnyKey::Number(number) => Self::Number(*number),
            AnyKey::Date(millis) => Self::Date(*millis),
            AnyKey::Text(text) => Self::Text(text.clone()),
            AnyKey::Binary(bytes) => Self::Bytes(bytes.clone()),
            AnyKey::Array(parts) => Self::Array(parts.iter().map(Self::from).collect()),
        }
    }
}

/// Properties, in JavaScript's order: names that are array indexes first, then the others as they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Object(Vec<(Arc<str>, Value)>);

impl Object {
    /// Of several properties with one name, the last value stands at the first one's place.
    pub fn new(mut properties: Vec<(Arc<str>, Value)>) -> Self {
        merge_equal_names(&mut properties);
        if properties.iter().any(|(name, _)| array_index(name).is_some()) {
            let place = |name: &str| array_index(name).unwrap_or(u32::MAX);
            order::sort_by(&mut properties, |(a, _), (b, _)| place(a).cmp(&place(b)));
        }
        Self(properties)
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(own, _)| **own == *name).map(|(_, value)| value)
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.0.iter_mut().find(|(own, _)| **own == *name).map(|(_, value)| value)
    }

    /// Adds a property that is not there yet, whose name is no array index.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(own, _)| **own != *name);
    }

    pub fn push(&mut self, name: &str, value: Value) {
        self.0.push((name.into(), value));
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Value)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    pub fn into_properties(self) -> impl Iterator<Item = (Arc<str>, Value)> {
        self.0.into_iter()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

fn merge_equal_names(properties: &mut Vec<(Arc<str>, Value)>) {
    let places = order::order(properties.len(), &|a, b| properties[a].0.cmp(&properties[b].0));
    let mut gone = Vec::new();
    let mut first = 0;
    for (before, at) in places.iter().zip(places.iter().skip(1)) {
        if properties[*before].0 == properties[*at].0 {
            if gone.last() != Some(before) {
                first = *before;
            }
            properties[first].1 = std::mem::replace(&mut properties[*at].1, Value::Null);
            gone.push(*at);
        }
    }
    order::sort_by(&mut gone, Ord::cmp);
    for at in gone.into_iter().rev() {
        properties.remove(at);
    }
}

/// The number that a name stands for, if JavaScript takes it for the index of an array element.
fn array_index(name: &str) -> Option<u32> {
    let plain = name.as_bytes().first().is_some_and(u8::is_ascii_digit) && (name == "0" || !name.starts_with('0'));
    if plain { name.parse().ok().filter(|index| *index < u32::MAX) } else { None }
}

impl Value {
    /// The value as a key; none if it is none.
    pub fn key(&self) -> Option<AnyKey> {
        match self {
            Self::Number(number) if !number.is_nan() => Some(AnyKey::Number(*number)),
            Self::Date(millis) if !millis.is_nan() => Some(AnyKey::Date(*millis)),
            Self::Text(text) => Some(AnyKey::from(text.as_str())),
            Self::Bytes(bytes) => Some(AnyKey::Binary(bytes.clone())),
            Self::Array(elements) => elements.iter().map(Self::key).collect::<Option<_>>().map(AnyKey::Array),
            _ => None,
        }
    }

    /// As `Object.is` has it, and down to the last part.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
            (Self::Date(a), Self::Date(b)) => a.total_cmp(b).is_eq(),
            (Self::Text(a), Self::Text(b)) | (Self::BigInt(a), Self::BigInt(b)) | (Self::Other(a), Self::Other(b)) => {
                a == b
            }
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Array(a), Self::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b)),
            (Self::Object(a), Self::Object(b)) => {
                a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| a.same(b)))
            }
            _ => false,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An object with these properties.
    pub fn object<const N: usize>(properties: [(&str, Value); N]) -> Value {
        Value::Object(Object::new(properties.map(|(name, value)| (name.into(), value)).into()))
    }

    pub fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    pub fn number(number: f64) -> Value {
        Value::Number(number)
    }

    pub fn array<const N: usize>(elements: [Value; N]) -> Value {
        Value::Array(elements.into())
    }

    fn names(value: &Value) -> Vec<&str> {
        match value {
            Value::Object(object) => object.iter().map(|(name, _)| &**name).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn properties_stand_in_javascripts_order() {
        let value = object(["b", "10", "a", "2", "01", "-1"].map(|name| (name, Value::Null)));
        assert_eq!(names(&value), ["2", "10", "b", "a", "01", "-1"]);
    }

    #[test]
    fn the_last_of_equal_names_wins_at_the_first_ones_place() {
        let value = object([("a", number(1.0)), ("b", number(2.0)), ("a", number(3.0)), ("a", number(4.0))]);
        assert!(value.same(&object([("a", number(4.0)), ("b", number(2.0))])), "{value:?}");
        assert_eq!(names(&value), ["a", "b"]);
    }

    #[test]
    fn keys_are_what_indexeddb_can_order() {
        let keys = array([number(-0.0), Value::Date(5.0), text("a"), Value::Bytes(vec![1]), array([])]);
        let parts = vec![
            AnyKey::Number(0.0),
            AnyKey::Date(5.0),
            AnyKey::from("a"),
            AnyKey::Binary(vec![1]),
            AnyKey::Array(Vec::new()),
        ];
        assert_eq!(keys.key(), Some(AnyKey::Array(parts)));
        let none = [
            Value::Null,
            Value::Bool(true),
            number(f64::NAN),
            Value::Date(f64::NAN),
            Value::BigInt("1".into()),
            object([]),
        ];
        for value in none {
            assert_eq!(value.key(), None, "{value:?}");
            assert_eq!(array([text("a"), value]).key(), None);
        }
    }

    #[test]
    fn sameness_is_that_of_object_is() {
        assert!(number(f64::NAN).same(&number(-f64::NAN)));
        assert!(!number(0.0).same(&number(-0.0)));
        assert!(!number(1.0).same(&Value::BigInt("1".into())));
        assert!(object([("a", text("x")), ("b", Value::Null)]).same(&object([("b", Value::Null), ("a", text("x"))])));
        assert!(!object([("a", Value::Null)]).same(&object([("b", Value::Null)])));
        assert!(!array([text("x")]).same(&array([text("x"), text("x")])));
    }
}
