//! The shrinker: programs that are a little simpler than one that fails. Whoever finds one that still fails goes on from there.

mod query;
mod upgrade;

use crate::menu::Age;
use crate::program::{Action, Caught, Change, End, Inner, Program, Savepoint, Step, Transaction, Verb};
use crate::table::{TableOf, tables};
use crate::value::{Row, Value};

/// Simpler programs, the boldest first.
pub fn simpler<D: Age>(program: &Program) -> Vec<Program> {
    let tables = tables::<D>();
    let mut all = Vec::new();
    if let Some(past) = &program.past {
        all.push(Program { past: None, ..program.clone() });
        all.extend(upgrade::simpler::<D>(past).into_iter().map(|past| Program { past: Some(past), ..program.clone() }));
    }
    let steps = simpler_steps(&Shrinking { tables: &tables }, &program.steps);
    all.extend(steps.into_iter().map(|steps| Program { steps, ..program.clone() }));
    all
}

fn simpler_steps(shrinking: &Shrinking<'_>, steps: &[Step]) -> Vec<Vec<Step>> {
    let each = each(steps, |step| shrinking.step(step)).into_iter().map(|all| all.concat());
    fewer(steps).into_iter().chain(each).collect()
}

struct Shrinking<'a> {
    tables: &'a [TableOf],
}

/// The list without some of it: without a half, a quarter, and so on to every single element.
pub fn fewer<T: Clone>(list: &[T]) -> Vec<Vec<T>> {
    let mut all = Vec::new();
    let mut size = list.len();
    while size > 0 {
        for from in (0..list.len()).step_by(size) {
            let to = (from + size).min(list.len());
            all.push([&list[..from], &list[to..]].concat());
        }
        size /= 2;
    }
    all
}

/// The list with one element made simpler, in every way.
fn each<T: Clone, U: From<T>>(list: &[T], simpler: impl Fn(&T) -> Vec<U>) -> Vec<Vec<U>> {
    let mut all = Vec::new();
    for (at, element) in list.iter().enumerate() {
        for simple in simpler(element) {
            let mut changed: Vec<U> = list.iter().cloned().map(U::from).collect();
            changed[at] = simple;
            all.push(changed);
        }
    }
    all
}

impl Shrinking<'_> {
    fn table(&self, action: &Action) -> &TableOf {
        &self.tables[action.table]
    }

    /// What may stand in the step's place: any number of steps.
    fn step(&self, step: &Step) -> Vec<Steps> {
        match step {
            Step::Reopen => Vec::new(),
            Step::Do(action) => self.action(action).into_iter().map(|action| Steps(vec![Step::Do(action)])).collect(),
            Step::Together(steps) => {
                let mut all = vec![Steps(steps.clone())];
                all.extend(fewer(steps).into_iter().map(together));
                all.extend(each(steps, |step| self.step(step)).into_iter().map(|steps| together(steps.concat())));
                all
            }
            Step::Transact(transaction) => {
                let alone = transaction.steps.iter().flat_map(actions).map(Step::Do).collect();
                let mut all = vec![Steps(alone)];
                let simpler = self.transaction(transaction);
                all.extend(simpler.into_iter().map(|simple| Steps(vec![Step::Transact(simple)])));
                all
            }
        }
    }

    fn transaction(&self, transaction: &Transaction) -> Vec<Transaction> {
        let with = |steps| Transaction { steps, ..transaction.clone() };
        let mut all: Vec<Transaction> = self.body(&transaction.steps).into_iter().map(with).collect();
        if transaction.end != End::Commit {
            all.push(Transaction { end: End::Commit, ..transaction.clone() });
        }
        let used = |table: &usize| transaction.steps.iter().flat_map(actions).any(|action| action.table == *table);
        let scope: Vec<usize> = transaction.scope.iter().copied().filter(used).collect();
        if !scope.is_empty() && scope.len() < transaction.scope.len() {
            all.push(Transaction { scope, ..transaction.clone() });
        }
        all
    }

    /// Simpler steps of a transaction, or of a savepoint.
    fn body(&self, steps: &[Inner]) -> Vec<Vec<Inner>> {
        let mut all = fewer(steps);
        for (at, inner) in steps.iter().enumerate() {
            for simple in self.inner(inner) {
                let mut steps = steps.to_vec();
                steps.splice(at..=at, simple);
                all.push(steps);
            }
        }
        all
    }

    fn inner(&self, inner: &Inner) -> Vec<Vec<Inner>> {
        match inner {
            Inner::Unbound(_) => Vec::new(),
            Inner::Do(action, caught) => {
                let mut all: Vec<_> =
                    self.action(action).into_iter().map(|action| vec![Inner::Do(action, *caught)]).collect();
                if *caught == Caught::No {
                    all.push(vec![Inner::Do(action.clone(), Caught::Yes)]);
                }
                all
            }
            Inner::Together(steps) => {
                let mut all = vec![steps.clone()];
                let one = |step: &Inner| {
                    let simpler = self.inner(step).into_iter().filter(|steps| steps.len() == 1);
                    simpler.flatten().collect::<Vec<Inner>>()
                };
                let groups = fewer(steps).into_iter().chain(each(steps, one));
                all.extend(groups.filter(|group| group.len() > 1).map(|group| vec![Inner::Together(group)]));
                all
            }
            Inner::Savepoint(savepoint) => {
                let with = |savepoint| vec![Inner::Savepoint(savepoint)];
                let mut all = vec![savepoint.steps.clone()];
                all.extend(
                    self.body(&savepoint.steps).into_iter().map(|steps| with(Savepoint { steps, ..savepoint.clone() })),
                );
                if savepoint.fails {
                    all.push(with(Savepoint { fails: false, ..savepoint.clone() }));
                }
                if savepoint.caught == Caught::No {
                    all.push(with(Savepoint { caught: Caught::Yes, ..savepoint.clone() }));
                }
                all
            }
        }
    }

    fn action(&self, action: &Action) -> Vec<Action> {
        let table = self.table(action);
        let with = |verb| Action { verb, ..action.clone() };
        self.verb(table, &action.verb).into_iter().map(with).collect()
    }

    fn verb(&self, table: &TableOf, verb: &Verb) -> Vec<Verb> {
        match verb {
            Verb::Insert { put, many, keys, rows } => {
                let with = |rows| Verb::Insert { put: *put, many: *many, keys: *keys, rows };
                let fewer = if *many { fewer(rows) } else { Vec::new() };
                let simpler = each(rows, |(beside, row)| {
                    self.row(table, row).into_iter().map(|row| (beside.clone(), row)).collect::<Vec<_>>()
                });
                fewer.into_iter().chain(simpler).map(with).collect()
            }
            Verb::Get(_) | Verb::GetBy(..) | Verb::Delete(_) | Verb::Clear => Vec::new(),
            Verb::GetMany(keys) => fewer(keys).into_iter().map(Verb::GetMany).collect(),
            Verb::DeleteMany(keys) => fewer(keys).into_iter().map(Verb::DeleteMany).collect(),
            Verb::Update(key, change) => changes(change, |change| Verb::Update(key.clone(), change)),
            Verb::Upsert(key, default, change) => {
                let rows = self.row(table, default).into_iter();
                let mut all: Vec<Verb> = rows.map(|row| Verb::Upsert(key.clone(), row, change.clone())).collect();
                all.extend(changes(change, |change| Verb::Upsert(key.clone(), default.clone(), change)));
                all
            }
            Verb::UpdateMany(pairs) => {
                let simpler = each(pairs, |(key, change)| changes(change, |change| (key.clone(), change)));
                fewer(pairs).into_iter().chain(simpler).map(Verb::UpdateMany).collect()
            }
            Verb::Read(asked, terminal) => {
                query::simpler(asked).into_iter().map(|asked| Verb::Read(asked, *terminal)).collect()
            }
            Verb::DeleteFound(asked) => query::simpler(asked).into_iter().map(Verb::DeleteFound).collect(),
            Verb::Modify(asked, change) => {
                let asked_simpler = query::simpler(asked).into_iter().map(|asked| Verb::Modify(asked, change.clone()));
                asked_simpler.chain(changes(change, |change| Verb::Modify(asked.clone(), change))).collect()
            }
        }
    }

    /// Rows with one field as simple as its type allows.
    fn row(&self, table: &TableOf, row: &Row) -> Vec<Row> {
        let simplest = table.simplest();
        let mut all = Vec::new();
        for (at, (name, value)) in row.iter().enumerate() {
            let is_key = table.shape.primary.iter().any(|path| path[0] == *name);
            if *value != simplest[at].1 && !is_key {
                let mut simple = row.clone();
                simple[at] = simplest[at].clone();
                all.push(simple);
            }
            if let Value::List(elements) = value {
                all.extend(fewer(elements).into_iter().map(|elements| {
                    let mut simple = row.clone();
                    simple[at].1 = Value::List(elements);
                    simple
                }));
            }
        }
        all
    }
}

fn changes<T>(Change(assigns): &Change, with: impl Fn(Change) -> T) -> Vec<T> {
    fewer(assigns).into_iter().map(|assigns| with(Change(assigns))).collect()
}

fn actions(inner: &Inner) -> Vec<Action> {
    match inner {
        Inner::Do(action, _) => vec![action.clone()],
        Inner::Together(steps) | Inner::Savepoint(Savepoint { steps, .. }) => steps.iter().flat_map(actions).collect(),
        Inner::Unbound(_) => Vec::new(),
    }
}

fn together(mut steps: Vec<Step>) -> Steps {
    Steps(if steps.len() > 1 { vec![Step::Together(std::mem::take(&mut steps))] } else { steps })
}

/// Steps in the place of one.
#[derive(Clone)]
struct Steps(Vec<Step>);

impl From<Step> for Steps {
    fn from(step: Step) -> Self {
        Self(vec![step])
    }
}

impl std::borrow::Borrow<[Step]> for Steps {
    fn borrow(&self) -> &[Step] {
        &self.0
    }
}
