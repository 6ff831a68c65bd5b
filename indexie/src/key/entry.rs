//! `Entry`: the keys one row has in one index, as the generated code computes them.

use super::{AnyKey, Key, KeyError};
use crate::codec::{Batch, key_at_path, with_shapes, write_row};
use crate::order::sort_keys;

/// The key or keys under which a row stands in one index.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq)]
pub struct Entry(pub(crate) Result<Keys, KeyError>);

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Keys {
    /// The row is not in the index.
    None,
    One(AnyKey),
    /// Multi-entry: ascending, each once.
    Many(Vec<AnyKey>),
}

impl Keys {
    pub fn single(self) -> Option<AnyKey> {
        match self {
            Self::One(key) => Some(key),
            Self::None | Self::Many(_) => None,
        }
    }
}

impl Entry {
    /// No such key: a generated one, or one outside of the record.
    #[must_use]
    pub fn none() -> Self {
        Self(Ok(Keys::None))
    }

    /// The key of a field.
    #[must_use]
    pub fn one<K: Key>(field: &K) -> Self {
        Self(field.to_any().map(Keys::One))
    }

    /// The key of a field that may be absent.
    #[must_use]
    pub fn opt<K: Key>(field: Option<&K>) -> Self {
        field.map_or_else(Self::none, Self::one)
    }

    /// The keys of a multi-entry field: bad ones are skipped and equal ones merged, as IndexedDB does.
    #[must_use]
    pub fn many<'a, K: Key, I: IntoIterator<Item = &'a K>>(elements: I) -> Self {
        let keys: Result<Vec<_>, _> = elements.into_iter().map(Key::to_any).collect();
        Self(keys.map(|mut keys| {
            sort_keys(&mut keys);
            Keys::Many(keys)
        }))
    }

    /// The key at a path of the row as it is stored: for fields that serde stores as another type.
    #[must_use]
    pub fn from_row<K: Key, R: serde::Serialize>(row: &R, path: &[&str]) -> Self {
        let mut batch = Batch::default();
        with_shapes(|shapes| {
            if write_row(&mut batch, shapes, &[], row).is_err() {
                // Writing the row itself reports it.
                return Self::none();
            }
            let batch = batch.finish();
            let key = key_at_path(&mut batch.reader(), &*shapes, path);
            key.filter(|key| K::from_any(key).is_some()).map_or_else(Self::none, |key| Self(Ok(Keys::One(key))))
        })
    }

    /// A compound key: absent if any part is.
    #[must_use]
    pub fn all<const N: usize>(parts: [Entry; N]) -> Self {
        let mut keys = Vec::with_capacity(N);
        for part in parts {
            match part.0 {
                Ok(Keys::One(key)) => keys.push(key),
                Ok(Keys::None) => return Self::none(),
                Ok(Keys::Many(elements)) => keys.push(AnyKey::Array(elements)),
                Err(error) => return Self(Err(error)),
            }
        }
        Self(Ok(Keys::One(AnyKey::Array(keys))))
    }

    /// The single key, if the row has one that is valid.
    pub(crate) fn single(self) -> Option<AnyKey> {
        self.0.ok()?.single()
    }

    /// Every key of the row in this index, ascending.
    pub(crate) fn into_keys(self) -> Vec<AnyKey> {
        match self.0 {
            Ok(Keys::One(key)) => vec![key],
            Ok(Keys::Many(keys)) => keys,
            Ok(Keys::None) | Err(_) => Vec::new(),
        }
    }
}
