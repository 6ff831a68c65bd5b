//! What a store lacks to be as its schema says, and when that can be done. Pure.
//!
//! An upgrade function comes in between: before it, indexes are there to be queried, but none that would refuse the rows as they
//! still are or as the function leaves them on its way; after it, everything is as declared.

use super::installed::{InstalledIndex, InstalledStore};
use super::{IndexSchema, KeyPath, StoreSchema};
use crate::key::Form;

/// What makes a store fit its schema.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fit {
    /// The store is not there at all.
    pub create: bool,
    /// Its primary key is another one: its rows have to be copied.
    pub rekey: bool,
    /// Before the upgrade function.
    pub before: Vec<Alteration>,
    /// After it: indexes that are there, and are to be unique.
    pub unique: Vec<IndexSchema>,
    /// After it: what the schema does not have.
    pub leftover: Vec<String>,
}

/// A change of a store's indexes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Alteration {
    Delete(String),
    Rename(String, &'static str),
    /// Created without being unique, whatever it is to become: there are rows.
    Create(IndexSchema),
}

pub(crate) fn fit(installed: Option<&InstalledStore>, wanted: &StoreSchema) -> Fit {
    let Some(store) = installed else { return Fit { create: true, ..Fit::default() } };
    let mut fit = Fit { rekey: !store.has_key(&wanted.key), ..Fit::default() };
    let declared = |name: &str| wanted.indexes.iter().find(|index| index.name == name);
    // A foreign index under another name can serve, and is not built anew.
    let serves = |index: &InstalledIndex, wanted: &IndexSchema| {
        index.holds_the_keys_of(wanted) && (wanted.unique || !index.unique)
    };
    let missing = |wanted: &IndexSchema| store.indexes.iter().all(|index| index.name != wanted.name);
    let mut renamed = Vec::new();
    for index in &store.indexes {
        let stand_in = || {
            wanted
                .indexes
                .iter()
                .find(|wanted| serves(index, wanted) && missing(wanted) && !renamed.contains(&wanted.name))
        };
        match declared(&index.name) {
            Some(same) if serves(index, same) => {}
            Some(_) => fit.before.push(Alteration::Delete(index.name.clone())),
            None => match stand_in() {
                Some(wanted) => {
                    renamed.push(wanted.name);
                    fit.before.push(Alteration::Rename(index.name.clone(), wanted.name));
                }
                // It would refuse what the upgrade function writes.
                None if index.unique => fit.before.push(Alteration::Delete(index.name.clone())),
                None => fit.leftover.push(index.name.clone()),
            },
        }
    }
    for wanted in wanted.indexes {
        let own = store.indexes.iter().find(|index| index.name == wanted.name && serves(index, wanted));
        let stand_in = store.indexes.iter().find(|index| {
            fit.before.iter().any(|change| *change == Alteration::Rename(index.name.clone(), wanted.name))
        });
        match own.or(stand_in) {
            Some(index) if index.unique == wanted.unique => continue,
            Some(_) => {}
            None => fit.before.push(Alteration::Create(*wanted)),
        }
        if wanted.unique {
            fit.unique.push(*wanted);
        }
    }
    fit
}

impl Fit {
    /// The names of the declared indexes that the store has not had until now.
    pub fn new_indexes(&self) -> impl Iterator<Item = &'static str> {
        self.before.iter().filter_map(|change| match change {
            Alteration::Create(index) => Some(index.name),
            Alteration::Rename(_, name) => Some(*name),
            Alteration::Delete(_) => None,
        })
    }
}

/// The steps from a row to a field.
pub(crate) type FieldPath = Vec<&'static str>;

/// A field that keys read, and the form that it has for them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KeyField {
    pub path: FieldPath,
    pub form: Form,
    /// The field is a collection, and each of its elements has this form.
    pub each: bool,
}

impl KeyField {
    /// Whether what is no key may be stored in another form.
    fn may_differ(&self) -> bool {
        match self.form {
            // Booleans, alone or in a list, are stored as 0 and 1, since IndexedDB has no such keys. Bytes are binary, and a list
            // under a multi-entry index; no bytes are an empty list, and binary in a key.
            Form::Bool | Form::Binary | Form::Array => true,
            Form::Number | Form::Byte | Form::Wide => self.each,
            Form::Text | Form::Date => false,
        }
    }
}

/// The fields that these keys read and that may be stored in another form where no key reads them.
pub(crate) fn key_fields(schema: &StoreSchema, indexes: &[&str], primary: bool) -> Vec<KeyField> {
    let read = read_paths(schema, indexes, primary);
    let fields =
        schema.fields.iter().map(|field| KeyField { path: field.path.to_vec(), form: field.form, each: field.each });
    fields.filter(|field| field.may_differ() && read.contains(&field.path)).collect()
}

/// What these indexes read, or the primary key, and nobody says how it is stored: a schema of the past may have had booleans
/// there that the record of today does not have any more.
pub(crate) fn unknown_fields(schema: &StoreSchema, indexes: &[&str], primary: bool) -> Vec<KeyField> {
    let known = |path: &FieldPath| schema.fields.iter().any(|field| field.path == path);
    let read = read_paths(schema, indexes, primary).into_iter().filter(|path| !known(path));
    read.map(|path| KeyField { path, form: Form::Bool, each: false }).collect()
}

fn read_paths(schema: &StoreSchema, indexes: &[&str], primary: bool) -> Vec<FieldPath> {
    let of_index = schema.indexes.iter().filter(|index| indexes.contains(&index.name)).map(|index| index.path);
    let of_key = primary.then_some(schema.key.path);
    of_index.chain(of_key).flat_map(KeyPath::paths).map(|path| path.split('.').collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{KeySchema, parse_installed};
    use super::*;
    use crate::key::FieldForm;

    const ID: KeySchema = KeySchema { path: KeyPath::One("id"), auto: true };
    const NAME: IndexSchema = IndexSchema { name: "name", path: KeyPath::One("name"), unique: false, multi: false };
    const UNIQUE_NAME: IndexSchema = IndexSchema { unique: true, ..NAME };

    fn of(listing: &str, indexes: &'static [IndexSchema]) -> Fit {
        fit(parse_installed(listing).first(), &StoreSchema { key: ID, indexes, fields: &[], last_key: 0.0 })
    }

    fn delete(name: &str) -> Alteration {
        Alteration::Delete(name.to_owned())
    }

    #[test]
    fn a_store_that_fits_is_left_alone() {
        assert_eq!(of("users\tid\t1\n\tname\tname\t1\t0", &[UNIQUE_NAME]), Fit::default());
    }

    #[test]
    fn a_store_that_is_not_there_is_created() {
        assert!(fit(None, &StoreSchema { key: ID, indexes: &[NAME], fields: &[], last_key: 0.0 }).create);
    }

    #[test]
    fn what_is_declared_comes_before_the_function_and_what_is_not_goes_after_it() {
        let fit = of("users\tid\t1\n\tage\tage\t0\t0", &[NAME]);
        assert_eq!(fit.before, [Alteration::Create(NAME)]);
        assert_eq!(fit.leftover, ["age"]);
        assert_eq!(fit.new_indexes().collect::<Vec<_>>(), ["name"]);
    }

    #[test]
    fn an_index_is_unique_only_after_the_function() {
        let added = of("users\tid\t1", &[UNIQUE_NAME]);
        assert_eq!((added.before, added.unique), (vec![Alteration::Create(UNIQUE_NAME)], vec![UNIQUE_NAME]));
        let changed = of("users\tid\t1\n\tname\tname\t0\t0", &[UNIQUE_NAME]);
        assert_eq!((changed.before, changed.unique), (vec![], vec![UNIQUE_NAME]));
    }

    #[test]
    fn an_index_that_is_unique_no_more_refuses_nothing_in_the_function() {
        let changed = of("users\tid\t1\n\tname\tname\t1\t0", &[NAME]);
        assert_eq!((changed.before, changed.unique), (vec![delete("name"), Alteration::Create(NAME)], vec![]));
        let dropped = of("users\tid\t1\n\tname\tname\t1\t0", &[]);
        assert_eq!((dropped.before, dropped.leftover), (vec![delete("name")], vec![]));
    }

    #[test]
    fn another_key_path_or_other_elements_make_another_index() {
        for installed in ["\tname\tnames\t0\t0", "\tname\tname\t0\t1"] {
            let fit = of(&format!("users\tid\t1\n{installed}"), &[NAME]);
            assert_eq!(fit.before, [delete("name"), Alteration::Create(NAME)]);
        }
    }

    #[test]
    fn an_index_of_the_same_keys_under_a_foreign_name_is_renamed() {
        let fit = of("users\tid\t1\n\tby_name\tname\t0\t0", &[UNIQUE_NAME]);
        assert_eq!(fit.before, [Alteration::Rename("by_name".to_owned(), "name")]);
        assert_eq!((fit.unique, fit.leftover), (vec![UNIQUE_NAME], vec![]));
        let two = of("users\tid\t1\n\tby_name\tname\t0\t0\n\tname_too\tname\t0\t0", &[NAME]);
        assert_eq!((two.before.len(), two.leftover), (1, vec!["name_too".to_owned()]));
    }

    #[test]
    fn another_primary_key_means_copying() {
        for listing in ["users\tid\t0", "users\tkey\t1", "users\t\t1"] {
            assert!(of(listing, &[]).rekey, "{listing}");
        }
    }

    #[test]
    fn fields_whose_form_depends_on_keys_are_found_in_every_kind_of_index() {
        const DONE: IndexSchema = IndexSchema { name: "done", path: KeyPath::One("done"), unique: false, multi: false };
        const LEVELS: IndexSchema = IndexSchema { name: "levels", path: KeyPath::One("levels"), multi: true, ..DONE };
        const BOTH: IndexSchema = IndexSchema {
            name: "[list+flags.urgent]",
            path: KeyPath::Many(&["list", "flags.urgent"]),
            unique: false,
            multi: false,
        };
        const SCHEMA: StoreSchema = StoreSchema {
            key: ID,
            indexes: &[DONE, LEVELS, BOTH],
            fields: &[
                FieldForm::new(&["done"], Form::Bool),
                FieldForm::new(&["levels"], Form::Byte).each(),
                FieldForm::new(&["list"], Form::Text),
                FieldForm::new(&["flags", "urgent"], Form::Bool),
            ],
            last_key: 0.0,
        };
        let bool = |path: &[&'static str]| KeyField { path: path.to_vec(), form: Form::Bool, each: false };
        assert_eq!(key_fields(&SCHEMA, &["done"], false), [bool(&["done"])]);
        let levels = KeyField { path: vec!["levels"], form: Form::Byte, each: true };
        assert_eq!(key_fields(&SCHEMA, &["levels"], false), [levels]);
        assert_eq!(key_fields(&SCHEMA, &["[list+flags.urgent]"], true), [bool(&["flags", "urgent"])]);
        assert!(key_fields(&SCHEMA, &[], true).is_empty());
        assert_eq!(unknown_fields(&SCHEMA, &["done", "[list+flags.urgent]"], true), [bool(&["id"])]);
    }
}
