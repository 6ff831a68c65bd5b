//! Upgrades: the tables as they are between the versions, the function's steps, and what makes them be as the new version says.

use super::{Place, Reference, Table, shapes};
use crate::key::Key;
use crate::menu::Age;
use crate::outcome::{Fault, Outcome};
use crate::program::{Action, Change};
use crate::record::FieldOf;
use crate::shape::Shape;
use crate::table::{TableOf, tables};
use crate::upgrade::{Ending, Part, Seat, Side, Upgrade, converted, name, reshaped, seats, stays};
use crate::value::{Row, Value, field, set};

impl Reference {
    pub(super) fn upgrade<D: Age>(&mut self, upgrade: &Upgrade) -> Outcome {
        let mut rebuild = Rebuild::of::<D>(&self.tables);
        let mut steps = Vec::new();
        let mut failed = None;
        for part in &upgrade.parts {
            let outcome = rebuild.part(part).unwrap_or_else(Outcome::Failed);
            failed = part.uncaught(&outcome);
            steps.push(outcome);
            if failed.is_some() {
                break;
            }
        }
        // Once it has returned, errors name their table themselves.
        let last = rebuild.last.filter(|_| failed.is_some() || upgrade.end != Ending::Done);
        let settled = match (failed, upgrade.end) {
            (Some(fault), _) => Err(fault),
            (None, Ending::Fail) => Err(Fault::User),
            (None, Ending::Stall) => Err(Fault::Stalled),
            (None, Ending::Panic) => Err(Fault::Aborted),
            (None, Ending::Done) => rebuild.settle(),
        };
        let end = match settled {
            Ok(tables) => {
                self.tables = tables;
                Outcome::Done
            }
            Err(fault) => Outcome::Failed(fault.in_upgrade(last)),
        };
        Outcome::Body { steps, end: Box::new(end) }
    }
}

/// The database in the middle of its upgrade.
struct Rebuild {
    slots: Vec<Slot>,
    seats: Vec<TableOf>,
    /// The table that the function has used last, by the name that it had then.
    last: Option<&'static str>,
}

/// One of the three tables.
struct Slot {
    names: [&'static str; 2],
    members: [&'static [FieldOf]; 2],
    shapes: [Shape; 2],
    /// By the old name; the only one, if the name stays.
    old: Option<Table>,
    /// By the new name, where that is another one.
    new: Option<Table>,
    /// Whether nothing can have been written by the new name.
    blank: bool,
}

impl Rebuild {
    fn of<D: Age>(before: &[Table]) -> Self {
        let (old, new) = (tables::<D::Past>(), tables::<D>());
        let (old_shapes, new_shapes) = (shapes::<D::Past>(), shapes::<D>());
        let slots = before.iter().enumerate().map(|(at, table)| {
            let shapes = [old_shapes[at].clone(), new_shapes[at].clone()];
            let mut table = table.clone();
            if stays::<D>(at) {
                table.shape = reshaped(&shapes[0], &shapes[1]);
            }
            Slot {
                names: [name::<D>(at, Side::Old), name::<D>(at, Side::New)],
                members: [old[at].fields, new[at].fields],
                old: Some(table),
                new: (!stays::<D>(at)).then(|| Table::new(shapes[1].clone())),
                blank: true,
                shapes,
            }
        });
        Self { slots: slots.collect(), seats: seats::<D>(), last: None }
    }

    fn part(&mut self, part: &Part) -> Result<Outcome, Fault> {
        match part {
            Part::Do(action, _) => {
                let seat = Seat::of(action.table);
                self.uses(seat.table, seat.name);
                self.slots[seat.table].action(seat, &self.seats[action.table].shape, action)
            }
            Part::Migrate(table, change) => {
                self.uses(*table, Side::New);
                self.slots[*table].migrate(change).map(Outcome::Count)
            }
            Part::Rename(table, _) => self.slots[*table].rename(),
        }
    }

    fn uses(&mut self, table: usize, name: Side) {
        let slot = &mut self.slots[table];
        if slot.table(name).is_ok() {
            self.last = Some(slot.names[usize::from(name == Side::New)]);
        }
    }

    fn settle(self) -> Result<Vec<Table>, Fault> {
        self.slots.into_iter().map(Slot::settle).collect()
    }
}

impl Slot {
    fn stays(&self) -> bool {
        self.names[0] == self.names[1]
    }

    fn table(&mut self, name: Side) -> Result<&mut Table, Fault> {
        let stays = self.stays();
        let table = if stays || name == Side::Old { &mut self.old } else { &mut self.new };
        let unknown = self.names[usize::from(name == Side::New)];
        table.as_mut().ok_or_else(|| Fault::UnknownTable { table: unknown.to_owned() })
    }

    fn action(&mut self, seat: Seat, shape: &Shape, action: &Action) -> Result<Outcome, Fault> {
        if action.verb.writes() && seat.name == Side::New {
            self.blank = false;
        }
        let lens = self.members[usize::from(seat.rows == Side::New)];
        let table = self.table(seat.name)?;
        table.lens = Some(lens);
        table.shape.columns.clone_from(&shape.columns);
        table.shape.primary_column = shape.primary_column;
        table.run(&action.verb, Place::Inside)
    }

    fn rename(&mut self) -> Result<Outcome, Fault> {
        if self.old.is_none() {
            return Err(Fault::UnknownTable { table: self.names[0].to_owned() });
        }
        if self.new.is_some() && !self.blank {
            return Err(Fault::InvalidArgument);
        }
        self.new = self.old.take();
        let [old, new] = &self.shapes;
        if let Some(table) = &mut self.new {
            table.shape = reshaped(old, new);
        }
        // It is no longer the one that was created empty.
        self.blank = false;
        Ok(Outcome::Done)
    }

    /// Converts every row of the table of the new name, in a new store.
    fn migrate(&mut self, change: &Change) -> Result<usize, Fault> {
        self.blank = false;
        let (members, goal) = (self.members, self.shapes[1].clone());
        let table = self.table(Side::New)?;
        table.lens = Some(members[0]);
        let mut to = Table::new(goal);
        for index in &mut to.shape.indexes {
            let is_unique = |own: &crate::shape::Index| own.name == index.name && own.unique;
            index.unique &= table.shape.indexes.iter().any(is_unique);
        }
        let converted: Vec<(Key, Row)> = table
            .rows
            .iter()
            .map(|(key, row)| (key.clone(), converted(&table.seen(row), members[1], change)))
            .collect();
        let mut new_keys = Vec::new();
        for (key, row) in &converted {
            let is_number = matches!(key, Key::Number(_));
            new_keys.push(match to.shape.own_key(row) {
                _ if to.shape.is_outside() => (is_number || !to.shape.generated).then(|| key.clone()),
                Some(own) => Some(own),
                None => return Err(to.data(None, None).at_row(&to.shape.table, key)),
            });
        }
        let count = converted.len();
        for ((key, row), new_key) in converted.into_iter().zip(new_keys) {
            if let Err(fault) = to.store(false, new_key, row, None) {
                return Err(fault.at_row(&to.shape.table, &key));
            }
        }
        if to.shape.generated && table.shape.generated {
            to.next = to.next.max(table.next);
        }
        *table = to;
        Ok(count)
    }

    /// What the new version has in its place.
    fn settle(self) -> Result<Table, Fault> {
        let stays = self.stays();
        let Self { members, shapes: [_, goal], old, new, .. } = self;
        let Some(mut table) = (if stays { old } else { new }) else { return Ok(Table::new(goal)) };
        if table.shape.has_key_of(&goal) {
            for (index, wanted) in goal.indexes.iter().enumerate() {
                if wanted.unique
                    && !table.shape.indexes[index].unique
                    && let Some(key) = table.repeated(index)
                {
                    return Err(table.clash(Some(&wanted.name), Some(key), None));
                }
            }
            table.shape = goal;
        } else {
            table = table.adopted(goal)?;
        }
        table.lens = Some(members[1]);
        for at in 0..table.rows.len() {
            table.rows[at].1 = table.seen(&table.rows[at].1);
        }
        table.lens = None;
        Ok(table)
    }
}

impl Table {
    /// The least key that more than one row has in an index.
    fn repeated(&self, index: usize) -> Option<Key> {
        let mut keys: Vec<Key> = self.rows.iter().flat_map(|(_, row)| self.shape.keys(index, row)).collect();
        keys.sort_by(Key::compare);
        keys.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0].clone())
    }

    /// The rows under another primary key.
    fn adopted(&self, goal: Shape) -> Result<Self, Fault> {
        let mut to = Self::new(goal);
        // Keys are looked at before anything is written.
        let mut adopted = Vec::new();
        for (key, row) in &self.rows {
            let mut row = row.clone();
            let stays = !to.shape.generated || matches!(key, Key::Number(_));
            if !to.shape.is_outside() && stays && (self.shape.is_outside() || to.shape.generated) {
                fill(&to.shape, key, &mut row);
            }
            let new_key = if to.shape.is_outside() {
                stays.then(|| key.clone())
            } else {
                match to.shape.own_key(&row) {
                    None if to.shape.generates_for(&row) => None,
                    Some(own) if !to.shape.generated || matches!(own, Key::Number(_)) => Some(own),
                    _ => return Err(to.data(None, None).at_row(&to.shape.table, key)),
                }
            };
            adopted.push((new_key, row));
        }
        for (new_key, row) in adopted {
            to.store(false, new_key, row, None)?;
        }
        if to.shape.generated && self.shape.generated {
            to.next = to.next.max(self.next);
        }
        Ok(to)
    }
}

/// Writes a key into a row, where the row has none.
fn fill(shape: &Shape, key: &Key, row: &mut Row) {
    let parts = if shape.is_compound { key.parts().to_vec() } else { vec![key.clone()] };
    for (name, part) in shape.fields.iter().zip(parts) {
        if *field(row, name) == Value::Absent {
            set(row, name, part.value());
        }
    }
}
