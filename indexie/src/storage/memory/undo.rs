//! What a transaction has changed, so that it can be taken back: all of it, or what came after a mark.

use std::sync::Arc;

use super::store::{Contents, Generator, Index, Store};
use super::value::Row;
use crate::key::AnyKey;
use crate::order::SortedMap;

/// The stores of a database, by name.
pub(super) type Stores = SortedMap<String, Store>;

/// One change, as what was there before it.
#[derive(Debug)]
pub(super) enum Change {
    Row { store: Arc<str>, key: AnyKey, old: Option<Row> },
    Cleared { store: Arc<str>, contents: Contents },
    Generated { store: Arc<str>, old: Generator },
    CreatedStore { store: Arc<str> },
    DeletedStore { store: Arc<str>, old: Store },
    RenamedStore { store: Arc<str>, old: Arc<str> },
    CreatedIndex { store: Arc<str>, index: Arc<str> },
    DeletedIndex { store: Arc<str>, index: Arc<str>, old: Index },
    RenamedIndex { store: Arc<str>, index: Arc<str>, old: Arc<str> },
}

/// The changes of a transaction, in order.
#[derive(Debug, Default)]
pub(super) struct Log(Vec<Change>);

/// What becomes of key generators when changes are taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Generators {
    /// They go back too: the transaction has never been.
    Restored,
    /// They stay: the transaction goes on, and IndexedDB has no way of turning them back in it.
    Kept,
}

impl Log {
    pub fn push(&mut self, change: Change) {
        self.0.push(change);
    }

    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.0.iter()
    }

    /// A place to come back to.
    pub fn mark(&self) -> usize {
        self.0.len()
    }

    /// Takes back what has changed since the mark.
    pub fn roll_back(&mut self, stores: &mut Stores, mark: usize, generators: Generators) {
        let mut kept = Vec::new();
        while self.0.len() > mark {
            match self.0.pop() {
                Some(change @ Change::Generated { .. }) if generators == Generators::Kept => kept.push(change),
                Some(change) => take_back(stores, change),
                None => break,
            }
        }
        self.0.extend(kept.into_iter().rev());
    }
}

fn take_back(stores: &mut Stores, change: Change) {
    match change {
        Change::Row { store, key, old } => {
            let Some(store) = stores.get_mut(&*store) else { return };
            match old {
                Some(row) => store.insert(key, row),
                None => store.remove(&key),
            };
        }
        Change::Cleared { store, contents } => {
            if let Some(store) = stores.get_mut(&*store) {
                store.give(contents);
            }
        }
        Change::Generated { store, old } => {
            if let Some(store) = stores.get_mut(&*store) {
                store.generator = Some(old);
            }
        }
        Change::CreatedStore { store } => {
            stores.remove(&*store);
        }
        Change::DeletedStore { store, old } => {
            stores.insert(store.to_string(), old);
        }
        Change::RenamedStore { store, old } => {
            if let Some(renamed) = stores.remove(&*store) {
                stores.insert(old.to_string(), renamed);
            }
        }
        Change::CreatedIndex { store, index } => {
            if let Some(store) = stores.get_mut(&*store) {
                store.delete_index(&index);
            }
        }
        Change::DeletedIndex { store, index, old } => {
            if let Some(store) = stores.get_mut(&*store) {
                store.give_index(&index, old);
            }
        }
        Change::RenamedIndex { store, index, old } => {
            if let Some(store) = stores.get_mut(&*store)
                && let Some(renamed) = store.delete_index(&index)
            {
                store.give_index(&old, renamed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::alter;
    use super::super::store::tests::{people, person, shown};
    use super::super::value::tests::{object, text};
    use super::super::write::{Step, Target};
    use super::*;
    use crate::schema::{IndexSchema, KeyPath, KeySchema};
    use crate::storage::SchemaChange;

    fn given() -> Stores {
        let mut people = people();
        people.insert(1.into(), person(1.0, "ann", &["x"]));
        people.insert(2.into(), person(2.0, "bob", &["y"]));
        [("people".to_owned(), people)].into()
    }

    fn all(stores: &Stores) -> String {
        let of = |(name, store): (&String, &Store)| {
            format!("{name}: {:?} {}", store.indexes().keys().collect::<Vec<_>>(), shown(store))
        };
        stores.iter().map(of).collect::<Vec<_>>().join("\n")
    }

    fn write(stores: &mut Stores, log: &mut Log, steps: Vec<Step>) {
        let name = "people".into();
        Target { stores, log, name: &name, declared: &[], last_key: None, alone: false }
            .write(steps)
            .expect("rows that fit");
    }

    fn new(email: &str) -> Step {
        Step::Add { row: object([("email", text(email))]), key: None }
    }

    fn put(id: f64, email: &str) -> Step {
        Step::Put { row: (*person(id, email, &["z"])).clone(), key: None }
    }

    #[test]
    fn rows_and_generators_go_back() {
        let (mut stores, mut log) = (given(), Log::default());
        write(&mut stores, &mut log, vec![put(9.0, "c")]);
        let before = all(&stores);
        let mut log = Log::default();
        write(&mut stores, &mut log, vec![new("d"), put(1.0, "e"), put(2.0, "ann"), Step::Delete(9.into())]);
        write(&mut stores, &mut log, vec![put(1.0, "bob"), put(20.0, "f"), Step::Delete(1.into())]);
        let name = "people".into();
        let mut target =
            Target { stores: &mut stores, log: &mut log, name: &name, declared: &[], last_key: None, alone: false };
        target.clear().expect("there is the store");
        write(&mut stores, &mut log, vec![put(1.0, "again")]);
        log.roll_back(&mut stores, 0, Generators::Restored);
        assert_eq!(all(&stores), before);
        assert_eq!(log.mark(), 0);
    }

    #[test]
    fn what_came_before_a_mark_stays() {
        let (mut stores, mut log) = (given(), Log::default());
        let before = all(&stores);
        write(&mut stores, &mut log, vec![put(9.0, "c")]);
        let (marked, mark) = (all(&stores), log.mark());
        write(&mut stores, &mut log, vec![put(9.0, "d"), new("e")]);
        log.roll_back(&mut stores, mark, Generators::Kept);
        // Only the generator has moved on.
        assert_eq!(all(&stores).replace("next: 11", "next: 10"), marked);
        assert_ne!(all(&stores), marked);
        log.roll_back(&mut stores, 0, Generators::Restored);
        assert_eq!(all(&stores), before);
    }

    #[test]
    fn stores_and_indexes_go_back() {
        let (mut stores, mut log) = (given(), Log::default());
        let before = all(&stores);
        let key = KeySchema { path: KeyPath::One("id"), auto: true };
        let index = |name| IndexSchema { name, path: KeyPath::One("email"), unique: true, multi: false };
        for change in [
            SchemaChange::CreateIndex { store: "people", index: index("again") },
            SchemaChange::DeleteIndex { store: "people", index: "tags" },
            SchemaChange::RenameIndex { store: "people", index: "again", to: "tags" },
            SchemaChange::RenameStore { store: "people", to: "old" },
            SchemaChange::CreateStore { store: "people", key },
            SchemaChange::CreateIndex { store: "people", index: index("email") },
        ] {
            alter::alter(&mut stores, &mut log, change).expect("a change that can be made");
        }
        write(&mut stores, &mut log, vec![new("a"), new("b")]);
        alter::alter(&mut stores, &mut log, SchemaChange::DeleteStore { store: "old" }).expect("there is the store");
        assert_eq!(stores.keys().collect::<Vec<_>>(), ["people"]);
        log.roll_back(&mut stores, 0, Generators::Restored);
        assert_eq!(all(&stores), before);
    }
}
