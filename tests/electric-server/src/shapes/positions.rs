//! A filter with subqueries taken apart: a disjunction of conjunctions of conditions, each with a position.
//! `follow` finds by it which rows come and go when what a subquery gives changes; clients get it as `tags`.

use std::collections::{BTreeMap, BTreeSet};

use crate::db::Database;
use crate::db::table::Row;
use crate::sql::{Expr, Query};

/// What each subquery gave when it was last asked, by position.
pub(crate) type Views = BTreeMap<usize, BTreeSet<String>>;

#[derive(Debug, Clone)]
pub(crate) struct Positions {
    conditions: Vec<Condition>,
    /// Per disjunct the positions it uses.
    disjuncts: Vec<Vec<usize>>,
}

#[derive(Debug, Clone, PartialEq)]
struct Condition {
    expr: Expr,
    negated: bool,
}

impl Condition {
    /// The column looked up and the subquery, where it is one.
    fn subquery(&self) -> Option<(&Expr, &Query)> {
        match &self.expr {
            Expr::InQuery(column, query) => Some((column, query)),
            _ => None,
        }
    }

    fn holds(&self, position: usize, row: &Row, views: &Views, db: &Database) -> bool {
        match self.subquery() {
            Some((column, _)) => {
                column.column_text(row).is_some_and(|text| views[&position].contains(&text) != self.negated)
            }
            None if self.negated => Expr::Not(Box::new(self.expr.clone())).selects(row, db),
            None => self.expr.selects(row, db),
        }
    }
}

/// A value that came into or went out of what makes a position true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) position: usize,
    pub(crate) value: String,
}

impl Positions {
    /// `None` where the filter has no subqueries.
    pub(crate) fn of(filter: &Expr) -> Option<Self> {
        let mut dependencies = BTreeSet::new();
        filter.dependencies(&mut dependencies);
        if dependencies.is_empty() {
            return None;
        }
        let mut positions = Self { conditions: Vec::new(), disjuncts: Vec::new() };
        positions.disjuncts = positions.take_apart(filter, false);
        Some(positions)
    }

    fn take_apart(&mut self, expr: &Expr, negated: bool) -> Vec<Vec<usize>> {
        match (expr, negated) {
            (Expr::Not(inner), _) => self.take_apart(inner, !negated),
            (Expr::Or(a, b), false) | (Expr::And(a, b), true) => {
                let mut disjuncts = self.take_apart(a, negated);
                disjuncts.extend(self.take_apart(b, negated));
                disjuncts
            }
            (Expr::And(a, b), false) | (Expr::Or(a, b), true) => {
                let (left, right) = (self.take_apart(a, negated), self.take_apart(b, negated));
                left.iter().flat_map(|a| right.iter().map(|b| union(a, b))).collect()
            }
            _ => vec![vec![self.position(Condition { expr: expr.clone(), negated })]],
        }
    }

    fn position(&mut self, condition: Condition) -> usize {
        self.conditions.iter().position(|known| *known == condition).unwrap_or_else(|| {
            self.conditions.push(condition);
            self.conditions.len() - 1
        })
    }

    /// What all subqueries give now.
    pub(crate) fn views(&self, db: &Database) -> Views {
        let view = |(position, condition): (usize, &Condition)| Some((position, condition.subquery()?.1.values(db)));
        self.conditions.iter().enumerate().filter_map(view).collect()
    }

    /// `active_conditions` of a row.
    pub(crate) fn active(&self, row: &Row, views: &Views, db: &Database) -> Vec<bool> {
        let conditions = self.conditions.iter().enumerate();
        conditions.map(|(position, condition)| condition.holds(position, row, views, db)).collect()
    }

    /// Whether a row is in the shape, given the subqueries' values.
    pub(crate) fn selects(&self, row: &Row, views: &Views, db: &Database) -> bool {
        let active = self.active(row, views, db);
        self.disjuncts.iter().any(|disjunct| disjunct.iter().all(|position| active[*position]))
    }

    /// `tags` of a row: one per disjunct, in which each position used has a part.
    pub(crate) fn tags(&self, row: &Row, handle: &str) -> Vec<String> {
        let part = |disjunct: &[usize], position: usize| match self.conditions[position].subquery() {
            _ if !disjunct.contains(&position) => String::new(),
            None => "1".to_owned(),
            Some((column, _)) => hash(handle, column.column_text(row).as_deref()),
        };
        let tag = |disjunct: &Vec<usize>| {
            let parts: Vec<_> = (0..self.conditions.len()).map(|position| part(disjunct, position)).collect();
            parts.join("/")
        };
        self.disjuncts.iter().map(tag).collect()
    }

    /// The values that moved out and in between two views.
    pub(crate) fn moves(&self, before: &Views, after: &Views) -> (Vec<Move>, Vec<Move>) {
        let (mut outs, mut ins) = (Vec::new(), Vec::new());
        for (&position, old) in before {
            let new = &after[&position];
            let moved = |value: &String| Move { position, value: value.clone() };
            let gone = old.difference(new).map(moved);
            let come = new.difference(old).map(moved);
            if self.conditions[position].negated {
                outs.extend(come);
                ins.extend(gone);
            } else {
                outs.extend(gone);
                ins.extend(come);
            }
        }
        (outs, ins)
    }

    /// The views when the values that moved out have, and those that move in have not yet.
    pub(crate) fn between(&self, before: &Views, after: &Views) -> Views {
        let between = |(position, old): (&usize, &BTreeSet<String>)| {
            let new = &after[position];
            let view = if self.conditions[*position].negated { old | new } else { old & new };
            (*position, view)
        };
        before.iter().map(between).collect()
    }
}

/// How a value is named in tags and patterns.
pub(crate) fn hash(handle: &str, value: Option<&str>) -> String {
    let text = value.map_or_else(|| "NULL".to_owned(), |text| format!("v:{text}"));
    format!("{:x}", md5::compute(format!("single_stack{handle}{text}")))
}

fn union(a: &[usize], b: &[usize]) -> Vec<usize> {
    let all: BTreeSet<usize> = a.iter().chain(b).copied().collect();
    all.into_iter().collect()
}
