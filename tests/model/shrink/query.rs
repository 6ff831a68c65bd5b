//! Simpler queries: fewer modifiers, fewer keys in a clause.

use super::fewer;
use crate::query::{Asked, Clause, Modifier, Query};

pub fn simpler(query: &Query) -> Vec<Query> {
    let mut all = Vec::new();
    if query.start.is_some() {
        all.push(Query { start: None, ..query.clone() });
    }
    all.extend(fewer(&query.steps).into_iter().map(|steps| Query { steps, ..query.clone() }));
    for asked in query.start.iter().flat_map(simpler_asked) {
        all.push(Query { start: Some(asked), ..query.clone() });
    }
    for (at, step) in query.steps.iter().enumerate() {
        for simple in simpler_step(step) {
            let mut steps = query.steps.clone();
            steps[at] = simple;
            all.push(Query { steps, ..query.clone() });
        }
    }
    all
}

fn simpler_step(step: &Modifier) -> Vec<Modifier> {
    match step {
        Modifier::Or(asked) => simpler_asked(asked).into_iter().map(Modifier::Or).collect(),
        Modifier::Offset(count) if *count > 1 => vec![Modifier::Offset(1), Modifier::Offset(count - 1)],
        Modifier::Limit(count) if *count > 1 => vec![Modifier::Limit(1), Modifier::Limit(count - 1)],
        _ => Vec::new(),
    }
}

fn simpler_asked(asked: &Asked) -> Vec<Asked> {
    let clauses: Vec<Clause> = match &asked.clause {
        Clause::AnyOf(keys) => fewer(keys).into_iter().map(Clause::AnyOf).collect(),
        Clause::NoneOf(keys) => fewer(keys).into_iter().map(Clause::NoneOf).collect(),
        Clause::InAnyRange(ranges) => fewer(ranges).into_iter().map(Clause::InAnyRange).collect(),
        Clause::StartsWithAnyOf(prefixes) => fewer(prefixes).into_iter().map(Clause::StartsWithAnyOf).collect(),
        Clause::AnyOfIgnoreCase(texts) => fewer(texts).into_iter().map(Clause::AnyOfIgnoreCase).collect(),
        _ => Vec::new(),
    };
    clauses.into_iter().map(|clause| Asked { clause, ..asked.clone() }).collect()
}
