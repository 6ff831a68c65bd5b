//! What a stored database looks like, and how that differs from what the program declares.

use super::StoreSchema;

/// A store of a stored database.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InstalledStore {
    pub name: String,
    pub key_path: String,
    pub auto: bool,
    pub indexes: Vec<InstalledIndex>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InstalledIndex {
    pub name: String,
    pub key_path: String,
    pub unique: bool,
    pub multi: bool,
}

/// Reads the listing that the storage gives: a line per store, and one per index that begins with a tab.
pub(crate) fn parse_installed(listing: &str) -> Vec<InstalledStore> {
    let mut stores: Vec<InstalledStore> = Vec::new();
    for line in listing.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        match (columns.as_slice(), stores.last_mut()) {
            (["", name, key_path, unique, multi], Some(store)) => store.indexes.push(InstalledIndex {
                name: (*name).to_owned(),
                key_path: (*key_path).to_owned(),
                unique: *unique == "1",
                multi: *multi == "1",
            }),
            ([name, key_path, auto], _) => stores.push(InstalledStore {
                name: (*name).to_owned(),
                key_path: (*key_path).to_owned(),
                auto: *auto == "1",
                indexes: Vec::new(),
            }),
            _ => {}
        }
    }
    stores
}

/// What the program needs and the stored database does not have, a sentence each. Stores and indexes that the program
/// does not know do no harm.
pub(crate) fn differences(installed: &[InstalledStore], declared: &[(&'static str, StoreSchema)]) -> Vec<String> {
    let mut differences = Vec::new();
    for (name, schema) in declared {
        let Some(store) = installed.iter().find(|store| store.name == *name) else {
            differences.push(format!("store `{name}` is missing"));
            continue;
        };
        let key_path = schema.key.path.text();
        if store.key_path != key_path {
            differences.push(format!("store `{name}` has the key path `{}`, not `{key_path}`", store.key_path));
        }
        if store.auto != schema.key.auto {
            let (is, not) = if store.auto { ("generates", "does not") } else { ("does not generate", "does") };
            differences.push(format!("store `{name}` {is} keys, its schema {not}"));
        }
        for index in schema.indexes {
            let path = index.path.text();
            match store.indexes.iter().find(|installed| installed.name == index.name) {
                None => differences.push(format!("index `{}` of store `{name}` is missing", index.name)),
                Some(installed)
                    if installed.key_path != path
                        || installed.unique != index.unique
                        || installed.multi != index.multi =>
                {
                    differences
                        .push(format!("index `{}` of store `{name}` has another key path or other flags", index.name));
                }
                Some(_) => {}
            }
        }
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::super::{IndexSchema, KeyPath, KeySchema};
    use super::*;

    const USERS: StoreSchema = StoreSchema {
        key: KeySchema { path: KeyPath::One("id"), auto: true },
        indexes: &[IndexSchema { name: "[a+b]", path: KeyPath::Many(&["a", "b"]), unique: true, multi: false }],
    };

    #[test]
    fn the_same_schema_does_not_differ() {
        let installed = parse_installed("users\tid\t1\n\t[a+b]\t[a+b]\t1\t0\nmore\t\t0");
        assert_eq!(installed.len(), 2);
        assert!(differences(&installed, &[("users", USERS)]).is_empty());
    }

    #[test]
    fn each_difference_is_a_sentence() {
        let installed = parse_installed("users\tkey\t0\n\t[a+b]\t[a+b]\t0\t0");
        assert_eq!(
            differences(&installed, &[("users", USERS), ("todos", USERS)]),
            [
                "store `users` has the key path `key`, not `id`",
                "store `users` does not generate keys, its schema does",
                "index `[a+b]` of store `users` has another key path or other flags",
                "store `todos` is missing",
            ]
        );
    }
}
