//! What a store takes over from another one, in an upgrade: its rows, under the keys that they have here, and how far its key
//! generator is.

use super::alter::installed;
use super::connection::Opened;
use super::database::State;
use super::path::{At, Path};
use super::undo::Change;
use super::value::{Row, Value};
use super::write::{Step, Target, data, no_store};
use crate::key::AnyKey;
use crate::schema::{MARKER, MARKER_KEY};
use crate::storage::{Adopt, Failure};

impl State {
    pub fn stored(&self) -> Opened {
        Opened { version: self.stored_version(), stores: installed(&self.stores) }
    }

    /// The version that the database has been given, and what its marker says.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "versions are small whole numbers")]
    fn stored_version(&self) -> (u32, Option<u32>) {
        let marker = self.stores.get(MARKER).and_then(|store| store.rows().get(&MARKER_KEY.into()));
        let said = marker.and_then(|row| match **row {
            Value::Number(version) => Some(version as u32),
            _ => None,
        });
        (self.version, said)
    }
}

impl Target<'_> {
    pub fn adopt(&mut self, adopt: &Adopt) -> Result<u64, Failure> {
        let from = self.stores.get(&adopt.from).ok_or_else(|| no_store(&adopt.from))?;
        let (generator, was_outside) = (from.generator, from.path == Path::None);
        let rows: Vec<(AnyKey, Row)> = if adopt.rows {
            from.rows().iter().map(|(key, row)| (key.clone(), row.clone())).collect()
        } else {
            Vec::new()
        };
        let store = self.store()?;
        let (path, generates) = (store.path.clone(), store.generator.is_some());
        let mut steps = Vec::with_capacity(rows.len());
        for (key, row) in &rows {
            let mut row = (**row).clone();
            let kept = !generates || key.as_number().is_some();
            let mut outside = None;
            if path == Path::None {
                outside = kept.then(|| key.clone());
            } else if kept && (was_outside || generates) {
                path.fill(&mut row, key);
            }
            if generates && matches!(path.key(&row), At::Key(key) if key.as_number().is_none()) {
                return Err(Failure { key: Some(key.clone()), ..data("what stands at the key path is no number") });
            }
            steps.push(Step::Add { row, key: outside });
        }
        self.write(steps).map_err(|failure| match failure.row {
            Some(at) if failure.key.is_none() => Failure { key: Some(rows[at].0.clone()), row: None, ..failure },
            _ => failure,
        })?;
        if let Some(there) = generator {
            let name = self.name.clone();
            if let Some(here) = &mut self.store()?.generator {
                let old = *here;
                here.catch_up(there);
                self.log.push(Change::Generated { store: name, old });
            }
        }
        Ok(rows.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::super::store::{Generator, Store};
    use super::super::undo::{Generators, Log, Stores};
    use super::super::value::tests::{number, object, text};
    use super::*;
    use crate::schema::KeyPath;

    fn outside(generates: bool, rows: &[(AnyKey, &str)]) -> Store {
        let mut store = Store::new(Path::None, generates);
        for (key, name) in rows {
            store.insert(key.clone(), object([("name", text(name))]).into());
        }
        store
    }

    /// The keys of the rows in a new store of this key that adopts them, or why it does not.
    fn adopted(from: Store, path: KeyPath, generates: bool) -> Result<(Vec<AnyKey>, Stores), Failure> {
        let mut stores: Stores =
            [("old".to_owned(), from), ("new".to_owned(), Store::new(path.into(), generates))].into();
        let (mut log, name) = (Log::default(), "new".into());
        let mut target =
            Target { stores: &mut stores, log: &mut log, name: &name, declared: &[], last_key: None, alone: false };
        target.adopt(&Adopt { from: "old".to_owned(), rows: true })?;
        let keys = stores["new"].rows().keys().cloned().collect();
        Ok((keys, stores))
    }

    #[test]
    fn a_key_from_outside_becomes_part_of_the_row() {
        let (keys, stores) =
            adopted(outside(false, &[("a".into(), "Ann")]), KeyPath::One("of.id"), false).expect("rows");
        assert_eq!(keys, ["a".into()]);
        let ann = &stores["new"].rows()[&"a".into()];
        assert!(ann.same(&object([("name", text("Ann")), ("of", object([("id", text("a"))]))])), "{ann:?}");
        let parts = AnyKey::Array(vec!["x".into(), 1.into()]);
        let (keys, _) =
            adopted(outside(false, &[(parts.clone(), "Ann")]), KeyPath::Many(&["a", "b"]), false).expect("rows");
        assert_eq!(keys, [parts]);
    }

    #[test]
    fn where_keys_are_generated_numbers_stay_and_others_are_replaced() {
        let rows = [(7.into(), "Ann"), ("x".into(), "Bob")];
        for path in [KeyPath::None, KeyPath::One("id")] {
            let (keys, _) = adopted(outside(false, &rows), path, true).expect("rows");
            assert_eq!(keys, [7.into(), 8.into()], "{path:?}");
        }
    }

    #[test]
    fn a_row_that_cannot_be_taken_over_is_named_by_its_old_key() {
        let missing = adopted(outside(false, &[(1.into(), "Ann")]), KeyPath::Many(&["name", "age"]), false);
        assert_eq!(missing.expect_err("no age").key, Some(1.into()));
        let mut inside = Store::new(KeyPath::One("id").into(), false);
        inside.insert("a".into(), object([("id", text("a"))]).into());
        let failure = adopted(inside, KeyPath::One("id"), true).expect_err("a text is no generated key");
        assert_eq!((failure.name.as_str(), failure.key), ("DataError", Some("a".into())));
    }

    #[test]
    fn a_clash_names_the_new_key() {
        let rows = [(1.into(), "Ann"), (2.into(), "Ann")];
        let failure = adopted(outside(true, &rows), KeyPath::One("name"), false).expect_err("two of them");
        assert_eq!((failure.name.as_str(), failure.key), ("ConstraintError", Some("Ann".into())));
    }

    #[test]
    fn the_generator_goes_on_from_where_it_was() {
        let mut from = outside(true, &[(1.into(), "Ann")]);
        from.generator.iter_mut().for_each(|generator| generator.pass(&9.into()));
        let (_, mut stores) = adopted(from, KeyPath::One("id"), true).expect("rows");
        let mut next = stores["new"].generator.expect("it generates");
        assert_eq!(next.take(), Some(10.0));
        let mut log = Log::default();
        log.push(Change::Generated { store: "new".into(), old: Generator::NEW });
        log.roll_back(&mut stores, 0, Generators::Restored);
        assert_eq!(stores["new"].generator, Some(Generator::NEW));
    }

    #[test]
    fn a_marker_tells_the_version() {
        let mut state = State::default();
        assert_eq!(state.stored_version(), (0, None));
        let mut marker = Store::new(Path::None, false);
        marker.insert(MARKER_KEY.into(), number(3.0).into());
        state.stores.insert(MARKER.to_owned(), marker);
        state.version = 4;
        assert_eq!(state.stored_version(), (4, Some(3)));
    }
}
