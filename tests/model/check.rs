//! The test itself: seed after seed, until one disagrees; then a simpler program that disagrees, printed.

use std::cell::RefCell;
use std::rc::Rc;

use indexie::Storage;

use crate::chance::Chance;
use crate::menu::{Age, Grid, Town, Yard};
use crate::outcome::Outcome;
use crate::plan::{Plan, again};
use crate::program::Program;
use crate::{generate, guard, print, reference, run, shrink};

/// Simpler programs that are tried before the search for one is over.
const MOST_TRIALS: usize = 600;

/// Runs the programs of these seeds.
///
/// # Panics
///
/// If the library disagrees with the reference: the message is a test that shows it.
pub async fn all(plan: Plan) {
    plan.tell();
    for seed in plan.seeds() {
        guard::mark(seed);
        let mut chance = Chance::new(seed);
        let disagreement = match chance.below(3) {
            0 => one::<Town>(seed, &mut chance).await,
            1 => one::<Grid>(seed, &mut chance).await,
            _ => one::<Yard>(seed, &mut chance).await,
        };
        if let Some(report) = disagreement {
            panic!("{report}");
        }
    }
}

async fn one<D: Age>(seed: u64, chance: &mut Chance) -> Option<String> {
    let program = Rc::new(generate::program::<D>(chance));
    let first = disagreement::<D>(program.clone()).await?;
    let (program, last) = smallest::<D>(program, first, disagreement::<D>).await;
    let title = format!(
        "Seed {seed}, which `{}` runs alone.\nOn {:?}, step {}: expected {:?}\n  got {:?}",
        again(seed),
        last.storage,
        last.at,
        last.expected[last.at],
        last.got
    );
    Some(print::source::<D>(&program, &last.expected, &title))
}

/// Where a program came to something else than it should.
#[derive(Debug)]
pub struct Disagreement {
    pub storage: Storage,
    pub at: usize,
    pub expected: Vec<Outcome>,
    pub got: Outcome,
}

/// Where the storages come to something else than the reference.
async fn disagreement<D: Age>(program: Rc<Program>) -> Option<Disagreement> {
    let expected = reference::evaluate::<D>(&program);
    for storage in guard::storages() {
        let got = Rc::new(RefCell::new(Vec::new()));
        let running = run::run::<D>(program.clone(), guard::name(), storage, got.clone());
        if let Err(broken) = guard::watched(running).await {
            got.borrow_mut().push(Outcome::Broken(broken));
        }
        let got = got.take();
        if let Some(at) = expected.iter().zip(&got).position(|(expected, got)| !got.is(expected)) {
            return Some(Disagreement { storage, at, got: got[at].clone(), expected });
        }
    }
    None
}

/// Goes from simpler program to simpler program for as long as they disagree.
pub async fn smallest<D: Age>(
    mut program: Rc<Program>,
    mut found: Disagreement,
    disagreement: impl AsyncFn(Rc<Program>) -> Option<Disagreement>,
) -> (Rc<Program>, Disagreement) {
    let mut trials = 0;
    'simpler: loop {
        for simple in shrink::simpler::<D>(&program) {
            trials += 1;
            if trials > MOST_TRIALS {
                return (program, found);
            }
            let simple = Rc::new(simple);
            if let Some(still) = disagreement(simple.clone()).await {
                (program, found) = (simple, still);
                continue 'simpler;
            }
        }
        return (program, found);
    }
}
