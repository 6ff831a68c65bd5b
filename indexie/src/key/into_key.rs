//! What clauses take: anything that converts into the index's key type without a turbofish.

use std::ops::{Bound, Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

use super::{Date, Key};

/// A value that is a key of type `K`, or is close enough to one: a reference to it, `&str` and `&&str` for `String`, `i32` for `f64`,
/// times for [`Date`], tuples and vectors of such.
///
/// There is no blanket implementation, and never two integer types for one key type: either would make the compiler
/// take the `18` in `above(18)` for an `i32`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no key of this index, whose type is `{K}`",
    label = "expected `{K}`, or what converts into it"
)]
pub trait IntoKey<K> {
    /// The key.
    fn into_key(self) -> K;
}

macro_rules! itself {
    ($($type:ty)*) => {$(
        impl IntoKey<$type> for $type {
            fn into_key(self) -> $type {
                self
            }
        }
    )*};
}

itself!(u8 u16 u32 u64 i8 i16 i32 i64 f32 f64 bool char String Date);

impl<K: Key> IntoKey<K> for &K {
    fn into_key(self) -> K {
        self.clone()
    }
}

impl IntoKey<String> for &str {
    fn into_key(self) -> String {
        self.to_owned()
    }
}

/// As an iterator over `&str`s gives them by reference. Tuples are converted by value only: a reference to one is taken for the key
/// itself, which tells the compiler of which types its numbers are.
impl IntoKey<String> for &&str {
    fn into_key(self) -> String {
        (*self).to_owned()
    }
}

macro_rules! times {
    ($($(#[$cfg:meta])? $type:ty)*) => {$(
        $(#[$cfg])?
        impl IntoKey<Date> for $type {
            fn into_key(self) -> Date {
                self.into()
            }
        }
    )*};
}

times! {
    std::time::SystemTime
    #[cfg(feature = "chrono")] chrono::DateTime<chrono::Utc>
    #[cfg(feature = "time")] time::OffsetDateTime
}

impl IntoKey<f64> for i32 {
    fn into_key(self) -> f64 {
        f64::from(self)
    }
}

impl<K, X: IntoKey<K>> IntoKey<Vec<K>> for Vec<X> {
    fn into_key(self) -> Vec<K> {
        self.into_iter().map(IntoKey::into_key).collect()
    }
}

impl<K, X: IntoKey<K>, const N: usize> IntoKey<Vec<K>> for [X; N] {
    fn into_key(self) -> Vec<K> {
        self.into_iter().map(IntoKey::into_key).collect()
    }
}

impl<K: Clone> IntoKey<Vec<K>> for &[K] {
    fn into_key(self) -> Vec<K> {
        self.to_vec()
    }
}

macro_rules! tuples {
    ($($key:ident $value:ident $at:tt),*) => {
        impl<$($key, $value: IntoKey<$key>),*> IntoKey<($($key,)*)> for ($($value,)*) {
            fn into_key(self) -> ($($key,)*) {
                ($(self.$at.into_key(),)*)
            }
        }
    };
}

tuples!(A P 0);
tuples!(A P 0, B Q 1);
tuples!(A P 0, B Q 1, C R 2);
tuples!(A P 0, B Q 1, C R 2, D S 3);
tuples!(A P 0, B Q 1, C R 2, D S 3, E T 4);
tuples!(A P 0, B Q 1, C R 2, D S 3, E T 4, F U 5);
tuples!(A P 0, B Q 1, C R 2, D S 3, E T 4, F U 5, G V 6);
tuples!(A P 0, B Q 1, C R 2, D S 3, E T 4, F U 5, G V 6, H W 7);

/// A range of keys of type `K`: every range of Rust, and a pair of [`Bound`]s.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no range of `{K}`",
    label = "expected a range such as `a..b`, `a..=b`, `a..` or `..b`"
)]
pub trait IntoRange<K> {
    /// The bounds, lower first.
    fn into_bounds(self) -> (Bound<K>, Bound<K>);
}

impl<K, X: IntoKey<K>> IntoRange<K> for Range<X> {
    fn into_bounds(self) -> (Bound<K>, Bound<K>) {
        (Bound::Included(self.start.into_key()), Bound::Excluded(self.end.into_key()))
    }
}

impl<K, X: IntoKey<K>> IntoRange<K> for RangeInclusive<X> {
    fn into_bounds(self) -> (Bound<K>, Bound<K>) {
        let (start, end) = self.into_inner();
        (Bound::Included(start.into_key()), Bound::Included(end.into_key()))
    }
}

impl<K, X: IntoKey<K>> IntoRange<K> for RangeFrom<X> {
    fn into_bounds(self) -> (Bound<K>, Bound<K>) {
        (Bound::Included(self.start.into_key()), Bound::Unbounded)
    }
}

impl<K, X: IntoKey<K>> IntoRange<K> for RangeTo<X> {
    fn into_bounds(self) -> (Bound<K>, Bound<K>) {
        (Bound::Unbounded, Bound::Excluded(self.end.into_key()))
    }
}

impl<K, X: IntoKey<K>> IntoRange<K> for RangeToInclusive<X> {
    fn into_bounds(self) -> (Bound<K>, Bound<K>) {
        (Bound::Unbounded, Bound::Included(self.end.into_key()))
    }
}

impl<K> IntoRange<K> for RangeFull {
    fn into_bounds(self) -> (Bound<K>, Bound<K>) {
        (Bound::Unbounded, Bound::Unbounded)
    }
}

impl<K, X: IntoKey<K>> IntoRange<K> for (Bound<X>, Bound<X>) {
    fn into_bounds(self) -> (Bound<K>, Bound<K>) {
        (self.0.map(IntoKey::into_key), self.1.map(IntoKey::into_key))
    }
}

/// The first columns of a compound key of type `K`; `M` tells the compiler which number of columns is meant.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no prefix of the compound key `{K}`",
    label = "expected the first column, or a tuple of the first columns"
)]
pub trait Prefix<K, M> {
    #[doc(hidden)]
    fn parts(self) -> Vec<Result<super::AnyKey, super::KeyError>>;
}

macro_rules! prefixes {
    ($marker:ident; $($key:ident $value:ident $at:tt),*; $($rest:ident)*) => {
        impl<$($key: Key,)* $($rest,)* $($value: IntoKey<$key>),*> Prefix<($($key,)* $($rest,)*), $marker> for ($($value,)*) {
            fn parts(self) -> Vec<Result<super::AnyKey, super::KeyError>> {
                vec![$(self.$at.into_key().to_any()),*]
            }
        }
    };
}

macro_rules! first_column {
    ($($rest:ident)*) => {
        impl<A: Key, $($rest,)* X: IntoKey<A>> Prefix<(A, $($rest,)*), First> for X {
            fn parts(self) -> Vec<Result<super::AnyKey, super::KeyError>> {
                vec![self.into_key().to_any()]
            }
        }
    };
}

/// A prefix of one column, given as it is.
#[derive(Debug)]
pub struct First;
/// A prefix given as a tuple.
#[derive(Debug)]
pub struct Columns;

first_column!(B);
first_column!(B C);
first_column!(B C D);
first_column!(B C D E);
prefixes!(Columns; A P 0; B);
prefixes!(Columns; A P 0; B C);
prefixes!(Columns; A P 0, B Q 1; C);
prefixes!(Columns; A P 0; B C D);
prefixes!(Columns; A P 0, B Q 1; C D);
prefixes!(Columns; A P 0, B Q 1, C R 2; D);
prefixes!(Columns; A P 0, B Q 1; C D E);
prefixes!(Columns; A P 0, B Q 1, C R 2; D E);
prefixes!(Columns; A P 0, B Q 1, C R 2, D S 3; E);
