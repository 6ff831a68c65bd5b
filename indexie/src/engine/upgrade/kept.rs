//! Schemas of stored databases, in the form that declared ones have: kept for as long as the program runs.

use std::sync::Mutex;

use crate::mutex::lock;
use crate::schema::{IndexSchema, InstalledStore, KeyPath, KeySchema, StoreSchema};

/// What an upgrade finds stored, by name and schema. As many as there are different stores, each kept once, however often
/// databases are upgraded.
static KEPT: Mutex<Vec<(InstalledStore, (&'static str, StoreSchema))>> = Mutex::new(Vec::new());

pub(super) fn kept(store: &InstalledStore) -> (&'static str, StoreSchema) {
    let mut all = lock(&KEPT);
    if let Some((_, kept)) = all.iter().find(|(known, _)| known == store) {
        return *kept;
    }
    let indexes = store.indexes.iter().map(|index| IndexSchema {
        name: text(&index.name),
        path: path(&index.key_path),
        unique: index.unique,
        multi: index.multi,
    });
    let schema = StoreSchema {
        key: KeySchema { path: path(&store.key_path), auto: store.auto },
        indexes: Vec::leak(indexes.collect()),
        fields: &[],
        last_key: 0.0,
    };
    let kept = (text(&store.name), schema);
    all.push((store.clone(), kept));
    kept
}

fn text(text: &str) -> &'static str {
    String::leak(text.to_owned())
}

/// As [`KeyPath::text`] writes it.
fn path(written: &str) -> KeyPath {
    match written.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        _ if written.is_empty() => KeyPath::None,
        Some(paths) => KeyPath::Many(Vec::leak(paths.split('+').map(text).collect())),
        None => KeyPath::One(text(written)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::parse_installed;

    #[test]
    fn a_stored_schema_is_kept_once() {
        let stores = parse_installed("users\tid\t1\n\t[a+b.c]\t[a+b.c]\t1\t0");
        let (name, schema) = kept(&stores[0]);
        assert_eq!((name, schema.key.path), ("users", KeyPath::One("id")));
        assert_eq!(schema.indexes[0].path, KeyPath::Many(&["a", "b.c"]));
        assert!(std::ptr::eq(kept(&stores[0].clone()).1.indexes, schema.indexes));
    }
}
