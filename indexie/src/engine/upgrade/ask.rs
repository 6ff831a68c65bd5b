//! What upgrade functions ask for besides rows: stores and indexes by name, to be used, renamed or dropped.

use super::rebuild::Rebuild;
use crate::error::{Error, Result};
use crate::index::Column;
use crate::key::quoted::Quoted;
use crate::schema::KeyPath;
use crate::storage::SchemaChange;

/// What the primary key is called where it has no path, as in Dexie.
const PRIMARY_KEY: &str = ":id";

impl Rebuild {
    /// Something may be written to the store.
    pub fn touch(&self, store: u16) {
        self.with(store, |store| store.blank = false);
    }

    pub fn drop_store(&self, name: &str) -> Result<()> {
        if self.wanted(name).is_some() || self.drops().contains(&name) {
            return Err(Error::InvalidArgument {
                message: format!("the schema names table `{name}`: declare `{name}: drop` in a version to drop it"),
            });
        }
        self.number_of(name)?;
        self.delete(name)
    }

    pub fn rename_store(&self, name: &str, to: &str) -> Result<()> {
        self.number_of(name)?;
        if name == to {
            return Ok(());
        }
        check_name(to)?;
        if let Ok(taken) = self.number_of(to) {
            if !self.with(taken, |store| store.blank) {
                return Err(Error::InvalidArgument {
                    message: format!(
                        "table `{name}` cannot become `{to}`: there is one of that name, which may have rows"
                    ),
                });
            }
            self.delete(to)?;
        }
        self.rename(name, to)?;
        // Under its old name it was written without knowing what it is now.
        if let Some(wanted) = self.wanted(to) {
            let all: Vec<&str> = wanted.indexes.iter().map(|index| index.name).collect();
            self.expect_forms(self.number_of(to)?, &wanted, &all, true);
        }
        // What this version declares is there all the time: the one fits its declaration, the other one begins anew.
        for name in [name, to] {
            if let Some(wanted) = self.wanted(name) {
                self.approach(name, &wanted)?;
            }
        }
        Ok(())
    }

    pub fn rename_index(&self, table: &str, index: &str, to: &str) -> Result<()> {
        let store = self.number_of(table)?;
        let has = |name: &str| self.with(store, |store| store.installed.indexes.iter().any(|index| index.name == name));
        let (index, to) = (if has(index) { index.to_owned() } else { spelled(index) }, spelled(to));
        let (has_old, has_new) = (has(&index), has(&to));
        let done = self.with(store, |store| store.renamed.iter().any(|(old, new)| *old == index && *new == to));
        if (has_old && index == to) || (!has_old && has_new && done) {
            return Ok(());
        }
        if !has_old {
            return Err(self.unknown_index(store, &index));
        }
        check_name(&to)?;
        if has_new {
            // It holds nothing of its own.
            self.alter(table, SchemaChange::DeleteIndex { store: table, index: &to })?;
        }
        self.alter(table, SchemaChange::RenameIndex { store: table, index: &index, to: &to })?;
        self.look();
        Ok(())
    }

    /// The column that goes by a name: an index, the primary key by its path, or the first column of a compound one.
    pub fn column(&self, store: u16, name: &str) -> Result<Column> {
        let (given, name) = (name, spelled(name));
        let schema = self.session().shared.schema(store);
        let entries: Vec<(&str, KeyPath)> = std::iter::once((PRIMARY_KEY, schema.key.path))
            .chain(schema.indexes.iter().map(|index| (index.name, index.path)))
            .collect();
        let position = |is: &dyn Fn(&(&str, KeyPath)) -> bool| entries.iter().position(is);
        let first_of = |path: &KeyPath| matches!(path, KeyPath::Many(paths) if paths.first() == Some(&name.as_str()));
        let whole = position(&|(index, _)| *index == given || *index == name)
            // The primary key, or an index under a name of its own.
            .or_else(|| position(&|(_, path)| !name.is_empty() && path.text() == name));
        let (entry, first) = match whole {
            Some(entry) => (entry, false),
            None => match position(&|(_, path)| first_of(path)) {
                Some(entry) => (entry, true),
                None => return Err(self.unknown_index(store, &name)),
            },
        };
        #[allow(clippy::cast_possible_truncation, reason = "a store has fewer than 65,536 indexes")]
        Ok(Column { entry: entry as u16, first })
    }

    fn unknown_index(&self, store: u16, index: &str) -> Error {
        let schema = self.session().shared.schema(store);
        let key = Some(schema.key.path.text()).filter(|path| !path.is_empty());
        let indexes = schema.indexes.iter().map(|index| index.name.to_owned());
        Error::UnknownIndex {
            table: self.name(store).to_owned(),
            index: index.to_owned(),
            known: key.into_iter().chain(indexes).collect(),
        }
    }
}

/// Names are listed with tabs and line breaks in between.
fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name.contains(['\t', '\n']) {
        return Err(Error::InvalidArgument { message: format!("{} is no name", Quoted(name)) });
    }
    Ok(())
}

/// A name as the schema spells it: compound ones in brackets, without blanks.
fn spelled(name: &str) -> String {
    let name: String = name.chars().filter(|char| !char.is_whitespace()).collect();
    if name.contains('+') && !name.starts_with('[') { format!("[{name}]") } else { name }
}
