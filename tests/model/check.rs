//! The test itself: seed after seed, until one disagrees; then a simpler program that disagrees, printed.

use std::rc::Rc;

use crate::chance::Chance;
use crate::menu::{Grid, Town, Trio, Yard};
use crate::outcome::Outcome;
use crate::program::Program;
use crate::table::tables;
use crate::{generate, print, reference, run, shrink};

/// Simpler programs that are tried before the search for one is over.
const MOST_TRIALS: usize = 600;

/// Which programs to run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub seed: u64,
    pub programs: u64,
}

impl Plan {
    /// What the environment says, at compile time or at run time, or else this many from seed 1.
    pub fn of(programs: u64) -> Self {
        let number = |text: Option<String>| text.and_then(|text| text.trim().parse().ok());
        let seed = option_env!("INDEXIE_MODEL_SEED").map(str::to_owned);
        let count = option_env!("INDEXIE_MODEL_PROGRAMS").map(str::to_owned);
        Self {
            seed: number(std::env::var("INDEXIE_MODEL_SEED").ok()).or(number(seed)).unwrap_or(1),
            programs: number(std::env::var("INDEXIE_MODEL_PROGRAMS").ok()).or(number(count)).unwrap_or(programs),
        }
    }
}

/// Runs the programs of these seeds.
///
/// # Panics
///
/// If the library disagrees with the reference: the message is a test that shows it.
pub async fn all(plan: Plan) {
    for seed in plan.seed..plan.seed.saturating_add(plan.programs) {
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

async fn one<D: Trio>(seed: u64, chance: &mut Chance) -> Option<String> {
    let program = Rc::new(generate::program::<D>(chance));
    let first = disagreement::<D>(program.clone()).await?;
    let (program, last) = smallest::<D>(program, first).await;
    let title = format!(
        "Seed {seed}, which `INDEXIE_MODEL_SEED={seed} INDEXIE_MODEL_PROGRAMS=1` runs alone.\nStep {}: expected {:?}\n  got {:?}",
        last.at, last.expected[last.at], last.got
    );
    Some(print::source::<D>(&program, &last.expected, &title))
}

/// Where a program came to something else than it should.
struct Disagreement {
    at: usize,
    expected: Vec<Outcome>,
    got: Outcome,
}

async fn disagreement<D: Trio>(program: Rc<Program>) -> Option<Disagreement> {
    let expected = reference::evaluate::<D>(&program);
    let got = run::run::<D>(program, "model").await;
    let at = expected.iter().zip(&got).position(|(expected, got)| !got.is(expected))?;
    Some(Disagreement { at, got: got[at].clone(), expected })
}

/// Goes from simpler program to simpler program for as long as they disagree.
async fn smallest<D: Trio>(mut program: Rc<Program>, mut found: Disagreement) -> (Rc<Program>, Disagreement) {
    let tables = tables::<D>();
    let mut trials = 0;
    'simpler: loop {
        for simple in shrink::simpler(&program, &tables) {
            trials += 1;
            if trials > MOST_TRIALS {
                return (program, found);
            }
            let simple = Rc::new(simple);
            if let Some(still) = disagreement::<D>(simple.clone()).await {
                (program, found) = (simple, still);
                continue 'simpler;
            }
        }
        return (program, found);
    }
}
