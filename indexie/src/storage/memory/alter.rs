//! Changes of stores and indexes, in the transaction of an upgrade, and what a database looks like.

use super::store::{Index, Store};
use super::undo::{Change, Log, Stores};
use super::write::{failure, no_store};
use crate::schema::{IndexSchema, InstalledIndex, InstalledStore, KeyPath};
use crate::storage::{Failure, SchemaChange};

fn there_already(what: &str, name: &str) -> Failure {
    failure("ConstraintError", &format!("there is a {what} `{name}` already"))
}

fn no_index(name: &str) -> Failure {
    failure("NotFoundError", &format!("there is no index `{name}`"))
}

fn open<'s>(stores: &'s mut Stores, name: &str) -> Result<&'s mut Store, Failure> {
    stores.get_mut(name).ok_or_else(|| no_store(name))
}

pub(super) fn alter(stores: &mut Stores, log: &mut Log, change: SchemaChange<'_>) -> Result<(), Failure> {
    let change = match change {
        SchemaChange::CreateStore { store, key } => {
            if stores.contains_key(store) {
                return Err(there_already("store", store));
            }
            if key.auto && matches!(key.path, KeyPath::Many(_)) {
                return Err(failure("InvalidAccessError", "a compound key cannot be generated"));
            }
            stores.insert(store.to_owned(), Store::new(key.path.into(), key.auto));
            Change::CreatedStore { store: store.into() }
        }
        SchemaChange::DeleteStore { store } => {
            let old = stores.remove(store).ok_or_else(|| no_store(store))?;
            Change::DeletedStore { store: store.into(), old }
        }
        SchemaChange::RenameStore { store, to } => {
            if store != to && stores.contains_key(to) {
                return Err(there_already("store", to));
            }
            let renamed = stores.remove(store).ok_or_else(|| no_store(store))?;
            stores.insert(to.to_owned(), renamed);
            Change::RenamedStore { store: to.into(), old: store.into() }
        }
        SchemaChange::CreateIndex { store, index } => {
            create_index(open(stores, store)?, index)?;
            Change::CreatedIndex { store: store.into(), index: index.name.into() }
        }
        SchemaChange::DeleteIndex { store, index } => {
            let old = open(stores, store)?.delete_index(index).ok_or_else(|| no_index(index))?;
            Change::DeletedIndex { store: store.into(), index: index.into(), old }
        }
        SchemaChange::RenameIndex { store, index, to } => {
            let opened = open(stores, store)?;
            if index != to && opened.indexes().contains_key(to) {
                return Err(there_already("index", to));
            }
            let renamed = opened.delete_index(index).ok_or_else(|| no_index(index))?;
            opened.give_index(to, renamed);
            Change::RenamedIndex { store: store.into(), index: to.into(), old: index.into() }
        }
    };
    log.push(change);
    Ok(())
}

fn create_index(store: &mut Store, index: IndexSchema) -> Result<(), Failure> {
    let IndexSchema { name, path, unique, multi } = index;
    if store.indexes().contains_key(name) {
        return Err(there_already("index", name));
    }
    if multi && matches!(path, KeyPath::Many(_)) {
        return Err(failure("InvalidAccessError", "a compound index cannot have an entry per element"));
    }
    store.create_index(name, Index::new(path.into(), unique, multi)).map_err(|key| {
        let message = "more than one row has a key that the new index wants to be unique";
        Failure { index: Some(name.to_owned()), key: Some(key), ..failure("ConstraintError", message) }
    })
}

/// What a database looks like: stores and indexes by their names.
pub(super) fn installed(stores: &Stores) -> Vec<InstalledStore> {
    let index = |(name, index): (&String, &Index)| InstalledIndex {
        name: name.clone(),
        key_path: index.path.text(),
        unique: index.unique,
        multi: index.multi,
    };
    let store = |(name, store): (&String, &Store)| InstalledStore {
        name: name.clone(),
        key_path: store.path.text(),
        auto: store.generator.is_some(),
        indexes: store.indexes().iter().map(index).collect(),
    };
    stores.iter().map(store).collect()
}

#[cfg(test)]
mod tests {
    use super::super::store::tests::{people, person};
    use super::*;
    use crate::schema::KeySchema;

    fn given() -> Stores {
        let mut people = people();
        people.insert(1.into(), person(1.0, "ann", &["x"]));
        people.insert(2.into(), person(2.0, "bob", &["x"]));
        [("people".to_owned(), people)].into()
    }

    fn refused(change: SchemaChange<'_>) -> Failure {
        let (mut stores, mut log) = (given(), Log::default());
        let failure = alter(&mut stores, &mut log, change).expect_err("it cannot be done");
        assert_eq!((installed(&stores), log.mark()), (installed(&given()), 0));
        failure
    }

    #[test]
    fn a_database_looks_as_it_was_made() {
        let (mut stores, mut log) = (Stores::default(), Log::default());
        let key = KeySchema { path: KeyPath::One("of.id"), auto: true };
        let index = IndexSchema { name: "[a+b]", path: KeyPath::Many(&["a", "b"]), unique: true, multi: false };
        let changes =
            [SchemaChange::CreateStore { store: "all", key }, SchemaChange::CreateIndex { store: "all", index }];
        for change in changes {
            alter(&mut stores, &mut log, change).expect("a change that can be made");
        }
        let text = installed(&stores);
        assert_eq!(text, crate::schema::parse_installed("all\tof.id\t1\n\t[a+b]\t[a+b]\t1\t0"));
    }

    #[test]
    fn what_is_there_already_is_not_made_again() {
        let key = KeySchema { path: KeyPath::None, auto: false };
        let index = IndexSchema { name: "tags", path: KeyPath::One("x"), unique: false, multi: false };
        for change in [
            SchemaChange::CreateStore { store: "people", key },
            SchemaChange::CreateIndex { store: "people", index },
            SchemaChange::RenameIndex { store: "people", index: "email", to: "tags" },
        ] {
            let failure = refused(change);
            assert_eq!((failure.name.as_str(), failure.index), ("ConstraintError", None));
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for change in [
            SchemaChange::DeleteStore { store: "x" },
            SchemaChange::RenameStore { store: "x", to: "y" },
            SchemaChange::DeleteIndex { store: "people", index: "x" },
            SchemaChange::DeleteIndex { store: "x", index: "tags" },
            SchemaChange::RenameIndex { store: "people", index: "x", to: "y" },
        ] {
            assert_eq!(refused(change).name, "NotFoundError", "{change:?}");
        }
    }

    #[test]
    fn what_no_browser_can_do_is_refused() {
        let key = KeySchema { path: KeyPath::Many(&["a", "b"]), auto: true };
        let index = IndexSchema { name: "[a+b]", path: KeyPath::Many(&["a", "b"]), unique: false, multi: true };
        assert_eq!(refused(SchemaChange::CreateStore { store: "x", key }).name, "InvalidAccessError");
        assert_eq!(refused(SchemaChange::CreateIndex { store: "people", index }).name, "InvalidAccessError");
    }

    #[test]
    fn a_unique_index_over_duplicates_names_a_key() {
        let index = IndexSchema { name: "one", path: KeyPath::One("tags"), unique: true, multi: true };
        let failure = refused(SchemaChange::CreateIndex { store: "people", index });
        assert_eq!(failure.name, "ConstraintError");
        assert_eq!((failure.index.as_deref(), failure.key), (Some("one"), Some("x".into())));
    }
}
