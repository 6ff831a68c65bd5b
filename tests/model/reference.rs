//! The reference: what IndexedDB and the library's contract say that a program comes to, in the most naive way. Tables are vectors of
//! rows, indexes are computed anew for every question, and what is undone is a copy that is put back.

mod read;
mod upgrade;
mod write;

use crate::key::Key;
use crate::menu::{Age, Trio};
use crate::outcome::{Fault, Outcome};
use crate::program::{Action, End, Inner, Keys, Program, Savepoint, Step, Transaction, Verb};
use crate::record::FieldOf;
use crate::shape::Shape;
use crate::value::{Row, Value, field, set};

/// The three tables of a database.
#[derive(Clone, Debug)]
pub struct Reference {
    tables: Vec<Table>,
}

#[derive(Clone, Debug)]
pub struct Table {
    shape: Shape,
    /// By primary key.
    rows: Vec<(Key, Row)>,
    /// The key that is generated next.
    next: u64,
    /// What of the rows is seen, if not all of it: those fields that the type of an upgrade's table has.
    lens: Option<&'static [FieldOf]>,
}

/// Where an operation runs: alone, where an error takes back all of it, or in a transaction that goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    Alone,
    Inside,
}

/// What a whole program comes to, step by step.
pub fn evaluate<D: Age>(program: &Program) -> Vec<Outcome> {
    let Some(past) = &program.past else {
        return Reference::new::<D>().steps(&program.steps);
    };
    let mut reference = Reference::new::<D::Past>();
    let mut outcomes = reference.steps(&past.steps);
    let upgraded = reference.upgrade::<D>(&past.upgrade);
    let rest = if upgraded.has_failed() { &past.otherwise } else { &program.steps };
    outcomes.push(upgraded);
    outcomes.extend(reference.steps(rest));
    outcomes
}

fn shapes<D: Trio>() -> [Shape; 3] {
    let [first, second, third] = D::TABLES;
    [Shape::of::<D::First>(first), Shape::of::<D::Second>(second), Shape::of::<D::Third>(third)]
}

impl Reference {
    pub fn new<D: Trio>() -> Self {
        Self { tables: shapes::<D>().map(Table::new).into() }
    }

    fn steps(&mut self, steps: &[Step]) -> Vec<Outcome> {
        steps.iter().map(|step| self.step(step)).collect()
    }

    fn step(&mut self, step: &Step) -> Outcome {
        match step {
            Step::Do(action) => self.action(action, Place::Alone),
            Step::Together(steps) => Outcome::Together(steps.iter().map(|step| self.step(step)).collect()),
            Step::Transact(transaction) => self.transaction(transaction),
            Step::Reopen => Outcome::Done,
        }
    }

    fn action(&mut self, action: &Action, place: Place) -> Outcome {
        let table = &mut self.tables[action.table];
        table.run(&action.verb, place).unwrap_or_else(Outcome::Failed)
    }

    fn transaction(&mut self, transaction: &Transaction) -> Outcome {
        let before = self.tables.clone();
        let (steps, failed) = self.body(&transaction.steps);
        let end = match (failed, transaction.end) {
            (Some(fault), _) => Outcome::Failed(fault),
            (None, End::Commit) => Outcome::Done,
            (None, End::Fail) => Outcome::Failed(Fault::User),
            (None, End::Abort) => Outcome::Failed(Fault::Aborted),
            (None, End::Drop) => Outcome::Dropped,
            (None, End::CommitAndFail) => {
                return Outcome::Body { steps, end: Box::new(Outcome::Failed(Fault::User)) };
            }
        };
        if end != Outcome::Done {
            // The numbers that were generated are given back, too.
            self.tables = before;
        }
        Outcome::Body { steps, end: Box::new(end) }
    }

    /// The steps up to the first error that is not caught.
    fn body(&mut self, steps: &[Inner]) -> (Vec<Outcome>, Option<Fault>) {
        let mut outcomes = Vec::new();
        for step in steps {
            outcomes.push(self.inner(step));
            let failed = outcomes.last().and_then(|outcome| step.uncaught(outcome));
            if failed.is_some() {
                return (outcomes, failed);
            }
        }
        (outcomes, None)
    }

    fn inner(&mut self, step: &Inner) -> Outcome {
        match step {
            Inner::Do(action, _) => self.action(action, Place::Inside),
            Inner::Together(steps) => Outcome::Together(steps.iter().map(|step| self.inner(step)).collect()),
            Inner::Savepoint(savepoint) => self.savepoint(savepoint),
            Inner::Unbound(table) => {
                Outcome::Failed(Fault::OutsideTransaction { table: self.tables[*table].shape.table.clone() })
            }
        }
    }

    fn savepoint(&mut self, Savepoint { steps, fails, .. }: &Savepoint) -> Outcome {
        let before = self.tables.clone();
        let (steps, failed) = self.body(steps);
        let failed = failed.or_else(|| fails.then_some(Fault::User));
        if failed.is_some() {
            for (table, before) in self.tables.iter_mut().zip(before) {
                table.rows = before.rows;
            }
        }
        Outcome::Body { steps, end: Box::new(failed.map_or(Outcome::Done, Outcome::Failed)) }
    }
}

impl Table {
    fn new(shape: Shape) -> Self {
        Self { shape, rows: Vec::new(), next: 1, lens: None }
    }

    /// What is seen of a stored row; what is missing is as simple as can be.
    fn seen(&self, row: &Row) -> Row {
        let Some(fields) = self.lens else { return row.clone() };
        let value = |of: &FieldOf| match field(row, of.name) {
            Value::Absent => (of.simplest)(),
            value => value.clone(),
        };
        fields.iter().map(|of| (of.name, value(of))).collect()
    }

    /// The stored row with what is seen of it as it is now, which includes what was missing.
    fn merged(stored: &Row, after: &Row) -> Row {
        let mut merged = stored.clone();
        for (name, after) in after {
            set(&mut merged, name, after.clone());
        }
        merged
    }

    fn run(&mut self, verb: &Verb, place: Place) -> Result<Outcome, Fault> {
        match verb {
            Verb::Insert { put, many, keys, rows } => self.insert(*put, *many, *keys, rows, place),
            Verb::Get(key) => Ok(Outcome::Row(self.get(&self.key(key, None)?).map(|row| self.seen(row)))),
            Verb::GetMany(keys) => {
                let keys = self.keys(keys)?;
                Ok(Outcome::Found(keys.iter().map(|key| self.get(key).map(|row| self.seen(row))).collect()))
            }
            Verb::GetBy(column, key) => {
                let key = self.key(key, None)?;
                let found = self.rows.iter().find(|(own, row)| self.column_keys(*column, own, row).contains(&key));
                Ok(Outcome::Row(found.map(|(_, row)| row.clone())))
            }
            Verb::Update(key, change) => self.update(key, change, place),
            Verb::Upsert(key, default, change) => self.upsert(key, default, change, place),
            Verb::UpdateMany(changes) => self.update_many(changes, place),
            Verb::Delete(key) => {
                let key = self.key(key, None)?;
                self.remove(&key);
                Ok(Outcome::Done)
            }
            Verb::DeleteMany(keys) => {
                for key in self.keys(keys)? {
                    self.remove(&key);
                }
                Ok(Outcome::Done)
            }
            Verb::Clear => {
                self.rows.clear();
                Ok(Outcome::Done)
            }
            Verb::Read(query, terminal) => self.read(query, *terminal),
            Verb::DeleteFound(query) => {
                let keys = self.found_keys(query)?;
                for key in &keys {
                    self.remove(key);
                }
                Ok(Outcome::Count(keys.len()))
            }
            Verb::Modify(query, change) => self.modify(query, change, place),
        }
    }

    fn get(&self, key: &Key) -> Option<&Row> {
        self.rows.iter().find(|(own, _)| own == key).map(|(_, row)| row)
    }

    fn remove(&mut self, key: &Key) {
        self.rows.retain(|(own, _)| own != key);
    }

    /// A key that an operation is given; NaN is none.
    fn key(&self, value: &Value, row: Option<usize>) -> Result<Key, Fault> {
        Key::of(value).ok_or_else(|| self.data(None, row))
    }

    fn keys(&self, values: &[Value]) -> Result<Vec<Key>, Fault> {
        values.iter().enumerate().map(|(at, value)| self.key(value, Some(at))).collect()
    }

    fn data(&self, key: Option<Key>, row: Option<usize>) -> Fault {
        Fault::Data { table: self.shape.table.clone(), key, row }
    }

    fn clash(&self, index: Option<&str>, key: Option<Key>, row: Option<usize>) -> Fault {
        Fault::Constraint { table: self.shape.table.clone(), index: index.map(str::to_owned), key, row }
    }
}

/// A table that is being filled with rows that do not clash.
pub struct Filling(Table);

impl Filling {
    pub fn new(shape: Shape) -> Self {
        Self(Table::new(shape))
    }

    /// Whether the row clashes with none of those before it, which then is one of them.
    pub fn takes(&mut self, keys: Keys, key: &Value, row: &Row) -> bool {
        self.0.insert(false, false, keys, &[(key.clone(), row.clone())], Place::Alone).is_ok()
    }
}
