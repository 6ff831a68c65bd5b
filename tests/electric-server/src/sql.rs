//! The SQL of shape definitions: the boolean expression of `where`. `shapes` parses one when a shape is asked
//! for and evaluates it for each row; nothing in here knows of requests.

mod eval;
mod parse;
mod token;

use std::collections::BTreeSet;
use std::fmt;

pub(crate) use eval::order;
pub(crate) use parse::parse;

use crate::name::TableName;

/// A boolean expression over the columns of one table, parameters put in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    Column { name: String, type_name: String },
    Literal(Literal),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    IsNull(Box<Expr>),
    In(Box<Expr>, Vec<Expr>),
    Like { text: Box<Expr>, pattern: Box<Expr>, fold: bool },
    InQuery(Box<Expr>, Box<Query>),
}

/// A constant. What a quoted one means depends on the column it meets, as in Postgres.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// `SELECT column FROM table WHERE filter`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    pub(crate) oid: u32,
    pub(crate) table: TableName,
    pub(crate) column: String,
    pub(crate) filter: Option<Expr>,
}

/// Why a text is no expression, as the service says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SqlError {
    pub(crate) at: usize,
    pub(crate) message: String,
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "At location {}: {}", self.at, self.message)
    }
}

impl Expr {
    /// The tables that subqueries in it read.
    pub(crate) fn dependencies(&self, into: &mut BTreeSet<u32>) {
        match self {
            Self::Column { .. } | Self::Literal(_) => {}
            Self::Compare(_, a, b) | Self::And(a, b) | Self::Or(a, b) => {
                a.dependencies(into);
                b.dependencies(into);
            }
            Self::Like { text, pattern, .. } => {
                text.dependencies(into);
                pattern.dependencies(into);
            }
            Self::Not(a) | Self::IsNull(a) => a.dependencies(into),
            Self::In(a, list) => {
                a.dependencies(into);
                for expr in list {
                    expr.dependencies(into);
                }
            }
            Self::InQuery(a, query) => {
                a.dependencies(into);
                into.insert(query.oid);
                if let Some(filter) = &query.filter {
                    filter.dependencies(into);
                }
            }
        }
    }
}

/// The normal form: two texts of one meaning (spaces, case of keywords, parameters) are one shape.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column { name, .. } => write!(f, "\"{name}\""),
            Self::Literal(Literal::Null) => write!(f, "NULL"),
            Self::Literal(Literal::Bool(value)) => write!(f, "{value}"),
            Self::Literal(Literal::Number(text)) => write!(f, "{text}"),
            Self::Literal(Literal::Text(text)) => write!(f, "'{}'", text.replace('\'', "''")),
            Self::Compare(comparison, a, b) => write!(f, "({a} {} {b})", comparison.symbol()),
            Self::And(a, b) => write!(f, "({a} AND {b})"),
            Self::Or(a, b) => write!(f, "({a} OR {b})"),
            Self::Not(a) => write!(f, "(NOT {a})"),
            Self::IsNull(a) => write!(f, "({a} IS NULL)"),
            Self::In(a, list) => {
                let list: Vec<_> = list.iter().map(ToString::to_string).collect();
                write!(f, "({a} IN ({}))", list.join(", "))
            }
            Self::Like { text, pattern, fold } => {
                write!(f, "({text} {} {pattern})", if *fold { "ILIKE" } else { "LIKE" })
            }
            Self::InQuery(a, query) => write!(f, "({a} IN ({query}))"),
        }
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SELECT \"{}\" FROM {}", self.column, self.table)?;
        self.filter.as_ref().map_or(Ok(()), |filter| write!(f, " WHERE {filter}"))
    }
}

impl Comparison {
    fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

#[cfg(test)]
mod tests;
