//! Simpler pasts: fewer steps before the upgrade and in it.

use super::{Shrinking, changes, fewer, simpler_steps};
use crate::menu::Age;
use crate::program::Caught;
use crate::table::tables;
use crate::upgrade::{Ending, Part, Past, Upgrade, is_fit, seats};

pub(super) fn simpler<D: Age>(past: &Past) -> Vec<Past> {
    let old = tables::<D::Past>();
    let of_old = Shrinking { tables: &old };
    let mut all = Vec::new();
    all.extend(simpler_steps(&of_old, &past.otherwise).into_iter().map(|otherwise| Past { otherwise, ..past.clone() }));
    all.extend(simpler_upgrade::<D>(&past.upgrade).into_iter().map(|upgrade| Past { upgrade, ..past.clone() }));
    all.extend(simpler_steps(&of_old, &past.steps).into_iter().map(|steps| Past { steps, ..past.clone() }));
    all
}

fn simpler_upgrade<D: Age>(upgrade: &Upgrade) -> Vec<Upgrade> {
    let seats = seats::<D>();
    let shrinking = Shrinking { tables: &seats };
    let mut bodies = fewer(&upgrade.parts);
    for (at, part) in upgrade.parts.iter().enumerate() {
        for simple in simpler_part(&shrinking, part) {
            let mut parts = upgrade.parts.clone();
            parts[at] = simple;
            bodies.push(parts);
        }
    }
    let mut all: Vec<Upgrade> = bodies
        .into_iter()
        .filter(|parts| is_fit::<D>(parts))
        .map(|parts| Upgrade { parts, ..upgrade.clone() })
        .collect();
    if upgrade.end != Ending::Done {
        all.push(Upgrade { end: Ending::Done, ..upgrade.clone() });
    }
    all
}

fn simpler_part(shrinking: &Shrinking<'_>, part: &Part) -> Vec<Part> {
    match part {
        Part::Do(action, caught) => {
            let mut all: Vec<Part> =
                shrinking.action(action).into_iter().map(|action| Part::Do(action, *caught)).collect();
            if *caught == Caught::No {
                all.push(Part::Do(action.clone(), Caught::Yes));
            }
            all
        }
        Part::Migrate(table, change) => changes(change, |change| Part::Migrate(*table, change)),
        Part::Rename(table, Caught::No) => vec![Part::Rename(*table, Caught::Yes)],
        Part::Rename(_, Caught::Yes) => Vec::new(),
    }
}
