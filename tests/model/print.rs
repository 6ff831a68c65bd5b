//! The printer: a program, with what its steps should come to, as a test in Rust that needs nothing else.

mod body;
mod expect;
mod operation;

use std::fmt::Write as _;

use crate::menu::{SHARED_SOURCE, Trio};
use crate::outcome::Outcome;
use crate::program::{Program, Step};
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
    let title: String = title.lines().fold(String::new(), |lines, line| lines + "// " + line + "\n");
    let records: Vec<&str> = tables.iter().map(|table| table.source).collect();
    let entries: Vec<String> =
        tables.iter().map(|table| format!("        {}: {},", table.shape.table, table.record)).collect();
    let (records, entries, name, code) = (records.join("\n"), entries.join("\n"), D::NAME, printer.code);
    format!(
        r#"{title}{PRELUDE}
{SHARED_SOURCE}
{records}
schema! {{
    pub struct {name}("model");

    version 1 {{
{entries}
    }}
}}

async fn program() -> Result<()> {{
    let db = {name}::builder().name("printed model").build();
    db.delete().await?;
{code}    Ok(())
}}
"#
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

    fn indented(&mut self, lines: impl FnOnce(&mut Self)) {
        self.depth += 1;
        lines(self);
        self.depth -= 1;
    }

    fn step(&mut self, step: &Step, expected: &Outcome) {
        match (step, expected) {
            (Step::Do(action), expected) => {
                let table = &self.tables[action.table];
                let result = format!("{}.await", operation::code(table, "db.", action));
                self.line(&expect::line(table, &action.verb, &result, expected));
            }
            (Step::Together(steps), Outcome::Together(outcomes)) => {
                let names = numbered(steps.len());
                self.line(&format!("let ({}) = join{}(", names.join(", "), steps.len()));
                self.indented(|this| {
                    for (step, outcome) in steps.iter().zip(outcomes) {
                        this.future(step, outcome);
                    }
                });
                self.line(").await;");
                for ((step, outcome), name) in steps.iter().zip(outcomes).zip(&names) {
                    self.line(&self.expected(step, name, outcome));
                }
            }
            (Step::Transact(transaction), expected) => {
                self.line("let end =");
                self.indented(|this| this.transaction(transaction, expected, ".await;"));
                self.line(&self.expected(step, "end", expected));
            }
            (Step::Reopen, _) => {
                self.line("db.close();");
                self.line("db.open().await?;");
            }
            (step, expected) => self.line(&format!("// {step:?} came to {expected:?}")),
        }
    }

    /// One of several that are joined.
    fn future(&mut self, step: &Step, expected: &Outcome) {
        match step {
            Step::Do(action) => {
                let code = operation::code(&self.tables[action.table], "db.", action);
                self.line(&format!("{code},"));
            }
            Step::Transact(transaction) => self.transaction(transaction, expected, ","),
            step => self.line(&format!("// {step:?}")),
        }
    }

    /// The assertion about one of several results.
    fn expected(&self, step: &Step, name: &str, expected: &Outcome) -> String {
        match (step, expected) {
            (Step::Do(action), outcome) => expect::line(&self.tables[action.table], &action.verb, name, outcome),
            (_, Outcome::Body { end, .. }) => expect::end(name, end),
            (_, outcome) => format!("// {outcome:?}"),
        }
    }
}

fn numbered(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("result_{number}")).collect()
}
