//! A table: its columns, its rows in heap order, and the changes a single statement can make to them.
//! Only `Database::commit` changes one; the shapes read it.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::name::TableName;

/// A row: the text of each column in Postgres' output format, or `NULL`. Booleans are `t` and `f`.
pub(crate) type Row = BTreeMap<String, Option<String>>;

/// What a row is found by where the table has a primary key.
type Key = Vec<Option<String>>;

/// A table to create.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSpec {
    /// The name as SQL spells it: `users`, `foo.users`, `"Mixed"`.
    pub name: String,
    /// The columns, in any order.
    pub columns: Vec<Column>,
}

impl TableSpec {
    /// A table of no columns yet.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), columns: Vec::new() }
    }

    /// Adds a column that may be `NULL`.
    #[must_use]
    pub fn column(self, name: &str, type_name: &str) -> Self {
        self.with(Column::new(name, type_name))
    }

    /// Adds a column that is the next of the primary key.
    #[must_use]
    pub fn key(self, name: &str, type_name: &str) -> Self {
        let index = self.columns.iter().filter(|column| column.pk_index.is_some()).count();
        self.with(Column::new(name, type_name).key(index))
    }

    /// Adds any column.
    #[must_use]
    pub fn with(mut self, column: Column) -> Self {
        self.columns.push(column);
        self
    }
}

/// A column of a table, as `electric-schema` describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// The name, unquoted.
    pub name: String,
    /// The Postgres type; of an array, the type of its elements.
    #[serde(rename = "type")]
    pub type_name: String,
    /// How many dimensions an array has.
    #[serde(default)]
    pub dims: Option<u32>,
    /// Whether it is `NOT NULL`; a key column always is.
    #[serde(default)]
    pub not_null: bool,
    /// The place in the primary key, from 0.
    #[serde(default)]
    pub pk_index: Option<usize>,
    /// Everything else the schema says of the type: `length`, `max_length`, `precision`, `scale`, `fields`.
    #[serde(flatten)]
    pub modifiers: Map<String, Value>,
}

impl Column {
    /// A column that may be `NULL`.
    #[must_use]
    pub fn new(name: &str, type_name: &str) -> Self {
        Self {
            name: name.to_owned(),
            type_name: type_name.to_owned(),
            dims: None,
            not_null: false,
            pk_index: None,
            modifiers: Map::new(),
        }
    }

    /// Makes it `NOT NULL`.
    #[must_use]
    pub fn not_null(self) -> Self {
        Self { not_null: true, ..self }
    }

    /// Makes it the `index`th of the primary key, from 0.
    #[must_use]
    pub fn key(self, index: usize) -> Self {
        Self { pk_index: Some(index), not_null: true, ..self }
    }

    /// Makes it an array.
    #[must_use]
    pub fn array(self, dims: u32) -> Self {
        Self { dims: Some(dims), ..self }
    }

    /// Adds a modifier of the type: `.modifier("length", 9)`.
    #[must_use]
    pub fn modifier(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.modifiers.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn is_bool(&self) -> bool {
        self.type_name == "bool" && self.dims.is_none()
    }

    /// How a snapshot spells a stored text: it casts booleans to text, which the log does not.
    pub(crate) fn snapshot_text<'t>(&self, text: &'t str) -> &'t str {
        match (self.is_bool(), text) {
            (true, "t") => "true",
            (true, "f") => "false",
            _ => text,
        }
    }
}

/// A table with its rows.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) oid: u32,
    pub(crate) name: TableName,
    pub(crate) columns: Vec<Column>,
    pub(crate) dropped: Option<Instant>,
    heap: BTreeMap<u64, Row>,
    by_key: HashMap<Key, u64>,
    next_place: u64,
    /// What undoes the transaction that is under way.
    undo: Vec<Undo>,
}

#[derive(Debug, Clone)]
enum Undo {
    Take(u64),
    PutBack(u64, Row),
}

impl Table {
    pub(super) fn new(oid: u32, spec: TableSpec) -> Result<Self, String> {
        let name = TableName::parse(&spec.name).ok_or_else(|| format!("{} is not a table name", spec.name))?;
        let mut columns = spec.columns;
        for column in &mut columns {
            column.not_null |= column.pk_index.is_some();
        }
        columns.sort_by(|a, b| a.name.cmp(&b.name));
        if columns.windows(2).any(|pair| pair[0].name == pair[1].name) {
            return Err(format!("{name} has two columns of one name"));
        }
        let table = Self {
            oid,
            name,
            columns,
            dropped: None,
            heap: BTreeMap::new(),
            by_key: HashMap::new(),
            next_place: 0,
            undo: Vec::new(),
        };
        if table.primary_key().iter().enumerate().any(|(index, column)| column.pk_index != Some(index)) {
            return Err(format!("the pk_index of {} do not count from 0", table.name));
        }
        Ok(table)
    }

    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The columns of the primary key in its order; none where there is no key.
    pub(crate) fn primary_key(&self) -> Vec<&Column> {
        let mut key: Vec<_> = self.columns.iter().filter(|column| column.pk_index.is_some()).collect();
        key.sort_by_key(|column| column.pk_index);
        key
    }

    /// All rows in heap order: as inserted, an updated one last.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.heap.values()
    }

    pub(super) fn insert(&mut self, row: Row) -> Result<Row, String> {
        for column in &self.columns {
            if column.not_null && row[&column.name].is_none() {
                return Err(format!("null value in column \"{}\" of {}", column.name, self.name));
            }
        }
        if let Some(key) = self.key_of(&row).filter(|key| self.by_key.contains_key(key)) {
            return Err(format!("duplicate key {key:?} in {}", self.name));
        }
        self.put(self.next_place, row.clone());
        self.undo.push(Undo::Take(self.next_place));
        self.next_place += 1;
        Ok(row)
    }

    pub(super) fn update(&mut self, key: &Row, set: &Row) -> Result<Vec<(Row, Row)>, String> {
        let places = self.places(key);
        places
            .into_iter()
            .map(|place| {
                let old = self.take(place);
                self.undo.push(Undo::PutBack(place, old.clone()));
                let mut new = old.clone();
                new.extend(set.clone());
                Ok((old, self.insert(new)?))
            })
            .collect()
    }

    pub(super) fn delete(&mut self, key: &Row) -> Vec<Row> {
        let taken: Vec<_> = self.places(key).into_iter().map(|place| (place, self.take(place))).collect();
        self.undo.extend(taken.iter().map(|(place, row)| Undo::PutBack(*place, row.clone())));
        taken.into_iter().map(|(_, row)| row).collect()
    }

    /// Ends a transaction that is committed.
    pub(super) fn keep(&mut self) {
        self.undo.clear();
    }

    /// Ends a transaction that failed.
    pub(super) fn roll_back(&mut self) {
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Take(place) => drop(self.take(place)),
                Undo::PutBack(place, row) => self.put(place, row),
            }
        }
    }

    pub(super) fn truncate(&mut self) {
        self.heap.clear();
        self.by_key.clear();
    }

    pub(super) fn add_column(&mut self, column: Column) -> Result<(), String> {
        if self.column(&column.name).is_some() {
            return Err(format!("column \"{}\" of {} already exists", column.name, self.name));
        }
        for row in self.heap.values_mut() {
            row.insert(column.name.clone(), None);
        }
        self.columns.push(column);
        self.columns.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(())
    }

    pub(super) fn drop_column(&mut self, name: &str) -> Result<(), String> {
        match self.column(name) {
            None => return Err(format!("column \"{name}\" of {} does not exist", self.name)),
            Some(column) if column.pk_index.is_some() => return Err(format!("\"{name}\" is part of the key")),
            Some(_) => {}
        }
        self.columns.retain(|column| column.name != name);
        for row in self.heap.values_mut() {
            row.remove(name);
        }
        Ok(())
    }

    pub(super) fn rename_column(&mut self, name: &str, to: &str) -> Result<(), String> {
        if self.column(to).is_some() {
            return Err(format!("column \"{to}\" of {} already exists", self.name));
        }
        let found = self.columns.iter_mut().find(|column| column.name == name);
        to.clone_into(&mut found.ok_or_else(|| format!("column \"{name}\" does not exist"))?.name);
        self.columns.sort_by(|a, b| a.name.cmp(&b.name));
        for row in self.heap.values_mut() {
            let text = row.remove(name).flatten();
            row.insert(to.to_owned(), text);
        }
        Ok(())
    }

    pub(super) fn retype_column(&mut self, name: &str, type_name: String) -> Result<(), String> {
        let found = self.columns.iter_mut().find(|column| column.name == name);
        found.ok_or_else(|| format!("column \"{name}\" does not exist"))?.type_name = type_name;
        Ok(())
    }

    /// Where the rows lie in which all columns of `key` are equal; of a whole primary key, without a search.
    fn places(&self, key: &Row) -> Vec<u64> {
        let primary: Option<Key> = self.primary_key().iter().map(|column| key.get(&column.name).cloned()).collect();
        let matches = |row: &Row| key.iter().all(|(name, text)| row.get(name) == Some(text));
        match primary {
            Some(primary) if !primary.is_empty() => {
                self.by_key.get(&primary).copied().filter(|place| matches(&self.heap[place])).into_iter().collect()
            }
            _ => self.heap.iter().filter(|(_, row)| matches(row)).map(|(place, _)| *place).collect(),
        }
    }

    fn put(&mut self, place: u64, row: Row) {
        if let Some(key) = self.key_of(&row) {
            self.by_key.insert(key, place);
        }
        self.heap.insert(place, row);
    }

    fn take(&mut self, place: u64) -> Row {
        let row = self.heap.remove(&place).expect("a place that was just found");
        if let Some(key) = self.key_of(&row) {
            self.by_key.remove(&key);
        }
        row
    }

    fn key_of(&self, row: &Row) -> Option<Key> {
        let key: Key = self.primary_key().iter().map(|column| row[&column.name].clone()).collect();
        (!key.is_empty()).then_some(key)
    }
}
