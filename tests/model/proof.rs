//! What nobody sees for as long as the library is right: that a disagreement would be made small, and that what is printed then
//! compiles and is true; and that nothing takes the seed with it.

use std::fs;
use std::path::Path;
use std::rc::Rc;

use futures::executor::block_on;
use futures::future::pending;
use indexie::Storage;

use crate::chance::Chance;
use crate::check::{Disagreement, smallest};
use crate::menu::{Age, Grid, Town, Trio, Yard};
use crate::outcome::Outcome;
use crate::program::{Action, Program, Verb};
use crate::record::Record;
use crate::upgrade::Part;
use crate::{generate, guard, print, reference};

/// The first program that has a past with such a step in its upgrade, which ends so.
fn with_a_past<D: Age>(has: fn(&Part) -> bool, fails: bool) -> (Program, Vec<Outcome>) {
    let evaluated = |seed| {
        let program = generate::program::<D>(&mut Chance::new(seed));
        let expected = reference::evaluate::<D>(&program);
        (program, expected)
    };
    let ends_so = |(program, expected): &(Program, Vec<Outcome>)| {
        let upgrade =
            program.past.as_ref().filter(|past| past.upgrade.parts.len() > 2 && past.upgrade.parts.iter().any(has));
        upgrade.is_some_and(|past| expected[past.steps.len()].has_failed() == fails)
    };
    (1..1_000).map(evaluated).find(ends_so).expect("one of so many")
}

/// Writes the test that a failure would print, as a program.
fn printed<D: Age>(directory: &Path, has: fn(&Part) -> bool, fails: bool) {
    let (program, expected) = with_a_past::<D>(has, fails);
    let source = print::source::<D>(&program, &expected, "What the reference says of this program is so.");
    let main = "fn main() {\n    futures::executor::block_on(program()).expect(\"no error that the program does not expect\");\n}\n";
    let name = format!("{}_{}.rs", D::NAME.to_lowercase(), if fails { "fails" } else { "upgrades" });
    fs::write(directory.join(name), format!("{source}\n{main}")).expect("a file in the target directory");
}

#[test]
fn printed_programs_compile_and_pass() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("printed");
    // Those of an earlier version of this test are not of this one. The first time there is none.
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).expect("a directory in the target directory");
    let (renames, migrates) =
        (|part: &Part| matches!(part, Part::Rename(..)), |part: &Part| matches!(part, Part::Migrate(..)));
    let asks = |part: &Part| matches!(part, Part::Do(Action { verb: Verb::Modify(..), .. }, _));
    printed::<Town>(&directory, renames, false);
    printed::<Grid>(&directory, migrates, false);
    printed::<Yard>(&directory, asks, false);
    printed::<Grid>(&directory, asks, true);
    trybuild::TestCases::new().pass(directory.join("*.rs"));
}

/// As if what changes rows in an upgrade counted one too many.
fn miscounted<D: Age>(program: &Program) -> Option<Disagreement> {
    let expected = reference::evaluate::<D>(program);
    let at = program.past.as_ref()?.steps.len();
    let Outcome::Body { steps, end } = &expected[at] else { return None };
    let miscounted = |outcome: &Outcome| match outcome {
        Outcome::Count(count) if *count > 0 => Outcome::Count(count + 1),
        outcome => outcome.clone(),
    };
    let got = Outcome::Body { steps: steps.iter().map(miscounted).collect(), end: end.clone() };
    (!got.is(&expected[at])).then_some(Disagreement { storage: Storage::Memory, at, expected, got })
}

#[test]
fn a_fault_shrinks_to_the_steps_that_show_it() {
    let programs = (1..1_000).map(|seed| generate::program::<Grid>(&mut Chance::new(seed)));
    let mut failing =
        programs.filter_map(|program| miscounted::<Grid>(&program).map(|found| (Rc::new(program), found)));
    for _ in 0..5 {
        let (program, found) = failing.next().expect("one of so many");

        let (small, _) = block_on(smallest::<Grid>(program, found, async |program| miscounted::<Grid>(&program)));

        let past = small.past.as_ref().expect("the fault is in the upgrade");
        assert_eq!((small.steps.len(), past.otherwise.len()), (0, 0), "{small:?}");
        assert!(
            past.steps.len() + past.upgrade.parts.len() <= 2,
            "one that writes rows, one that counts them: {small:?}"
        );
    }
}

#[test]
fn a_library_that_panics_or_never_answers_is_told() {
    let (before, panics) = (guard::name(), async { std::panic::resume_unwind(Box::new("a panic")) });

    assert_eq!(block_on(guard::watched(panics)), Err("a panic".to_owned()));
    assert_eq!(block_on(guard::watched(pending())), Err("it never answers".to_owned()));
    assert_eq!(block_on(guard::watched(async {})), Ok(()));
    assert_ne!(guard::name(), before, "what they leave behind is nobody's");
}

#[test]
fn the_past_is_what_its_records_say() {
    fn is<D: Age>() {
        // Types and options are no part of a schema that has passed.
        let plain = |entry: &str| entry.split(" as ").next().unwrap_or_default().replace('?', "");
        let records =
            [<D::Past as Trio>::First::ENTRIES, <D::Past as Trio>::Second::ENTRIES, <D::Past as Trio>::Third::ENTRIES];
        let records = records.map(|entries| entries.split(',').map(plain).collect::<Vec<_>>().join(","));
        assert_eq!(records, D::ENTRIES);
    }
    is::<Town>();
    is::<Grid>();
    is::<Yard>();
}
