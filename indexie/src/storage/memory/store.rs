//! A store: its rows by primary key, its indexes, and its key generator. Keeps the three in step; what may be written is
//! decided by `write`.

use super::path::Path;
use super::value::{Row, Value};
use crate::key::AnyKey;
use crate::order::{SortedMap, SortedSet};

/// The last number that a generator gives.
const LAST: u64 = 1 << 53;

#[derive(Clone, Debug)]
pub(super) struct Store {
    pub path: Path,
    pub generator: Option<Generator>,
    rows: SortedMap<AnyKey, Row>,
    indexes: SortedMap<String, Index>,
}

/// Gives numbers one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Generator {
    next: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Index {
    pub path: Path,
    pub unique: bool,
    pub multi: bool,
    /// The primary keys under each key.
    entries: SortedMap<AnyKey, SortedSet<AnyKey>>,
}

/// All rows of a store, taken out of it.
#[derive(Debug)]
pub(super) struct Contents {
    rows: SortedMap<AnyKey, Row>,
    entries: SortedMap<String, SortedMap<AnyKey, SortedSet<AnyKey>>>,
}

impl Contents {
    pub fn rows(&self) -> &SortedMap<AnyKey, Row> {
        &self.rows
    }
}

/// A key that a unique index has already.
#[derive(Debug, PartialEq)]
pub(super) struct Clash {
    pub index: String,
    pub key: AnyKey,
}

impl Generator {
    pub const NEW: Self = Self { next: 1 };

    /// The next number, if there is one left.
    #[allow(clippy::cast_precision_loss, reason = "up to 2^53 every integer is exact")]
    pub fn take(&mut self) -> Option<f64> {
        let number = self.next;
        if number > LAST {
            return None;
        }
        self.next += 1;
        Some(number as f64)
    }

    /// Moves on past a key that has been given.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
    pub fn pass(&mut self, key: &AnyKey) {
        if let AnyKey::Number(number) = key
            && *number >= 1.0
        {
            // A float beyond 64 bits becomes the greatest integer.
            self.next = self.next.max((*number as u64).min(LAST) + 1);
        }
    }
}

impl Generator {
    /// Moves on to where another one is, if that is further.
    pub fn catch_up(&mut self, other: Self) {
        self.next = self.next.max(other.next);
    }
}

impl Index {
    pub fn new(path: Path, unique: bool, multi: bool) -> Self {
        Self { path, unique, multi, entries: SortedMap::new() }
    }

    pub fn entries(&self) -> &SortedMap<AnyKey, SortedSet<AnyKey>> {
        &self.entries
    }

    fn insert(&mut self, primary_key: &AnyKey, row: &Value) {
        for key in self.path.keys(row, self.multi) {
            self.entries.entry(key).or_default().insert(primary_key.clone());
        }
    }

    fn remove(&mut self, primary_key: &AnyKey, row: &Value) {
        for key in self.path.keys(row, self.multi) {
            if let Some(keys) = self.entries.get_mut(&key) {
                keys.remove(primary_key);
                if keys.is_empty() {
                    self.entries.remove(&key);
                }
            }
        }
    }

    /// The first key of the row that belongs to another row, if this index is unique.
    fn clash(&self, primary_key: &AnyKey, row: &Value) -> Option<AnyKey> {
        if !self.unique {
            return None;
        }
        let taken =
            |key: &AnyKey| self.entries.get(key).is_some_and(|keys| keys.iter().any(|other| other != primary_key));
        self.path.keys(row, self.multi).into_iter().find(taken)
    }
}

impl Store {
    pub fn new(path: Path, auto: bool) -> Self {
        let generator = auto.then_some(Generator::NEW);
        Self { path, generator, rows: SortedMap::new(), indexes: SortedMap::new() }
    }

    /// One with the same indexes, without rows.
    pub fn emptied(&self) -> Self {
        let index = |(name, index): (&String, &Index)| {
            (name.clone(), Index::new(index.path.clone(), index.unique, index.multi))
        };
        Self {
            path: self.path.clone(),
            generator: self.generator,
            rows: SortedMap::new(),
            indexes: self.indexes.iter().map(index).collect(),
        }
    }

    // --- rows

    pub fn rows(&self) -> &SortedMap<AnyKey, Row> {
        &self.rows
    }

    /// Puts a row; returns the one that it replaces.
    pub fn insert(&mut self, key: AnyKey, row: Row) -> Option<Row> {
        let old = self.remove(&key);
        for index in self.indexes.values_mut() {
            index.insert(&key, &row);
        }
        self.rows.insert(key, row);
        old
    }

    pub fn remove(&mut self, key: &AnyKey) -> Option<Row> {
        let old = self.rows.remove(key)?;
        for index in self.indexes.values_mut() {
            index.remove(key, &old);
        }
        Some(old)
    }

    /// Takes all rows out; the generator stays where it is.
    pub fn take(&mut self) -> Contents {
        let entries = self.indexes.iter_mut().map(|(name, index)| (name.clone(), std::mem::take(&mut index.entries)));
        Contents { entries: entries.collect(), rows: std::mem::take(&mut self.rows) }
    }

    /// Puts all rows back, in place of those that are there.
    pub fn give(&mut self, mut contents: Contents) {
        self.rows = contents.rows;
        for (name, index) in &mut self.indexes {
            index.entries = contents.entries.remove(name).unwrap_or_default();
        }
    }

    /// What keeps a row from being put: a key of it that another row has in a unique index. Those of `first` are looked at
    /// first.
    pub fn clash(&self, key: &AnyKey, row: &Value, first: &[String]) -> Option<Clash> {
        let rest = self.indexes.keys().filter(|name| !first.contains(*name));
        first.iter().chain(rest).find_map(|name| {
            let clash = self.indexes.get(name)?.clash(key, row)?;
            Some(Clash { index: name.clone(), key: clash })
        })
    }

    // --- indexes

    pub fn indexes(&self) -> &SortedMap<String, Index> {
        &self.indexes
    }

    /// Adds an index and fills it. Fails with a key that more than one row has, if it is to be unique.
    pub fn create_index(&mut self, name: &str, mut index: Index) -> Result<(), AnyKey> {
        for (key, row) in &self.rows {
            if let Some(clash) = index.clash(key, row) {
                return Err(clash);
            }
            index.insert(key, row);
        }
        self.indexes.insert(name.to_owned(), index);
        Ok(())
    }

    pub fn delete_index(&mut self, name: &str) -> Option<Index> {
        self.indexes.remove(name)
    }

    /// Puts an index back as it was.
    pub fn give_index(&mut self, name: &str, index: Index) {
        self.indexes.insert(name.to_owned(), index);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use super::super::value::tests::{array, number, object, text};
    use super::*;
    use crate::schema::KeyPath;

    pub fn path(path: &'static str) -> Path {
        KeyPath::One(path).into()
    }

    /// A store of people: `id`, unique `email`, and `*tags`.
    pub fn people() -> Store {
        let mut store = Store::new(path("id"), true);
        store.create_index("email", Index::new(path("email"), true, false)).expect("an empty store");
        store.create_index("tags", Index::new(path("tags"), false, true)).expect("an empty store");
        store
    }

    pub fn person(id: f64, email: &str, tags: &[&str]) -> Row {
        let tags = tags.iter().map(|tag| text(tag)).collect();
        Arc::new(object([("id", number(id)), ("email", text(email)), ("tags", Value::Array(tags))]))
    }

    /// Everything that is in a store, as text.
    pub fn shown(store: &Store) -> String {
        use std::fmt::Write;

        let mut shown = String::new();
        for (key, row) in store.rows() {
            write!(shown, "{key}: {:?}; ", store.indexes["email"].path.keys(row, false)).expect("a String takes all");
        }
        for (name, index) in store.indexes() {
            for (key, keys) in index.entries() {
                let keys: Vec<_> = keys.iter().map(AnyKey::to_string).collect();
                write!(shown, "{name} {key} {}; ", keys.join(",")).expect("a String takes all");
            }
        }
        write!(shown, "{:?}", store.generator).expect("a String takes all");
        shown
    }

    fn entries(store: &Store, index: &str) -> Vec<(String, Vec<f64>)> {
        let entries = store.indexes()[index].entries().iter();
        entries.map(|(key, keys)| (key.to_string(), keys.iter().filter_map(AnyKey::as_number).collect())).collect()
    }

    #[test]
    fn indexes_follow_the_rows() {
        let mut store = people();
        store.insert(1.into(), person(1.0, "ann", &["x", "y", "x"]));
        store.insert(2.into(), person(2.0, "bob", &["y"]));
        let tags = |entries: &[(&str, &[f64])]| -> Vec<(String, Vec<f64>)> {
            entries.iter().map(|(key, keys)| (format!("{key:?}"), keys.to_vec())).collect()
        };
        assert_eq!(entries(&store, "tags"), tags(&[("x", &[1.0]), ("y", &[1.0, 2.0])]));
        let old = store.insert(1.into(), person(1.0, "ann", &["z"]));
        assert!(old.is_some_and(|old| old.same(&person(1.0, "ann", &["x", "y", "x"]))));
        assert_eq!(entries(&store, "tags"), tags(&[("y", &[2.0]), ("z", &[1.0])]));
        store.remove(&2.into());
        assert_eq!(entries(&store, "tags"), tags(&[("z", &[1.0])]));
        assert_eq!(entries(&store, "email"), tags(&[("ann", &[1.0])]));
    }

    #[test]
    fn a_row_clashes_with_others_and_not_with_itself() {
        let mut store = people();
        store.insert(1.into(), person(1.0, "ann", &[]));
        let clash = Clash { index: "email".into(), key: "ann".into() };
        assert_eq!(store.clash(&2.into(), &person(2.0, "ann", &[]), &[]), Some(clash));
        assert_eq!(store.clash(&1.into(), &person(1.0, "ann", &[]), &[]), None);
        assert_eq!(store.clash(&2.into(), &object([]), &[]), None);
    }

    #[test]
    fn the_first_clash_is_that_of_the_schemas_order() {
        let mut store = Store::new(Path::None, false);
        for name in ["a", "b", "c"] {
            store.create_index(name, Index::new(path(name), true, false)).expect("an empty store");
        }
        let row = object([("a", number(1.0)), ("b", number(2.0)), ("c", number(3.0))]);
        store.insert(1.into(), Arc::new(row.clone()));
        let first = |first: &[&str]| {
            let first: Vec<String> = first.iter().map(|name| (*name).to_owned()).collect();
            store.clash(&2.into(), &row, &first).map(|clash| clash.index)
        };
        assert_eq!(first(&["c", "b"]).as_deref(), Some("c"));
        assert_eq!(first(&[]).as_deref(), Some("a"));
        assert_eq!(first(&["no index"]).as_deref(), Some("a"));
    }

    #[test]
    fn an_index_over_rows_is_filled_or_names_the_key_that_is_there_twice() {
        let mut store = people();
        store.insert(1.into(), person(1.0, "ann", &["x"]));
        store.insert(2.into(), person(2.0, "bob", &["x", "y"]));
        let tags = |unique| Index::new(path("tags"), unique, true);
        assert_eq!(store.create_index("again", tags(true)), Err("x".into()));
        assert!(!store.indexes().contains_key("again"));
        assert_eq!(store.create_index("again", tags(false)), Ok(()));
        assert_eq!(entries(&store, "again"), entries(&store, "tags"));
        // Equal elements of one row are one entry.
        store.remove(&2.into());
        store.insert(1.into(), Arc::new(object([("id", number(1.0)), ("tags", array([text("x"), text("x")]))])));
        assert_eq!(store.create_index("more", tags(true)), Ok(()));
    }

    #[test]
    fn contents_come_back_whole() {
        let mut store = people();
        store.insert(1.into(), person(1.0, "ann", &["x"]));
        let before = shown(&store);
        let contents = store.take();
        assert!(store.rows().is_empty() && store.indexes()["tags"].entries().is_empty());
        store.insert(2.into(), person(2.0, "bob", &["y"]));
        store.give(contents);
        assert_eq!(shown(&store), before);
    }

    #[test]
    fn the_generator_counts_and_moves_past_what_is_given() {
        let mut generator = Generator::NEW;
        assert_eq!(generator.take(), Some(1.0));
        for below in [AnyKey::Number(-5.0), AnyKey::Number(0.5), 1.into(), "9".into(), AnyKey::Date(9.0)] {
            generator.pass(&below);
        }
        assert_eq!(generator.take(), Some(2.0));
        generator.pass(&AnyKey::Number(20.7));
        assert_eq!(generator.take(), Some(21.0));
    }

    #[test]
    fn the_generator_ends_at_two_to_the_fifty_third() {
        let mut generator = Generator::NEW;
        generator.pass(&AnyKey::Number(9_007_199_254_740_991.0));
        assert_eq!(generator.take(), Some(9_007_199_254_740_992.0));
        assert_eq!(generator.take(), None);
        for beyond in [f64::INFINITY, 1e300] {
            let mut generator = Generator::NEW;
            generator.pass(&AnyKey::Number(beyond));
            assert_eq!(generator.take(), None);
        }
    }
}
