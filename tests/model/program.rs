//! Programs: what is done to a database, as data that can be run, evaluated, shrunk and printed.

use crate::outcome::{Fault, Outcome};
use crate::query::{Query, Terminal};
use crate::upgrade::Past;
use crate::value::{Row, Value};

/// What is done: to a database that is new, or that has been an older one.
#[derive(Clone, Debug)]
pub struct Program {
    pub past: Option<Past>,
    /// On the newest version, if the past comes to it.
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub enum Step {
    Do(Action),
    /// Issued together, which is to be as if one after the other.
    Together(Vec<Step>),
    Transact(Transaction),
    /// Closes the database, and opens it again.
    Reopen,
}

#[derive(Clone, Debug)]
pub struct Transaction {
    pub write: bool,
    /// The tables, by number.
    pub scope: Vec<usize>,
    pub steps: Vec<Inner>,
    pub end: End,
}

/// A step of a transaction's body.
#[derive(Clone, Debug)]
pub enum Inner {
    /// Whether its error is caught, or ends the body.
    Do(Action, Caught),
    /// Issued together; errors are caught.
    Together(Vec<Inner>),
    Savepoint(Savepoint),
    /// Reads through the database's own handle, which is refused.
    Unbound(usize),
}

impl Inner {
    /// The error that ends the body, if this step came to one.
    pub fn uncaught(&self, outcome: &Outcome) -> Option<Fault> {
        let fault = match (self, outcome) {
            (Self::Do(_, Caught::No), Outcome::Failed(fault) | Outcome::Stopped(_, fault)) => fault,
            (Self::Savepoint(Savepoint { caught: Caught::No, .. }), Outcome::Body { end, .. }) => match &**end {
                Outcome::Failed(fault) => fault,
                _ => return None,
            },
            _ => return None,
        };
        Some(fault.clone())
    }
}

/// A part of a transaction that is undone alone.
#[derive(Clone, Debug)]
pub struct Savepoint {
    pub steps: Vec<Inner>,
    /// Whether it ends with an error of the app's own.
    pub fails: bool,
    pub caught: Caught,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Caught {
    Yes,
    No,
}

/// How a body ends, if no error ends it before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    Commit,
    /// With an error of the app's own.
    Fail,
    /// By `abort`.
    Abort,
    /// By `commit`, and with an error after it.
    CommitAndFail,
    /// Whoever waits for the transaction stops waiting.
    Drop,
}

/// An operation on a table.
#[derive(Clone, Debug)]
pub struct Action {
    pub table: usize,
    pub verb: Verb,
}

impl Action {
    /// Whether it reads piece by piece, so that something else may come between.
    pub fn goes_on(&self) -> bool {
        use Terminal::{Chunks, Each, EachUntil, Pages, Stream};

        matches!(self.verb, Verb::Read(_, Chunks | Each | EachUntil(_) | Pages(_) | Stream))
    }
}

#[derive(Clone, Debug)]
pub enum Verb {
    Insert {
        put: bool,
        many: bool,
        keys: Keys,
        /// With the keys beside them, where they are.
        rows: Vec<(Value, Row)>,
    },
    Get(Value),
    GetMany(Vec<Value>),
    /// In a unique column, by number.
    GetBy(usize, Value),
    Update(Value, Change),
    Upsert(Value, Row, Change),
    UpdateMany(Vec<(Value, Change)>),
    Delete(Value),
    DeleteMany(Vec<Value>),
    Clear,
    Read(Query, Terminal),
    DeleteFound(Query),
    Modify(Query, Change),
}

impl Verb {
    pub fn writes(&self) -> bool {
        !matches!(self, Self::Get(_) | Self::GetMany(_) | Self::GetBy(..) | Self::Read(..))
    }
}

/// Where the keys of inserted rows come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Keys {
    Row,
    Generator,
    Beside,
}

/// What a closure does to a row.
#[derive(Clone, Debug, Default)]
pub struct Change(pub Vec<Assign>);

#[derive(Clone, Debug)]
pub enum Assign {
    Set(&'static str, Value),
    /// Adds to a number; nothing to a value that is none.
    Add(&'static str, u32),
}

impl Change {
    pub fn apply(&self, row: &mut Row) {
        for assign in &self.0 {
            let (Assign::Set(name, _) | Assign::Add(name, _)) = assign;
            let Some((_, value)) = row.iter_mut().find(|(own, _)| own == name) else { continue };
            match assign {
                Assign::Set(_, new) => *value = new.clone(),
                Assign::Add(_, more) => {
                    if let Value::Number(number) = value {
                        *number += f64::from(*more);
                    }
                }
            }
        }
    }
}
