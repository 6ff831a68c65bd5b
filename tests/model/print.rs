//! The printer: a program, with what its steps should come to, as a test in Rust that needs nothing else.

mod expect;
mod operation;

use std::fmt::Write as _;

use crate::menu::{SHARED_SOURCE, Trio};
use crate::outcome::{Fault, Outcome};
use crate::program::{Caught, End, Inner, Program, Step, Transaction};
use crate::table::{TableOf, tables};

/// What every printed program begins with.
const PRELUDE: &str = include_str!("print/prelude.rs.txt");

/// The source of a program.
pub fn source<D: Trio>(program: &Program, expected: &[Outcome], title: &str) -> String {
    let tables = tables::<D>();
    let mut printer = Printer { tables: &tables, code: String::new(), depth: 1 };
    for (step, expected) in program.steps.iter().zip(expected) {
        printer.step(step, expected);
    }
    let records: Vec<&str> = tables.iter().map(|table| table.source).collect();
    let entries: String = tables.iter().map(|table| format!("        {}: {},\n", table.shape.table, table.record)).collect();
    format!(
        "// {title}\n{PRELUDE}\n{SHARED_SOURCE}\n{}\nschema! {{\n    pub struct {name}(\"model\");\n\n    \
         version 1 {{\n{entries}    }}\n}}\n\nasync fn program() -> Result<()> {{\n    \
         let db = {name}::builder().name(\"printed model\").build();\n    db.delete().await?;\n{}    Ok(())\n}}\n",
        records.join("\n"),
        printer.code,
        name = D::NAME,
    )
}

struct Printer<'a> {
    tables: &'a [TableOf],
    code: String,
    depth: usize,
}

impl Printer<'_> {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.code, "{:1$}{line}", "", self.depth * 4);
    }

    fn step(&mut self, step: &Step, expected: &Outcome) {
        match (step, expected) {
            (Step::Do(action), expected) => {
                let (code, of) = (operation::code(&self.tables[action.table], "db.", action), action);
                let line = expect::line(&self.tables[of.table], &of.verb, &format!("{code}.await"), expected);
                self.line(&line);
            }
            (Step::Together(steps), Outcome::Together(outcomes)) => {
                let names = numbered(steps.len());
                self.line(&format!("let ({}) = join{}(", names.join(", "), steps.len()));
                self.depth += 1;
                for (step, outcome) in steps.iter().zip(outcomes) {
                    match (step, outcome) {
                        (Step::Transact(transaction), outcome) => self.transaction(transaction, outcome, ","),
                        (Step::Do(action), _) => {
                            let code = operation::code(&self.tables[action.table], "db.", action);
                            self.line(&format!("{code},"));
                        }
                        _ => {}
                    }
                }
                self.depth -= 1;
                self.line(").await;");
                for ((step, outcome), name) in steps.iter().zip(outcomes).zip(&names) {
                    let line = match (step, outcome) {
                        (Step::Do(action), outcome) => {
                            expect::line(&self.tables[action.table], &action.verb, name, outcome)
                        }
                        (_, Outcome::Transaction { end, .. }) => expect::end(name, end),
                        _ => String::new(),
                    };
                    self.line(&line);
                }
            }
            (Step::Transact(transaction), Outcome::Transaction { end, .. }) => {
                self.line("let end =");
                self.depth += 1;
                self.transaction(transaction, expected, ".await;");
                self.depth -= 1;
                self.line(&expect::end("end", end));
            }
            (Step::Reopen, _) => {
                self.line("db.close();");
                self.line("db.open().await?;");
            }
            (step, expected) => self.line(&format!("// {step:?} came to {expected:?}")),
        }
    }

    /// An expression whose value is the future of a transaction.
    fn transaction(&mut self, transaction: &Transaction, expected: &Outcome, after: &str) {
        let Outcome::Transaction { steps, .. } = expected else { return };
        let Transaction { write, scope, end, .. } = transaction;
        let names: Vec<&str> = scope.iter().map(|table| self.tables[*table].shape.table.as_str()).collect();
        let handles: Vec<String> = names.iter().map(|name| format!("&db.{name}")).collect();
        let (handles, names) = match names.as_slice() {
            [name] => (handles.concat(), (*name).to_owned()),
            names => (format!("({})", handles.join(", ")), format!("({})", names.join(", "))),
        };
        let mode = if *write { "ReadWrite" } else { "Read" };
        let opening = if *end == End::Drop { "until_told(|told| " } else { "" };
        let closing = if *end == End::Drop { ")" } else { "" };
        self.line("{");
        self.depth += 1;
        self.line("let unbound = db.clone();");
        self.line(&format!("{opening}db.transaction(Mode::{mode}, {handles}, async move |{names}| {{"));
        self.depth += 1;
        self.line("let _ = &unbound;");
        for (step, outcome) in transaction.steps.iter().zip(steps) {
            self.inner(step, outcome);
        }
        if steps.len() == transaction.steps.len() && !ends_early(transaction, steps) {
            self.line(match end {
                End::Commit => "Ok(())",
                End::Fail => "Err(Error::user(\"the program says so\"))",
                End::Drop => "told.and_wait().await",
            });
        } else {
            self.line("Ok(())");
        }
        self.depth -= 1;
        self.line(&format!("}}){closing}"));
        self.depth -= 1;
        self.line(&format!("}}{after}"));
    }

    fn inner(&mut self, step: &Inner, expected: &Outcome) {
        match (step, expected) {
            (Inner::Do(action, caught), expected) => {
                let of = &self.tables[action.table];
                let code = operation::code(of, "", action);
                let line = match (caught, expected) {
                    (Caught::No, Outcome::Failed(fault)) => format!("let _ = {code}.await?; // {fault:?}"),
                    (Caught::No, Outcome::Stopped(_, fault)) => {
                        let line = expect::line(of, &action.verb, &format!("{code}.await"), expected);
                        format!("{line} return Err(Error::user(\"enough\")); // {fault:?}")
                    }
                    _ => expect::line(of, &action.verb, &format!("{code}.await"), expected),
                };
                self.line(&line);
            }
            (Inner::Together(actions), Outcome::Together(outcomes)) => {
                let names = numbered(actions.len());
                let codes: Vec<String> =
                    actions.iter().map(|action| operation::code(&self.tables[action.table], "", action)).collect();
                self.line(&format!("let ({}) = join{}(", names.join(", "), actions.len()));
                self.depth += 1;
                for code in codes {
                    self.line(&format!("{code},"));
                }
                self.depth -= 1;
                self.line(").await;");
                for ((action, outcome), name) in actions.iter().zip(outcomes).zip(&names) {
                    let line = expect::line(&self.tables[action.table], &action.verb, name, outcome);
                    self.line(&line);
                }
            }
            (Inner::Unbound(table), _) => {
                let name = self.tables[*table].shape.table.clone();
                let fault = Fault::OutsideTransaction { table: name.clone() };
                self.line(&expect::fails(&format!("unbound.{name}.count().await"), &fault));
            }
            (step, expected) => self.line(&format!("// {step:?} came to {expected:?}")),
        }
    }
}

/// Whether an operation's error has ended the body.
fn ends_early(transaction: &Transaction, outcomes: &[Outcome]) -> bool {
    transaction.steps.iter().zip(outcomes).any(|(step, outcome)| {
        matches!((step, outcome), (Inner::Do(_, Caught::No), Outcome::Failed(_) | Outcome::Stopped(..)))
    })
}

fn numbered(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("result_{number}")).collect()
}
