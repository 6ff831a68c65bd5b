//! `cargo xtask size`: what programs weigh that use this library, as a page loads them: compiled as they ship, bound to
//! JavaScript, optimised and compressed. A budget in the repository keeps them from growing unseen.

mod breakdown;
mod budget;
mod code;
mod names;
mod program;
mod ship;
mod table;
mod weight;

use anyhow::Result;
use clap::builder::PossibleValuesParser;

use crate::setup::{self, Need};
use crate::workspace::Workspace;
use breakdown::Breakdown;
use budget::Budget;
use program::{CORE, FLOOR, PROGRAMS, Program, WHOLE};
use ship::Shipped;
use table::{Row, Table};

/// What weighing cannot do without: a target to compile for, and npm for the tools that apps are built with.
pub const NEEDS: &[Need] = &[Need::WasmTarget, Need::Npm];

/// What is weighed, and what is printed of it.
#[derive(Debug, clap::Args)]
pub struct Settings {
    /// Weigh and break down these programs only, beside the floor
    #[arg(long, num_args = 1.., value_name = "NAME", value_parser = PossibleValuesParser::new(PROGRAMS.map(|program| program.name)))]
    program: Vec<String>,
    /// Print so many modules and functions of each program that is broken down
    #[arg(long, value_name = "N", default_value_t = 40)]
    top: usize,
    /// Fail if a program is larger than what was accepted last; break nothing down
    #[arg(long, conflicts_with = "accept")]
    check: bool,
    /// Accept what they weigh now
    #[arg(long)]
    accept: bool,
}

impl Settings {
    fn weighs(&self, program: &Program) -> bool {
        self.program.is_empty() || program.name == FLOOR || self.names(program)
    }

    fn breaks_down(&self, program: &Program) -> bool {
        if self.program.is_empty() { [CORE, WHOLE].contains(&program.name) } else { self.names(program) }
    }

    fn names(&self, program: &Program) -> bool {
        self.program.iter().any(|name| name == program.name)
    }
}

/// Weighs, and prints all that is known.
pub fn run(workspace: &Workspace, settings: &Settings) -> Result<()> {
    setup::ensure(workspace, NEEDS)?;
    if settings.check {
        return check(workspace, |program| settings.weighs(program));
    }
    let weighed = weigh(workspace, |program| settings.weighs(program))?;
    for (program, shipped) in weighed.programs.iter().filter(|(program, _)| settings.breaks_down(program)) {
        println!("\n{}\n{}", program.name, Breakdown::of(shipped, settings.top)?);
    }
    println!("\n{}", weighed.table);
    if settings.accept {
        Budget::accept(workspace, &weighed.table.rows)?;
        println!("Accepted.");
    }
    Ok(())
}

/// Weighs every program, and fails if one is larger than what was accepted last.
pub fn check_all(workspace: &Workspace) -> Result<()> {
    check(workspace, |_| true)
}

fn check(workspace: &Workspace, which: impl Fn(&Program) -> bool) -> Result<()> {
    let Weighed { table, .. } = weigh(workspace, which)?;
    println!("\n{table}");
    for text in Budget::read(workspace)?.check(&table.rows)? {
        println!("{text}: `cargo xtask size --accept` keeps it so");
    }
    Ok(())
}

/// What has been weighed, and what it was.
struct Weighed {
    programs: Vec<(Program, Shipped)>,
    table: Table,
}

fn weigh(workspace: &Workspace, which: impl Fn(&Program) -> bool) -> Result<Weighed> {
    let mut weighed = Weighed { programs: Vec::new(), table: Table::default() };
    for program in PROGRAMS.into_iter().filter(which) {
        let shipped = ship::ship(workspace, &program)?;
        let [wasm, script, minified] = weight::weigh([&shipped.wasm, &shipped.script, &shipped.minified])?;
        weighed.table.rows.push(Row { program: program.name, wasm, script, minified });
        weighed.programs.push((program, shipped));
    }
    Ok(weighed)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        settings: Settings,
    }

    fn names(line: &str, which: impl Fn(&Settings, &Program) -> bool) -> Vec<&'static str> {
        let Line { settings } = Line::parse_from(["size"].into_iter().chain(line.split_whitespace()));
        PROGRAMS.iter().filter(|program| which(&settings, program)).map(|program| program.name).collect()
    }

    #[test]
    fn what_is_named_is_weighed_beside_the_floor_and_broken_down() {
        assert_eq!(names("--program records", Settings::weighs), [FLOOR, "records"]);
        assert_eq!(names("--program records", Settings::breaks_down), ["records"]);
    }

    #[test]
    fn without_a_name_all_are_weighed_and_two_are_broken_down() {
        assert_eq!(names("", Settings::weighs).len(), PROGRAMS.len());
        assert_eq!(names("", Settings::breaks_down), [CORE, WHOLE]);
    }

    #[test]
    fn a_program_that_is_not_there_is_refused() {
        assert!(Line::try_parse_from(["size", "--program", "nothing"]).is_err());
    }
}
