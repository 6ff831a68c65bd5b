//! The Rust types of fields and keys, and what they are as values. Their domains are small: rows are to clash and to tie.

use std::collections::BTreeSet;

use indexie::Date;

use crate::chance::Chance;
use crate::value::Value;

/// A type that fields, or keys, of the records have.
pub trait Field: Clone + 'static {
    fn value(&self) -> Value;
    /// The value of this type; whatever there is in its place if the program has shrunk to another one.
    fn of(value: &Value) -> Self;
    fn random(chance: &mut Chance) -> Self;
    /// The least value there is to say about.
    fn simplest() -> Self;
    /// As an expression.
    fn code(&self) -> String;
    /// As a type.
    fn name() -> String;
    /// Whether the type is `Ord`, as `sort_by_key` wants it.
    const SORTS: bool = true;
    /// Whether the type is a number, to which something can be added.
    const ADDS: bool = false;
}

macro_rules! numbers {
    ($($type:ident in [$($number:expr),*]),*) => {$(
        impl Field for $type {
            const ADDS: bool = true;

            fn value(&self) -> Value {
                Value::Number(f64::from(*self))
            }

            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "made of this type")]
            fn of(value: &Value) -> Self {
                value.number() as $type
            }

            fn random(chance: &mut Chance) -> Self {
                *chance.pick(&[$($number),*])
            }

            fn simplest() -> Self {
                0
            }

            fn code(&self) -> String {
                self.to_string()
            }

            fn name() -> String {
                stringify!($type).to_owned()
            }
        }
    )*};
}

numbers!(u32 in [0, 1, 2, 3, 4, 5, 6, 7, 8, 30], i32 in [-70, -2, -1, 0, 1, 2, 3]);

impl Field for f64 {
    const SORTS: bool = false;
    const ADDS: bool = true;

    fn value(&self) -> Value {
        Value::Number(*self)
    }

    fn of(value: &Value) -> Self {
        value.number()
    }

    fn random(chance: &mut Chance) -> Self {
        if chance.once_in(40) {
            return f64::NAN;
        }
        let beyond = 2.0_f64.powi(53);
        *chance.pick(&[0.0, -0.0, 1.0, 2.0, 2.5, -1.5, 20.7, -1e300, 5e-324, beyond, f64::INFINITY, f64::NEG_INFINITY])
    }

    fn simplest() -> Self {
        0.0
    }

    fn code(&self) -> String {
        match *self {
            number if number.is_nan() => "f64::NAN".to_owned(),
            f64::INFINITY => "f64::INFINITY".to_owned(),
            f64::NEG_INFINITY => "f64::NEG_INFINITY".to_owned(),
            number => format!("{number:?}"),
        }
    }

    fn name() -> String {
        "f64".to_owned()
    }
}

impl Field for bool {
    fn value(&self) -> Value {
        Value::Bool(*self)
    }

    fn of(value: &Value) -> Self {
        matches!(value, Value::Bool(true)) || value.number() > 0.0
    }

    fn random(chance: &mut Chance) -> Self {
        chance.once_in(2)
    }

    fn simplest() -> Self {
        false
    }

    fn code(&self) -> String {
        self.to_string()
    }

    fn name() -> String {
        "bool".to_owned()
    }
}

/// One in several cases, of several lengths in lowercase, in UTF-16 order another than in UTF-8.
const TEXTS: [&str; 24] = [
    "", "a", "A", "ab", "aB", "AB", "abc", "b", "ann", "Ann", "ß", "ẞ", "ss", "İ", "i\u{307}", "i", "σ", "Σ", "ς",
    "aΣ", "\u{ffff}", "\u{e000}", "😀", "😀a",
];

impl Field for String {
    fn value(&self) -> Value {
        Value::Text(self.clone())
    }

    fn of(value: &Value) -> Self {
        value.text().to_owned()
    }

    fn random(chance: &mut Chance) -> Self {
        // Mostly the few at the beginning.
        let most = *chance.pick(&[6, 10, TEXTS.len()]);
        TEXTS[chance.below(most)].to_owned()
    }

    fn simplest() -> Self {
        Self::new()
    }

    fn code(&self) -> String {
        format!("{self:?}.to_owned()")
    }

    fn name() -> String {
        "String".to_owned()
    }
}

impl Field for Date {
    const SORTS: bool = false;

    fn value(&self) -> Value {
        Value::Date(self.millis())
    }

    fn of(value: &Value) -> Self {
        Date::from_millis(if let Value::Date(millis) = value { *millis } else { 0 })
    }

    fn random(chance: &mut Chance) -> Self {
        Date::from_millis(*chance.pick(&[0, -1, 1, 1_000, 86_400_000, 1_700_000_000_000, -62_000_000_000_000]))
    }

    fn simplest() -> Self {
        Date::from_millis(0)
    }

    fn code(&self) -> String {
        format!("Date::from_millis({})", self.millis())
    }

    fn name() -> String {
        "Date".to_owned()
    }
}

impl Field for Vec<u8> {
    fn value(&self) -> Value {
        Value::Bytes(self.clone())
    }

    fn of(value: &Value) -> Self {
        if let Value::Bytes(bytes) = value { bytes.clone() } else { Self::new() }
    }

    fn random(chance: &mut Chance) -> Self {
        let pool: [&[u8]; 8] = [&[], &[0], &[0, 0], &[1], &[1, 2], &[127], &[128], &[255, 0]];
        chance.pick(&pool).to_vec()
    }

    fn simplest() -> Self {
        Self::new()
    }

    fn code(&self) -> String {
        if self.is_empty() { "Vec::<u8>::new()".to_owned() } else { format!("vec!{self:?}") }
    }

    fn name() -> String {
        "Vec<u8>".to_owned()
    }
}

impl<F: Field> Field for Option<F> {
    const SORTS: bool = F::SORTS;

    fn value(&self) -> Value {
        self.as_ref().map_or(Value::Absent, Field::value)
    }

    fn of(value: &Value) -> Self {
        (*value != Value::Absent).then(|| F::of(value))
    }

    fn random(chance: &mut Chance) -> Self {
        (!chance.once_in(4)).then(|| F::random(chance))
    }

    fn simplest() -> Self {
        None
    }

    fn code(&self) -> String {
        self.as_ref().map_or_else(|| "None".to_owned(), |value| format!("Some({})", value.code()))
    }

    fn name() -> String {
        format!("Option<{}>", F::name())
    }
}

fn codes<'a, F: Field>(elements: impl IntoIterator<Item = &'a F>) -> String {
    elements.into_iter().map(Field::code).collect::<Vec<_>>().join(", ")
}

impl<F: Field> Field for Vec<F> {
    const SORTS: bool = F::SORTS;

    fn value(&self) -> Value {
        Value::List(self.iter().map(Field::value).collect())
    }

    fn of(value: &Value) -> Self {
        value.list().iter().map(F::of).collect()
    }

    fn random(chance: &mut Chance) -> Self {
        chance.some(3, F::random)
    }

    fn simplest() -> Self {
        Self::new()
    }

    fn code(&self) -> String {
        format!("vec![{}]", codes(self))
    }

    fn name() -> String {
        format!("Vec<{}>", F::name())
    }
}

impl<F: Field + Ord> Field for BTreeSet<F> {
    const SORTS: bool = F::SORTS;

    fn value(&self) -> Value {
        Value::List(self.iter().map(Field::value).collect())
    }

    fn of(value: &Value) -> Self {
        value.list().iter().map(F::of).collect()
    }

    fn random(chance: &mut Chance) -> Self {
        chance.some(3, F::random).into_iter().collect()
    }

    fn simplest() -> Self {
        Self::new()
    }

    fn code(&self) -> String {
        format!("BTreeSet::from([{}])", codes(self))
    }

    fn name() -> String {
        format!("BTreeSet<{}>", F::name())
    }
}

macro_rules! tuples {
    ($($part:ident.$at:tt),+) => {
        impl<$($part: Field),+> Field for ($($part,)+) {
            fn value(&self) -> Value {
                Value::List(vec![$(self.$at.value()),+])
            }

            fn of(value: &Value) -> Self {
                let parts = value.list();
                ($($part::of(parts.get($at).unwrap_or(&Value::Absent)),)+)
            }

            fn random(chance: &mut Chance) -> Self {
                ($($part::random(chance),)+)
            }

            fn simplest() -> Self {
                ($($part::simplest(),)+)
            }

            fn code(&self) -> String {
                format!("({})", [$(self.$at.code()),+].join(", "))
            }

            fn name() -> String {
                format!("({})", [$($part::name()),+].join(", "))
            }
        }
    };
}

tuples!(A.0, B.1);
tuples!(A.0, B.1, C.2);
