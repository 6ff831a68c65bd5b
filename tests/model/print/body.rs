//! Transactions and savepoints: their bodies, step by step.

use super::{Printer, expect, numbered, operation};
use crate::outcome::{Fault, Outcome};
use crate::program::{Caught, End, Inner, Savepoint, Transaction};

const FAILS: &str = "Err::<(), _>(Error::user(\"the program says so\"))";

impl Printer<'_> {
    /// An expression whose value is the future of a transaction.
    pub(super) fn transaction(&mut self, transaction: &Transaction, expected: &Outcome, after: &str) {
        let Outcome::Body { steps, .. } = expected else { return };
        let Transaction { write, scope, end, .. } = transaction;
        let names: Vec<String> = scope.iter().map(|table| self.tables[*table].shape.table.clone()).collect();
        let handles: Vec<String> = names.iter().map(|name| format!("&db.{name}")).collect();
        let (scope, handles) = match names.as_slice() {
            [name] => (handles.concat(), name.clone()),
            names => (format!("({})", handles.join(", ")), format!("({})", names.join(", "))),
        };
        let mode = if *write { "ReadWrite" } else { "Read" };
        let (opening, closing) = if *end == End::Drop { ("until_told(|told| ", ")") } else { ("", "") };
        self.line("{");
        self.indented(|this| {
            this.line("let unbound = db.clone();");
            this.line(&format!("{opening}db.transaction(Mode::{mode}, {scope}, async move |{handles}| {{"));
            this.indented(|this| {
                this.line(&format!("let (unbound, tx) = (&unbound, {}.transaction());", names[0]));
                this.body(&transaction.steps, steps);
                this.line("let _ = (unbound, &tx);");
                this.line(match end {
                    End::Commit => "Ok(())",
                    End::Fail => FAILS,
                    End::Abort => "tx.abort(); Ok(())",
                    End::CommitAndFail => "tx.commit().await?; Err::<(), _>(Error::user(\"the program says so\"))",
                    End::Drop => "told.and_wait().await",
                });
            });
            this.line(&format!("}}){closing}"));
        });
        self.line(&format!("}}{after}"));
    }

    fn body(&mut self, steps: &[Inner], outcomes: &[Outcome]) {
        for (step, outcome) in steps.iter().zip(outcomes) {
            self.inner(step, outcome);
        }
    }

    fn inner(&mut self, step: &Inner, expected: &Outcome) {
        match (step, expected) {
            (Inner::Do(action, caught), expected) => {
                let table = &self.tables[action.table];
                let result = format!("{}.await", operation::code(table, "", action));
                let line = expect::line(table, &action.verb, &result, expected);
                match (caught, expected) {
                    (Caught::No, Outcome::Failed(fault)) => self.line(&format!("let _ = {result}?; // {fault:?}")),
                    (Caught::No, Outcome::Stopped(..)) => {
                        self.line(&line);
                        self.line("return Err(Error::user(\"enough\"));");
                    }
                    _ => self.line(&line),
                }
            }
            (Inner::Together(steps), Outcome::Together(outcomes)) => {
                let names = numbered(steps.len());
                self.line(&format!("let ({}) = join{}(", names.join(", "), steps.len()));
                self.indented(|this| {
                    for (step, outcome) in steps.iter().zip(outcomes) {
                        match step {
                            Inner::Do(action, _) => {
                                let code = operation::code(&this.tables[action.table], "", action);
                                this.line(&format!("{code},"));
                            }
                            Inner::Savepoint(savepoint) => this.savepoint(savepoint, outcome, ","),
                            step => this.line(&format!("// {step:?}")),
                        }
                    }
                });
                self.line(").await;");
                for ((step, outcome), name) in steps.iter().zip(outcomes).zip(&names) {
                    let line = match (step, outcome) {
                        (Inner::Do(action, _), outcome) => {
                            expect::line(&self.tables[action.table], &action.verb, name, outcome)
                        }
                        (_, Outcome::Body { end, .. }) => expect::end(name, end),
                        (_, outcome) => format!("// {outcome:?}"),
                    };
                    self.line(&line);
                }
            }
            (Inner::Savepoint(savepoint), Outcome::Body { end, .. }) => {
                self.line("let end =");
                self.indented(|this| this.savepoint(savepoint, expected, ".await;"));
                match (step.uncaught(expected), savepoint.caught) {
                    (Some(fault), Caught::No) => self.line(&format!("end?; // {fault:?}")),
                    _ => self.line(&expect::end("end", end)),
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

    /// An expression whose value is the future of a savepoint.
    fn savepoint(&mut self, Savepoint { steps, fails, .. }: &Savepoint, expected: &Outcome, after: &str) {
        let Outcome::Body { steps: outcomes, .. } = expected else { return };
        self.line("tx.savepoint(async || {");
        self.indented(|this| {
            this.body(steps, outcomes);
            this.line(if *fails { FAILS } else { "Ok(())" });
        });
        self.line(&format!("}}){after}"));
    }
}
