//! `cargo xtask`: the commands a contributor types. This file only reads the arguments;
//! `setup`, `test`, `demo` and `bench` do the work.

#![forbid(unsafe_code)]

mod bench;
mod browser;
mod browser_tests;
mod command;
mod demo;
mod e2e;
mod leftovers;
mod npm;
mod progress;
mod server;
mod setup;
mod size;
mod summary;
mod sync_server;
mod test;
mod threads;
mod wasm;
mod webdriver;
mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::leftovers::Leftovers;
use crate::test::{Choice, Step};
use crate::workspace::Workspace;

/// Build, test and try indexie.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Install what is missing: the wasm target, the standard library's sources, Chromium and Firefox with their drivers
    ///
    /// The other commands do this by themselves.
    Setup,
    /// Build the examples and serve them on this machine, for a browser to open
    Demo {
        /// Open the examples in a headless Chromium, print what they show, and end
        #[arg(long)]
        headless: bool,
        /// Serve on this port instead of the first free one from 8787 upward
        #[arg(long, value_name = "N", conflicts_with = "headless")]
        port: Option<u16>,
    },
    /// Run every check: what continuous integration runs
    Test {
        /// Run these steps only
        #[arg(value_enum, value_name = "STEP")]
        steps: Vec<Step>,
        /// The same
        #[arg(long, value_enum, num_args = 1.., value_name = "STEP")]
        only: Vec<Step>,
        #[command(flatten)]
        model: Model,
        /// Run the tests whose name contains this (steps native, chromium, firefox, threads and e2e)
        #[arg(last = true, value_name = "FILTER")]
        filter: Vec<String>,
    },
    /// Measure indexie beside others in a browser, in the same page and the same run
    Bench {
        /// What to measure
        #[arg(value_enum, default_value_t = bench::Subject::Ops)]
        subject: bench::Subject,
        #[command(flatten)]
        settings: bench::Settings,
    },
    /// Weigh programs that use indexie, as a page loads them: compiled as they ship, optimised, and compressed
    Size(size::Settings),
    /// Run one wasm test binary in the browser named by CHROMEDRIVER or GECKODRIVER
    #[command(hide = true, disable_help_flag = true)]
    WasmTestRunner {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

/// Which random programs the model test runs (steps native, chromium and firefox).
#[derive(Debug, clap::Args)]
struct Model {
    /// Run so many random programs in the model test
    #[arg(long, value_name = "N")]
    programs: Option<u64>,
    /// Begin with the random program of this seed: a failure prints it
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
}

impl Model {
    /// The environment of the commands: natively the test reads it when it runs, for a browser when it is compiled.
    fn variables(&self) -> impl Iterator<Item = (&'static str, String)> {
        let all = [("INDEXIE_MODEL_PROGRAMS", self.programs), ("INDEXIE_MODEL_SEED", self.seed)];
        all.into_iter().filter_map(|(name, value)| Some((name, value?.to_string())))
    }
}

fn main() -> ExitCode {
    match run(Args::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error}");
            for cause in error.chain().skip(1) {
                eprintln!("  because: {cause}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<()> {
    if let Task::WasmTestRunner { args } = task {
        return browser_tests::run_one_binary(args);
    }
    let workspace = Workspace::locate()?;
    match task {
        Task::Setup => {
            setup::ensure(&workspace, setup::Need::ALL)?;
            println!("\nEverything is in place. Next: cargo xtask demo, or cargo xtask test.");
            Ok(())
        }
        Task::Demo { headless: true, .. } => {
            let _leftovers = Leftovers::watch()?;
            demo::show_headless(&workspace)
        }
        Task::Demo { port, .. } => demo::serve(&workspace, port),
        Task::Test { steps, only, model, filter } => {
            let _leftovers = Leftovers::watch()?;
            test::run(&workspace, &[steps, only].concat(), &Choice { filter, variables: model.variables().collect() })
        }
        Task::Bench { subject, settings } => {
            let _leftovers = Leftovers::watch()?;
            bench::run(&workspace, subject, &settings)
        }
        Task::Size(settings) => size::run(&workspace, &settings),
        Task::WasmTestRunner { .. } => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Task {
        Args::parse_from(line.split_whitespace()).command
    }

    #[test]
    fn test_without_arguments_runs_every_step() {
        let Task::Test { only, filter, .. } = parse("xtask test") else {
            panic!("not the test task");
        };

        assert_eq!(only, []);
        assert!(filter.is_empty());
    }

    #[test]
    fn only_takes_several_steps_and_the_filter_follows_two_dashes() {
        let Task::Test { only, filter, .. } = parse("xtask test --only chromium firefox -- upgrade") else {
            panic!("not the test task");
        };

        assert_eq!(only, [Step::Chromium, Step::Firefox]);
        assert_eq!(filter, ["upgrade"]);
    }

    #[test]
    fn a_step_can_be_named_alone() {
        let Task::Test { steps, only, .. } = parse("xtask test electric") else {
            panic!("not the test task");
        };

        assert_eq!((steps, only), (vec![Step::Electric], vec![]));
    }

    #[test]
    fn the_seed_and_the_number_of_programs_are_told_to_the_tests() {
        let Task::Test { model, .. } = parse("xtask test --only native --seed 7 --programs 30") else {
            panic!("not the test task");
        };

        let told: Vec<_> = model.variables().collect();
        assert_eq!(told, [("INDEXIE_MODEL_PROGRAMS", "30".to_owned()), ("INDEXIE_MODEL_SEED", "7".to_owned())]);
    }

    #[test]
    fn bench_alone_measures_the_operations() {
        let Task::Bench { subject, .. } = parse("xtask bench --firefox --rounds 3") else {
            panic!("not the bench task");
        };

        assert_eq!(subject, bench::Subject::Ops);
    }

    #[test]
    fn bench_takes_a_subject() {
        let Task::Bench { subject, .. } = parse("xtask bench live") else {
            panic!("not the bench task");
        };

        assert_eq!(subject, bench::Subject::Live);
    }

    #[test]
    fn the_runner_receives_its_arguments_untouched() {
        let Task::WasmTestRunner { args } = parse("xtask wasm-test-runner a.wasm --nocapture --help") else {
            panic!("not the runner");
        };

        assert_eq!(args, ["a.wasm", "--nocapture", "--help"]);
    }

    #[test]
    fn a_port_makes_no_sense_without_a_server_to_visit() {
        assert!(Args::try_parse_from(["xtask", "demo", "--headless", "--port", "1"]).is_err());
    }
}
