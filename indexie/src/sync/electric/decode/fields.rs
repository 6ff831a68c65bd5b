//! The names of a record's fields, as serde asks for them.

use serde::de::{DeserializeOwned, Deserializer, Visitor};

use super::ColumnError;

/// The fields that a record is made of; none if it does not tell.
pub(crate) fn fields<T: DeserializeOwned>() -> Option<&'static [&'static str]> {
    let mut told = None;
    // It always fails: there are no values.
    let _ = T::deserialize(Asked(&mut told));
    told
}

struct Asked<'a>(&'a mut Option<&'static [&'static str]>);

impl<'de> Deserializer<'de> for Asked<'_> {
    type Error = ColumnError;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, ColumnError> {
        Err(ColumnError::default())
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, ColumnError> {
        *self.0 = Some(fields);
        Err(ColumnError::default())
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ColumnError> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple
        tuple_struct map enum identifier ignored_any
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
    fn a_record_that_takes_whatever_comes_does_not_tell() {
        #[derive(Deserialize)]
        struct Open {
            id: u32,
            #[serde(flatten)]
            rest: std::collections::BTreeMap<String, String>,
        }
        assert_eq!(fields::<Open>(), None);
    }
}
