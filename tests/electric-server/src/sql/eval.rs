//! Whether a row fulfils an expression, in SQL's logic of three values: `None` is unknown.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::{Comparison, Expr, Literal, Query};
use crate::db::Database;
use crate::db::table::Row;

/// A value with what is known of its type.
#[derive(Debug, Clone)]
struct Operand {
    text: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Number,
    Text,
    /// A quoted constant or a parameter: it is of whatever type the other side is.
    Unknown,
}

impl Expr {
    /// Whether the row is selected: unknown is no.
    pub(crate) fn selects(&self, row: &Row, db: &Database) -> bool {
        self.truth(row, db) == Some(true)
    }

    fn truth(&self, row: &Row, db: &Database) -> Option<bool> {
        match self {
            Self::And(a, b) => match (a.truth(row, db), b.truth(row, db)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Or(a, b) => match (a.truth(row, db), b.truth(row, db)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Self::Not(a) => a.truth(row, db).map(|truth| !truth),
            Self::IsNull(a) => Some(a.value(row, db).is_none()),
            Self::Compare(comparison, a, b) => {
                let order = compare(&a.value(row, db)?, &b.value(row, db)?)?;
                Some(comparison.holds(order))
            }
            Self::In(a, list) => {
                let value = a.value(row, db)?;
                any(list.iter().map(|expr| Some(compare(&value, &expr.value(row, db)?)? == Ordering::Equal)))
            }
            Self::InQuery(a, query) => Some(query.values(db).contains(&a.value(row, db)?.text)),
            Self::Like { text, pattern, fold } => {
                let (text, pattern) = (text.value(row, db)?.text, pattern.value(row, db)?.text);
                Some(if *fold { like(&text.to_lowercase(), &pattern.to_lowercase()) } else { like(&text, &pattern) })
            }
            Self::Column { .. } | Self::Literal(_) => as_bool(&self.value(row, db)?.text),
        }
    }

    fn value(&self, row: &Row, db: &Database) -> Option<Operand> {
        let (text, kind) = match self {
            Self::Column { name, type_name } => (row.get(name)?.clone()?, Kind::of(type_name)),
            Self::Literal(Literal::Null) => return None,
            Self::Literal(Literal::Bool(value)) => ((if *value { "t" } else { "f" }).to_owned(), Kind::Bool),
            Self::Literal(Literal::Number(text)) => (text.clone(), Kind::Number),
            Self::Literal(Literal::Text(text)) => (text.clone(), Kind::Unknown),
            _ => ((if self.truth(row, db)? { "t" } else { "f" }).to_owned(), Kind::Bool),
        };
        Some(Operand { text, kind })
    }

    /// The text of a column in a row; what a subquery's position is tagged with.
    pub(crate) fn column_text(&self, row: &Row) -> Option<String> {
        match self {
            Self::Column { name, .. } => row.get(name)?.clone(),
            _ => None,
        }
    }
}

impl Query {
    /// All values it selects; `NULL` is none.
    pub(crate) fn values(&self, db: &Database) -> BTreeSet<String> {
        let Some(table) = db.table_by_oid(self.oid) else { return BTreeSet::new() };
        let selected = |row: &&Row| self.filter.as_ref().is_none_or(|filter| filter.selects(row, db));
        table.rows().filter(selected).filter_map(|row| row.get(&self.column)?.clone()).collect()
    }
}

/// Orders two texts of one column as `ORDER BY` does, `NULL` last.
pub(crate) fn order(type_name: &str, a: Option<&str>, b: Option<&str>) -> Ordering {
    let operand = |text: &str| Operand { text: text.to_owned(), kind: Kind::of(type_name) };
    match (a, b) {
        (Some(a), Some(b)) => compare(&operand(a), &operand(b)).unwrap_or(Ordering::Equal),
        _ => a.is_none().cmp(&b.is_none()),
    }
}

impl Kind {
    fn of(type_name: &str) -> Self {
        match type_name {
            "bool" => Self::Bool,
            "int2" | "int4" | "int8" | "oid" | "float4" | "float8" | "numeric" => Self::Number,
            _ => Self::Text,
        }
    }
}

impl Comparison {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

fn compare(a: &Operand, b: &Operand) -> Option<Ordering> {
    let kind = if a.kind == Kind::Unknown { b.kind } else { a.kind };
    match kind {
        Kind::Bool => as_bool(&a.text)?.partial_cmp(&as_bool(&b.text)?),
        Kind::Number => match (a.text.parse::<i128>(), b.text.parse::<i128>()) {
            (Ok(a), Ok(b)) => Some(a.cmp(&b)),
            // Postgres sorts NaN above all numbers and holds it equal to itself, as `total_cmp` does.
            _ => Some((a.text.parse::<f64>().ok()? + 0.0).total_cmp(&(b.text.parse::<f64>().ok()? + 0.0))),
        },
        Kind::Text | Kind::Unknown => Some(a.text.cmp(&b.text)),
    }
}

fn as_bool(text: &str) -> Option<bool> {
    match text {
        "t" | "true" => Some(true),
        "f" | "false" => Some(false),
        _ => None,
    }
}

fn any(truths: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut found = Some(false);
    for truth in truths {
        match truth {
            Some(true) => return Some(true),
            Some(false) => {}
            None => found = None,
        }
    }
    found
}

/// `%` is any text, `_` any character, a backslash takes the next one as it is.
fn like(text: &str, pattern: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('%') => {
            let rest = rest.as_str();
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| like(&text[at..], rest))
        }
        Some(wanted) => {
            let wanted = if wanted == '\\' { rest.next() } else { (wanted != '_').then_some(wanted) };
            let mut text = text.chars();
            text.next().is_some_and(|first| wanted.is_none_or(|wanted| wanted == first))
                && like(text.as_str(), rest.as_str())
        }
    }
}
