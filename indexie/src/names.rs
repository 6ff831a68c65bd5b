//! The names under which serde stores the fields of a type, as it asks for them; and whether it asks for a number.

use std::marker::PhantomData;

use serde::de::{DeserializeOwned, Deserializer, Visitor};

use crate::codec::CodecError;

/// Follows a key path through the types of its fields, whose attributes no macro sees, and notices a field that is not
/// stored under its Rust name.
#[doc(hidden)]
#[derive(Debug)]
pub struct Steps<T> {
    kept: bool,
    at: PhantomData<fn() -> T>,
}

impl<T> Steps<T> {
    #[must_use]
    pub const fn from_here() -> Self {
        Self { kept: true, at: PhantomData }
    }

    /// Whether each field is stored under its Rust name, as far as its type tells.
    #[must_use]
    pub const fn kept(&self) -> bool {
        self.kept
    }
}

impl<T: DeserializeOwned> Steps<T> {
    /// Goes on to a field, which `_get` only gives the type of.
    #[must_use]
    pub fn to<U>(self, field: &'static str, _get: fn(&T) -> Option<&U>) -> Steps<U> {
        let known = fields::<T>().is_none_or(|fields| fields.contains(&field));
        Steps { kept: self.kept && known, at: PhantomData }
    }
}

/// Stands in for a type that does not read itself, as its outer one reads it by a function.
#[doc(hidden)]
pub trait Unread<T>: Sized {
    #[must_use]
    fn to<U>(self, _field: &'static str, _get: fn(&T) -> Option<&U>) -> Steps<U> {
        Steps::from_here()
    }
}

impl<T> Unread<T> for Steps<T> {}

/// Finds out what a key type is read from.
#[doc(hidden)]
#[derive(Debug)]
pub struct ReadFrom<K>(PhantomData<fn() -> K>);

impl<K: DeserializeOwned> ReadFrom<K> {
    /// Whether it is a number, and what is written is one then.
    #[must_use]
    pub fn from_number() -> bool {
        matches!(ask::<K>(), Told::Number)
    }
}

/// Stands in for a type that does not read itself.
#[doc(hidden)]
pub trait NotRead {
    #[must_use]
    fn from_number() -> bool {
        false
    }
}

impl<K> NotRead for ReadFrom<K> {}

/// The fields that a type is made of; none if it does not tell.
pub(crate) fn fields<T: DeserializeOwned>() -> Option<&'static [&'static str]> {
    match ask::<T>() {
        Told::Fields(fields) => Some(fields),
        Told::Nothing | Told::Number => None,
    }
}

/// What a type tells of itself.
enum Told {
    Nothing,
    Fields(&'static [&'static str]),
    Number,
}

fn ask<T: DeserializeOwned>() -> Told {
    let mut told = Told::Nothing;
    // It always fails: there are no values.
    let _ = T::deserialize(Asked(&mut told));
    told
}

fn nothing_here() -> CodecError {
    serde::de::Error::custom("")
}

struct Asked<'a>(&'a mut Told);

macro_rules! numbers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, CodecError> {
            *self.0 = Told::Number;
            Err(nothing_here())
        })*
    };
}

impl<'de> Deserializer<'de> for Asked<'_> {
    type Error = CodecError;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, CodecError> {
        Err(nothing_here())
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, CodecError> {
        *self.0 = Told::Fields(fields);
        Err(nothing_here())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        visitor.visit_newtype_struct(self)
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16 deserialize_u32
        deserialize_u64 deserialize_f32 deserialize_f64
    }

    serde::forward_to_deserialize_any! {
        bool i128 u128 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[test]
    #[allow(dead_code, reason = "only their names count")]
    fn records_tell_the_names_under_which_their_fields_are_stored() {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct User {
            id: u32,
            full_name: String,
            #[serde(skip)]
            seen: bool,
        }
        #[derive(Deserialize)]
        struct Wrapped(User);
        assert_eq!(fields::<User>(), Some(&["id", "fullName"][..]));
        assert_eq!(fields::<Wrapped>(), Some(&["id", "fullName"][..]));
    }

    #[test]
    #[allow(dead_code, reason = "only their names count")]
    fn steps_notice_a_field_that_is_stored_under_another_name() {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Address {
            city: String,
            zip_code: String,
            place: Option<Place>,
        }
        #[derive(Deserialize)]
        struct Place {
            #[serde(rename = "latitude")]
            lat: f64,
            lon: f64,
        }
        // As generated code goes on where there may be nothing.
        let address = Steps::<Option<Address>>::from_here;
        assert!(address().to("city", |base| base.as_ref().map(|address| &address.city)).kept());
        assert!(!address().to("zip_code", |base| base.as_ref().map(|address| &address.zip_code)).kept());
        let place = || Steps::<Address>::from_here().to("place", |base| Some(&base.place));
        assert!(place().to("lon", |base| base.as_ref().map(|place| &place.lon)).kept());
        assert!(!place().to("lat", |base| base.as_ref().map(|place| &place.lat)).kept());
    }

    #[test]
    #[allow(dead_code, reason = "only their names count")]
    fn a_type_that_does_not_read_itself_is_taken_at_its_word() {
        struct Point {
            x: f64,
        }
        assert!(Steps::<Point>::from_here().to("x", |base| Some(&base.x)).kept());
    }

    #[test]
    #[allow(dead_code, reason = "only their names count")]
    fn a_record_that_takes_whatever_comes_does_not_tell() {
        #[derive(Deserialize)]
        struct Open {
            id: u32,
            #[serde(flatten)]
            rest: std::collections::BTreeMap<String, String>,
        }
        assert_eq!(fields::<Open>(), None);
    }

    #[test]
    #[allow(dead_code, reason = "only what it is read from counts")]
    fn a_type_tells_whether_it_is_read_from_a_number() {
        #[derive(Deserialize)]
        enum Named {
            Low,
        }
        struct Numbered;
        impl<'de> Deserialize<'de> for Numbered {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                u8::deserialize(deserializer).map(|_| Self)
            }
        }
        #[derive(Deserialize)]
        struct Wrapped(Numbered);
        struct Unreadable;
        assert!(ReadFrom::<Numbered>::from_number() && ReadFrom::<Wrapped>::from_number());
        assert!(!ReadFrom::<Named>::from_number() && !ReadFrom::<String>::from_number());
        assert!(!ReadFrom::<Unreadable>::from_number());
    }
}
