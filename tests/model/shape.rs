//! The shape of a table as the reference sees it: read from the text of the schema, which is all it knows of a record type.

use crate::key::Key;
use crate::record::{Column, Kind, Record};
use crate::value::{Row, Value, field};

/// A table's key and indexes.
#[derive(Clone, Debug)]
pub struct Shape {
    pub table: String,
    pub generated: bool,
    /// The primary key's; none if it is outside of the row.
    pub primary: Vec<Path>,
    /// The fields that they are.
    pub fields: Vec<&'static str>,
    /// In the names of the storage; empty if the key is outside of the row.
    pub primary_name: String,
    pub is_compound: bool,
    pub indexes: Vec<Index>,
    pub columns: Vec<ColumnOf>,
    /// The number of the primary key's column.
    pub primary_column: usize,
}

/// A path through a row, in Rust's names.
pub type Path = Vec<String>;

#[derive(Clone, Debug)]
pub struct Index {
    /// In the names of the storage.
    pub name: String,
    pub paths: Vec<Path>,
    pub is_compound: bool,
    pub unique: bool,
    pub multi: bool,
}

/// What a handle stands for.
#[derive(Clone, Debug)]
pub struct ColumnOf {
    pub name: &'static str,
    pub kind: Kind,
    pub unique: bool,
    pub place: Place,
    /// Only the first part of a compound key.
    pub first: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    Primary,
    Index(usize),
}

/// An entry of the schema: its flags, and its paths.
struct Entry {
    flags: String,
    paths: Vec<Path>,
    is_compound: bool,
}

impl Entry {
    fn parse(text: &str) -> Self {
        let text = text.trim();
        let flags = text.chars().take_while(|flag| "+&*".contains(*flag)).collect::<String>();
        let rest = &text[flags.len()..];
        let is_compound = rest.starts_with('[');
        let paths = rest.trim_matches(['[', ']']).split('+').filter(|path| !path.is_empty());
        let path = |path: &str| {
            let path = path.split(" as ").next().unwrap_or(path);
            path.trim().split('.').map(|step| step.trim_end_matches('?').to_owned()).collect()
        };
        Self { paths: paths.map(path).collect(), flags, is_compound }
    }

    /// Of the handle that the derive makes of it.
    fn handle(&self) -> String {
        self.paths.iter().map(|path| path.join("_")).collect::<Vec<_>>().join("_")
    }

    fn name(&self, stored: impl Fn(&str) -> String) -> String {
        let paths: Vec<String> =
            self.paths.iter().map(|path| path.iter().map(|step| stored(step)).collect::<Vec<_>>().join(".")).collect();
        if self.is_compound { format!("[{}]", paths.join("+")) } else { paths.join("+") }
    }
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
}

impl Shape {
    pub fn of<T: Record>(table: &str) -> Self {
        let entries: Vec<Entry> = T::ENTRIES.split(',').map(Entry::parse).collect();
        let stored = |name: &str| if T::CASE == "camelCase" { camel(name) } else { name.to_owned() };
        let (primary, indexes) = (&entries[0], &entries[1..]);
        Self {
            table: table.to_owned(),
            generated: primary.flags == "++",
            primary: primary.paths.clone(),
            fields: primary.paths.iter().filter_map(|path| member::<T>(&path[0])).collect(),
            primary_name: primary.name(stored),
            is_compound: primary.is_compound,
            indexes: indexes
                .iter()
                .map(|entry| Index {
                    name: entry.name(stored),
                    paths: entry.paths.clone(),
                    is_compound: entry.is_compound,
                    unique: entry.flags.contains('&'),
                    multi: entry.flags.contains('*'),
                })
                .collect(),
            columns: T::COLUMNS.iter().map(|column| column_of(column, T::UNIQUE, &entries)).collect(),
            primary_column: primary_column::<T>(),
        }
    }

    pub fn is_outside(&self) -> bool {
        self.primary.is_empty()
    }

    /// Whether the primary keys are the same.
    pub fn has_key_of(&self, other: &Self) -> bool {
        (self.generated, &self.primary_name) == (other.generated, &other.primary_name)
    }

    /// The field that a column of the primary key is.
    pub fn field(&self, column: usize) -> &'static str {
        self.fields[column]
    }

    /// The primary key that is in a row.
    pub fn own_key(&self, row: &Row) -> Option<Key> {
        key_at(row, &self.primary, self.is_compound)
    }

    /// Whether a row that carries no key gets one: a type that does not have the field. A number that is none is there.
    pub fn generates_for(&self, row: &Row) -> bool {
        self.generated && self.fields.iter().all(|name| *field(row, name) == Value::Absent)
    }

    /// The keys under which a row is in an index: of several elements each once, in their order.
    pub fn keys(&self, index: usize, row: &Row) -> Vec<Key> {
        let Index { paths, is_compound, multi, .. } = &self.indexes[index];
        if !multi {
            return key_at(row, paths, *is_compound).into_iter().collect();
        }
        let mut keys: Vec<Key> = Vec::new();
        for key in value_at(row, &paths[0]).list().iter().filter_map(Key::of) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }
}

/// The first of the unique handles is the primary key's.
pub fn primary_column<T: Record>() -> usize {
    T::COLUMNS.iter().position(|column| column.name == T::UNIQUE[0]).unwrap_or(0)
}

fn member<T: Record>(name: &str) -> Option<&'static str> {
    T::MEMBERS.iter().map(|of| of.name).find(|own| *own == name)
}

fn column_of(column: &Column, unique: &[&str], entries: &[Entry]) -> ColumnOf {
    let of = |at: usize, first| ColumnOf {
        name: column.name,
        kind: column.kind,
        unique: unique.contains(&column.name),
        place: at.checked_sub(1).map_or(Place::Primary, Place::Index),
        first,
    };
    if let Some(at) = entries.iter().position(|entry| entry.handle() == column.name) {
        return of(at, false);
    }
    let begins = |entry: &Entry| entry.is_compound && entry.paths[0].join("_") == column.name;
    match entries.iter().position(begins) {
        Some(at) => of(at, true),
        // `key`: outside of the row.
        None => of(0, false),
    }
}

fn value_at<'a>(row: &'a Row, path: &Path) -> &'a Value {
    path[1..].iter().fold(field(row, &path[0]), |value, step| value.field(step))
}

fn key_at(row: &Row, paths: &[Path], is_compound: bool) -> Option<Key> {
    let mut parts = paths.iter().map(|path| Key::of(value_at(row, path)));
    if is_compound { parts.collect::<Option<_>>().map(Key::Array) } else { parts.next()? }
}
