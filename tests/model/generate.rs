//! The generator: programs by chance. Every seed is one program, always the same.

mod query;
mod upgrade;

use crate::chance::Chance;
use crate::menu::Age;
use crate::program::{Action, Assign, Caught, Change, End, Inner, Keys, Program, Savepoint, Step, Transaction, Verb};
use crate::query::{Modifier, Query, Terminal};
use crate::record::FieldOf;
use crate::reference::Filling;
use crate::table::{TableOf, tables};
use crate::value::{Row, Value, set};

/// The program of a seed.
pub fn program<D: Age>(chance: &mut Chance) -> Program {
    let past = chance.once_in(2).then(|| upgrade::past::<D>(chance));
    let tables = tables::<D>();
    let mut generator = Generator { chance, tables: &tables };
    let mut steps = Vec::new();
    for table in 0..tables.len() {
        // Rows of the past are enough, mostly.
        if !generator.chance.once_in(if past.is_some() { 2 } else { 6 }) {
            steps.push(Step::Do(generator.fill(table)));
        }
    }
    let count = 4 + generator.chance.below(9);
    steps.extend((0..count).map(|_| generator.step()));
    steps.extend(tables.iter().enumerate().flat_map(|(at, table)| whole(at, table)));
    Program { past, steps }
}

/// All there is in a table, and in each of its indexes.
fn whole(at: usize, table: &TableOf) -> Vec<Step> {
    let read = |query, terminal| Step::Do(Action { table: at, verb: Verb::Read(query, terminal) });
    let mut steps = vec![read(Query::default(), Terminal::Entries)];
    for (column, of) in table.shape.columns.iter().enumerate().filter(|(_, of)| !of.first) {
        if of.place != crate::shape::Place::Primary {
            let steps_of = vec![Modifier::OrderBy(column)];
            steps.push(read(Query { start: None, steps: steps_of }, Terminal::Keys));
        }
    }
    steps
}

struct Generator<'a> {
    chance: &'a mut Chance,
    tables: &'a [TableOf],
}

impl Generator<'_> {
    /// Rows that clash with none of one another.
    fn fill(&mut self, table: usize) -> Action {
        let of = &self.tables[table];
        let crowd = self.chance.once_in(20);
        let count = if crowd { 70 + self.chance.below(80) } else { 1 + self.chance.below(24) };
        let keys = *self.chance.pick(of.keys);
        let mut filling = Filling::new(of.shape.clone());
        let mut rows = Vec::new();
        for number in 0..count {
            let (mut key, mut row) = (self.beside(table, keys), self.row(table));
            if crowd {
                spread(of, number, &mut key, &mut row);
            }
            if filling.takes(keys, &key, &row) {
                rows.push((key, row));
            }
        }
        Action { table, verb: Verb::Insert { put: self.chance.once_in(2), many: true, keys, rows } }
    }

    fn step(&mut self) -> Step {
        match self.chance.below(20) {
            0..=9 => Step::Do(self.action(None)),
            10 | 11 => {
                let count = 2 + self.chance.below(4);
                Step::Together((0..count).map(|_| self.one_of_several()).collect())
            }
            12 if self.chance.once_in(2) => Step::Reopen,
            _ => Step::Transact(self.transaction(6)),
        }
    }

    fn one_of_several(&mut self) -> Step {
        if self.chance.once_in(5) { Step::Transact(self.transaction(3)) } else { Step::Do(self.at_once(None)) }
    }

    /// An operation that takes effect as one.
    fn at_once(&mut self, table: Option<usize>) -> Action {
        loop {
            let action = self.action(table);
            if !action.goes_on() {
                return action;
            }
        }
    }

    fn transaction(&mut self, most: usize) -> Transaction {
        let mut scope: Vec<usize> = (0..self.tables.len()).filter(|_| self.chance.once_in(2)).collect();
        if scope.is_empty() {
            scope.push(self.chance.below(self.tables.len()));
        }
        let write = !self.chance.once_in(4);
        let count = self.chance.below(most + 1);
        let steps = self.body(&scope, write, count, 2);
        let end = match self.chance.below(14) {
            0..=7 => End::Commit,
            8..=10 => End::Fail,
            11 => End::Abort,
            12 => End::CommitAndFail,
            _ => End::Drop,
        };
        Transaction { write, scope, steps, end }
    }

    /// Steps of a body, in which savepoints may nest this deep.
    fn body(&mut self, scope: &[usize], write: bool, count: usize, deep: usize) -> Vec<Inner> {
        (0..count).map(|_| self.inner(scope, write, deep)).collect()
    }

    fn inner(&mut self, scope: &[usize], write: bool, deep: usize) -> Inner {
        match self.chance.below(20) {
            0..=2 => {
                let count = 2 + self.chance.below(4);
                let mut steps = Vec::new();
                while steps.len() < count {
                    if deep > 0 && self.chance.once_in(6) {
                        steps.push(Inner::Savepoint(Savepoint {
                            caught: Caught::Yes,
                            ..self.savepoint(scope, write, deep)
                        }));
                        continue;
                    }
                    let action = self.action_in(scope, write);
                    if !action.goes_on() {
                        steps.push(Inner::Do(action, Caught::Yes));
                    }
                }
                Inner::Together(steps)
            }
            4 | 5 if deep > 0 => Inner::Savepoint(self.savepoint(scope, write, deep)),
            3 if self.chance.once_in(2) => Inner::Unbound(self.chance.below(self.tables.len())),
            _ => {
                let caught = self.caught();
                Inner::Do(self.action_in(scope, write), caught)
            }
        }
    }

    fn savepoint(&mut self, scope: &[usize], write: bool, deep: usize) -> Savepoint {
        let count = self.chance.below(4);
        let steps = self.body(scope, write, count, deep - 1);
        Savepoint { steps, fails: self.chance.once_in(3), caught: self.caught() }
    }

    fn caught(&mut self) -> Caught {
        if self.chance.once_in(4) { Caught::No } else { Caught::Yes }
    }

    fn action_in(&mut self, scope: &[usize], write: bool) -> Action {
        let table = *self.chance.pick(scope);
        loop {
            let action = self.action(Some(table));
            if write || !action.verb.writes() {
                return action;
            }
        }
    }

    fn action(&mut self, table: Option<usize>) -> Action {
        let table = table.unwrap_or_else(|| self.chance.below(self.tables.len()));
        Action { table, verb: self.verb(table) }
    }

    fn verb(&mut self, table: usize) -> Verb {
        match self.chance.below(30) {
            0..=4 => self.insert(table),
            5 => Verb::Get(self.key(table)),
            6 => Verb::GetMany(self.keys(table)),
            7 => self.get_by(table),
            8 | 9 => Verb::Update(self.key(table), self.change(table)),
            10 => {
                let (key, mut default) = (self.key(table), self.row(table));
                // Mostly a row that has the key.
                if !self.chance.once_in(4) {
                    place(&self.tables[table], &key, &mut default);
                }
                Verb::Upsert(key, default, self.change(table))
            }
            11 => {
                let count = self.chance.below(5);
                Verb::UpdateMany((0..count).map(|_| (self.key(table), self.change(table))).collect())
            }
            12 => Verb::Delete(self.key(table)),
            13 => Verb::DeleteMany(self.keys(table)),
            14 if self.chance.once_in(3) => Verb::Clear,
            14 | 15 => Verb::DeleteFound(self.query(table)),
            16 | 17 => Verb::Modify(self.query(table), self.change(table)),
            _ => {
                let terminal = self.terminal();
                let query = if self.chance.once_in(10) { Query::default() } else { self.query(table) };
                Verb::Read(query, terminal)
            }
        }
    }

    fn insert(&mut self, table: usize) -> Verb {
        let keys = *self.chance.pick(self.tables[table].keys);
        let many = self.chance.once_in(2);
        let count = if many { self.chance.below(6) } else { 1 };
        let rows = (0..count).map(|_| (self.beside(table, keys), self.row(table))).collect();
        Verb::Insert { put: self.chance.once_in(2), many, keys, rows }
    }

    fn get_by(&mut self, table: usize) -> Verb {
        let columns = &self.tables[table].shape.columns;
        let unique: Vec<usize> = (0..columns.len()).filter(|at| columns[*at].unique).collect();
        let column = *self.chance.pick(&unique);
        Verb::GetBy(column, self.of_column(table, column))
    }

    fn row(&mut self, table: usize) -> Row {
        let of = &self.tables[table];
        of.fields.iter().map(|field| (field.name, value(of, field, self.chance))).collect()
    }

    fn key(&mut self, table: usize) -> Value {
        self.of_column(table, self.tables[table].shape.primary_column)
    }

    /// A key of a column.
    fn of_column(&mut self, table: usize, column: usize) -> Value {
        let TableOf { shape, types, .. } = &self.tables[table];
        unsigned(shape.generated && column == shape.primary_column, (types[column].random)(self.chance))
    }

    fn keys(&mut self, table: usize) -> Vec<Value> {
        let count = self.chance.below(5);
        (0..count).map(|_| self.key(table)).collect()
    }

    fn beside(&mut self, table: usize, keys: Keys) -> Value {
        if keys == Keys::Beside { self.key(table) } else { Value::Absent }
    }

    fn change(&mut self, table: usize) -> Change {
        let of = &self.tables[table];
        let count = self.chance.below(3);
        Change(self.chance.many(count, |chance| {
            let field = chance.pick(of.fields);
            match value(of, field, chance) {
                Value::Number(_) if field.adds && chance.once_in(2) => Assign::Add(field.name, 1),
                value => Assign::Set(field.name, value),
            }
        }))
    }
}

fn value(table: &TableOf, field: &FieldOf, chance: &mut Chance) -> Value {
    let is_key = table.shape.primary.iter().any(|path| path[0] == field.name);
    unsigned(table.shape.generated && is_key, (field.random)(chance))
}

/// No minus zero. Where keys are generated, Chromium writes the key that `get` is asked for into the row: 0 for -0.
fn unsigned(generated: bool, value: Value) -> Value {
    match value {
        Value::Number(zero) if zero == 0.0 && generated => Value::Number(0.0),
        value => value,
    }
}

/// Gives a row a key of its own, far from the others'.
fn spread(table: &TableOf, number: usize, beside: &mut Value, row: &mut Row) {
    let other = |value: &Value| {
        let number = i32::try_from(number).unwrap_or(0);
        match value {
            Value::Number(_) => Value::Number(f64::from(number + 1)),
            Value::Text(_) => Value::Text(format!("k{number}")),
            Value::Bytes(_) => Value::Bytes(number.to_be_bytes()[2..].to_vec()),
            Value::Date(_) => Value::Date(i64::from(number) * 1_000),
            value => value.clone(),
        }
    };
    *beside = other(beside);
    for name in key_fields(table) {
        let value = other(crate::value::field(row, name));
        set(row, name, value);
    }
}

/// Writes a key into a row.
fn place(table: &TableOf, key: &Value, row: &mut Row) {
    match key_fields(table).as_slice() {
        [name] if !table.shape.is_compound => set(row, name, key.clone()),
        names => names.iter().zip(key.list()).for_each(|(name, part)| set(row, name, part.clone())),
    }
}

/// The fields of the primary key, unless the rows' type does not have them.
fn key_fields(table: &TableOf) -> Vec<&'static str> {
    let has = |name: &&str| table.fields.iter().any(|field| field.name == *name);
    if table.shape.fields.iter().all(has) { table.shape.fields.clone() } else { Vec::new() }
}
