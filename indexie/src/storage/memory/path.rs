//! Key paths: where in a row its keys stand, and where a generated one goes.

use super::value::{Object, Value};
use crate::key::AnyKey;
use crate::order::SortedSet;
use crate::schema::KeyPath;

/// The key path of a store or of an index.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Path {
    /// The key is outside of the row.
    None,
    One(Vec<String>),
    Many(Vec<Vec<String>>),
}

/// What a key path leads to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum At {
    Nothing,
    /// A value that is no key.
    NoKey,
    Key(AnyKey),
}

impl From<KeyPath> for Path {
    fn from(path: KeyPath) -> Self {
        let segments = |path: &str| path.split('.').map(str::to_owned).collect();
        match path {
            KeyPath::None => Self::None,
            KeyPath::One(path) => Self::One(segments(path)),
            KeyPath::Many(paths) => Self::Many(paths.iter().map(|path| segments(path)).collect()),
        }
    }
}

impl Path {
    /// As [`KeyPath::text`] writes it.
    pub fn text(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::One(path) => path.join("."),
            Self::Many(paths) => {
                format!("[{}]", paths.iter().map(|path| path.join(".")).collect::<Vec<_>>().join("+"))
            }
        }
    }

    /// The single key of a row.
    pub fn key(&self, row: &Value) -> At {
        match self {
            Self::None => At::Nothing,
            Self::One(path) => part(row, path),
            Self::Many(paths) => {
                let (mut parts, mut valid) = (Vec::with_capacity(paths.len()), true);
                for path in paths {
                    match part(row, path) {
                        At::Nothing => return At::Nothing,
                        At::NoKey => valid = false,
                        At::Key(key) => parts.push(key),
                    }
                }
                if valid { At::Key(AnyKey::Array(parts)) } else { At::NoKey }
            }
        }
    }

    /// The keys of a row in an index, each once. With `multi`, an array has one for each element that is a key, in their order:
    /// the first one that clashes is the one that is told.
    pub fn keys(&self, row: &Value, multi: bool) -> Vec<AnyKey> {
        if let (Self::One(path), true) = (self, multi)
            && let Some(Value::Array(elements)) = find(row, path)
        {
            let mut seen = SortedSet::new();
            return elements.iter().filter_map(Value::key).filter(|key| seen.insert(key.clone())).collect();
        }
        match self.key(row) {
            At::Key(key) => vec![key],
            At::Nothing | At::NoKey => Vec::new(),
        }
    }

    /// Whether a generated key can become part of the row.
    pub fn takes_key(&self, row: &Value) -> bool {
        let Self::One(path) = self else { return false };
        let (mut at, mut inner) = (row, path.iter());
        inner.next_back();
        for name in inner {
            match at {
                Value::Object(object) => match object.get(name) {
                    Some(value) => at = value,
                    None => return true,
                },
                _ => return false,
            }
        }
        matches!(at, Value::Object(_))
    }

    /// Makes a generated key part of a row that takes it.
    pub fn put_key(&self, row: &mut Value, key: f64) {
        if let Self::One(path) = self {
            put(row, path, Value::Number(key));
        }
    }

    /// Gives the row another key, where its key is a part of it.
    pub fn set_key(&self, row: &mut Value, key: &AnyKey) {
        self.remove_key(row);
        if let Self::One(path) = self {
            put(row, path, key.into());
        }
    }

    /// Leaves the row without its generated key, where that is a part of it.
    pub fn remove_key(&self, row: &mut Value) {
        let Self::One(path) = self else { return };
        let Some((last, inner)) = path.split_last() else { return };
        let mut at = row;
        for name in inner {
            let Value::Object(object) = at else { return };
            let Some(next) = object.get_mut(name) else { return };
            at = next;
        }
        if let Value::Object(object) = at {
            object.remove(last);
        }
    }

    /// Makes a key part of a row that has none here.
    pub fn fill(&self, row: &mut Value, key: &AnyKey) {
        match (self, key) {
            (Self::One(path), key) if find(row, path).is_none() => put(row, path, key.into()),
            (Self::Many(paths), AnyKey::Array(parts)) if paths.len() == parts.len() => {
                for (path, part) in paths.iter().zip(parts) {
                    if find(row, path).is_none() {
                        put(row, path, part.into());
                    }
                }
            }
            _ => {}
        }
    }
}

fn put(row: &mut Value, path: &[String], value: Value) {
    let Some((last, inner)) = path.split_last() else { return };
    let mut at = row;
    for name in inner {
        let Value::Object(object) = at else { return };
        if object.get(name).is_none() {
            object.push(name, Value::Object(Object::default()));
        }
        let Some(next) = object.get_mut(name) else { return };
        at = next;
    }
    if let Value::Object(object) = at {
        object.push(last, value);
    }
}

fn find<'v>(row: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(row, |value, name| match value {
        Value::Object(object) => object.get(name),
        _ => None,
    })
}

#[allow(clippy::cast_precision_loss, reason = "no memory holds 2^53 of anything")]
fn part(row: &Value, path: &[String]) -> At {
    let value = find(row, path);
    let key = match (value, path.split_last()) {
        (Some(value), _) => value.key(),
        // JavaScript's text and arrays have one property that a key path may name.
        (None, Some((last, inner))) if last == "length" => match find(row, inner) {
            Some(Value::Text(text)) => Some(AnyKey::Number(text.encode_utf16().count() as f64)),
            Some(Value::Array(elements)) => Some(AnyKey::Number(elements.len() as f64)),
            _ => return At::Nothing,
        },
        (None, _) => return At::Nothing,
    };
    key.map_or(At::NoKey, At::Key)
}

#[cfg(test)]
mod tests {
    use super::super::value::tests::{array, number, object, text};
    use super::*;

    fn one(path: &'static str) -> Path {
        KeyPath::One(path).into()
    }

    fn row() -> Value {
        object([
            ("id", number(7.0)),
            ("name", text("Ann")),
            ("gone", Value::Null),
            ("flag", Value::Bool(true)),
            ("address", object([("city", text("Oslo"))])),
            ("tags", array([text("b"), text("a"), Value::Null, text("b"), number(f64::NAN), number(1.0)])),
        ])
    }

    #[test]
    fn a_path_leads_to_a_key_to_none_or_to_nothing() {
        assert_eq!(one("id").key(&row()), At::Key(7.into()));
        assert_eq!(one("address.city").key(&row()), At::Key("Oslo".into()));
        assert_eq!(one("name.length").key(&row()), At::Key(3.into()));
        assert_eq!(one("tags.length").key(&row()), At::Key(6.into()));
        for path in ["gone", "flag", "address", "tags"] {
            assert_eq!(one(path).key(&row()), At::NoKey, "{path}");
        }
        for path in ["missing", "address.zip", "name.first", "gone.more", "id.length"] {
            assert_eq!(one(path).key(&row()), At::Nothing, "{path}");
        }
        assert_eq!(Path::None.key(&row()), At::Nothing);
    }

    #[test]
    fn a_compound_key_needs_all_its_parts() {
        let many = |paths| Path::from(KeyPath::Many(paths));
        let both = many(&["name", "address.city"]);
        assert_eq!(both.key(&row()), At::Key(AnyKey::Array(vec!["Ann".into(), "Oslo".into()])));
        assert_eq!(many(&["name", "missing"]).key(&row()), At::Nothing);
        assert_eq!(many(&["flag", "name"]).key(&row()), At::NoKey);
        assert_eq!(many(&["flag", "name"]).keys(&row(), false), []);
        assert_eq!(both.text(), "[name+address.city]");
    }

    #[test]
    fn an_element_that_is_no_key_is_skipped_and_equal_ones_are_merged() {
        assert_eq!(one("tags").keys(&row(), true), ["b".into(), "a".into(), 1.into()]);
        assert_eq!(one("tags").keys(&row(), false), []);
        assert_eq!(one("name").keys(&row(), true), ["Ann".into()]);
        assert_eq!(one("flag").keys(&row(), true), []);
    }

    #[test]
    fn a_generated_key_becomes_part_of_the_row() {
        let mut row = object([("v", number(1.0))]);
        assert!(one("id").takes_key(&row));
        one("id").put_key(&mut row, 3.0);
        assert!(row.same(&object([("v", number(1.0)), ("id", number(3.0))])), "{row:?}");
        assert!(one("of.id").takes_key(&row));
        one("of.id").put_key(&mut row, 4.0);
        assert_eq!(one("of.id").key(&row), At::Key(4.into()));
        assert!(!one("v.id").takes_key(&row));
        assert!(!one("id").takes_key(&text("not an object")));
    }
}
