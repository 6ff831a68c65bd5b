//! Writing rows: which key a row gets, what it clashes with, and how several rows are written together or not at all.

use std::sync::Arc;

use super::path::{At, Path};
use super::scan::keys_in;
use super::store::Store;
use super::undo::{Change, Generators, Log, Stores};
use super::value::Value;
use crate::key::AnyKey;
use crate::key::range::KeyRange;
use crate::storage::Failure;

/// A store that is written to, by a transaction.
pub(super) struct Target<'a> {
    pub stores: &'a mut Stores,
    pub log: &'a mut Log,
    pub name: &'a Arc<str>,
    /// The indexes that the schema declares, in its order.
    pub declared: &'a [String],
    /// The greatest number that a generated key may be.
    pub last_key: Option<u32>,
    /// Whether the transaction consists of this operation.
    pub alone: bool,
}

/// One thing to be written.
#[derive(Debug)]
pub(crate) enum Step {
    Add { row: Value, key: Option<AnyKey> },
    Put { row: Value, key: Option<AnyKey> },
    Delete(AnyKey),
}

pub(super) fn failure(name: &str, message: &str) -> Failure {
    Failure::new(name, message)
}

pub(super) fn data(message: &str) -> Failure {
    failure("DataError", message)
}

/// The store has gone, or never was.
pub(super) fn no_store(name: &str) -> Failure {
    failure("NotFoundError", &format!("there is no store `{name}`"))
}

impl Target<'_> {
    pub fn store(&mut self) -> Result<&mut Store, Failure> {
        self.stores.get_mut(&**self.name).ok_or_else(|| no_store(self.name))
    }

    /// Takes the steps in their order: all of them, or in the end none. Returns the keys of the rows that were written; a
    /// failure names the step.
    ///
    /// A browser looks at all keys when it is asked, and at what is stored later: a key that is none comes before any clash.
    pub fn write(&mut self, steps: Vec<Step>) -> Result<Vec<AnyKey>, Failure> {
        let mark = self.log.mark();
        let mut failed: Option<Failure> = None;
        let mut ready = Vec::with_capacity(steps.len());
        for (at, step) in steps.into_iter().enumerate() {
            match prepare(self.store()?, step) {
                Ok(step) => ready.push(step),
                Err(failure) => {
                    failed = Some(Failure { row: Some(at), ..failure });
                    break;
                }
            }
        }
        let mut keys = Vec::with_capacity(ready.len());
        // After a failure the rest is written all the same, and taken back with what came before it: keys that it generates
        // are used up.
        for (at, step) in ready.into_iter().enumerate() {
            match self.take(step) {
                Ok(key) => keys.extend(key),
                Err(failure) => failed = failed.or(Some(Failure { row: Some(at), ..failure })),
            }
        }
        match failed {
            None => Ok(keys),
            Some(failure) => {
                let generators = if self.alone { Generators::Restored } else { Generators::Kept };
                self.log.roll_back(self.stores, mark, generators);
                Err(failure)
            }
        }
    }

    fn take(&mut self, step: Step) -> Result<Option<AnyKey>, Failure> {
        match step {
            Step::Delete(key) => {
                let old = self.store()?.remove(&key);
                if let Some(old) = old {
                    self.log.push(Change::Row { store: self.name.clone(), key, old: Some(old) });
                }
                Ok(None)
            }
            Step::Add { row, key } => self.put(row, key, false).map(Some),
            Step::Put { row, key } => self.put(row, key, true).map(Some),
        }
    }

    fn put(&mut self, mut row: Value, key: Option<AnyKey>, replace: bool) -> Result<AnyKey, Failure> {
        let (declared, last_key) = (self.declared, self.last_key);
        let is_generated = key.is_none();
        let store = self.store()?;
        let before = store.generator;
        let mut generator = before;
        let key = match (key, &mut generator) {
            (Some(key), generator) => {
                if let Some(generator) = generator {
                    generator.pass(&key);
                }
                key
            }
            (None, Some(generator)) => {
                let exhausted = "the key generator has given its last number";
                let number = generator.take().ok_or_else(|| failure("ConstraintError", exhausted))?;
                store.path.put_key(&mut row, number);
                AnyKey::Number(number)
            }
            // `prepare` has seen to that.
            (None, None) => return Err(data("the row has no key")),
        };
        let clash = if !replace && store.rows().contains_key(&key) {
            // The primary key has an empty name here.
            Some((String::new(), key.clone()))
        } else {
            store.clash(&key, &row, declared).map(|clash| (clash.index, clash.key))
        };
        if let Some((index, key)) = clash {
            let message = "a key that has to be unique is there already";
            return Err(Failure { index: Some(index), key: Some(key), ..failure("ConstraintError", message) });
        }
        if is_generated && last_key.is_some_and(|last| key.as_number() > Some(last.into())) {
            return Err(Failure {
                key: Some(key),
                ..data("the key generator has given all numbers of the key's type")
            });
        }
        let old = store.insert(key.clone(), Arc::new(row));
        store.generator = generator;
        if let Some(before) = before.filter(|before| Some(*before) != generator) {
            self.log.push(Change::Generated { store: self.name.clone(), old: before });
        }
        self.log.push(Change::Row { store: self.name.clone(), key: key.clone(), old });
        Ok(key)
    }

    /// Deletes the rows in these ranges of primary keys; returns how many there were.
    pub fn delete_ranges(&mut self, ranges: &[KeyRange]) -> Result<u64, Failure> {
        let keys = keys_in(self.store()?, ranges)?;
        let count = keys.len() as u64;
        self.write(keys.into_iter().map(Step::Delete).collect())?;
        Ok(count)
    }

    pub fn clear(&mut self) -> Result<(), Failure> {
        let contents = self.store()?.take();
        self.log.push(Change::Cleared { store: self.name.clone(), contents });
        Ok(())
    }
}

/// Sees to the key of a row, as far as that can be done without looking at other rows: afterwards it is known, or is to be
/// generated.
fn prepare(store: &Store, step: Step) -> Result<Step, Failure> {
    Ok(match step {
        Step::Add { row, key } => {
            let key = own_key(store, &row, key)?;
            Step::Add { row, key }
        }
        Step::Put { row, key } => {
            let key = own_key(store, &row, key)?;
            Step::Put { row, key }
        }
        Step::Delete(key) if key.is_valid() => Step::Delete(key),
        Step::Delete(_) => return Err(data("the key is no valid key")),
    })
}

fn own_key(store: &Store, row: &Value, key: Option<AnyKey>) -> Result<Option<AnyKey>, Failure> {
    let generates = store.generator.is_some();
    match (&store.path, key) {
        (Path::None, Some(key)) if key.is_valid() => Ok(Some(key)),
        (Path::None, Some(_)) => Err(data("the key is no valid key")),
        (Path::None, None) if generates => Ok(None),
        (Path::None, None) => Err(data("the row needs a key apart from it")),
        (_, Some(_)) => Err(data("the key is part of the row, and cannot be given apart from it")),
        (path, None) => match path.key(row) {
            At::Key(key) => Ok(Some(key)),
            At::NoKey => Err(data("what stands at the key path is no valid key")),
            At::Nothing if generates && path.takes_key(row) => Ok(None),
            At::Nothing => Err(data("nothing stands at the key path")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::store::Index;
    use super::super::store::tests::{path, people, person, shown};
    use super::super::value::tests::{number, object, text};
    use super::*;

    fn given() -> Stores {
        let mut people = people();
        people.insert(1.into(), person(1.0, "ann", &["x"]));
        people.insert(2.into(), person(2.0, "bob", &["y"]));
        people.generator.iter_mut().for_each(|generator| generator.pass(&2.into()));
        let mut outside = Store::new(Path::None, true);
        outside.create_index("v", Index::new(path("v"), true, false)).expect("an empty store");
        let plain = Store::new(Path::None, false);
        [("people", people), ("outside", outside), ("plain", plain)]
            .map(|(name, store)| (name.to_owned(), store))
            .into()
    }

    fn write(stores: &mut Stores, name: &str, alone: bool, steps: Vec<Step>) -> Result<Vec<AnyKey>, Failure> {
        let (mut log, name) = (Log::default(), name.into());
        Target { stores, log: &mut log, name: &name, declared: &[], last_key: None, alone }.write(steps)
    }

    fn add(id: f64, email: &str) -> Step {
        Step::Add { row: (*person(id, email, &[])).clone(), key: None }
    }

    fn put(id: f64, email: &str) -> Step {
        Step::Put { row: (*person(id, email, &[])).clone(), key: None }
    }

    fn new(email: &str) -> Step {
        Step::Add { row: object([("email", text(email))]), key: None }
    }

    fn outside(v: f64, key: Option<AnyKey>) -> Step {
        Step::Add { row: object([("v", number(v))]), key }
    }

    type Why<'a> = (&'a str, Option<usize>, Option<&'a str>, Option<AnyKey>);

    #[track_caller]
    fn assert_fails(result: Result<Vec<AnyKey>, Failure>, expected: &Why<'_>) {
        let failure = result.expect_err("it cannot be written");
        let found = (failure.name.as_str(), failure.row, failure.index.as_deref(), failure.key.clone());
        assert_eq!(&found, expected);
    }

    #[test]
    fn rows_are_written_with_their_keys_or_generated_ones() {
        let mut stores = given();
        let keys = write(&mut stores, "people", true, vec![add(10.0, "cid"), new("dan"), put(1.0, "eve")]);
        assert_eq!(keys.expect("fine"), [10.into(), 11.into(), 1.into()]);
        assert_eq!(stores["people"].rows().len(), 4);
        let dan = &stores["people"].rows()[&11.into()];
        assert!(dan.same(&object([("email", text("dan")), ("id", number(11.0))])), "{dan:?}");
        let keys = write(&mut stores, "outside", true, vec![outside(1.0, None), outside(2.0, Some("a".into()))]);
        assert_eq!(keys.expect("fine"), [1.into(), "a".into()]);
    }

    #[test]
    fn a_clash_names_the_row_the_index_and_the_key() {
        for alone in [true, false] {
            let mut stores = given();
            let before = shown(&stores["people"]);
            let result = write(&mut stores, "people", alone, vec![add(3.0, "cid"), add(2.0, "dan")]);
            assert_fails(result, &("ConstraintError", Some(1), Some(""), Some(2.into())));
            let result = write(&mut stores, "people", alone, vec![put(2.0, "bob"), put(1.0, "bob"), add(1.0, "x")]);
            assert_fails(result, &("ConstraintError", Some(1), Some("email"), Some("bob".into())));
            let after = shown(&stores["people"]);
            assert_eq!(after.split("Some").next(), before.split("Some").next());
        }
    }

    #[test]
    fn a_row_may_take_over_what_an_earlier_one_gives_up() {
        let mut stores = given();
        let keys = write(&mut stores, "people", true, vec![put(1.0, "eve"), put(3.0, "ann")]);
        assert_eq!(keys.expect("fine").len(), 2);
        let result = write(&mut stores, "people", true, vec![add(4.0, "new"), add(5.0, "new")]);
        assert_fails(result, &("ConstraintError", Some(1), Some("email"), Some("new".into())));
    }

    #[test]
    fn a_key_that_is_none_comes_before_any_clash() {
        let mut stores = given();
        let bad = Step::Add { row: object([("id", Value::Null), ("email", text("x"))]), key: None };
        let result = write(&mut stores, "people", true, vec![add(1.0, "ann"), bad, add(2.0, "bob")]);
        assert_fails(result, &("DataError", Some(1), None, None));
        for (store, step) in [
            ("people", outside(1.0, Some(1.into()))),
            ("people", Step::Add { row: text("no object"), key: None }),
            ("plain", outside(1.0, None)),
            ("plain", outside(1.0, Some(AnyKey::Number(f64::NAN)))),
            ("plain", Step::Delete(AnyKey::Number(f64::NAN))),
        ] {
            assert_fails(write(&mut stores, store, true, vec![step]), &("DataError", Some(0), None, None));
        }
    }

    #[test]
    fn generated_keys_are_used_up_where_the_transaction_goes_on() {
        let clash = || vec![new("c"), new("ann"), new("d")];
        let mut stores = given();
        assert!(write(&mut stores, "people", true, clash()).is_err());
        assert_eq!(write(&mut stores, "people", true, vec![new("e")]).expect("fine"), [3.into()]);
        let mut stores = given();
        assert!(write(&mut stores, "people", false, clash()).is_err());
        assert_eq!(stores["people"].rows().len(), 2);
        assert_eq!(write(&mut stores, "people", false, vec![new("e")]).expect("fine"), [5.into()]);
    }

    #[test]
    fn a_generator_that_has_ended_clashes_with_nothing_in_particular() {
        let mut stores = given();
        write(&mut stores, "outside", true, vec![outside(1.0, Some(AnyKey::Number(1e300)))])
            .expect("a key like others");
        let result = write(&mut stores, "outside", true, vec![outside(2.0, None)]);
        assert_fails(result, &("ConstraintError", Some(0), None, None));
    }

    #[test]
    fn deleting_ranges_counts() {
        let mut stores = given();
        let (mut log, name) = (Log::default(), "people".into());
        let mut target =
            Target { stores: &mut stores, log: &mut log, name: &name, declared: &[], last_key: None, alone: false };
        assert_eq!(target.delete_ranges(&[KeyRange::only(2.into()), KeyRange::only(9.into())]).ok(), Some(1));
        assert_eq!(stores["people"].rows().keys().cloned().collect::<Vec<_>>(), [1.into()]);
        log.roll_back(&mut stores, 0, Generators::Restored);
        assert_eq!(stores["people"].rows().len(), 2);
    }

    #[test]
    fn a_store_that_is_not_there_is_not_found() {
        let mut stores = given();
        let error = write(&mut stores, "nowhere", true, vec![add(1.0, "x")]).expect_err("no such store");
        assert_eq!(error.name, "NotFoundError");
    }
}
