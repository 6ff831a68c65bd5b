//! How tables come and go: versions ascend, a table is dropped once and stays away, and what is left at the
//! end has a Rust type.

use super::parse::{Content, Database, Table, Version};
use crate::diagnostics::{Errors, did_you_mean};
use syn::Type;

/// A table of the newest version.
pub struct Live<'a> {
    pub table: &'a Table,
    pub record: &'a Type,
}

/// Checks the versions and returns the tables that are there after the newest.
pub fn live_tables<'a>(database: &'a Database, errors: &mut Errors) -> Vec<Live<'a>> {
    numbers(database, errors);
    calls(database, errors);
    let mut history: Vec<State<'a>> = Vec::new();
    for version in &database.versions {
        for (place, table) in version.tables.iter().enumerate() {
            let before = &version.tables[..place];
            if before.iter().any(|other| other.name == table.name) {
                let (name, number) = (&table.name, version.number);
                let message = format!("duplicate table: `{name}` is twice in version {number}, remove one");
                errors.at(table.ident.span(), message);
            } else {
                step(&mut history, version, table, errors);
            }
        }
    }
    history.into_iter().filter_map(|state| live(&state, errors)).collect()
}

/// What became of a table so far.
struct State<'a> {
    version: u32,
    newest: &'a Table,
}

fn step<'a>(history: &mut Vec<State<'a>>, version: &Version, table: &'a Table, errors: &mut Errors) {
    let (name, number) = (&table.name, version.number);
    let drops = matches!(table.content, Content::Drop);
    let known = history.iter_mut().find(|state| state.newest.name == *name);
    match known {
        Some(state) => match (&state.newest.content, drops) {
            (Content::Drop, true) => {
                let message = format!("`{name}` is already dropped, in version {}: remove this line", state.version);
                errors.at(table.ident.span(), message);
            }
            (Content::Drop, false) => {
                let message = format!(
                    "`{name}` was dropped in version {}, and a dropped table does not come back: give the new table another name",
                    state.version
                );
                errors.at(table.ident.span(), message);
            }
            _ => *state = State { version: number, newest: table },
        },
        None if drops => {
            let names: Vec<&str> = history.iter().map(|state| state.newest.name.as_str()).collect();
            let meant = did_you_mean(name, &names);
            let meant = meant.map_or_else(String::new, |near| format!(" Did you mean `{near}`?"));
            let message = format!(
                "`{name}: drop`, but there is no table `{name}` before version {number}.{meant} Remove the line, or declare the table in the version that had it"
            );
            errors.at(table.ident.span(), message);
        }
        None => history.push(State { version: number, newest: table }),
    }
}

fn live<'a>(state: &State<'a>, errors: &mut Errors) -> Option<Live<'a>> {
    let (version, table) = (state.version, state.newest);
    match &table.content {
        Content::Drop => None,
        Content::Record(record) | Content::Pinned(record, ..) => Some(Live { table, record }),
        Content::Past(_) => {
            let name = &table.name;
            let message = format!(
                "`{name}` has no Rust type, and version {version} is its newest entry: write `{name}: Record` here or in a later version, or `{name}: drop` in a later one"
            );
            errors.at(table.ident.span(), message);
            None
        }
    }
}

fn numbers(database: &Database, errors: &mut Errors) {
    let mut newest: Option<u32> = None;
    for Version { number, span, .. } in &database.versions {
        match newest {
            _ if *number == 0 => {
                errors.at(*span, "versions start at 1: IndexedDB knows no version 0");
            }
            Some(last) if last == *number => {
                errors.at(
                    *span,
                    format_args!(
                        "version {number} is here twice: join the two, or number the second {}",
                        last.saturating_add(1)
                    ),
                );
            }
            Some(last) if last > *number => {
                errors.at(*span, format_args!("versions are written in ascending order: {number} comes before {last}"));
            }
            _ => {}
        }
        newest = newest.max(Some(*number));
    }
}

fn calls(database: &Database, errors: &mut Errors) {
    for (place, version) in database.versions.iter().enumerate() {
        let number = version.number;
        if let (0, Some(upgrade)) = (place, &version.upgrade) {
            errors.at(
                upgrade.span,
                format_args!("`upgrade` on the first version: before version {number} there is nothing to upgrade from. To fill a new database, write `populate function` behind the newest version"),
            );
        }
        if let (true, Some(populate)) = (place + 1 < database.versions.len(), &version.populate) {
            errors.at(
                populate.span,
                "`populate` fills a database that is new, so it stands behind the newest version: move it there",
            );
        }
    }
}
