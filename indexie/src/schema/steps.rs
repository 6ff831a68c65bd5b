//! From one version to the next: what has to be created, changed and dropped. Pure.

use super::{Change, Definition, IndexSchema, InstalledStore, StoreSchema, UpgradeFn};

/// The way to one version.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub version: u32,
    /// The stores that its upgrade function can use, those that it drops among them.
    pub stores: Vec<(&'static str, StoreSchema)>,
    /// Gone once the function has run.
    pub drops: Vec<&'static str>,
    pub run: Option<UpgradeFn>,
}

/// The steps from an installed version to the newest; 0 is a new database, which is made as the newest version is, at once.
pub(crate) fn steps(definition: &Definition, installed: u32) -> Vec<Step> {
    if installed == 0 {
        let populate = definition.versions.iter().rev().find_map(|version| version.populate);
        let version = definition.newest();
        return vec![Step { version, stores: definition.stores(), drops: Vec::new(), run: populate }];
    }
    let mut stores: Vec<(&'static str, StoreSchema)> = Vec::new();
    let mut steps = Vec::new();
    for version in definition.versions {
        let mut drops = Vec::new();
        for entry in version.tables {
            match entry.change {
                Change::Drop => drops.push(entry.name),
                Change::Store(schema) => match stores.iter_mut().find(|(name, _)| *name == entry.name) {
                    Some((_, current)) => *current = schema,
                    None => stores.push((entry.name, schema)),
                },
            }
        }
        if version.number > installed {
            steps.push(Step {
                version: version.number,
                stores: stores.clone(),
                drops: drops.clone(),
                run: version.upgrade,
            });
        }
        stores.retain(|(name, _)| !drops.contains(name));
    }
    steps
}

/// One change of a stored database.
#[derive(Clone, Debug)]
pub(crate) enum Alteration {
    CreateStore(&'static str, StoreSchema),
    CreateIndex(&'static str, IndexSchema),
    DeleteIndex(&'static str, String),
    /// What cannot be done in place.
    Refuse(String),
}

/// What makes the stored database have these stores. Stores that no version names are left alone.
pub(crate) fn alterations(installed: &[InstalledStore], wanted: &[(&'static str, StoreSchema)]) -> Vec<Alteration> {
    let mut alterations = Vec::new();
    for (name, schema) in wanted {
        let Some(store) = installed.iter().find(|store| store.name == *name) else {
            alterations.push(Alteration::CreateStore(name, *schema));
            alterations.extend(schema.indexes.iter().map(|index| Alteration::CreateIndex(name, *index)));
            continue;
        };
        let key_path = schema.key.path.text();
        if store.key_path != key_path || store.auto != schema.key.auto {
            alterations.push(Alteration::Refuse(format!(
                "the primary key of store `{name}` cannot change in place (it is `{}{}`, declared is `{}{key_path}`): \
                     declare a new store, copy the rows in an upgrade, and drop the old one",
                if store.auto { "++" } else { "" },
                store.key_path,
                if schema.key.auto { "++" } else { "" },
            )));
            continue;
        }
        for index in &store.indexes {
            let kept = schema.indexes.iter().any(|wanted| {
                wanted.name == index.name
                    && wanted.path.text() == index.key_path
                    && wanted.unique == index.unique
                    && wanted.multi == index.multi
            });
            if !kept {
                alterations.push(Alteration::DeleteIndex(name, index.name.clone()));
            }
        }
        for wanted in schema.indexes {
            let kept = store.indexes.iter().any(|index| {
                wanted.name == index.name
                    && wanted.path.text() == index.key_path
                    && wanted.unique == index.unique
                    && wanted.multi == index.multi
            });
            if !kept {
                alterations.push(Alteration::CreateIndex(name, *wanted));
            }
        }
    }
    alterations
}

#[cfg(test)]
mod tests {
    use super::super::{KeyPath, KeySchema, TableEntry, Version, parse_installed};
    use super::*;

    const ID: KeySchema = KeySchema { path: KeyPath::One("id"), auto: true };
    const NAME: IndexSchema = IndexSchema { name: "name", path: KeyPath::One("name"), unique: false, multi: false };
    const PLAIN: StoreSchema = StoreSchema { key: ID, indexes: &[] };
    const NAMED: StoreSchema = StoreSchema { key: ID, indexes: &[NAME] };
    const UNIQUE: StoreSchema = StoreSchema { key: ID, indexes: &[IndexSchema { unique: true, ..NAME }] };

    const THREE: Definition = Definition {
        name: "three",
        versions: &[
            Version {
                number: 1,
                tables: &[
                    TableEntry { name: "users", change: Change::Store(PLAIN) },
                    TableEntry { name: "old", change: Change::Store(PLAIN) },
                ],
                upgrade: None,
                populate: None,
            },
            Version {
                number: 2,
                tables: &[
                    TableEntry { name: "users", change: Change::Store(NAMED) },
                    TableEntry { name: "old", change: Change::Drop },
                ],
                upgrade: None,
                populate: None,
            },
            Version {
                number: 5,
                tables: &[TableEntry { name: "more", change: Change::Store(PLAIN) }],
                upgrade: None,
                populate: None,
            },
        ],
    };

    fn names(stores: &[(&'static str, StoreSchema)]) -> Vec<&'static str> {
        stores.iter().map(|(name, _)| *name).collect()
    }

    #[test]
    fn a_new_database_is_made_at_once() {
        let steps = steps(&THREE, 0);
        assert_eq!(steps.len(), 1);
        assert_eq!(steps[0].version, 5);
        assert_eq!(names(&steps[0].stores), ["users", "more"]);
    }

    #[test]
    fn a_dropped_store_is_there_during_the_upgrade_that_drops_it() {
        let steps = steps(&THREE, 1);
        assert_eq!(steps.iter().map(|step| step.version).collect::<Vec<_>>(), [2, 5]);
        assert_eq!(names(&steps[0].stores), ["users", "old"]);
        assert_eq!(steps[0].drops, ["old"]);
        assert_eq!(names(&steps[1].stores), ["users", "more"]);
    }

    #[test]
    fn only_versions_above_the_installed_one_are_walked() {
        assert_eq!(steps(&THREE, 2).len(), 1);
        assert!(steps(&THREE, 5).is_empty());
    }

    #[test]
    fn indexes_are_made_and_dropped_to_fit() {
        let installed = parse_installed("users\tid\t1\n\tname\tname\t0\t0\n\tage\tage\t0\t0\nforeign\t\t0");
        let none = alterations(&installed, &[("users", NAMED)]);
        assert!(matches!(none.as_slice(), [Alteration::DeleteIndex("users", index)] if index == "age"), "{none:?}");
        let changed = alterations(&installed, &[("users", UNIQUE)]);
        assert!(
            matches!(
                changed.as_slice(),
                [Alteration::DeleteIndex(_, name), Alteration::DeleteIndex(_, age), Alteration::CreateIndex("users", index)]
                    if name == "name" && age == "age" && index.unique
            ),
            "{changed:?}"
        );
    }

    #[test]
    fn a_primary_key_does_not_change_in_place() {
        let installed = parse_installed("users\tkey\t0");
        assert!(matches!(alterations(&installed, &[("users", PLAIN)]).as_slice(), [Alteration::Refuse(_)]));
    }
}
