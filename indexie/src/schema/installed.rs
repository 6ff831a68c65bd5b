//! What a stored database looks like, and how that differs from what the program declares.

use super::{IndexSchema, KeySchema, StoreSchema};

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
#[cfg(any(target_family = "wasm", test))]
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

/// Something that the program needs and the stored database does not have so.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    pub sentence: String,
    /// It is simply not there, and could be added.
    pub missing: bool,
}

/// What the program needs and the stored database does not have. Stores and indexes that the program does not know do no
/// harm.
pub(crate) fn differences(installed: &[InstalledStore], declared: &[(&'static str, StoreSchema)]) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (name, schema) in declared {
        let Some(store) = installed.iter().find(|store| store.name == *name) else {
            differences.push(Difference { sentence: format!("store `{name}` is missing"), missing: true });
            continue;
        };
        let mut other = |sentence| differences.push(Difference { sentence, missing: false });
        let key_path = schema.key.path.text();
        if store.key_path != key_path {
            other(format!("store `{name}` has the key path `{}`, not `{key_path}`", store.key_path));
        }
        if store.auto != schema.key.auto {
            let (is, not) = if store.auto { ("generates", "does not") } else { ("does not generate", "does") };
            other(format!("store `{name}` {is} keys, its schema {not}"));
        }
        for index in schema.indexes {
            match store.indexes.iter().find(|installed| installed.name == index.name) {
                None => {
                    let sentence = format!("index `{}` of store `{name}` is missing", index.name);
                    differences.push(Difference { sentence, missing: true });
                }
                Some(installed) if !installed.is(index) => {
                    let sentence =
                        format!("index `{}` of store `{name}` has another key path or other flags", index.name);
                    differences.push(Difference { sentence, missing: false });
                }
                Some(_) => {}
            }
        }
    }
    differences
}

impl InstalledStore {
    pub fn has_key(&self, key: &KeySchema) -> bool {
        self.key_path == key.path.text() && self.auto == key.auto
    }
}

impl InstalledIndex {
    /// Whether it has the same keys, whatever it is called, and unique or not.
    pub fn holds_the_keys_of(&self, index: &IndexSchema) -> bool {
        self.key_path == index.path.text() && self.multi == index.multi
    }

    /// Whether it is this index.
    pub fn is(&self, index: &IndexSchema) -> bool {
        self.name == index.name && self.unique == index.unique && self.holds_the_keys_of(index)
    }
}

#[cfg(test)]
mod tests {
    use super::super::KeyPath;
    use super::*;

    const USERS: StoreSchema = StoreSchema {
        key: KeySchema { path: KeyPath::One("id"), auto: true },
        indexes: &[IndexSchema { name: "[a+b]", path: KeyPath::Many(&["a", "b"]), unique: true, multi: false }],
        fields: &[],
        last_key: 0.0,
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
        let found = differences(&installed, &[("users", USERS), ("todos", USERS)]);
        assert_eq!(
            found.iter().map(|difference| difference.sentence.as_str()).collect::<Vec<_>>(),
            [
                "store `users` has the key path `key`, not `id`",
                "store `users` does not generate keys, its schema does",
                "index `[a+b]` of store `users` has another key path or other flags",
                "store `todos` is missing",
            ]
        );
        assert_eq!(found.iter().filter(|difference| difference.missing).count(), 1);
    }
}
