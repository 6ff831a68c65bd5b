//! Upgrades as data: what a database has been before, and what its upgrade's function does.
//!
//! A database of the menu has three tables, and the one that it has been has three, too. A table that keeps its name is one table
//! all the way; where the names differ, the old one is dropped and the new one begins empty, unless the function renames the store.

use crate::chance::Chance;
use crate::menu::{Age, Trio};
use crate::outcome::{Fault, Outcome};
use crate::program::{Action, Caught, Change, Keys, Step, Verb};
use crate::record::FieldOf;
use crate::shape::{ColumnOf, Index, Place, Shape};
use crate::table::{TableOf, TypeOf, tables};
use crate::value::Row;

/// A program's first part, on the database of the version before.
#[derive(Clone, Debug)]
pub struct Past {
    pub steps: Vec<Step>,
    pub upgrade: Upgrade,
    /// What is done to the old database where the upgrade fails.
    pub otherwise: Vec<Step>,
}

#[derive(Clone, Debug)]
pub struct Upgrade {
    pub parts: Vec<Part>,
    pub end: Ending,
}

/// A step of an upgrade's function.
#[derive(Clone, Debug)]
pub enum Part {
    /// The action's table is a [`Seat`].
    Do(Action, Caught),
    /// Converts the rows of a table, by number. An error of it cannot be caught to any effect, and ends the function.
    Migrate(usize, Change),
    /// The old store of a table, by number, becomes the new one.
    Rename(usize, Caught),
}

impl Part {
    /// The error that ends the function, if this step came to one.
    pub fn uncaught(&self, outcome: &Outcome) -> Option<Fault> {
        match (self, outcome) {
            (
                Self::Do(_, Caught::No) | Self::Migrate(..) | Self::Rename(_, Caught::No),
                Outcome::Failed(fault) | Outcome::Stopped(_, fault),
            ) => Some(fault.clone()),
            _ => None,
        }
    }
}

/// How the function ends, if no error ends it before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ending {
    Done,
    /// With an error of the app's own.
    Fail,
    /// Never: it waits for what does not come.
    Stall,
    Panic,
}

impl Ending {
    pub fn random(chance: &mut Chance) -> Self {
        match chance.below(24) {
            0 | 1 => Self::Fail,
            2 => Self::Stall,
            // In wasm nothing unwinds: a panic there is the end of the test.
            3 if cfg!(not(target_family = "wasm")) => Self::Panic,
            _ => Self::Done,
        }
    }
}

/// Of the old version, or of the new one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Side {
    Old,
    New,
}

/// A table as an upgrade's function gets it: which one of the three, by the old name or by the new one, and with rows of the
/// old type or of the new one. Where the name stays, the table is the new one from when its rows have been converted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seat {
    pub table: usize,
    pub name: Side,
    pub rows: Side,
}

impl Seat {
    pub fn number(self) -> usize {
        self.table * 4 + usize::from(self.name == Side::New) * 2 + usize::from(self.rows == Side::New)
    }

    pub fn of(number: usize) -> Self {
        let side = |bit| if number / bit % 2 == 1 { Side::New } else { Side::Old };
        Self { table: number / 4, name: side(2), rows: side(1) }
    }

    pub fn all() -> impl Iterator<Item = Self> {
        (0..12).map(Self::of)
    }
}

/// Whether the table of this number keeps its name.
pub fn stays<D: Age>(table: usize) -> bool {
    D::Past::TABLES[table] == D::TABLES[table]
}

/// The name of a table, by either side.
pub fn name<D: Age>(table: usize, side: Side) -> &'static str {
    match side {
        Side::Old => D::Past::TABLES[table],
        Side::New => D::TABLES[table],
    }
}

/// Whether every table is asked for as what it is by then.
pub fn is_fit<D: Age>(parts: &[Part]) -> bool {
    let mut migrated = [false; 3];
    parts.iter().all(|part| match part {
        Part::Do(action, _) => {
            let seat = Seat::of(action.table);
            !stays::<D>(seat.table) || (seat.name == Side::New) == migrated[seat.table]
        }
        Part::Migrate(table, _) => {
            migrated[*table] = true;
            true
        }
        Part::Rename(..) => true,
    })
}

/// Whether this is an operation that tables have during an upgrade, too.
pub fn has(table: &TableOf, verb: &Verb) -> bool {
    match verb {
        Verb::GetBy(..) | Verb::UpdateMany(_) => false,
        Verb::Insert { many, keys, .. } => match keys {
            Keys::Beside => !many,
            Keys::Generator => table.shape.is_outside(),
            Keys::Row => true,
        },
        _ => true,
    }
}

/// The tables of an upgrade, by the numbers of their seats.
pub fn seats<D: Age>() -> Vec<TableOf> {
    let (old, new) = (tables::<D::Past>(), tables::<D>());
    let seat = |seat: Seat| {
        let (before, after) = (&old[seat.table], &new[seat.table]);
        let rows = if seat.rows == Side::Old { before } else { after };
        let (shape, types) = match seat.name {
            Side::Old if stays::<D>(seat.table) => between(before, after),
            Side::Old => (before.shape.clone(), before.types.clone()),
            Side::New => (after.shape.clone(), after.types.clone()),
        };
        let keys: &'static [Keys] = match (shape.is_outside(), shape.generated) {
            (true, true) => &[Keys::Generator, Keys::Beside],
            (true, false) => &[Keys::Beside],
            (false, _) => &[Keys::Row],
        };
        TableOf { shape, keys, types, ..rows.clone() }
    };
    Seat::all().map(seat).collect()
}

/// What a table has while the function runs: the old key, the new indexes, and those of the old ones that are to go.
pub fn reshaped(old: &Shape, new: &Shape) -> Shape {
    let stays = |index: &Index| {
        old.indexes.iter().any(|old| old.name == index.name && old.multi == index.multi && old.unique && index.unique)
    };
    let leftover = old.indexes.iter().filter(|old| !old.unique && new.indexes.iter().all(|new| new.name != old.name));
    let declared = new.indexes.iter().map(|index| Index { unique: stays(index), ..index.clone() });
    Shape { table: new.table.clone(), indexes: declared.chain(leftover.cloned()).collect(), ..old.clone() }
}

/// The shape that a table has meanwhile, with the columns by which it can be asked.
fn between(old: &TableOf, new: &TableOf) -> (Shape, Vec<TypeOf>) {
    let mut shape = reshaped(&old.shape, &new.shape);
    let rekeyed = !old.shape.has_key_of(&new.shape);
    let mut columns: Vec<(ColumnOf, TypeOf)> = Vec::new();
    for (column, of) in old.shape.columns.iter().zip(&old.types) {
        let place = match column.place {
            Place::Primary => Some(Place::Primary),
            Place::Index(at) => {
                let name = &old.shape.indexes[at].name;
                let left = |index: &Index| index.name == *name && new.shape.indexes.iter().all(|new| new.name != *name);
                shape.indexes.iter().position(left).map(Place::Index)
            }
        };
        columns.extend(place.map(|place| (ColumnOf { place, ..column.clone() }, *of)));
    }
    for (column, of) in new.shape.columns.iter().zip(&new.types) {
        let known = columns.iter().any(|(other, _)| other.name == column.name);
        let primary = column.place == Place::Primary;
        if (primary && (rekeyed || known)) || (column.first && known) {
            continue;
        }
        columns.push((column.clone(), *of));
    }
    let is_primary = |(column, _): &(ColumnOf, TypeOf)| column.place == Place::Primary && !column.first;
    shape.primary_column = columns.iter().position(is_primary).unwrap_or(0);
    let types;
    (shape.columns, types) = columns.into_iter().unzip();
    (shape, types)
}

/// What an upgrade's function calls a column.
pub fn column_name(shape: &Shape, column: usize, name: Side) -> String {
    let of = &shape.columns[column];
    let first = |name: &str| name.trim_matches(['[', ']']).split('+').next().unwrap_or_default().to_owned();
    match of.place {
        Place::Primary if of.first => first(&shape.primary_name),
        Place::Index(at) if of.first => first(&shape.indexes[at].name),
        Place::Index(at) => shape.indexes[at].name.clone(),
        // A renamed store has another key than the one that its name is declared with.
        Place::Primary if name == Side::New || shape.is_outside() => ":id".to_owned(),
        Place::Primary if shape.indexes.iter().any(|index| index.name == shape.primary_name) => ":id".to_owned(),
        Place::Primary => shape.primary_name.clone(),
    }
}

/// A row of the new type: what the old one has of it, and the change.
pub fn converted(old: &Row, members: &[FieldOf], change: &Change) -> Row {
    let value = |of: &FieldOf| old.iter().find(|(name, _)| *name == of.name).map(|(_, value)| value.clone());
    let mut row = members.iter().map(|of| (of.name, value(of).unwrap_or_else(of.simplest))).collect();
    change.apply(&mut row);
    row
}
