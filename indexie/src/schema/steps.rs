//! From one version to the next: which stores each version has, and what runs on the way to it. Pure.

use super::{Change, Definition, StoreSchema, UpgradeFn, Version, stores_after};

/// The way to one version.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub version: u32,
    /// The stores that it has.
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
    let newest = definition.stores();
    let step = |(at, version): (usize, &Version)| {
        let mut stores = stores_after(&definition.versions[..=at]);
        for (name, schema) in &mut stores {
            *schema = with_forms(name, *schema, &newest);
        }
        let dropped = version.tables.iter().filter(|entry| matches!(entry.change, Change::Drop));
        Step { version: version.number, stores, drops: dropped.map(|entry| entry.name).collect(), run: version.upgrade }
    };
    let ahead = definition.versions.iter().enumerate().filter(|(_, version)| version.number > installed);
    ahead.map(step).collect()
}

/// A schema of the past says nothing of how fields are stored; the record of today knows those that it still has.
fn with_forms(name: &str, schema: StoreSchema, newest: &[(&'static str, StoreSchema)]) -> StoreSchema {
    let today = newest.iter().find(|(today, _)| *today == name);
    match (schema.fields, today) {
        ([], Some((_, today))) => StoreSchema { fields: today.fields, last_key: today.last_key, ..schema },
        _ => schema,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{IndexSchema, KeyPath, KeySchema, TableEntry};
    use super::*;
    use crate::key::{FieldForm, Form};

    const ID: KeySchema = KeySchema { path: KeyPath::One("id"), auto: true };
    const NAME: IndexSchema = IndexSchema { name: "name", path: KeyPath::One("name"), unique: false, multi: false };
    const PLAIN: StoreSchema = StoreSchema { key: ID, indexes: &[], fields: &[], last_key: 0.0 };
    const NAMED: StoreSchema = StoreSchema { key: ID, indexes: &[NAME], fields: &[], last_key: 0.0 };

    /// Versions 1, 2 and 5.
    pub const THREE: Definition = Definition {
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
        assert_eq!(names(&steps[0].stores), ["users"]);
        assert_eq!(steps[0].drops, ["old"]);
        assert_eq!(names(&steps[1].stores), ["users", "more"]);
    }

    #[test]
    fn versions_that_were_never_declared_are_no_obstacle() {
        // Installed by a program that had a version 3 or 4.
        assert_eq!(steps(&THREE, 4).iter().map(|step| step.version).collect::<Vec<_>>(), [5]);
        // Version 1 has gone from the code; its tables are not this program's business.
        let newer = Definition { name: "newer", versions: &THREE.versions[2..] };
        let steps = steps(&newer, 1);
        assert_eq!((steps.len(), names(&steps[0].stores)), (1, vec!["more"]));
    }

    #[test]
    fn the_record_of_today_says_how_fields_of_the_past_are_stored() {
        const DONE: FieldForm = FieldForm::new(&["done"], Form::Bool);
        const TODAY: StoreSchema = StoreSchema { fields: &[DONE], ..PLAIN };
        let version = |number, schema| Version {
            number,
            tables: Box::leak(Box::new([TableEntry { name: "todos", change: Change::Store(schema) }])),
            upgrade: None,
            populate: None,
        };
        let versions = Box::leak(Box::new([version(1, PLAIN), version(2, PLAIN), version(3, TODAY)]));
        let steps = steps(&Definition { name: "todos", versions }, 1);
        assert!(steps.iter().all(|step| step.stores[0].1.fields.len() == 1));
    }

    #[test]
    fn only_versions_above_the_installed_one_are_walked() {
        assert_eq!(steps(&THREE, 2).len(), 1);
        assert!(steps(&THREE, 5).is_empty());
    }
}
