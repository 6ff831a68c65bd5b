//! Pasts by chance: steps on the version before, and an upgrade.

use super::{Generator, whole};
use crate::chance::Chance;
use crate::menu::Age;
use crate::program::{Action, Assign, Change, Program, Step, Verb};
use crate::reference;
use crate::table::tables;
use crate::upgrade::{Ending, Part, Past, Seat, Side, Upgrade, has, seats, stays};
use crate::value::{Row, Value};

/// How often another past is made up for one whose upgrade fails.
const MOST_TRIES: usize = 8;

pub(super) fn past<D: Age>(chance: &mut Chance) -> Past {
    let may_fail = chance.once_in(4);
    let mut past = any::<D>(chance);
    for _ in 0..MOST_TRIES {
        if may_fail || succeeds::<D>(&past) {
            break;
        }
        past = any::<D>(chance);
    }
    past
}

fn succeeds<D: Age>(past: &Past) -> bool {
    let program = Program { past: Some(past.clone()), steps: Vec::new() };
    reference::evaluate::<D>(&program).get(past.steps.len()).is_some_and(|upgraded| !upgraded.has_failed())
}

fn any<D: Age>(chance: &mut Chance) -> Past {
    let old = tables::<D::Past>();
    let mut generator = Generator { chance, tables: &old };
    let mut steps = Vec::new();
    for table in 0..old.len() {
        if !generator.chance.once_in(6) {
            steps.push(Step::Do(generator.fill(table)));
        }
    }
    let count = generator.chance.below(4);
    steps.extend((0..count).map(|_| generator.step()));
    let mut otherwise: Vec<Step> = Vec::new();
    let count = generator.chance.below(3);
    otherwise.extend((0..count).map(|_| generator.step()));
    otherwise.extend(old.iter().enumerate().flat_map(|(at, table)| whole(at, table)));
    Past { steps, upgrade: upgrade::<D>(chance), otherwise }
}

fn upgrade<D: Age>(chance: &mut Chance) -> Upgrade {
    let tables = seats::<D>();
    let mut generator = Generator { chance, tables: &tables };
    let (mut renamed, mut migrated) = ([false; 3], [false; 3]);
    let mut parts = Vec::new();
    let moves: Vec<usize> = (0..renamed.len()).filter(|table| !stays::<D>(*table)).collect();
    let count = generator.chance.below(8);
    while parts.len() < count {
        match generator.chance.below(12) {
            0 => {
                let table = generator.chance.below(renamed.len());
                migrated[table] = true;
                parts.push(Part::Migrate(table, generator.change(seat(table, Side::New, Side::New).number())));
            }
            1..=3 if !moves.is_empty() => {
                let table = *generator.chance.pick(&moves);
                renamed[table] = true;
                let caught = generator.caught();
                parts.push(Part::Rename(table, caught));
            }
            _ => {
                let table = generator.chance.below(renamed.len());
                let seats = offered::<D>(table, migrated[table]);
                if let Some(action) = generator.in_upgrade(&seats, !stays::<D>(table), renamed) {
                    let caught = generator.caught();
                    parts.push(Part::Do(action, caught));
                }
            }
        }
    }
    Upgrade { parts, end: Ending::random(chance) }
}

fn seat(table: usize, name: Side, rows: Side) -> Seat {
    Seat { table, name, rows }
}

/// What the function can get of a table. A store that is dropped has rows of its own type only.
fn offered<D: Age>(table: usize, migrated: bool) -> Vec<Seat> {
    let [old, new] = [Side::Old, Side::New];
    match stays::<D>(table) {
        true if migrated => vec![seat(table, new, new)],
        true => vec![seat(table, old, old), seat(table, old, new)],
        false => vec![seat(table, old, old), seat(table, new, new)],
    }
}

impl Generator<'_> {
    /// Where a store has been renamed, rows are no longer inserted: their keys may be elsewhere than its name says.
    fn in_upgrade(&mut self, seats: &[Seat], dropped: bool, renamed: [bool; 3]) -> Option<Action> {
        let seat = *self.chance.pick(seats);
        let dropped = dropped && seat.name == Side::Old;
        let action = self.action(Some(seat.number()));
        let inserts = matches!(action.verb, Verb::Insert { .. });
        let moved = inserts && seat.name == Side::New && renamed[seat.table];
        let unfit = moved || (dropped && writes_bytes(&action.verb));
        (has(&self.tables[seat.number()], &action.verb) && !unfit).then_some(action)
    }
}

/// Which lists of numbers are bytes is known of the tables that the newest version has. In one that is dropped they are written as
/// lists, which are other keys.
fn writes_bytes(verb: &Verb) -> bool {
    let are_bytes = |value: &Value| matches!(value, Value::Bytes(_));
    let any = |row: &Row| row.iter().any(|(_, value)| are_bytes(value));
    let sets = |Change(assigns): &Change| {
        assigns.iter().any(|assign| matches!(assign, Assign::Set(_, value) if are_bytes(value)))
    };
    match verb {
        Verb::Insert { rows, .. } => rows.iter().any(|(_, row)| any(row)),
        Verb::Upsert(_, row, change) => any(row) || sets(change),
        Verb::Update(_, change) | Verb::Modify(_, change) => sets(change),
        _ => false,
    }
}
