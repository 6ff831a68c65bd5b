//! Values and rows without their Rust types: what programs are made of, and what both sides answer with.

use std::cmp::Ordering;

/// A field's value.
#[derive(Clone, Debug)]
pub enum Value {
    /// `None`: the property is left out.
    Absent,
    Bool(bool),
    Number(f64),
    Text(String),
    Bytes(Vec<u8>),
    /// In milliseconds since 1970.
    Date(i64),
    List(Vec<Value>),
    Object(Row),
}

/// A row: its fields by their Rust names, in the order of the struct.
pub type Row = Vec<(&'static str, Value)>;

// The same to the last bit: a row keeps the sign of a zero, and what is no number.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Absent, Self::Absent) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Date(a), Self::Date(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Object(a), Self::Object(b)) => a == b,
            _ => false,
        }
    }
}

impl Value {
    /// As Rust compares the values of one type: `None` first, texts by their bytes.
    pub fn rust_order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Absent, Self::Absent) => Ordering::Equal,
            (Self::Absent, _) => Ordering::Less,
            (_, Self::Absent) => Ordering::Greater,
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.partial_cmp(b).unwrap_or(Ordering::Equal),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            (Self::Date(a), Self::Date(b)) => a.cmp(b),
            (Self::List(a), Self::List(b)) => {
                let first = a.iter().zip(b).map(|(a, b)| a.rust_order(b)).find(|order| order.is_ne());
                first.unwrap_or(a.len().cmp(&b.len()))
            }
            _ => Ordering::Equal,
        }
    }

    /// As `==` compares them in Rust.
    pub fn rust_equal(&self, other: &Self) -> bool {
        match (self, other) {
            #[allow(clippy::float_cmp, reason = "this is what the test's closure does")]
            (Self::Number(a), Self::Number(b)) => a == b,
            (a, b) => a == b,
        }
    }

    /// A value of zero milliseconds, characters or elements is no worse than another.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }

    pub fn number(&self) -> f64 {
        match self {
            Self::Number(number) => *number,
            _ => 0.0,
        }
    }

    pub fn list(&self) -> &[Value] {
        match self {
            Self::List(list) => list,
            _ => &[],
        }
    }

    pub fn field(&self, name: &str) -> &Value {
        match self {
            Self::Object(row) => field(row, name),
            _ => &Value::Absent,
        }
    }
}

/// A field of a row.
pub fn field<'a>(row: &'a [(&'static str, Value)], name: &str) -> &'a Value {
    row.iter().find(|(own, _)| *own == name).map_or(&Value::Absent, |(_, value)| value)
}

/// Sets a field of a row.
pub fn set(row: &mut Row, name: &'static str, value: Value) {
    match row.iter_mut().find(|(own, _)| *own == name) {
        Some((_, old)) => *old = value,
        None => row.push((name, value)),
    }
}
