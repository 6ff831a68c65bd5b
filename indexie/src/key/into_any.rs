//! What the clauses of an upgrade take: keys of whatever type, for the type of an old index is known at run time only.

use std::ops::{Bound, Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

use super::{AnyKey, Date, Key, KeyError};

/// A value that is a key of whatever type: numbers, text, `bool` (stored as 0 and 1), [`Date`], tuples and vectors of such, a
/// vector of bytes, a reference to any [`Key`], and [`AnyKey`] itself.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no key",
    label = "expected a number, text, a date, or a tuple or vector of keys",
    note = "keys of a type with `#[derive(Key)]` can be given by value or by reference"
)]
pub trait IntoAnyKey: Sized {
    #[doc(hidden)]
    fn into_any(self) -> Result<AnyKey, KeyError>;

    /// Several of them as one key.
    #[doc(hidden)]
    fn together(keys: Vec<Self>) -> Result<AnyKey, KeyError> {
        keys.into_iter().map(Self::into_any).collect::<Result<_, _>>().map(AnyKey::Array)
    }
}

macro_rules! itself {
    ($($type:ty)*) => {$(
        impl IntoAnyKey for $type {
            fn into_any(self) -> Result<AnyKey, KeyError> {
                self.to_any()
            }
        }
    )*};
}

itself!(u16 u32 u64 i8 i16 i32 i64 f32 f64 bool char String Date);

#[cfg(feature = "uuid")]
itself!(uuid::Uuid);
#[cfg(feature = "ulid")]
itself!(ulid::Ulid);

impl IntoAnyKey for u8 {
    fn into_any(self) -> Result<AnyKey, KeyError> {
        self.to_any()
    }

    /// Bytes are binary.
    fn together(keys: Vec<Self>) -> Result<AnyKey, KeyError> {
        Ok(AnyKey::Binary(keys))
    }
}

impl IntoAnyKey for &str {
    fn into_any(self) -> Result<AnyKey, KeyError> {
        Ok(AnyKey::from(self))
    }
}

impl IntoAnyKey for &&str {
    fn into_any(self) -> Result<AnyKey, KeyError> {
        (*self).into_any()
    }
}

impl<K: Key> IntoAnyKey for &K {
    fn into_any(self) -> Result<AnyKey, KeyError> {
        self.to_any()
    }
}

impl IntoAnyKey for AnyKey {
    fn into_any(self) -> Result<AnyKey, KeyError> {
        if self.is_valid() { Ok(self) } else { Err(KeyError(format!("{self} is no key"))) }
    }
}

impl IntoAnyKey for &AnyKey {
    fn into_any(self) -> Result<AnyKey, KeyError> {
        self.clone().into_any()
    }
}

impl<K: IntoAnyKey> IntoAnyKey for Vec<K> {
    fn into_any(self) -> Result<AnyKey, KeyError> {
        K::together(self)
    }
}

impl<K: IntoAnyKey, const N: usize> IntoAnyKey for [K; N] {
    fn into_any(self) -> Result<AnyKey, KeyError> {
        K::together(self.into())
    }
}

macro_rules! tuples {
    ($($key:ident.$at:tt)*) => {
        impl<$($key: IntoAnyKey),*> IntoAnyKey for ($($key,)*) {
            fn into_any(self) -> Result<AnyKey, KeyError> {
                Ok(AnyKey::Array(vec![$(self.$at.into_any()?),*]))
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

/// A range of keys of whatever type: every range of Rust, and a pair of [`Bound`]s.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no range of keys",
    label = "expected a range such as `a..b`, `a..=b`, `a..` or `..b`"
)]
pub trait IntoAnyRange {
    #[doc(hidden)]
    fn into_any_bounds(self) -> Result<(Bound<AnyKey>, Bound<AnyKey>), KeyError>;
}

impl<K: IntoAnyKey> IntoAnyRange for (Bound<K>, Bound<K>) {
    fn into_any_bounds(self) -> Result<(Bound<AnyKey>, Bound<AnyKey>), KeyError> {
        let convert = |bound: Bound<K>| {
            Ok(match bound {
                Bound::Unbounded => Bound::Unbounded,
                Bound::Included(key) => Bound::Included(key.into_any()?),
                Bound::Excluded(key) => Bound::Excluded(key.into_any()?),
            })
        };
        Ok((convert(self.0)?, convert(self.1)?))
    }
}

macro_rules! ranges {
    ($($range:ident: $this:ident => $lower:expr, $upper:expr;)*) => {$(
        impl<K: IntoAnyKey> IntoAnyRange for $range<K> {
            fn into_any_bounds(self) -> Result<(Bound<AnyKey>, Bound<AnyKey>), KeyError> {
                let $this = self;
                ($lower, $upper).into_any_bounds()
            }
        }
    )*};
}

ranges! {
    Range: range => Bound::Included(range.start), Bound::Excluded(range.end);
    RangeFrom: range => Bound::Included(range.start), Bound::Unbounded;
    RangeTo: range => Bound::Unbounded, Bound::Excluded(range.end);
    RangeToInclusive: range => Bound::Unbounded, Bound::Included(range.end);
}

impl<K: IntoAnyKey> IntoAnyRange for RangeInclusive<K> {
    fn into_any_bounds(self) -> Result<(Bound<AnyKey>, Bound<AnyKey>), KeyError> {
        let (start, end) = self.into_inner();
        (Bound::Included(start), Bound::Included(end)).into_any_bounds()
    }
}

impl IntoAnyRange for RangeFull {
    fn into_any_bounds(self) -> Result<(Bound<AnyKey>, Bound<AnyKey>), KeyError> {
        Ok((Bound::Unbounded, Bound::Unbounded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_any_type_becomes_what_is_stored() {
        let number = |number| AnyKey::Number(number);
        assert_eq!(18.into_any(), Ok(number(18.0)));
        assert_eq!(true.into_any(), Ok(number(1.0)));
        assert_eq!("a".into_any(), Ok(AnyKey::from("a")));
        assert_eq!("a".to_owned().into_any(), (&"a".to_owned()).into_any());
        assert_eq!(("a", 1).into_any(), Ok(AnyKey::Array(vec!["a".into(), number(1.0)])));
        assert_eq!(vec![1_u8, 2].into_any(), Ok(AnyKey::Binary(vec![1, 2])));
        assert_eq!([1, 2].into_any(), Ok(AnyKey::Array(vec![number(1.0), number(2.0)])));
        assert_eq!(AnyKey::Date(0.0).into_any(), Ok(AnyKey::Date(0.0)));
    }

    #[test]
    fn what_is_no_key_says_so() {
        assert!(f64::NAN.into_any().is_err());
        assert!(u64::MAX.into_any().is_err());
        assert!(AnyKey::Array(vec![AnyKey::Number(f64::NAN)]).into_any().is_err());
        assert!((1.0..f64::NAN).into_any_bounds().is_err());
    }
}
