//! `Key` for the types of Rust and of the crates behind features.

use super::{AnyKey, AutoKey, Date, Form, Key, KeyError, Text};
use crate::float::{MAX_SAFE, integer};

macro_rules! small_numbers {
    ($($type:ty: $form:ident),*) => {$(
        impl Key for $type {
            const FORM: Form = Form::$form;
            #[allow(clippy::cast_lossless, reason = "there is no const `From`")]
            const LAST: f64 = <$type>::MAX as f64;

            fn to_any(&self) -> Result<AnyKey, KeyError> {
                Ok(AnyKey::Number(f64::from(*self)))
            }

            fn from_any(key: &AnyKey) -> Option<Self> {
                integer(key.as_number()?)?.try_into().ok()
            }
        }
    )*};
}

small_numbers!(u8: Byte, u16: Number, u32: Number, i8: Number, i16: Number, i32: Number);

macro_rules! wide_numbers {
    ($($type:ty)*) => {$(
        impl Key for $type {
            const FORM: Form = Form::Wide;

            #[allow(clippy::cast_precision_loss, reason = "checked to be within 2^53")]
            fn to_any(&self) -> Result<AnyKey, KeyError> {
                if i128::from(*self).unsigned_abs() > u128::from(MAX_SAFE) {
                    return Err(KeyError(format!("{self} is beyond 2^53: a JavaScript number cannot hold it, and IndexedDB has no other integer keys")));
                }
                Ok(AnyKey::Number(*self as f64))
            }

            fn from_any(key: &AnyKey) -> Option<Self> {
                integer(key.as_number()?)?.try_into().ok()
            }
        }
    )*};
}

wide_numbers!(u64 i64);

impl AutoKey for u8 {}
impl AutoKey for u16 {}
impl AutoKey for u32 {}
impl AutoKey for i32 {}
impl AutoKey for u64 {}
impl AutoKey for i64 {}
impl AutoKey for f64 {}

impl Key for f64 {
    const FORM: Form = Form::Number;

    fn to_any(&self) -> Result<AnyKey, KeyError> {
        if self.is_nan() {
            return Err(KeyError("NaN is no key".to_owned()));
        }
        Ok(AnyKey::Number(*self))
    }

    fn from_any(key: &AnyKey) -> Option<Self> {
        key.as_number()
    }
}

impl Key for f32 {
    const FORM: Form = Form::Number;

    fn to_any(&self) -> Result<AnyKey, KeyError> {
        f64::from(*self).to_any()
    }

    #[allow(clippy::cast_possible_truncation, reason = "the nearest f32 is what was asked for")]
    fn from_any(key: &AnyKey) -> Option<Self> {
        key.as_number().map(|number| number as f32)
    }
}

impl Key for bool {
    const FORM: Form = Form::Bool;

    fn to_any(&self) -> Result<AnyKey, KeyError> {
        Ok(AnyKey::Number(f64::from(u8::from(*self))))
    }

    fn from_any(key: &AnyKey) -> Option<Self> {
        match u8::from_any(key)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Key for String {
    const FORM: Form = Form::Text;

    fn to_any(&self) -> Result<AnyKey, KeyError> {
        Ok(AnyKey::Text(self.clone()))
    }

    fn from_any(key: &AnyKey) -> Option<Self> {
        key.as_str().map(str::to_owned)
    }
}

impl Text for String {}

impl Key for char {
    const FORM: Form = Form::Text;

    fn to_any(&self) -> Result<AnyKey, KeyError> {
        Ok(AnyKey::Text(self.to_string()))
    }

    fn from_any(key: &AnyKey) -> Option<Self> {
        let mut chars = key.as_str()?.chars();
        let first = chars.next()?;
        chars.next().is_none().then_some(first)
    }
}

impl Key for Date {
    const FORM: Form = Form::Date;

    fn to_any(&self) -> Result<AnyKey, KeyError> {
        Ok(AnyKey::Date(self.as_f64()))
    }

    fn from_any(key: &AnyKey) -> Option<Self> {
        match key {
            AnyKey::Date(millis) => Date::from_f64(*millis),
            _ => None,
        }
    }
}

/// `Vec<u8>` is binary; a vector of any other key is an array.
impl<K: Key> Key for Vec<K> {
    const FORM: Form = if is_byte::<K>() { Form::Binary } else { Form::Array };

    fn to_any(&self) -> Result<AnyKey, KeyError> {
        if is_byte::<K>() {
            // Bytes reach the dynamic form as numbers: there is no specialisation, and keys are short.
            let bytes: Result<Vec<u8>, _> =
                self.iter().map(|part| part.to_any().map(|key| u8::from_any(&key).unwrap_or(0))).collect();
            return bytes.map(AnyKey::Binary);
        }
        self.iter().map(Key::to_any).collect::<Result<_, _>>().map(AnyKey::Array)
    }

    fn from_any(key: &AnyKey) -> Option<Self> {
        match key {
            AnyKey::Array(parts) if !is_byte::<K>() => parts.iter().map(K::from_any).collect(),
            AnyKey::Binary(bytes) if is_byte::<K>() => {
                bytes.iter().map(|byte| K::from_any(&AnyKey::Number(f64::from(*byte)))).collect()
            }
            _ => None,
        }
    }
}

/// Whether `K` is `u8` (or a newtype of it).
const fn is_byte<K: Key>() -> bool {
    matches!(K::FORM, Form::Byte)
}

macro_rules! tuples {
    ($($name:ident.$at:tt)*) => {
        impl<$($name: Key),*> Key for ($($name,)*) {
            const FORM: Form = Form::Array;

            fn to_any(&self) -> Result<AnyKey, KeyError> {
                Ok(AnyKey::Array(vec![$(self.$at.to_any()?),*]))
            }

            fn from_any(key: &AnyKey) -> Option<Self> {
                let AnyKey::Array(parts) = key else { return None };
                if parts.len() != [$($at),*].len() {
                    return None;
                }
                Some(($($name::from_any(&parts[$at])?,)*))
            }
        }
    };
}

tuples!(A.0);
tuples!(A.0 B.1);
tuples!(A.0 B.1 C.2);
tuples!(A.0 B.1 C.2 D.3);
tuples!(A.0 B.1 C.2 D.3 E.4);
tuples!(A.0 B.1 C.2 D.3 E.4 F.5);
tuples!(A.0 B.1 C.2 D.3 E.4 F.5 G.6);
tuples!(A.0 B.1 C.2 D.3 E.4 F.5 G.6 H.7);

/// Keys of other crates that are stored, and sort, as their text.
#[cfg(any(feature = "uuid", feature = "ulid"))]
macro_rules! text_keys {
    ($type:ty) => {
        impl Key for $type {
            const FORM: Form = Form::Text;

            fn to_any(&self) -> Result<AnyKey, KeyError> {
                Ok(AnyKey::Text(self.to_string()))
            }

            fn from_any(key: &AnyKey) -> Option<Self> {
                key.as_str()?.parse().ok()
            }
        }

        impl super::IntoKey<$type> for $type {
            fn into_key(self) -> $type {
                self
            }
        }
    };
}

#[cfg(feature = "uuid")]
text_keys!(uuid::Uuid);
#[cfg(feature = "ulid")]
text_keys!(ulid::Ulid);
