//! The printer: a program, with what its steps should come to, as a test in Rust that needs nothing else.

mod body;
mod expect;
mod operation;
mod upgrade;

use std::fmt::Write as _;

use crate::menu::{Age, SHARED_SOURCE, Trio};
use crate::outcome::Outcome;
use crate::program::{Program, Step};
use crate::table::{TableOf, tables};
use crate::upgrade::{Past, stays};

/// What every printed program begins with.
const PRELUDE: &str = include_str!("print/prelude.rs.txt");

/// The source of a program.
pub fn source<D: Age>(program: &Program, expected: &[Outcome], title: &str) -> String {
    let title: String = title.lines().fold(String::new(), |lines, line| lines + "// " + line + "\n");
    let (records, code) = match &program.past {
        None => (records(&tables::<D>()), from_the_beginning::<D>(program, expected)),
        Some(past) => {
            (records(&[tables::<D::Past>(), tables::<D>()].concat()), from_the_past::<D>(program, past, expected))
        }
    };
    format!("{title}{PRELUDE}\n{SHARED_SOURCE}\n{records}\n{code}")
}

fn records(tables: &[TableOf]) -> String {
    tables.iter().map(|table| table.source).collect::<Vec<_>>().join("\n")
}

fn from_the_beginning<D: Age>(program: &Program, expected: &[Outcome]) -> String {
    let (schema, name, code) = (schema::<D>(), D::NAME, steps::<D>(&program.steps, expected));
    format!(
        r#"{schema}
async fn program() -> Result<()> {{
    let db = {name}::builder().name("printed model").build();
    db.delete().await?;
{code}    Ok(())
}}
"#
    )
}

fn from_the_past<D: Age>(program: &Program, past: &Past, expected: &[Outcome]) -> String {
    let (before, after) = expected.split_at(past.steps.len());
    let Some((upgraded @ Outcome::Body { end, .. }, rest)) = after.split_first() else { return String::new() };
    let fails = upgraded.has_failed();
    let (old_schema, function) = (schema::<D::Past>(), upgrade::function::<D>(&past.upgrade, upgraded));
    let old_steps = steps::<D::Past>(&past.steps, before);
    let new_steps = if fails { steps::<D::Past>(&past.otherwise, rest) } else { steps::<D>(&program.steps, rest) };
    let (old, new, end) = (D::Past::NAME, D::NAME, expect::end("upgraded", end));
    let goes_on = if fails { "new.close();\n    db.open().await?;" } else { "let db = new;" };
    let line = |(table, of): (&str, &str)| format!("        {table}: {of},\n");
    let entries: String = D::Past::TABLES
        .into_iter()
        .zip(D::ENTRIES.map(|text| format!("{text:?}")))
        .map(|(table, of)| line((table, &of)))
        .collect();
    let records: String = tables::<D>().iter().map(|of| line((&of.shape.table, of.record))).collect();
    let drops: String = (0..3).filter(|at| !stays::<D>(*at)).map(|at| line((D::Past::TABLES[at], "drop"))).collect();
    format!(
        r#"{old_schema}
schema! {{
    pub struct {new}("model");

    version 1 {{
{entries}    }}
    version 2 {{
{records}{drops}    }} upgrade upgrade
}}

{function}
async fn program() -> Result<()> {{
    let db = {old}::builder().name("printed model").build();
    let new = {new}::builder().name("printed model").build();
    new.delete().await?;
    db.open().await?;
{old_steps}    db.close();
    let upgraded = new.open().await;
    {end}
    {goes_on}
{new_steps}    Ok(())
}}
"#
    )
}

fn schema<D: Trio>() -> String {
    let entry = |table: &TableOf| format!("        {}: {},\n", table.shape.table, table.record);
    let entries: String = tables::<D>().iter().map(entry).collect();
    format!("schema! {{\n    pub struct {}(\"model\");\n\n    version 1 {{\n{entries}    }}\n}}\n", D::NAME)
}

fn steps<D: Trio>(steps: &[Step], expected: &[Outcome]) -> String {
    let tables = tables::<D>();
    let mut printer = Printer { tables: &tables, code: String::new(), depth: 1 };
    for (step, expected) in steps.iter().zip(expected) {
        printer.step(step, expected);
    }
    printer.code
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
